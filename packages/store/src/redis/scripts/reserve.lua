--- Reserves for calls of one tenant in their order: each on all of its limits, or on none of them.
--
-- KEYS[1]     the calls of this replica: `@` (time of creation, expiry in ms since the epoch) and by call id its reservation
-- KEYS[2..3]  the ended calls of the tenant in this span of time and in the former one (see settle.lua)
-- KEYS[4..]   the subjects (see include/subjects.lua)
-- ARGV[1]     one array in JSON: a client spends time per argument, and Redis reads JSON fastest
--   1         now in microseconds for a test, else false: the store's own clock
--   2         lifetime of the calls of a replica without calls, in ms
--   3         by subject, the names of the fields to read: `x`, then of each limit its field; of slots and budgets also the
--             replica's part
--   4         five values per limit: number of its subject, kind ("w" window, "c" slots, "b" budget), limit, window or lease in
--             ms, end of the budget's period in ms since the epoch or 0
--   5         per call: id, the kinds of its charges as a string; three per charge: number of the limit, amount (1 for slots), the
--             maximum to reserve of a budget with enough room
-- Returns     JSON: an array with the spend of the budgets in their order, then an array per call:
--             { verdict, exhausted charge (from 1, else 0), retry delay in ms, creation of the replica's calls, then three figures
--             per charge: remaining, reset in ms, sub-window or generation; for a budget four: the last is the reserved amount }
--             verdict: 1 admitted, 0 refused, 2 refused because calls in flight have reserved the rest of a budget
--             { 0, 0, 0 } if the call was released or settled before
--             { -1 } if a budget has to be seeded first; nothing was reserved for this call
-- Raises      "amount out of range" for a number that is not an integer from 0 to 2^53 - 1; nothing is reserved then
--
-- Atomic, because no other call may reserve between the check of one limit and the reservation on another.
-- A call that timed out at the client is released or settled before a hung server runs its reservation, which then takes nothing.
-- A refusal takes nothing and is not stored, so that the call may try again.
-- Each subject is read once and written once, regardless of the number of calls.

--@include numbers
--@include time
--@include subjects
--@include sweep

-- The share of the remaining budget that one call may reserve beyond its minimum.
local GRANT_SHARE = 0.01
-- The retry delay for limits that calls in flight use up: the end of a call cannot be predicted.
local IN_FLIGHT_RETRY_MS = 1000
local ADMITTED, REFUSED, IN_FLIGHT = 1, 0, 2
local SETTLED, UNSEEDED = '0,0,0', '-1'
local FIRST_SUBJECT, ARGS_PER_CHARGE = 4, 3

local calls_key = KEYS[1]
local args = cjson.decode(ARGV[1])
local now, calls_ttl_ms, fields, calls = now_us(args[1]), args[2], args[3], args[5]
local now_ms = math.floor(now / 1000)
time = function() return now end
read_meters(args[4], fields, FIRST_SUBJECT)

