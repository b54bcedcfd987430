--- Revokes the API key of a name, with all its earlier secrets.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the time in ms since the epoch
-- ARGV[3]     the channel of changes
-- ARGV[4]     the journal entry, if any
-- ARGV[5]     approximate number of journal entries
-- Returns     1, or 0 if the key does not exist
--
-- Atomic, because records are read and written. The JSON text is extended rather than decoded and encoded again, because Lua
-- has no empty list. A second revocation keeps the first time, and publishes the change again.

--@include journal

-- every record is read before the first write: Redis does not roll back if one of them cannot be decoded
local records = {}
local hash = redis.call('HGET', KEYS[2], ARGV[1])
while hash do
  local text = redis.call('HGET', KEYS[1], hash)
  if not text then break end
  local record = cjson.decode(text)
  records[#records + 1] = { hash = hash, text = text, revoked = record.revokedAtMs }
  hash = record.previousHash
end
for _, record in ipairs(records) do
  if not record.revoked then
    redis.call('HSET', KEYS[1], record.hash, string.sub(record.text, 1, -2) .. ',"revokedAtMs":' .. ARGV[2] .. '}')
  end
  redis.call('PUBLISH', ARGV[3], record.hash)
end
if #records == 0 then return 0 end
note(KEYS[3], ARGV[4], ARGV[5])
return 1
