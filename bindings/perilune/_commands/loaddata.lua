-- SPDX-License-Identifier: MIT
-- perilune loaddata
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local find = require "perilune._fixtures.find"
local formats = require "perilune._fixtures.formats"
local reader = require "perilune._fixtures.reader"
local router = require "perilune._db_router"
local registry = require("perilune._models.registry").project
local serialize = require "perilune._models.serialize"
local Sqlite = require "perilune._migrations.schema_sqlite"

-- What --exclude names: a set of labels of apps and of models in lower case.
local function excluded(names)
  local set = {}
  for _, name in ipairs(names or {}) do
    local label, class = require("perilune._fixtures.select").find(name)
    set[label or class._meta.label_lower] = true
  end
  return set
end

-- Rows that name others by natural keys which come later: again and again, as long as one of
-- them finds what it names.
local function finish(waiting, using)
  while #waiting > 0 do
    local rest, problem = {}, nil
    for _, found in ipairs(waiting) do
      local ok, err = pcall(serialize.resolve, found, using)
      if ok then
        serialize.save(found, using)
      else
        rest[#rest + 1], problem = found, problem or err
      end
    end
    if #rest == #waiting then
      error(problem, 0)
    end
    waiting = rest
  end
end

local function find_model(label)
  return registry:find(label)
end

-- One object of a file: 1 when it is (or will be) a row. The place of mistakes is in `where`.
local function load_object(item, where, options, waiting)
  local ok, result = pcall(function()
    local found = serialize.object(item, find_model, options.database, options.ignorenonexistent)
    if not found or router.allow_migrate_model(options.database, found.class) == false then
      return 0
    end
    local later = #found.later > 0
    if later then
      waiting[#waiting + 1] = found
    end
    if not (later and serialize.must_wait(found)) then
      serialize.save(found, options.database)
    end
    return 1
  end)
  if not ok then
    result = exceptions.wrap(result)
    result.message = ("Problem installing fixture '%s', object %d: %s"):format(where.path, where.number, result.message)
    error(result, 0)
  end
  return result
end

local function load_file(file, options, without)
  local waiting, n, number = {}, 0, 0
  for item in reader.objects(file) do
    number = number + 1
    local model = type(item.model) == "string" and item.model:lower() or ""
    if not (without[model] or without[model:match "^[^.]*"]) then
      n = n + load_object(item, { path = file.path, number = number }, options, waiting)
    end
  end
  finish(waiting, options.database)
  return n, number
end

-- The files of all names, in order.
local function files_of(options)
  formats.check_format(options.format)
  local list = {}
  for _, name in ipairs(options.fixture) do
    if name == "-" then
      list[#list + 1] = { path = "-", format = options.format or "json" }
    else
      local found = find(name, options)
      table.move(found, 1, #found, #list + 1, list)
    end
  end
  return list
end

-- Rows may point at later ones: keys are checked when all are there.
local function in_transaction(options, fn)
  local connection = db.connection(options.database)
  connection:pinned(function()
    connection:execute "PRAGMA foreign_keys = OFF"
    local ok, err = pcall(db.atomic, { using = options.database }, function()
      fn()
      Sqlite.new(connection):check_constraints()
    end)
    connection:execute "PRAGMA foreign_keys = ON"
    if not ok then
      error(err, 0)
    end
  end)
end

local function handle(options, command)
  registry:world()
  local without = excluded(options.exclude)
  local files = files_of(options)
  local total, seen = 0, 0
  in_transaction(options, function()
    for _, file in ipairs(files) do
      if options.verbosity >= 2 then
        command:write(("Installing fixture '%s'."):format(file.path))
      end
      local n, number = load_file(file, options, without)
      total, seen = total + n, seen + number
      if number == 0 and options.verbosity > 0 then
        command.stderr:write(command.style.warning(("No fixture data found for '%s'."):format(file.path)))
      end
    end
  end)
  if options.verbosity > 0 then
    local of = seen ~= total and (" (of %d)"):format(seen) or ""
    command:write(("Installed %d object(s)%s from %d fixture(s)"):format(total, of, #files))
  end
end

return {
  help = "read rows from fixtures: JSON or lines of JSON",
  description = "Names are looked for in the folders `fixtures` of the apps, those of the setting fixture_dirs, and\nhere; .json, .jsonl, and .gz, .zip, .bz2 or .xz behind them, may be left out. - is standard input.",
  requires = "project",
  arguments = {
    { "fixture", nargs = "+", help = "names, or paths; - for standard input" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--app", help = "only this app's fixtures folder" },
    { "--format", help = "of standard input: json or jsonl" },
    { "--ignorenonexistent", "-i", flag = true, help = "pass over fields and models that are no more" },
    { "--exclude", "-e", multiple = true, help = "an app or model that is left out; may be repeated" },
  },
  handle = handle,
}
