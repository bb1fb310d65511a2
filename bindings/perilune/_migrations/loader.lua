-- SPDX-License-Identifier: MIT
-- The migration files of all apps, as a graph: with squashed migrations in the place of
-- those they replace, as far as the database has not applied some of them.
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"
local graphs = require "perilune._migrations.graph"
local sorted_keys = require "perilune._sorted_keys"
local states = require "perilune._migrations.state"

local M = {}

local known = { dependencies = true, operations = true, run_before = true, replaces = true, initial = true, atomic = true }

--- The folder of an app's migrations.
function M.folder(app)
  return app.path .. "/migrations"
end

local function check(module, where)
  if type(module) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s must return a table { dependencies = …, operations = … }, not a %s"):format(where, type(module))), 0)
  end
  for key in pairs(module) do
    if not known[key] then
      local names = sorted_keys(known)
      error(exceptions.ImproperlyConfigured(("%s: a migration has no '%s'%s"):format(where, tostring(key), core.suggest(tostring(key), names))), 0)
    end
  end
  for i, operation in ipairs(module.operations or {}) do
    if type(operation) ~= "table" or not operation.state_forwards then
      error(exceptions.ImproperlyConfigured(("%s: item %d of operations is no operation of perilune.migrations"):format(where, i)), 0)
    end
  end
end

--- { app_label, name, key, dependencies …, path } of each file of an app, in order.
function M.app_migrations(app)
  local list = {}
  local folder = M.folder(app)
  local names = {}
  for _, file in ipairs(fs.walk(folder, true)) do
    local name = file.path:match "^([^/]+)%.lua$"
    if name and not name:match "^[_.~]" then
      if not name:match "^[%w_][%w_-]*$" then
        error(exceptions.ImproperlyConfigured(("%s/%s: the name of a migration has letters, digits, '_' and '-' alone: rename the file, or take it away"):format(folder, file.path)), 0)
      end
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do -- all anew, each once: they may require one another
    package.loaded[app.name .. ".migrations." .. name] = nil
  end
  for _, name in ipairs(names) do
    local module_name = app.name .. ".migrations." .. name
    local module = require(module_name)
    check(module, ("%s/migrations/%s.lua"):format(app.name:gsub("%.", "/"), name))
    list[#list + 1] = {
      app_label = app.label, name = name, key = app.label .. "." .. name, path = folder .. "/" .. name .. ".lua",
      dependencies = module.dependencies or {}, operations = module.operations or {}, run_before = module.run_before or {},
      replaces = module.replaces, initial = module.initial, atomic = module.atomic,
    }
  end
  return list
end

local Loader = {}
Loader.__index = Loader

