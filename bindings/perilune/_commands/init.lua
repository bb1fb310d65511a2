-- SPDX-License-Identifier: MIT
-- Which commands there are: those of the framework, one file and one line here each, and
-- commands/*.lua of every installed app. An app's command takes the place of one of the
-- framework's with the same name; of two apps, the one installed first has it.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"
local sorted_keys = require "perilune._sorted_keys"
local system = require "perilune._system"

local M = {}

-- group -> names, in the order of `help`
M.builtin = {
  { "Server", { "runserver", "serve" } },
  { "Project", { "startproject", "startapp", "startcmodule", "check", "routes", "middleware", "diffsettings", "collectstatic", "findstatic", "cache" } },
  { "Database", { "makemigrations", "migrate", "showmigrations", "sqlmigrate", "squashmigrations", "optimizemigration", "inspectdb", "dumpdata", "loaddata", "flush", "sqlflush", "createcachetable", "dbshell" } },
  { "Scripts", { "run", "shell", "test" } },
  { "Other", { "help", "version" } },
}

local by_name = {}
for _, group in ipairs(M.builtin) do
  for _, name in ipairs(group[2]) do
    by_name[name] = true
  end
end

local function installed_apps()
  return settings.configured() and settings.installed_apps or {}
end

local function module_of(app, name)
  return app .. ".commands." .. name
end

--- Is it the name of a file that holds a command?
local function command_name(file)
  local name = file:match("^([%w][%w_-]*)%.lua$")
  return name ~= "init" and name or nil
end

--- Names of the commands of an app, sorted.
function M.of_app(app)
  local names, path = {}, core.package_path(app)
  if path and system.kind(path .. "/commands") == "folder" then
    for _, file in ipairs(system.list(path .. "/commands") or {}) do
      names[#names + 1] = command_name(file)
    end
  end
  local prefix = app .. ".commands."
  for _, module in ipairs(system.embedded()) do
    if module:sub(1, #prefix) == prefix then
      names[#names + 1] = module:sub(#prefix + 1)
    end
  end
  table.sort(names)
  return names
end

--- Every name there is, for suggestions.
function M.names()
  local names, seen = {}, {}
  local function add(name)
    if not seen[name] then
      seen[name] = true
      names[#names + 1] = name
    end
  end
  for name in pairs(by_name) do
    add(name)
  end
  for _, app in ipairs(installed_apps()) do
    for _, name in ipairs(M.of_app(app)) do
      add(name)
    end
  end
  table.sort(names)
  return names
end

--- The app that a command is of; false: the framework; nil: there is none of that name.
--- The server's commands are the engine's: no app replaces them.
function M.owner(name)
  local fixed = { serve = true, runserver = true, version = true, help = true }
  if name:find("^[%w][%w_-]*$") and not fixed[name] then
    for _, app in ipairs(installed_apps()) do
      if core.module_exists(module_of(app, name)) then
        return app
      end
    end
  end
  if by_name[name] then
    return false
  end
  return nil
end

local FIELDS = { help = "string", description = "string", arguments = "table", handle = "function", requires = "string" }

local function check(spec, where)
  local function wrong(text, ...)
    error(exceptions.ImproperlyConfigured(where .. ": " .. text:format(...)), 0)
  end
  if type(spec) ~= "table" then
    wrong("a command's file must return a table { help = \"…\", arguments = { … }, handle = function(options, command) … end }, not %s", spec == true and "nothing" or "a " .. type(spec))
  end
  local names = sorted_keys(FIELDS)
  for name, value in pairs(spec) do
    local want = FIELDS[name]
    if not want and not tostring(name):find("^_") then
      wrong("unknown field '%s'%s", tostring(name), core.suggest(tostring(name), names))
    end
    if want and type(value) ~= want then
      wrong("%s must be a %s, not a %s", name, want, type(value))
    end
  end
  if not spec.handle and not spec._native then
    wrong("the command has no handle: handle = function(options, command) … end")
  end
  return spec
end

--- The table of a command. Raises what its file raises, and ImproperlyConfigured.
function M.load(name)
  local app = M.owner(name)
  if app then
    local module = module_of(app, name)
    return check(require(module), module:gsub("%.", "/") .. ".lua")
  elseif app == false then
    return require("perilune._commands." .. name)
  end
  error(exceptions.CommandError(M.unknown(name)), 0)
end

-- Files that would be the command if they were where commands are looked for.
local function misplaced(name)
  local dir = core.project_dir
  if not dir or not name:find("^[%w][%w_-]*$") then
    return ""
  end
  if system.kind(dir .. "/commands/" .. name .. ".lua") then
    return ("; commands/%s.lua is in no app: move it to the commands folder of an installed app"):format(name)
  end
  for _, folder in ipairs(system.list(dir) or {}) do
    if system.kind(("%s/%s/commands/%s.lua"):format(dir, folder, name)) then
      return ("; there is %s/commands/%s.lua, but '%s' is not in installed_apps"):format(folder, name, folder)
    end
  end
  return ""
end

--- What to say about a name that is no command.
function M.unknown(name)
  local text = ("unknown command '%s'"):format(name)
  if system.kind(name) == "folder" then
    return text .. ("; the folder '%s' is no project: there is no settings.lua in it"):format(name)
  elseif name:find("/", 1, true) then
    return text .. "; there is no such folder either"
  end
  local hint = misplaced(name)
  if hint == "" then
    hint = core.suggest(name, M.names())
  end
  if hint == "" and not settings.configured() then
    hint = "; commands of apps are found in their project only, and there is none here (no settings.lua)"
  end
  return text .. hint
end

M._installed_apps = installed_apps

return M
