-- SPDX-License-Identifier: MIT
-- settings.databases: checked as a whole when the project loads, handed to the engine, and
-- kept by alias. A connection is opened at first use.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local native = require "perilune._db"
local settings = require "perilune.settings"
local sorted = require "perilune._names"

local M = {}

local by_alias, aliases -- nil until configure() has run

-- ---- checking ----

local function wrong(alias, text, ...)
  settings._wrong("databases", "database", alias, text, ...)
end

local function number(min, max)
  return function(v)
    if type(v) ~= "number" or v ~= v or v < min or v > (max or math.huge) then
      return ("a number from %d%s"):format(min, max and " to " .. max or "")
    end
  end
end

local function whole(min, max)
  local check = number(min, max)
  return function(v)
    return check(v) or math.type(v) ~= "integer" and "a whole number" or nil
  end
end

local function of_type(name)
  return function(v)
    return type(v) ~= name and "a " .. name or nil
  end
end

local text, flag = of_type "string", of_type "boolean"

-- Django's names in lower case, and the pool. What only servers need may be there for any
-- engine, as in Django.
local known = {
  engine = text,
  name = text,
  user = text,
  password = text,
  host = text,
  port = function(v)
    return type(v) ~= "string" and math.type(v) ~= "integer" and "a number" or nil
  end,
  options = of_type "table",
  pool = of_type "table",
  atomic_requests = flag,
  time_zone = text,
  conn_max_age = number(0),
  conn_health_checks = flag,
  test = of_type "table",
}
local known_pool = { max_size = whole(1, 10000), min_size = whole(0, 10000), max_age = number(0), timeout = number(0) }
local known_options = {
  sqlite = {
    timeout = number(0, 1e6),
    statement_timeout = number(0, 1e6),
    transaction_mode = text,
    journal_mode = text,
    synchronous = text,
    init_command = text,
    cache_size = whole(-2 ^ 31, 2 ^ 31),
    mmap_size = whole(0, 2 ^ 40),
  },
}

-- Engines with a name and no driver in this binary: they may be configured, not used.
local without_driver = { postgresql = true }

local function check(alias, where, values, rules)
  for _, name in ipairs(sorted(values)) do
    local rule = rules[name]
    if not rule then
      wrong(alias, "unknown option '%s%s'%s", where, name, core.suggest(name, sorted(rules)))
    end
    local want = rule(values[name])
    if want then
      wrong(alias, "'%s%s' must be %s, not %s", where, name, want, tostring(values[name]))
    end
  end
end

-- ---- reading ----

local function path_of(name)
  if name == ":memory:" or name:sub(1, 5) == "file:" or name:sub(1, 1) == "/" or not core.project_dir then
    return name
  end
  return core.project_dir .. "/" .. name
end

local function zone_of(alias, values)
  if not settings.get("use_tz", true) then
    return nil
  end
  local zone = values.time_zone or "UTC"
  local ok = pcall(require("perilune._time").zone, zone)
  if not ok then
    wrong(alias, "there is no time zone '%s'", zone)
  end
  return zone
end

local function read(alias, values)
  if type(values) ~= "table" then
    wrong(alias, "it must be a table, as in { engine = \"sqlite\", name = \"db.sqlite3\" }")
  end
  check(alias, "", values, known)
  local engine = values.engine
  if not engine then
    wrong(alias, "set 'engine' (%s)", table.concat(native.engines(), ", "))
  end
  if without_driver[engine] then
    return nil
  end
  if not known_options[engine] then
    wrong(alias, "there is no database engine '%s'%s", engine, core.suggest(engine, native.engines()))
  end
  check(alias, "options.", values.options or {}, known_options[engine])
  check(alias, "pool.", values.pool or {}, known_pool)
  if not values.name then
    wrong(alias, "set 'name' to the path of the file, or to ':memory:'")
  end

  local o = { alias = alias, engine = engine, name = path_of(values.name), atomic_requests = values.atomic_requests }
  for name, value in pairs(values.options or {}) do
    o[name] = value
  end
  local pool = values.pool or {}
  o.max_size, o.min_size, o.max_age = pool.max_size, pool.min_size, pool.max_age or values.conn_max_age
  o.pool_timeout = pool.timeout
  return o, zone_of(alias, values)
end

local function add(alias, values)
  local o, zone = read(alias, values)
  local ok, handle
  if o then
    ok, handle = pcall(native.add, o)
    if not ok then
      wrong(alias, "%s", handle.message)
    end
  end
  by_alias[alias] = { alias = alias, handle = handle, settings = values, zone = zone, atomic_requests = values.atomic_requests == true }
  aliases[#aliases + 1] = alias
end

--- Reads settings.databases, or `databases`; once in a process.
function M.configure(databases)
  if by_alias then
    return
  end
  databases = databases or settings.get("databases") or {}
  if type(databases) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s: setting 'databases' must be a table of databases by alias, not a %s"):format(settings._place("databases"), type(databases))), 0)
  end
  by_alias, aliases = {}, {}
  local ok, err = pcall(function()
    for _, alias in ipairs(sorted(databases)) do
      add(alias, databases[alias])
    end
    if #aliases > 0 and not by_alias.default then
      wrong("default", "it is missing: one of the databases must be called 'default'")
    end
  end)
  if not ok then
    by_alias = nil
    error(err, 0)
  end
end

--- For tests: `alias` has the connections of `other`, so that it sees its transactions.
function M.mirror(alias, other)
  if not by_alias[other] then
    wrong(alias, "'test.mirror' is '%s', and there is no such database%s", other, core.suggest(other, aliases))
  end
  require("perilune._testing").mirror(by_alias[alias].handle, by_alias[other].handle)
  by_alias[alias].handle = by_alias[other].handle
end

--- The entry of an alias: { alias, handle, settings, zone }. `level` is that of the caller to
--- blame.
function M.get(alias, level)
  if not by_alias then
    if not settings.configured() then
      error(exceptions.ImproperlyConfigured "there is no database outside of a project: settings.databases names them", (level or 1) + 1)
    end
    M.configure()
  end
  local entry = by_alias[alias]
  if not entry then
    local hint = #aliases == 0 and "; setting 'databases' is not set" or core.suggest(tostring(alias), aliases)
    error(exceptions.ImproperlyConfigured(("there is no database '%s'%s"):format(tostring(alias), hint)), (level or 1) + 1)
  end
  if not entry.handle then
    error(exceptions.ImproperlyConfigured(("database '%s': this perilune has no driver for '%s'"):format(alias, entry.settings.engine)), (level or 1) + 1)
  end
  return entry
end

--- The entry of an alias with atomic_requests, or nil.
function M.atomic(alias)
  return by_alias[alias].atomic_requests and M.get(alias) or nil
end

--- All aliases, sorted.
function M.aliases()
  if not by_alias and settings.configured() then
    M.configure()
  end
  return aliases or {}
end

return M
