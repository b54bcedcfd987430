--- Claims the checkpoints of a replica without a recent heartbeat.
--
-- KEYS[1]     the replicas by the time of their last heartbeat
-- KEYS[2]     the checkpoints of this replica
-- ARGV[1]     the replica
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     minimum time without a heartbeat in ms
-- Returns     id and state of each call
--
-- Atomic, because each checkpoint goes to exactly one caller, and because the replica may still send a heartbeat.

--@include time

local last = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not last or tonumber(last) > now_us(ARGV[2]) - tonumber(ARGV[3]) * 1000 then return {} end
local calls = redis.call('HGETALL', KEYS[2])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return calls
