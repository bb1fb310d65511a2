-- SPDX-License-Identifier: MIT
-- Dates and times by Django's format letters, as django.utils.dateformat.
local time = require "perilune.time"
local exceptions = require "perilune.exceptions"

local M = {}

--- format(value, "N j, Y")
M.format = time.format

--- The same for a time (or the time of a datetime): letters of dates are an error.
function M.time_format(value, format)
  local kind = time.kind(value)
  if kind ~= "time" and kind ~= "datetime" then
    error(exceptions.TypeError(("time_format expects a time or datetime, not %s"):format(kind or type(value))), 2)
  end
  local letter = ("\0" .. format):match("[^\\]([bcdDEFjlLmMnNorStUwWyYz])")
  if letter then
    error(exceptions.TypeError(("the format for a time may not contain the date letter '%s'; write '\\%s' for the letter itself"):format(letter, letter)), 2)
  end
  return time.format(value, format)
end

return M
