-- SPDX-License-Identifier: MIT
-- The backend "database": Django's table, with our values in it.
local cache = require "perilune.cache"
local createcachetable = require "perilune._commands.createcachetable"
local databases = require "perilune._databases"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local native = require "perilune._cache"
local null = require "perilune.null"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

databases.configure { default = { engine = "sqlite", name = ":memory:" }, other = { engine = "sqlite", name = ":memory:" } }

local function raises(class, text, fn, ...)
  local args = table.pack(...)
  local err = assert.raises(function() fn(table.unpack(args, 1, args.n)) end, text)
  assert.is_true(exceptions.is(err, class), tostring(err))
end

local function create(name, alias)
  for _, sql in ipairs(createcachetable._statements("sqlite", name)) do
    db.connection(alias or "default"):execute(sql)
  end
end

local function open(given)
  local c = { version = given.version or 1, timeout = given.timeout or 300 }
  for k, v in pairs { alias = "test", backend = "database", location = "my_cache_table", prefix = "", version = 1, timeout = 300, compress = 0, cull = 3 } do
    if given[k] == nil then
      given[k] = v
    end
  end
  native.open(given, c)
  for _, name in ipairs { "get_or_set", "incr_version", "decr_version" } do
    c[name] = cache[name]
  end
  return c
end

create "my_cache_table"
local c = open {}

local function rows(sql, ...)
  return db.query(sql, { ... })
end

describe("the table", function()
  it("is Django's", function()
    local list = createcachetable._statements("sqlite", "my_cache_table")
    assert.equal('CREATE TABLE "my_cache_table" (\n    "cache_key" varchar(255) NOT NULL PRIMARY KEY,\n    "value" text NOT NULL,\n    "expires" datetime NOT NULL\n)', list[1])
    assert.equal('CREATE INDEX "my_cache_table_expires" ON "my_cache_table" ("expires")', list[2])
    assert.equal('CREATE INDEX "odd""name_expires" ON "odd""name" ("expires")', createcachetable._statements("sqlite", 'odd"name')[2])
    assert.equal(true, createcachetable._statements("postgresql", "x")[1]:find("timestamp with time zone", 1, true) ~= nil)
  end)

  it("has keys, times and values as Django has them", function()
    c:set("k", "v", 60)
    c:set("n", 5, cache.forever)
    local row = rows("SELECT * FROM my_cache_table WHERE cache_key = ?", ":1:k")[1]
    assert.equal("~gIF2", row.value) -- base64 of what other caches keep
    assert.is_true(row.expires:isoformat(" "):find "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d" ~= nil)
    row = rows("SELECT value, CAST(expires AS text) AS expires FROM my_cache_table WHERE cache_key = ?", ":1:n")[1]
    assert.equal("5", row.value)
    assert.equal("9999-12-31 23:59:59", row.expires)
  end)

  it("may hold values of Django's, which are none of ours", function()
    db.execute("INSERT INTO my_cache_table VALUES (':1:text', 'gAWVBQAAAAAAAACMAXaULg==', '2999-01-01 00:00:00')")
    db.execute("INSERT INTO my_cache_table VALUES (':1:int', 'gAVLBS4=', '2999-01-01 00:00:00')")
    db.execute("INSERT INTO my_cache_table VALUES (':1:odd', '~???', '2999-01-01 00:00:00')")
    for _, key in ipairs { "text", "int", "odd" } do
      assert.equal("nothing", c:get(key, "nothing"))
      assert.is_false(c:has_key(key))
      assert.same({}, c:get_many { key })
      assert.equal("ours", c:get_or_set(key, function() return "ours" end))
    end
    db.execute("UPDATE my_cache_table SET value = 'gAVLBS4=' WHERE cache_key = ':1:int'")
    raises("ValueError", "not an integer", c.incr, c, "int")
    c:clear()
  end)
end)

