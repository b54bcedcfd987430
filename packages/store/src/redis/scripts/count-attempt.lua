--- Counts one attempt in a sliding window. The `customIncrTtlLuaScript` of rate-limiter-flexible, whose own windows are fixed.
--
-- KEYS[1]     the subject's window
-- ARGV[1]     the increment
-- ARGV[2]     the window in whole seconds
-- ARGV[3]     the limit
-- Returns     { the count, with this attempt; ms until a retry may succeed }
--
-- Atomic, because attempts arrive concurrently from many connections. A refused attempt is not counted.

--@include time
--@include numbers
--@include sub-windows

local now = now_us('')
local amount, limit, window_ms = checked(ARGV[1]), checked(ARGV[3]), checked(ARGV[2]) * 1000
local window = window_look(KEYS[1], window_ms, now)
if window.sum + amount > limit then
  return { limit + amount, window_fits_after(window, now, amount, limit) }
end
window_take(window, amount)
return { window.sum, window_ms }
