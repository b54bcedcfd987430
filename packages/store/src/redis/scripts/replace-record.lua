--- Puts a record of the registry in place of another one, or takes it away.
--
-- KEYS[1]     the records of its kind by name
-- KEYS[2]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the record as it was read; empty for none
-- ARGV[3]     the record as it shall be; empty for none
-- ARGV[4]     the channel on which replicas hear of it
-- ARGV[5]     what is written to the journal
-- ARGV[6]     how many entries the journal keeps, about
-- Returns     1, or 0 where the record is not any more what was read: read it again
--
-- Atomic, because of two administrators who change it at once the second must know of the first, and because no change may be without its
-- journal entry.

--@include journal

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
note(KEYS[2], ARGV[5], ARGV[6])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 1
