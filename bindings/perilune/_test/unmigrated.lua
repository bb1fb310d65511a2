-- SPDX-License-Identifier: MIT
-- Tables of apps that have models and no migrations: in tests they are made from the models as
-- they stand.
local apps = require "perilune.apps"
local core = require "perilune._core"
local db = require "perilune.db"
local system = require "perilune._system"

local M = {}

local function has_migrations(app)
  local folder = app.path and app.path .. "/migrations"
  for _, name in ipairs(folder and system.kind(folder) == "folder" and system.list(folder) or {}) do
    if name:find "^%d.*%.lua$" then
      return true
    end
  end
  return core.module_exists(app.name .. ".migrations.0001_initial")
end

local function tables_there(connection)
  local there = {}
  for row in connection:query "SELECT name FROM sqlite_master WHERE type = 'table'" do
    there[row.name] = true
  end
  return there
end

--- Makes those of the database `alias` that are not there.
function M.create(alias)
  local registry = package.loaded["perilune._models.registry"]
  if not registry then
    return
  end
  local without = {}
  for _, app in ipairs(apps.all()) do
    without[app.label] = not has_migrations(app) or nil
  end
  local connection = db.connection(alias)
  local there, list = tables_there(connection), {}
  for _, model in ipairs(registry.project:models()) do
    local meta = model._meta
    if without[meta.app_label] and meta.managed and not meta.abstract and not meta.proxy and not meta.auto_created and not there[meta.db_table] then
      list[#list + 1] = model
    end
  end
  if #list == 0 then
    return
  end
  local states = require "perilune._migrations.state"
  local historical = states.from_registry(registry.project):apps()
  local schema = require("perilune._migrations.schema_sqlite").new(connection)
  schema.alias = alias
  connection:atomic(function()
    for _, model in ipairs(list) do
      schema:create_model(historical:get_model(model._meta.app_label, model._meta.object_name))
    end
    schema:finish()
  end)
end

return M
