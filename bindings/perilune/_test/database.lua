-- SPDX-License-Identifier: MIT
-- The databases of a test run. A template of each is made once, by the migrations; every test
-- file works on a copy of its own, so that nothing that a file leaves behind is there for the
-- next. All of it stands in one folder, in memory where the machine has such a place.
local core = require "perilune._core"
local databases = require "perilune._databases"
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"
local native = require "perilune._db"
local settings = require "perilune.settings"
local sorted_keys = require "perilune._sorted_keys"
local system = require "perilune._system"
local testing = require "perilune._testing"

local M = { folder = nil }

local aliases = {} -- of those that a test may use and write: no mirrors
local templates = {} -- alias -> path of the template

-- ---- where ----

local PREFIX = "perilune-test-"

local function base()
  for _, dir in ipairs { os.getenv "TMPDIR" or "", "/dev/shm", "/tmp" } do
    if dir ~= "" and system.writable(dir) then
      return dir
    end
  end
  error(exceptions.CommandError "there is no folder for the test databases: neither TMPDIR, /dev/shm nor /tmp can be written to", 0)
end

-- Folders of runs that were killed.
local function sweep(dir)
  for _, name in ipairs(system.list(dir) or {}) do
    local pid = name:match("^" .. PREFIX:gsub("%-", "%%-") .. "(%d+)$")
    if pid and not system.alive(tonumber(pid)) then
      pcall(fs.clear, dir .. "/" .. name)
      os.remove(dir .. "/" .. name)
    end
  end
end

-- ---- configuration ----

local TEST_OPTIONS = { name = "string", mirror = "string", migrate = "boolean" }

local function check_options(alias, options)
  local names = sorted_keys(TEST_OPTIONS)
  for name, value in pairs(options) do
    local want = TEST_OPTIONS[name]
    local wrong = not want and ("unknown option 'test.%s'%s"):format(tostring(name), core.suggest(tostring(name), names))
      or type(value) ~= want and ("'test.%s' must be a %s, not a %s"):format(name, want, type(value))
    if wrong then
      error(exceptions.ImproperlyConfigured(("%s: setting 'databases': database '%s': %s"):format(settings._place("databases", alias), alias, wrong)), 0)
    end
  end
end

-- "db.sqlite3" -> "test_db.sqlite3", as Django calls it.
local function test_name(name)
  if name == ":memory:" or name:find("^file:") then
    return nil
  end
  local dir, file = name:match("^(.*/)([^/]*)$")
  return (dir or "") .. "test_" .. (file or name)
end

local function copy(t)
  local out = {}
  for k, v in pairs(t) do
    out[k] = v
  end
  return out
end

-- The settings of the alias with its working copy for a database. Nothing of it has to
-- survive a loss of power.
local function for_tests(alias, given)
  local out, options = copy(given), copy(given.options or {})
  out.name, out.test = M.folder .. "/" .. alias .. ".sqlite3", nil
  options.synchronous, options.journal_mode = "OFF", nil
  out.options = options
  return out
end

local function kept_path(alias, given)
  local name = (given.test or {}).name or test_name(given.name)
  if not name then
    return M.folder .. "/" .. alias .. ".template"
  end
  return name:sub(1, 1) == "/" and name or core.project_dir .. "/" .. name
end

