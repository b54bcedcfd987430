--- Releases a call's slots, and replaces its reservations by the actual amounts.
--
-- KEYS[1]     the response to the call (see reserve.lua)
-- KEYS[2..n]  one limit each, as in reserve.lua
-- ARGV[1]     the call id
-- ARGV[2]     one array in JSON (see reserve.lua):
--   1         now in microseconds for a test, else false: the store's own clock
--   2         retention of the call id, in ms
--   3         true if the caller received no response to its reservation: if that did not run, the full amount is counted
--   4..       five per limit: "w", "c" or "b", window in ms (else 0), reserved amount, actual amount, receipt
-- Returns     1, or 0 if the call was settled before
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a second settlement must change nothing, and because reservations and spend belong together.

--@include time
--@include numbers
--@include sub-windows
--@include budgets

local args = cjson.decode(ARGV[2])
local unheard = args[3]
local meters = {}
for n = 1, (#args - 3) / 5 do
  local at = 4 + (n - 1) * 5
  meters[n] = {
    kind = args[at],
    span = checked(args[at + 1]),
    reserved = checked(args[at + 2]),
    actual = checked(args[at + 3]),
    receipt = checked(args[at + 4]),
  }
end

local answered = redis.call('SET', KEYS[1], 'released', 'PX', whole(checked(args[2])), 'GET')
if answered == 'released' then return 0 end
local now = now_us(args[1])
-- the answer to the reservation, which the caller did not receive
local answer = unheard and answered and cmsgpack.unpack(answered)
local key, answer_at = 2, 4
for _, meter in ipairs(meters) do
  local reserved, actual, receipt = meter.reserved, meter.actual, meter.receipt
  if unheard then
    if answer then
      receipt = answer[answer_at + 2]
      if meter.kind == 'b' then reserved = receipt end
    elseif meter.kind == 'w' then
      reserved = 0
    end
  end
  answer_at = answer_at + (meter.kind == 'b' and 4 or 3)
  if meter.kind == 'w' then
    if actual ~= reserved then
      local sub_windows = 20
      if meter.span >= 60000 then sub_windows = 60 end
      local window = window_look(KEYS[key], meter.span, sub_windows, now)
      if actual > reserved then
        window_take(window, actual - reserved)
      else
        window_give_back(window, receipt, reserved - actual)
      end
    end
  elseif meter.kind == 'c' then
    redis.call('ZREM', KEYS[key], ARGV[1])
  else
    local held = redis.call('ZREM', KEYS[key + 1], ARGV[1] .. ':' .. whole(reserved)) == 1
    budget_settle(KEYS[key], held and reserved or 0, actual)
    key = key + 1
  end
  key = key + 1
end
return 1
