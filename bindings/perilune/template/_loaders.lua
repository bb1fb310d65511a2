-- SPDX-License-Identifier: MIT
-- Where templates come from. A loader is a table with
--
--   load(self, name, skipped) -> text, origin            the source
--                             -> nil, { "origin (why)" } when it has none
--   fresh(self, name, origin) -> boolean                 is that still what load() gives?
--   names(self) -> { name = origin }                     all there are, for `check`; may be absent
--
-- `skipped` is a set of origins: of templates that extend their own name.
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"

local M = {}

local MISSING, SKIPPED = " (Source does not exist)", " (Skipped to avoid recursion)"
local MAX_SOURCE = 4 * 1024 * 1024

-- ---- files ----

-- The path of `name` below the folder; nil when it leads out of it.
local function safe_join(dir, name)
  if name == "" or name:find "%z" or name:sub(1, 1) == "/" then
    return nil
  end
  local parts = {}
  for part in name:gmatch "[^/]+" do
    if part == ".." then
      if #parts == 0 then
        return nil
      end
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return #parts > 0 and dir .. "/" .. table.concat(parts, "/") or nil
end
M._safe_join = safe_join

local function read(path, stat)
  if stat.size > MAX_SOURCE then
    error(exceptions.TooLargeError(("the template file %s has %d bytes; at most %d are read"):format(path, stat.size, MAX_SOURCE)), 0)
  end
  local text = fs.read(path)
  local ok, at = utf8.len(text)
  if not ok then
    local line = select(2, text:sub(1, at):gsub("\n", "\n")) + 1
    error(exceptions.UnicodeError(("%s:%d: the template is not UTF-8 (byte 0x%02x)"):format(path, line, text:byte(at))), 0)
  end
  return text
end

local Files = {}
Files.__index = Files

function Files:load(name, skipped)
  local tried, missing = {}, {}
  for _, dir in ipairs(self.dirs()) do
    local path = safe_join(dir, name)
    local stat = path and not skipped[path] and fs.stat(path)
    if stat then
      self.stamps[path] = { mtime = stat.mtime, size = stat.size, missing = missing }
      return read(path, stat), path
    elseif path then
      tried[#tried + 1] = path .. (skipped[path] and SKIPPED or MISSING)
      if not skipped[path] then
        missing[#missing + 1] = path
      end
    end
  end
  return nil, tried
end

--- Has the file not changed, and no other of that name come before it?
function Files:fresh(_, origin)
  local stamp = self.stamps[origin]
  if not stamp then
    return false
  end
  for _, path in ipairs(stamp.missing) do
    if fs.stat(path) then
      return false
    end
  end
  local stat = fs.stat(origin)
  return stat ~= nil and stat.mtime == stamp.mtime and stat.size == stamp.size
end

function Files:owns(origin)
  return self.stamps[origin] ~= nil
end

function Files:names()
  local found = {}
  for _, dir in ipairs(self.dirs()) do
    for _, file in ipairs(fs.walk(dir)) do
      found[file.path] = found[file.path] or dir .. "/" .. file.path
    end
  end
  return found
end

local function absolute(dir)
  local root = require("perilune._core").project_dir
  if dir:sub(1, 1) ~= "/" and root then
    dir = root .. "/" .. dir
  end
  return #dir > 1 and dir:gsub("/+$", "") or dir
end

--- Files in folders; relative ones lie in the project's.
function M.filesystem(dirs)
  local list = {}
  for i, dir in ipairs(dirs) do
    if type(dir) ~= "string" then
      error(exceptions.ImproperlyConfigured(("template folder %d is a %s, not a path"):format(i, type(dir))), 0)
    end
    list[i] = absolute(dir)
  end
  return setmetatable({ stamps = {}, dirs = function()
    return list
  end }, Files)
end

local function app_dirs()
  local apps, list = require "perilune.apps", {}
  for _, app in ipairs(apps.all()) do
    if app.path then
      list[#list + 1] = app.path .. "/templates"
    end
  end
  return list
end

--- The templates/ folders of the installed apps.
function M.app_directories()
  return setmetatable({ stamps = {}, dirs = app_dirs }, Files)
end

-- ---- memory ----

local Memory = {}
Memory.__index = Memory

function Memory:load(name, skipped)
  local text = self.templates[name]
  if text == nil or skipped[name] then
    return nil, { name .. (text and SKIPPED or MISSING) }
  end
  if type(text) ~= "string" then
    error(exceptions.TypeError(("the template '%s' is a %s, not its text"):format(name, type(text))), 0)
  end
  self.given[name] = text
  return text, name
end

function Memory:fresh(name)
  return self.given[name] ~= nil and self.given[name] == self.templates[name]
end

function Memory:owns(origin)
  return self.given[origin] ~= nil
end

function Memory:names()
  local found = {}
  for name in pairs(self.templates) do
    found[name] = name
  end
  return found
end

--- Texts by name; the table stays the caller's, who may add to it.
function M.locmem(templates)
  return setmetatable({ templates = templates, given = {} }, Memory)
end

-- ---- the author's own ----

local Custom = {}
Custom.__index = Custom

function Custom:load(name, skipped)
  local text, origin = self.fn(name)
  origin = origin or name
  if text == nil or skipped[origin] then
    return nil, { origin .. (text and SKIPPED or MISSING) }
  end
  self.given[origin] = true
  return text, origin
end

function Custom:fresh()
  return false
end

function Custom:owns(origin)
  return self.given[origin] ~= nil
end

--- function(name) -> text, origin; nil when there is none.
function M.custom(fn)
  return setmetatable({ fn = fn, given = {} }, Custom)
end

return M
