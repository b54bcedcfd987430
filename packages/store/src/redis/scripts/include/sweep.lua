-- Removes what has expired from the hash of a subject (see include/subjects.lua): parts of replicas whose lease has ended,
-- windows and sub-windows, and budgets one day after their period.

local DAY_MS = 86400000
-- Maximum number of values that one command gets: Lua unpacks some thousand at once.
local MAX_FIELDS = 1000

local function numbers_in(value) return cjson.decode('[' .. value .. ']') end

-- Returns whether a field is a window or a sub-window that has expired.
local function is_old_count(name, value, now)
  local kind = string.sub(name, 1, 2)
  if kind ~= 'w:' and kind ~= 'r:' then return false end
  local window_ms = tonumber(string.match(name, kind == 'w:' and ':(%d+)$' or ':(%d+):%d+$'))
  local sub_windows = window_ms >= 60000 and 60 or 20
  return numbers_in(value)[1] < math.floor(now * sub_windows / (window_ms * 1000)) - sub_windows
end

local function sweep(key, now)
  local now_ms = math.floor(now / 1000)
  local entries = redis.call('HGETALL', key)
  -- by field of the slots or the budget
  local freed, freed_leases, next_end, ended = {}, {}, {}, {}
  local gone, changed = {}, {}
  for n = 1, #entries, 2 do
    local name, value = entries[n], entries[n + 1]
    if string.sub(name, 1, 2) == 'b:' and not string.find(name, '@', 1, true) then
      local ends_at_ms = numbers_in(value)[5]
      if ends_at_ms > 0 and ends_at_ms + DAY_MS <= now_ms then ended[name] = true end
    end
  end
  for n = 1, #entries, 2 do
    local name, value = entries[n], entries[n + 1]
    local field, holder = string.match(name, '^([bc]:[^@]*)@(.*)$')
    if field then
      local part = numbers_in(value)
      if ended[field] or part[3] <= now_ms then
        gone[#gone + 1] = name
        freed[field] = (freed[field] or 0) + part[1]
        if string.sub(holder, 1, 6) == 'lease/' then freed_leases[field] = (freed_leases[field] or 0) + part[1] end
      else
        next_end[field] = math.min(next_end[field] or math.huge, part[3])
      end
    elseif ended[name] or is_old_count(name, value, now) then
      gone[#gone + 1] = name
    end
  end
  for n = 1, #entries, 2 do
    local name = entries[n]
    local kind = string.sub(name, 1, 2)
    if (kind == 'c:' or kind == 'b:') and not ended[name] and not string.find(name, '@', 1, true) then
      local part = numbers_in(entries[n + 1])
      local first_end = next_end[name] or 0
      if kind == 'c:' then
        changed[#changed + 1], changed[#changed + 2] = name, math.max(0, part[1] - (freed[name] or 0)) .. ',' .. first_end
      else
        local reserved = math.max(0, part[2] - (freed[name] or 0))
        local still_leased = math.max(0, part[3] - (freed_leases[name] or 0))
        local sums = digits(part[1]) .. ',' .. digits(reserved) .. ',' .. digits(still_leased)
        changed[#changed + 1], changed[#changed + 2] = name, sums .. ',' .. first_end .. ',' .. part[5]
      end
    end
  end
  for n = 1, #gone, MAX_FIELDS do redis.call('HDEL', key, unpack(gone, n, math.min(#gone, n + MAX_FIELDS - 1))) end
  if #changed > 0 then redis.call('HSET', key, unpack(changed)) end
end
