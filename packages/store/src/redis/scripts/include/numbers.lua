-- A whole number as a command's argument. Redis writes a number of Lua's with all its digits after the point, which takes longer than most commands.
local function whole(number) return string.format('%d', number) end
