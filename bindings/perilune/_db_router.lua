-- SPDX-License-Identifier: MIT
-- Which database a model is read from, written to and migrated in: settings.database_routers,
-- asked in order, as django.db.router does it.
--
--   return { Primary = {
--     db_for_read = function(self, model, hints) return "replica" end,
--     db_for_write = function(self, model, hints) return "default" end,
--     allow_relation = function(self, a, b, hints) return true end,
--     allow_migrate = function(self, db, app_label, hints) return db == "default" end,
--   } }
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local names_of = require "perilune._names"
local settings = require "perilune.settings"
local suggest_module = require("perilune._modules").suggest

local M = {}

local routers -- nil: not loaded yet
local known = { "db_for_read", "db_for_write", "allow_relation", "allow_migrate" }

local function wrong(entry, text, ...)
  error(exceptions.ImproperlyConfigured(("%s: setting 'database_routers': %s"):format(settings._place("database_routers", entry), text:format(...))), 0)
end

local function find(name)
  local module_name, field = name:match("^(.+)%.([^.]+)$")
  if core.module_exists(name) then
    return require(name)
  end
  if not module_name or not core.module_exists(module_name) then
    wrong(name, "there is no module '%s'%s", module_name or name, suggest_module(module_name or name))
  end
  local module = require(module_name)
  if type(module) ~= "table" or module[field] == nil then
    wrong(name, "module '%s' has no '%s'%s", module_name, field, core.suggest(field, names_of(module)))
  end
  return module[field]
end

local function make(entry, index)
  local name = type(entry) == "string" and entry or ("item " .. index)
  local router = type(entry) == "string" and find(entry) or entry
  if type(router) == "function" then
    router = router()
  end
  if type(router) ~= "table" then
    wrong(name, "%s is a %s, not a table with the methods of a router", name, type(router))
  end
  local has = false
  for _, method in ipairs(known) do
    has = has or router[method] ~= nil
  end
  if not has then
    wrong(name, "%s has none of the methods of a router (%s)", name, table.concat(known, ", "))
  end
  return router
end

--- Reads the setting; called when the project is loaded, once its modules are there.
function M._load()
  if routers then
    return routers
  end
  local list = settings.get("database_routers", {})
  if type(list) ~= "table" then
    wrong(nil, "it must be a list of names and tables, not a %s", type(list))
  end
  local made = {}
  for i, entry in ipairs(list) do
    made[i] = make(entry, i)
  end
  routers = made
  return routers
end

local function choose(method, model, hints)
  hints = hints or {}
  for _, router in ipairs(M._load()) do
    local ask = router[method]
    local alias = ask and ask(router, model, hints)
    if alias then
      return alias
    end
  end
  local state = hints.instance and hints.instance._state
  return state and state.db or "default"
end

--- The alias to read `model` from. `hints.instance`: an object that it is about.
function M.db_for_read(model, hints)
  return choose("db_for_read", model, hints)
end

--- The alias to write `model` to.
function M.db_for_write(model, hints)
  return choose("db_for_write", model, hints)
end

--- May the two objects be related? Within one database they may.
function M.allow_relation(a, b, hints)
  for _, router in ipairs(M._load()) do
    local allow = router.allow_relation and router:allow_relation(a, b, hints or {})
    if allow ~= nil then
      return allow
    end
  end
  return a._state.db == b._state.db
end

--- May migrations of the app (of hints.model_name) run in the database?
function M.allow_migrate(alias, app_label, hints)
  for _, router in ipairs(M._load()) do
    local allow
    if router.allow_migrate then
      allow = router:allow_migrate(alias, app_label, hints or {})
    end
    if allow ~= nil then
      return allow
    end
  end
  return true
end

--- May the model have its table in the database?
function M.allow_migrate_model(alias, model)
  local meta = model._meta
  return M.allow_migrate(alias, meta.app_label, { model_name = meta.model_name, model = model })
end

function M._reset()
  routers = nil
end

return M
