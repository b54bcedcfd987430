--- Keeps places among the calls in flight, and amounts of budgets, for another lease.
--
-- KEYS        one sorted set a place
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   two a place: the call id (of a budget's reservation `CALL:AMOUNT`), the lease in ms
-- Returns     nothing
--
-- Atomic, because a place that is looked at and found expired must not come back to life: its room may be taken.

--@include time
--@include numbers

local now = now_us(ARGV[1])
for n = 1, #KEYS do checked(ARGV[n * 2 + 1]) end
for n = 1, #KEYS do
  local id, lease_ms = ARGV[n * 2], tonumber(ARGV[n * 2 + 1])
  local till = redis.call('ZSCORE', KEYS[n], id)
  if till and tonumber(till) > now then
    redis.call('ZADD', KEYS[n], now + lease_ms * 1000, id)
    -- a budget's reservations live as long as the budget
    if not string.find(id, ':%d+$') then redis.call('PEXPIRE', KEYS[n], lease_ms) end
  end
end
