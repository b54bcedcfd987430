-- Returns the time in microseconds: the time of a test, or else of the store's clock.
local function now_us(given)
  local test_time = tonumber(given)
  if test_time then return test_time end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
