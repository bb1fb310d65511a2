-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local json = require "perilune.json"
local log = require "perilune.log"
local null = require "perilune.null"
local pack = require "perilune._pack"
local safestring = require "perilune.utils.safestring"
local time = require "perilune.time"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function raises(class, text, fn, ...)
  local args = table.pack(...)
  local err = assert.raises(function() fn(table.unpack(args, 1, args.n)) end, text)
  assert.is_true(exceptions.is(err, class), tostring(err))
end

local function sorted(list)
  table.sort(list)
  return list
end

-- Caches as settings would make them.
local native = require "perilune._cache"
local function open(given)
  local c = { version = given.version or 1, timeout = given.timeout or 300 }
  for k, v in pairs { alias = "test", backend = "memory", prefix = "", version = 1, timeout = 300, compress = 0, max_bytes = 2 ^ 21 | 0 } do
    if given[k] == nil then
      given[k] = v
    end
  end
  native.open(given, c)
  c.get_or_set = cache.get_or_set
  return c
end

describe("a cache", function()
  it("keeps and forgets", function()
    assert.is_true(cache:set("a", 1))
    assert.equal(1, cache:get "a")
    assert.equal(nil, cache:get "b")
    assert.equal("d", cache:get("b", "d"))
    assert.is_true(cache:delete "a")
    assert.is_false(cache:delete "a")
    assert.equal("d", cache:get("a", "d"))
    assert.is_true(cache:add("a", "first"))
    assert.is_false(cache:add("a", "second"))
    assert.equal("first", cache:get "a")
    assert.is_true(cache:has_key "a")
    cache:clear()
    assert.is_false(cache:has_key "a")
    assert.equal(cache, cache.caches.default)
  end)

  it("keeps nil, and tells it from nothing", function()
    cache:set("none", nil)
    assert.equal(nil, cache:get("none", "default"))
    assert.is_true(cache:has_key "none")
    local calls = 0
    assert.equal(nil, cache:get_or_set("none", function() calls = calls + 1 return 1 end))
    assert.equal(0, calls)
    cache:set("false", false)
    assert.equal(false, cache:get("false", "default"))
  end)

  it("knows Django's timeouts", function()
    cache:set("t", 1)
    assert.is_true(cache:ttl "t" > 299 and cache:ttl "t" <= 300)
    cache:set("t", 1, cache.forever)
    assert.equal(math.huge, cache:ttl "t")
    cache:set("t", 1, 0)
    assert.is_false(cache:has_key "t")
    cache:set("t", 1, -1)
    assert.equal(nil, cache:ttl "t")
    cache:set("t", 1, 0.02)
    assert.equal(1, cache:get "t")
    fiber.sleep(0.03)
    assert.equal(nil, cache:get "t")
    cache:set("t", 1, { timeout = 60 })
    assert.is_true(cache:ttl "t" <= 60)
    assert.is_true(cache:touch("t", 1000))
    assert.is_true(cache:ttl "t" > 900)
    assert.is_true(cache:touch "t")
    assert.is_true(cache:ttl "t" <= 300)
    assert.is_true(cache:touch("t", 0))
    assert.is_false(cache:touch "t")
  end)

  it("counts", function()
    cache:set("n", 1)
    assert.equal(2, cache:incr "n")
    assert.equal(12, cache:incr("n", 10))
    assert.equal(11, cache:decr "n")
    assert.equal(-9, cache:decr("n", 20))
    assert.equal(-9, cache:get "n")
    assert.equal("integer", math.type(cache:get "n"))
    raises("ValueError", "key 'no-such' is not in the cache", cache.incr, cache, "no-such")
    cache:set("text", "5")
    raises("ValueError", "key 'text': the value is not an integer", cache.incr, cache, "text")
    assert.equal("5", cache:get "text")
    cache:set("big", math.maxinteger)
    raises("ValueError", "64 bits", cache.incr, cache, "big")
    cache:set("n", 1, cache.forever)
    cache:incr "n"
    assert.equal(math.huge, cache:ttl "n")
  end)

  it("does several at once", function()
    assert.same({}, cache:set_many({ a = 1, b = { 2 }, [3] = "c" }, 60))
    assert.same({ a = 1, b = { 2 }, [3] = "c" }, cache:get_many { "a", "b", 3, "missing" })
    assert.equal("c", cache:get "3")
    assert.equal(2, cache:delete_many { "a", "b", "missing" })
    assert.same({}, cache:get_many { "a", "b" })
    assert.same({}, cache:get_many {})
    local huge = ("x"):rep(4 * 2 ^ 20 | 0)
    local small = open { max_bytes = 2 ^ 20 | 0 }
    assert.same({ "huge" }, small:set_many { huge = huge, fine = 1 })
    assert.is_false(small:set("huge", huge))
    assert.equal(1, small:get "fine")
  end)

  it("has versions and prefixes", function()
    assert.equal(":1:k", cache:make_key "k")
    assert.equal(":2:k", cache:make_key("k", 2))
    cache:set("k", "one")
    cache:set("k", "two", { version = 2 })
    assert.equal("one", cache:get "k")
    assert.equal("two", cache:get("k", nil, { version = 2 }))
    assert.equal(nil, cache:get("k", nil, { version = 3 }))
    assert.is_true(cache:delete("k", { version = 2 }))
    assert.equal(2, cache:incr_version "k")
    assert.equal(nil, cache:get "k")
    assert.equal("one", cache:get("k", nil, { version = 2 }))
    assert.equal(1, cache:decr_version("k", 1, { version = 2 }))
    assert.equal("one", cache:get "k")
    raises("ValueError", "'nothing' is not in the cache", cache.incr_version, cache, "nothing")
    local other = open { prefix = "p", version = 2 }
    assert.equal("p:2:k", other:make_key "k")
    other:set("k", 5)
    assert.equal(5, other:get("k", nil, { version = 2 }))
    assert.equal(nil, other:get("k", nil, { version = 1 }))
    local odd = open { key_function = function(key, prefix, version) return ("%s|%d|%s"):format(key, version, prefix) end, prefix = "p" }
    assert.equal("k|1|p", odd:make_key "k")
    odd:set("k", 7)
    assert.equal(7, odd:get "k")
    assert.same({ k = 7 }, odd:get_many { "k" })
    assert.same({ "k|1|p" }, odd:keys "k*")
  end)

  it("warns of keys that other backends refuse", function()
    log._configure({ handlers = { memory = { class = "memory" } }, root = { level = "DEBUG", handlers = { "memory" } } }, true)
    local c = open {}
    c:set(("x"):rep(300), 1)
    c:set(("y"):rep(300), 1)
    c:get "with space"
    assert.equal(1, c:get(("x"):rep(300)))
    local records = log.records()
    assert.equal(2, #records)
    assert.equal("perilune.cache", records[1].name)
    assert.is_true(records[1].message:find("is longer than 250 bytes", 1, true) ~= nil)
    assert.is_true(records[2].message:find("':1:with space' contains spaces", 1, true) ~= nil)
    log._configure(nil, false)
  end)

  it("finds keys", function()
    cache:clear()
    cache:set_many { ["product:1"] = 1, ["product:2"] = 2, ["order:1"] = 3 }
    cache:set("product:1", 1, { version = 2 })
    assert.same({ "product:1", "product:2" }, sorted(cache:keys "product:*"))
    assert.equal(3, #cache:keys())
    assert.same({ "product:1" }, cache:keys("*", { version = 2 }))
    assert.equal(2, cache:delete_pattern "product:*")
    assert.same({ "order:1" }, cache:keys())
    assert.equal(1, cache:get("product:1", nil, { version = 2 }))
    local star = open { prefix = "a*[b]?" }
    star:set("k", 1)
    assert.same({ "k" }, star:keys "*")
  end)

  it("tells its figures", function()
    local c = open {}
    c:set("a", 1)
    c:get "a"
    c:get "b"
    local s = c:stats()
    assert.equal("memory", s.backend)
    assert.same({ 1, 1, 1, 1, 0 }, { s.hits, s.misses, s.sets, s.items, s.evictions })
    assert.is_true(s.bytes > 0 and s.bytes <= s.max_bytes and s.max_bytes <= 2 ^ 21)
  end)
end)

describe("values", function()
  local mt = { __name = "shop.Product" }
  mt.__index = mt
  function mt:__pack() return "test.product", { name = self.name, price = self.price } end
  pack.register("test.product", function(data)
    cache:get "something else" -- may use the cache itself
    return setmetatable(data, mt)
  end)

  local function back(value)
    cache:set("v", value)
    return cache:get "v"
  end

  it("of every kind come back as they were", function()
    for _, value in ipairs { 0, 1, -1, 127, 128, 2 ^ 53 | 0, math.mininteger, 1.5, -0.0, 1e300, math.huge, "", "x", "\0\255", ("long"):rep(1000), true, false } do
      assert.equal(value, back(value))
      assert.equal(math.type(value), math.type(back(value)))
    end
    local nan = back(0 / 0)
    assert.is_true(nan ~= nan)
    assert.equal(null, back(null))
    assert.equal("10.50", tostring(back(decimal "10.50")))
    assert.equal(decimal "-1e-30", back(decimal "-1e-30"))
    local safe = back(safestring.mark_safe "<b>")
    assert.is_true(safestring.is_safe(safe))
    assert.equal("<b>", tostring(safe))
    for _, value in ipairs {
      time.date(2024, 2, 29), time.time(23, 59, 59), time.timedelta { days = -3, seconds = 5 },
      time.datetime(2026, 1, 31, 12, 30), time.datetime(2026, 1, 31, 12, 30, 1, { microsecond = 7, tz = "Europe/Paris" }),
      time.datetime(2026, 7, 1, { tz = "UTC" }), time.datetime(2026, 7, 1, { tz = "+05:30" }),
    } do
      local got = back(value)
      assert.equal(value, got)
      assert.equal(tostring(value), tostring(got))
    end
  end)

  it("in tables too, as copies", function()
    local value = { 1, 2, { x = { y = "z" } }, name = "n", [10.5] = true, [true] = "t", [-1] = 0, empty = {}, list = json.array {}, price = decimal "1.10", none = null }
    local got = back(value)
    assert.is_true(json.is_array(got.list))
    got.list = nil
    local want = {}
    for k, v in pairs(value) do want[k] = v end
    want.list = nil
    assert.same(want, got)
    got[3].x.y = "changed"
    assert.equal("z", cache:get("v")[3].x.y)
    local holes = back { 1, nil, 3 }
    assert.equal(3, holes[3])
    assert.equal(nil, holes[2])
    local big = {}
    for i = 1, 5000 do big[i] = { id = i, name = "item " .. i } end
    assert.same(big, back(big))
  end)

  it("of classes that take part", function()
    local got = back { list = { setmetatable({ name = "p", price = decimal "2.50" }, mt) }, n = 5 }
    assert.equal(mt, getmetatable(got.list[1]))
    assert.equal(decimal "2.50", got.list[1].price)
    assert.equal(5, got.n)
    local raw = pack.pack(setmetatable({}, { __pack = function() return "test.unknown", 1 end }))
    raises("ValueError", "nobody here unpacks 'test.unknown'", pack.unpack, raw)
  end)

  it("that are no data are refused, with their place", function()
    raises("TypeError", "a function cannot be kept as data", cache.set, cache, "k", print)
    raises("TypeError", "it is at value.items[2].fn", cache.set, cache, "k", { items = { 1, { fn = print } } })
    raises("TypeError", "a thread", cache.set, cache, "k", coroutine.create(print))
    raises("TypeError", "a key that is a table", cache.set, cache, "k", { [{}] = 1 })
    raises("TypeError", "shop.Order", cache.set, cache, "k", setmetatable({}, { __name = "shop.Order" }))
    raises("TypeError", "FILE*", cache.set, cache, "k", { io.stdout })
    local cycle = {}
    cycle.self = cycle
    raises("ValueError", "contains itself", cache.set, cache, "k", cycle)
  end)

  it("that are damaged are nothing", function()
    local text = pack.pack { 1, "x", { y = decimal "1" } }
    for i = 0, #text - 1 do
      assert.raises(function() pack.unpack(text:sub(1, i)) end)
    end
    assert.raises(function() pack.unpack(text .. "\0") end, "goes on after its end")
    local deep = ("\xc1"):rep(200) .. "\1"
    assert.raises(function() pack.unpack(deep) end, "nested too deep")
  end)

  it("are compressed past a size", function()
    local c = open { compress = 1000 }
    local value = { text = ("lorem ipsum "):rep(5000), product = setmetatable({ name = "p" }, mt) }
    c:set("k", value)
    assert.is_true(c:stats().bytes < 5000)
    assert.equal(value.text, c:get("k").text)
    assert.equal("p", c:get("k").product.name)
    local random = require("perilune._crypto").random_bytes(5000)
    c:set("random", random)
    assert.equal(random, c:get "random")
  end)
end)

describe("tags", function()
  it("make entries invalid together", function()
    cache:set("p1", 1, { tags = { "product:1", "list" } })
    cache:set("p2", 2, { tags = { "product:2", "list" } })
    cache:set("plain", 3)
    assert.equal(1, cache:get "p1")
    cache:invalidate_tags "product:1"
    assert.equal(nil, cache:get "p1")
    assert.is_false(cache:has_key "p1")
    assert.equal(2, cache:get "p2")
    cache:set("p1", "new", { tags = { "product:1", "list" } })
    assert.equal("new", cache:get "p1")
    cache:invalidate_tags("list", "unused")
    assert.same({ plain = 3 }, cache:get_many { "p1", "p2", "plain" })
    cache:set_many({ a = 1, b = 2 }, { tags = { "both" } })
    assert.same({ a = 1, b = 2 }, cache:get_many { "a", "b" })
    cache:invalidate_tags "both"
    assert.same({}, cache:get_many { "a", "b" })
    raises("TypeError", "a tag must be a string", cache.set, cache, "k", 1, { tags = { 1 } })
    raises("ValueError", "255 bytes", cache.invalidate_tags, cache, ("x"):rep(256))
  end)
end)

describe("get_or_set", function()
  it("computes what is not there", function()
    local calls = 0
    local function compute() calls = calls + 1 return { calls } end
    cache:delete "g"
    assert.same({ 1 }, cache:get_or_set("g", compute, 60))
    assert.same({ 1 }, cache:get_or_set("g", compute, 60))
    assert.is_true(cache:ttl "g" <= 60)
    assert.equal("v", cache:get_or_set("g2", "v"))
    assert.equal("v", cache:get_or_set("g2", "other"))
    assert.equal(1, calls)
    assert.equal("two", cache:get_or_set("g", "two", { version = 2 }))
  end)

  it("lets one compute while the others wait", function()
    local calls, results = 0, {}
    cache:delete "flight"
    local tasks = {}
    for i = 1, 50 do
      tasks[i] = function()
        results[i] = cache:get_or_set("flight", function()
          calls = calls + 1
          fiber.sleep(0.02)
          return "value"
        end)
      end
    end
    fiber.gather(tasks)
    assert.equal(1, calls)
    for i = 1, 50 do assert.equal("value", results[i]) end
    assert.same({}, cache:keys "perilune.flight:*")
  end)

  it("lets the next one try after an error", function()
    local calls, errors = 0, 0
    cache:delete "fails"
    local function compute()
      calls = calls + 1
      fiber.sleep(0.005)
      if calls < 3 then error(exceptions.KeyError "no") end
      return "third"
    end
    local tasks, results = {}, {}
    for i = 1, 4 do
      tasks[i] = function()
        local ok, value = pcall(cache.get_or_set, cache, "fails", compute)
        if ok then results[#results + 1] = value else errors = errors + 1 end
      end
    end
    fiber.gather(tasks)
    assert.equal(3, calls)
    assert.equal(2, errors)
    assert.same({ "third", "third" }, results)
  end)

  it("waits for another worker, but not for ever", function()
    cache:delete "elsewhere"
    cache:set("perilune.flight:elsewhere", true, 30) -- as if another worker computed
    local f = fiber.spawn(function() return cache:get_or_set("elsewhere", function() return "mine" end) end)
    fiber.sleep(0.01)
    cache:set("elsewhere", "theirs")
    cache:delete "perilune.flight:elsewhere"
    assert.equal("theirs", f:join())
    cache:delete "elsewhere"
    cache:set("perilune.flight:elsewhere", true, 30)
    local start = time.monotonic()
    assert.equal("mine", cache:get_or_set("elsewhere", function() return "mine" end, { wait = 0.05 }))
    assert.is_true(time.monotonic() - start >= 0.05)
    cache:delete "perilune.flight:elsewhere"
  end)

  it("makes no line of those who ask for what cannot be kept", function()
    local calls, running, most = 0, 0, 0
    local tasks = {}
    for i = 1, 10 do
      tasks[i] = function()
        cache:get_or_set("not kept", function()
          calls, running = calls + 1, running + 1
          most = math.max(most, running)
          fiber.sleep(0.02)
          running = running - 1
        end, 0)
      end
    end
    fiber.gather(tasks)
    assert.equal(10, calls)
    assert.equal(9, most) -- once it is known
  end)

  it("gives what is stale to those who would wait", function()
    cache:delete "stale"
    local calls = 0
    local function compute() calls = calls + 1 fiber.sleep(0.02) return calls end
    local opts = { timeout = 0.02, stale = 60 }
    assert.equal(1, cache:get_or_set("stale", compute, opts))
    assert.equal(1, cache:get "stale")
    fiber.sleep(0.03)
    assert.equal(nil, cache:get "stale")
    assert.is_false(cache:has_key "stale")
    local function ask() return cache:get_or_set("stale", compute, opts) end
    local results = { fiber.gather { ask, ask, ask } }
    assert.same({ 2, 1, 1 }, results)
  end)
end)

describe("cached", function()
  it("remembers results by arguments", function()
    local calls = 0
    local report = cache.cached(function(a, b) calls = calls + 1 return { sum = a + (b or 0) } end, { timeout = 60, key_prefix = "report" })
    assert.same({ sum = 3 }, report(1, 2))
    assert.same({ sum = 3 }, report(1, 2))
    assert.same({ sum = 1 }, report(1))
    assert.same({ sum = 1 }, report(1, nil) )
    assert.equal(3, calls)
    assert.is_true(report:invalidate(1, 2))
    assert.is_false(report:invalidate(1, 2))
    report(1, 2)
    assert.equal(4, calls)
    assert.is_true(report:key(1, 2):find "^report:%x+$" ~= nil)
  end)

  it("knows equal tables, and nil results", function()
    local calls = 0
    local f = cache.cached(function() calls = calls + 1 end)
    f { b = 1, a = { 2, decimal "1.0" } }
    f { a = { 2, decimal "1.0" }, b = 1 }
    assert.equal(1, calls)
    f { a = { 2 } }
    assert.equal(2, calls)
    raises("TypeError", "must be data", f, print)
    local g = cache.cached(function(user) return user.name end, { key = function(user) return user.id end, key_prefix = "name" })
    assert.equal("Ada", g { id = "7", name = "Ada", fn = print })
    assert.equal("Ada", cache:get "name:7")
  end)

  it("takes tags", function()
    local calls = 0
    local f = cache.cached(function() calls = calls + 1 return calls end, { tags = { "reports" }, key_prefix = "tagged" })
    assert.equal(1, f())
    assert.equal(1, f())
    cache:invalidate_tags "reports"
    assert.equal(2, f())
  end)
end)

describe("other backends", function()
  it("keep in files", function()
    local folder = os.tmpname()
    os.remove(folder)
    local c = open { backend = "file", location = folder, max_entries = 20, cull = 3, prefix = "f" }
    c:set("a", { 1, "x" })
    assert.same({ 1, "x" }, c:get "a")
    local again = open { backend = "file", location = folder, prefix = "f" }
    assert.same({ 1, "x" }, again:get "a")
    c:set("n", 5)
    assert.equal(6, c:incr "n")
    assert.same({ "a", "n" }, sorted(again:keys "*"))
    c:set("tagged", 1, { tags = { "t" } })
    c:invalidate_tags "t"
    assert.equal(nil, again:get "tagged")
    local s = c:stats()
    assert.equal("file", s.backend)
    assert.is_true(s.hits >= 1)
    assert.is_true(s.sets >= 2 and s.items >= 3 and s.bytes > 0, "figures of files")
    c:clear()
    assert.equal(0, c:stats().items)
    assert.same({}, c:keys())
    os.remove(folder .. "/.lock")
    os.remove(folder)
  end)

  it("keep nothing", function()
    local c = open { backend = "dummy" }
    assert.is_true(c:set("a", 1))
    assert.equal(nil, c:get "a")
    assert.is_true(c:add("a", 1))
    assert.equal("v", c:get_or_set("a", function() return "v" end))
    assert.equal(1, c:get_or_set("a", 1))
    raises("ValueError", "is not in the cache", c.incr, c, "a")
  end)
end)

describe("mistakes", function()
  it("are told", function()
    raises("TypeError", "a cache key must be a string or a number, not a table", cache.get, cache, {})
    raises("TypeError", "a cache key must be a string or a number, not nil", cache.set, cache)
    raises("TypeError", "called with a colon, as in cache:get(key)", cache.get, "k", "default")
    raises("TypeError", "called with a colon", cache.clear)
    raises("TypeError", "the option 'tags' must be a list of strings, not a string", cache.set, cache, "k", 1, { tags = "a" })
    raises("TypeError", "the option 'timeout' must be a number of seconds or cache.forever, not a boolean", cache.set, cache, "k", 1, { timeout = true })
    raises("TypeError", "a list of keys is wanted for many keys, not a string", cache.get_many, cache, "k")
    raises("TypeError", "a list of keys is wanted for many keys, not a nil", cache.delete_many, cache)
    raises("TypeError", "a table key = value is wanted", cache.set_many, cache, "k", 1)
    raises("TypeError", "the pattern is missing", cache.delete_pattern, cache)
    raises("TypeError", "'by' must be one, not 1.5", cache.incr, cache, "k", 1.5)
    raises("TypeError", "the value is missing", cache.get_or_set, cache, "k")
    raises("TypeError", "unknown option 'timout'; did you mean 'timeout'?", cache.set, cache, "k", 1, { timout = 5 })
    raises("TypeError", "the timeout must be a number of seconds", cache.set, cache, "k", 1, "x")
    raises("ValueError", "not a number", cache.set, cache, "k", 1, 0 / 0)
    raises("TypeError", "unknown option 'stail'; did you mean 'stale'?", cache.get_or_set, cache, "k", 1, { stail = 1 })
    raises("AttributeError", "perilune.cache has no 'gett'; did you mean 'get'?", function() cache:gett "k" end)
    raises("KeyError", "there is no cache 'sesions'", function() return cache.caches.sesions end)
  end)
end)

t.finish()
