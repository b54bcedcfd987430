--- Appends a batch of audit records to the stream, and adds their amounts to the usage sums, once.
--
-- KEYS[1]     the mark of this batch
-- KEYS[2]     the stream
-- KEYS[3]     the mark of the same writer's previous batch; KEYS[1] if it is the first
-- KEYS[4..]   the sums of one day each
-- ARGV[1]     approximate number of records that the stream holds
-- ARGV[2]     number of records in the batch
-- ARGV[3..]   retention of the sums in ms, one per key, 0 for ever; the records, each a line of JSON; then three
--             values per amount: the index in KEYS, the field, the increment
-- Returns     { 1, or 0 if the batch was written before; 0 if the previous batch is lost, else 1; amounts set aside }
--
-- Atomic, because a batch that is sent again after a lost response must not be written twice, and because records and sums
-- belong
-- together. An amount that cannot be added is set aside and counted, and the rest is written: Redis does not roll back, so an
-- error after the mark would lose the rest of the batch.

--@include numbers

local mark, stream, mark_before = KEYS[1], KEYS[2], KEYS[3]
local keep, record_count = checked(ARGV[1]), checked(ARGV[2])
local sum_count = #KEYS - 3
local first_record = 3 + sum_count
local first_amount = first_record + record_count
local amounts, set_aside = {}, 0
for at = first_amount, #ARGV, 3 do
  local key, amount = KEYS[amount_of(ARGV[at]) or 0], amount_of(ARGV[at + 2])
  if key and amount then
    amounts[#amounts + 1] = { key = key, field = ARGV[at + 1], amount = whole(amount) }
  else
    set_aside = set_aside + 1
  end
end

local there = mark_before == mark and 1 or redis.call('STRLEN', mark_before)
if not redis.call('SET', mark, '1', 'NX', 'EX', 600) then return { 0, there, 0 } end
for at = first_record, first_amount - 1 do
  local added = redis.pcall('XADD', stream, 'MAXLEN', '~', whole(keep), '*', 'record', ARGV[at])
  if added.err then set_aside = set_aside + 1 end
end
for _, one in ipairs(amounts) do
  local sum = redis.pcall('HINCRBY', one.key, one.field, one.amount)
  if type(sum) == 'table' and sum.err then set_aside = set_aside + 1 end
end
for n = 1, sum_count do
  local ttl_ms = amount_of(ARGV[2 + n])
  if ttl_ms and ttl_ms > 0 then redis.call('PEXPIRE', KEYS[3 + n], whole(ttl_ms)) end
end
return { 1, there, set_aside }
