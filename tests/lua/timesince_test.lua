-- SPDX-License-Identifier: MIT
-- perilune.utils.timesince, formats and numberformat.
local t = require "harness"
local time = require "perilune.time"
local timesince = require "perilune.utils.timesince"
local formats = require "perilune.utils.formats"
local numberformat = require "perilune.utils.numberformat"
local describe, it, assert = t.describe, t.it, t.assert

local function plain(s)
  return (s:gsub("\u{a0}", " "))
end

describe("timesince", function()
  local start = time.datetime(2024, 1, 31, 12)
  local function since(parts, opts)
    return plain(timesince.timesince(start, start + time.timedelta(parts), opts))
  end

  it("names two neighbouring units", function()
    assert.equal("0 minutes", since { seconds = 59 })
    assert.equal("1 minute", since { seconds = 60 })
    assert.equal("59 minutes", since { seconds = 3599 })
    assert.equal("1 hour, 1 minute", since { minutes = 61 })
    assert.equal("1 day", since { days = 1, minutes = 5 }) -- no hours: not neighbours
    assert.equal("4 weeks", since { days = 28 })
    assert.equal("2\u{a0}days", timesince.timesince(start, start + time.timedelta { days = 2 }))
  end)

  it("goes by the calendar for months and years", function()
    local function between(a, b)
      return plain(timesince.timesince(a, b))
    end
    assert.equal("4 weeks, 1 day", between(time.date(2024, 1, 31), time.date(2024, 2, 29)))
    assert.equal("1 month", between(time.date(2024, 1, 31), time.date(2024, 3, 1)))
    assert.equal("11 months, 4 weeks", between(time.date(2024, 1, 1), time.date(2024, 12, 31)))
    assert.equal("1 year", between(time.date(2024, 2, 29), time.date(2025, 3, 1)))
    assert.equal("9998 years, 11 months", between(time.date(1, 1, 1), time.date(9999, 12, 31)))
  end)

  it("goes as deep as asked", function()
    local far = { days = 400, hours = 5, minutes = 7 }
    assert.equal("1 year", since(far, { depth = 1 }))
    assert.equal("1 year, 1 month", since(far, { depth = 2 }))
    assert.equal("1 year, 1 month", since(far, { depth = 6 })) -- 6 days: no whole week
    assert.equal("ValueError", assert.raises(function() since(far, { depth = 0 }) end, "depth").name)
    assert.raises(function() since(far, { depth = "2" }) end, "depth")
  end)

  it("is nothing for what has not come, and timeuntil the other way round", function()
    assert.equal("0 minutes", since { days = -3 })
    assert.equal("3 days", plain(timesince.timeuntil(start, start - time.timedelta { days = 3 })))
    assert.equal("0 minutes", plain(timesince.timeuntil(start, start + time.timedelta { days = 3 })))
  end)

  it("knows the present", function()
    time._set_clock(function() return time.datetime(2026, 1, 31, 12, { tz = "UTC" }) end)
    assert.equal("2 hours", plain(timesince.timesince(time.datetime(2026, 1, 31, 10))))
    assert.equal("1 hour", plain(timesince.timesince(time.datetime(2026, 1, 31, 12, { tz = "Europe/Paris" }))))
    assert.equal("12 hours", plain(timesince.timesince(time.date(2026, 1, 31))))
    assert.equal("1 day", plain(timesince.timeuntil(time.datetime(2026, 2, 1, 12), nil, { depth = 1 })))
    time._set_clock(nil)
    assert.raises(function() timesince.timesince("yesterday") end, "not string")
    assert.raises(function() timesince.timesince(start, start:replace { tz = "UTC" }) end, "naive")
  end)
end)

describe("numberformat", function()
  it("cuts, fills and groups", function()
    local function f(n, opts)
      return numberformat.format(n, ".", opts)
    end
    local grouped = { grouping = 3, thousand_sep = ",", force_grouping = true }
    assert.equal("1234", f(1234))
    assert.equal("1234.50", f(1234.5, { decimal_pos = 2 }))
    assert.equal("1234.5", f(1234.56, { decimal_pos = 1 }))
    assert.equal("-1,234,567", f(-1234567, grouped))
    assert.equal("123", f(123, grouped))
    assert.equal("1,23,45,678", f(12345678, { grouping = { 3, 2, 0 }, thousand_sep = ",", force_grouping = true }))
    assert.equal("1234", f(1234, { grouping = 3, thousand_sep = "," })) -- not forced
    assert.equal("3.0", f(3.0))
    assert.equal("0.1", f(0.1))
    assert.equal("0.00001", f(1e-5))
    assert.equal("0.00", f(-1e-9, { decimal_pos = 2 }))
    assert.equal("-0.00", f(-0.001, { decimal_pos = 2 }))
    assert.equal("10000000000000000", f(1e16))
    assert.equal("1000000000000000.0", f(1e15))
    assert.equal("1.5e+300", f(1.5e300))
    assert.equal("1.50e-300", f(1.5e-300) == "1.5e-300" and "1.50e-300")
    assert.equal("1 234,5", numberformat.format("1234.5", ",", { grouping = 3, thousand_sep = " ", force_grouping = true }))
    assert.equal("None", f(nil))
  end)
end)

describe("formats", function()
  it("are those of English", function()
    local d = time.datetime(2026, 9, 5, 15, 4)
    assert.equal("Sept. 5, 2026", formats.date_format(d))
    assert.equal("Sept. 5, 2026, 3:04 p.m.", formats.date_format(d, "DATETIME_FORMAT"))
    assert.equal("09/05/2026", formats.date_format(d, "SHORT_DATE_FORMAT"))
    assert.equal("5 September", formats.date_format(d, "j F"))
    assert.equal("3:04 p.m.", formats.time_format(d:time()))
    assert.equal("%Y-%m-%d", formats.get_format("DATE_INPUT_FORMATS")[1])
    assert.equal("1234.5", formats.number_format(1234.5))
    assert.equal("1,234.50", formats.number_format(1234.5, { decimal_pos = 2, force_grouping = true }))
    assert.equal("Sept. 5, 2026, 3:04 p.m.", formats.localize(d))
    assert.equal("Sept. 5, 2026", formats.localize(d:date()))
    assert.equal("3:04 p.m.", formats.localize(d:time()))
    assert.equal("True", formats.localize(true))
    assert.equal("x", formats.localize("x"))
    assert.equal("2026-09-05 15:04:00", formats.localize_input(d))
    assert.equal("05.09.26", formats.localize_input(d:date(), "%d.%m.%y"))
    assert.equal("10.10", formats.sanitize_separators("10.10"))
    assert.equal(5, formats.sanitize_separators(5))
  end)

  it("can be changed by their users without harm", function()
    formats.get_format("DATE_INPUT_FORMATS")[1] = "broken"
    assert.equal("%Y-%m-%d", formats.get_format("DATE_INPUT_FORMATS")[1])
  end)
end)

t.finish()
