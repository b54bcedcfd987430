--- Gives a call's places back, and moves its amounts to what they came to.
--
-- KEYS[1]     what the call was answered (see reserve.lua)
-- KEYS[2..n]  a meter each, as in reserve.lua
-- ARGV[1]     the call id
-- ARGV[2]     what follows, as one array in JSON (see reserve.lua):
--   1         now in microseconds for a test, else false: the store's own clock
--   2         how long the call id is remembered, in ms
--   3         true where the call was admitted while the store was away: if it was not reserved after all, what it came to is counted in full
--   4..       five a meter: "w", "c" or "b", window in ms (else 0), what was reserved, what it came to, receipt
-- Returns     1, or 0 where the call was settled before
--
-- Atomic, because of a call that is settled twice the second time must change nothing, and because what is reserved and what is spent belong together.

--@include time
--@include numbers
--@include sub-windows
--@include budgets

local args = cjson.decode(ARGV[2])
local answered = redis.call('SET', KEYS[1], 'released', 'PX', whole(args[2]), 'GET')
if answered == 'released' then return 0 end
local now = now_us(args[1])
-- what the reservation was answered of which the caller heard nothing
local came_through = args[3] and answered and cmsgpack.unpack(answered)
if came_through and came_through[1] == 0 then came_through = nil end
local key = 2
for n = 1, (#args - 3) / 5 do
  local at = 4 + (n - 1) * 5
  local kind, span, reserved, actual, receipt = args[at], args[at + 1], args[at + 2], args[at + 3], args[at + 4]
  local meter = KEYS[key]
  key = key + 1
  if kind == 'w' then
    if args[3] then
      if came_through then receipt = came_through[3 + n * 3] else reserved = 0 end
    end
    if actual ~= reserved then
      local sub_windows = 20
      if span >= 60000 then sub_windows = 60 end
      local window = window_look(meter, span, sub_windows, now)
      if actual > reserved then
        window_take(window, actual - reserved)
      else
        window_give_back(window, receipt, reserved - actual)
      end
    end
  elseif kind == 'c' then
    redis.call('ZREM', meter, ARGV[1])
  else
    local leases = KEYS[key]
    key = key + 1
    local held = redis.call('ZREM', leases, ARGV[1] .. ':' .. whole(reserved)) == 1
    budget_settle(meter, held and reserved or 0, actual)
  end
end
return 1
