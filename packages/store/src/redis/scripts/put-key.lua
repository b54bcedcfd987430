--- Writes an API key's record.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the hash
-- ARGV[2]     the name
-- ARGV[3]     the record as JSON
-- ARGV[4]     the channel of changes
-- ARGV[5]     the journal entry, if any
-- ARGV[6]     approximate number of journal entries
-- Returns     1, or 0 if the name belongs to another key that is not revoked. 1 without a write if this key is revoked
--
-- Atomic, because two callers may create keys of one name at once, and because a revoked key must stay revoked.

--@include journal

local owner = redis.call('HGET', KEYS[2], ARGV[2])
if owner and owner ~= ARGV[1] then
  local record = redis.call('HGET', KEYS[1], owner)
  if record and not cjson.decode(record).revokedAtMs then return 0 end
end
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and cjson.decode(old).revokedAtMs then return 1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
note(KEYS[3], ARGV[5], ARGV[6])
if old ~= ARGV[3] then redis.call('PUBLISH', ARGV[4], ARGV[1]) end
return 1
