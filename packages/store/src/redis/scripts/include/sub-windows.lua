-- A sliding window, counted in sub-windows: a ring of counts in a hash (fields "0" to "B"), their sum ("s") and the index of
-- the newest
-- sub-window ("i"). The ring has one slot more than a window has sub-windows, because the oldest counts as a whole: so no span
-- of
-- the window's length ever exceeds the sum. The newest index never decreases, so an earlier clock (a failover, an
-- administrator)
-- reopens nothing. Only taking writes: a refusal leaves no trace.

-- Reads the window at `now`: its sum, the count of its newest sub-window, and the slots that have expired.
local function window_look(key, window_ms, sub_windows, now)
  local ring = sub_windows + 1
  local width = window_ms * 1000 / sub_windows
  local index = math.floor(now / width)
  local head = redis.call('HMGET', key, 'i', 's', whole(index % ring))
  local newest, stored = tonumber(head[1]), tonumber(head[2]) or 0
  local window = { key = key, ring = ring, width = width, window_ms = window_ms, index = index, stored = stored, sum = stored, count = 0 }
  if not newest then
    return window
  end
  if index == newest then
    window.count = tonumber(head[3]) or 0
    return window
  end
  if index < newest then
    window.index = newest
    window.count = tonumber(redis.call('HGET', key, whole(newest % ring))) or 0
    return window
  end
  if index - newest >= ring then
    window.sum = 0
    window.all_left = true
    return window
  end
  local left = {}
  for i = newest + 1, index do left[#left + 1] = whole(i % ring) end
  local counts = redis.call('HMGET', key, unpack(left))
  local gone = {}
  for n, count in ipairs(counts) do
    if count then
      window.sum = window.sum - tonumber(count)
      gone[#gone + 1] = left[n]
    end
  end
  window.gone = gone
  return window
end

-- Adds `amount` to the newest sub-window and drops expired slots.
local function window_take(window, amount)
  if window.all_left then
    redis.call('DEL', window.key)
  elseif window.gone and #window.gone > 0 then
    redis.call('HDEL', window.key, unpack(window.gone))
  end
  local first = window.count == 0
  window.sum = window.sum + amount
  window.count = window.count + amount
  -- one command for all fields: no other script has written since this read
  local slot = whole(window.index % window.ring)
  redis.call('HSET', window.key, slot, whole(window.count), 'i', whole(window.index), 's', whole(window.sum))
  -- later counts of the same sub-window expire with it, so its first expiry is enough
  if first then redis.call('PEXPIRE', window.key, whole(math.ceil(window.window_ms + window.width / 1000))) end
end

-- How many milliseconds after `now` `amount` more would fit under `limit`.
local function window_fits_after(window, now, amount, limit)
  local slots = {}
  for i = window.index - window.ring + 1, window.index do slots[#slots + 1] = whole(i % window.ring) end
  local counts = redis.call('HMGET', window.key, unpack(slots))
  local gone = {}
  for _, slot in ipairs(window.gone or {}) do gone[slot] = true end
  local sum = window.sum
  for n, count in ipairs(counts) do
    if count and not gone[slots[n]] then sum = sum - tonumber(count) end
    if sum + amount <= limit then
      local leaves = (window.index - window.ring + n + window.ring) * window.width
      return math.max(1, math.ceil((leaves - now) / 1000))
    end
  end
  return math.ceil(window.ring * window.width / 1000)
end

-- Returns the milliseconds after `now` until all counts have expired.
local function window_empty_after(window, now)
  if window.sum == 0 then return 0 end
  return math.max(1, math.ceil(((window.index + window.ring) * window.width - now) / 1000))
end

-- Takes `amount` back out of the sub-window in which it was counted, where that is still in the ring.
local function window_give_back(window, index, amount)
  if window.all_left or index <= window.index - window.ring or index > window.index then return end
  local slot = whole(index % window.ring)
  for _, gone in ipairs(window.gone or {}) do
    if gone == slot then return end
  end
  local counted = index == window.index and window.count or tonumber(redis.call('HGET', window.key, slot)) or 0
  local back = math.min(counted, amount)
  if back == 0 then return end
  redis.call('HSET', window.key, slot, whole(counted - back), 's', whole(window.stored - back))
end
