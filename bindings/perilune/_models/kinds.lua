-- SPDX-License-Identifier: MIT
-- Which of perilune.time's values something is.
local M = {}

local function test(name)
  name = "perilune.time." .. name
  return function(value)
    return type(value) == "userdata" and getmetatable(value) == name
  end
end

M.is_date = test "date"
M.is_time = test "time"
M.is_datetime = test "datetime"
M.is_timedelta = test "timedelta"

return M
