--- Returns the open circuits and cooldowns of all targets.
--
-- KEYS[1]     see change-circuit.lua
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- Returns     three per entry: "open" or "cool", the target, the remaining ms (of an open circuit 0 if half-open)
--
-- A script, because the store's clock determines expiry; it also drops expired entries.

--@include time

local now = math.floor(now_us(ARGV[1]) / 1000)
local entries = redis.call('HGETALL', KEYS[1])
local answer = {}
for at = 1, #entries, 2 do
  local kind, target = string.match(entries[at], '^(%a+) (.*)$')
  local remaining = tonumber(entries[at + 1]) - now
  -- an entry without a probe for an hour is not in use
  if ((kind == 'cool' or kind == 'probecool') and remaining <= 0) or remaining < -3600000 then
    redis.call('HDEL', KEYS[1], entries[at])
  elseif kind == 'open' or kind == 'cool' then
    answer[#answer + 1] = kind
    answer[#answer + 1] = target
    answer[#answer + 1] = tostring(math.max(0, remaining))
  end
end
return answer
