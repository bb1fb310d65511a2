-- SPDX-License-Identifier: MIT
---@meta perilune.time

---Dates, times and time zones. All values are immutable and equal by value (as table keys they are not).
---A zone is its name: `"Europe/Paris"`, `"UTC"`, `"+02:00"`; an unknown one raises `ValueError` with the nearest.
---@class perilune.time
---@field utc "UTC"
local time = {}

---@alias perilune.time.Zone string IANA name, "UTC" or an offset ("+02:00", "+0200")

---A day of the years 1 to 9999. `tostring` is ISO 8601. Supports `date ± timedelta`, `date - date`, comparison.
---@class perilune.time.date
---@field year integer
---@field month integer 1..12
---@field day integer 1..31
---@field weekday integer Monday 0 .. Sunday 6
---@field isoweekday integer Monday 1 .. Sunday 7
local date = {}

---The same with other fields: `d:replace{ day = 1 }`. Raises `ValueError` when there is no such date.
---@param fields { year?: integer, month?: integer, day?: integer }
---@return perilune.time.date
function date:replace(fields) end

---Year, week (1..53) and day (1..7) of ISO 8601.
---@return integer year
---@return integer week
---@return integer day
function date:isocalendar() end

---Days since 0001-01-01, which is 1.
---@return integer
function date:toordinal() end

---"2026-01-31"
---@return string
function date:isoformat() end

---By Python's directives (`"%Y-%m-%d"`); an unknown one raises `ValueError`. Also of times and datetimes.
---@param format string
---@return string
function date:strftime(format) end

---A time of day, to the microsecond. `tostring` is ISO 8601.
---@class perilune.time.time
---@field hour integer 0..23
---@field minute integer 0..59
---@field second integer 0..59
---@field microsecond integer 0..999999
local clock = {}

---The same with other fields.
---@param fields { hour?: integer, minute?: integer, second?: integer, microsecond?: integer }
---@return perilune.time.time
function clock:replace(fields) end

---"12:30:00[.ffffff]"
---@return string
function clock:isoformat() end

---@param format string
---@return string
function clock:strftime(format) end

---A date with a time, naive or (with `tz`) aware. Supports `± timedelta`, `datetime - datetime`, comparison;
---a naive and an aware one together raise `TypeError`. Within one zone arithmetic goes by its clock.
---@class perilune.time.datetime
---@field year integer
---@field month integer
---@field day integer
---@field hour integer
---@field minute integer
---@field second integer
---@field microsecond integer
---@field fold integer 1: the second of two equal times, when the clock is put back
---@field weekday integer Monday 0 .. Sunday 6
---@field isoweekday integer Monday 1 .. Sunday 7
---@field tz string? nil: naive
local datetime = {}

---@class perilune.time.DatetimeFields
---@field year? integer
---@field month? integer
---@field day? integer
---@field hour? integer 0
---@field minute? integer 0
---@field second? integer 0
---@field microsecond? integer 0
---@field tz? perilune.time.Zone|false false takes the zone away
---@field fold? integer 0

