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
--   3         position of the first limit
--   4, 5      positions of the first call id, and of the first call
--   6..       per subject: position of its numbers in `state`, number of fields, the fields to read (`x` first), number of limits,
--             their offsets from the first limit
--   ..        seven per limit: kind ("w" window, "c" slots, "b" budget), limit, window or lease in ms, end of the budget's period or
--             0, position of its numbers in `state`, position of its field, 0 (the script sets 1 if its numbers have changed)
--   ..        the call ids, then the calls (see the script)
-- `state` has the numbers of all fields in one array, which starts with the two numbers of the calls (see reserve.lua).

local FIRST_SUBJECT = 6
-- The first subject among the keys.
local FIRST_KEY = 4
-- From the position of a limit in the arguments.
local LIMIT, SPAN, ENDS, STATE, FIELD, CHANGED, LIMIT_ARGS = 1, 2, 3, 4, 5, 6, 7
-- From the position of a limit in `state`. The pool of a budget starts after its other numbers.
local SUM, COUNT, OLDEST = 1, 2, 3
local LEASED, PERIOD_END, BUDGET_POOL = 1, 2, 3
-- From the position of a pool: it has the slots in use, or the reserved amount, at 0.
local EARLIEST, HELD, GENERATION, LEASE_END = 1, 2, 3, 4
-- Minimum extra lifetime of a hash in ms, so that its expiry is seldom set.
local MIN_SLACK_MS = 30000

local call, format = redis.call, string.format
local args = cjson.decode(ARGV[1])
local first_limit = args[3]
local state
-- By limit: a former newest sub-window with a count that moves to the ring; and changed counts of former sub-windows.
local flushed, ring_changes = {}, {}

-- Returns the numbers of a field that is missing.
local function initial_numbers(field)
  local kind = string.sub(field, 1, 1)
  if kind == 'w' then return '0,0,0,0' end
  if string.find(field, '@', 1, true) then return '0,0,0' end
  return kind == 'b' and '-1,0,0,0,0' or '0,0'
end

-- Reads the hashes of all subjects. `more` are further numbers for the end of `state`, as text.
local function read_state(calls_header, more)
  local at, text = FIRST_SUBJECT, calls_header or '0,0'
  for s = FIRST_KEY, #KEYS do
    local count = args[at + 1]
    local values = call('HMGET', KEYS[s], unpack(args, at + 2, at + 1 + count))
    for n = 1, count do values[n] = values[n] or initial_numbers(args[at + 1 + n]) end
    text = text .. ',' .. table.concat(values, ',')
    at = at + count + 2
    at = at + args[at] + 1
  end
  -- one decoding of all numbers is faster than one conversion for each
  state = cjson.decode('[' .. text .. (more or '') .. ']')
end

-- Returns the number of sub-windows in the ring of a window (one more than `subWindowsOf` in ports/meters.ts), and the width of one in
-- microseconds.
local function ring_of(limit)
  local span_ms = args[limit + SPAN]
  if span_ms >= 60000 then return 61, span_ms * 1000 / 60 end
  return 21, span_ms * 1000 / 20
end

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

-- Returns the counts of former sub-windows of a window.
local function read_ring(key, limit, first, last)
  local names = {}
  for sub_window = first, last do names[sub_window - first + 1] = ring_field(limit, sub_window) end
  local counts, changes = call('HMGET', key, unpack(names)), ring_changes[limit]
  for n = 1, #names do
    local sub_window = first + n - 1
    counts[n] = changes and changes[sub_window] or ring_count(counts[n], sub_window)
  end
  return counts
end

-- Moves a window to `now`: subtracts what has expired. Nothing is written if nothing is added later.
local function roll(key, limit, now)
  local ring, width = ring_of(limit)
  local at = args[limit + STATE]
  local current, newest = math.floor(now / width), state[at]
  if current <= newest then return end
  local count, oldest = state[at + COUNT], state[at + OLDEST]
  state[at], state[at + COUNT] = current, 0
  if current - newest >= ring then
    state[at + SUM], state[at + OLDEST] = 0, current
    return
  end
  if count > 0 then flushed[limit] = { newest, count } end
  local first, last = math.max(newest + 1 - ring, oldest), current - ring
  if first > last then return end
  state[at + OLDEST] = last + 1
  local counts = read_ring(key, limit, first, last)
  for n = 1, #counts do state[at + SUM] = state[at + SUM] - counts[n] end
end

-- Adds the former sub-windows of a window that have changed to `entries`, after the first `n`. Returns the new number of entries.
local function add_ring(limit, entries, n)
  local former = flushed[limit]
  if former then
    entries[n + 1], entries[n + 2] = ring_field(limit, former[1]), format('%d,%d', former[1], former[2])
    n = n + 2
  end
  for sub_window, left in pairs(ring_changes[limit] or {}) do
    entries[n + 1], entries[n + 2] = ring_field(limit, sub_window), format('%d,%d', sub_window, left)
    n = n + 2
  end
  return n
end

-- Writes the changes of all subjects. `time_ms` returns the time, which is needed only if a hash expires too early. `marked` has the
-- positions of subjects whose second number has changed.
local function write_state(time_ms, marked)
  local subject, entries = FIRST_SUBJECT, {}
  for s = FIRST_KEY, #KEYS do
    local header, n = args[subject], 0
    local expires, needed = state[header], 0
    local header_changed = marked and marked[header]
    if header_changed then needed = state[header + 1] end
    local list = subject + args[subject + 1] + 2
    for item = list + 1, list + args[list] do
      local limit = first_limit + args[item]
      if args[limit + CHANGED] == 1 then
        local kind, at, field = args[limit], args[limit + STATE], args[limit + FIELD]
        local lives_until
        entries[n + 1] = args[field]
        if kind == 'w' then
          entries[n + 2] = format('%d,%d,%d,%d', state[at], state[at + SUM], state[at + COUNT], state[at + OLDEST])
          if flushed[limit] or ring_changes[limit] then n = add_ring(limit, entries, n + 2) - 2 end
          local ring, width = ring_of(limit)
          lives_until = (state[at] + ring) * width / 1000
          n = n + 2
        else
          if kind == 'c' then
            entries[n + 2] = format('%d,%d', state[at], state[at + EARLIEST])
          else
            entries[n + 2] =
              format('%d,%d,%d,%d,%d', state[at], state[at + 1], state[at + 2], state[at + 3], state[at + 4])
            at = at + BUDGET_POOL
          end
          lives_until = state[at + LEASE_END]
          n = n + 2
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
    subject = list + args[list] + 1
  end
end
