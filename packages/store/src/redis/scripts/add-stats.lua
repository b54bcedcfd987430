--- Adds a replica's counters to the sums of all replicas, and reads those.
--
-- KEYS[1]     whether this batch was added before
-- KEYS[2]     the totals: a hash of counters
-- KEYS[3]     the prefix of the recent counters; the bucket's number is appended, and the hash tag keeps it on this shard
-- ARGV[1]     a bucket's length in ms
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     how many of the pairs that follow are totals
-- ARGV[4..]   pairs of name and amount: totals first, then the recent ones
-- Returns     { totals, the current bucket, the one before }, each as name, amount, …
--
-- Atomic, because a batch that is sent twice must count once, and the mark and the sums must not part.

--@include time

local bucket = math.floor(now_us(ARGV[2]) / (tonumber(ARGV[1]) * 1000))
local current = KEYS[3] .. ':' .. bucket
local before = KEYS[3] .. ':' .. (bucket - 1)
if #ARGV > 3 and redis.call('SET', KEYS[1], '1', 'NX', 'EX', 600) then
  local totals = 3 + tonumber(ARGV[3]) * 2
  for at = 4, totals, 2 do redis.call('HINCRBY', KEYS[2], ARGV[at], ARGV[at + 1]) end
  if #ARGV > totals then
    for at = totals + 1, #ARGV, 2 do redis.call('HINCRBY', current, ARGV[at], ARGV[at + 1]) end
    redis.call('PEXPIRE', current, tonumber(ARGV[1]) * 2)
  end
end
return { redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', current), redis.call('HGETALL', before) }
