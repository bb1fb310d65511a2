-- SPDX-License-Identifier: MIT
-- Test files: tests/test_*.lua of the installed apps and of the project, or what the command
-- line names: a file, a folder, a module or an app ("shop", "shop.tests.test_models"), each
-- with :line or ::pattern behind it at will.
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local system = require "perilune._system"

local M = {}

local function project(path)
  return path:sub(1, 1) == "/" and path or core.project_dir .. "/" .. path
end

-- As the author sees it: below the project.
local function shown(path)
  local prefix = core.project_dir .. "/"
  return path:sub(1, #prefix) == prefix and path:sub(#prefix + 1) or path
end

local SKIPPED = { migrations = true, templates = true, static = true, staticfiles = true, media = true, node_modules = true }

-- Adds test_*.lua of the folder, and of those below it.
local function walk(folder, list)
  for _, name in ipairs(system.list(folder) or {}) do
    local path = folder .. "/" .. name
    if name:find("^%.") then -- luacheck: ignore 542
    elseif name:find("^test_.*%.lua$") then
      list[#list + 1] = { path = path, shown = shown(path) }
    elseif system.kind(path) == "folder" and not SKIPPED[name] then
      walk(path, list)
    end
  end
end

local function everywhere(list)
  local top = core.project_dir .. "/tests"
  for _, app in ipairs(apps.all()) do
    if app.path and system.kind(app.path .. "/tests") == "folder" then
      walk(app.path .. "/tests", list)
    end
  end
  if system.kind(top) == "folder" then
    walk(top, list)
  end
end

local function known_names()
  local names = {}
  for _, app in ipairs(apps.all()) do
    names[#names + 1] = app.label
    names[#names + 1] = app.name
  end
  local all = {}
  everywhere(all)
  for _, file in ipairs(all) do
    names[#names + 1] = file.shown
  end
  return names
end

-- The folder or file that a word of the command line means, or nil.
local function find(word)
  for _, path in ipairs { word:sub(1, 1) ~= "/" and core.project_dir .. "/" .. word or word, core.moved_to == nil and word or nil } do
    if system.kind(path) then
      return system.absolute(path)
    end
  end
  for _, app in ipairs(apps.all()) do
    if word == app.label and app.path then
      return app.path
    end
  end
  local path = project((word:gsub("%.", "/")))
  return system.kind(path .. ".lua") and path .. ".lua" or system.kind(path) and path or nil
end

local function add(word, list)
  local name, rest = word:match("^(.-)::(.+)$")
  local line
  if not name then
    name, line = word:match("^(.-):(%d+)$")
  end
  name = (name or word):gsub("(.)/$", "%1")
  local path = find(name)
  if not path then
    error(exceptions.CommandError(("there is no test file, folder or app '%s'%s"):format(name, core.suggest(name, known_names()))), 0)
  end
  local found = {}
  if system.kind(path) == "folder" then
    walk(path, found)
  else
    found[1] = { path = path, shown = shown(path) }
  end
  if #found == 0 then
    error(exceptions.CommandError(("there are no tests in '%s': files are called test_*.lua"):format(name)), 0)
  end
  for _, file in ipairs(found) do
    file.line, file.pattern = tonumber(line), rest
    list[#list + 1] = file
  end
end

--- The test files for the words of the command line, each once: { path, shown, line, pattern }.
function M.files(words)
  local list, seen, out = {}, {}, {}
  for _, word in ipairs(words) do
    add(word, list)
  end
  if #words == 0 then
    everywhere(list)
  end
  for _, file in ipairs(list) do
    local key = ("%s:%s:%s"):format(file.path, file.line or "", file.pattern or "")
    if not seen[key] then
      seen[key] = true
      out[#out + 1] = file
    end
  end
  if #out == 0 then
    error(exceptions.CommandError "no tests found: they are in files tests/test_*.lua of the installed apps, or of the project", 0)
  end
  return out
end

return M
