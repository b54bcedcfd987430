--- Revokes the API key of a name, with the secrets that it had before.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the name
-- ARGV[2]     when, in ms since the epoch
-- ARGV[3]     the channel on which replicas hear of it
-- ARGV[4]     what is written to the journal, if anything
-- ARGV[5]     how many entries the journal keeps, about
-- Returns     1, or 0 where there is no such key
--
-- Atomic, because records are read and written. The JSON text is extended rather than decoded and encoded again: Lua knows no empty
-- list. Doing it twice keeps the first time, and tells the replicas again.

--@include journal

-- every record is read before the first write: Redis rolls nothing back where one of them cannot be decoded
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
