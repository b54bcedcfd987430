--- Puts another record in place of an API key's.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the hash of its secret
-- ARGV[3]     its record as it was read
-- ARGV[4]     its record as it shall be
-- ARGV[5]     the channel on which replicas hear of it
-- ARGV[6]     what is written to the journal
-- ARGV[7]     how many entries the journal keeps, about
-- Returns     1, or 0 where the key is not any more what was read: read it again
--
-- Atomic, because a key that is revoked, rotated or changed meanwhile must not come back with what it was before. Replicas remember keys
-- by their secrets, so that they are told of each secret that the key had.

--@include journal

if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
-- every record is read before the first write: Redis rolls nothing back where one of them cannot be decoded
local hashes = {}
local previous = cjson.decode(ARGV[4]).previousHash
while previous do
  hashes[#hashes + 1] = previous
  local text = redis.call('HGET', KEYS[1], previous)
  previous = text and cjson.decode(text).previousHash
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
note(KEYS[3], ARGV[6], ARGV[7])
redis.call('PUBLISH', ARGV[5], ARGV[2])
for _, hash in ipairs(hashes) do redis.call('PUBLISH', ARGV[5], hash) end
return 1
