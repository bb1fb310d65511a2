-- SPDX-License-Identifier: MIT
-- makemigrations --update: what has changed becomes part of the last migration, while nobody
-- has applied it and nothing depends on it.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local files = require "perilune._migrations.files"
local optimizer = require "perilune._migrations.optimizer"
local recorders = require "perilune._migrations.recorder"
local settings = require "perilune.settings"

local M = {}

local function refuse(text, ...)
  error(exceptions.CommandError(text:format(...)), 0)
end

-- Databases that have the migration.
local function applied_on(key)
  for alias in pairs(settings.get("databases", {})) do
    if recorders.new(db.connection(alias)):applied()[key] then
      return alias
    end
  end
  return nil
end

local function last_of(loader, label)
  local leaf = loader.graph:leaves(label)[1]
  local m = leaf and loader.graph.nodes[leaf]
  if not m then
    refuse("App %s has no migration, cannot update last migration.", label)
  elseif m.replaces then
    refuse("Cannot update squash migration '%s'.", m.key)
  end
  local alias = applied_on(m.key)
  if alias then
    refuse("Cannot update applied migration '%s' (database '%s'): undo it with 'perilune migrate %s', or write a new one.", m.key, alias, label)
  elseif #loader.graph.children[leaf] > 0 then
    refuse("Cannot update migration '%s' that migrations %s depend on.", m.key, table.concat(loader.graph.children[leaf], ", "))
  end
  return m
end

-- The last migration of the app with the operations of a new file behind its own.
local function joined(m, file, word)
  local operations = table.move(file.operations, 1, #file.operations, #m.operations + 1, { table.unpack(m.operations) })
  operations = optimizer(operations, m.app_label)
  local dependencies = { table.unpack(m.dependencies) }
  for _, d in ipairs(file.dependencies) do
    if d[1] ~= m.app_label then
      dependencies[#dependencies + 1] = d
    end
  end
  local initial = m.initial or #m.dependencies == 0 or nil
  return {
    app_label = m.app_label, operations = operations, dependencies = dependencies, initial = m.initial, atomic = m.atomic, run_before = m.run_before,
    name = ("%s_%s"):format(m.name:match "^%d+" or "0001", word or files.suggest_name(operations, initial)),
  }
end

--- { file, replace = path } for what files.plan() gave.
function M.latest(loader, planned, options)
  local list, by_app = {}, {}
  for _, file in ipairs(planned) do
    local item = by_app[file.app_label]
    if item then
      item.file = joined(item.file, file, options.name)
    else
      local m = last_of(loader, file.app_label)
      item = { replace = m.path, file = joined(m, file, options.name) }
      by_app[file.app_label] = item
      list[#list + 1] = item
    end
  end
  return list
end

return M