---The same instant on another clock (the default zone's). A naive one is taken to be in the default zone.
---@param tz? perilune.time.Zone
---@return perilune.time.datetime
function datetime:astimezone(tz) end

---The same with other fields; `tz` replaces the zone and leaves the clock reading.
---@param fields perilune.time.DatetimeFields
---@return perilune.time.datetime
function datetime:replace(fields) end

---@param format string
---@return string
function datetime:strftime(format) end

---"2026-01-31T12:00:00[.ffffff][+01:00]"
---@param separator? string one character, "T"
---@return string
function datetime:isoformat(separator) end

---@return perilune.time.date
function datetime:date() end

---@return perilune.time.time
function datetime:time() end

---Seconds since 1970-01-01 UTC. A naive one is taken to be in the default zone.
---@return number
function datetime:timestamp() end

---@return integer year
---@return integer week
---@return integer day
function datetime:isocalendar() end

---@return integer
function datetime:toordinal() end

---@return perilune.time.timedelta? nil when naive
function datetime:utcoffset() end

---"CEST", of offsets their name.
---@return string? nil when naive
function datetime:tzname() end

---Is it daylight saving time?
---@return boolean? nil when naive
function datetime:is_dst() end

---A span of time within ±999999999 days. Supports `+ - * / // %` with timedeltas and numbers, comparison.
---`tostring` is `[-]D HH:MM:SS[.ffffff]`.
---@class perilune.time.timedelta
---@field days integer
---@field seconds integer 0..86399
---@field microseconds integer 0..999999
local timedelta = {}

---@return number
function timedelta:total_seconds() end

---Raises `OverflowError` past 64 bits.
---@return integer
function timedelta:total_microseconds() end

---@return perilune.time.timedelta
function timedelta:abs() end

---"P1DT02H03M04[.000005]S"
---@return string
function timedelta:isoformat() end

---"1 day, 2:03:04": what a template prints.
---@return string
function timedelta:words() end

---The present, aware, in UTC.
---@return perilune.time.datetime
function time.now() end

---Today's date in the current zone.
---@return perilune.time.date
function time.today() end

---Seconds of a clock that nobody sets, for measuring.
---@return number
function time.monotonic() end

---Waits in the fiber: others run meanwhile. Raises `ValueError` for a negative number.
---@param seconds number
function time.sleep(seconds) end

---`time.date(2026, 1, 31)` or `time.date{ year = 2026, month = 1, day = 31 }`.
---@param year integer|{ year: integer, month: integer, day: integer }
---@param month? integer
---@param day? integer
---@return perilune.time.date
function time.date(year, month, day) end

---`time.time(12, 30)` or a table of fields; what is left out is 0.
---@param hour? integer|{ hour?: integer, minute?: integer, second?: integer, microsecond?: integer }
---@param minute? integer
---@param second? integer
---@param microsecond? integer
---@return perilune.time.time
function time.time(hour, minute, second, microsecond) end

---Numbers in order, then a table: `time.datetime(2026, 1, 31, 12, { tz = "UTC" })`. Raises `ValueError`, `TypeError`.
---@param year integer|perilune.time.DatetimeFields
---@param month? integer
---@param day? integer
---@param ... integer|perilune.time.DatetimeFields hour, minute, second, microsecond, fields
---@return perilune.time.datetime
function time.datetime(year, month, day, ...) end

---`time.timedelta{ days = 1, hours = 2.5 }`, or numbers in Python's order. Raises `OverflowError`.
---@param days? number|{ days?: number, seconds?: number, microseconds?: number, milliseconds?: number, minutes?: number, hours?: number, weeks?: number }
---@param ... number seconds, microseconds, milliseconds, minutes, hours, weeks
---@return perilune.time.timedelta
function time.timedelta(days, ...) end

---A datetime of a date and a time.
---@param day perilune.time.date
---@param at perilune.time.time
---@param tz? perilune.time.Zone
---@return perilune.time.datetime
function time.combine(day, at, tz) end

---An aware datetime of seconds since 1970-01-01 UTC. Raises `OverflowError`.
---@param seconds number
---@param tz? perilune.time.Zone the default zone
---@return perilune.time.datetime
function time.fromtimestamp(seconds, tz) end

---By Django's format letters: `time.format(d, "N j, Y")`. Raises `TypeError` when the value has not what a letter asks for.
---@param value perilune.time.date|perilune.time.time|perilune.time.datetime
---@param format string
---@return string
function time.format(value, format) end

---A text as a date, a datetime or a time, whichever it is. Raises `ValueError` for impossible values.
---@param text string
---@return perilune.time.date|perilune.time.datetime|perilune.time.time|nil
function time.parse(text) end

---"2026-01-31", "20260131", "2026-W05-6", "2026-1-31"
---@param text string
---@return perilune.time.date? nil when it has another form
function time.parse_date(text) end

---"12:30", "12:30:00.5", "123000"
---@param text string
---@return perilune.time.time?
function time.parse_time(text) end

---A date alone or with a time and a zone ("Z", "+01:00").
---@param text string
---@return perilune.time.datetime?
function time.parse_datetime(text) end

---"3 04:05:06.7", "P3DT4H", "3 days -04:05:06". Raises `OverflowError`.
---@param text string
---@return perilune.time.timedelta?
function time.parse_duration(text) end

---What a value is.
---@param value any
---@return "date"|"time"|"datetime"|"timedelta"|nil
function time.kind(value) end

---@param d perilune.time.datetime
---@return boolean
function time.is_aware(d) end

---@param d perilune.time.datetime
---@return boolean
function time.is_naive(d) end

---`settings.time_zone`
---@return string
function time.get_default_timezone() end

---What `activate` chose in this request, else the default.
---@return string
function time.get_current_timezone() end

---Its abbreviation now: "CET".
---@return string
function time.get_current_timezone_name() end

---@param offset integer|perilune.time.timedelta minutes east of UTC
---@return string
function time.get_fixed_timezone(offset) end

---The current zone of the rest of this request.
---@param tz perilune.time.Zone
function time.activate(tz) end

---Back to the default zone.
function time.deactivate() end

---Calls `fn(...)` with another current zone and gives its results.
---@param tz perilune.time.Zone? nil: the default
---@param fn function
---@param ... any
---@return any ...
function time.override(tz, fn, ...) end

---An aware datetime on the clock of a zone. Raises `ValueError` for a naive one.
---@param d? perilune.time.datetime now
---@param tz? perilune.time.Zone the current one
---@return perilune.time.datetime
function time.localtime(d, tz) end

---@param d? perilune.time.datetime now
---@param tz? perilune.time.Zone the current one
---@return perilune.time.date
function time.localdate(d, tz) end

---A naive datetime, given a zone. Raises `ValueError` for an aware one.
---@param d perilune.time.datetime
---@param tz? perilune.time.Zone the current one
---@return perilune.time.datetime
function time.make_aware(d, tz) end

---The clock reading of an aware datetime in a zone. Raises `ValueError` for a naive one.
---@param d perilune.time.datetime
---@param tz? perilune.time.Zone the current one
---@return perilune.time.datetime
function time.make_naive(d, tz) end

return time
