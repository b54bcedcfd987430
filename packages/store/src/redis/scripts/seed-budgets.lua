--- Raises the spend of budgets to the values of the ledger and of the replicas' memory.
--
-- KEYS        two per budget: its hash and its reservations
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   two per budget: the minimum spend; the end of its period in ms since the epoch, 0 for a budget without an end,
--             or -1 to skip a budget without a sum (the next call seeds it)
-- Returns     nothing
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because several replicas may find a budget lost at once, while calls spend from it: the sum never decreases.

--@include time
--@include numbers
--@include budgets

local now = now_us(ARGV[1])

-- Returns the key of the n-th budget, its minimum spend, and the end of its period.
local function read_budget(n) return KEYS[n * 2 - 1], checked(ARGV[n * 2]), tonumber(ARGV[n * 2 + 1]) end

-- all arguments are checked before the first write
for n = 1, #KEYS / 2 do read_budget(n) end
for n = 1, #KEYS / 2 do
  local budget, min_spent, ends_at_ms = read_budget(n)
  local spent = tonumber(redis.call('HGET', budget, 's'))
  local missing = spent == nil or spent < 0
  if missing and ends_at_ms >= 0 then
    redis.call('HSET', budget, 's', whole(min_spent))
    budget_keep(budget, ends_at_ms, now)
  elseif not missing and spent < min_spent then
    redis.call('HSET', budget, 's', whole(min_spent))
  end
end
