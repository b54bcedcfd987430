--- Changes the shared circuit of a target, and publishes the change.
--
-- KEYS[1]     a hash: "open TARGET", "probe TARGET", "cool TARGET", "probecool TARGET", each with its end in ms
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2]     "open", "close", "start-cooldown", "end-cooldown", "probe" or "probe-cooldown"
-- ARGV[3]     the target
-- ARGV[4]     duration in ms
-- ARGV[5]     the channel
-- Returns     1; for a probe 0 if another caller has it
--
-- Atomic, because only one of many callers may probe a target.

--@include time

local now = math.floor(now_us(ARGV[1]) / 1000)
local change, target = ARGV[2], ARGV[3]
local ends_at = now + tonumber(ARGV[4])
if change == 'probe' then
  local open = redis.call('HGET', KEYS[1], 'open ' .. target)
  if not open then return 1 end
  local probing = tonumber(redis.call('HGET', KEYS[1], 'probe ' .. target) or 0)
  if tonumber(open) > now or probing > now then return 0 end
  redis.call('HSET', KEYS[1], 'probe ' .. target, ends_at)
  return 1
end
if change == 'probe-cooldown' then
  local probing = tonumber(redis.call('HGET', KEYS[1], 'probecool ' .. target) or 0)
  if probing > now then return 0 end
  redis.call('HSET', KEYS[1], 'probecool ' .. target, ends_at)
  return 1
end
if change == 'open' then
  redis.call('HSET', KEYS[1], 'open ' .. target, ends_at)
  redis.call('HDEL', KEYS[1], 'probe ' .. target)
elseif change == 'end-cooldown' then
  redis.call('HDEL', KEYS[1], 'cool ' .. target, 'probecool ' .. target)
elseif change == 'close' then
  redis.call('HDEL', KEYS[1], 'open ' .. target, 'probe ' .. target)
else
  local cooling = tonumber(redis.call('HGET', KEYS[1], 'cool ' .. target) or 0)
  if ends_at > cooling then redis.call('HSET', KEYS[1], 'cool ' .. target, ends_at) end
end
redis.call('PUBLISH', ARGV[5], target)
return 1