-- all arguments are checked before the first write
local ids, starts = {}, {}
do
  local at = 1
  while at < #calls do
    ids[#ids + 1], starts[#starts + 1] = calls[at], at
    local first = at + 2
    at = first + #calls[at + 1] * ARGS_PER_CHARGE
    for n = first, at - 1, ARGS_PER_CHARGE do
      local amount, max_amount = calls[n + 1], calls[n + 2]
      if not (amount >= 0 and amount <= MAX_WHOLE and amount % 1 == 0 and max_amount >= 0 and max_amount % 1 == 0) then
        error('amount out of range')
      end
    end
  end
end

local is_marked = false
for s = 1, #fields do
  load(s)
  if needs_sweep(s, now) then
    sweep(key_of[s], now)
    load(s)
  end
  roll(s, meters_of[s], now)
  if marked_until[s] > now_ms then is_marked = true end
end
local known = redis.call('HMGET', calls_key, '@', unpack(ids))
-- the marks of calls that ended before their reservation are seldom needed
local marks = is_marked and redis.call('HMGET', KEYS[2], unpack(ids))
local older_marks = is_marked and redis.call('HMGET', KEYS[3], unpack(ids))

local header = known[1]
local since, calls_expire = string.match(header or '', '^(%d+),(%d+)$')
since, calls_expire = since or whole(now_ms), tonumber(calls_expire) or 0
local admitted_head = '1,0,0,' .. since .. ','

-- Returns the milliseconds until `amount` fits into a window.
local ring_of_counts = {}
local function fits_after(m, amount)
  local counts, ring, newest = ring_of_counts[m], ring_of[m], index[m]
  if not counts then
    local names = {}
    for n = 1, ring do names[n] = ring_field(m, newest - ring + n) end
    counts = redis.call('HMGET', key_of[subject_of[m]], unpack(names))
    for n = 1, ring do
      local sub_window = newest - ring + n
      counts[n] = sub_window == flushed[m] and flushed_count[m] or sub_window < newest and ring_count(counts[n], sub_window) or 0
    end
    ring_of_counts[m] = counts
  end
  local left = sum[m]
  for n = 1, ring do
    left = left - (n == ring and count[m] or counts[n])
    if left + amount <= limit_of[m] then return math.max(1, math.ceil(((newest + n) * width_of[m] - now) / 1000)) end
  end
  return math.ceil(ring * width_of[m] / 1000)
end

-- Returns the first charge of a call that does not fit (else 0), the verdict, the retry delay in ms, and the grant of budgets.
-- Returns nil if a budget has to be seeded.
local function check(first, last)
  local exhausted, verdict, retry_after_ms, grant = 0, ADMITTED, 0, nil
  for at = first, last, ARGS_PER_CHARGE do
    local m, amount = calls[at], calls[at + 1]
    local kind, limit = kind_of[m], limit_of[m]
    if kind == 'w' then
      if exhausted == 0 and sum[m] + amount > limit then
        exhausted, verdict, retry_after_ms = at, REFUSED, fits_after(m, amount)
      end
    elseif kind == 'c' then
      if exhausted == 0 and used[m] + 1 > limit then exhausted, verdict, retry_after_ms = at, REFUSED, IN_FLIGHT_RETRY_MS end
    else
      local paid, room = spent[m], limit - used[m] - amount
      if paid < 0 then return nil end
      -- a soft budget has the largest possible limit, and refuses no call
      if exhausted == 0 and paid > room and limit < MAX_WHOLE then
        exhausted = at
        -- reservations may be released; spend is final until the period ends
        if paid + amount <= limit then
          verdict, retry_after_ms = IN_FLIGHT, IN_FLIGHT_RETRY_MS
        else
          verdict = REFUSED
          if ends_of[m] > 0 then retry_after_ms = math.max(1000, ends_of[m] - now_ms) end
        end
      end
      local share = math.min(math.max(calls[at + 2], amount), amount + math.floor(math.max(0, room - paid) * GRANT_SHARE))
      if not grant or share < grant then grant = share end
    end
  end
  return exhausted, verdict, retry_after_ms, grant
end

-- Figures that are the same for all calls of this script, as text.
local tails = {}
local function tail_of(m)
  local tail = tails[m]
  if tail then return tail end
  if kind_of[m] == 'w' then
    if sum[m] == 0 then return '0,' .. index[m] end
    tail = math.max(1, math.ceil(((index[m] + ring_of[m]) * width_of[m] - now) / 1000)) .. ',' .. index[m]
  elseif kind_of[m] == 'c' then
    tail = '0,' .. generation[m]
  else
    tail = (ends_of[m] > 0 and math.max(0, ends_of[m] - now_ms) or 0) .. ',' .. generation[m]
  end
  -- the first reservation sets a generation
  if kind_of[m] == 'w' or generation[m] > 0 then tails[m] = tail end
  return tail
end

-- Returns the figures of a call's charges as text, and reserves if the call is admitted.
local parts = {}
local function figures(first, last, is_admitted, grant)
  local n = 0
  for at = first, last, ARGS_PER_CHARGE do
    local m = calls[at]
    local kind, remaining = kind_of[m], nil
    if kind == 'w' then
      if is_admitted then window_add(m, calls[at + 1], now_ms) end
      remaining = limit_of[m] - sum[m]
    elseif kind == 'c' then
      if is_admitted then hold(m, 1, now_ms) end
      remaining = limit_of[m] - used[m]
    else
      if is_admitted then hold(m, grant, now_ms) end
      remaining = limit_of[m] - used[m] - spent[m]
    end
    parts[n + 1], parts[n + 2] = digits(remaining > 0 and remaining or 0), tail_of(m)
    n = n + 2
    if kind == 'b' then
      n = n + 1
      parts[n] = is_admitted and digits(grant) or 0
    end
  end
  return table.concat(parts, ',', 1, n)
end

local answers, written, reserved = {}, {}, {}
for c = 1, #ids do
  local id, kinds, first = ids[c], calls[starts[c] + 1], starts[c] + 2
  local last = first + #kinds * ARGS_PER_CHARGE - 1
  local earlier = known[c + 1] or reserved[id]
  if earlier then
    answers[c] = admitted_head .. string.match(earlier, '^%a*(.*)$')
  elseif is_marked and (marks[c] or older_marks[c]) then
    answers[c] = SETTLED
  else
    local exhausted, verdict, retry_after_ms, grant = check(first, last)
    if not exhausted then
      answers[c] = UNSEEDED
    elseif exhausted == 0 then
      local text = figures(first, last, true, grant)
      answers[c], reserved[id] = admitted_head .. text, kinds .. text
      written[#written + 1], written[#written + 2] = id, reserved[id]
    else
      local charge = (exhausted - first) / ARGS_PER_CHARGE + 1
      local head = verdict .. ',' .. charge .. ',' .. retry_after_ms .. ',' .. since .. ','
      answers[c] = head .. figures(first, last, false)
    end
  end
end

local spends = {}
for m = 1, #kind_of do
  if kind_of[m] == 'b' then spends[#spends + 1] = digits(spent[m]) end
end
if #written > 0 then
  for s = 1, #fields do store(s) end
  local must_expire = calls_expire < now_ms + calls_ttl_ms / 2
  if must_expire then written[#written + 1], written[#written + 2] = '@', since .. ',' .. whole(now_ms + calls_ttl_ms) end
  redis.call('HSET', calls_key, unpack(written))
  if must_expire then redis.call('PEXPIRE', calls_key, whole(calls_ttl_ms)) end
end
return '[[' .. table.concat(spends, ',') .. '],[' .. table.concat(answers, '],[') .. ']]'
