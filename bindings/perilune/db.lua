-- SPDX-License-Identifier: MIT
-- Databases: SQL of authors, transactions, what is sent.
--
-- The functions are about the database "default", or about that of `using`; a connection
-- object has the same ones as methods for its own. A transaction belongs to the fiber that
-- opened it.
local check_options = require "perilune._options"
local databases = require "perilune._databases"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local native = require "perilune._db"
local settings = require "perilune.settings"

local M = { DEFAULT_ALIAS = "default", router = require "perilune._db_router" }

local Connection = {}

-- ---- rows ----

-- A list of rows that generic `for` walks too: `for row in db.query(…) do`.
local Rows = {}
local positions = setmetatable({}, { __mode = "k" })

function Rows.__call(rows, _, before)
  local at = before == nil and 1 or (positions[rows] or 0) + 1
  positions[rows] = at
  return rows[at]
end

local Binary = { __name = "perilune.db.Binary" }

--- The bytes as a BLOB: a plain string is text.
function M.binary(bytes)
  if type(bytes) ~= "string" then
    error(exceptions.TypeError("db.binary takes a string, not a " .. type(bytes)), 2)
  end
  return setmetatable({ bytes }, Binary)
end

local function check_sql(what, sql, params)
  if type(sql) ~= "string" then
    local hint = getmetatable(sql) == Connection and "; a function of perilune.db is called with a dot" or ""
    error(exceptions.TypeError(("%s: the SQL is a string, not a %s%s"):format(what, type(sql), hint)), 4)
  end
  if params ~= nil and type(params) ~= "table" then
    error(exceptions.TypeError(("%s: parameters are a list, as in { 1 }, not a %s"):format(what, type(params))), 4)
  end
end

local function query(entry, sql, params)
  check_sql("db.query", sql, params)
  local rows, columns = native.query(entry.handle, sql, params, entry.zone)
  return setmetatable(rows, Rows), columns
end

local function execute(entry, sql, params)
  check_sql("db.execute", sql, params)
  entry.executed = (entry.executed or 0) + 1
  return native.execute(entry.handle, sql, params, entry.zone)
end

-- ---- transactions ----

local function callable(v)
  return type(v) == "function" or (getmetatable(v) or {}).__call ~= nil
end

local function check_function(what, fn)
  if not callable(fn) then
    error(exceptions.TypeError(("%s takes a function, not a %s"):format(what, type(fn))), 4)
  end
end

-- Values as they are: what stands in a call of it is no tail call, and keeps its line.
local function pass(...)
  return ...
end

local atomic_options = { using = true, durable = true, savepoint = true }

-- atomic(fn, …) or atomic(options, fn, …)
local function atomic(entry, options, fn, ...)
  check_function("db.atomic", fn)
  if options.using ~= nil then
    entry = databases.get(options.using, 4)
  end
  return native.atomic(entry.handle, options.durable == true, options.savepoint ~= false, fn, ...)
end

local function on_commit(entry, fn, options)
  check_function("db.on_commit", fn)
  if options.using ~= nil then
    entry = databases.get(options.using, 4)
  end
  native.on_commit(entry.handle, fn, options.robust == true)
end

-- ---- what is sent ----

local QUERIES_MAX, FIBERS_MAX = 9000, 64

local captures = {}
local logs, log_order = {}, {} -- in debug: statements by fiber, of the last ones
local logger = log.get("perilune.db")

