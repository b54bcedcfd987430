-- The meters of a subject (an API key, a team or a tenant) in one hash, which a script reads and writes with one command each:
--   x                         end of the hash's life in ms since the epoch (0: no end), time until which settled calls are marked
--   w:METER:WINDOW_MS         a sliding window: newest sub-window, sum, count of the newest sub-window, oldest sub-window with a
--                             count. The ring has one sub-window more than the window, because the oldest one counts as a whole.
--                             The newest index never decreases, so that a clock that is set back reopens nothing.
--   r:METER:WINDOW_MS:N       a former sub-window at position N of the ring: its index, its count. Another index: expired.
--   c:METER                   slots: slots in use, a time before which no lease ends
--   b:METER:PERIOD            a budget: spend (negative: unknown), reserved, of that leased, a time before which no lease ends, end
--                             of the period in ms since the epoch or 0
--   FIELD@HOLDER              the part of a replica, of FIELD c: or b:. Amount, generation, end of the lease. A holder that is
--                             removed after its lease and returns has another generation, so that nothing is returned twice.
-- All times are in ms since the epoch. If b: is missing, only the ledger has the spend, and the budget has to be seeded.

-- Defined by the script. Returns its time in microseconds.
local time

local SWEEP_ONE_IN = 32
-- Minimum extra lifetime of a hash in ms, so that its expiry is seldom set.
local MIN_SLACK_MS = 30000
local NONE = {}

-- By number of the meter.
local kind_of, field_of, holder_of, subject_of, limit_of, span_of, ends_of = {}, {}, {}, {}, {}, {}, {}
-- Windows: the newest sub-window and its count, and a former newest one that has to move to the ring.
local index, sum, count, oldest, ring_of, width_of, flushed, flushed_count = {}, {}, {}, {}, {}, {}, {}, {}
-- Changed counts of former sub-windows, by their index.
local ring_changes = {}
-- Slots and budgets.
local used, earliest, held, generation, lease_end, spent, leased = {}, {}, {}, {}, {}, {}, {}
local dirty, held_dirty = {}, {}
-- By number of the subject.
local key_of, meters_of, fields_of, expires_at, marked_until, needed_until, header_dirty = {}, {}, {}, {}, {}, {}, {}

