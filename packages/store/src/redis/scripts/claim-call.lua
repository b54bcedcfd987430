--- Claims an idempotent call, or returns its state.
--
-- KEYS[1]     the call: `OWNER LF DIGEST` while it is made, then a line of JSON and the answer
-- ARGV[1]     the claiming owner
-- ARGV[2]     the digest of the request
-- ARGV[3]     time to live in ms
-- Returns     nothing if the claim succeeds, else the current value
--
-- Atomic, because exactly one of many concurrent callers makes the call.

local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[2], 'PX', ARGV[3])
return false
