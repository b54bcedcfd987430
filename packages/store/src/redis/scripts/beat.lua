--- Records a replica's heartbeat and its checkpoints.
--
-- KEYS[1]     the replicas by when they beat last
-- KEYS[2]     the calls of this one
-- ARGV[1]     the replica
-- ARGV[2]     1 for its first beat, else 0
-- ARGV[3]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[4]     how long its calls are kept, in ms
-- ARGV[5..]   two a call: its id and its state
-- Returns     1, or 0 where the replica was taken for dead meanwhile: nothing is written
--
-- Atomic, because between a look at whether it is taken for dead and the beat another one may take it for dead.

--@include time

if ARGV[2] == '0' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now_us(ARGV[3]), ARGV[1])
for n = 5, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[n], ARGV[n + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
