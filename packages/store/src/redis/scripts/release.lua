--- Gives back the places that calls hold among the calls in flight.
--
-- KEYS        two a place: the sorted set, and what the call was answered (see reserve.lua)
-- ARGV[1]     how long the call id is remembered, in ms
-- ARGV[2..n]  the call ids, one a place
-- Returns     nothing
--
-- Atomic, because the slot and the mark that the call has ended belong together: without the mark, a reservation delayed in a
-- hung
-- server would take a slot that no call releases. Idempotent.

for n = 1, #KEYS, 2 do
  redis.call('ZREM', KEYS[n], ARGV[(n + 1) / 2 + 1])
  redis.call('SET', KEYS[n + 1], 'released', 'PX', ARGV[1])
end
