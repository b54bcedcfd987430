--- Raises the spend of budgets to the values of the ledger and of the replicas' memory.
--
-- KEYS        two per budget: its hash and its reservations
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   two per budget: the minimum spend, the end of its period in ms since the epoch or 0; -1 to skip a budget
--             that is unknown here (the next call seeds it)
-- Returns     nothing
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because many replicas find a budget lost at once and calls spend from it meanwhile: the sum only ever grows.

--@include time
--@include numbers
--@include budgets

local now = now_us(ARGV[1])
local least = {}
for n = 1, #KEYS, 2 do least[n] = checked(ARGV[n + 1]) end
for n = 1, #KEYS, 2 do
  local ends_at_ms = tonumber(ARGV[n + 2])
  local spent = tonumber(redis.call('HGET', KEYS[n], 's'))
  local missing = spent == nil or spent < 0
  if missing and ends_at_ms >= 0 then
    redis.call('HSET', KEYS[n], 's', whole(least[n]))
    budget_keep(KEYS[n], ends_at_ms, now)
  elseif not missing and spent < least[n] then
    redis.call('HSET', KEYS[n], 's', whole(least[n]))
  end
end
