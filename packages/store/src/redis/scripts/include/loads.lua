-- What replicas have under way at targets: a sorted set of the replicas by when they were heard of last, in ms; a hash for each with what it told
-- ("f TARGET": under way, "w TARGET": waiting, "p TARGET": places that it has); and the sums of these over all of them.

-- Takes what a replica has told out of the sums.
local function loads_forget(heard, sums, prefix, replica)
  local told = redis.call('HGETALL', prefix .. replica)
  for at = 1, #told, 2 do
    if redis.call('HINCRBY', sums, told[at], -tonumber(told[at + 1])) == 0 then redis.call('HDEL', sums, told[at]) end
  end
  redis.call('DEL', prefix .. replica)
  redis.call('ZREM', heard, replica)
end
