--- Renews the claim of a call, replaces it by the answer, or abandons it.
--
-- KEYS[1]     the call (see claim-call.lua)
-- ARGV[1]     the owner of the claim
-- ARGV[2]     the new value: empty to keep the value, "-" to delete it
-- ARGV[3]     time to live in ms
-- Returns     1, or 0 if the owner has lost its claim: nothing is changed
-- Publishes   on a channel with the call's name, for the calls that wait for its answer
--
-- Atomic, because another caller may already have an expired claim.

local known = redis.call('GET', KEYS[1])
if not known or string.sub(known, 1, #ARGV[1] + 1) ~= ARGV[1] .. '\n' then return 0 end
if ARGV[2] == '' then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return 1
end
if ARGV[2] == '-' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
end
redis.call('PUBLISH', KEYS[1], '')
return 1
