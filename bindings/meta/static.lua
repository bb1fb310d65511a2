-- SPDX-License-Identifier: MIT
---@meta perilune.static
-- luacheck: ignore 241 (the classes below are only there to be read)

---Static files: their URLs and where they are. The module can be called: `static("css/site.css")`.
---@class perilune.static
---@field finders perilune.static.finders
---@overload fun(path: string): string
local static = {}

---@class perilune.static.Dir
---@field path string absolute
---@field label string as staticfiles_dirs or installed_apps names it

---@class perilune.static.File
---@field name string below its folder: "css/site.css"
---@field path string absolute
---@field size integer bytes
---@field mtime integer nanoseconds since 1970
---@field label string of its folder

---The URL of a static file. With the storage "manifest" (and without debug) that of the copy with a hash in its
---name; raises ValueError for a file that is not in the manifest.
---@param path string "css/site.css"; a query and a fragment are kept
---@return string
function static.static(path) end

---The same.
---@param path string
---@return string
function static.url(path) end

---"plain" or "manifest", by settings.staticfiles_storage or storages.staticfiles.backend. Raises ImproperlyConfigured.
---@return "plain"|"manifest"
function static.storage() end

---The absolute path of static_root. Raises ImproperlyConfigured when it is not set.
---@return string
function static.root() end

---What stands before every URL: static_url, with the script name when it is relative. Raises ImproperlyConfigured.
---@return string
function static.base_url() end

---@class perilune.static.finders
local finders = {}

---The folders that are searched, in this order.
---@return perilune.static.Dir[]
function finders.dirs() end

---The absolute path of the file that is used under a name, or nil; with `all` a list of all there are. Raises
---SuspiciousFileOperation for a name that leads out of the folders.
---@param path string
---@param opts? { all: boolean? }
---@return string|string[]|nil
function finders.find(path, opts) end

---All files by name, and those that another one of the same name hides.
---@return perilune.static.File[] files
---@return perilune.static.File[] hidden
function finders.list() end

return static
