--- Gives the API key of a name another secret, and the old one an end.
--
-- KEYS[1]     the records by hash of the secret
-- KEYS[2]     the hashes by name
-- KEYS[3]     the journal
-- ARGV[1]     the name
-- ARGV[2]     the hash of the old secret
-- ARGV[3]     its record as it was read
-- ARGV[4]     its new record
-- ARGV[5]     the hash of the new secret
-- ARGV[6]     its record
-- ARGV[7]     the channel of changes
-- ARGV[8]     the journal entry, if any
-- ARGV[9]     approximate number of journal entries
-- Returns     1, or 0 if the key has changed since it was read: read it again
--
-- Atomic, because a key that is revoked or rotated meanwhile must not return to its earlier state.

--@include journal

if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4], ARGV[5], ARGV[6])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[5])
note(KEYS[3], ARGV[8], ARGV[9])
redis.call('PUBLISH', ARGV[7], ARGV[2])
redis.call('PUBLISH', ARGV[7], ARGV[5])
return 1
