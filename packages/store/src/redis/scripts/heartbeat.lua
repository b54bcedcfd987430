--- Records a replica's heartbeat and its checkpoints.
--
-- KEYS[1]     the replicas by the time of their last heartbeat
-- KEYS[2]     the checkpoints of this replica
-- ARGV[1]     the replica
-- ARGV[2]     1 for its first heartbeat, else 0
-- ARGV[3]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[4]     time to live of its checkpoints in ms
-- ARGV[5..]   two per call: id and state
-- Returns     1, or 0 if another replica has claimed its checkpoints: nothing is written
--
-- Atomic, because another replica may claim the checkpoints between the check and the write.

--@include time

if ARGV[2] == '0' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], now_us(ARGV[3]), ARGV[1])
for n = 5, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[n], ARGV[n + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
