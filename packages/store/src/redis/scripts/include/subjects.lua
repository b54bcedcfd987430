-- The limits of a subject (an API key, a team or a tenant) in one hash, which a script reads and writes with one command each:
--   x                         end of the hash's life (-1: no end), time until which ended calls are marked (see settle.lua)
--   w:METER:WINDOW_MS         a sliding window: newest sub-window, sum, count of the newest sub-window, oldest sub-window with a
--                             count. The ring has one sub-window more than the window, because the oldest one counts as a whole.
--                             The newest index never decreases, so that a clock that is set back reopens nothing.
--   r:METER:WINDOW_MS:N       a former sub-window at position N of the ring: its index, its count. Another index: expired.
--   c:METER                   slots: slots in use, a time before which no lease ends
--   b:METER:PERIOD            a budget: spend (negative: unknown), leased by replicas, end of the period or 0, reserved in total, a
--                             time before which no lease ends. A missing budget has to be seeded from the ledger.
--   FIELD@HOLDER              the part of a replica in c: or b:. Amount, generation, end of the lease. A holder that is removed after
--                             its lease and returns has another generation, so that nothing is returned twice.
-- All times are in ms since the epoch.
--
-- The arguments of a script are one flat array in JSON, because a table costs more than its elements:
--   1         now in microseconds for a test, else false: the store's own clock
--   2         lifetime in ms (see the script)
--   3, 4, 5   positions of the first subject, of the first call id, and of the first call
--   6..       the shapes, each once: number of fields, the fields to read (`x` first), number of limits, and per limit: kind ("w"
--             window, "c" slots, "b" budget), limit, window or lease in ms, end of the budget's period or 0, position of its numbers
--             after those of its subject, position of its field
--   ..        per subject: position of its shape, position of its numbers in `state`
--   ..        the call ids, then the calls (see the script). A charge starts with the offset of its subject from the first one, and
--             the offset of its limit from the first one of the shape
-- `state` has the numbers of all fields in one array, which starts with the two numbers of the calls (see reserve.lua).

-- The first subject among the keys.
local FIRST_KEY = 4
-- From the position of a limit in the arguments.
local LIMIT, SPAN, ENDS, STATE, FIELD, LIMIT_ARGS = 1, 2, 3, 4, 5, 6
-- From the position of a limit in `state`. The pool of a budget starts after its other numbers.
local SUM, COUNT, OLDEST, BUDGET_POOL = 1, 2, 3, 3
-- From the position of a pool: it has the slots in use, or the reserved amount, at 0.
local EARLIEST, HELD, GENERATION, LEASE_END = 1, 2, 3, 4
-- Minimum extra lifetime of a hash in ms, so that its expiry is seldom set.
local MIN_SLACK_MS = 30000

local call, format = redis.call, string.format
local args = cjson.decode(ARGV[1])
local first_subject = args[3]
local state
-- By position in `state`: whether a limit has changed; a former newest sub-window with a count that moves to the ring; changed counts
-- of former sub-windows.
local changed, flushed, ring_changes = {}, {}, {}

-- Returns the numbers of a field that is missing.
local function initial_numbers(field)
  local kind = string.sub(field, 1, 1)
  if kind == 'w' then return '0,0,0,0' end
  if string.find(field, '@', 1, true) then return '0,0,0' end
  return kind == 'b' and '-1,0,0,0,0' or '0,0'
end

