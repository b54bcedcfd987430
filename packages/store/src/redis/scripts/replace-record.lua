--- Replaces or deletes a record of the registry.
--
-- KEYS[1]     the records of its kind by name
-- KEYS[2]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the record as it was read; empty if it did not exist
-- ARGV[3]     the new record; empty to delete it
-- ARGV[4]     the channel of changes
-- ARGV[5]     the journal entry
-- ARGV[6]     approximate number of journal entries
-- Returns     1, or 0 if the record has changed since it was read: read it again
--
-- Atomic, because the second of two concurrent administrators must see the first one's change, and because every change has its
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
