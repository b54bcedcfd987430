--- Adds to the counts of one bin, or starts them over.
--
-- KEYS[1]     a hash with the counts of all bins: `BIN:NAME`, and the edges of the bins
-- ARGV[1]     the bin
-- ARGV[2]     the expected epoch of the bin
-- ARGV[3]     "add", "checks" to forget the labels since certification, or "labels" to forget all and begin an epoch
-- ARGV[4]     time to live in ms
-- ARGV[5..]   for "add": names and amounts
-- Returns     epoch, labels, errors, checks, checkErrors, served; nothing if the bin has another epoch
--
-- Atomic, because a label of an epoch that has ended must not be counted in the next one.

local key, bin, action = KEYS[1], ARGV[1], ARGV[3]
local names = { 'epoch', 'labels', 'errors', 'checks', 'checkErrors', 'served' }
if (redis.call('HGET', key, bin .. ':epoch') or '0') ~= ARGV[2] then return false end
if action == 'add' then
  for n = 5, #ARGV, 2 do redis.call('HINCRBY', key, bin .. ':' .. ARGV[n], ARGV[n + 1]) end
else
  redis.call('HDEL', key, bin .. ':checks', bin .. ':checkErrors')
  if action == 'labels' then
    redis.call('HDEL', key, bin .. ':labels', bin .. ':errors', bin .. ':served')
    redis.call('HINCRBY', key, bin .. ':epoch', 1)
  end
end
redis.call('PEXPIRE', key, ARGV[4])
local fields = {}
for n = 1, #names do fields[n] = bin .. ':' .. names[n] end
local counts = redis.call('HMGET', key, unpack(fields))
for n = 1, #counts do counts[n] = tonumber(counts[n] or '0') end
return counts
