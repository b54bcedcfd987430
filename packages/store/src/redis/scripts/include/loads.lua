-- Calls in flight at targets: a sorted set of the replicas by their last report in ms; a hash per replica with its report ("f
-- TARGET": in
-- flight, "w TARGET": waiting, "p TARGET": its permits); and the sums over all replicas.

-- Subtracts a replica's report from the sums.
local function loads_forget(heard, sums, prefix, replica)
  local told = redis.call('HGETALL', prefix .. replica)
  for at = 1, #told, 2 do
    if redis.call('HINCRBY', sums, told[at], -tonumber(told[at + 1])) == 0 then redis.call('HDEL', sums, told[at]) end
  end
  redis.call('DEL', prefix .. replica)
  redis.call('ZREM', heard, replica)
end
