--- Reserves on all of a caller's meters at once, or on none of them.
--
-- KEYS[1]     what this call was answered before (a call id's work is done once)
-- KEYS[2..n]  one meter each: a hash of sub-windows, or a sorted set of the calls in flight by the end of their lease
-- ARGV[1]     the call id
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     how long the answer is remembered, in ms
-- ARGV[4..]   four a meter: "w" (window) or "c" (concurrency), limit, window or lease in ms, amount (of a concurrency meter: 1)
-- Returns     { admitted 1 or 0, which meter is full (from 1, else 0), retry after ms, then two a meter: remaining, reset ms }
--
-- Atomic, because between looking at one meter and taking from another no other call may take; one trip, because every call waits for it.
-- A call that was released before this ran (it had timed out at the client, and the script waited in a hung server) takes nothing.

--@include sub-windows

local answered = redis.call('GET', KEYS[1])
if answered == 'released' then return { 0, 0, 0 } end
if answered then return cmsgpack.unpack(answered) end

local now = now_us(ARGV[2])
local full, retry_after = 0, 0
local meters = {}
for n = 2, #KEYS do
  local at = 4 + (n - 2) * 4
  local limit, span, amount = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local meter = { limit = limit, span = span, amount = amount }
  if ARGV[at] == 'w' then
    local sub_windows = 20
    if span >= 60000 then sub_windows = 60 end
    meter.window = window_look(KEYS[n], span, sub_windows, now)
    if full == 0 and meter.window.sum + amount > limit then
      full, retry_after = n - 1, window_fits_after(meter.window, now, amount, limit)
    end
  else
    redis.call('ZREMRANGEBYSCORE', KEYS[n], '-inf', now)
    meter.used = redis.call('ZCARD', KEYS[n])
    if full == 0 and meter.used + 1 > limit then full, retry_after = n - 1, 1000 end
  end
  meters[n] = meter
end

local answer = { full == 0 and 1 or 0, full, retry_after }
for n = 2, #KEYS do
  local meter = meters[n]
  if meter.window then
    if full == 0 then window_take(meter.window, meter.amount) end
    answer[#answer + 1] = math.max(0, meter.limit - meter.window.sum)
    answer[#answer + 1] = window_empty_after(meter.window, now)
  else
    if full == 0 then
      redis.call('ZADD', KEYS[n], now + meter.span * 1000, ARGV[1])
      redis.call('PEXPIRE', KEYS[n], meter.span)
      meter.used = meter.used + 1
    end
    answer[#answer + 1] = math.max(0, meter.limit - meter.used)
    answer[#answer + 1] = 0
  end
end
redis.call('SET', KEYS[1], cmsgpack.pack(answer), 'PX', ARGV[3])
return answer
