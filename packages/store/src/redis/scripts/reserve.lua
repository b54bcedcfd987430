--- Reserves on all of a caller's meters at once, or on none of them.
--
-- KEYS[1]     the earlier response to this call (the work of a call id is done once)
-- KEYS[2..n]  one limit each: a hash of sub-windows; a sorted set of the calls in flight by the end of their lease; or two
--             keys, a budget's hash and its reservations
-- ARGV[1]     the call id
-- ARGV[2]     one array in JSON: a client spends time per argument, and Redis reads JSON fastest
--   1         now in microseconds for a test, else false: the store's own clock
--   2         retention of the response, in ms
--   3..       six per limit: "w" (window), "c" (concurrency) or "b" (budget), limit, window or lease in ms, amount (1 for
--             concurrency), the maximum to reserve of a budget with enough room, end of the budget's period in ms since
--             the epoch or 0
-- Returns     { 1 admitted, 0 refused or 2 refused because calls in flight have reserved the rest, the exhausted limit (from
--             1, else 0), retry after ms, then three per limit: remaining, reset ms, receipt; for a budget four: the receipt
--             is the reserved amount, and the fourth is the spend }; { -1 } if a budget has to be seeded first, and
--             nothing was done
-- Raises      "amount out of range" for a number that is not an integer from 0 to 2^53 - 1; nothing is reserved then
--
-- Atomic, because between looking at one meter and taking from another no other call may take; one round trip, because every call waits for it.
-- A call that was released or settled before this ran (it had timed out at the client, and the script waited in a hung server) takes nothing.
-- A refusal took nothing, so it is not remembered: the same call may ask again.

--@include time
--@include numbers
--@include sub-windows
--@include budgets

local SWEEP_ONE_IN = 32
-- The share of the remaining budget that one call may reserve beyond its need.
local GRANT_SHARE = 0.01

local answered = redis.call('GET', KEYS[1])
if answered == 'released' then return { 0, 0, 0 } end
if answered then return cmsgpack.unpack(answered) end

local args = cjson.decode(ARGV[2])
local now = now_us(args[1])
local verdict, full, retry_after = 1, 0, 0
local grant
local meters = {}
local key = 2
for n = 1, (#args - 2) / 6 do
  local at = 3 + (n - 1) * 6
  local kind = args[at]
  local limit, span, amount = checked(args[at + 1]), checked(args[at + 2]), checked(args[at + 3])
  local most, ends = checked(args[at + 4]), checked(args[at + 5])
  local meter = { kind = kind, key = KEYS[key], limit = limit, span = span, amount = amount, ends = ends }
  key = key + 1
  if kind == 'w' then
    local sub_windows = 20
    if span >= 60000 then sub_windows = 60 end
    meter.window = window_look(meter.key, span, sub_windows, now)
    if full == 0 and meter.window.sum + amount > limit then
      verdict, full, retry_after = 0, n, window_fits_after(meter.window, now, amount, limit)
    end
  elseif kind == 'c' then
    meter.used = redis.call('ZCOUNT', meter.key, '(' .. whole(now), '+inf')
    -- expired slots are not counted, and are removed now and then; a set that is not used expires as a whole
    if now % SWEEP_ONE_IN == 0 then redis.call('ZREMRANGEBYSCORE', meter.key, '-inf', whole(now)) end
    if full == 0 and meter.used + 1 > limit then verdict, full, retry_after = 0, n, 1000 end
  else
    meter.leases = KEYS[key]
    key = key + 1
    local spent, reserved, known = budget_look(meter.key, meter.leases, now)
    if not known then return { -1 } end
    meter.used, meter.spent, meter.reserved = spent + reserved, spent, reserved
    -- a soft budget has the largest limit there is, and refuses nothing
    if full == 0 and meter.used + amount > limit and limit < MAX_WHOLE then
      full = n
      -- reservations may be released; spend is final until the period ends
      if spent + amount <= limit then
        verdict, retry_after = 2, 1000
      else
        verdict = 0
        if ends > 0 then retry_after = math.max(1000, ends - math.floor(now / 1000)) end
      end
    end
    local share = math.min(math.max(most, amount), amount + math.floor(math.max(0, limit - meter.used - amount) * GRANT_SHARE))
    grant = math.min(grant or share, share)
  end
  meters[n] = meter
end

local answer = { verdict, full, retry_after }
for _, meter in ipairs(meters) do
  local remaining, reset, receipt = 0, 0, 0
  if meter.kind == 'w' then
    if full == 0 then window_take(meter.window, meter.amount) end
    remaining = meter.limit - meter.window.sum
    reset = window_empty_after(meter.window, now)
    receipt = meter.window.index
  elseif meter.kind == 'c' then
    if full == 0 then
      redis.call('ZADD', meter.key, whole(now + meter.span * 1000), ARGV[1])
      redis.call('PEXPIRE', meter.key, whole(meter.span))
      meter.used = meter.used + 1
    end
    remaining = meter.limit - meter.used
  else
    if full == 0 then
      receipt = grant
      redis.call('HSET', meter.key, 'r', whole(meter.reserved + grant))
      redis.call('ZADD', meter.leases, whole(now + meter.span * 1000), ARGV[1] .. ':' .. whole(grant))
      -- a set with reservations exists, and received its expiry when it was created
      if meter.reserved == 0 then budget_keep(meter.leases, meter.ends, now) end
      meter.used = meter.used + grant
    end
    remaining = meter.limit - meter.used
    if meter.ends > 0 then reset = math.max(0, meter.ends - math.floor(now / 1000)) end
  end
  answer[#answer + 1] = math.max(0, remaining)
  answer[#answer + 1] = reset
  answer[#answer + 1] = receipt
  if meter.kind == 'b' then answer[#answer + 1] = meter.spent end
end
if full == 0 then redis.call('SET', KEYS[1], cmsgpack.pack(answer), 'PX', whole(args[2])) end
return answer