local function resolve(self, app_label, name)
  if name == "__first__" or name == "__latest__" then
    local list = self.by_app[app_label] or {}
    local m = name == "__first__" and list[1] or list[#list]
    return m and m.key
  end
  return app_label .. "." .. name
end

-- Keys of what a squashed migration stands for; of one that was squashed again, of all.
local function parts_of(self, m, list)
  list = list or {}
  for _, pair in ipairs(m.replaces) do
    local key = pair[1] .. "." .. pair[2]
    local inner = self.by_key[key]
    if inner and inner.replaces and inner ~= m then
      parts_of(self, inner, list)
    else
      list[#list + 1] = key
    end
  end
  return list
end

-- Squashed migrations: they stand for those they replace unless only some of these are
-- applied. Gives key → key of the migration that stands for it.
local function replace(self, applied)
  local standing = {}
  for _, m in ipairs(self.all) do
    if m.replaces then
      local some, every = false, true
      for _, key in ipairs(parts_of(self, m)) do
        some, every = some or applied[key], every and applied[key]
      end
      if every or not some then
        for _, pair in ipairs(m.replaces) do
          standing[pair[1] .. "." .. pair[2]] = m.key
        end
        applied[m.key] = every and some or applied[m.key]
      else
        self.hidden[m.key] = true
      end
    end
  end
  return standing
end

-- Label and migrations of each installed app.
local function of_apps()
  local list = {}
  for i, app in ipairs(apps.all()) do
    list[i] = { app.label, M.app_migrations(app) }
  end
  return list
end

--- `applied`: set of keys that a database has (recorder.lua); nil: none. `source` gives
--- labels and migrations when they are not those of the installed apps.
function M.load(applied, source)
  local self = setmetatable({ all = {}, by_app = {}, by_key = {}, hidden = {}, applied = {}, recorded = applied or {}, unmigrated = {} }, Loader)
  for key in pairs(self.recorded) do
    self.applied[key] = true
  end
  self.source = source
  for _, pair in ipairs((source or of_apps)()) do
    local label, list = pair[1], pair[2]
    if #list > 0 then
      self.by_app[label] = list
      for _, m in ipairs(list) do
        self.all[#self.all + 1], self.by_key[m.key] = m, m
      end
    else
      self.unmigrated[label] = true
    end
  end
  local standing = replace(self, self.applied)
  local graph = graphs.new()
  self.graph = graph
  for _, m in ipairs(self.all) do
    if not self.hidden[m.key] and not standing[m.key] then
      graph:add_node(m.key, m)
    end
  end
  local function actual(key)
    while standing[key] do -- what was squashed again
      key = standing[key]
    end
    return key
  end
  self.standing = actual
  for _, m in ipairs(self.all) do
    if graph.nodes[m.key] then
      local inner = {}
      for _, pair in ipairs(m.replaces or {}) do
        inner[pair[1] .. "." .. pair[2]] = true
      end
      local function depend(pair)
        local key = resolve(self, pair[1], pair[2])
        if key and actual(key) ~= m.key and not inner[key] and not (pair[1] ~= m.app_label and self.unmigrated[pair[1]]) then
          graph:add_dependency(m.key, actual(key))
        end
      end
      for _, pair in ipairs(m.dependencies) do
        depend(pair)
      end
      for _, pair in ipairs(m.replaces or {}) do
        local replaced = self.by_key[pair[1] .. "." .. pair[2]]
        for _, d in ipairs(replaced and replaced.dependencies or {}) do
          if d[1] ~= m.app_label then
            depend(d)
          end
        end
      end
      for _, pair in ipairs(m.run_before) do
        local key = resolve(self, pair[1], pair[2])
        if key then
          graph:add_dependency(actual(key), m.key)
        end
      end
    end
  end
  return self
end

--- Apps with more than one last migration: label → keys.
function Loader:conflicts()
  local found = {}
  for label in pairs(self.by_app) do
    local leaves = self.graph:leaves(label)
    if #leaves > 1 then
      found[label] = leaves
    end
  end
  return found
end

--- Raises when a migration is applied although one it depends on is not.
function Loader:check_consistency(alias)
  for key in pairs(self.applied) do
    if self.graph.nodes[key] then
      for _, parent in ipairs(self.graph.parents[key]) do
        if not self.applied[parent] then
          error(exceptions.InconsistentMigrationHistory(("Migration %s is applied before its dependency %s on database '%s'."):format(key, parent, alias)), 0)
        end
      end
    end
  end
end

--- The migration whose name begins with `prefix`; CommandError when none or several do.
function Loader:by_prefix(app_label, prefix)
  local found = {}
  for _, m in ipairs(self.by_app[app_label] or {}) do
    if m.name == prefix then
      return m
    elseif m.name:sub(1, #prefix) == prefix then
      found[#found + 1] = m
    end
  end
  if #found == 1 then
    return found[1]
  end
  local names = {}
  for _, m in ipairs(#found > 0 and found or self.by_app[app_label] or {}) do
    names[#names + 1] = m.name
  end
  if #found > 1 then
    error(exceptions.CommandError(("More than one migration matches '%s' in app '%s': %s. Please be more specific."):format(prefix, app_label, table.concat(names, ", "))), 0)
  end
  local hint = core.suggest(prefix, names)
  if hint == "" and #names > 0 then
    hint = ("; the last is %s"):format(names[#names])
  end
  error(exceptions.CommandError(("Cannot find a migration matching '%s' from app '%s'%s"):format(prefix, app_label, hint)), 0)
end

--- The state after the migrations of `keys`, which are in order; all of them without keys.
--- With `unmigrated`, models of apps without migrations are part of it: others may point at them.
function Loader:state(keys, unmigrated)
  local state = states.new()
  if unmigrated and not self.source then
    states.add_apps(state, self.unmigrated)
  end
  for _, key in ipairs(keys or self.graph:sorted()) do
    local m = self.graph.nodes[key]
    for _, operation in ipairs(m.operations) do
      local ok, err = pcall(operation.state_forwards, operation, m.app_label, state)
      if not ok then
        err = exceptions.wrap(err)
        err.message = ("%s: %s: %s"):format(m.key, operation:describe(), err.message)
        error(err, 0)
      end
    end
  end
  return state
end

return M
