-- SPDX-License-Identifier: MIT
-- Time that stands still: for perilune.time, signatures and Lua's own os.time and os.date.
-- Waits, deadlines and the lifetimes of caches go on.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local scope = require "perilune._test.scope"
local testing = require "perilune._testing"
local time = require "perilune.time"

local M = {}

local real_time, real_date = os.time, os.date
local frozen -- seconds since 1970

local function show(seconds)
  frozen = seconds
  testing.freeze(seconds)
  if not seconds then
    rawset(os, "time", real_time)
    rawset(os, "date", real_date)
    return
  end
  rawset(os, "time", function(t)
    return t == nil and frozen // 1 | 0 or real_time(t)
  end)
  rawset(os, "date", function(format, t)
    return real_date(format, t or frozen // 1 | 0)
  end)
end

-- A datetime, a date, a text or seconds since 1970.
local function seconds_of(t)
  if type(t) == "number" then
    return t
  end
  local given = t
  if type(t) == "string" then
    t = time.parse(t)
  end
  local kind = time.kind(t)
  if kind == "date" then
    t = time.datetime(t.year, t.month, t.day)
    kind = "datetime"
  end
  if kind ~= "datetime" then
    error(exceptions.TypeError(("test.freeze_time(moment): a datetime, a date, a text like \"2026-01-31 12:00\" or seconds since 1970, not %s"):format(tostring(given))), 3)
  end
  if time.is_naive(t) then
    t = time.make_aware(t)
  end
  return t:timestamp()
end

local Clock = {}
Clock.__index = Clock

--- Goes on by seconds or a timedelta.
function Clock.tick(_, by) -- luacheck: ignore
  if not frozen then
    error(exceptions.RuntimeError "the clock runs: the test or function that froze it has ended", 2)
  end
  by = by == nil and 1 or type(by) == "number" and by or by:total_seconds()
  show(frozen + by)
end

--- Goes to a moment.
function Clock.move_to(_, t)
  show(seconds_of(t))
end

--- The clock shows `t` while fn(clock) runs; without fn, until the test ends. Gives what fn
--- gives, or the clock: clock:tick(seconds), clock:move_to(moment).
function M.freeze_time(t, fn, ...)
  local before = frozen
  show(seconds_of(t))
  local clock = setmetatable({}, Clock)
  if fn == nil then
    if not scope.defer(function() show(before) end) then
      show(before)
      error(exceptions.TypeError "test.freeze_time(moment) without a function stands inside of a test", 2)
    end
    return clock
  end
  local result = table.pack(core.call(fn, clock, ...))
  show(before)
  if not result[1] then
    error(result[2], 0)
  end
  return table.unpack(result, 2, result.n)
end

return M
