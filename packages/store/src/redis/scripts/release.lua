--- Releases slots of calls.
--
-- KEYS        two per slot: the sorted set of the slots, and the response to the call (see reserve.lua)
-- ARGV[1]     retention of the mark that the call was released, in ms
-- ARGV[2..n]  the call ids, one per slot
-- Returns     nothing
--
-- Atomic, because the slot and the mark belong together: without the mark, a reservation that is delayed in a hung server would
-- take a slot that no call releases. Idempotent.

local released_ttl_ms = ARGV[1]
for n = 1, #KEYS / 2 do
  local slots, call_answer, call_id = KEYS[n * 2 - 1], KEYS[n * 2], ARGV[n + 1]
  redis.call('ZREM', slots, call_id)
  redis.call('SET', call_answer, 'released', 'PX', released_ttl_ms)
end
