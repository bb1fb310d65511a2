-- SPDX-License-Identifier: MIT
-- Databases without the commands' words: for tests, and for apps that have no migrations.
local db = require "perilune.db"
local executors = require "perilune._migrations.executor"
local registry = require("perilune._models.registry").project
local Sqlite = require "perilune._migrations.schema_sqlite"

local M = {}

local function existing(connection)
  local there = {}
  for _, row in ipairs(connection:query "SELECT name FROM sqlite_master WHERE type = 'table'") do
    there[row.name] = true
  end
  return there
end

local function wants_table(class, labels, alias)
  if not class._meta:can_migrate(db.connection(alias).vendor) or labels and not labels[class._meta.app_label] then
    return false
  end
  return db.router.allow_migrate_model(alias, class) ~= false
end

--- Makes the tables of the project's models that a database does not have: as the models are
--- now, without migrations. `labels`: a set of apps (nil: all). log(table name) is told of each.
--- Gives how many were made.
function M.sync(alias, labels, log)
  registry:world()
  local connection, made = db.connection(alias), 0
  connection:atomic(function()
    local there, schema = existing(connection), Sqlite.new(connection)
    for _, class in ipairs(registry:models()) do
      if wants_table(class, labels, alias) and not there[class._meta.db_table] then
        if log then
          log(class._meta.db_table)
        end
        schema:create_model(class)
        made = made + 1
      end
    end
    schema:finish()
  end)
  return made
end

--- Brings a database to the state of the migrations, and adds the tables of apps that have
--- none: `perilune migrate --run-syncdb` without output, questions and signals. Gives the
--- number of migrations that were applied.
function M.migrate(alias)
  registry:world()
  local executor = executors.new(alias)
  executor.loader:check_consistency(alias)
  local plan = executor:plan(executor:leaf_targets())
  executor:run(plan)
  if next(executor.loader.unmigrated) then
    M.sync(alias, executor.loader.unmigrated)
  end
  return #plan
end

return M
