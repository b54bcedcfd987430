--- Renews slots, and reservations of budgets.
--
-- KEYS        one per reservation: the sorted set of the slots, or of the budget's reservations
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2..]   two per reservation: the call id (of a budget's reservation `CALL:AMOUNT`), the lease in ms
-- Returns     nothing
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a reservation that expires between its check and its renewal must stay expired: other calls may have its room.

--@include time
--@include numbers

-- Returns the member of the n-th sorted set, and the lease in ms.
local function read_reservation(n) return ARGV[n * 2], checked(ARGV[n * 2 + 1]) end

local now = now_us(ARGV[1])
-- all arguments are checked before the first write
for n = 1, #KEYS do read_reservation(n) end
for n, key in ipairs(KEYS) do
  local member, lease_ms = read_reservation(n)
  local expires = tonumber(redis.call('ZSCORE', key, member))
  if expires and expires > now then
    redis.call('ZADD', key, now + lease_ms * 1000, member)
    -- the reservations of a budget expire with the budget
    if not string.find(member, ':%d+$') then redis.call('PEXPIRE', key, lease_ms) end
  end
end
