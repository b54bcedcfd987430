-- A budget: a hash with the sums of spend ("s"), reservations ("r") and leases of replicas ("l"), and a sorted set with the
-- reservations (`CALL:AMOUNT` or `lease/REPLICA:AMOUNT`) by the end of their lease.
-- If "s" is missing, the budget is new or was lost: only the ledger has the spend, and the budget has to be seeded from it.
-- A negative "s" was written by an overflow of an earlier version, and counts as missing.

-- Returns the amount of a reservation.
local function reservation_amount(member) return tonumber(string.match(member, ':(%d+)$')) end

-- Releases expired reservations. Returns the spend, the reservations without expired ones, and whether the spend is known.
local function budget_look(key, leases, now)
  local expired = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
  local released, released_leases = 0, 0
  for _, member in ipairs(expired) do
    released = released + reservation_amount(member)
    if string.sub(member, 1, 6) == 'lease/' then released_leases = released_leases + reservation_amount(member) end
  end
  if #expired > 0 then
    redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
    redis.call('HINCRBY', key, 'r', whole(-released))
    if released_leases > 0 then redis.call('HINCRBY', key, 'l', whole(-released_leases)) end
  end
  local sums = redis.call('HMGET', key, 's', 'r')
  local spent = tonumber(sums[1])
  local known = spent ~= nil and spent >= 0
  return known and spent or 0, math.max(0, tonumber(sums[2]) or 0), known
end

-- Replaces a reservation by the actual amount.
local function budget_settle(key, reserved, actual)
  local sums = redis.call('HMGET', key, 's', 'r')
  -- a lost budget is seeded from the ledger, which contains this call: counting it here would count it twice
  if not sums[1] then
    if reserved > 0 then redis.call('HINCRBY', key, 'r', whole(-reserved)) end
    return
  end
  local spent, still_reserved = tonumber(sums[1]) + actual, (tonumber(sums[2]) or 0) - reserved
  redis.call('HSET', key, 's', whole(spent), 'r', whole(still_reserved))
end

-- Sets the expiry of a budget's key to one day after its period, so that late settlements find it.
local function budget_keep(key, ends_at_ms, now)
  if ends_at_ms > 0 then redis.call('PEXPIRE', key, whole(math.max(60000, ends_at_ms - math.floor(now / 1000) + 86400000))) end
end
