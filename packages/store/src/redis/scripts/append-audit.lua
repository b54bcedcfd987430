--- Appends a batch of audit records to the stream, once.
--
-- KEYS[1]     whether this batch was written before
-- KEYS[2]     the stream
-- ARGV[1]     how many records the stream keeps, about
-- ARGV[2..n]  the records, each a line of JSON
-- Returns     how many were written
--
-- Atomic, because a batch that is sent again after a lost reply must not stand there twice.

if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', 600) then return 0 end
for n = 2, #ARGV do redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[1], '*', 'record', ARGV[n]) end
return #ARGV - 1
