--- Appends an administrator's change to the journal, if there is an entry.
local function note(journal, change, keep)
  if change ~= '' then redis.call('XADD', journal, 'MAXLEN', '~', keep, '*', 'change', change) end
end
