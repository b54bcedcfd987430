--- Extends the leases of a replica.
--
-- KEYS[1]     the calls of the replica (see reserve.lua)
-- KEYS[2..]   the subjects (see include/subjects.lua)
-- ARGV[1]     one array in JSON:
--   1         now in microseconds for a test, else false: the store's own clock
--   2         lifetime of the calls of a replica without calls, in ms
--   3         by subject, the fields to read: `x`, then the replica's parts
--   4         by subject, the lease in ms of each part
-- Returns     nothing
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a lease that ends between its check and its extension must stay ended: other calls may have its room.

--@include numbers
--@include time

local calls_key = KEYS[1]
local args = cjson.decode(ARGV[1])
local now_ms = math.floor(now_us(args[1]) / 1000)
local calls_ttl_ms, fields, leases = checked(args[2]), args[3], args[4]
-- Minimum extra lifetime of a hash in ms, so that its expiry is seldom set.
local SLACK_MS = 30000

-- all arguments are checked before the first write
for s = 1, #fields do
  for n = 1, #leases[s] do checked(leases[s][n]) end
end
for s = 1, #fields do
  local key, names = KEYS[s + 1], fields[s]
  local values = redis.call('HMGET', key, unpack(names))
  local entries, last_end = {}, 0
  for n = 2, #names do
    local amount, generation, lease_end = string.match(values[n] or '', '^(%d+),(%d+),(%d+)$')
    if lease_end and tonumber(lease_end) > now_ms then
      local extended = math.max(tonumber(lease_end), now_ms + leases[s][n - 1])
      last_end = math.max(last_end, extended)
      entries[#entries + 1], entries[#entries + 2] = names[n], amount .. ',' .. generation .. ',' .. whole(extended)
    end
  end
  if #entries > 0 then
    local expires, marked_until = string.match(values[1] or '', '^(%-?%d+),(%d+)$')
    local must_expire = expires ~= '-1' and (tonumber(expires) or 0) < last_end
    if must_expire then
      entries[#entries + 1], entries[#entries + 2] = 'x', whole(last_end + SLACK_MS) .. ',' .. (marked_until or 0)
    end
    redis.call('HSET', key, unpack(entries))
    if must_expire then redis.call('PEXPIRE', key, whole(last_end + SLACK_MS - now_ms)) end
  end
end
local header = redis.call('HGET', calls_key, '@')
if header then
  redis.call('HSET', calls_key, '@', string.match(header, '^%d+') .. ',' .. whole(now_ms + calls_ttl_ms))
  redis.call('PEXPIRE', calls_key, whole(calls_ttl_ms))
end
