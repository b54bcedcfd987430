--- Reserves for calls of one tenant group in their order: each on all of its limits, or on none of them.
--
-- KEYS[1]     the calls of this replica: `@` (time of creation, expiry) and by call id its reservation
-- KEYS[2..3]  the ended calls of the group in this span of time and in the former one (see settle.lua)
-- KEYS[4..]   the subjects (see include/subjects.lua)
-- ARGV[1]     see include/subjects.lua. The lifetime is that of the calls of a replica without calls.
--             Per call: the kinds of its charges as a string, and per charge: the two offsets, amount, of a budget also
--             the maximum to reserve if it has enough room
-- Returns     JSON: an array with the creation of the replica's calls, now in microseconds, and the spend of the budgets in their
--             order; then an array per call:
--             { verdict, exhausted charge (from 1, else 0), retry delay in ms, two figures per charge: what remains, sub-window or
--             generation; the amount that is reserved on each budget }
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

-- One script in this number also removes the fields of dead replicas that hold nothing.
local SWEEP_ONE_IN = 32
-- The share of the remaining budget that one call may reserve beyond its minimum.
local GRANT_SHARE = 0.01
-- The retry delay for limits that calls in flight use up: the end of a call cannot be predicted.
local IN_FLIGHT_RETRY_MS = 1000
local ADMITTED, REFUSED, IN_FLIGHT, UNSEEDED = 1, 0, 2, -1

local now, calls_ttl_ms, first_id, first_call = now_us(args[1]), args[2], args[4], args[5]
local now_ms = math.floor(now / 1000)
local calls_key = KEYS[1]
local known = call('HMGET', calls_key, '@', unpack(args, first_id, first_call - 1))
read_state(known[1])

-- Moves the windows to now, and finds out whether marks of ended calls may exist.
local is_marked = false
local subject = first_subject
while subject < first_id do
  local shape, header, key = args[subject], args[subject + 1], KEYS[FIRST_KEY + (subject - first_subject) / 2]
  if state[header + 1] > now_ms then is_marked = true end
  local limits = shape + args[shape] + 1
  subject = subject + 2
  for limit = limits + 1, limits + args[limits] * LIMIT_ARGS, LIMIT_ARGS do
    local kind, at = args[limit], header + args[limit + STATE]
    if kind == 'w' then
      local _, width = ring_of(limit)
      if now >= (state[at] + 1) * width then
        need_rings()
        roll(key, limit, at, now)
      end
    else
      if kind == 'b' then at = at + BUDGET_POOL end
      local first_end = state[at + EARLIEST]
      if first_end > 0 and first_end <= now_ms and (state[at] > 0 or now % SWEEP_ONE_IN == 0) then
        -- a lease has ended: all subjects are read once more
        sweep(key, now)
        read_state(known[1])
        flushed, subject = {}, first_subject
        break
      end
    end
  end
end

local since, calls_expire = state[1] > 0 and state[1] or now_ms, state[2]
-- the marks of calls that ended before their reservation are seldom needed
local marks = is_marked and call('HMGET', KEYS[2], unpack(args, first_id, first_call - 1))
local older_marks = is_marked and call('HMGET', KEYS[3], unpack(args, first_id, first_call - 1))