--- Makes the folder, and puts test databases in the place of those of the settings; before
--- the project is loaded. `options`: keep (keep the templates for the next run), templates (the folder of another process, whose
--- templates are used).
function M.configure(options)
  local dir = base()
  sweep(dir)
  M.folder = ("%s/%s%d"):format(dir, PREFIX, system.pid())
  pcall(fs.clear, M.folder)
  local made, why = system.mkdir(M.folder, 448) -- 0700
  if made == nil then
    error(exceptions.CommandError(("cannot make a folder for the test databases: %s"):format(why)), 0)
  end
  local configured, mirrors = {}, {}
  for alias, given in pairs(settings.get("databases") or {}) do
    if type(given) == "table" and given.engine == "sqlite" then
      check_options(alias, given.test or {})
      configured[alias] = for_tests(alias, given)
      local mirror = (given.test or {}).mirror
      if mirror then
        mirrors[alias] = mirror
      else
        aliases[#aliases + 1] = alias
        templates[alias] = options.templates and ("%s/%s.template"):format(options.templates, alias)
          or options.keep and kept_path(alias, given)
          or M.folder .. "/" .. alias .. ".template"
      end
    else
      configured[alias] = given
    end
  end
  table.sort(aliases)
  databases.configure(configured)
  for alias, mirror in pairs(mirrors) do
    databases.mirror(alias, mirror)
  end
end

--- Takes the folder away.
function M.clean()
  if M.folder then
    for _, alias in ipairs(aliases) do
      pcall(native.close, databases.get(alias).handle)
    end
    pcall(fs.clear, M.folder)
    os.remove(M.folder)
    M.folder = nil
  end
end

-- ---- files ----

local function handle(alias)
  return databases.get(alias).handle
end

local function path_of(alias)
  return M.folder .. "/" .. alias .. ".sqlite3"
end

local function close(alias)
  native.close(handle(alias))
  local open = native.stats(handle(alias)).open
  if open > 0 then
    error(exceptions.RuntimeError(("database '%s': %d connection%s still in use by a fiber that a test has left running; wait for it (fiber:join()), or give it an end"):format(alias, open, open == 1 and " is" or "s are")), 0)
  end
end

local function remove(path)
  for _, more in ipairs { "", "-wal", "-shm", "-journal" } do
    os.remove(path .. more)
  end
end

-- Puts the file `from` in the place of the working copy.
local function put(alias, from)
  close(alias)
  remove(path_of(alias))
  if system.kind(from) then
    fs.copy(from, path_of(alias))
  end
end

--- Makes the templates: the working copies are migrated and put aside.
function M.create(verbosity, migrate)
  for _, alias in ipairs(aliases) do
    put(alias, templates[alias])
    migrate(alias, verbosity)
    close(alias) -- which writes the log back into the file
    if system.kind(path_of(alias)) then
      fs.copy(path_of(alias), templates[alias])
    end
  end
end

--- Every working copy is the template again.
function M.fresh()
  for _, alias in ipairs(aliases) do
    put(alias, templates[alias])
  end
end

local saved = 0

--- Puts the working copies aside as they are; gives what restore() takes.
function M.save()
  saved = saved + 1
  local names = {}
  for _, alias in ipairs(aliases) do
    close(alias)
    names[alias] = ("%s/%s.saved%d"):format(M.folder, alias, saved)
    if system.kind(path_of(alias)) then
      fs.copy(path_of(alias), names[alias])
    end
  end
  return names
end

function M.restore(names)
  for _, alias in ipairs(aliases) do
    put(alias, names[alias])
  end
end

function M.forget(names)
  for _, name in pairs(names) do
    os.remove(name)
  end
end

-- ---- transactions ----

local depth = 0

--- Runs fn in a transaction (a savepoint, inside of another) of every database that is
--- rolled back; requests and other fibers see it.
function M.in_block(fn)
  local function enter(i)
    local alias = aliases[i]
    if alias then
      return testing.block(handle(alias), function()
        return enter(i + 1)
      end)
    end
    depth = depth + 1
    if depth == 1 then
      testing.share(true)
    end
    fn()
    depth = depth - 1
    if depth == 0 then
      testing.share(false)
    end
  end
  local before = depth
  local ok, err = pcall(enter, 1)
  if depth ~= before then
    depth = before
    if depth == 0 then
      testing.share(false)
    end
  end
  if not ok then
    error(err, 0)
  end
end

--- As pcall(fn), in a savepoint of the test's transaction, when there is one: what fn sent is
--- undone when it raises, so that the test can go on.
function M.try(fn)
  if depth == 0 then
    return core.call(fn)
  end
  local function enter(i)
    local alias = aliases[i]
    if alias then
      testing.block(handle(alias), function()
        enter(i + 1)
      end, true)
    else
      fn()
    end
  end
  return core.call(enter, 1)
end

-- ---- references that a commit would have refused ----

local function describe(connection, row)
  local sql = ('PRAGMA foreign_key_list("%s")'):format(row.table):gsub("%?", "??")
  for _, key in ipairs(connection:query(sql)) do
    if key.id == row.fkid then
      return ("row %s of %s: its %s is no row of %s"):format(row.rowid or "?", row.table, key["from"], row.parent)
    end
  end
  return ("row %s of %s refers to a row of %s that is not there"):format(row.rowid or "?", row.table, row.parent)
end

--- Text about rows whose references lead nowhere; nil when all is well.
function M.unresolved()
  local db = require "perilune.db"
  for _, alias in ipairs(aliases) do
    if testing.unresolved(handle(alias)) then
      local connection, parts = db.connection(alias), {}
      for i, row in ipairs(connection:query "PRAGMA foreign_key_check") do
        if i > 5 then
          parts[#parts + 1] = "…"
          break
        end
        parts[#parts + 1] = describe(connection, row)
      end
      return ("a commit would fail (FOREIGN KEY constraint): %s"):format(table.concat(parts, "; "))
    end
  end
end

--- Runs fn; gives the functions that on_commit() was given meanwhile: { fn, robust }.
function M.capture_on_commit(alias, fn)
  local h = databases.get(alias, 3).handle
  local from = testing.hooks(h)
  fn()
  return testing.take_hooks(h, from)
end

function M.aliases()
  return aliases
end

return M
