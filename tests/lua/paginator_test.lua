-- SPDX-License-Identifier: MIT
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local paginator = require "perilune.paginator"
local exceptions = require "perilune.exceptions"
local Paginator = paginator.Paginator

local function range(n)
  local list = {}
  for i = 1, n do
    list[i] = i
  end
  return list
end

local function raises(class, fn, text)
  local err = assert.raises(fn, text)
  assert(exceptions.is(err, class), tostring(err))
  assert(exceptions.is(err, "InvalidPage"), tostring(err))
end

describe("Paginator", function()
  it("counts pages", function()
    -- items, per page, options, count, pages
    for _, row in ipairs {
      { 10, 4, {}, 3 }, { 10, 4, { orphans = 1 }, 3 }, { 10, 4, { orphans = 2 }, 2 }, { 10, 4, { orphans = 5 }, 2 },
      { 10, 4, { orphans = 6 }, 1 }, { 9, 4, {}, 3 }, { 9, 4, { orphans = 1 }, 2 }, { 8, 4, {}, 2 }, { 7, 4, {}, 2 },
      { 1, 4, {}, 1 }, { 1, 4, { orphans = 6 }, 1 }, { 0, 4, {}, 1 }, { 0, 4, { allow_empty_first_page = false }, 0 },
      { 1, 1, {}, 1 }, { 1, 4, { allow_empty_first_page = false }, 1 }, { 0, 1, {}, 1 }, { 11, 10, { orphans = 0 }, 2 },
    } do
      local p = Paginator(range(row[1]), row[2], row[3])
      assert.equal(row[1], p.count)
      assert.equal(row[4], p.num_pages, ("%d by %d"):format(row[1], row[2]))
      assert.same(range(row[4]), p.page_range)
    end
  end)
  it("takes numbers as text", function()
    local p = Paginator(range(10), "4", { orphans = "2" })
    assert.equal(2, p.num_pages)
    assert.equal(2, p:page("2").number)
    assert.equal(2, p:page(2.0).number)
    assert.equal(2, p:page(" +2 ").number)
    assert.equal("integer", math.type(p:page(2.0).number))
  end)
  it("refuses what is no page", function()
    local p = Paginator(range(10), 4)
    for _, wrong in ipairs { "x", "", "1.0", 1.5, true, {}, "1 2", "0x1", 0 / 0, math.huge } do
      raises("PageNotAnInteger", function() p:page(wrong) end, "That page number is not an integer")
    end
    raises("PageNotAnInteger", function() p:page(nil) end)
    for _, wrong in ipairs { 0, -1, "-5", "-99999999999999999999" } do
      raises("EmptyPage", function() p:page(wrong) end, "That page number is less than 1")
    end
    for _, wrong in ipairs { 4, "4", 1 << 62, "99999999999999999999" } do
      raises("EmptyPage", function() p:validate_number(wrong) end, "That page contains no results")
    end
  end)
  it("has other texts for that", function()
    local p = Paginator(range(1), 1, { error_messages = { invalid_page = "no number", no_results = "nothing there" } })
    raises("PageNotAnInteger", function() p:page("x") end, "no number")
    raises("EmptyPage", function() p:page(2) end, "nothing there")
    raises("EmptyPage", function() p:page(0) end, "less than 1")
    assert.raises(function() Paginator({}, 1, { error_messages = { no_result = "x" } }) end, "no_results")
  end)
  it("gets some page whatever is asked for", function()
    local p = Paginator(range(10), 4)
    assert.equal(1, p:get_page("x").number)
    assert.equal(1, p:get_page(nil).number)
    assert.equal(3, p:get_page(-1).number)
    assert.equal(3, p:get_page(99).number)
    assert.equal(2, p:get_page("2").number)
    assert.equal(1, Paginator({}, 4):get_page(5).number)
    raises("EmptyPage", function() Paginator({}, 4, { allow_empty_first_page = false }):get_page(1) end)
  end)
  it("refuses wrong arguments", function()
    for _, per_page in ipairs { 0, -1, 1.5, "x", {} } do
      assert.raises(function() Paginator({}, per_page) end, "per_page is a whole number from 1 up")
    end
    assert.raises(function() Paginator({}) end, "per_page")
    assert.raises(function() Paginator({}, 1, { orphans = -1 }) end, "orphans is a whole number from 0 up")
    assert.raises(function() Paginator("abc", 1) end, "the list is a table")
    assert.raises(function() Paginator({}, 1, { orphan = 1 }) end, "orphans")
  end)
  it("goes through its pages", function()
    local seen = {}
    for number, page in ipairs(Paginator(range(5), 2)) do
      seen[#seen + 1] = { number, page.number, #page }
    end
    assert.same({ { 1, 1, 2 }, { 2, 2, 2 }, { 3, 3, 1 } }, seen)
  end)
end)

describe("Page", function()
  it("holds its items", function()
    local p = Paginator(range(10), 4, { orphans = 1 })
    assert.same({ 1, 2, 3, 4 }, p:page(1).object_list)
    assert.same({ 9, 10 }, p:page(3).object_list)
    assert.same({ 5, 6, 7, 8, 9 }, Paginator(range(9), 4, { orphans = 1 }):page(2).object_list)
    assert.same({}, Paginator({}, 4):page(1).object_list)
    local page, items = p:page(2), {}
    assert.equal(4, #page)
    assert.equal(5, page[1])
    assert.is_nil(page[5])
    for i, item in ipairs(page) do
      items[i] = item
    end
    assert.same({ 5, 6, 7, 8 }, items)
    assert.equal("<Page 2 of 3>", tostring(page))
    assert.equal(p, page.paginator)
  end)
  it("knows its neighbours", function()
    local p = Paginator(range(10), 4)
    local first, middle, last = p:page(1), p:page(2), p:page(3)
    assert.same({ true, false, true }, { first:has_next(), first:has_previous(), first:has_other_pages() })
    assert.same({ true, true, true }, { middle:has_next(), middle:has_previous(), middle:has_other_pages() })
    assert.same({ false, true, true }, { last:has_next(), last:has_previous(), last:has_other_pages() })
    assert.equal(3, middle:next_page_number())
    assert.equal(1, middle:previous_page_number())
    raises("EmptyPage", function() last:next_page_number() end)
    raises("EmptyPage", function() first:previous_page_number() end)
    assert.is_false(Paginator(range(3), 4):page(1):has_other_pages())
  end)
  it("knows its place", function()
    -- items, per page, orphans, page, first, last
    for _, row in ipairs {
      { 10, 4, 0, 1, 1, 4 }, { 10, 4, 0, 2, 5, 8 }, { 10, 4, 0, 3, 9, 10 }, { 9, 4, 1, 2, 5, 9 }, { 1, 1, 0, 1, 1, 1 }, { 0, 4, 0, 1, 0, 0 },
    } do
      local page = Paginator(range(row[1]), row[2], { orphans = row[3] }):page(row[4])
      assert.equal(row[5], page:start_index())
      assert.equal(row[6], page:end_index())
    end
  end)
end)

describe("get_elided_page_range", function()
  local function elided(pages, number, opts)
    return table.concat(Paginator(range(pages), 1):get_elided_page_range(number, opts), " ")
  end
  it("leaves out what is far", function()
    assert.equal("1 2 3 4 … 49 50", elided(50, 1))
    assert.equal("1 2 3 4 … 49 50", elided(50))
    assert.equal("1 2 3 4 5 6 7 8 9 10 … 49 50", elided(50, 7))
    assert.equal("1 2 … 5 6 7 8 9 10 11 … 49 50", elided(50, 8))
    assert.equal("1 2 … 22 23 24 25 26 27 28 … 49 50", elided(50, 25))
    assert.equal("1 2 … 40 41 42 43 44 45 46 … 49 50", elided(50, 43))
    assert.equal("1 2 … 41 42 43 44 45 46 47 48 49 50", elided(50, 44))
    assert.equal("1 2 … 47 48 49 50", elided(50, 50))
  end)
  it("shows few pages all", function()
    assert.equal("1 2 3 4 5 6 7 8 9 10", elided(10, 5))
    assert.equal("1 2 3 4 … 10 11", elided(11, 1))
    assert.equal("1", elided(1, 1))
  end)
  it("has options", function()
    assert.equal("1 2 3 … 50", elided(50, 1, { on_each_side = 2, on_ends = 1 }))
    assert.equal("1 … 24 25 26 … 50", elided(50, 25, { on_each_side = 1, on_ends = 1 }))
    assert.equal("… 25 …", elided(50, 25, { on_each_side = 0, on_ends = 0 }))
    assert.raises(function() elided(50, 1, { on_end = 1 }) end, "on_ends")
  end)
  it("checks the number", function()
    raises("EmptyPage", function() elided(5, 6) end)
    raises("PageNotAnInteger", function() elided(5, "x") end)
  end)
  it("has another sign", function()
    local p = Paginator(range(50), 1)
    p.ELLIPSIS = "..."
    assert.equal("...", p:get_elided_page_range(1)[5])
  end)
end)

describe("Paginator of an object", function()
  local asked
  local function numbers(n)
    return setmetatable({}, { __index = {
      count = function()
        asked[#asked + 1] = "count"
        return n
      end,
      slice = function(_, first, last)
        asked[#asked + 1] = ("%d-%d"):format(first, last)
        return { first, last }
      end,
    } })
  end
  it("counts once and slices", function()
    asked = {}
    local p = Paginator(numbers(95), 10)
    assert.same({}, asked)
    assert.equal(10, p.num_pages)
    assert.same({ 91, 95 }, p:page(10).object_list)
    assert.same({ 1, 10 }, p:page(1).object_list)
    assert.equal(95, p.count)
    assert.same({ "count", "91-95", "1-10" }, asked)
  end)
  it("takes lists with metatables as lists", function()
    local list = setmetatable({ 1, 2, 3 }, { __index = {} })
    assert.same({ 3 }, Paginator(list, 2):page(2).object_list)
    list = setmetatable({}, { __len = function() return 3 end, __index = function(_, i) return i end })
    assert.same({ 3 }, Paginator(list, 2):page(2).object_list)
  end)
end)
t.finish()
