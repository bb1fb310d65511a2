-- SPDX-License-Identifier: MIT
-- State that a test leaves in the tables of the project's modules: the next test finds it, and
-- passes or fails by the order they run in. The setting module_state says what becomes of such
-- a test: "error" (it fails), "log", "off".
local core = require "perilune._core"
local diff = require "perilune._test.diff"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local settings = require "perilune.settings"

local M = {}

local modules = {} -- name -> table, of the project, that were there when the file began

--- A test file has been loaded: these are the modules to look at.
function M.begin()
  modules = {}
  for name, value in pairs(package.loaded) do
    if type(value) == "table" and type(name) == "string" and not name:find "^perilune" and core.module_exists(name) then
      modules[name] = value
    end
  end
end

local function is_plain(value)
  return type(value) == "table" and getmetatable(value) == nil
end

local function copy(t)
  local out = {}
  for k, v in next, t do
    out[k] = v
  end
  return out
end

--- What the modules hold: their fields, and those of the plain tables among them.
function M.snapshot()
  local all = {}
  for name, module in pairs(modules) do
    local fields, inner = copy(module), {}
    for k, v in pairs(fields) do
      if is_plain(v) then
        inner[k] = copy(v)
      end
    end
    all[name] = { fields, inner }
  end
  return all
end

local function change(before, now, where)
  for k, v in next, now do
    if before[k] ~= v then
      return ("%s.%s was %s and is %s"):format(where, tostring(k), diff.show(before[k]), diff.show(v))
    end
  end
  for k, v in next, before do
    if now[k] == nil then
      return ("%s.%s was %s and is gone"):format(where, tostring(k), diff.show(v))
    end
  end
end

local function first_change(all)
  for name, parts in pairs(all) do
    local module = modules[name]
    local text = change(parts[1], module, name)
    for key, fields in pairs(parts[2]) do
      text = text or change(fields, module[key], name .. "." .. tostring(key))
    end
    if text then
      return text
    end
  end
end

--- What has changed since, as a message; nil when nothing has, or nobody wants to know.
function M.compare(all)
  local how = settings.get("module_state", "error")
  if how ~= "error" and how ~= "log" and how ~= "off" then
    error(exceptions.ImproperlyConfigured(("%s: setting 'module_state' is \"error\", \"log\" or \"off\", not %s"):format(settings._place "module_state", tostring(how))), 0)
  end
  local text = how ~= "off" and first_change(all)
  if not text then
    return nil
  end
  text = ("the test leaves state in a module: %s; put it back, or keep it in the test (setting module_state: \"log\" or \"off\" if it is meant so)"):format(text)
  if how == "log" then
    log.get("perilune.test"):warning("%s", text)
    return nil
  end
  return text
end

return M
