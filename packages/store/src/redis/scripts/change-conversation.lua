--- Creates a conversation, or changes one that is there.
--
-- KEYS[1]     the conversation: `head`, `next` (the position of the next item), and each item under its position
-- ARGV[1]     '1' to create it
-- ARGV[2]     time to live from now on, in ms
-- ARGV[3]     its head; empty to keep the current one
-- ARGV[4...]  items to add
-- Returns     1, or 0 if it does not exist
--
-- Atomic, because the items of one answer stay together if two answers end at once, and every key has a time to live.

if ARGV[1] ~= '1' and not redis.call('HGET', KEYS[1], 'head') then return 0 end
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'head', ARGV[3]) end
local count = #ARGV - 3
local first = redis.call('HINCRBY', KEYS[1], 'next', count) - count
for n = 1, count do
  redis.call('HSET', KEYS[1], string.format('%d', first + n - 1), ARGV[3 + n])
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
