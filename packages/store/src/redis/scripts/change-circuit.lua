--- Changes the shared circuit of a target, and publishes the change.
--
-- KEYS[1]     a hash: "open TARGET", "probe TARGET", "cool TARGET", "probecool TARGET", each with its end in ms
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2]     "open", "close", "cool", "warm", "probe" or "probecool"
-- ARGV[3]     the target
-- ARGV[4]     duration in ms
-- ARGV[5]     the channel
-- Returns     1; for a probe 0 if another caller has it
--
-- Atomic, because only one of many callers may probe a target.

--@include time

local now = math.floor(now_us(ARGV[1]) / 1000)
local what, target = ARGV[2], ARGV[3]
local over = now + tonumber(ARGV[4])
if what == 'probe' then
  local open = redis.call('HGET', KEYS[1], 'open ' .. target)
  if not open then return 1 end
  local probing = tonumber(redis.call('HGET', KEYS[1], 'probe ' .. target) or 0)
  if tonumber(open) > now or probing > now then return 0 end
  redis.call('HSET', KEYS[1], 'probe ' .. target, over)
  return 1
end
if what == 'probecool' then
  local probing = tonumber(redis.call('HGET', KEYS[1], 'probecool ' .. target) or 0)
  if probing > now then return 0 end
  redis.call('HSET', KEYS[1], 'probecool ' .. target, over)
  return 1
end
if what == 'open' then
  redis.call('HSET', KEYS[1], 'open ' .. target, over)
  redis.call('HDEL', KEYS[1], 'probe ' .. target)
elseif what == 'warm' then
  redis.call('HDEL', KEYS[1], 'cool ' .. target, 'probecool ' .. target)
elseif what == 'close' then
  redis.call('HDEL', KEYS[1], 'open ' .. target, 'probe ' .. target)
else
  local cooling = tonumber(redis.call('HGET', KEYS[1], 'cool ' .. target) or 0)
  if over > cooling then redis.call('HSET', KEYS[1], 'cool ' .. target, over) end
end
redis.call('PUBLISH', ARGV[5], target)
return 1
