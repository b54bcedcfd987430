--- Removes a replica that stops.
--
-- KEYS[1..3]  see exchange-loads.lua
-- ARGV[1]     the replica
-- Returns     nothing
--
-- Atomic, because the replica's report and the sums must agree.

--@include loads

loads_forget(KEYS[1], KEYS[2], KEYS[3], ARGV[1])
