-- A budget: what is spent ("s") and what is reserved ("r") in a hash, and the reservations, `CALL:AMOUNT` each, in a sorted set by the end of their lease.

-- The amount of a reservation.
local function reservation_amount(member) return tonumber(string.match(member, ':(%d+)$')) end

-- Frees what those held who have died, and says what is spent and what is reserved.
local function budget_look(key, leases, now)
  local dead = redis.call('ZRANGEBYSCORE', leases, '-inf', now)
  local freed = 0
  for _, member in ipairs(dead) do freed = freed + reservation_amount(member) end
  if #dead > 0 then
    redis.call('ZREMRANGEBYSCORE', leases, '-inf', now)
    redis.call('HINCRBY', key, 'r', string.format('%d', -freed))
  end
  local sums = redis.call('HMGET', key, 's', 'r')
  return tonumber(sums[1]) or 0, tonumber(sums[2]) or 0
end

-- The hash lives a day longer than its period, so that what is settled late finds it.
local function budget_keep(key, leases, ends_at_ms, now)
  if ends_at_ms <= 0 then return end
  local ttl_ms = string.format('%d', math.max(60000, ends_at_ms - math.floor(now / 1000) + 86400000))
  redis.call('PEXPIRE', key, ttl_ms)
  redis.call('PEXPIRE', leases, ttl_ms)
end
