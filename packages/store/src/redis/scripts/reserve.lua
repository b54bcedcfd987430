--- Reserves on all limits of a call, or on none of them.
--
-- KEYS[1]     the response to an earlier reservation of the call id, which is returned again
-- KEYS[2..n]  one limit each: a hash of sub-windows; a sorted set of the calls in flight by the end of their lease; or two
--             keys, a budget's hash and its reservations
-- ARGV[1]     the call id
-- ARGV[2]     one array in JSON: a client spends time per argument, and Redis reads JSON fastest
--   1         now in microseconds for a test, else false: the store's own clock
--   2         retention of the response, in ms
--   3..       six per limit: "w" (window), "c" (concurrency) or "b" (budget), limit, window or lease in ms, amount (1 for
--             concurrency), the maximum to reserve of a budget with enough room, end of the budget's period in ms since
--             the epoch or 0
-- Returns     { verdict, exhausted limit (from 1, else 0), retry delay in ms, then three figures per limit: remaining, reset
--             in ms, receipt; for a budget four: the receipt is the reserved amount, and the fourth figure is the spend }
--             verdict: 1 admitted, 0 refused, 2 refused because calls in flight have reserved the rest of a budget
--             { 0, 0, 0 } if the call was released or settled before
--             { -1 } if a budget has to be seeded first; nothing was reserved
-- Raises      "amount out of range" for a number that is not an integer from 0 to 2^53 - 1; nothing is reserved then
--
-- Atomic, because no other call may reserve between the check of one limit and the reservation on another.
-- A call that timed out at the client is released or settled before a hung server runs its reservation, which then takes nothing.
-- A refusal takes nothing and is not stored, so that the call may try again.

--@include time
--@include numbers
--@include sub-windows
--@include budgets

-- One script run in this number removes expired slots.
local SWEEP_ONE_IN = 32
-- The share of the remaining budget that one call may reserve beyond its minimum.
local GRANT_SHARE = 0.01
-- The retry delay for limits that calls in flight use up: the end of a call cannot be predicted.
local IN_FLIGHT_RETRY_MS = 1000
local ADMITTED, REFUSED, IN_FLIGHT, UNSEEDED = 1, 0, 2, -1

local call_answer, call_id = KEYS[1], ARGV[1]
local earlier = redis.call('GET', call_answer)
if earlier == 'released' then return { 0, 0, 0 } end
if earlier then return cmsgpack.unpack(earlier) end

local args = cjson.decode(ARGV[2])
local now, answer_ttl_ms = now_us(args[1]), args[2]
local FIRST_CHARGE, ARGS_PER_CHARGE = 3, 6

-- Reads the arguments of the n-th charge. `span_ms` is the length of a window or the lifetime of a reservation.
local function read_charge(n)
  local kind, limit, span_ms, amount, max_amount, ends_at_ms =
    unpack(args, FIRST_CHARGE + (n - 1) * ARGS_PER_CHARGE, FIRST_CHARGE + n * ARGS_PER_CHARGE - 1)
  return {
    kind = kind,
    limit = checked(limit),
    span_ms = checked(span_ms),
    amount = checked(amount),
    max_amount = checked(max_amount),
    ends_at_ms = checked(ends_at_ms),
  }
end

local verdict, exhausted, retry_after_ms = ADMITTED, 0, 0
local grant
local meters = {}
local key = 2
for n = 1, (#args - FIRST_CHARGE + 1) / ARGS_PER_CHARGE do
  local meter = read_charge(n)
  local limit, amount = meter.limit, meter.amount
  meter.key = KEYS[key]
  key = key + 1
  if meter.kind == 'w' then
    meter.window = window_look(meter.key, meter.span_ms, now)
    if exhausted == 0 and meter.window.sum + amount > limit then
      verdict, exhausted, retry_after_ms = REFUSED, n, window_fits_after(meter.window, now, amount, limit)
    end
  elseif meter.kind == 'c' then
    meter.used = redis.call('ZCOUNT', meter.key, '(' .. whole(now), '+inf')
    -- expired slots are not counted; an unused set expires as a whole
    if now % SWEEP_ONE_IN == 0 then redis.call('ZREMRANGEBYSCORE', meter.key, '-inf', whole(now)) end
    if exhausted == 0 and meter.used + 1 > limit then verdict, exhausted, retry_after_ms = REFUSED, n, IN_FLIGHT_RETRY_MS end
  else
    meter.leases = KEYS[key]
    key = key + 1
    local spent, reserved, known = budget_look(meter.key, meter.leases, now)
    if not known then return { UNSEEDED } end
    meter.used, meter.spent, meter.reserved = spent + reserved, spent, reserved
    -- a soft budget has the largest possible limit, and refuses no call
    if exhausted == 0 and meter.used + amount > limit and limit < MAX_WHOLE then
      exhausted = n
      -- reservations may be released; spend is final until the period ends
      if spent + amount <= limit then
        verdict, retry_after_ms = IN_FLIGHT, IN_FLIGHT_RETRY_MS
      else
        verdict = REFUSED
        if meter.ends_at_ms > 0 then retry_after_ms = math.max(1000, meter.ends_at_ms - math.floor(now / 1000)) end
      end
    end
    local remaining = math.max(0, limit - meter.used - amount)
    local share = math.min(math.max(meter.max_amount, amount), amount + math.floor(remaining * GRANT_SHARE))
    grant = math.min(grant or share, share)
  end
  meters[n] = meter
end

local answer = { verdict, exhausted, retry_after_ms }
for _, meter in ipairs(meters) do
  local remaining, reset_ms, receipt = 0, 0, 0
  if meter.kind == 'w' then
    if exhausted == 0 then window_take(meter.window, meter.amount) end
    remaining = meter.limit - meter.window.sum
    reset_ms = window_empty_after(meter.window, now)
    receipt = meter.window.index
  elseif meter.kind == 'c' then
    if exhausted == 0 then
      redis.call('ZADD', meter.key, whole(now + meter.span_ms * 1000), call_id)
      redis.call('PEXPIRE', meter.key, whole(meter.span_ms))
      meter.used = meter.used + 1
    end
    remaining = meter.limit - meter.used
  else
    if exhausted == 0 then
      receipt = grant
      redis.call('HSET', meter.key, 'r', whole(meter.reserved + grant))
      redis.call('ZADD', meter.leases, whole(now + meter.span_ms * 1000), call_id .. ':' .. whole(grant))
      -- a set with reservations exists, and received its expiry when it was created
      if meter.reserved == 0 then budget_keep(meter.leases, meter.ends_at_ms, now) end
      meter.used = meter.used + grant
    end
    remaining = meter.limit - meter.used
    if meter.ends_at_ms > 0 then reset_ms = math.max(0, meter.ends_at_ms - math.floor(now / 1000)) end
  end
  answer[#answer + 1] = math.max(0, remaining)
  answer[#answer + 1] = reset_ms
  answer[#answer + 1] = receipt
  if meter.kind == 'b' then answer[#answer + 1] = meter.spent end
end
if exhausted == 0 then redis.call('SET', call_answer, cmsgpack.pack(answer), 'PX', whole(answer_ttl_ms)) end
return answer
