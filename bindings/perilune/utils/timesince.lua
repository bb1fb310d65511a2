-- SPDX-License-Identifier: MIT
-- How long ago, in years, months, weeks, days, hours and minutes: as
-- django.utils.timesince. Years and months are those of the calendar; what is left
-- after them is counted in seconds. Neighbouring units only ("1 year, 1 month", never
-- "1 year, 2 days"), at most `depth` of them.
local time = require "perilune.time"
local exceptions = require "perilune.exceptions"

local M = {}

local NAMES = { "year", "month", "week", "day", "hour", "minute" }
local SECONDS = { 604800, 86400, 3600, 60 } -- of the last four
local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }
local NBSP = "\u{a0}" -- a number and its unit stay on one line

local function plural(count, name)
  return count .. NBSP .. name .. (count == 1 and "" or "s")
end

local function as_datetime(value, name)
  local kind = time.kind(value)
  if kind == "date" then
    return time.datetime(value.year, value.month, value.day)
  elseif kind ~= "datetime" then
    error(exceptions.TypeError(("%s expects dates or datetimes, not %s"):format(name, kind or type(value))), 4)
  end
  return value
end

--- The present, on the clock of d: naive ones are in the default time zone.
local function present(d)
  local now = time.now()
  if d.tz then
    return now:astimezone(d.tz)
  end
  return time.make_naive(now, time.get_default_timezone())
end

--- Whole months from d to now.
local function months_between(d, now)
  local months = (now.year - d.year) * 12 + now.month - d.month
  if d.day > now.day or (d.day == now.day and d:time() > now:time()) then
    months = months - 1
  end
  return months
end

--- d moved on by whole years and months, to a day that every such month has.
local function pivot(d, years, months)
  if years == 0 and months == 0 then
    return d
  end
  local year, month = d.year + years, d.month + months
  if month > 12 then
    year, month = year + 1, month - 12
  end
  return d:replace {
    year = year, month = month, day = math.min(MONTH_DAYS[month], d.day), microsecond = 0, fold = 0,
  }
end

local function parts_between(d, now)
  local total = months_between(d, now)
  local parts = { total // 12, total % 12 }
  local left = (now - pivot(d, parts[1], parts[2])):total_seconds()
  for _, seconds in ipairs(SECONDS) do
    local count = math.floor(left / seconds)
    parts[#parts + 1] = count
    left = left - count * seconds
  end
  return parts
end

local function describe(d, now, depth)
  local delta = now - d
  if delta.days * 86400 + delta.seconds <= 0 then
    return plural(0, "minute")
  end
  local parts, words, i = parts_between(d, now), {}, 1
  while parts[i] == 0 do
    i = i + 1
  end
  while #words < depth and parts[i] and parts[i] ~= 0 do
    words[#words + 1] = plural(parts[i], NAMES[i])
    i = i + 1
  end
  return #words > 0 and table.concat(words, ", ") or plural(0, "minute")
end

local function run(d, now, opts, reversed, name)
  if type(now) == "table" and opts == nil then
    now, opts = nil, now
  end
  local depth = opts and opts.depth or 2
  if math.type(depth) ~= "integer" or depth <= 0 then
    error(exceptions.ValueError("depth must be greater than 0."), 3)
  end
  d = as_datetime(d, name)
  if now == nil then
    now = present(d)
  else
    now = as_datetime(now, name)
    if now.tz and d.tz then
      now = now:astimezone(d.tz)
    end
  end
  if reversed then
    d, now = now, d
  end
  return describe(d, now, depth)
end

--- timesince(d), timesince(d, now), timesince(d, now, { depth = 3 })
function M.timesince(d, now, opts)
  return run(d, now, opts, false, "timesince")
end

--- The time until d.
function M.timeuntil(d, now, opts)
  return run(d, now, opts, true, "timeuntil")
end

return M
