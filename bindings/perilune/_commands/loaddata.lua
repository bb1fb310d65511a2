-- SPDX-License-Identifier: MIT
-- perilune loaddata
local apps = require "perilune.apps"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local registry = require("perilune._models.registry").project
local serialize = require "perilune._models.serialize"
local Sqlite = require "perilune._migrations.schema_sqlite"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then
    file:close()
  end
  return text
end

-- Folders of apps, then where the command runs; with and without .json.
local function find(name, label)
  local tried = {}
  for _, app in ipairs(apps.all()) do
    if not label or app.label == label then
      tried[#tried + 1] = app.path .. "/fixtures/" .. name
    end
  end
  tried[#tried + 1] = name
  if name:sub(1, 1) == "/" then
    tried = { name }
  end
  for _, path in ipairs(tried) do
    for _, suffix in ipairs { "", ".json" } do
      local text = read(path .. suffix)
      if text then
        return text, path .. suffix
      end
    end
  end
  error(exceptions.CommandError(("No fixture named '%s' found: looked for it in the fixtures folders of the apps and here"):format(name)), 0)
end

local function objects_of(name, options)
  local text, path = find(name, options.app)
  local ok, list = pcall(json.decode, text)
  if not ok then
    error(exceptions.CommandError(("Problem installing fixture '%s': %s"):format(path, exceptions.wrap(list).message)), 0)
  elseif not json.is_array(list) then
    error(exceptions.CommandError(("Problem installing fixture '%s': not a list of objects"):format(path)), 0)
  end
  return list, path
end

local function excluded(label, list)
  local app = label:match "^[^.]+"
  for _, name in ipairs(list or {}) do
    if name:lower() == label or name == app then
      return true
    end
  end
  return false
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

local function load_file(name, options)
  local list, path = objects_of(name, options)
  local waiting = {}
  local n = 0
  for i, item in ipairs(list) do
    if not (type(item) == "table" and type(item.model) == "string" and excluded(item.model, options.exclude)) then
      local ok, err = pcall(function()
        local found = serialize.object(item, function(label)
          return registry:find(label)
        end, options.database, options.ignorenonexistent)
        local later = found and #found.later > 0
        if later then
          waiting[#waiting + 1] = found
        end
        if found and not (later and serialize.must_wait(found)) then
          serialize.save(found, options.database)
        end
        n = n + (found and 1 or 0)
      end)
      if not ok then
        err = exceptions.wrap(err)
        err.message = ("Problem installing fixture '%s', object %d: %s"):format(path, i, err.message)
        error(err, 0)
      end
    end
  end
  finish(waiting, options.database)
  return n
end

return {
  help = "read rows from JSON fixtures",
  requires = "project",
  arguments = {
    { "fixture", nargs = "+", help = "files, with or without .json: of the fixtures folders of the apps, or paths" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--app", help = "only this app's fixtures folder" },
    { "--ignorenonexistent", "-i", flag = true, help = "pass over fields and models that are no more" },
    { "--exclude", "-e", nargs = "*", help = "apps or models that are left out" },
  },
  handle = function(options, command)
    registry:world()
    local connection = db.connection(options.database)
    local total = 0
    connection:pinned(function()
      connection:execute "PRAGMA foreign_keys = OFF" -- rows may point at later ones
      local ok, err = pcall(db.atomic, { using = options.database }, function()
        for _, name in ipairs(options.fixture) do
          total = total + load_file(name, options)
        end
        Sqlite.new(connection):check_constraints()
      end)
      connection:execute "PRAGMA foreign_keys = ON"
      if not ok then
        error(err, 0)
      end
    end)
    if options.verbosity > 0 then
      command:write(("Installed %d object(s) from %d fixture(s)"):format(total, #options.fixture))
    end
  end,
}
