-- SPDX-License-Identifier: MIT
-- perilune.template.defaultfilters: filters as functions.
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local filters = require "perilune.template.defaultfilters"
local html = require "perilune.utils.html"
local null = require "perilune.null"
local time = require "perilune.time"

describe("a filter as a function", function()
  it("gives values of its own type", function()
    assert.equal("ABC", filters.upper("abc"))
    assert.equal(3, filters.length { 1, 2, 3 })
    assert.equal(true, filters.divisibleby(4, 2))
    assert.equal(5, filters.first { 5, 6 })
    assert.equal("b", filters.make_list("abc")[2])
    assert.equal(3, filters.add(1, "2"))
    assert.equal(nil, filters.yesno(null, "yes"))
    assert.equal("Dec. 31, 2007", filters.date(time.date(2007, 12, 31)))
  end)
  it("gives safe strings where Django does", function()
    assert.equal("string", type(filters.upper "a"))
    assert.equal("3.14", filters.floatformat(3.14159, 2))
    local lines = filters.linebreaks "a"
    assert.equal(lines, html.conditional_escape(lines))
    assert.equal("&lt;, 2", tostring(filters.join({ "<", 2 }, ", ")))
    assert.equal("a<b>", tostring(filters.cut(html.mark_safe "axx<b>", "x")))
  end)
  it("takes nil for none, and whether to escape", function()
    assert.equal("x", filters.default(nil, "x"))
    assert.equal("none", filters.lower(nil))
    assert.equal("<p><</p>", tostring(filters.linebreaks("<", nil, false)))
    assert.equal("<p>&lt;</p>", tostring(filters.linebreaks "<"))
  end)
  it("raises what the filter raises, and goes on", function()
    local ok, err = pcall(filters.divisibleby, 1, 0)
    assert.equal(false, ok)
    assert.is_true(tostring(err):find("integer modulo by zero", 1, true) ~= nil)
    assert.equal("A", filters.upper "a")
  end)
  it("names the nearest filter", function()
    local ok, err = pcall(function()
      return filters.uper
    end)
    assert.equal(false, ok)
    assert.is_true(tostring(err):find("upper", 1, true) ~= nil)
  end)
end)

t.finish()
