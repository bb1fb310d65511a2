-- SPDX-License-Identifier: MIT
-- near_entries: values as Lua has them, kept by the worker.
local exceptions = require "perilune.exceptions"
local native = require "perilune._cache"
local time = require "perilune.time"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local count = 0
local function open(given)
  count = count + 1
  local c = {}
  for k, v in pairs { alias = "near" .. count, backend = "memory", prefix = "", version = 1, timeout = 300, compress = 0, near_entries = 100 } do
    if given[k] == nil then
      given[k] = v
    end
  end
  native.open(given, c)
  return c
end

describe("a near cache", function()
  it("gives the same value until it is set again", function()
    local c = open {}
    c:set("a", { n = 1 })
    local first = c:get "a"
    assert.same({ n = 1 }, first)
    assert.is_true(rawequal(first, c:get "a"))
    assert.is_true(rawequal(first, c:get_many({ "a" }).a))
    assert.is_true(c:has_key "a")
    c:set("a", { n = 2 })
    assert.same({ n = 2 }, c:get "a")
    c:set_many { a = { n = 3 } }
    assert.same({ n = 3 }, c:get "a")
    assert.same({ n = 3 }, c:get_many({ "a", "b" }).a)
    c:delete "a"
    assert.equal("none", c:get("a", "none"))
    assert.is_false(c:has_key "a")
    assert.same({}, c:get_many { "a" })
    c:set("a", "x")
    assert.equal("x", c:get "a")
    c:clear()
    assert.equal(nil, c:get "a")
  end)

  it("gives a copy without", function()
    local c = open { near_entries = 0 }
    c:set("a", { n = 1 })
    assert.is_false(rawequal(c:get "a", c:get "a"))
  end)

  it("counts", function()
    local c = open {}
    c:set("n", 5)
    assert.equal(5, c:get "n")
    assert.equal(6, c:incr "n")
    assert.equal(6, c:get "n")
    assert.equal(4, c:decr("n", 2))
    assert.equal(4, c:get "n")
  end)

  it("keeps nil, false and plain values", function()
    local c = open {}
    for _, value in ipairs { false, 1.5, "text", time.date(2026, 1, 31) } do
      c:set("v", value)
      for _ = 1, 3 do
        assert.equal(value, c:get("v", "default"))
      end
    end
    c:set("none", nil)
    for _ = 1, 3 do
      assert.equal(nil, c:get("none", "default"))
      assert.is_true(c:has_key "none")
    end
  end)

  it("lets go when the time is up", function()
    local c = open {}
    c:set("short", { 1 }, 0.05)
    assert.same({ 1 }, c:get "short")
    assert.same({ 1 }, c:get "short")
    time.sleep(0.06)
    assert.equal(nil, c:get "short")
    c:set("long", { 2 }, 0.05)
    assert.same({ 2 }, c:get "long")
    c:touch("long", 60)
    time.sleep(0.06)
    assert.same({ 2 }, c:get "long")
  end)

  it("keeps versions apart", function()
    local c = open {}
    c:set("a", { 1 })
    c:set("a", { 2 }, { version = 2 })
    for _ = 1, 2 do
      assert.same({ 1 }, c:get "a")
      assert.same({ 2 }, c:get("a", nil, { version = 2 }))
      assert.same({ 2 }, c:get_many({ "a" }, { version = 2 }).a)
    end
  end)

  it("asks for what has tags each time", function()
    local c = open {}
    c:set("a", { 1 }, { tags = { "x" } })
    assert.is_false(rawequal(c:get "a", c:get "a"))
    c:invalidate_tags "x"
    assert.equal(nil, c:get "a")
  end)

  it("takes numbers as keys", function()
    local c = open {}
    c:set(7, "seven")
    for _ = 1, 2 do
      assert.equal("seven", c:get(7))
      assert.equal("seven", c:get "7")
      assert.same({ [7] = "seven" }, c:get_many { 7 })
    end
  end)

  it("has room for so many, and what is asked for stays", function()
    local c = open { near_entries = 4 }
    for i = 1, 20 do
      c:set("k" .. i, { i })
    end
    local favourite = c:get "k1"
    for i = 2, 20 do
      assert.is_true(rawequal(favourite, c:get "k1"), "after " .. i)
      assert.same({ i }, c:get("k" .. i))
    end
    for i = 1, 20 do
      assert.same({ i }, c:get("k" .. i))
      c:set("k" .. i, { -i })
      assert.same({ -i }, c:get("k" .. i))
    end
  end)

  it("is right whatever happens to it", function()
    local c, model = open { near_entries = 8, max_bytes = 2 ^ 20 | 0 }, {}
    for i = 1, 20000 do
      local key, what = "k" .. math.random(20), math.random(10)
      if what == 1 then
        model[key] = i
        c:set(key, { i })
      elseif what == 2 then
        model[key] = nil
        c:delete(key)
      elseif what == 3 then
        model[key] = c:add(key, { i }) and i or model[key]
      elseif what == 4 and math.random(50) == 1 then
        model = {}
        c:clear()
      else
        local value = what < 8 and c:get(key) or c:get_many({ key })[key]
        assert.equal(model[key], value and value[1])
      end
    end
  end)

  it("counts its hits as the cache's", function()
    local c = open {}
    c:set("a", { 1 })
    for _ = 1, 1000 do
      c:get "a"
    end
    assert.equal(1000, c:stats().hits)
  end)

  it("names those who change what they got, in debug", function()
    local c = open { near_check = true }
    c:set("a", { 1, { x = "y" } })
    assert.same({ 1, { x = "y" } }, c:get "a")
    assert.same({ 1, { x = "y" } }, c:get "a")
    c:get("a")[2].x = "z"
    for _, ask in ipairs { function() c:get "a" end, function() c:get_many { "a" } end, function() c:has_key "a" end } do
      local err = assert.raises(ask, "the value under 'a' was changed after it came out of the cache")
      assert.is_true(exceptions.is(err, exceptions.ValueError))
    end
    c:set("a", { 2 })
    assert.same({ 2 }, c:get "a")
  end)
end)

t.finish()