local answers, written, reserved, figures = {}, {}, {}, {}
local answer_format, format_charges
-- the subject of the last charge, its shape's first limit, and its numbers
local last_subject, limits, header
local at_call = first_call
for c = 1, first_call - first_id do
  local id, kinds = args[first_id + c - 1], args[at_call]
  local charges, arg = #kinds, at_call + 1
  local exhausted, verdict, retry_after_ms, grant = 0, ADMITTED, 0, 0
  local has_budget = false
  for n = 1, charges do
    local owner, amount = args[arg], args[arg + 2]
    if owner ~= last_subject then
      local shape = args[first_subject + owner]
      last_subject, limits, header = owner, shape + args[shape] + 2, args[first_subject + owner + 1]
    end
    local limit = limits + args[arg + 1]
    local kind, most, at = args[limit], args[limit + LIMIT], header + args[limit + STATE]
    if not (amount >= 0 and amount <= MAX_WHOLE and amount % 1 == 0) then error('amount out of range') end
    arg = arg + 3
    if kind == 'w' then
      if state[at + SUM] + amount > most and exhausted == 0 then
        need_rings()
        exhausted, verdict, retry_after_ms = n, REFUSED, fits_after(KEYS[FIRST_KEY + owner / 2], limit, at, amount, now)
      end
    elseif kind == 'c' then
      if state[at] + amount > most and exhausted == 0 then exhausted, verdict, retry_after_ms = n, REFUSED, IN_FLIGHT_RETRY_MS end
    else
      local spent, room = state[at], most - state[at + BUDGET_POOL] - amount
      local share = math.min(math.max(checked(args[arg]), amount), amount + math.floor(math.max(0, room - spent) * GRANT_SHARE))
      arg = arg + 1
      if spent < 0 then
        verdict = UNSEEDED
      -- a soft budget has the largest possible limit, and refuses no call
      elseif spent > room and most < MAX_WHOLE and exhausted == 0 then
        exhausted = n
        -- reservations may be released; spend is final until the period ends
        if spent + amount <= most then
          verdict, retry_after_ms = IN_FLIGHT, IN_FLIGHT_RETRY_MS
        else
          verdict = REFUSED
          if args[limit + ENDS] > 0 then retry_after_ms = math.max(1000, args[limit + ENDS] - now_ms) end
        end
      end
      if not has_budget or share < grant then grant, has_budget = share, true end
    end
  end
  local earlier = known[c + 1] or reserved[id]
  if earlier then
    answers[c] = '1,0,0,' .. string.match(earlier, '^%a*(.*)$')
  elseif is_marked and (marks[c] or older_marks[c]) then
    answers[c] = '0,0,0'
  elseif verdict == UNSEEDED then
    answers[c] = '-1'
  else
    arg = at_call + 1
    for n = 1, charges do
      local owner = args[arg]
      if owner ~= last_subject then
        local shape = args[first_subject + owner]
        last_subject, limits, header = owner, shape + args[shape] + 2, args[first_subject + owner + 1]
      end
      local limit = limits + args[arg + 1]
      local kind, at, remaining = args[limit], header + args[limit + STATE], nil
      arg = arg + 3
      if exhausted == 0 then changed[at] = true end
      if kind == 'w' then
        if exhausted == 0 then
          local amount = args[arg - 1]
          state[at + SUM], state[at + COUNT] = state[at + SUM] + amount, state[at + COUNT] + amount
        end
        remaining, figures[n * 2] = args[limit + LIMIT] - state[at + SUM], state[at]
      else
        local amount = args[arg - 1]
        if kind == 'b' then
          remaining, at, amount, arg = args[limit + LIMIT] - state[at], at + BUDGET_POOL, grant, arg + 1
        else
          remaining = args[limit + LIMIT]
        end
        if exhausted == 0 then
          local lease_end = math.max(state[at + LEASE_END], now_ms + args[limit + SPAN])
          local first_end = state[at + EARLIEST]
          if state[at] == 0 or first_end == 0 or lease_end < first_end then state[at + EARLIEST] = lease_end end
          if state[at + GENERATION] == 0 then state[at + GENERATION] = now_ms end
          state[at], state[at + HELD] = math.min(MAX_WHOLE, state[at] + amount), math.min(MAX_WHOLE, state[at + HELD] + amount)
          state[at + LEASE_END] = lease_end
        end
        remaining, figures[n * 2] = remaining - state[at], state[at + GENERATION]
      end
      figures[n * 2 - 1] = remaining > 0 and remaining or 0
    end
    figures[charges * 2 + 1] = exhausted == 0 and grant or 0
    if format_charges ~= charges then
      answer_format, format_charges = string.rep('%d,%d,', charges) .. '%d', charges
    end
    local text = format(answer_format, unpack(figures, 1, charges * 2 + 1))
    if exhausted == 0 then
      answers[c], reserved[id] = '1,0,0,' .. text, kinds .. text
      written[#written + 1], written[#written + 2] = id, reserved[id]
    else
      answers[c] = format('%d,%d,%d,', verdict, exhausted, retry_after_ms) .. text
    end
  end
  at_call = arg
end

local head = format('%d,%d', since, now)
for subject = first_subject, first_id - 1, 2 do
  local shape = args[subject]
  local limits = shape + args[shape] + 1
  for limit = limits + 1, limits + args[limits] * LIMIT_ARGS, LIMIT_ARGS do
    if args[limit] == 'b' then head = head .. format(',%d', state[args[subject + 1] + args[limit + STATE]]) end
  end
end
if #written > 0 then
  write_state(function() return now_ms end)
  local must_expire = calls_expire < now_ms + calls_ttl_ms / 2
  if must_expire then written[#written + 1], written[#written + 2] = '@', format('%d,%d', since, now_ms + calls_ttl_ms) end
  call('HSET', calls_key, unpack(written))
  if must_expire then call('PEXPIRE', calls_key, format('%d', calls_ttl_ms)) end
end
return '[[' .. head .. '],[' .. table.concat(answers, '],[') .. ']]'
