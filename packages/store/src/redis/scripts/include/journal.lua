--- Writes what an administrator changed to the journal, where anything is to be written.
local function note(journal, change, keep)
  if change ~= '' then redis.call('XADD', journal, 'MAXLEN', '~', keep, '*', 'change', change) end
end
