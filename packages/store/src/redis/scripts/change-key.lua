--- Replaces an API key's record.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the hash of its secret
-- ARGV[3]     its record as it was read
-- ARGV[4]     its new record
-- ARGV[5]     the channel of changes
-- ARGV[6]     the journal entry
-- ARGV[7]     approximate number of journal entries
-- Returns     1, or 0 if the key has changed since it was read: read it again
--
-- Atomic, because a key that another caller revokes, rotates or changes must not return to an earlier state. Replicas cache keys
-- by secret, so each secret of the key is published.

--@include journal

if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
-- every record is read before the first write: Redis does not roll back if one of them cannot be decoded
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
