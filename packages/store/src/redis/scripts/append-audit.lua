--- Appends batches of audit records to their streams, and adds their amounts to the sums, each batch once.
--
-- KEYS        per batch: its mark; the stream of records; the mark of the same writer's previous batch, or its own mark if this is
--             the first one; its hashes of sums, one per day and table
-- ARGV[1]     a flat array in JSON: approximate maximum number of records in a stream; then per batch: number of records, number of
--             hashes, and per hash: retention in ms (0 for ever), number of zeros after the first sums of a new hash, number of fields,
--             and per field: number of amounts, the amounts
-- ARGV[2..]   per batch: its records, each a line of JSON; the fields of its hashes, each field once per hash
-- Returns     per batch three numbers: 1, or 0 if the batch was written before; 1, or 0 if the previous batch is lost; number of
--             amounts set aside
--
-- A field has the sums of one combination, separated by commas, without zeros at the end.
-- A hash expires after its first write.
--
-- Atomic, because a batch that is sent again after a lost response must not be written twice, and because records and sums belong
-- together. An amount that cannot be added is set aside and counted, and the rest is written: Redis does not roll back, so an
-- error after the mark would lose the rest of the batch. A sum saturates at 2^53 - 1, and the amount is counted as set aside.

--@include numbers

local MARK_TTL_S = 600
-- Lua unpacks some thousand values at once, and a field that changes is two of them.
local MAX_FIELDS = 1000

local format = string.format
local args = cjson.decode(ARGV[1])
local max_records = whole(args[1])
-- The next position in `args`, in KEYS and in ARGV.
local at, next_key, next_text = 2, 1, 2

-- By number of sums, the format of a field.
local formats = {}

-- Adds the amounts at a position of `args` to the sums of a field. Returns the field's value, and the number of amounts set aside.
local function add(sums, first)
  local count, aside = args[first], 0
  for n = 1, count do
    local amount, sum = args[first + n], sums[n] or 0
    if amount >= 0 and amount % 1 == 0 then sum = sum + amount else aside = aside + 1 end
    if sum > MAX_WHOLE then sum, aside = MAX_WHOLE, aside + 1 end
    sums[n] = sum
  end
  local length = #sums
  while sums[length] == 0 and length > 1 do length = length - 1 end
  if not formats[length] then formats[length] = '%d' .. string.rep(',%d', length - 1) end
  return format(formats[length], unpack(sums, 1, length)), aside
end

-- Returns the number of amounts of a field that are not 0.
local function count_amounts(first)
  local amounts = 0
  for n = first + 1, first + args[first] do
    if args[n] ~= 0 then amounts = amounts + 1 end
  end
  return amounts
end

-- Decodes the values of fields: an array of sums for each.
local function decode(values)
  for n = 1, #values do values[n] = values[n] or '' end
  -- one decoding of all values is faster than one for each
  local all = cjson.decode('[[' .. table.concat(values, '],[') .. ']]')
  return #all == #values and all or error('unreadable sums')
end

-- Adds to fields that all have readable sums. Returns the fields and their new values, and the number of amounts set aside.
local function add_all(values, first_text, first)
  local all, entries, set_aside, position = decode(values), {}, 0, first
  for n = 1, #all do
    local value, aside = add(all[n], position)
    entries[n * 2 - 1], entries[n * 2] = ARGV[first_text + n - 1], value
    set_aside, position = set_aside + aside, position + args[position] + 1
  end
  return entries, set_aside
end

-- Does the same if the sums of some fields may be unreadable: these fields stay, and their amounts are set aside.
local function add_readable(values, first_text, first)
  local entries, set_aside, position = {}, 0, first
  for n = 1, #values do
    local is_readable, one, aside = pcall(add_all, { values[n] }, first_text + n - 1, position)
    if is_readable then
      entries[#entries + 1], entries[#entries + 2] = one[1], one[2]
    end
    set_aside = set_aside + (is_readable and aside or count_amounts(position))
    position = position + args[position] + 1
  end
  return entries, set_aside
end

-- Sets the retention of a hash, to which fields were added: the first of them at the start of `entries`. A hash without an expiry is new.
local function keep(key, ttl_ms, zeros, entries)
  local is_new = ttl_ms > 0 and redis.call('PEXPIRE', key, whole(ttl_ms), 'NX') == 1
  if is_new and zeros > 0 then redis.call('HSET', key, entries[1], entries[2] .. string.rep(',0', zeros)) end
end

-- Adds amounts to some fields of a hash. Returns the number of amounts set aside.
local function add_fields(key, ttl_ms, zeros, count)
  local first_text, first, set_aside = next_text, at, 0
  for _ = 1, count do at = at + args[at] + 1 end
  next_text = next_text + count
  local values = redis.pcall('HMGET', key, unpack(ARGV, first_text, first_text + count - 1))
  if values.err then
    -- the key is no hash
    while first < at do
      set_aside, first = set_aside + count_amounts(first), first + args[first] + 1
    end
    return set_aside
  end
  local exists = false
  for n = 1, count do exists = exists or values[n] end
  local is_readable, entries
  is_readable, entries, set_aside = pcall(add_all, values, first_text, first)
  if not is_readable then entries, set_aside = add_readable(values, first_text, first) end
  if #entries > 0 then redis.call('HSET', key, unpack(entries)) end
  if not exists then keep(key, ttl_ms, zeros, entries) end
  return set_aside
end

local function append_batch()
  local mark, stream, previous_mark = KEYS[next_key], KEYS[next_key + 1], KEYS[next_key + 2]
  local records, hashes = args[at], args[at + 1]
  next_key, at = next_key + 3, at + 2
  local previous_exists = previous_mark == mark and 1 or redis.call('STRLEN', previous_mark)
  local is_new = redis.call('SET', mark, '1', 'NX', 'EX', MARK_TTL_S)
  local set_aside = 0
  for n = next_text, next_text + records - 1 do
    if is_new and redis.pcall('XADD', stream, 'MAXLEN', '~', max_records, '*', 'record', ARGV[n]).err then
      set_aside = set_aside + 1
    end
  end
  next_text = next_text + records
  for _ = 1, hashes do
    local key, ttl_ms, zeros, fields = KEYS[next_key], args[at], args[at + 1], args[at + 2]
    next_key, at = next_key + 1, at + 3
    if is_new then
      for done = 0, fields - 1, MAX_FIELDS do
        set_aside = set_aside + add_fields(key, ttl_ms, zeros, math.min(MAX_FIELDS, fields - done))
      end
    else
      for _ = 1, fields do at = at + args[at] + 1 end
      next_text = next_text + fields
    end
  end
  return is_new and 1 or 0, previous_exists, set_aside
end

local result = {}
while at <= #args do
  local n = #result
  result[n + 1], result[n + 2], result[n + 3] = append_batch()
end
return result
