-- SPDX-License-Identifier: MIT
-- Where a fixture is: in the folders `fixtures` of the apps, those of the setting fixture_dirs,
-- then where the command runs.
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local formats = require "perilune._fixtures.formats"
local settings = require "perilune.settings"
local system = require "perilune._system"

local function app_of(label)
  local known = {}
  for i, app in ipairs(apps.all()) do
    known[i] = app.label
    if app.label == label then
      return app
    end
  end
  error(exceptions.CommandError(("no installed app has the label '%s'%s"):format(label, core.suggest(label, known))), 0)
end

-- A path of the project is below its folder.
local function absolute(path)
  return path:sub(1, 1) == "/" and path or (core.project_dir or ".") .. "/" .. path
end

local function folders(label)
  if label then
    return { app_of(label).path .. "/fixtures" }
  end
  local list = {}
  for _, app in ipairs(apps.all()) do
    list[#list + 1] = app.path .. "/fixtures"
  end
  local dirs = settings.get("fixture_dirs", {})
  if type(dirs) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s: setting 'fixture_dirs' is a list of folders, not a %s"):format(settings._place "fixture_dirs", type(dirs))), 0)
  end
  for _, dir in ipairs(dirs) do
    list[#list + 1] = absolute(dir)
  end
  list[#list + 1] = "."
  return list
end

-- Endings that the name may stand for, beginning with none.
local function endings(parsed, using)
  local list, compressions = {}, { "" }
  for _, packed in ipairs(parsed.packed and {} or formats.compressions) do
    compressions[#compressions + 1] = "." .. packed
  end
  for _, alias in ipairs(parsed.using and { "." .. parsed.using } or { "", "." .. using }) do
    for _, format in ipairs(parsed.format and { parsed.format } or formats.formats) do
      for _, packed in ipairs(parsed.packed and { "." .. parsed.packed } or compressions) do
        list[#list + 1] = alias .. "." .. format .. packed
      end
    end
  end
  return list
end

-- Files of a folder that the name stands for: { path =, packed =, format = }.
local function in_folder(folder, parsed, using, databases)
  local list = {}
  for _, ending in ipairs(endings(parsed, using)) do
    local path = parsed.name:sub(1, 1) == "/" and parsed.name .. ending or folder .. "/" .. parsed.name .. ending
    if system.kind(path) == "file" then
      local found = formats.parse(path, databases)
      found.path = path:gsub("^%./", "")
      list[#list + 1] = found
    end
  end
  return list
end

--- The files of a fixture: a list of { path, format, packed }; CommandError when there is none.
--- options: app, database
return function(name, options)
  local problem = formats.problem(name)
  if problem then
    error(exceptions.CommandError(problem), 0)
  end
  local databases = {}
  for alias in pairs(settings.get("databases", {})) do
    databases[alias] = true
  end
  local parsed, found = formats.parse(name, databases), {}
  if parsed.using and parsed.using ~= options.database then
    return {} -- the file is another database's
  end
  for _, folder in ipairs(name:sub(1, 1) == "/" and { "" } or folders(options.app)) do
    local list = in_folder(folder, parsed, options.database, databases)
    if #list > 1 then
      error(exceptions.CommandError(("Multiple fixtures named '%s' in '%s': %s and %s. Name one of them."):format(name, folder, list[1].path, list[2].path)), 0)
    end
    found[#found + 1] = list[1]
  end
  if #found == 0 then
    error(exceptions.CommandError(("No fixture named '%s' found: looked for it in %s"):format(name, table.concat(folders(options.app), ", "))), 0)
  end
  return found
end
