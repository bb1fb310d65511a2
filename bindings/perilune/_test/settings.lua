-- SPDX-License-Identifier: MIT
-- Settings replaced for a while. What the engine has made of them is made anew: its own table,
-- the chain of middleware and the routes at the next request, the template engine.
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"
local signals = require "perilune.signals"

local M = {}

-- Those that a running process cannot change its mind about.
local FIXED = { databases = "the databases are open", installed_apps = "the apps are loaded", c_modules = "the modules are loaded" }

local function sorted(t)
  local names = {}
  for name in pairs(t) do
    if type(name) ~= "string" then
      error(exceptions.TypeError(("override_settings: settings go by name, as in { debug = true }, not %s"):format(tostring(name))), 0)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function tell(names, changes, enter)
  for _, name in ipairs(names) do
    signals.setting_changed:send("perilune.test", { setting = name, value = enter and changes[name] or settings.get(name), enter = enter })
  end
end

local function apply(names)
  local project = require "perilune._project"
  settings._apply(names)
  for _, name in ipairs(names) do
    if name == "time_zone" then
      require("perilune.time")._set_default_timezone(nil)
    elseif name == "logging" then
      require("perilune.log")._configure(settings.get "logging", settings.get("debug") == true)
    elseif name == "database_routers" then
      require("perilune._models.routing")._reset()
    end
  end
  require("perilune.template")._reset()
  project.renew()
  for _, name in ipairs(names) do
    if name == "root_urlconf" or name == "force_script_name" then
      project.ready() -- reverse() is to know the routes at once
    end
  end
end

--- Puts `changes` in force (perilune.null: as if it were not set); gives the function that
--- takes them back.
function M.push(changes)
  if type(changes) ~= "table" then
    error(exceptions.TypeError(("settings are a table, as in { debug = true }, not a %s"):format(type(changes))), 0)
  end
  local names = sorted(changes)
  for _, name in ipairs(names) do
    if FIXED[name] then
      error(exceptions.ImproperlyConfigured(("setting '%s' cannot be changed by a test: %s when it runs"):format(name, FIXED[name])), 0)
    end
  end
  local pop = settings._push(changes)
  local ok, err = pcall(apply, names)
  if not ok then
    pop()
    pcall(apply, names)
    error(err, 0)
  end
  tell(names, changes, true)
  return function()
    pop()
    apply(names)
    tell(names, changes, false)
  end
end

return M
