-- SPDX-License-Identifier: MIT
-- Loads the project into the engine: apps, routes, middleware. Called once per process.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local names_of = require "perilune._names"
local pipeline = require "perilune._pipeline"
local settings = require "perilune.settings"
local suggest_module = require("perilune._modules").suggest
require "perilune._request" -- the classes of what layers and views are given
require "perilune._response"

local M = {
  left_out = {}, -- entries of settings.middleware that took themselves out, innermost first
}

-- The line of the settings that names `entry` is to blame.
local function misconfigured(entry, text, ...)
  error(exceptions.ImproperlyConfigured(("%s: %s"):format(settings._place("middleware", entry), text:format(...))), 0)
end

--- "shop.middleware.timing": the field of the module before the last dot; or the module
--- itself when it returns a function (or a table with a `new` function).
local function find_factory(name)
  if core.module_exists(name) then
    local module = require(name)
    if type(module) == "function" then
      return module
    end
    misconfigured(name, "middleware '%s' is a module that returns a %s; name one of its functions ('%s.…') or return a function", name, type(module), name)
  end
  local module_name, field = name:match("^(.+)%.([^.]+)$")
  if not module_name then
    misconfigured(name, "middleware '%s' is neither built in nor a module of the project%s", name, suggest_module(name))
  end
  if not core.module_exists(module_name) then
    misconfigured(name, "middleware '%s': there is no module '%s'%s", name, module_name, suggest_module(module_name))
  end
  local module = require(module_name)
  if type(module) ~= "table" or module[field] == nil then
    misconfigured(name, "middleware '%s': module '%s' has no '%s'%s", name, module_name, field, core.suggest(field, names_of(module)))
  end
  if type(module[field]) ~= "function" then
    misconfigured(name, "middleware '%s' is a %s, not a function(get_response, settings)", name, type(module[field]))
  end
  return module[field]
end

-- What a factory did wrong, with its name; what it raised has a line of its own, else it is
-- the line where the factory begins.
local function blamed(err, name, factory)
  local info = debug.getinfo(factory, "S")
  if err.where == nil and info.what ~= "C" then
    err.where = ("%s:%d: "):format(info.source:gsub("^@", ""), info.linedefined)
  end
  err.message = ("middleware '%s': %s"):format(name, err.message)
  return err
end

local function wrap(entry, index)
  local name = type(entry) == "string" and entry or ("middleware[" .. index .. "]")
  if type(entry) == "string" then
    local wrapped = pipeline.wrap_builtin(entry)
    if wrapped == false then
      table.insert(M.left_out, name)
    end
    if wrapped ~= nil then
      return
    end
    if entry:find("^perilune%.middleware%.") and not core.module_exists(entry) then
      misconfigured(entry, "middleware '%s' does not exist%s", entry, core.suggest(entry, pipeline.builtins()))
    end
    entry = find_factory(entry)
  elseif type(entry) ~= "function" then
    misconfigured(nil, "item %d of setting 'middleware' is a %s; it takes names and functions", index, type(entry))
  end
  local ok, err = core.call(pipeline.wrap, name, entry, settings)
  if not ok then
    if exceptions.is(err, "MiddlewareNotUsed") then
      table.insert(M.left_out, name)
      return
    end
    error(blamed(err, name, entry), 0)
  end
end

function M.load_middleware()
  local list = settings.middleware or {}
  if type(list) ~= "table" then
    misconfigured(nil, "setting 'middleware' must be a list of names and functions, not a %s", type(list))
  end
  for i = #list, 1, -1 do -- the innermost first
    wrap(list[i], i)
  end
end

-- Found here, it is not found in the middle of a request.
local function check_time_zone()
  local ok, err = pcall(require("perilune._time").zone, settings.time_zone)
  if not ok then
    local place = settings._place "time_zone"
    error(exceptions.ImproperlyConfigured(("%s: setting 'time_zone': %s"):format(place, err.message or tostring(err))), 0)
  end
end

local stale = false -- the chain is made of settings that are in force no more

--- For tests that replace settings: the chain and the routes are made anew before the next
--- request (see ready()).
function M.renew()
  stale = true
end

function M.ready()
  if stale then
    stale = false
    M.left_out = {}
    pipeline.renew()
    require("perilune.urls")._load_root(settings.root_urlconf)
    M.load_middleware()
  end
end

function M.load()
  check_time_zone()
  if settings.debug then
    require("perilune._inspect").on_error(require("perilune._debug_frames").collect)
  end
  require("perilune._databases").configure()
  require("perilune.apps")._load()
  if settings.is_overridden("databases") then
    require("perilune.db")._load()
  end
  require("perilune.urls")._load_root(settings.root_urlconf)
  M.load_middleware()
end

return M
