-- SPDX-License-Identifier: MIT
-- The installed apps: `apps.get("shop").label`. Loaded once, in the order of
-- settings.installed_apps; what each step needs of an app is a module of that name in
-- its folder ("shop.models"), where there is one.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

local M = { ready = false, loading_models = false }

local list, by_label = {}, {}

--- Loads `name` if there is such a module; a module that is there but does not load raises.
local function optional(name)
  if package.loaded[name] ~= nil then
    return package.loaded[name]
  end
  if not core.module_exists(name) then
    return nil
  end
  return require(name)
end
M._optional = optional

-- The folder of the project that a misspelt app must be.
local function nearest(name)
  local folders, seen = {}, {}
  for _, module in ipairs(require("perilune._inspect").modules()) do
    local folder = module:match("^(.*)%.[^.]*$")
    if folder and not seen[folder] and folder ~= "perilune" then
      seen[folder] = true
      folders[#folders + 1] = folder
    end
  end
  return core.suggest(name, folders)
end

local function add(name)
  if not (core.module_exists(name .. ".app") or core.package_exists(name)) then
    error(exceptions.ImproperlyConfigured(("%s: there is no app '%s' (no folder %s here)%s"):format(settings._place("installed_apps", name), name, (name:gsub("%.", "/")), nearest(name))), 0)
  end
  local config = optional(name .. ".app") or {}
  if type(config) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s/app.lua must return a table, not a %s"):format((name:gsub("%.", "/")), type(config))), 0)
  end
  local label = config.label or name:match("[^.]+$")
  if by_label[label] then
    error(exceptions.ImproperlyConfigured(("%s: apps '%s' and '%s' have the same label '%s'; give one another label in its app.lua"):format(settings._place("installed_apps", name), by_label[label].name, name, label)), 0)
  end
  if config.ready ~= nil and type(config.ready) ~= "function" then
    error(exceptions.ImproperlyConfigured(("%s/app.lua: 'ready' must be a function, not a %s"):format((name:gsub("%.", "/")), type(config.ready))), 0)
  end
  local app = {
    name = name,
    label = label,
    verbose_name = config.verbose_name or (label:gsub("^%l", string.upper):gsub("_", " ")),
    path = core.package_path(name),
    ready = config.ready,
    config = config,
  }
  list[#list + 1] = app
  by_label[label] = app
end

-- While models are being loaded nobody may query them; then the engine makes its world of
-- them. A project without models does not load any of it.
local function load_models()
  local registry
  local preload = package.loaded["perilune._models.registry"]
  M.loading_models = true
  if preload then
    preload.project.loading = true
  end
  for _, app in ipairs(list) do
    app.models = optional(app.name .. ".models")
  end
  M.loading_models = false
  registry = package.loaded["perilune._models.registry"]
  if registry then
    registry.project.loading = false
    registry.project:world()
  end
end

--- Loads everything; called once by the engine.
function M._load()
  for _, name in ipairs(settings.installed_apps) do
    add(name)
  end
  load_models()
  for _, app in ipairs(list) do
    if app.ready then
      app.ready(app)
    end
  end
  for _, part in ipairs { "signals", "admin", "tasks", "consumers" } do
    for _, app in ipairs(list) do
      optional(app.name .. "." .. part)
    end
  end
  M.ready = true
end

--- The installed apps in order.
function M.all()
  return list
end

--- The app with that label; LookupError-like KeyError when there is none.
function M.get(label)
  local app = by_label[label]
  if not app then
    error(exceptions.KeyError(("no installed app has the label '%s'"):format(tostring(label))), 2)
  end
  return app
end

function M.is_installed(name)
  for _, app in ipairs(list) do
    if app.name == name then
      return true
    end
  end
  return false
end

return M
