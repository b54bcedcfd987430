-- A sliding window, counted in sub-windows: a hash with a ring of counts (fields "0" to "60"), their sum ("s"), and the index
-- of the newest sub-window ("i"). The ring has one slot more than the window has sub-windows, because the oldest one counts as a
-- whole: no span of the window's length ever exceeds the sum. The newest index never decreases, so that a clock that is set back
-- (by a failover or an administrator) reopens nothing. Only `window_take` and `window_give_back` write.

-- Returns the number of sub-windows of a limit's window, as `subWindowsOf` in ports/meters.ts does.
local function sub_windows_of(window_ms)
  if window_ms >= 60000 then return 60 end
  return 20
end

-- Reads the window at `now`: its sum, the count of its newest sub-window, and the slots that have expired.
local function window_look(key, window_ms, now)
  local sub_windows = sub_windows_of(window_ms)
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
    window.all_expired = true
    return window
  end
  local candidates = {}
  for i = newest + 1, index do candidates[#candidates + 1] = whole(i % ring) end
  local counts = redis.call('HMGET', key, unpack(candidates))
  local expired = {}
  for n, count in ipairs(counts) do
    if count then
      window.sum = window.sum - tonumber(count)
      expired[#expired + 1] = candidates[n]
    end
  end
  window.expired = expired
  return window
end

-- Adds `amount` to the newest sub-window and drops expired slots.
local function window_take(window, amount)
  if window.all_expired then
    redis.call('DEL', window.key)
  elseif window.expired and #window.expired > 0 then
    redis.call('HDEL', window.key, unpack(window.expired))
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

-- Returns the milliseconds after `now` until another `amount` fits under `limit`.
local function window_fits_after(window, now, amount, limit)
  local slots = {}
  for i = window.index - window.ring + 1, window.index do slots[#slots + 1] = whole(i % window.ring) end
  local counts = redis.call('HMGET', window.key, unpack(slots))
  local expired = {}
  for _, slot in ipairs(window.expired or {}) do expired[slot] = true end
  local sum = window.sum
  for n, count in ipairs(counts) do
    if count and not expired[slots[n]] then sum = sum - tonumber(count) end
    if sum + amount <= limit then
      local expires = (window.index - window.ring + n + window.ring) * window.width
      return math.max(1, math.ceil((expires - now) / 1000))
    end
  end
  return math.ceil(window.ring * window.width / 1000)
end

-- Returns the milliseconds after `now` until all counts have expired.
local function window_empty_after(window, now)
  if window.sum == 0 then return 0 end
  return math.max(1, math.ceil(((window.index + window.ring) * window.width - now) / 1000))
end

-- Removes `amount` from the sub-window that counted it, if that is still in the ring.
local function window_give_back(window, index, amount)
  if window.all_expired or index <= window.index - window.ring or index > window.index then return end
  local slot = whole(index % window.ring)
  for _, expired in ipairs(window.expired or {}) do
    if expired == slot then return end
  end
  local counted = index == window.index and window.count or tonumber(redis.call('HGET', window.key, slot)) or 0
  local back = math.min(counted, amount)
  if back == 0 then return end
  redis.call('HSET', window.key, slot, whole(counted - back), 's', whole(window.stored - back))
end
