--- Ends calls of one tenant in their order: returns their slots, and replaces their reservations by the actual amounts.
--
-- KEYS[1]     the calls of this replica (see reserve.lua)
-- KEYS[2..3]  the ended calls of the tenant in this span of time and in the former one, by call id
-- KEYS[4..]   the subjects (see include/subjects.lua)
-- ARGV[1]     one array in JSON (see reserve.lua):
--   1         now in microseconds for a test, else false: the store's own clock
--   2         lifetime of the ended calls in ms
--   3         by subject, the names of the fields to read
--   4         five values per limit, as in reserve.lua; its limit and its end are not used
--   5         per call: id, the kinds of its charges, its origin, 1 if its end has to be remembered (else 0); three per charge:
--             number of the limit, reserved amount, actual amount
--             origin: the creation of the replica's calls in the response to the reservation; 0 if the caller does not have it; -1
--             if the caller received no response: if the reservation did not run, the full actual amounts are counted; -2 for a
--             release, which only returns slots
-- Returns     the number of calls that have ended now
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a second settlement must change nothing, and because reservations and spend belong together.
-- A call in flight has a field among the calls of its replica. Without it, the call has ended before, unless the calls were created
-- after its reservation, or the caller does not have the response: then the ended calls decide.

--@include numbers
--@include time
--@include subjects

local UNKNOWN, UNCONFIRMED, RELEASE = 0, -1, -2
local FIRST_SUBJECT, ARGS_PER_CHARGE = 4, 3
-- Before the first charge of a call in the response of reserve.lua, and per charge.
local CHARGE_FIGURES, BUDGET_FIGURES = 3, 4

local calls_key, marks_key, older_marks_key = KEYS[1], KEYS[2], KEYS[3]
local args = cjson.decode(ARGV[1])
local marks_ttl_ms, fields, calls = args[2], args[3], args[5]
local now
-- most settlements need no time
time = function()
  now = now or now_us(args[1])
  return now
end
local function time_ms() return math.floor(time() / 1000) end
read_meters(args[4], fields, FIRST_SUBJECT)

