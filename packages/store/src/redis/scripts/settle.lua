--- Ends calls of one tenant group in their order: returns their slots, and replaces their reservations by the actual amounts.
--
-- KEYS[1]     the calls of this replica (see reserve.lua)
-- KEYS[2..3]  the ended calls of the group in this span of time and in the former one, by call id
-- KEYS[4..]   the subjects (see include/subjects.lua)
-- ARGV[1]     see include/subjects.lua. The lifetime is that of the ended calls.
--             Per call: the kinds of its charges as a string, its origin, 1 if its end has to be remembered (else 0), and per charge:
--             the two offsets, of a window the reserved amount, of a window or a budget the actual amount, of slots their number
--             origin: the creation of the replica's calls in the response to the reservation; 0 if the caller does not have it; -1
--             if the caller received no response: if the reservation did not run, the full actual amounts are counted; -2 for a
--             release, which only returns slots; -3 for a settlement of quota leases, whose id is not that of a call. Before its
--             charges, it has the number of leases without further calls and their ids, the number of long calls that have ended and
--             their ids, and the costs of these calls in one string. After each charge, it has the amount of a budget, and the sub-window or generation that has the
--             amount, because the reservation of a lease is in many settlements.
-- Returns     the number of calls that have ended now
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because a second settlement must change nothing, and because reservations and spend belong together.
-- A call in flight has a field among the calls of its replica. Without it, the call has ended before, unless the calls were created
-- after its reservation, or the caller does not have the response: then the ended calls decide.

--@include numbers
--@include time
--@include subjects

local UNKNOWN, UNCONFIRMED, RELEASE, OF_LEASES = 0, -1, -2, -3
-- Lua unpacks some thousand values at once.
local MAX_FIELDS = 1000

local marks_ttl_ms, first_id, first_call = args[2], args[4], args[5]
local calls_key, marks_key, older_marks_key = KEYS[1], KEYS[2], KEYS[3]
local now
-- most settlements need no time
local function time_ms()
  now = now or now_us(args[1])
  return math.floor(now / 1000)
end

