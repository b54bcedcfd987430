--- Adds a replica's counters to the sums of all replicas, and reads those.
--
-- KEYS[1]     whether this batch was added before
-- KEYS[2]     the totals: a hash of counters
-- KEYS[3]     the prefix of the recent counters; the bucket's number is appended, and the hash tag keeps it on this shard
-- ARGV[1]     a bucket's length in ms
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     how many of the pairs that follow are totals
-- ARGV[4..]   pairs of name and amount: totals first, then the recent ones
-- Returns     { totals, the current bucket, the one before }, each as name, amount, …; and how many amounts were set aside
--
-- Atomic, because a batch that is sent twice must count once, and the mark and the sums must not part.
-- An amount that cannot be added is set aside and counted, and everything else is added: an error after the mark would lose the rest.

--@include time
--@include numbers

local bucket_ms, total_count = checked(ARGV[1]), checked(ARGV[3])
local bucket = math.floor(now_us(ARGV[2]) / (bucket_ms * 1000))
local totals = KEYS[2]
local current = KEYS[3] .. ':' .. whole(bucket)
local before = KEYS[3] .. ':' .. whole(bucket - 1)
local set_aside = 0

local function add(key, name, value)
  local amount = amount_of(value)
  local sum = amount and redis.pcall('HINCRBY', key, name, whole(amount))
  if not amount or (type(sum) == 'table' and sum.err) then set_aside = set_aside + 1 end
end

if #ARGV > 3 and redis.call('SET', KEYS[1], '1', 'NX', 'EX', 600) then
  local last_total = 3 + total_count * 2
  for at = 4, last_total, 2 do add(totals, ARGV[at], ARGV[at + 1]) end
  if #ARGV > last_total then
    for at = last_total + 1, #ARGV, 2 do add(current, ARGV[at], ARGV[at + 1]) end
    redis.call('PEXPIRE', current, whole(bucket_ms * 2))
  end
end
return { redis.call('HGETALL', totals), redis.call('HGETALL', current), redis.call('HGETALL', before), set_aside }