-- all arguments are checked before the first write
local ids, starts = {}, {}
do
  local at = 1
  while at < #calls do
    ids[#ids + 1], starts[#starts + 1] = calls[at], at
    local first = at + 4
    at = first + #calls[at + 1] * ARGS_PER_CHARGE
    for n = first, at - 1, ARGS_PER_CHARGE do
      checked(calls[n + 1])
      checked(calls[n + 2])
    end
  end
end

local reservations = redis.call('HMGET', calls_key, '@', unpack(ids))
local since = tonumber(string.match(reservations[1] or '', '^%d+')) or 0
local is_flagged = false
for s = 1, #fields do
  load(s)
  if marked_until[s] > 0 and marked_until[s] > time_ms() then is_flagged = true end
end

-- By number of the call, the figures of its reservation, and the kinds of its charges if they are not those of the settlement.
local figures_of, other_kinds_of = {}, {}
do
  local texts, owners = {}, {}
  for c = 1, #ids do
    local text = reservations[c + 1]
    if text then
      local n, kinds = #texts + 1, calls[starts[c] + 1]
      owners[n] = c
      if string.sub(text, 1, #kinds) == kinds and not string.find(text, '^%a', #kinds + 1) then
        texts[n] = string.sub(text, #kinds + 1)
      else
        other_kinds_of[c], texts[n] = string.match(text, '^(%a*)(.*)$')
      end
    end
  end
  if #texts > 0 then
    local decoded = cjson.decode('[[' .. table.concat(texts, '],[') .. ']]')
    for n = 1, #texts do figures_of[owners[n]] = decoded[n] end
  end
end

-- Returns the position of the figures of the n-th charge among `kinds` in a reservation with the charges `reserved_kinds`: the
-- n-th of its kind. Returns nil if the reservation has no such charge.
local function position_of(kinds, n, reserved_kinds)
  local kind = string.sub(kinds, n, n)
  local skipped = 0
  for k = 1, n - 1 do
    if string.sub(kinds, k, k) == kind then skipped = skipped + 1 end
  end
  local at = 1
  for k = 1, #reserved_kinds do
    local other = string.sub(reserved_kinds, k, k)
    if other == kind then
      if skipped == 0 then return at end
      skipped = skipped - 1
    end
    at = at + (other == 'b' and BUDGET_FIGURES or CHARGE_FIGURES)
  end
end

-- Removes `amount` from the sub-window that counted it, if that is still in the ring.
local function give_back(m, sub_window, amount)
  local newest = index[m]
  if not newest or sub_window > newest or sub_window <= newest - ring_of[m] then return end
  local back
  if sub_window == newest then
    back = math.min(count[m], amount)
    count[m] = count[m] - back
  elseif sub_window == flushed[m] then
    back = math.min(flushed_count[m], amount)
    flushed_count[m] = flushed_count[m] - back
  else
    local changes = ring_changes[m] or {}
    ring_changes[m] = changes
    local counted = changes[sub_window]
      or ring_count(redis.call('HGET', key_of[subject_of[m]], ring_field(m, sub_window)), sub_window)
    back = math.min(counted, amount)
    changes[sub_window] = counted - back
  end
  if back == 0 then return end
  sum[m], dirty[m] = sum[m] - back, true
end

local rolled = {}
local function take(m, amount)
  if not rolled[m] then
    roll(subject_of[m], { m }, time())
    rolled[m] = true
  end
  window_add(m, amount, time_ms())
end

-- Settles one charge. `at` is the position of its figures in the reservation, if there are any.
local function settle_charge(m, reserved, actual, origin, reservation, at)
  local kind = kind_of[m]
  if kind == 'w' then
    if not reservation and origin == UNCONFIRMED then reserved = 0 end
    if actual > reserved then
      take(m, actual - reserved)
    elseif actual < reserved and at and origin ~= UNKNOWN then
      give_back(m, reservation[at + 2], reserved - actual)
    end
    return
  end
  if kind == 'b' and spent[m] < 0 then return end
  if at then unhold(m, kind == 'b' and reservation[at + 3] or 1, reservation[at + 2]) end
  if kind == 'b' then
    -- a lost budget is seeded from the ledger, which contains this call: counting it here would count it twice
    spent[m], dirty[m] = math.min(MAX_WHOLE, spent[m] + actual), true
  end
end

-- The marks of ended calls are read at the first call that needs them.
local marks, older_marks
local marked_now = {}
local function is_marked(c)
  if not marks then
    marks = redis.call('HMGET', marks_key, unpack(ids))
    older_marks = redis.call('HMGET', older_marks_key, unpack(ids))
  end
  return marks[c] or older_marks[c] or marked_now[ids[c]]
end

local ended, marked, settled = {}, {}, 0
local gone = {}
for c = 1, #ids do
  local id, start = ids[c], starts[c]
  local kinds, origin, must_mark, first = calls[start + 1], calls[start + 2], calls[start + 3] == 1, start + 4
  local reservation = not gone[id] and figures_of[c] or nil
  local is_new
  if reservation then
    -- another replica may have settled a call of a replica that it took for crashed
    is_new = not is_flagged or not is_marked(c)
    must_mark = is_new and (must_mark or origin == UNKNOWN or origin == UNCONFIRMED)
    ended[#ended + 1], gone[id] = id, true
  else
    is_new = (origin <= 0 or origin ~= since) and not gone[id] and not is_marked(c)
    must_mark = is_new
  end
  local at = 1
  for n = 1, #kinds do
    local arg = first + (n - 1) * ARGS_PER_CHARGE
    local m = calls[arg]
    local kind, position = kind_of[m], nil
    if reservation then
      position = at
      if other_kinds_of[c] then position = position_of(kinds, n, other_kinds_of[c]) end
    end
    if not is_new then
      -- its spend was counted before, but its reservation has not ended
      if position and kind ~= 'w' then unhold(m, kind == 'b' and reservation[position + 3] or 1, reservation[position + 2]) end
    elseif origin ~= RELEASE then
      settle_charge(m, calls[arg + 1], calls[arg + 2], origin, reservation, position)
    elseif position and kind == 'c' then
      unhold(m, 1, reservation[position + 2])
    end
    at = at + (kind == 'b' and BUDGET_FIGURES or CHARGE_FIGURES)
    -- a reservation that arrives later finds the mark by this
    if must_mark and not reservation then
      local s = subject_of[m]
      marked_until[s], header_dirty[s] = time_ms() + marks_ttl_ms, true
      keep(s, marked_until[s])
    end
  end
  if is_new then settled = settled + 1 end
  if must_mark then
    marked[#marked + 1], marked[#marked + 2] = id, '1'
    marked_now[id] = true
  end
end

for s = 1, #fields do store(s) end
if #ended > 0 then redis.call('HDEL', calls_key, unpack(ended)) end
if #marked > 0 then
  marked[#marked + 1], marked[#marked + 2] = '@', '1'
  -- a new key has one more new field than ended calls, which are marked once
  local added = redis.call('HSET', marks_key, unpack(marked))
  if added * 2 == #marked then redis.call('PEXPIRE', marks_key, whole(marks_ttl_ms * 2)) end
end
return settled
