-- SPDX-License-Identifier: MIT
-- Durations as text and number, as django.utils.duration.
local time = require "perilune.time"
local exceptions = require "perilune.exceptions"

local M = {}

local function check(d, name)
  if time.kind(d) ~= "timedelta" then
    error(exceptions.TypeError(("%s expects a timedelta, not %s"):format(name, time.kind(d) or type(d))), 3)
  end
  return d
end

--- "[-]D HH:MM:SS[.ffffff]"
function M.duration_string(d)
  return tostring(check(d, "duration_string"))
end

--- "P1DT02H03M04.000005S"
function M.duration_iso_string(d)
  return check(d, "duration_iso_string"):isoformat()
end

--- All of it in microseconds; OverflowError past 64 bits.
function M.duration_microseconds(d)
  return check(d, "duration_microseconds"):total_microseconds()
end

return M
