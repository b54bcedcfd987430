-- Calls in flight at targets: a sorted set of the replicas by their last report in ms; a hash per replica with its report ("f
-- TARGET": in flight, "w TARGET": waiting, "p TARGET": its permits); and the sums over all replicas.

-- Subtracts a replica's report from the sums.
local function loads_forget(last_reports, sums, prefix, replica)
  local report = redis.call('HGETALL', prefix .. replica)
  for at = 1, #report, 2 do
    if redis.call('HINCRBY', sums, report[at], -tonumber(report[at + 1])) == 0 then redis.call('HDEL', sums, report[at]) end
  end
  redis.call('DEL', prefix .. replica)
  redis.call('ZREM', last_reports, replica)
end
