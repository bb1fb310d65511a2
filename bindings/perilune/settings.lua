-- SPDX-License-Identifier: MIT
-- The settings of the project, read-only: `settings.debug`, `settings.shop_page_size`.
--
-- Known settings have their defaults (engine/settings/rows.h). Any other name in
-- settings.lua is the author's own, unless it is so near to a known one that it must be
-- a typing error. Reading a name that is neither known nor set is an error; `get(name,
-- default)` asks without one.
local core = require "perilune._core"
local null = require "perilune.null"
local rows = require "perilune._settings"
local exceptions = require "perilune.exceptions"

local known, defaults = {}, {}
for _, row in ipairs(rows.rows()) do
  known[row.name] = row
  defaults[row.name] = row.default
end

defaults.base_dir = core.project_dir

local values -- what settings.lua returned; nil outside of a project
local overrides = {} -- innermost last

local function suggest(name)
  local near = rows.misspelt(name)
  return near and ("; did you mean '%s'?"):format(near) or ""
end

local function lookup(name)
  for i = #overrides, 1, -1 do
    local v = overrides[i][name]
    if v == null then
      return defaults[name]
    elseif v ~= nil then
      return v
    end
  end
  local v = values[name]
  if v == nil then
    v = defaults[name]
  end
  return v
end

local M = {}

--- The value, or `default` when the setting is not set (and has no default of its own).
function M.get(name, default)
  if not values then
    return default
  end
  local v = lookup(name)
  if v == nil then
    return default
  end
  return v
end

--- Is there a project, with settings?
function M.configured()
  return values ~= nil
end

--- Was it set by settings.lua (and is not merely the default)?
function M.is_overridden(name)
  return values ~= nil and values[name] ~= nil
end

--- All names that have a value, sorted.
function M.names()
  local list = {}
  for name in pairs(known) do
    list[#list + 1] = name
  end
  for name in pairs(values or {}) do
    if not known[name] then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

function M._row(name)
  return known[name]
end

--- Replaces some settings until the function that it gives is called; for tests. Names are
--- checked as in settings.lua.
function M._push(changes)
  for name in pairs(changes) do
    local near = not known[name] and values[name] == nil and rows.misspelt(name)
    if near then
      error(exceptions.ImproperlyConfigured(("unknown setting '%s'; did you mean '%s'?"):format(name, near)), 0)
    end
  end
  overrides[#overrides + 1] = changes
  return function()
    for i = #overrides, 1, -1 do
      if overrides[i] == changes then
        table.remove(overrides, i)
        return
      end
    end
  end
end

--- Tells the engine the values that the settings of those names have now.
function M._apply(names)
  for _, name in ipairs(names) do
    local value = lookup(name)
    if value == nil then
      rows.unset(name)
    elseif name ~= "root_urlconf" and (known[name] or type(value) ~= "table" and type(value) ~= "function") then
      rows.store { [name] = value }
    end
  end
end

local file -- { path =, name = } of the settings

-- The number of the last line of the settings file for which fn(line) is true: it is the
-- last that counts.
local function find_line(fn)
  local f, number, found = io.open(file.path, "r"), 0, nil
  for line in f and f:lines() or function() end do
    number = number + 1
    if fn((line:gsub("%-%-.*$", ""))) then
      found = number
    end
  end
  if f then
    f:close()
  end
  return found
end

--- "settings.lua:12": where `name` is set, or `text` written in its value, as far as a look
--- at the file can tell. For messages.
function M._place(name, text)
  if not file then
    return "settings.lua"
  end
  local line = text and find_line(function(line)
    return line:find('"' .. text .. '"', 1, true) or line:find("'" .. text .. "'", 1, true)
  end) or find_line(function(line)
    for word in line:gmatch("%f[%w_]([%w_]+)%s*=[^=]") do
      if word == name then
        return true
      end
    end
  end)
  return line and ("%s:%d"):format(file.name, line) or file.name
end

--- Raises that an entry of a setting is wrong, one of a table of them by alias:
--- settings._wrong("caches", "cache", "default", "it has no '%s'", "backend").
function M._wrong(setting, noun, alias, text, ...)
  local place = M.configured() and M._place(setting, alias) .. ": " or ""
  error(exceptions.ImproperlyConfigured(("%ssetting '%s': %s '%s': %s"):format(place, setting, noun, tostring(alias), text:format(...))), 0)
end

local function check(loaded, where)
  local function wrong(name, text, ...)
    error(exceptions.ImproperlyConfigured(("%s: %s"):format(M._place(name), text:format(...))), 0)
  end
  if type(loaded) ~= "table" then
    local hint = loaded == nil and "; end it with 'return { … }'" or ""
    error(exceptions.ImproperlyConfigured(("%s must return a table of settings, not %s%s"):format(where, type(loaded), hint)), 0)
  end
  for name in pairs(loaded) do
    if type(name) ~= "string" then
      wrong(nil, "the key %s is no setting name", tostring(name))
    end
    local near = not known[name] and rows.misspelt(name)
    if near then
      wrong(name, "unknown setting '%s'; did you mean '%s'?", name, near)
    end
  end
  local ok, err = pcall(rows.store, loaded)
  if not ok then
    local text = exceptions.is(err, "Exception") and err.message or tostring(err)
    wrong(text:match("^setting '([%w_]+)'"), "%s", text)
  end
end

--- Runs the settings file; called once by the engine.
function M._load(path, where)
  local chunk, message = core.loadfile(path, where)
  if not chunk then
    error(exceptions.ImproperlyConfigured(message), 0)
  end
  file = { path = path, name = where }
  local loaded = chunk()
  check(loaded, where)
  values = loaded
  require("perilune.log")._configure(loaded.logging, loaded.debug == true)
end

return setmetatable(M, {
  __index = function(_, name)
    if not values then
      error(exceptions.ImproperlyConfigured(("setting '%s' is asked for outside of a project: there is no settings.lua here"):format(tostring(name))), 2)
    end
    local v = lookup(name)
    if v == nil and not known[name] then
      error(exceptions.AttributeError(("there is no setting '%s'%s"):format(tostring(name), suggest(tostring(name)))), 2)
    end
    return v
  end,
  __newindex = function(_, name)
    error(exceptions.TypeError(("settings are read-only; set '%s' in settings.lua"):format(tostring(name))), 2)
  end,
})
