-- SPDX-License-Identifier: MIT
-- What a cache does in Lua, on a server: tests/http/net_caches.py runs it with the backend and
-- the locations as arguments.
local cache = require "perilune.cache"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local native = require "perilune._cache"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local backend = ...
local servers = { select(2, ...) }

local function open(given)
  local c = { version = 1, timeout = 300 }
  local options = { alias = backend, backend = backend, servers = servers, prefix = "t", version = 1, timeout = 300, compress = 0, sharding = true, socket_timeout = 2 }
  for k, v in pairs(given or {}) do
    options[k] = v
  end
  native.open(options, c)
  c.get_or_set, c.incr_version = cache.get_or_set, cache.incr_version
  return c
end

local function raises(class, text, fn, ...)
  local args = table.pack(...)
  local err = assert.raises(function() fn(table.unpack(args, 1, args.n)) end, text)
  assert.is_true(exceptions.is(err, class), tostring(err))
end

local c = open()
c:clear()

describe(backend, function()
  it("keeps values of every kind", function()
    for _, value in ipairs { 0, -5, 2 ^ 53 | 0, 1.5, "", "x\0\r\ny", ("long"):rep(50000), true, false, { 1, { x = "y" } } } do
      assert.is_true(c:set("v", value))
      assert.same(value, c:get "v")
    end
    c:set("price", decimal "10.50")
    assert.equal("10.50", tostring(c:get "price"))
    c:set("none", nil)
    assert.equal(nil, c:get("none", "default"))
    assert.is_true(c:has_key "none")
    assert.equal("default", c:get("nothing", "default"))
  end)

  it("counts, adds, deletes, has versions", function()
    c:set("n", 5, 60)
    assert.equal(7, c:incr("n", 2))
    assert.equal(-3, c:decr("n", 10))
    assert.is_true(c:ttl "n" > 50 and c:ttl "n" <= 60)
    raises("ValueError", "is not in the cache", c.incr, c, "missing")
    c:set("text", "5")
    raises("ValueError", "not an integer", c.incr, c, "text")
    c:set("big", math.maxinteger)
    raises("ValueError", "64 bits", c.incr, c, "big")
    assert.is_false(c:add("n", 1))
    assert.is_true(c:delete "n")
    assert.is_false(c:delete "n")
    assert.is_true(c:add("n", 1))
    assert.is_true(c:touch("n", cache.forever))
    assert.equal(math.huge, c:ttl "n")
    assert.is_false(c:touch("nothing", 5))
    c:set("k", "one")
    assert.equal(2, c:incr_version "k")
    assert.equal(nil, c:get "k")
    assert.equal("one", c:get("k", nil, { version = 2 }))
  end)

  it("does several at once", function()
    local values, keys = {}, {}
    for i = 1, 1500 do
      keys[i] = "many" .. i
      values[keys[i]] = { i }
    end
    assert.same({}, c:set_many(values, 60))
    assert.same(values, c:get_many(keys))
    assert.equal(1500, c:delete_many(keys))
    assert.same({}, c:get_many(keys))
  end)

  it("compresses, and knows tags", function()
    local z = open { compress = 1000, prefix = "z" }
    local long = ("lorem ipsum "):rep(5000)
    z:set("long", { long }, { tags = { "a", "b" } })
    z:set("other", 1, { tags = { "b" } })
    assert.equal(long, (z:get "long")[1])
    z:invalidate_tags "a"
    assert.equal(nil, z:get "long")
    assert.equal(1, z:get "other")
    z:invalidate_tags "b"
    assert.same({}, z:get_many { "long", "other" })
  end)

  it("lets one compute while the others wait", function()
    local calls, results, tasks = 0, {}, {}
    local key = ("k"):rep(240) -- with a mark that would be too long for memcached
    for i = 1, 50 do
      tasks[i] = function()
        results[i] = c:get_or_set(key, function()
          calls = calls + 1
          fiber.sleep(0.05)
          return "value"
        end)
      end
    end
    fiber.gather(tasks)
    assert.equal(1, calls)
    for i = 1, 50 do
      assert.equal("value", results[i])
    end
  end)

  it("lists its keys, or says that it cannot", function()
    if backend == "memcached" then
      raises("ValueError", "a cache of the backend 'memcached' cannot list its keys", c.keys, c)
      raises("ValueError", "cannot list its keys", c.delete_pattern, c, "x*")
      raises("ValueError", "no key of more than 250 bytes", c.get, c, ("k"):rep(260))
      raises("ValueError", "no key with spaces or control characters", c.set, c, "a b", 1)
      return
    end
    c:set_many { ["product:1"] = 1, ["product:2"] = 2, ["order:1"] = 3 }
    local found = c:keys "product:*"
    table.sort(found)
    assert.same({ "product:1", "product:2" }, found)
    assert.equal(2, c:delete_pattern "product:*")
    assert.same({ "order:1" }, c:keys "order:*")
  end)

  it("serves many fibers at once", function()
    local tasks, wrong = {}, 0
    for i = 1, 64 do
      tasks[i] = function()
        for j = 1, 50 do
          local key, value = "f" .. i, { i, j, ("x"):rep(i * j) }
          c:set(key, value)
          local got = c:get(key)
          wrong = wrong + ((got[1] == i and got[2] == j and #got[3] == i * j) and 0 or 1)
        end
      end
    end
    fiber.gather(tasks)
    assert.equal(0, wrong)
  end)

  it("tells its figures", function()
    local s = c:stats()
    assert.equal(backend, s.backend)
    assert.is_true(s.hits > 100 and s.sets > 100 and s.items > 0 and s.bytes > 0)
  end)
end)

t.finish()
