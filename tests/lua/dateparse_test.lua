-- SPDX-License-Identifier: MIT
-- perilune.utils.dateparse, duration and dateformat: the forms themselves are tested
-- in tests/unit/test_dateformat.c; here is what Lua gets.
local t = require "harness"
local time = require "perilune.time"
local dateparse = require "perilune.utils.dateparse"
local dateformat = require "perilune.utils.dateformat"
local duration = require "perilune.utils.duration"
local exceptions = require "perilune.exceptions"
local describe, it, assert = t.describe, t.it, t.assert

describe("dateparse", function()
  it("gives values", function()
    assert.equal(time.date(2026, 1, 31), dateparse.parse_date("2026-1-31"))
    assert.equal(time.time(12, 30, 0, 500000), dateparse.parse_time("12:30:00.5"))
    local d = dateparse.parse_datetime("2026-01-31 12:30 +0130")
    assert.equal("2026-01-31T12:30:00+01:30", tostring(d))
    assert.equal("+0130", d:tzname())
    assert.equal("+0130", d.tz)
    assert.equal("UTC-02:00", dateparse.parse_datetime("2026-01-31T12:30-02:00"):tzname())
    assert.equal("UTC", dateparse.parse_datetime("2026-01-31T12:30Z").tz)
    assert.equal(time.timedelta { days = 3, hours = -4 }, dateparse.parse_duration("3 days -04:00:00"))
  end)

  it("gives nil for other texts, and raises for impossible values", function()
    for _, name in ipairs { "parse_date", "parse_time", "parse_datetime", "parse_duration" } do
      assert.is_nil(dateparse[name]("never"))
      assert.is_nil(dateparse[name]("2026-01-31\0"))
      assert.raises(function() dateparse[name]({}) end, "string expected")
    end
    assert.is_true(assert.raises(function() dateparse.parse_date("2026-02-30") end):is("ValueError"))
    assert.is_true(assert.raises(function() dateparse.parse_time("25:00") end, "hour"):is("ValueError"))
    assert.is_true(assert.raises(function() dateparse.parse_datetime("2026-13-01T00:00") end, "month"):is("ValueError"))
    assert.is_true(assert.raises(function() dateparse.parse_duration("9999999999 0:0:0") end):is("OverflowError"))
  end)
end)

describe("duration", function()
  it("gives text and numbers", function()
    local d = time.timedelta { days = -1, hours = 1, microseconds = 5 }
    assert.equal("-1 01:00:00.000005", duration.duration_string(d))
    assert.equal("-P0DT22H59M59.999995S", duration.duration_iso_string(d))
    assert.equal(-82799999995, duration.duration_microseconds(d))
    assert.is_true(assert.raises(function()
      duration.duration_microseconds(time.timedelta { days = 999999999 })
    end):is("OverflowError"))
    assert.is_true(exceptions.is(assert.raises(function() duration.duration_string(5) end, "not number"), "TypeError"))
  end)
end)

describe("dateformat", function()
  it("formats dates, times and datetimes", function()
    assert.equal("31 January 2026", dateformat.format(time.date(2026, 1, 31), "j F Y"))
    assert.equal("12:05 p.m.", dateformat.time_format(time.time(12, 5), "P"))
    assert.equal("12:05", dateformat.time_format(time.datetime(2026, 1, 31, 12, 5), "H:i"))
    assert.equal("Y12", dateformat.time_format(time.datetime(2026, 1, 31, 12, 5), "\\YH"))
    assert.raises(function() dateformat.time_format(time.datetime(2026, 1, 31), "H Y") end, "'Y'")
    assert.raises(function() dateformat.time_format(time.date(2026, 1, 31), "H") end, "not date")
  end)
end)

t.finish()
