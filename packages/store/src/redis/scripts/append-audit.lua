--- Appends a batch of audit records to the stream, and adds what their calls came to to the sums of usage, once.
--
-- KEYS[1]     whether this batch was written before
-- KEYS[2]     the stream
-- KEYS[3..]   the sums of a day each
-- ARGV[1]     how many records the stream keeps, about
-- ARGV[2]     how many records there are
-- ARGV[3..]   how long the sums are kept, in ms, one a key, 0 for ever; the records, each a line of JSON; then three an amount: which of KEYS, the field,
--             what is added
-- Returns     1, or 0 where the batch was written before
--
-- Atomic, because a batch that is sent again after a lost reply must not stand there twice, and because its records and its sums belong together.

if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', 600) then return 0 end
local first = 1 + #KEYS
local last = first + tonumber(ARGV[2]) - 1
for n = first, last do redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'record', ARGV[n]) end
for n = last + 1, #ARGV, 3 do redis.call('HINCRBY', KEYS[tonumber(ARGV[n])], ARGV[n + 1], ARGV[n + 2]) end
for n = 3, #KEYS do
  if ARGV[n] ~= '0' then redis.call('PEXPIRE', KEYS[n], ARGV[n]) end
end
return 1
