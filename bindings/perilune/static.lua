-- SPDX-License-Identifier: MIT
-- Static files: where they are and which URL they have.
--
--   local static = require "perilune.static"
--   static("css/site.css")                 --> "/static/css/site.css"
--   static.finders.find("css/site.css")    --> "/srv/shop/assets/css/site.css"
--
-- With the storage "manifest" the URL is that of the copy whose name carries a hash of
-- its content, so that browsers may keep it for ever; with debug it is the plain one.
local core = require "perilune._core"
local encoding = require "perilune.utils.encoding"
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"
local settings = require "perilune.settings"

local M = { finders = {} }

local STORAGES = {
  plain = "plain",
  manifest = "manifest",
  ["django.contrib.staticfiles.storage.StaticFilesStorage"] = "plain",
  ["django.contrib.staticfiles.storage.ManifestStaticFilesStorage"] = "manifest",
}

local function misconfigured(text, ...)
  error(exceptions.ImproperlyConfigured(text:format(...)), 0)
end

-- Absolute, without "." and "..".
local function absolute(path)
  local parts = {}
  for part in (path:sub(1, 1) == "/" and path or core.project_dir .. "/" .. path):gmatch("[^/]+") do
    if part == ".." then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return "/" .. table.concat(parts, "/")
end

-- ---- settings ----

--- "plain" or "manifest": setting staticfiles_storage, or storages.staticfiles.backend.
function M.storage()
  local storages = settings.get("storages")
  local entry = type(storages) == "table" and storages.staticfiles or nil
  local name = type(entry) == "table" and (entry.backend or entry.BACKEND) or settings.staticfiles_storage
  local storage = STORAGES[name]
  if not storage then
    misconfigured("setting 'staticfiles_storage': there is no storage '%s'%s", tostring(name), core.suggest(tostring(name), { "plain", "manifest" }))
  end
  return storage
end

--- The absolute path of static_root; raises when the setting is missing.
function M.root()
  local root = settings.static_root
  if not root or root == "" then
    misconfigured("setting 'static_root' is not set: it names the folder that collectstatic fills")
  end
  return absolute(root)
end

--- What stands before every URL of a static file.
function M.base_url()
  local url = settings.static_url
  if url:sub(-1) ~= "/" then
    misconfigured("setting 'static_url' must end with a slash: '%s'", url)
  end
  if url:find("^/") or url:find("^%a[%w+.-]*:") then
    return url
  end
  local prefix = settings.get("force_script_name") or ""
  return prefix .. (prefix:sub(-1) == "/" and "" or "/") .. url
end

-- ---- where they are ----

--- The folders in the order in which they are searched: { path =, label = }, those of
--- staticfiles_dirs first, then the folder static/ of every installed app.
function M.finders.dirs()
  local list = {}
  for _, dir in ipairs(settings.staticfiles_dirs) do
    list[#list + 1] = { path = absolute(dir), label = dir }
  end
  for _, app in ipairs(settings.installed_apps) do
    local path = core.package_path(app)
    if path then
      list[#list + 1] = { path = path .. "/static", label = app }
    end
  end
  return list
end

local function check_name(path)
  if type(path) ~= "string" then
    error(exceptions.TypeError(("a static file is named by a string, not a %s"):format(type(path))), 3)
  end
  if path:find("%z") or ("/" .. path .. "/"):find("/../", 1, true) then
    error(exceptions.SuspiciousFileOperation(("'%s' leads out of the folders of static files"):format((path:gsub("%z", "\\0")))), 3)
  end
end

--- The absolute path of the file that is used under that name, or nil. With
--- { all = true } a list of all that are there, those that are hidden by the first too.
function M.finders.find(path, opts)
  check_name(path)
  local found = {}
  for _, dir in ipairs(M.finders.dirs()) do
    local full = dir.path .. "/" .. path
    if path ~= "" and fs.stat(full) then
      if not (opts and opts.all) then
        return full
      end
      found[#found + 1] = full
    end
  end
  return opts and opts.all and found or nil
end

--- All files: { name =, path =, size =, mtime =, label = }, by name; and those that are
--- hidden by another one of the same name.
function M.finders.list()
  local files, hidden, seen = {}, {}, {}
  for _, dir in ipairs(M.finders.dirs()) do
    for _, file in ipairs(fs.walk(dir.path)) do
      local entry = { name = file.path, path = dir.path .. "/" .. file.path, size = file.size, mtime = file.mtime, label = dir.label }
      if seen[entry.name] then
        hidden[#hidden + 1] = entry
      else
        seen[entry.name] = true
        files[#files + 1] = entry
      end
    end
  end
  table.sort(files, function(a, b)
    return a.name < b.name
  end)
  return files, hidden
end

-- ---- URLs ----

local manifest -- paths of staticfiles.json, read once

local function stored_name(name)
  manifest = manifest or require("perilune._static_manifest").load(M.root())
  local clean = name:gsub("^/+", "")
  if clean == "" or clean:sub(-1) == "/" then
    return name
  end
  if not manifest[clean] then
    local names = {}
    for known in pairs(manifest) do
      names[#names + 1] = known
    end
    error(exceptions.ValueError(("there is no static file '%s' in the manifest of collectstatic%s"):format(name, core.suggest(clean, names))), 4)
  end
  return manifest[clean]
end

--- The URL of a static file. Raises ValueError for one that the manifest does not know.
function M.static(path)
  if type(path) ~= "string" then
    error(exceptions.TypeError(("static(path): a string, not a %s"):format(type(path))), 2)
  end
  local base = M.base_url()
  if settings.debug or M.storage() == "plain" then
    return base .. encoding.filepath_to_uri((path:gsub("^/+", "")))
  end
  local name, query, fragment = path:match("^([^?#]*)(%??[^#]*)(#?.*)$")
  return base .. encoding.filepath_to_uri((stored_name(name):gsub("^/+", ""))) .. query .. fragment
end

M.url = M.static

--- Forgets the manifest: the next URL reads it again.
function M._forget()
  manifest = nil
end

return setmetatable(M, {
  __call = function(_, path)
    return M.static(path)
  end,
})
