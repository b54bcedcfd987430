--- Takes the calls of a replica that has not beaten for too long.
--
-- KEYS[1]     the replicas by when they beat last
-- KEYS[2]     the calls of this one
-- ARGV[1]     the replica
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     for how long it must have been silent, in ms
-- Returns     ids and states of its calls in turn
--
-- Atomic, because each checkpoint goes to exactly one caller, and because the replica may still send a heartbeat.

--@include time

local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not last or tonumber(last) > now_us(ARGV[2]) - tonumber(ARGV[3]) * 1000 then return {} end
local calls = redis.call('HGETALL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return calls
