-- The largest whole number that a double holds exactly: 2^53 - 1.
local MAX_WHOLE = 9007199254740991

-- Formats a whole number as an argument of a command, and saturates: `%d` turns 2^63 into a negative number.
-- Redis formats a Lua number with 17 significant digits, which takes longer than most commands.
local function whole(number)
  if number > MAX_WHOLE then return '9007199254740991' end
  if number < -MAX_WHOLE then return '-9007199254740991' end
  return string.format('%d', number)
end

-- Converts to a whole number from 0 to 2^53 - 1. Returns nil for any other value.
local function amount_of(value)
  local number = tonumber(value)
  if number and number >= 0 and number <= MAX_WHOLE and number % 1 == 0 then return number end
end

-- Converts an argument to an amount, and raises an error for any other value.
-- Redis does not roll back, so that every argument is checked before the first write.
local function checked(value) return amount_of(value) or error('amount out of range') end
