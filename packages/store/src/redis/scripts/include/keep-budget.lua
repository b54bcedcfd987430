-- Keeps the hash of a subject until one day after the period of a budget, so that late settlements find the budget. Without an
-- end of the period, the hash does not expire.
local function keep_budget(key, ends_at_ms, now_ms)
  local expires, marked_until = string.match(redis.call('HGET', key, 'x') or '', '^(%-?%d+),(%d+)$')
  if expires == '-1' then return end
  local until_ms = ends_at_ms > 0 and math.max(now_ms + 60000, ends_at_ms + 86400000) or -1
  if until_ms > 0 and tonumber(expires) and tonumber(expires) >= until_ms then return end
  redis.call('HSET', key, 'x', whole(until_ms) .. ',' .. (marked_until or 0))
  if until_ms > 0 then
    redis.call('PEXPIRE', key, whole(until_ms - now_ms))
  else
    redis.call('PERSIST', key)
  end
end
