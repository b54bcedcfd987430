-- A budget: spend ("s"), reservations ("r") and leases ("l") in a hash, and the reservations, `CALL:AMOUNT` and
-- `lease/REPLICA:AMOUNT`
-- each, in a sorted set by the end of their lease.
-- If "s" is missing, the budget is new or was lost: only the ledger has the spend, and the budget has to be seeded from it. A
-- negative
-- "s" was written by an overflow of an earlier version, and counts as missing.

-- The amount of a reservation.
local function reservation_amount(member) return tonumber(string.match(member, ':(%d+)$')) end

-- Releases expired reservations. Returns spend, reservations, and whether the spend is known.
local function budget_look(key, leases, now)
  local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
  local freed, freed_of_replicas = 0, 0
  for _, member in ipairs(dead) do
    freed = freed + reservation_amount(member)
    if string.sub(member, 1, 6) == 'lease/' then freed_of_replicas = freed_of_replicas + reservation_amount(member) end
  end
  if #dead > 0 then
    redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
    redis.call('HINCRBY', key, 'r', whole(-freed))
    if freed_of_replicas > 0 then redis.call('HINCRBY', key, 'l', whole(-freed_of_replicas)) end
  end
  local sums = redis.call('HMGET', key, 's', 'r')
  local spent = tonumber(sums[1])
  local known = spent ~= nil and spent >= 0
  return known and spent or 0, math.max(0, tonumber(sums[2]) or 0), known
end

-- Removes a reservation and adds the actual amount.
local function budget_settle(key, reserved, actual)
  local sums = redis.call('HMGET', key, 's', 'r')
  -- of a budget that was lost the ledger knows the sum, this call's part too: counted here as well, it would be counted twice
  if not sums[1] then
    if reserved > 0 then redis.call('HINCRBY', key, 'r', whole(-reserved)) end
    return
  end
  local spent, left = tonumber(sums[1]) + actual, (tonumber(sums[2]) or 0) - reserved
  redis.call('HSET', key, 's', whole(spent), 'r', whole(left))
end

-- The hash expires one day after its period, so that late settlements find it.
local function budget_keep(key, ends_at_ms, now)
  if ends_at_ms > 0 then redis.call('PEXPIRE', key, whole(math.max(60000, ends_at_ms - math.floor(now / 1000) + 86400000))) end
end
