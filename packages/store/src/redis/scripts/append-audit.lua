--- Appends a batch of audit records to the stream, and adds its amounts to the usage sums, once.
--
-- KEYS[1]     the mark of this batch
-- KEYS[2]     the stream of records
-- KEYS[3]     the mark of the same writer's previous batch; KEYS[1] if this is the first batch
-- KEYS[4..]   hashes of sums, one per day and table
-- ARGV[1]     approximate maximum number of records in the stream
-- ARGV[2]     number of records in the batch
-- ARGV[3..]   retention in ms, one per hash of sums, 0 for ever; then the records, each a line of JSON; then three values per
--             amount: the index of its hash in KEYS, the field, the increment
-- Returns     { 1, or 0 if the batch was written before; 1, or 0 if the previous batch is lost; number of amounts set aside }
--
-- Atomic, because a batch that is sent again after a lost response must not be written twice, and because records and sums belong
-- together. An amount that cannot be added is set aside and counted, and the rest is written: Redis does not roll back, so an
-- error after the mark would lose the rest of the batch.

--@include numbers

local MARK_TTL_S = 600

local mark, stream, previous_mark = KEYS[1], KEYS[2], KEYS[3]
local max_records, record_count = checked(ARGV[1]), checked(ARGV[2])
local sum_count = #KEYS - 3
local first_record = 3 + sum_count
local first_amount = first_record + record_count

local amounts, set_aside = {}, 0
for at = first_amount, #ARGV, 3 do
  local key_index, field, increment = amount_of(ARGV[at]), ARGV[at + 1], amount_of(ARGV[at + 2])
  local key = KEYS[key_index or 0]
  if key and increment then
    amounts[#amounts + 1] = { key = key, field = field, increment = whole(increment) }
  else
    set_aside = set_aside + 1
  end
end

local previous_exists = previous_mark == mark and 1 or redis.call('STRLEN', previous_mark)
if not redis.call('SET', mark, '1', 'NX', 'EX', MARK_TTL_S) then return { 0, previous_exists, 0 } end

for at = first_record, first_amount - 1 do
  local record = ARGV[at]
  local added = redis.pcall('XADD', stream, 'MAXLEN', '~', whole(max_records), '*', 'record', record)
  if added.err then set_aside = set_aside + 1 end
end
for _, amount in ipairs(amounts) do
  local sum = redis.pcall('HINCRBY', amount.key, amount.field, amount.increment)
  if type(sum) == 'table' and sum.err then set_aside = set_aside + 1 end
end
for n = 1, sum_count do
  local key, ttl_ms = KEYS[3 + n], amount_of(ARGV[2 + n])
  if ttl_ms and ttl_ms > 0 then redis.call('PEXPIRE', key, whole(ttl_ms)) end
end
return { 1, previous_exists, set_aside }
