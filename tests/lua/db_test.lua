-- SPDX-License-Identifier: MIT
-- perilune.db, all of it: the tests share one world of databases, which is why they are one file.
local t = require "harness"
local databases = require "perilune._databases"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local json = require "perilune.json"
local null = require "perilune.null"
local time = require "perilune.time"
local describe, it, assert = t.describe, t.it, t.assert

local file = os.tmpname()
os.remove(file)
databases.configure {
  default = { engine = "sqlite", name = file, options = { timeout = 2 } },
  replica = { engine = "sqlite", name = file },
  memory = { engine = "sqlite", name = ":memory:" },
}

local function raises(class, fn, text)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  if not exceptions.is(err, class) then
    error("want a " .. class .. ", got " .. tostring(err), 2)
  end
  if text and not err.message:find(text, 1, true) then
    error(("%q is not in %q"):format(text, err.message), 2)
  end
  return err
end

local function fresh()
  db.execute "DROP TABLE IF EXISTS t"
  db.execute "CREATE TABLE t (id integer PRIMARY KEY, a, u UNIQUE)"
end

local function content()
  local list = {}
  for row in db.query "SELECT a FROM t ORDER BY id" do
    list[#list + 1] = tostring(row.a)
  end
  return table.concat(list, ",")
end

local function insert(a)
  return db.execute("INSERT INTO t (a) VALUES (?)", { a })
end

describe("db.query", function()
  it("gives rows that for, ipairs, # and indexes walk", function()
    local rows = db.query("SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, NULL ORDER BY a")
    assert.equal(2, #rows)
    assert.same({ a = 1, b = "x" }, rows[1])
    assert.same({ a = 2 }, rows[2])
    for _ = 1, 2 do -- as often as one likes
      local seen = {}
      for row in rows do
        seen[#seen + 1] = row.a
      end
      assert.same({ 1, 2 }, seen)
    end
    assert.equal(0, #db.query "SELECT 1 WHERE 0")
    assert.equal('[{"a":1}]', json.encode(db.query "SELECT 1 AS a"))
  end)

  it("walks lists inside of lists", function()
    local seen = {}
    for a in db.query "VALUES (1), (2)" do
      for b in db.query "VALUES (3), (4)" do
        seen[#seen + 1] = a.column1 * 10 + b.column1
      end
    end
    assert.same({ 13, 14, 23, 24 }, seen)
  end)

  it("binds values of every kind", function()
    local row = db.query(
      "SELECT ? AS i, ? AS f, ? AS s, ? AS yes, ? AS none, ? AS d, ? AS big, typeof(?) AS bytes",
      { 42, 1.5, "it's; \0 --", true, null, decimal "10.50", math.mininteger, db.binary "\0\255" }
    )[1]
    assert.equal(42, row.i)
    assert.equal(1.5, row.f)
    assert.equal("it's; \0 --", row.s)
    assert.equal(1, row.yes)
    assert.is_nil(row.none)
    assert.equal("10.50", row.d)
    assert.equal(math.mininteger, row.big)
    assert.equal("blob", row.bytes)
  end)

  it("stores moments as Django does", function()
    local function stored(v)
      return db.query("SELECT ? AS v, typeof(?) AS k", { v, v })[1]
    end
    assert.equal("2024-02-29 11:05:07", stored(time.datetime(2024, 2, 29, 13, 5, 7, { tz = "+02:00" })).v)
    assert.equal("2024-02-29 13:05:07.000120", stored(time.datetime(2024, 2, 29, 13, 5, 7, { microsecond = 120, tz = "UTC" })).v)
    assert.equal("2024-02-29 13:05:07", stored(time.datetime(2024, 2, 29, 13, 5, 7)).v)
    assert.equal("2024-02-29", stored(time.date(2024, 2, 29)).v)
    assert.equal("01:02:03.000450", stored(time.time(1, 2, 3, { microsecond = 450 })).v)
    assert.equal(-86396999993, stored(time.timedelta { days = -1, seconds = 3, microseconds = 7 }).v)
    assert.equal("integer", stored(time.timedelta { days = 1 }).k)
  end)

  it("reads columns by their declared types", function()
    db.execute "DROP TABLE IF EXISTS k"
    db.execute "CREATE TABLE k (b bool, d date, t time, at datetime, odd datetime)"
    db.execute("INSERT INTO k VALUES (?, ?, ?, ?, ?)", { true, time.date(2026, 1, 31), time.time(12, 30), time.datetime(2026, 1, 31, 12, 0, 0, { tz = "Europe/Paris" }), "never" })
    local row = db.query("SELECT * FROM k")[1]
    assert.is_true(row.b)
    assert.equal(time.date(2026, 1, 31), row.d)
    assert.equal(time.time(12, 30), row.t)
    assert.equal(time.datetime(2026, 1, 31, 11, 0, 0, { tz = "UTC" }), row.at)
    assert.equal("never", row.odd)
    assert.equal(1, #db.query("SELECT 1 FROM k WHERE at = ?", { row.at }))
  end)

  it("takes ? and :name, and ?? for a question mark", function()
    assert.equal("a?b", db.query("SELECT 'a??b' AS v")[1].v)
    assert.equal("?", db.query("SELECT ? AS v, '?' AS w", { "?" })[1].v)
    local row = db.query("SELECT :a + :b * :a AS v, ':a' AS w", { a = 2, b = 3 })[1]
    assert.equal(8, row.v)
    assert.equal(":a", row.w)
    raises("ProgrammingError", function()
      db.query("SELECT :a + :c", { a = 1 })
    end, "there is no parameter 'c'")
    raises("ProgrammingError", function()
      db.query("SELECT ?, :a", { 1 })
    end)
  end)

  it("refuses what is no value", function()
    raises("TypeError", function()
      db.query("SELECT ?", { { 1 } })
    end, "parameter 1 is a table")
    raises("TypeError", function()
      db.query("SELECT ?, ?", { 1, print })
    end, "parameter 2 is a function")
    raises("TypeError", function()
      db.query("SELECT ?, ?, ?", { 1, nil, 3 })
    end, "parameter 2 is nil; perilune.null")
    raises("ValueError", function()
      db.query("SELECT ?", { 0 / 0 })
    end, "NaN")
    raises("ProgrammingError", function()
      db.query("SELECT ?, ?", { 1 })
    end, "has 2 placeholders, and 1 are given")
    raises("ProgrammingError", function()
      db.query("SELECT ?", { 1, 2 })
    end)
    raises("ProgrammingError", function()
      db.query "SELECT ?"
    end)
    raises("TypeError", function()
      db.query(17)
    end, "the SQL is a string")
    raises("TypeError", function()
      db.query("SELECT ?", 17)
    end, "parameters are a list")
    raises("TypeError", function()
      db.query("SELECT 1", nil, { usin = "replica" })
    end, "did you mean 'using'?")
    raises("ProgrammingError", function()
      db.query "SELECT 1; DROP TABLE t"
    end, "one statement")
    raises("ProgrammingError", function()
      db.execute "BEGIN"
    end, "db.atomic")
  end)

  it("takes many parameters and many rows", function()
    local marks, values = {}, {}
    for i = 1, 5000 do
      marks[i], values[i] = "(?)", i
    end
    local rows = db.query("VALUES " .. table.concat(marks, ", "), values)
    assert.equal(5000, #rows)
    assert.equal(5000, rows[5000].column1)
  end)
end)

describe("db.execute", function()
  it("gives the rows changed and the last key", function()
    fresh()
    local n, id = insert(1)
    assert.equal(1, n)
    assert.equal(1, id)
    n, id = db.execute "INSERT INTO t (a) VALUES (2), (3)"
    assert.equal(2, n)
    assert.equal(3, id)
    assert.equal(3, (db.execute "UPDATE t SET a = 0"))
    assert.equal(0, (db.execute "DELETE FROM t WHERE a > 7"))
    assert.equal(4, db.query("INSERT INTO t (a) VALUES (9) RETURNING id")[1].id)
  end)
end)

describe("errors", function()
  it("name class, SQL, values and line", function()
    fresh()
    db.execute "INSERT INTO t (a, u) VALUES (1, 'x')"
    local err = raises("IntegrityError", function()
      db.execute("INSERT INTO t (a, u) VALUES (?, ?)", { null, "x" })
    end, "UNIQUE constraint failed: t.u")
    assert.equal("unique", err.kind)
    assert(err:is "DatabaseError")
    assert.equal("INSERT INTO t (a, u) VALUES (?, ?)", err.sql)
    assert.same({ null, "x" }, err.params)
    assert(err.message:find("SQL: INSERT INTO t (a, u) VALUES (?, ?)", 1, true), err.message)
    assert(err.message:find("parameters: NULL, 'x'", 1, true), err.message)
    if debug.getinfo(1, "S").source:sub(1, 2) ~= "@/" then -- else it is no file of the project
      assert(err.where and err.where:find "db_test.lua:%d+: ", tostring(err.where))
    end
    err = raises("OperationalError", function()
      db.query "SELECT * FROM nowhere"
    end, "no such table: nowhere")
    assert(not err:is "IntegrityError")
    raises("OperationalError", function()
      db.query "SELEKT"
    end, "syntax error")
  end)

  it("name unknown databases", function()
    raises("ImproperlyConfigured", function()
      db.connection "replicca"
    end, "did you mean 'replica'?")
    raises("ImproperlyConfigured", function()
      db.query("SELECT 1", nil, { using = "other" })
    end, "there is no database 'other'")
    raises("AttributeError", function()
      return db.qurey
    end, "did you mean 'query'?")
  end)
end)

describe("db.atomic", function()
  it("commits and gives values; an error rolls back and goes on", function()
    fresh()
    local a, b, c = db.atomic(function(...)
      insert(1)
      return select("#", ...), nil, ...
    end, "x", "y")
    assert.equal(2, a)
    assert.is_nil(b)
    assert.equal("x", c)
    local err = raises("ValueError", function()
      db.atomic(function()
        insert(2)
        error(exceptions.ValueError "no")
      end)
    end)
    assert.equal("no", err.message)
    assert.equal("1", content())
    local ok, text = pcall(db.atomic, function()
      error "plain"
    end)
    assert.is_false(ok)
    assert(tostring(text):find("plain", 1, true))
  end)

  it("is a savepoint inside of another", function()
    fresh()
    db.atomic(function()
      insert(1)
      pcall(db.atomic, function()
        insert(2)
        db.atomic(function()
          insert(3)
        end)
        error "back"
      end)
      insert(4)
    end)
    assert.equal("1,4", content())
  end)

  -- Django: catching IntegrityError inside the same block, later queries raise.
  it("is broken by a failure that was caught inside", function()
    fresh()
    db.execute "INSERT INTO t (a, u) VALUES (1, 'x')"
    db.atomic(function()
      insert(2)
      assert.is_false(db.get_rollback())
      raises("IntegrityError", function()
        db.execute "INSERT INTO t (u) VALUES ('x')"
      end)
      assert.is_true(db.get_rollback())
      raises("TransactionManagementError", function()
        db.query "SELECT 1"
      end, "You can't execute queries until the end of the 'atomic' block.")
    end)
    assert.equal("1", content())
    db.atomic(function()
      insert(2)
      raises("IntegrityError", function()
        db.atomic(function()
          db.execute "INSERT INTO t (u) VALUES ('x')"
        end)
      end)
      insert(3)
    end)
    assert.equal("1,2,3", content())
  end)

  it("knows durable and savepoint = false", function()
    fresh()
    db.atomic({ durable = true }, function()
      insert(1)
    end)
    db.atomic(function()
      local err = raises("RuntimeError", function()
        db.atomic({ durable = true }, function() end)
      end)
      assert(err.message:find("A durable atomic block cannot be nested", 1, true))
      pcall(db.atomic, { savepoint = false }, function()
        error "breaks the outer one"
      end)
      raises("TransactionManagementError", function()
        insert(2)
      end)
    end)
    assert.equal("1", content())
    raises("TypeError", function()
      db.atomic({ duruable = true }, function() end)
    end, "did you mean 'durable'?")
    raises("TypeError", function()
      db.atomic {}
    end, "db.atomic takes a function")
    raises("TypeError", function()
      db.atomic()
    end)
  end)

  it("has a flag and savepoints by hand", function()
    fresh()
    db.atomic(function()
      insert(1)
      local sid = db.savepoint()
      insert(2)
      db.savepoint_rollback(sid)
      sid = db.savepoint()
      insert(3)
      db.savepoint_commit(sid)
    end)
    assert.equal("1,3", content())
    assert.is_nil(db.savepoint())
    db.savepoint_rollback(nil)
    db.atomic(function()
      insert(4)
      db.set_rollback(true)
    end)
    assert.equal("1,3", content())
    raises("TransactionManagementError", function()
      db.set_rollback(true)
    end, "outside of an 'atomic' block")
    assert.is_false(db.in_atomic())
    db.atomic(function()
      assert.is_true(db.in_atomic())
    end)
  end)

  it("belongs to its fiber", function()
    fresh()
    local go, inside = fiber.condition(), nil
    local other = fiber.spawn(function()
      go:wait()
      inside = #db.query "SELECT 1 FROM t"
      insert(2) -- after the transaction
    end)
    fiber.yield()
    db.atomic(function()
      insert(1)
      go:signal()
      fiber.sleep(0.01)
      assert.equal(0, inside)
      assert.equal("1", content())
    end)
    other:join()
    assert.equal("1,2", content())
  end)

  it("rolls back when its fiber is cancelled", function()
    fresh()
    local f = fiber.spawn(function()
      db.atomic(function()
        insert(1)
        fiber.sleep(10)
      end)
    end)
    fiber.sleep(0.002)
    f:cancel()
    pcall(f.join, f)
    assert.equal("", content())
    insert(5)
    assert.equal("5", content())
  end)

  it("waits inside of generators and sorts", function()
    fresh()
    db.atomic(function()
      for a in
        coroutine.wrap(function()
          for i = 1, 3 do
            insert(i)
            coroutine.yield(i)
          end
        end)
      do
        fiber.sleep(0)
        assert(a)
      end
    end)
    assert.equal("1,2,3", content())
  end)
end)

describe("db.on_commit", function()
  -- Django: ['body-end', 'outer', 'inner-ok']
  it("runs after the outermost commit, in order, and never after a rollback", function()
    local seen = {}
    local function note(name)
      return function()
        seen[#seen + 1] = name
      end
    end
    db.on_commit(note "now")
    assert.same({ "now" }, seen)
    seen = {}
    db.atomic(function()
      db.on_commit(note "outer")
      pcall(db.atomic, function()
        db.on_commit(note "lost")
        error "x"
      end)
      db.atomic(function()
        db.on_commit(note "inner-ok")
      end)
      seen[#seen + 1] = "body-end"
    end)
    assert.same({ "body-end", "outer", "inner-ok" }, seen)
    seen = {}
    pcall(db.atomic, function()
      db.on_commit(note "never")
      error "x"
    end)
    assert.same({}, seen)
  end)

  it("may write, and open transactions with functions of their own", function()
    fresh()
    local seen = {}
    db.atomic(function()
      db.on_commit(function()
        db.atomic(function()
          insert(1)
          db.on_commit(function()
            seen[#seen + 1] = "of the first"
          end)
        end)
      end)
      db.on_commit(function()
        seen[#seen + 1] = "second"
      end)
    end)
    assert.same({ "of the first", "second" }, seen)
    assert.equal("1", content())
  end)

  it("stops at an error, unless it is robust", function()
    fresh()
    local seen = {}
    local err = raises("ValueError", function()
      db.atomic(function()
        insert(1)
        db.on_commit(function()
          error "logged"
        end, { robust = true })
        db.on_commit(function()
          seen[#seen + 1] = "a"
          error(exceptions.ValueError "raised")
        end)
        db.on_commit(function()
          seen[#seen + 1] = "b"
        end)
      end)
    end)
    assert.equal("raised", err.message)
    assert.same({ "a" }, seen)
    assert.equal("1", content()) -- it was committed
    raises("TypeError", function()
      db.on_commit "x"
    end, "db.on_commit takes a function")
  end)
end)

describe("db.capture", function()
  it("lists what is sent", function()
    fresh()
    local function work()
      db.atomic(function()
        insert(7)
        db.atomic(function()
          db.query("SELECT :a AS a", { a = "x" })
        end)
      end)
    end
    local list = db.capture(work)
    assert.equal(2, #list)
    assert.equal("INSERT INTO t (a) VALUES (?1)", list[1].sql)
    assert.same({ 7 }, list[1].params)
    assert(list[1].ms >= 0)
    assert.equal("default", list[1].alias)
    local all = {}
    for i, entry in ipairs(db.capture(work, { all = true })) do
      all[i] = entry.sql:match "^%u+ ?%u*"
    end
    assert.same({ "BEGIN IMMEDIATE", "INSERT INTO", "SAVEPOINT ", "SELECT ", "RELEASE SAVEPOINT", "COMMIT" }, all)
    assert.equal(0, #db.capture(function() end))
    raises("ValueError", function()
      db.capture(function()
        error(exceptions.ValueError "x")
      end)
    end)
  end)

  it("counts one fiber and one database", function()
    local other = fiber.spawn(function()
      for _ = 1, 5 do
        db.query "SELECT 1"
        fiber.yield()
      end
    end)
    local function work()
      db.query "SELECT 2"
      fiber.sleep(0.005)
      db.query("SELECT 3", nil, { using = "memory" })
    end
    assert.equal(2, #db.capture(work))
    other:join()
    assert.equal(1, #db.capture(work, { using = "memory" }))
    assert.equal(1, #db.connection("memory"):capture(work))
    local n = #db.capture(function()
      fiber.gather { work, work }
    end, { every_fiber = true })
    assert.equal(4, n)
  end)

  it("names what failed", function()
    local list = db.capture(function()
      pcall(db.query, "SELECT * FROM nowhere")
    end)
    assert(list[1].error:find("no such table", 1, true))
  end)
end)

describe("db.connection", function()
  it("is bound to its alias", function()
    local memory = db.connection "memory"
    assert.equal("memory", memory.alias)
    assert.equal("sqlite", memory.vendor)
    assert.equal(":memory:", memory.settings.name)
    assert(memory == db.connection "memory")
    memory:execute "CREATE TABLE m (a)"
    memory:atomic(function()
      memory:execute("INSERT INTO m VALUES (?)", { 1 })
      assert.is_false(db.in_atomic())
      assert.is_true(memory:in_atomic())
    end)
    db.atomic({ using = "memory" }, function()
      assert.is_true(memory:in_atomic())
      memory:execute "INSERT INTO m VALUES (2)"
      memory:set_rollback(true)
    end)
    assert.equal(1, #memory:query "SELECT * FROM m")
    raises("AttributeError", function()
      return memory.qurey
    end, "did you mean 'query'?")
    assert.same({ "default", "memory", "replica" }, db.aliases())
    assert.equal("<connection 'memory' (sqlite)>", tostring(memory))
  end)

  it("closes, and opens again", function()
    fresh()
    insert(1)
    local c = db.connection()
    c:close()
    assert.equal(0, c:stats().open)
    assert.equal("1", content())
    assert.equal(1, c:stats().open)
    c:pinned(function()
      c:execute "PRAGMA foreign_keys=OFF"
      assert.equal(0, c:query("PRAGMA foreign_keys")[1].foreign_keys)
      c:execute "PRAGMA foreign_keys=ON"
    end)
  end)

  it("tells of new ones, which are the receiver's meanwhile", function()
    local signals, seen = require "perilune.signals", {}
    local off = signals.connection_created:connect(function(_, event)
      seen[#seen + 1] = event.connection.alias
      event.connection:execute "PRAGMA cache_size=-123"
    end)
    local c = db.connection "replica"
    c:close()
    c:query "SELECT 1"
    c:execute "CREATE TABLE IF NOT EXISTS signalled (a)"
    off()
    assert.same({ "replica", "replica" }, seen) -- one for reads, one for writes
    assert.equal(-123, c:query("PRAGMA cache_size")[1].cache_size)
    assert.equal(-123, c:query("SELECT cache_size FROM pragma_cache_size")[1].cache_size)
  end)

  it("waits for another one, with others running meanwhile", function()
    fresh()
    local replica, turns = db.connection "replica", 0
    local other = fiber.spawn(function()
      replica:atomic(function()
        replica:execute "INSERT INTO t (a) VALUES (1)"
        for _ = 1, 10 do
          turns = turns + 1
          fiber.sleep(0.002)
        end
      end)
    end)
    fiber.yield()
    insert(2) -- the file is locked, as by another process
    assert.equal(10, turns)
    other:join()
    assert.equal("1,2", content())
  end)
end)

describe("settings.databases", function()
  local function refused(values, text)
    package.loaded["perilune._databases"] = nil
    local other = require "perilune._databases"
    local ok, err = pcall(other.configure, values)
    package.loaded["perilune._databases"] = databases
    assert.is_false(ok)
    assert(exceptions.is(err, "ImproperlyConfigured"), tostring(err))
    if not err.message:find(text, 1, true) then
      error(("%q is not in %q"):format(text, err.message), 2)
    end
  end

  it("are checked", function()
    refused({ one = { engine = "sqlite", name = "x" } }, "must be called 'default'")
    refused({ d1 = 17 }, "database 'd1': it must be a table")
    refused({ d2 = { name = "x" } }, "set 'engine' (sqlite)")
    refused({ d3 = { engine = "sqlite3", name = "x" } }, "there is no database engine 'sqlite3'; did you mean 'sqlite'?")
    refused({ d4 = { engine = "sqlite" } }, "set 'name'")
    refused({ d5 = { engine = "sqlite", nam = "x" } }, "unknown option 'nam'; did you mean 'name'?")
    refused({ d6 = { engine = "sqlite", name = "x", options = { timout = 1 } } }, "unknown option 'options.timout'; did you mean 'timeout'?")
    refused({ d7 = { engine = "sqlite", name = "x", pool = { max_size = 0 } } }, "'pool.max_size' must be a number from 1 to 10000, not 0")
    refused({ d8 = { engine = "sqlite", name = "x", options = { transaction_mode = "LAZY" } } }, "options.transaction_mode: there is no 'LAZY'")
    refused({ d9 = { engine = "sqlite", name = "x", time_zone = "Moon/Crater" } }, "there is no time zone 'Moon/Crater'")
    refused({ d10 = { engine = "sqlite", name = "x", options = { timeout = "5" } } }, "'options.timeout' must be a number")
  end)
end)

describe("db.router", function()
  it("asks the routers in order", function()
    local router = db.router
    assert.equal("default", router.db_for_read("model"))
    assert.equal("replica", router.db_for_read("model", { instance = { _state = { db = "replica" } } }))
    assert.is_true(router.allow_migrate("default", "shop"))
    assert.is_true(router.allow_relation({ _state = { db = "a" } }, { _state = { db = "a" } }))
    assert.is_false(router.allow_relation({ _state = { db = "a" } }, { _state = { db = "b" } }))
  end)
end)

describe("perilune.db", function()
  it("is described for editors, name by name", function()
    local f = assert(io.open "../../bindings/meta/db.lua")
    local meta = f:read "a"
    f:close()
    local function described(pattern, fields)
      local names = {}
      for name in meta:gmatch(pattern) do
        names[name] = true
      end
      for name in fields:gmatch "@field ([%w_]+)" do
        names[name] = true
      end
      return names
    end
    local names = described("\nfunction db%.([%w_]+)", meta:match "@class perilune.db\n(.-)\nlocal db")
    assert.is_true(names.queries)
    names.queries = nil
    for name in pairs(db) do
      if name:sub(1, 1) ~= "_" then
        assert.is_true(names[name], name)
        names[name] = nil
      end
    end
    assert.is_nil((next(names)))
    names = described("\nfunction Connection:([%w_]+)", meta:match "@class perilune.db.Connection\n(.-)\nlocal Connection")
    local c = db.connection()
    for name in pairs(names) do
      assert(c[name] ~= nil, name)
    end
  end)
end)

for _, ending in ipairs { "", "-wal", "-shm" } do
  os.remove(file .. ending)
end
t.finish()
