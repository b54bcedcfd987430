--- Reserves a part of a budget for a replica, to spend while the store is unavailable. Replaces the replica's previous lease.
--
-- KEYS[1]     the subject (see include/subjects.lua)
-- ARGV[1]     the budget's field
-- ARGV[2]     the replica
-- ARGV[3]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[4]     duration of the lease in ms
-- ARGV[5]     the limit of the budget
-- ARGV[6]     the requested amount
-- ARGV[7]     the amount that the replica may have promised already: it stays reserved
-- ARGV[8]     the largest lease, in thousandths of the remaining budget
-- ARGV[9]     the end of the budget's period in ms since the epoch or 0
-- Returns     { reserved amount, reserved amount without ARGV[7] }
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because the remaining budget must not go to two replicas at once.

--@include numbers
--@include time
--@include sweep
--@include keep-budget

local subject, budget, replica, now = KEYS[1], ARGV[1], ARGV[2], now_us(ARGV[3])
local lease_ms, limit, wanted, promised = checked(ARGV[4]), checked(ARGV[5]), checked(ARGV[6]), checked(ARGV[7])
local per_thousand, ends_at_ms = checked(ARGV[8]), checked(ARGV[9])
local now_ms = math.floor(now / 1000)
local holder = budget .. '@lease/' .. replica

local function numbers_in(value) return cjson.decode('[' .. value .. ']') end

local function read()
  local values = redis.call('HMGET', subject, budget, holder)
  -- an unknown spend is negative
  return numbers_in(values[1] or string.format('-1,0,%d,0,0', ends_at_ms)), numbers_in(values[2] or '0,0,0')
end
local sums, lease = read()
if sums[5] > 0 and sums[5] <= now_ms then
  sweep(subject, now)
  sums, lease = read()
end
local spent, leased, earliest = sums[1], math.max(0, sums[2] - lease[1]), sums[5]
local reserved = math.max(0, sums[4] - lease[1])
local target = 0
if spent >= 0 then
  local remaining = math.max(0, limit - spent - reserved)
  target = math.min(wanted, math.floor(remaining * per_thousand / 1000))
end
local granted = math.max(target, promised)
local lease_end = now_ms + lease_ms
if granted == 0 then
  redis.call('HDEL', subject, holder)
  -- nothing is created for a budget that Redis does not have
  if lease[1] == 0 then return { granted, target } end
else
  if earliest == 0 or lease_end < earliest then earliest = lease_end end
  redis.call('HSET', subject, holder, string.format('%d,%d,%d', granted, now_ms, lease_end))
end
local text = string.format('%d,%d,%d,%d,%d', spent, leased + granted, sums[3], reserved + granted, earliest)
redis.call('HSET', subject, budget, text)
if granted > 0 then keep_budget(subject, ends_at_ms, now_ms) end
return { granted, target }
