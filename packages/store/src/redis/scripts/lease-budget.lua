--- Reserves a part of a budget for a replica, to spend from while the store is away; or changes it, or gives it back.
--
-- KEYS[1]     the budget's hash
-- KEYS[2]     its reservations
-- ARGV[1]     the replica
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     duration of the lease in ms
-- ARGV[4]     the limit of the budget
-- ARGV[5]     the requested amount
-- ARGV[6]     the amount that the replica may have promised already: it stays reserved
-- ARGV[7]     the largest lease, in thousandths of the remaining budget
-- ARGV[8]     the end of the budget's period in ms since the epoch or 0
-- Returns     { the amount reserved now, the amount without ARGV[6] }
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because the remaining budget must not go to two replicas at once.

--@include time
--@include numbers
--@include budgets

local lease_ms, limit, wanted, promised = checked(ARGV[3]), checked(ARGV[4]), checked(ARGV[5]), checked(ARGV[6])
local per_thousand, ends_at_ms = checked(ARGV[7]), checked(ARGV[8])
local now = now_us(ARGV[2])
local spent, reserved, known = budget_look(KEYS[1], KEYS[2], now)
local field = 'l/' .. ARGV[1]
local member = 'lease/' .. ARGV[1] .. ':'
local before = redis.call('HGET', KEYS[1], field)
if before and redis.call('ZREM', KEYS[2], member .. before) == 1 then
  redis.call('HINCRBY', KEYS[1], 'r', '-' .. before)
  redis.call('HINCRBY', KEYS[1], 'l', '-' .. before)
  reserved = reserved - tonumber(before)
end
local target = 0
if known then
  local left = math.max(0, limit - spent - reserved)
  target = math.min(wanted, math.floor(left * per_thousand / 1000))
end
local granted = math.max(target, promised)
if granted == 0 then
  redis.call('HDEL', KEYS[1], field)
else
  local amount = whole(granted)
  redis.call('HSET', KEYS[1], field, amount)
  redis.call('HINCRBY', KEYS[1], 'r', amount)
  redis.call('HINCRBY', KEYS[1], 'l', amount)
  redis.call('ZADD', KEYS[2], whole(now + lease_ms * 1000), member .. amount)
  for _, key in ipairs(KEYS) do budget_keep(key, ends_at_ms, now) end
end
return { granted, target }
