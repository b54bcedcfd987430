--- Claims a call that is to be made once, or tells what became of it.
--
-- KEYS[1]     the call: `OWNER LF DIGEST` while it is made, then a line of JSON and the answer
-- ARGV[1]     who claims it
-- ARGV[2]     the digest of what is asked for
-- ARGV[3]     for how long, in ms
-- Returns     nothing where it is the claimer's, else what is there
--
-- Atomic, because of many who ask at once one is to make it.

local known = redis.call('GET', KEYS[1])
if known then return known end
redis.call('SET', KEYS[1], ARGV[1] .. '\n' .. ARGV[2], 'PX', ARGV[3])
return false
