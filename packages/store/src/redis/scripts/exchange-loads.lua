--- Takes a replica's report of its targets, and returns its permits and the load and speed of the targets.
--
-- KEYS[1]     the replicas (see include/loads.lua)
-- KEYS[2]     the sums
-- KEYS[3]     the prefix of each replica's report; the replica is appended, and the hash tag keeps it on this shard
-- KEYS[4]     speeds: "first TARGET", "token TARGET" and "whole TARGET" in microseconds, "at TARGET" in ms
-- ARGV[1]     now in microseconds for a test, else empty: the store's own clock
-- ARGV[2]     ms without a report after which a replica is considered dead
-- ARGV[3]     ms after which the weight of a measurement is one third
-- ARGV[4]     the replica
-- ARGV[5..]   seven per target: name, in flight, waiting, limit or -1, and the means of first, token and whole in
--             microseconds, or empty
-- Returns     number of replicas; then six per target: in flight over all replicas, permits or -1, first, token and
--             whole in microseconds or empty, ms since they were measured or empty
-- Raises      "amount out of range" (see include/numbers.lua); nothing was written then
--
-- Atomic, because permits that one replica returns must not be given to two others.

--@include time
--@include numbers
--@include loads

local now = math.floor(now_us(ARGV[1]) / 1000)
local lease, decay, replica = checked(ARGV[2]), checked(ARGV[3]), ARGV[4]
local own = KEYS[3] .. replica
-- every figure is read before the first write: Redis rolls nothing back
for at = 5, #ARGV, 7 do
  checked(ARGV[at + 1])
  checked(ARGV[at + 2])
  checked(ARGV[at + 3] == '-1' and 0 or ARGV[at + 3])
  for n = 4, 6 do checked(ARGV[at + n] == '' and 0 or ARGV[at + n]) end
end

local newest = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if newest[2] and now - tonumber(newest[2]) > lease then
  -- without any recent report, the store was unavailable
  for _, name in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZADD', KEYS[1], now, name) end
else
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. (now - lease))) do
    if name ~= replica then loads_forget(KEYS[1], KEYS[2], KEYS[3], name) end
  end
end
redis.call('ZADD', KEYS[1], now, replica)
local replicas = redis.call('ZCARD', KEYS[1])

-- Returns one figure of a target: this replica's previous report, and the reports of the others.
local function known(kind, target)
  local mine = tonumber(redis.call('HGET', own, kind .. target)) or 0
  return mine, (tonumber(redis.call('HGET', KEYS[2], kind .. target)) or 0) - mine
end

local function report(kind, target, before, amount)
  if amount == before then return end
  if amount == 0 then redis.call('HDEL', own, kind .. target) else redis.call('HSET', own, kind .. target, amount) end
  if redis.call('HINCRBY', KEYS[2], kind .. target, amount - before) == 0 then redis.call('HDEL', KEYS[2], kind .. target) end
end

local answer = { tostring(replicas) }
for at = 5, #ARGV, 7 do
  local target, in_flight, waiting, limit = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local flying, others_flying = known('f ', target)
  local waited, others_waiting = known('w ', target)
  local permits = -1
  if limit >= 0 then
    local had, others_have = known('p ', target)
    local free = limit - others_have
    local fair = math.ceil(limit / replicas)
    local wanted = math.max(in_flight + waiting, others_waiting > 0 and 1 or fair)
    local share = math.min(wanted, math.max(fair, limit - others_flying - others_waiting), free)
    permits = math.max(math.min(in_flight, math.max(had, free)), share, 0)
    report('p ', target, had, permits)
  else
    report('p ', target, known('p ', target), 0) -- the limit was removed
  end
  report('f ', target, flying, in_flight)
  report('w ', target, waited, waiting)

  local before = redis.call('HMGET', KEYS[4], 'first ' .. target, 'token ' .. target, 'whole ' .. target, 'at ' .. target)
  local measured_at = tonumber(before[4])
  local weight = 1 - math.exp(-(now - (measured_at or now)) / decay)
  for n, name in ipairs({ 'first ', 'token ', 'whole ' }) do
    local mean, moved = tonumber(ARGV[at + 3 + n]), tonumber(before[n])
    if mean then
      if moved and mean < moved then moved = moved + (mean - moved) * weight else moved = mean end
      before[n] = string.format('%.0f', moved)
      measured_at = now
      redis.call('HSET', KEYS[4], name .. target, before[n], 'at ' .. target, now)
    end
  end
  answer[#answer + 1] = tostring(in_flight + others_flying)
  answer[#answer + 1] = tostring(permits)
  for n = 1, 3 do answer[#answer + 1] = before[n] or '' end
  answer[#answer + 1] = measured_at and tostring(now - measured_at) or ''
end
redis.call('PEXPIRE', KEYS[2], 86400000)
redis.call('PEXPIRE', own, 86400000)
redis.call('PEXPIRE', KEYS[4], 86400000)
return answer