describe("a database cache", function()
  it("keeps and forgets", function()
    assert.is_true(c:set("a", { 1, "x", { y = decimal "1.50" } }))
    local got = c:get "a"
    assert.equal(decimal "1.50", got[3].y)
    assert.equal("d", c:get("b", "d"))
    assert.is_true(c:delete "a")
    assert.is_false(c:delete "a")
    assert.is_true(c:add("a", "first"))
    assert.is_false(c:add("a", "second"))
    assert.equal("first", c:get "a")
    c:set("none", nil)
    assert.is_true(c:has_key "none")
    assert.equal(nil, c:get("none", "d"))
    c:set("null", null)
    assert.equal(null, c:get "null")
    c:set("binary", "\0\xff\n")
    assert.equal("\0\xff\n", c:get "binary")
    c:set("f", -7)
    assert.equal(-7, c:get "f")
    c:clear()
    assert.same({}, c:keys())
  end)

  it("knows Django's timeouts", function()
    c:set("t", 1)
    assert.is_true(c:ttl "t" > 299 and c:ttl "t" <= 300)
    c:set("t", 1, cache.forever)
    assert.equal(math.huge, c:ttl "t")
    c:set("t", 1, 1e12)
    assert.equal(math.huge, c:ttl "t")
    assert.is_true(c:touch("t", 10))
    assert.is_true(c:ttl "t" <= 10)
    assert.is_true(c:touch("t", 0))
    assert.is_false(c:touch("t", 10))
    c:set("t", 1, 0)
    assert.equal(nil, c:get "t")
    c:set("t", 1, 0.02)
    assert.equal(1, c:get "t")
    fiber.sleep(0.03)
    assert.equal("past", c:get("t", "past"))
    assert.equal(nil, c:ttl "t")
    assert.is_false(c:delete "t")
    assert.is_false(c:touch("t", 10))
    raises("ValueError", "is not in the cache", c.incr, c, "t")
    assert.is_true(c:add("t", "again"))
    assert.equal("again", c:get "t")
  end)

  it("counts", function()
    raises("ValueError", "key 'n' is not in the cache", c.incr, c, "n")
    c:set("n", 1, 50)
    assert.equal(2, c:incr "n")
    assert.equal(12, c:incr("n", 10))
    assert.equal(9, c:decr("n", 3))
    assert.is_true(c:ttl "n" <= 50)
    c:set("max", math.maxinteger)
    raises("ValueError", "64 bits", c.incr, c, "max")
    assert.equal(math.maxinteger, c:get "max")
    c:set("text", "x")
    raises("ValueError", "not an integer", c.incr, c, "text")
  end)

  it("does many at once", function()
    local values, keys = {}, {}
    for i = 1, 300 do
      values["many" .. i] = i % 2 == 0 and i or { i }
      keys[i] = "many" .. i
    end
    local big = open { max_entries = 1000 }
    assert.same({}, big:set_many(values, 60))
    local got = big:get_many(keys)
    for i = 1, 300 do
      local want = values["many" .. i]
      assert.equal(type(want) == "table" and want[1] or want, type(want) == "table" and got["many" .. i][1] or got["many" .. i])
    end
    assert.equal(3, #db.capture(function() open({ max_entries = 1000 }):set_many { x = 1, y = 2 } end)) -- one counts the rows
    assert.equal(3, #db.capture(function() big:get_many(keys) end))
    assert.same({ x = 1 }, big:get_many { "x", "absent", "x" })
    assert.equal(300, big:delete_many(keys))
    assert.equal(0, big:delete_many(keys))
    assert.same({}, big:get_many {})
    assert.same({}, big:set_many {})
    assert.same({}, big:set_many({ gone = 1 }, 0) and big:get_many { "gone" })
  end)

  it("has versions, patterns, tags and stale values", function()
    c:clear()
    c:set("k", "one")
    c:set("k", "two", { version = 2 })
    assert.equal("two", c:get("k", nil, { version = 2 }))
    assert.equal(3, c:incr_version("k", 1, { version = 2 }))
    assert.equal(nil, c:get("k", nil, { version = 2 }))
    c:set("product:1", 1)
    c:set("product:2", 2)
    local keys = c:keys "product:*"
    table.sort(keys)
    assert.same({ "product:1", "product:2" }, keys)
    assert.equal(2, c:delete_pattern "product:*")
    c:set("tagged", "x", { tags = { "t" } })
    assert.equal("x", c:get "tagged")
    c:invalidate_tags "t"
    assert.equal(nil, c:get "tagged")
    local calls = 0
    local function compute() calls = calls + 1 fiber.sleep(0.01) return calls end
    local opts = { timeout = 0.02, stale = 60 }
    assert.equal(1, c:get_or_set("stale", compute, opts))
    fiber.sleep(0.03)
    local function ask() return c:get_or_set("stale", compute, opts) end
    assert.same({ 2, 1, 1 }, { fiber.gather { ask, ask, ask } })
  end)

  it("says how it does", function()
    local s = open { location = "my_cache_table" }
    s:clear()
    s:set("a", 1)
    s:get "a"
    s:get "b"
    local stats = s:stats()
    assert.equal("database", stats.backend)
    assert.equal(1, stats.hits)
    assert.equal(1, stats.misses)
    assert.equal(1, stats.sets)
    assert.equal(1, stats.items)
    assert.equal(5, stats.bytes)
  end)

  it("is part of the transaction", function()
    c:set("k", "before")
    pcall(db.atomic, function()
      c:set("k", "inside")
      c:incr_version("k")
      c:set_many { in_a = 1, in_b = 2 }
      assert.equal("inside", c:get("k", nil, { version = 2 }))
      error "no"
    end)
    assert.equal("before", c:get "k")
    assert.same({}, c:get_many { "in_a", "in_b" })
    db.atomic(function() c:set("k", "after") end)
    assert.equal("after", c:get "k")
  end)
end)

describe("culling", function()
  it("takes what is past its time, and else a part of the rest", function()
    local s = open { max_entries = 20, cull = 2 }
    s:clear()
    for i = 1, 20 do s:set(("k%02d"):format(i), i) end
    assert.equal(20, s:stats().items)
    s:set("k21", 21)
    assert.equal(11, s:stats().items) -- half of them went, those with the least keys
    assert.equal("gone", s:get("k01", "gone"))
    assert.equal(20, s:get "k20")
    assert.equal(10, s:stats().evictions)
    s:clear()
    for i = 1, 20 do s:set("k" .. i, i, i <= 15 and 0.01 or 60) end
    fiber.sleep(0.02)
    s:set("one-more", 1)
    assert.equal(6, #rows "SELECT 1 AS one FROM my_cache_table")
    local all = open { max_entries = 10, cull = 0 }
    all:clear()
    for i = 1, 11 do all:set("k" .. i, i) end
    assert.equal(1, all:stats().items)
  end)

  it("looks now and then while the table is large", function()
    local s = open { max_entries = 2000 }
    s:clear()
    local counted = 0
    for _, q in ipairs(db.capture(function()
      for i = 1, 500 do s:set("k" .. i, i) end
    end)) do
      counted = counted + (q.sql:find("COUNT", 1, true) and 1 or 0)
    end
    assert.equal(5, counted)
  end)
end)

describe("routers", function()
  it("are asked where to read and to write", function()
    create("routed", "other")
    local asked = {}
    local s = open {
      location = "routed",
      router = function(write)
        asked[#asked + 1] = write and "w" or "r"
        return "other"
      end,
    }
    s:set("a", "x")
    assert.equal("x", s:get "a")
    assert.equal("wr", table.concat(asked))
    assert.equal(1, #db.connection("other"):query("SELECT 1 AS one FROM routed"))
    local wrong = open { location = "routed", router = function() return "nowhere" end }
    raises("ImproperlyConfigured", "there is no database 'nowhere'", wrong.get, wrong, "a")
    local fails = open { location = "routed", router = function() error(exceptions.ValueError "no router") end }
    assert.raises(function() fails:get "a" end, "no router")
  end)
end)

describe("mistakes", function()
  it("are told", function()
    local s = open { location = "no_such_table" }
    raises("OperationalError", "cache 'test': no such table: no_such_table; run `perilune createcachetable`", s.get, s, "k")
    local quiet = open { location = "no_such_table", ignore_exceptions = true }
    assert.equal("d", quiet:get("k", "d"))
    assert.is_false(quiet:set("k", 1))
    raises("ImproperlyConfigured", "its option 'location' must name a table", native.open, { alias = "x", backend = "database", prefix = "", version = 1, timeout = 1 }, {})
  end)
end)

t.finish()
