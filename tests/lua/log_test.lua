-- SPDX-License-Identifier: MIT
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function configure(config)
  log._configure(config, true)
end

-- Everything into memory, from `level` on.
local function to_memory(level)
  configure { handlers = { memory = { class = "memory" } }, root = { level = level or "DEBUG", handlers = { "memory" } } }
end

local function wrong(config, text)
  to_memory()
  local err = assert.raises(function() configure(config) end, text)
  assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
  log.get("x"):info("still there") -- what was in force stays
  assert.equal("still there", log.records()[1].message)
end

describe("a logger", function()
  it("is one object for a name", function()
    assert.equal(log.get "shop.views", log.get "shop.views")
    assert.equal("shop.views", log.get("shop.views").name)
    assert.equal("root", log.get().name)
    assert.equal("logger shop.views", tostring(log.get "shop.views"))
  end)

  it("formats only with arguments", function()
    to_memory()
    local logger = log.get "shop"
    logger:info("100%")
    logger:info("%s of %d", "one", 2)
    logger:info("%s", nil)
    logger:info(exceptions.ValueError "v")
    logger:info(12)
    logger:info()
    local texts = {}
    for i, record in ipairs(log.records()) do
      texts[i] = record.message
    end
    assert.same({ "100%", "one of 2", "nil", "ValueError: v", "12", "" }, texts)
  end)

  it("never raises for a format that does not fit", function()
    to_memory()
    log.get("shop"):error("%d items", "x")
    log.get("shop"):error("%s and %s", 1)
    log.get("shop"):error("%s", setmetatable({}, { __tostring = function() error "no" end }))
    local records = log.records()
    assert.is_true(records[1].message:find("%d items (cannot be formatted: ", 1, true) == 1)
    assert.is_true(records[2].message:find("cannot be formatted", 1, true) ~= nil)
    assert.is_true(records[3].message:find("cannot be formatted", 1, true) ~= nil)
  end)

  it("has every level", function()
    to_memory()
    local logger = log.get "shop"
    for _, level in ipairs { "debug", "info", "warning", "error", "critical" } do
      logger[level](logger, "text")
    end
    logger:log("warning", "by name")
    logger:log(25, "by number")
    local levels = {}
    for i, record in ipairs(log.records()) do
      levels[i] = record.levelno
    end
    assert.same({ 10, 20, 30, 40, 50, 30, 25 }, levels)
    assert.equal("WARNING", log.records()[3].level)
  end)

  it("says where it was called", function()
    to_memory()
    log.get("shop"):info("here")
    local record = log.records()[1]
    assert.is_true(record.file:find("log_test.lua$") ~= nil)
    assert.is_true(record.line > 0)
    assert.equal("shop", record.name)
  end)

  it("filters by level", function()
    to_memory "WARNING"
    local logger = log.get "shop.cart"
    assert.equal(30, logger.level)
    assert.is_false(logger:enabled "info")
    assert.is_true(logger:enabled "error")
    logger:info("no")
    logger:set_level "info"
    logger:info("yes")
    logger:debug("no")
    assert.equal(1, #log.records())
    assert.raises(function() logger:set_level "wran" end, "unknown level 'wran'")
    assert.raises(function() logger:log("wraning", "x") end, "did you mean 'WARNING'?")
  end)

  it("records the traceback of an error", function()
    to_memory()
    local ok, err = xpcall(function() error(exceptions.ValueError "bad") end, function(e)
      e.traceback = "stack traceback:\n\tshop/x.lua:1: in f"
      return e
    end)
    assert.is_false(ok)
    local logger = log.get "shop"
    logger:exception("import of %s failed", "f.csv", err)
    logger:exception(err)
    logger:exception("no error here")
    local records = log.records()
    assert.equal("import of f.csv failed", records[1].message)
    assert.equal("ValueError: bad\nstack traceback:\n\tshop/x.lua:1: in f", records[1].traceback)
    assert.equal("ValueError: bad", records[2].message)
    assert.equal("stack traceback:\n\tshop/x.lua:1: in f", records[2].traceback)
    assert.is_true(records[3].traceback:find("log_test.lua", 1, true) ~= nil)
    assert.equal("ERROR", records[3].level)
  end)

  it("says what is wrong with a call", function()
    local logger = log.get "shop"
    assert.raises(function() logger.info("x") end, "call it with a colon: logger:info(…)")
    assert.raises(function() logger:inof("x") end, "did you mean 'info'?")
    assert.raises(function() log.info("x") end, "get a logger first")
    assert.raises(function() return log.gett end, "did you mean 'get'?")
    assert.raises(function() log.get(("x"):rep(300)) end, "200 characters")
    assert.raises(function() logger.level = 3 end, "read-only")
  end)
end)

describe("settings.logging", function()
  it("propagates, unless told not to", function()
    configure {
      version = 1,
      disable_existing_loggers = false,
      handlers = { top = { class = "memory" }, own = { class = "memory", level = "ERROR" } },
      loggers = { ["shop"] = { level = "DEBUG", handlers = { "own" } }, ["shop.quiet"] = { propagate = false, handlers = { "own" } } },
      root = { level = "INFO", handlers = { "top" } },
    }
    log.get("shop.views"):debug("one")
    log.get("shop.quiet"):error("two")
    log.get("other"):debug("three")
    assert.equal(1, #log.records "top")
    assert.equal("one", log.records("top")[1].message)
    assert.equal(1, #log.records "own")
  end)

  it("knows Django's names", function()
    local path = os.tmpname()
    configure {
      version = 1,
      formatters = { verbose = { format = "{levelname} {asctime} {module} {process:d} {thread:d} {message}", style = "{" }, old = { format = "%(levelname)-8s|%(message)s" } },
      filters = { debug_only = { ["()"] = "django.utils.log.RequireDebugTrue" }, live = { ["()"] = "django.utils.log.RequireDebugFalse" } },
      handlers = {
        console = { class = "logging.StreamHandler", formatter = "verbose", level = "CRITICAL", filters = { "debug_only" } },
        rotating = { class = "logging.handlers.RotatingFileHandler", filename = path, maxBytes = 1000, backupCount = 1, formatter = "old" },
        never = { class = "logging.FileHandler", filename = path, filters = { "live" } },
      },
      loggers = { [""] = { level = "WARN", handlers = { "rotating", "never" } } },
    }
    log.get("x"):warning("careful")
    log.get("x"):info("quiet")
    local file = io.open(path)
    assert.equal("WARNING |careful\n", file:read "a")
    file:close()
    os.remove(path)
  end)

  it("writes JSON", function()
    local path = os.tmpname()
    configure { formatters = { j = { class = "json" } }, handlers = { f = { class = "file", filename = path, formatter = "j" } }, root = { handlers = { "f" } } }
    log.get("shop"):error("say %q", "hi")
    local file = io.open(path)
    local line = file:read "a"
    file:close()
    os.remove(path)
    assert.is_true(line:find('"level":"ERROR","logger":"shop","message":"say \\"hi\\""', 1, true) ~= nil)
  end)

  it("writes a traceback below its line in development", function()
    local path = os.tmpname()
    for _, case in ipairs { { nil, "failed\n  Error: x\n" }, { "escaped", "failed\\nError: x\\n" } } do
      configure { formatters = { m = { format = "{message}", traceback = case[1] } }, handlers = { f = { class = "file", filename = path, formatter = "m" } }, root = { handlers = { "f" } } }
      log.get("shop"):exception("failed", exceptions.Error "x")
      local file = io.open(path)
      assert.equal(case[2], file:read("a"):sub(-0x7fffffff, #case[2]))
      file:close()
      io.open(path, "w"):close()
    end
    os.remove(path)
  end)

  it("keeps as many records in memory as it is told", function()
    configure { handlers = { memory = { class = "memory", capacity = 2 } }, root = { level = "INFO", handlers = { "memory" } } }
    for i = 1, 5 do
      log.get("x"):info(i)
    end
    assert.equal("4", log.records()[1].message)
    assert.equal(2, #log.records())
    log.clear()
    assert.equal(0, #log.records())
    assert.same({}, log.records "nowhere")
    assert.raises(function() log.clear "nowhere" end, "has no handler 'nowhere'")
  end)

  it("disables the framework's own loggers only when it says so", function()
    configure { disable_existing_loggers = true, handlers = { memory = { class = "memory" } }, root = { level = "DEBUG", handlers = { "memory" } } }
    log.get("perilune.server"):error("silent")
    configure { handlers = { memory = { class = "memory" } }, root = { level = "DEBUG", handlers = { "memory" } } }
    log.get("perilune.server"):error("heard")
    assert.equal("heard", log.records()[1].message)
  end)

  it("names what is wrong", function()
    wrong({ version = 2 }, "setting 'logging': version is 2; it must be 1")
    wrong({ handler = {} }, "unknown key 'handler'; did you mean 'handlers'?")
    wrong({ handlers = { c = {} } }, "handlers.c has no class")
    wrong({ handlers = { c = { class = "consol" } } }, "handlers.c: unknown class 'consol'; did you mean 'console'?")
    wrong({ handlers = { c = { class = "console", levle = "INFO" } } }, "handlers.c has an unknown key 'levle'; did you mean 'level'?")
    wrong({ handlers = { c = { class = "console", level = "LOUD" } } }, "handlers.c.level: unknown level 'LOUD'")
    wrong({ handlers = { c = { class = "console", formatter = "x" } } }, "handlers.c: there is no formatter 'x'")
    wrong({ handlers = { c = { class = "console", filename = "x" } } }, "handlers.c has a filename, but its class is 'console'")
    wrong({ handlers = { f = { class = "file" } } }, "handlers.f writes to a file: it needs a filename")
    wrong({ handlers = { f = { class = "file", filename = "/nowhere/x.log" } } }, "handler 'f': cannot open log file '/nowhere/x.log'")
    wrong({ handlers = { f = { class = "file", filename = "x", max_bytes = 10 } } }, "max_bytes but no backup_count")
    wrong({ handlers = { f = { class = "file", filename = "x", max_bytes = "1 MB", backup_count = 1 } } }, "handlers.f.max_bytes must be a whole number, not 1 MB")
    wrong({ loggers = { shop = { handlers = { "console" } } } }, "loggers[\"shop\"]: there is no handler 'console'")
    wrong({ loggers = { shop = { handlers = "console" } } }, "loggers[\"shop\"].handlers must be a table, not a string")
    wrong({ loggers = { shop = "INFO" } }, "loggers[\"shop\"] must be a table, not a string")
    wrong({ root = { propagate = 1 } }, "root.propagate must be a boolean")
    wrong({ formatters = { f = { format = "{mesage}" } } }, "formatter 'f': unknown field 'mesage'; did you mean 'message'?")
    wrong({ formatters = { f = { format = "x", style = "<" } } }, "formatters.f.style is '<'")
    wrong({ filters = { f = { ["()"] = "my.Filter" } } }, "filters.f: unknown filter 'my.Filter'")
    wrong({ handlers = { c = { class = "console", filters = { "nope" } } } }, "handlers.c.filters: there is no filter 'nope'")
    assert.raises(function() configure "x" end, "it must be a table")
  end)
end)

describe("a record that nobody wants", function()
  it("costs next to nothing", function()
    to_memory "WARNING"
    local logger, start = log.get "shop.cost", os.clock()
    for i = 1, 200000 do
      logger:debug("text %s", i)
    end
    assert.is_true(os.clock() - start < 1) -- 50 ns each in a build without sanitizers
    assert.equal(0, #log.records())
  end)
end)

log._configure(nil, false)
t.finish()