local reservations = call('HMGET', calls_key, '@', unpack(args, first_id, first_call - 1))
-- by number of the call, the position of the figures of its reservation in `state`
local figures_at, reserved_kinds = {}, {}
do
  local texts, length = {}, 0
  for c = 1, first_call - first_id do
    local text = reservations[c + 1]
    if text then
      local figures = string.find(text, '%d')
      reserved_kinds[c] = string.sub(text, 1, figures - 1)
      texts[#texts + 1], figures_at[c], length = string.sub(text, figures), length + 1, length + figures * 2 - 1
    end
  end
  read_state(reservations[1], texts[1] and table.concat(texts, ','))
  local offset = #state - length
  for c, at in pairs(figures_at) do figures_at[c] = offset + at end
end
local since = state[1]

-- The subjects of calls that ended before their reservation have a time until which such marks exist.
local is_flagged = false
do
  for subject = first_subject, first_id - 1, 2 do
    local marked_until = state[args[subject + 1] + 1]
    if marked_until > 0 and marked_until > time_ms() then is_flagged = true end
  end
end

-- Returns the index of the n-th charge in a reservation with other charges: the same one of its kind. Returns nil if there is none.
local function charge_in(other_kinds, kinds, n)
  local kind, skipped = string.sub(kinds, n, n), 0
  for k = 1, n - 1 do
    if string.sub(kinds, k, k) == kind then skipped = skipped + 1 end
  end
  for k = 1, #other_kinds do
    if string.sub(other_kinds, k, k) == kind then
      if skipped == 0 then return k end
      skipped = skipped - 1
    end
  end
end

-- Removes `amount` from the sub-window that counted it, if that is still in the ring.
local function give_back(key, limit, at, sub_window, amount)
  local newest, former = state[at], flushed[at]
  if sub_window > newest or sub_window <= newest - ring_of(limit) then return end
  local back
  if sub_window == newest then
    back = math.min(state[at + COUNT], amount)
    state[at + COUNT] = state[at + COUNT] - back
  elseif former and sub_window == former[1] then
    back = math.min(former[2], amount)
    former[2] = former[2] - back
  else
    need_rings()
    local counted = read_ring(key, limit, at, sub_window, sub_window)[1]
    back = math.min(counted, amount)
    ring_changes[at] = ring_changes[at] or {}
    ring_changes[at][sub_window] = counted - back
  end
  state[at + SUM], changed[at] = state[at + SUM] - back, true
end

-- Counts `amount` in a window now.
local function take(key, limit, at, amount)
  time_ms()
  need_rings()
  roll(key, limit, at, now)
  state[at + SUM], state[at + COUNT] = math.min(MAX_WHOLE, state[at + SUM] + amount), math.min(MAX_WHOLE, state[at + COUNT] + amount)
  changed[at] = true
end

-- The marks of ended calls are read at the first call that needs them.
local marks, older_marks
local marked_now = {}
local function is_marked(c)
  if not marks then
    marks = call('HMGET', marks_key, unpack(args, first_id, first_call - 1))
    older_marks = call('HMGET', older_marks_key, unpack(args, first_id, first_call - 1))
  end
  return marks[c] or older_marks[c] or marked_now[args[first_id + c - 1]]
end

local ended, marked, settled, gone, marked_subjects = {}, { '@', '1' }, 0, {}, nil

-- Returns the sum of the costs of calls of quota leases that another replica has settled, because it took this one for crashed.
-- The ids begin at an argument, and the costs are in one string, because they are seldom needed.
local function counted_costs(at, count, costs)
  costs = cjson.decode('[' .. costs .. ']')
  local counted = 0
  for from = 1, count, MAX_FIELDS do
    local last = math.min(count, from + MAX_FIELDS - 1)
    local known = call('HMGET', marks_key, unpack(args, at + from - 1, at + last - 1))
    local known_before = call('HMGET', older_marks_key, unpack(args, at + from - 1, at + last - 1))
    for n = from, last do
      local is_counted = known[n - from + 1] or known_before[n - from + 1] or marked_now[args[at + n - 1]]
      if is_counted then counted = counted + checked(costs[n]) end
    end
  end
  return counted
end

local arg = first_call
for c = 1, first_call - first_id do
  local id, kinds, origin, must_mark = args[first_id + c - 1], args[arg], args[arg + 1], args[arg + 2] == 1
  arg = arg + 3
  local figures = not gone[id] and figures_at[c]
  local of_leases = origin == OF_LEASES
  local is_new
  -- the costs that are counted already; by position in `state`, what is still to subtract from the actual amounts of a budget
  local counted, uncounted = 0, nil
  if of_leases then
    is_new = not is_marked(c)
    must_mark = is_new
    local closed = args[arg]
    for n = arg + 1, arg + closed do ended[#ended + 1] = args[n] end
    local calls = args[arg + closed + 1]
    arg = arg + closed + 2
    if is_new and calls > 0 then
      if is_flagged then counted = counted_costs(arg, calls, args[arg + calls]) end
      local count = #marked
      for n = 1, calls do marked[count + n * 2 - 1], marked[count + n * 2] = args[arg + n - 1], '1' end
    end
    arg = arg + calls + 1
  elseif figures then
    -- another replica may have settled a call of a replica that it took for crashed
    is_new = not is_flagged or not is_marked(c)
    must_mark = is_new and (must_mark or origin == UNKNOWN or origin == UNCONFIRMED)
    ended[#ended + 1], gone[id] = id, true
  else
    is_new = (origin <= 0 or origin ~= since) and not gone[id] and not is_marked(c)
    must_mark = is_new
  end
  if is_new then settled = settled + 1 end
  local other_kinds = figures and reserved_kinds[c] ~= kinds and reserved_kinds[c]
  for n = 1, #kinds do
    local subject = first_subject + args[arg]
    local shape = args[subject]
    local limit = shape + args[shape] + 2 + args[arg + 1]
    local kind, key, at = args[limit], KEYS[FIRST_KEY + args[arg] / 2], args[subject + 1] + args[limit + STATE]
    arg = arg + 2
    -- the figures of this charge in the reservation, and its amount or its generation
    local charge = figures and n
    if other_kinds then charge = charge_in(other_kinds, kinds, n) end
    local receipt = charge and state[figures + charge * 2 - 1]
    if kind == 'w' then
      local amount, actual = checked(args[arg]), checked(args[arg + 1])
      arg = arg + 2
      if of_leases then receipt, arg = args[arg], arg + 1 end
      if is_new then
        if not figures and origin == UNCONFIRMED then amount = 0 end
        if actual > amount then
          take(key, limit, at, actual - amount)
        elseif actual < amount and receipt and origin ~= UNKNOWN then
          give_back(key, limit, at, receipt, amount - actual)
        end
      end
    else
      local pool, amount = at, checked(args[arg])
      arg = arg + 1
      if kind == 'b' then
        local actual = amount
        if counted > 0 then
          uncounted = uncounted or {}
          local left = uncounted[at] or counted
          uncounted[at], actual = left - math.min(left, actual), actual - math.min(left, actual)
        end
        -- a lost budget is seeded from the ledger, which contains this call: counting it here would count it twice
        if is_new and state[at] >= 0 then
          state[at], changed[at] = math.min(MAX_WHOLE, state[at] + actual), true
        end
        if figures then amount = state[figures + #reserved_kinds[c] * 2] end
        if of_leases then amount, arg = checked(args[arg]), arg + 1 end
        pool = at + BUDGET_POOL
      end
      if of_leases then receipt, arg = is_new and args[arg], arg + 1 end
      -- a holder of another generation was removed with the reservation
      if receipt and receipt > 0 and receipt == state[pool + GENERATION] then
        local back = math.min(state[pool + HELD], amount)
        state[pool], state[pool + HELD], changed[at] = math.max(0, state[pool] - back), state[pool + HELD] - back, true
      end
    end
    -- a reservation that arrives later finds the mark by this
    if must_mark and not figures and not of_leases then
      local header = args[subject + 1]
      marked_subjects = marked_subjects or {}
      marked_subjects[header], state[header + 1] = true, time_ms() + marks_ttl_ms
    end
  end
  if must_mark then
    marked[#marked + 1], marked[#marked + 2] = id, '1'
    marked_now[id] = true
  end
end

write_state(time_ms, marked_subjects)
for n = 1, #ended, MAX_FIELDS do call('HDEL', calls_key, unpack(ended, n, math.min(#ended, n + MAX_FIELDS - 1))) end
if #marked > 2 then
  for n = 1, #marked, MAX_FIELDS do
    local last = math.min(#marked, n + MAX_FIELDS - 1)
    local added = call('HSET', marks_key, unpack(marked, n, last))
    -- the first field, and so the key, is new if all fields are: each call is marked once
    if n == 1 and added * 2 == last then call('PEXPIRE', marks_key, format('%d', marks_ttl_ms * 2)) end
  end
end
return settled
