--- Releases a call's slots, and replaces its reservations by the actual amounts.
--
-- KEYS[1]     the response to the call (see reserve.lua)
-- KEYS[2..n]  one limit each, as in reserve.lua
-- ARGV[1]     the call id
-- ARGV[2]     one array in JSON (see reserve.lua):
--   1         now in microseconds for a test, else false: the store's own clock
--   2         retention of the call id, in ms
--   3         true if the caller received no response to its reservation: if the reservation did not run, the full actual
--             amounts are counted
--   4..       five per limit: "w", "c" or "b", window in ms (else 0), reserved amount, actual amount, receipt
-- Returns     1, or 0 if the call was settled before
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a second settlement must change nothing, and because reservations and spend belong together.

--@include time
--@include numbers
--@include sub-windows
--@include budgets

local call_answer, call_id = KEYS[1], ARGV[1]
local args = cjson.decode(ARGV[2])
local now, call_ttl_ms, unconfirmed = now_us(args[1]), checked(args[2]), args[3]
local FIRST_CHARGE, ARGS_PER_CHARGE = 4, 5
-- Before the first limit in the response of reserve.lua, and per limit.
local VERDICT_FIGURES, METER_FIGURES, BUDGET_FIGURES = 3, 3, 4

-- Reads the arguments of the n-th charge.
local function read_charge(n)
  local kind, window_ms, reserved, actual, receipt =
    unpack(args, FIRST_CHARGE + (n - 1) * ARGS_PER_CHARGE, FIRST_CHARGE + n * ARGS_PER_CHARGE - 1)
  return {
    kind = kind,
    window_ms = checked(window_ms),
    reserved = checked(reserved),
    actual = checked(actual),
    receipt = checked(receipt),
  }
end

-- all arguments are checked before the first write
local meters = {}
for n = 1, (#args - FIRST_CHARGE + 1) / ARGS_PER_CHARGE do meters[n] = read_charge(n) end

local earlier = redis.call('SET', call_answer, 'released', 'PX', whole(call_ttl_ms), 'GET')
if earlier == 'released' then return 0 end
-- the response to the reservation, which the caller did not receive
local answer = unconfirmed and earlier and cmsgpack.unpack(earlier)
local key, answer_at = 2, VERDICT_FIGURES + 1
for _, meter in ipairs(meters) do
  local reserved, actual, receipt = meter.reserved, meter.actual, meter.receipt
  if unconfirmed then
    if answer then
      receipt = answer[answer_at + 2]
      if meter.kind == 'b' then reserved = receipt end
    elseif meter.kind == 'w' then
      reserved = 0
    end
  end
  answer_at = answer_at + (meter.kind == 'b' and BUDGET_FIGURES or METER_FIGURES)
  if meter.kind == 'w' then
    if actual ~= reserved then
      local window = window_look(KEYS[key], meter.window_ms, now)
      if actual > reserved then
        window_take(window, actual - reserved)
      else
        window_give_back(window, receipt, reserved - actual)
      end
    end
  elseif meter.kind == 'c' then
    redis.call('ZREM', KEYS[key], call_id)
  else
    local held = redis.call('ZREM', KEYS[key + 1], call_id .. ':' .. whole(reserved)) == 1
    budget_settle(KEYS[key], held and reserved or 0, actual)
    key = key + 1
  end
  key = key + 1
end
return 1
