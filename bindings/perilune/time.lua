-- SPDX-License-Identifier: MIT
-- Dates, times and time zones. Values and formats are C (perilune._time); here is
-- what is made of them, as django.utils.timezone has it.
--
-- A zone is its name: "Europe/Paris", "UTC", "+02:00". The current zone is the one
-- that activate() or override() chose in this request (fiber), else settings.time_zone.
local core = require "perilune._time"
local exceptions = require "perilune.exceptions"

local M = {
  now = core.now,
  monotonic = core.monotonic,
  sleep = core.sleep,
  date = core.date,
  time = core.time,
  datetime = core.datetime,
  timedelta = core.timedelta,
  combine = core.combine,
  fromtimestamp = core.fromtimestamp,
  format = core.format,
  parse_date = core.parse_date,
  parse_time = core.parse_time,
  parse_datetime = core.parse_datetime,
  parse_duration = core.parse_duration,
  kind = core.kind,
  get_default_timezone = core.default_zone,
  get_current_timezone = core.current_zone,
  utc = "UTC",
  _set_clock = core.set_clock, -- fn() -> aware datetime; nil: the real clock
  _set_default_timezone = core.set_default, -- nil: what the settings say
}

local kind = core.kind

local function check_datetime(d, name)
  if kind(d) ~= "datetime" then
    error(exceptions.TypeError(("%s expects a datetime, not %s"):format(name, kind(d) or type(d))), 3)
  end
end

function M.is_aware(d)
  check_datetime(d, "is_aware")
  return d.tz ~= nil
end

function M.is_naive(d)
  check_datetime(d, "is_naive")
  return d.tz == nil
end

--- Text as whatever it is: a date, a datetime or a time; nil when it is none of them.
function M.parse(text)
  return M.parse_date(text) or M.parse_datetime(text) or M.parse_time(text)
end

-- ---- the current zone ----

--- Zone of the rest of this request; nil: back to the default.
function M.activate(tz)
  if tz == nil then
    error(exceptions.TypeError("activate expects a time zone; deactivate() takes it back"), 2)
  end
  core.activate(tz)
end

function M.deactivate()
  core.activate(nil)
end

--- Calls fn(...) with another current zone (nil: the default) and gives its results.
function M.override(tz, fn, ...)
  local before = core.active()
  core.activate(tz)
  local _ <close> = setmetatable({}, { __close = function()
    core.activate(before)
  end })
  return fn(...)
end

-- ---- between naive and aware ----

--- An aware datetime (now, when left out) on the clock of tz (the current zone).
function M.localtime(d, tz)
  d = d or core.now()
  check_datetime(d, "localtime")
  if not d.tz then
    error(exceptions.ValueError("localtime() cannot be applied to a naive datetime"), 2)
  end
  return d:astimezone(tz or core.current_zone())
end

function M.localdate(d, tz)
  return M.localtime(d, tz):date()
end

--- Today's date in the current zone.
function M.today()
  return core.now():astimezone(core.current_zone()):date()
end

--- The same clock reading in tz (the current zone). Where that clock shows it twice
--- the first is meant; replace{ fold = 1 } beforehand means the second.
function M.make_aware(d, tz)
  check_datetime(d, "make_aware")
  if d.tz then
    error(exceptions.ValueError(("make_aware expects a naive datetime, got %s"):format(d)), 2)
  end
  return d:replace { tz = tz or core.current_zone() }
end

--- The clock reading in tz (the current zone), without a zone.
function M.make_naive(d, tz)
  check_datetime(d, "make_naive")
  if not d.tz then
    error(exceptions.ValueError("make_naive() cannot be applied to a naive datetime"), 2)
  end
  return d:astimezone(tz or core.current_zone()):replace { tz = false }
end

--- The zone of an offset: minutes east of UTC, or a timedelta.
function M.get_fixed_timezone(offset)
  if kind(offset) == "timedelta" then
    offset = offset // core.timedelta { minutes = 1 }
  end
  if math.type(offset) ~= "integer" then
    error(exceptions.TypeError("get_fixed_timezone expects minutes or a timedelta"), 2)
  end
  local minutes = math.abs(offset)
  return core.zone(("%s%02d%02d"):format(offset < 0 and "-" or "+", minutes // 60, minutes % 60))
end

--- Abbreviation of the current zone ("CEST") now.
function M.get_current_timezone_name()
  return M.localtime():tzname()
end

return M