-- Reads the hashes of all subjects. `more` are further numbers for the end of `state`, as text.
local function read_state(calls_header, more)
  local texts = { calls_header or '0,0' }
  for s = FIRST_KEY, #KEYS do
    local shape = args[first_subject + (s - FIRST_KEY) * 2]
    local count = args[shape]
    local values = call('HMGET', KEYS[s], unpack(args, shape + 1, shape + count))
    for n = 1, count do values[n] = values[n] or initial_numbers(args[shape + n]) end
    texts[s - FIRST_KEY + 2] = table.concat(values, ',')
  end
  texts[#texts + 1] = more
  -- one decoding of all numbers is faster than one conversion for each
  state = cjson.decode('[' .. table.concat(texts, ',') .. ']')
end

-- Returns the number of sub-windows in the ring of a window (one more than `subWindowsOf` in ports/meters.ts), and the width of one in
-- microseconds.
local function ring_of(limit)
  local span_ms = args[limit + SPAN]
  if span_ms >= 60000 then return 61, span_ms * 1000 / 60 end
  return 21, span_ms * 1000 / 20
end

-- Functions for former sub-windows, which few scripts need: a function costs time even if it is not called.
local rings = {}
local read_ring, roll, add_ring, fits_after
local function need_rings()
  if roll then return end
  -- Returns the name of a former sub-window's field.
  local function ring_field(limit, sub_window)
    local ring = ring_of(limit)
    return 'r' .. string.sub(args[args[limit + FIELD]], 2) .. ':' .. format('%d', sub_window % ring)
  end

  -- Returns the count of a former sub-window, by the value of its field.
  local function ring_count(value, sub_window)
    local tag, counted = string.match(value or '', '^(%d+),(%d+)$')
    return tonumber(tag) == sub_window and tonumber(counted) or 0
  end

  -- Returns the counts of former sub-windows of a window, whose numbers are at a position of `state`.
  read_ring = function(key, limit, at, first, last)
    local names = {}
    for sub_window = first, last do names[sub_window - first + 1] = ring_field(limit, sub_window) end
    local counts, changes = call('HMGET', key, unpack(names)), ring_changes[at]
    for n = 1, #names do
      local sub_window = first + n - 1
      counts[n] = changes and changes[sub_window] or ring_count(counts[n], sub_window)
    end
    return counts
  end

  -- Moves a window to `now`: subtracts what has expired. Nothing is written if nothing is added later.
  roll = function(key, limit, at, now)
    local ring, width = ring_of(limit)
    local current, newest = math.floor(now / width), state[at]
    if current <= newest then return end
    local count, oldest = state[at + COUNT], state[at + OLDEST]
    state[at], state[at + COUNT] = current, 0
    if current - newest >= ring then
      state[at + SUM], state[at + OLDEST] = 0, current
      return
    end
    if count > 0 then flushed[at] = { newest, count } end
    local first, last = math.max(newest + 1 - ring, oldest), current - ring
    if first > last then return end
    state[at + OLDEST] = last + 1
    local counts = read_ring(key, limit, at, first, last)
    for n = 1, #counts do state[at + SUM] = state[at + SUM] - counts[n] end
  end

  -- Adds the former sub-windows of a window that have changed to `entries`, after the first `n`. Returns the new number of entries.
  add_ring = function(limit, at, entries, n)
    local former = flushed[at]
    if former then
      entries[n + 1], entries[n + 2] = ring_field(limit, former[1]), format('%d,%d', former[1], former[2])
      n = n + 2
    end
    for sub_window, left in pairs(ring_changes[at] or {}) do
      entries[n + 1], entries[n + 2] = ring_field(limit, sub_window), format('%d,%d', sub_window, left)
      n = n + 2
    end
    return n
  end

  -- Returns the milliseconds until `amount` fits into a window.
  fits_after = function(key, limit, at, amount, now)
    local ring, width = ring_of(limit)
    local newest, left, former = state[at], state[at + SUM], flushed[at]
    rings[at] = rings[at] or read_ring(key, limit, at, newest - ring + 1, newest)
    for n = 1, ring do
      local sub_window = newest - ring + n
      if sub_window == newest then
        left = left - state[at + COUNT]
      elseif former and sub_window == former[1] then
        left = left - former[2]
      else
        left = left - rings[at][n]
      end
      if left + amount <= args[limit + LIMIT] then return math.max(1, math.ceil(((newest + n) * width - now) / 1000)) end
    end
    return math.ceil(ring * width / 1000)
  end
end

-- Writes the changes of all subjects. `time_ms` returns the time, which is needed only if a hash expires too early. `marked` has the
-- positions of subjects whose second number has changed.
local function write_state(time_ms, marked)
  local entries = {}
  for s = FIRST_KEY, #KEYS do
    local subject = first_subject + (s - FIRST_KEY) * 2
    local shape, header = args[subject], args[subject + 1]
    local expires, needed, n = state[header], 0, 0
    local header_changed = marked and marked[header]
    if header_changed then needed = state[header + 1] end
    local limits = shape + args[shape] + 1
    for limit = limits + 1, limits + args[limits] * LIMIT_ARGS, LIMIT_ARGS do
      local at = header + args[limit + STATE]
      if changed[at] then
        local kind, field, lives_until = args[limit], args[limit + FIELD], nil
        entries[n + 1] = args[field]
        if kind == 'w' then
          entries[n + 2] = format('%d,%d,%d,%d', state[at], state[at + SUM], state[at + COUNT], state[at + OLDEST])
          n = n + 2
          if flushed[at] or ring_changes[at] then n = add_ring(limit, at, entries, n) end
          local ring, width = ring_of(limit)
          lives_until = (state[at] + ring) * width / 1000
        else
          if kind == 'c' then
            entries[n + 2] = format('%d,%d', state[at], state[at + EARLIEST])
          else
            entries[n + 2] =
              format('%d,%d,%d,%d,%d', state[at], state[at + 1], state[at + 2], state[at + 3], state[at + 4])
            at = at + BUDGET_POOL
          end
          n = n + 2
          lives_until = state[at + LEASE_END]
          if state[at + GENERATION] > 0 then
            entries[n + 1] = args[field + 1]
            entries[n + 2] = format('%d,%d,%d', state[at + HELD], state[at + GENERATION], lives_until)
            n = n + 2
          end
        end
        if lives_until > needed then needed = lives_until end
      end
    end
    local ttl_ms
    if expires >= 0 and expires < needed then
      local now_ms = time_ms()
      local span_ms = math.max(1, math.ceil(needed) - now_ms)
      ttl_ms = span_ms + math.max(MIN_SLACK_MS, math.floor(span_ms / 2))
      expires, header_changed = now_ms + ttl_ms, true
    end
    if header_changed then
      entries[n + 1], entries[n + 2] = 'x', format('%d,%d', expires, state[header + 1])
      n = n + 2
    end
    if n > 0 then call('HSET', KEYS[s], unpack(entries, 1, n)) end
    if ttl_ms then call('PEXPIRE', KEYS[s], format('%d', ttl_ms)) end
  end
end
