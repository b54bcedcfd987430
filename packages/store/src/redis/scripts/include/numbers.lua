-- The largest whole number that a double holds exactly: 2^53 - 1.
local MAX_WHOLE = 9007199254740991

-- Writes a whole number as a command's argument, and saturates: `%d` turns 2^63 into a negative number.
-- Redis itself writes a Lua number with all its digits after the point, which takes longer than most commands.
local function whole(number)
  if number > MAX_WHOLE then return '9007199254740991' end
  if number < -MAX_WHOLE then return '-9007199254740991' end
  return string.format('%d', number)
end

-- Reads a whole number from 0 to 2^53 - 1. Returns nil for anything else.
local function amount_of(value)
  local number = tonumber(value)
  if number and number >= 0 and number <= MAX_WHOLE and number % 1 == 0 then return number end
end

-- Reads a numeric argument, and ends the script with an error if it is not a number.
-- Redis does not roll back, so every argument is read before the first write.
local function checked(value) return amount_of(value) or error('amount out of range') end
