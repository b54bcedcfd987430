--- Adds a replica's counters to the sums of all replicas, once, and returns those sums.
--
-- KEYS[1]     the mark of this batch
-- KEYS[2]     the totals: a hash of counters
-- KEYS[3]     prefix of the recent counters: the number of a bucket is appended, and the hash tag keeps all on one shard
-- ARGV[1]     length of a bucket in ms
-- ARGV[2]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[3]     number of totals
-- ARGV[4..]   pairs of name and amount: first the totals, then the recent counters
-- Returns     { totals, recent counters of this bucket, of the bucket before; number of amounts set aside }; each list of
--             counters is name, amount, …
--
-- Atomic, because a batch that is sent again after a lost response must count once: its mark and its sums belong together.
-- An amount that cannot be added is set aside and counted, and the rest is added: Redis does not roll back, so an error after
-- the mark would lose the rest of the batch.

--@include time
--@include numbers

local MARK_TTL_S = 600

local mark, totals, recent = KEYS[1], KEYS[2], KEYS[3]
local bucket_ms, now, total_count = checked(ARGV[1]), now_us(ARGV[2]), checked(ARGV[3])
local first_total = 4
local first_recent = first_total + total_count * 2
local bucket = math.floor(now / (bucket_ms * 1000))
local current = recent .. ':' .. whole(bucket)
local before = recent .. ':' .. whole(bucket - 1)
local set_aside = 0

local function add(key, name, value)
  local amount = amount_of(value)
  local sum = amount and redis.pcall('HINCRBY', key, name, whole(amount))
  if not amount or (type(sum) == 'table' and sum.err) then set_aside = set_aside + 1 end
end

if #ARGV >= first_total and redis.call('SET', mark, '1', 'NX', 'EX', MARK_TTL_S) then
  for at = first_total, first_recent - 1, 2 do add(totals, ARGV[at], ARGV[at + 1]) end
  for at = first_recent, #ARGV, 2 do add(current, ARGV[at], ARGV[at + 1]) end
  if #ARGV >= first_recent then redis.call('PEXPIRE', current, whole(bucket_ms * 2)) end
end
return { redis.call('HGETALL', totals), redis.call('HGETALL', current), redis.call('HGETALL', before), set_aside }
