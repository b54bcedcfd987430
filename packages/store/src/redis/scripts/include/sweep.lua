-- Removes what has expired from the hash of a subject (see include/subjects.lua): parts of replicas whose lease has ended,
-- windows and sub-windows, and budgets one day after their period.
local function sweep(key, now)
  local DAY_MS = 86400000
  -- Lua unpacks some thousand values at once.
  local MAX_FIELDS = 1000
  local function numbers_in(value) return cjson.decode('[' .. value .. ']') end
  -- by the name of a window without its kind, its oldest sub-window with a count
  local oldest = {}
  -- Returns whether a window has expired.
  local function is_old_window(name, value)
    local window_ms = tonumber(string.match(name, ':(%d+)$'))
    local sub_windows = window_ms >= 60000 and 60 or 20
    local window = numbers_in(value)
    if window[1] < math.floor(now * sub_windows / (window_ms * 1000)) - sub_windows then return true end
    oldest[string.sub(name, 2)] = window[4]
    return false
  end
  -- Returns whether the sum of a window no longer has a former sub-window: the sum keeps an expired one until its next change.
  local function is_old_count(name, value)
    local first = oldest[string.match(name, '^r(.*):%d+$')]
    return not first or numbers_in(value)[1] < first
  end

  local now_ms = math.floor(now / 1000)
  local entries = redis.call('HGETALL', key)
  -- by field of the slots or the budget
  local totals, freed, freed_leases, next_end, gone, changed = {}, {}, {}, {}, {}, {}
  for n = 1, #entries, 2 do
    local name, value = entries[n], entries[n + 1]
    local kind = string.sub(name, 1, 2)
    if (kind == 'c:' or kind == 'b:') and not string.find(name, '@', 1, true) then
      local total = numbers_in(value)
      local period_end = kind == 'b:' and total[3] or 0
      if period_end > 0 and period_end + DAY_MS <= now_ms then
        gone[#gone + 1] = name
      else
        totals[name] = total
      end
    elseif kind == 'w:' and is_old_window(name, value) then
      gone[#gone + 1] = name
    end
  end
  for n = 1, #entries, 2 do
    local name = entries[n]
    local field, holder = string.match(name, '^([bc]:[^@]*)@(.*)$')
    if string.sub(name, 1, 2) == 'r:' then
      if is_old_count(name, entries[n + 1]) then gone[#gone + 1] = name end
    elseif field then
      local part = numbers_in(entries[n + 1])
      if not totals[field] or part[3] <= now_ms then
        gone[#gone + 1] = name
        freed[field] = (freed[field] or 0) + part[1]
        if string.sub(holder, 1, 6) == 'lease/' then freed_leases[field] = (freed_leases[field] or 0) + part[1] end
      else
        next_end[field] = math.min(next_end[field] or math.huge, part[3])
      end
    end
  end
  for name, total in pairs(totals) do
    local is_budget = string.sub(name, 1, 1) == 'b'
    local used = math.max(0, total[is_budget and 4 or 1] - (freed[name] or 0))
    local text = string.format('%d,%d', used, next_end[name] or 0)
    if is_budget then
      local leased = math.max(0, total[2] - (freed_leases[name] or 0))
      text = string.format('%d,%d,%d,', total[1], leased, total[3]) .. text
    end
    changed[#changed + 1], changed[#changed + 2] = name, text
  end
  for n = 1, #gone, MAX_FIELDS do redis.call('HDEL', key, unpack(gone, n, math.min(#gone, n + MAX_FIELDS - 1))) end
  if #changed > 0 then redis.call('HSET', key, unpack(changed)) end
end