local function keep_for_debug(fiber, entry)
  local list = logs[fiber]
  if not list then
    list = {}
    logs[fiber] = list
    log_order[#log_order + 1] = fiber
    if #log_order > FIBERS_MAX then
      logs[table.remove(log_order, 1)] = nil
    end
  end
  if #list < QUERIES_MAX then
    list[#list + 1] = entry
  end
end

local function show_params(params)
  local shown = {}
  for i, v in ipairs(params) do
    shown[i] = type(v) == "string" and ("%q"):format(#v > 200 and v:sub(1, 200) .. "…" or v) or tostring(v)
  end
  return "(" .. table.concat(shown, ", ") .. ")"
end

local function record(alias, sql, params, ms, control, err, fiber, times)
  local entry = { sql = sql, params = params, ms = ms, alias = alias, error = err, times = times }
  for _, c in ipairs(captures) do
    if (c.all or not control) and (not c.alias or c.alias == alias) and (c.every_fiber or c.fiber == fiber) then
      if c.where and not entry.where then
        entry.where = require("perilune._test.place").caller()
      end
      c.list[#c.list + 1] = entry
    end
  end
  if settings.get("debug") then
    keep_for_debug(fiber, entry)
  end
  if logger:enabled("DEBUG") then
    local many = times and (" (the last of %d)"):format(times) or ""
    logger:debug("(%.3f) %s; args=%s%s; alias=%s", ms / 1000, sql, show_params(params), many, alias)
  end
end

-- Statements are told of while somebody listens; nobody pays otherwise.
local function listen()
  local on = #captures > 0 or settings.get("debug") or logger:enabled("DEBUG")
  native.observe(on and record or nil)
end

local capture_options = { all = true, using = true, every_fiber = true, where = true }

local function capture(alias, fn, options)
  check_function("db.capture", fn)
  local c = { list = {}, all = options.all, where = options.where, alias = options.using or alias, every_fiber = options.every_fiber, fiber = native.fiber() }
  captures[#captures + 1] = c
  listen()
  local ok, err = pcall(fn)
  for i, other in ipairs(captures) do
    if other == c then
      table.remove(captures, i)
      break
    end
  end
  listen()
  if not ok then
    error(err, 0)
  end
  return c.list
end

local function queries(alias)
  local list = {}
  for _, entry in ipairs(logs[native.fiber()] or {}) do
    if not alias or entry.alias == alias then
      list[#list + 1] = entry
    end
  end
  return list
end

-- ---- the module's functions ----

local using_option = { using = true }

local function entry_of(what, options)
  options = check_options(what, options, using_option)
  return databases.get(options.using or M.DEFAULT_ALIAS, 3)
end

--- Runs SQL with values for its ? (or :name) placeholders; gives the list of rows.
function M.query(sql, params, options)
  local entry = entry_of("db.query", options)
  return (query(entry, sql, params))
end

--- Runs SQL; gives the number of rows that it changed, and the key of the last one inserted.
function M.execute(sql, params, options)
  local entry = entry_of("db.execute", options)
  local changes, id = execute(entry, sql, params)
  return changes, id
end

--- Runs fn(…) in a transaction, or in a savepoint of the one that is open; gives its values.
function M.atomic(options, ...)
  if type(options) == "function" then
    return pass(native.atomic(databases.get(M.DEFAULT_ALIAS, 2).handle, false, true, options, ...))
  elseif callable(options) then
    return pass(atomic(databases.get(M.DEFAULT_ALIAS, 2), {}, options, ...))
  end
  check_options("db.atomic", options, atomic_options)
  return pass(atomic(databases.get(M.DEFAULT_ALIAS, 2), options or {}, ...))
end

-- Not for authors: atomic({ using = alias, savepoint = false }, fn, …), which the ORM says often.
function M._within(alias, fn, ...)
  return native.atomic(databases.get(alias, 2).handle, false, false, fn, ...)
end

--- Calls fn after the transaction is committed; now, when there is none.
function M.on_commit(fn, options)
  options = check_options("db.on_commit", options, { using = true, robust = true })
  on_commit(databases.get(M.DEFAULT_ALIAS, 2), fn, options)
end

--- The statements that fn sends, but for BEGIN and its like: { { sql =, params =, ms = }, … }.
--- One that was run for many rows (bulk_create, bulk_update) is one, with `times` and the
--- parameters of the last row.
function M.capture(fn, options)
  options = check_options("db.capture", options, capture_options)
  local list = capture(nil, fn, options)
  return list
end

for _, name in ipairs { "savepoint", "get_rollback", "in_atomic" } do
  M[name] = function(options)
    return (native[name](entry_of("db." .. name, options).handle))
  end
end
for _, name in ipairs { "savepoint_commit", "savepoint_rollback", "set_rollback" } do
  M[name] = function(value, options)
    native[name](entry_of("db." .. name, options).handle, value)
  end
end

--- Grows whenever rows of the database may have changed without a model being told: by SQL of
--- authors, by a rollback.
function M._disturbances(alias)
  local entry = databases.get(alias)
  return (entry.executed or 0) + native.rollbacks(entry.handle)
end

-- ---- connections ----

--- The rows, and the list of the columns' names: a NULL is missing in a row.
function Connection:_query(sql, params)
  return query(self._entry, sql, params)
end

function Connection:query(sql, params)
  return (query(self._entry, sql, params))
end

function Connection:execute(sql, params)
  local changes, id = execute(self._entry, sql, params)
  return changes, id
end

function Connection:atomic(options, ...)
  if callable(options) then
    return pass(atomic(self._entry, {}, options, ...))
  end
  check_options("connection:atomic", options, { durable = true, savepoint = true })
  return pass(atomic(self._entry, options or {}, ...))
end

function Connection:on_commit(fn, options)
  options = check_options("connection:on_commit", options, { robust = true })
  on_commit(self._entry, fn, options)
end

function Connection:capture(fn, options)
  options = check_options("connection:capture", options, { all = true, every_fiber = true })
  local list = capture(self.alias, fn, options)
  return list
end

for _, name in ipairs { "savepoint", "get_rollback", "in_atomic" } do
  Connection[name] = function(self)
    return (native[name](self._entry.handle))
  end
end
for _, name in ipairs { "savepoint_commit", "savepoint_rollback", "set_rollback" } do
  Connection[name] = function(self, value)
    native[name](self._entry.handle, value)
  end
end

--- Runs fn with one connection held, for PRAGMAs and the like.
function Connection:pinned(fn)
  if not callable(fn) then
    error(exceptions.TypeError("connection:pinned takes a function, not a " .. type(fn)), 2)
  end
  return native.pinned(self._entry.handle, fn)
end

--- Closes the connections that are not in use; the next statement opens one again.
function Connection:close()
  native.close(self._entry.handle)
end

--- Counters of the connections, for metrics and tests.
function Connection:stats()
  return (native.stats(self._entry.handle))
end

local connections = {}
local connection_mt = {
  __name = "perilune.db.Connection",
  __tostring = function(self)
    return ("<connection '%s' (%s)>"):format(self.alias, self.vendor)
  end,
}

function connection_mt.__index(self, name)
  if name == "queries" then
    return queries(self.alias)
  end
  local member = Connection[name]
  if member == nil then
    local names = { "alias", "vendor", "settings", "queries" }
    for k in pairs(Connection) do
      names[#names + 1] = k
    end
    error(exceptions.AttributeError(("a connection has no '%s'%s"):format(tostring(name), require("perilune._core").suggest(tostring(name), names))), 2)
  end
  return member
end

--- The database of an alias, as an object: its methods are the functions here.
function M.connection(alias)
  local entry = databases.get(alias or M.DEFAULT_ALIAS, 2)
  local c = connections[entry.alias]
  if not c then
    c = setmetatable({ alias = entry.alias, vendor = native.vendor(entry.handle), settings = entry.settings, _entry = entry }, connection_mt)
    connections[entry.alias] = c
  end
  return c
end

--- All aliases, sorted.
function M.aliases()
  return table.move(databases.aliases(), 1, #databases.aliases(), 1, {})
end

-- ---- a transaction around each view ----

local exempt = setmetatable({}, { __mode = "k" }) -- view -> set of aliases, or true

--- Leaves the view out of atomic_requests (of one database, when `using` names it).
function M.non_atomic_requests(view, options)
  options = check_options("db.non_atomic_requests", options, using_option)
  if not callable(view) then
    error(exceptions.TypeError("db.non_atomic_requests takes a view, not a " .. type(view)), 2)
  end
  if not options.using then
    exempt[view] = true
  elseif exempt[view] ~= true then
    exempt[view] = exempt[view] or {}
    exempt[view][options.using] = true
  end
  return view
end

-- A function that calls a view in the transactions it is to have; nil: no view has one.
local function around_views()
  local list = {}
  for _, alias in ipairs(databases.aliases()) do
    local entry = databases.atomic(alias)
    if entry then
      list[#list + 1] = entry
    end
  end
  local function enter(i, view, ...)
    local entry = list[i]
    if not entry then
      return view(...)
    end
    local out = exempt[view]
    if out == true or out and out[entry.alias] then
      return enter(i + 1, view, ...)
    end
    return native.atomic(entry.handle, false, true, enter, i + 1, view, ...)
  end
  return #list > 0 and function(view, ...)
    return enter(1, view, ...)
  end or nil
end

--- Called when the project is loaded.
function M._load()
  databases.configure()
  M.router._load()
  require("perilune._pipeline").around_views(around_views())
  listen()
end

native.on_connect(function(alias)
  local signals = package.loaded["perilune.signals"]
  local signal = type(signals) == "table" and rawget(signals, "connection_created")
  if signal then
    signal:send(Connection, { connection = M.connection(alias) })
  end
end)

return setmetatable(M, {
  __index = function(_, name)
    if name == "queries" then
      return queries(nil)
    end
    local names = { "queries" }
    for k in pairs(M) do
      names[#names + 1] = k
    end
    error(exceptions.AttributeError(("perilune.db has no '%s'%s"):format(tostring(name), require("perilune._core").suggest(tostring(name), names))), 2)
  end,
})
