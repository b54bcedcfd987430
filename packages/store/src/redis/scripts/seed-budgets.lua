--- Raises the spend of budgets to the values of the ledger and of the replicas' memory.
--
-- KEYS        one per budget: its subject (see include/subjects.lua)
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   three per budget: its field; the minimum spend; the end of its period in ms since the epoch, 0 for a budget without an
--             end, or -1 to skip a budget without a sum (the next call seeds it)
-- Returns     nothing
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because several replicas may find a budget lost at once, while calls spend from it: the sum never decreases.

--@include numbers
--@include time
--@include sweep
--@include keep-budget

local now = now_us(ARGV[1])

-- Returns the field of the n-th budget, its minimum spend, and the end of its period.
local function read_budget(n) return ARGV[n * 3 - 1], checked(ARGV[n * 3]), tonumber(ARGV[n * 3 + 1]) end

-- all arguments are checked before the first write
for n = 1, #KEYS do read_budget(n) end
for n = 1, #KEYS do
  local key, field, min_spent, ends_at_ms = KEYS[n], read_budget(n)
  local value = redis.call('HGET', key, field)
  local spent, rest = string.match(value or '', '^(%d+)(,.*)$')
  if spent then
    if tonumber(spent) < min_spent then redis.call('HSET', key, field, whole(min_spent) .. rest) end
  elseif ends_at_ms >= 0 then
    -- a new period begins: the fields of former ones are removed
    sweep(key, now)
    local leased, reserved = string.match(value or '', '^[^,]*,(%d+),[^,]*,(%d+,%d+)$')
    redis.call('HSET', key, field, string.format('%d,%s,%d,%s', min_spent, leased or 0, ends_at_ms, reserved or '0,0'))
    keep_budget(key, ends_at_ms, math.floor(now / 1000))
  end
end
