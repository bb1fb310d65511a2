-- SPDX-License-Identifier: MIT
local t = require "harness"
local QueryDict = require("perilune._querydict").QueryDict
local exceptions = require "perilune.exceptions"
local describe, it, assert = t.describe, t.it, t.assert

local function mutable(text)
  return QueryDict(text, { mutable = true })
end

-- Everything in it, in order: "a=1,2 b="
local function shown(q)
  local parts = {}
  for _, pair in ipairs(q:lists()) do
    parts[#parts + 1] = pair[1] .. "=" .. table.concat(pair[2], ",")
  end
  return table.concat(parts, " ")
end

describe("QueryDict", function()
  it("parses a query string", function()
    assert.equal("a=1,3 b=2", shown(QueryDict("a=1&b=2&a=3")))
    assert.equal("a= b=", shown(QueryDict("a&b=")))
    assert.equal("a b=c d+é", shown(QueryDict("a+b=c%20d%2B%C3%A9")))
    assert.equal("a=1;b=2", shown(QueryDict("a=1;b=2")))
    assert.equal("a=\u{fffd}", shown(QueryDict("a=%FF")))
    assert.equal("", shown(QueryDict("")))
    assert.equal("", shown(QueryDict()))
  end)

  it("gives the last value of a key", function()
    local q = QueryDict("a=1&b=2&a=3")
    assert.equal("3", q.a)
    assert.equal("3", q["a"])
    assert.equal("3", q:get("a"))
    assert.equal("x", q:get("nope", "x"))
    assert.equal(nil, q:get("nope"))
    assert.equal(nil, q.nope)
    assert.equal(nil, q[true])
    assert.equal("x", QueryDict("1=x")[1])
  end)

  it("reaches keys that are names of methods through get", function()
    local q = QueryDict("get=1&lists=2")
    assert.equal("function", type(q.get))
    assert.equal("1", q:get("get"))
    assert.equal("2", q:get("lists"))
  end)

  it("gives all values", function()
    local q = QueryDict("a=1&b=2&a=3")
    assert.same({ "1", "3" }, q:getlist("a"))
    assert.same({}, q:getlist("nope"))
    assert.same({ "d" }, q:getlist("nope", { "d" }))
    assert.is_true(q:has_key("a"))
    assert.equal(false, q:has_key("A"))
    assert.equal(2, #q)
  end)

  it("lists its keys in order", function()
    local q = QueryDict("b=1&a=2&b=3")
    assert.same({ "b", "a" }, q:keys())
    assert.same({ "3", "2" }, q:values())
    assert.same({ { "b", "3" }, { "a", "2" } }, q:items())
    assert.same({ { "b", { "1", "3" } }, { "a", { "2" } } }, q:lists())
    assert.same({ a = "2", b = "3" }, q:dict())
    local seen = {}
    for k, v in pairs(q) do
      seen[#seen + 1] = k .. "=" .. v
    end
    assert.same({ "b=3", "a=2" }, seen)
  end)

  it("is written as a query string", function()
    assert.equal("a=1&a=3&b=2", QueryDict("a=1&b=2&a=3"):urlencode())
    assert.equal("next=%2Fa%26b%2F&x=c+d", QueryDict("next=/a%26b/&x=c+d"):urlencode())
    assert.equal("next=/a%26b/&x=c%20d", QueryDict("next=/a%26b/&x=c+d"):urlencode("/"))
    assert.equal("<QueryDict: {'a': ['1', '3'], 'b': ['2']}>", tostring(QueryDict("a=1&b=2&a=3")))
  end)

  it("compares its lists", function()
    assert.is_true(QueryDict("a=1&b=2") == QueryDict("b=2&a=1"))
    assert.is_true(QueryDict("a=1&a=2") ~= QueryDict("a=2&a=1"))
    assert.is_true(QueryDict("a=1") ~= QueryDict("a=1&b=2"))
    assert.is_true(QueryDict("a=1") ~= "a=1")
  end)

  it("is immutable unless asked for", function()
    local q = QueryDict("a=1")
    local changes = {
      function() q.a = "2" end,
      function() q.b = nil end,
      function() q:setlist("a", {}) end,
      function() q:appendlist("a", "2") end,
      function() q:setlistdefault("b", {}) end,
      function() q:setdefault("b", "1") end,
      function() q:update({ b = "1" }) end,
      function() q:pop("a") end,
      function() q:popitem() end,
      function() q:clear() end,
    }
    for _, change in ipairs(changes) do
      local ok, err = pcall(change)
      assert.equal(false, ok)
      assert.is_true(exceptions.is(err, "AttributeError"))
      assert.is_true(err.message:find("q:copy()", 1, true) ~= nil)
    end
    assert.equal("a=1", shown(q))
  end)

  it("copies into one that can be changed", function()
    local q = QueryDict("a=1&a=2")
    local copy = q:copy()
    copy.a = "9"
    copy:appendlist("b", "x")
    assert.equal("a=9 b=x", shown(copy))
    assert.equal("a=1,2", shown(q))
  end)

  it("is changed by assignment", function()
    local q = mutable("a=1&b=2&a=3")
    q.a = "x"
    q.c = 5
    q["d"] = { "1", 2 }
    q.b = nil
    q.nope = nil
    q.get = "method"
    assert.equal("a=x c=5 d=1,2 get=method", shown(q))
    assert.equal("method", q:get("get"))
  end)

  it("has Django's methods", function()
    local q = mutable("a=1&b=2&a=3")
    q:setlist("a", { "x", "y" })
    q:appendlist("b", "4")
    assert.equal("a=x,y b=2,4", shown(q))
    assert.equal("y", q:setdefault("a", "no"))
    assert.equal("new", q:setdefault("c", "new"))
    assert.same({ "x", "y" }, q:setlistdefault("a", { "no" }))
    assert.same({ "l" }, q:setlistdefault("d", { "l" }))
    assert.same({}, q:setlistdefault("e"))
    assert.is_true(q:has_key("e"))
    assert.equal(nil, q.e)
    assert.equal("default", q:get("e", "default"))
    assert.same({ "x", "y" }, q:pop("a"))
    assert.equal("none", q:pop("a", "none"))
    assert.equal(nil, q:pop("a", nil))
    assert.raises(function() q:pop("a") end, "KeyError")
    local key, list = q:popitem()
    assert.equal("e", key)
    assert.same({}, list)
    assert.equal("b=2,4 c=new d=l", shown(q))
    q:clear()
    assert.equal(0, #q)
    assert.raises(function() q:popitem() end, "KeyError")
  end)

  it("adds to its lists when it is updated", function()
    local q = mutable("a=1")
    q:update(QueryDict("a=2&b=3"))
    q:update({ c = { "5", "6" }, a = "4" })
    assert.equal("a=1,2,4 b=3 c=5,6", shown(q))
    q:update(q)
    assert.equal("a=1,2,4,1,2,4 b=3,3 c=5,6,5,6", shown(q))
  end)

  it("names what is wrong with an argument", function()
    local q = mutable("a=1")
    assert.raises(function() q:appendlist("a", {}) end, "value of a QueryDict is a string, not a table")
    assert.raises(function() q:appendlist("a") end, "TypeError")
    assert.raises(function() q:get({}) end, "key of a QueryDict is a string")
    assert.raises(function() q:setlist("a", "x") end, "are a list, not a string")
    assert.raises(function() q:setlist("a", { "x", true }) end, "not a boolean")
    assert.raises(function() q:update({ b = "1", c = true }) end, "not a boolean")
    assert.raises(function() q:update({ "x" }) end, "key of a QueryDict")
    assert.raises(function() q:update(5) end, "takes a QueryDict or a table")
    assert.raises(function() q.a = true end, "TypeError")
    assert.raises(function() QueryDict("a", { mutabel = true }) end, "did you mean 'mutable'")
    assert.raises(function() QueryDict("a", { encoding = "latin-1" }) end, "utf-8 only")
    assert.raises(function() QueryDict({}) end, "string expected")
    assert.raises(function() q.get({}, "a") end, "QueryDict")
    assert.equal("a=1", shown(q))
    assert.equal("a=1", shown(QueryDict("a=1", { encoding = "UTF-8" })))
  end)

  it("limits the number of fields", function()
    assert.equal(1, #QueryDict("x" .. ("&x"):rep(999)))
    local ok, err = pcall(QueryDict, ("x&"):rep(1000))
    assert.equal(false, ok)
    assert.is_true(exceptions.is(err, "TooManyFieldsSent"))
  end)

  it("gives back what changes leave behind", function()
    local q = mutable("")
    local value = ("x"):rep(10000)
    for i = 1, 2000 do
      q.a = value .. i
      q["k" .. i % 50] = value
      if i % 3 == 0 then
        q:pop("a")
      end
    end
    assert.equal(value .. 2000, q.a)
    assert.equal(51, #q)
    assert.equal(value, q.k7)
    q:clear()
    assert.equal(0, #q)
  end)
end)

t.finish()
