--- Says of budgets that are new or were lost what is spent, once.
--
-- KEYS        two a budget: its hash and its reservations
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   two a budget: what the ledger says is spent, the end of its period in ms since the epoch or 0
-- Returns     nothing
--
-- Atomic, and only where nothing is known yet: many replicas find a budget gone at once, and the one that comes first seeds it.

--@include time
--@include numbers
--@include budgets

local now = now_us(ARGV[1])
for n = 1, #KEYS, 2 do
  if redis.call('HSETNX', KEYS[n], 's', ARGV[n + 1]) == 1 then budget_keep(KEYS[n], tonumber(ARGV[n + 2]), now) end
end