-- Reads the description of the meters: five numbers each (subject, kind, limit, span or lease in ms, end of the period in ms).
local function read_meters(rows, fields, first_key)
  for s = 1, #fields do
    key_of[s], meters_of[s], fields_of[s] = KEYS[first_key + s - 1], {}, fields[s]
  end
  for m = 1, #rows / 5 do
    local at = m * 5 - 4
    local s, kind = rows[at], rows[at + 1]
    subject_of[m], kind_of[m] = s, kind
    limit_of[m], span_of[m], ends_of[m] = checked(rows[at + 2]), checked(rows[at + 3]), checked(rows[at + 4])
    local list = meters_of[s]
    list[#list + 1] = m
    if kind == 'w' then
      -- as `subWindowsOf` in ports/meters.ts
      local sub_windows = span_of[m] >= 60000 and 60 or 20
      ring_of[m], width_of[m] = sub_windows + 1, span_of[m] * 1000 / sub_windows
    end
  end
end

-- Reads the state of all meters of a subject as it is stored.
local function load(s)
  local fields = fields_of[s]
  local values = redis.call('HMGET', key_of[s], unpack(fields))
  for n = 1, #values do
    if not values[n] then values[n] = 'null' end
  end
  -- one decoding of all fields is faster than one conversion per number
  local numbers = cjson.decode('[' .. table.concat(values, ',') .. ']')
  local at, field = 3, 2
  if numbers[1] == cjson.null then
    expires_at[s], marked_until[s], at = nil, 0, 2
  else
    expires_at[s], marked_until[s] = numbers[1], numbers[2]
  end
  local list = meters_of[s]
  for n = 1, #list do
    local m, first = list[n], numbers[at]
    local kind, missing = kind_of[m], first == cjson.null
    field_of[m] = fields[field]
    field = field + 1
    if kind == 'w' then
      if missing then
        index[m], sum[m], count[m], oldest[m], at = nil, 0, 0, 0, at + 1
      else
        index[m], sum[m], count[m], oldest[m], at = first, numbers[at + 1], numbers[at + 2], numbers[at + 3], at + 4
      end
    else
      if kind == 'c' then
        if missing then
          used[m], earliest[m], at = 0, 0, at + 1
        else
          used[m], earliest[m], at = first, numbers[at + 1], at + 2
        end
      elseif missing then
        spent[m], used[m], leased[m], earliest[m], at = -1, 0, 0, 0, at + 1
      else
        spent[m], used[m], leased[m], earliest[m], at = first, numbers[at + 1], numbers[at + 2], numbers[at + 3], at + 5
        -- a settlement does not send the end of the period
        ends_of[m] = numbers[at - 1]
      end
      holder_of[m] = fields[field]
      field = field + 1
      if numbers[at] == cjson.null then
        held[m], generation[m], lease_end[m], at = 0, 0, 0, at + 1
      else
        held[m], generation[m], lease_end[m], at = numbers[at], numbers[at + 1], numbers[at + 2], at + 3
      end
    end
  end
end

-- Returns whether the lease of a holder may have ended. Sums without a holder are seldom checked, to remove fields of dead replicas.
local function needs_sweep(s, now)
  local now_ms = math.floor(now / 1000)
  local list = meters_of[s]
  for n = 1, #list do
    local m = list[n]
    local first_end = earliest[m]
    if first_end and first_end > 0 and first_end <= now_ms and (used[m] > 0 or now % SWEEP_ONE_IN == 0) then return true end
  end
  return false
end

-- Returns the count of a former sub-window, by the value of its field.
local function ring_count(value, sub_window)
  local tag, counted = string.match(value or '', '^(%d+),(%d+)$')
  return tonumber(tag) == sub_window and tonumber(counted) or 0
end

local function ring_field(m, sub_window) return 'r' .. string.sub(field_of[m], 2) .. ':' .. whole(sub_window % ring_of[m]) end

-- Moves the windows among `meters` to `now`: subtracts what has expired. Nothing is written if nothing is added later.
local function roll(s, meters, now)
  local fields, owners, sub_windows = {}, {}, {}
  for n = 1, #meters do
    local m = meters[n]
    if kind_of[m] == 'w' then
      local current, newest, ring = math.floor(now / width_of[m]), index[m], ring_of[m]
      if not newest or current - newest >= ring then
        index[m], sum[m], count[m], oldest[m] = current, 0, 0, current
      elseif current > newest then
        for expired = math.max(newest + 1 - ring, oldest[m]), current - ring do
          fields[#fields + 1] = ring_field(m, expired)
          owners[#fields], sub_windows[#fields] = m, expired
        end
        if count[m] > 0 then flushed[m], flushed_count[m] = newest, count[m] end
        index[m], count[m], oldest[m] = current, 0, math.max(oldest[m], current - ring + 1)
      end
    end
  end
  if #fields == 0 then return end
  local values = redis.call('HMGET', key_of[s], unpack(fields))
  for n = 1, #fields do
    local m = owners[n]
    local changed = ring_changes[m] and ring_changes[m][sub_windows[n]]
    sum[m] = sum[m] - (changed or ring_count(values[n], sub_windows[n]))
  end
end

-- Keeps the hash of a subject until a time in ms since the epoch at least.
local function keep(s, until_ms)
  if until_ms > (needed_until[s] or 0) then needed_until[s] = until_ms end
end

-- Adds an amount to the newest sub-window of a window that `roll` has moved to its time.
local function window_add(m, amount, now_ms)
  sum[m], count[m], dirty[m] = sum[m] + amount, count[m] + amount, true
  keep(subject_of[m], now_ms + span_of[m] + math.ceil(width_of[m] / 1000))
end

-- Reserves slots or an amount of a budget for this replica, and extends its lease.
local function hold(m, amount, now_ms)
  if generation[m] == 0 then generation[m] = now_ms end
  local ends = math.max(lease_end[m], now_ms + span_of[m])
  if used[m] == 0 or earliest[m] == 0 or ends < earliest[m] then earliest[m] = ends end
  lease_end[m], used[m], held[m] = ends, used[m] + amount, held[m] + amount
  dirty[m], held_dirty[m] = true, true
  keep(subject_of[m], ends)
end

-- Returns slots or an amount of a budget, unless the holder was removed since it was reserved.
local function unhold(m, amount, reserved_generation)
  if generation[m] == 0 or generation[m] ~= reserved_generation then return end
  local back = math.min(held[m], amount)
  used[m], held[m] = math.max(0, used[m] - back), held[m] - back
  dirty[m], held_dirty[m] = true, true
end

-- Adds the changed fields of a meter to `entries`, after the first `n`. Returns the new number of entries.
local function format_meter(m, entries, n)
  if dirty[m] then
    local kind = kind_of[m]
    entries[n + 1] = field_of[m]
    if kind == 'w' then
      entries[n + 2] = index[m] .. ',' .. digits(sum[m]) .. ',' .. digits(count[m]) .. ',' .. oldest[m]
      if flushed[m] then
        entries[n + 3], entries[n + 4] = ring_field(m, flushed[m]), flushed[m] .. ',' .. digits(flushed_count[m])
        n = n + 2
      end
      for sub_window, left in pairs(ring_changes[m] or NONE) do
        entries[n + 3], entries[n + 4] = ring_field(m, sub_window), sub_window .. ',' .. digits(left)
        n = n + 2
      end
    elseif kind == 'c' then
      entries[n + 2] = used[m] .. ',' .. earliest[m]
    else
      local sums = digits(spent[m]) .. ',' .. digits(used[m]) .. ',' .. digits(leased[m])
      entries[n + 2] = sums .. ',' .. earliest[m] .. ',' .. ends_of[m]
    end
    n = n + 2
  end
  if held_dirty[m] then
    entries[n + 1], entries[n + 2] = holder_of[m], digits(held[m]) .. ',' .. generation[m] .. ',' .. lease_end[m]
    n = n + 2
  end
  return n
end

-- Writes the changes of a subject.
local function store(s)
  local entries, n, ttl_ms = {}, 0, nil
  local list = meters_of[s]
  for k = 1, #list do n = format_meter(list[k], entries, n) end
  local expires, needed = expires_at[s], needed_until[s]
  if needed and expires ~= 0 and (not expires or expires < needed) then
    local now_ms = math.floor(time() / 1000)
    local span_ms = math.max(1, needed - now_ms)
    ttl_ms = span_ms + math.max(MIN_SLACK_MS, math.floor(span_ms / 2))
    expires, header_dirty[s] = now_ms + ttl_ms, true
  end
  if header_dirty[s] then
    entries[n + 1], entries[n + 2] = 'x', expires .. ',' .. marked_until[s]
    n = n + 2
  end
  if n > 0 then redis.call('HSET', key_of[s], unpack(entries)) end
  if ttl_ms then redis.call('PEXPIRE', key_of[s], whole(ttl_ms)) end
end
