--- Reserves a part of a budget for a replica, to spend while the store is unavailable. Replaces the replica's previous lease.
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
-- Returns     { reserved amount, reserved amount without ARGV[6] }
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because the remaining budget must not go to two replicas at once.

--@include time
--@include numbers
--@include budgets

local budget, reservations = KEYS[1], KEYS[2]
local replica, now = ARGV[1], now_us(ARGV[2])
local lease_ms, limit, wanted, promised = checked(ARGV[3]), checked(ARGV[4]), checked(ARGV[5]), checked(ARGV[6])
local per_thousand, ends_at_ms = checked(ARGV[7]), checked(ARGV[8])

local spent, reserved, known = budget_look(budget, reservations, now)
local field = 'l/' .. replica
local member = 'lease/' .. replica .. ':'
local previous = redis.call('HGET', budget, field)
if previous and redis.call('ZREM', reservations, member .. previous) == 1 then
  redis.call('HINCRBY', budget, 'r', '-' .. previous)
  redis.call('HINCRBY', budget, 'l', '-' .. previous)
  reserved = reserved - tonumber(previous)
end
local target = 0
if known then
  local remaining = math.max(0, limit - spent - reserved)
  target = math.min(wanted, math.floor(remaining * per_thousand / 1000))
end
local granted = math.max(target, promised)
if granted == 0 then
  redis.call('HDEL', budget, field)
else
  local amount = whole(granted)
  redis.call('HSET', budget, field, amount)
  redis.call('HINCRBY', budget, 'r', amount)
  redis.call('HINCRBY', budget, 'l', amount)
  redis.call('ZADD', reservations, whole(now + lease_ms * 1000), member .. amount)
  budget_keep(budget, ends_at_ms, now)
  budget_keep(reservations, ends_at_ms, now)
end
return { granted, target }
