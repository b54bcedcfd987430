-- The store's own time in microseconds; a test may give its own.
local function now_us(given)
  local told = tonumber(given)
  if told then return told end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
