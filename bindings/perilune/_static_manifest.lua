-- SPDX-License-Identifier: MIT
-- Names with hashes, and staticfiles.json, which says what has which: in the format of
-- Django's ManifestStaticFilesStorage (1.1; 1.0 is read too), so that either framework
-- may serve what the other one collected.
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"
local http_utils = require "perilune.utils.http"
local urls = require "perilune._static_urls"

local M = { FILE = "staticfiles.json" }

local function digest(content)
  return crypto.hex(crypto.digest("md5", content)):sub(1, 12)
end

--- "css/a.css" and its content: "css/a.69c5f142b6c0.css".
function M.hashed_name(name, content)
  local folder, base = name:match("^(.*/)([^/]*)$")
  folder, base = folder or "", base or name
  local root, extension = base:match("^(.+)(%.[^.]*)$")
  return folder .. (root or base) .. "." .. digest(content) .. (extension or "")
end

-- ---- names ----

-- "css" + "../img/./a.png" -> "img/a.png"; nil when it leads out.
local function join(folder, path)
  local parts = {}
  for part in (folder .. "/" .. path):gmatch("[^/]+") do
    if part == ".." then
      if #parts == 0 then
        return nil
      end
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

local Names = {}
Names.__index = Names

function Names:fail(text, ...)
  error(exceptions.CommandError(text:format(...)), 0)
end

-- The name below the folders that a URL means; nil for what is none of ours.
function Names:target(source, path)
  if path:sub(1, 1) ~= "/" then
    return join(source:match("^(.*)/[^/]*$") or "", path)
  elseif path:sub(1, #self.base_url) == self.base_url then
    return join("", path:sub(#self.base_url + 1))
  end
end

-- The URL with the hashed name; nil when it stays as it is.
function Names:resolve(source, url)
  if url:find("^%a+:") or url:find("^//") then
    return nil -- elsewhere, or data
  end
  local path, rest = url:match("^([^?#]*)(.*)$")
  if path == "" or path:sub(1, 1) == "/" and path:sub(1, #self.base_url) ~= self.base_url then
    return nil
  end
  if path:sub(-1) == "/" then
    return http_utils.unquote(url) -- a folder has no hash
  end
  local target = self:target(source, http_utils.unquote(path))
  if not target or not self.files[target] then
    self:fail("%s names '%s', and there is no static file '%s'", source, url, target or path)
  end
  local hashed = self:name(target):match("[^/]*$")
  return http_utils.unquote((path:match("^.*/") or "") .. hashed .. rest)
end

--- The hashed name of a file, whose URLs are replaced first: they are part of its hash.
function Names:name(name)
  local known = self.names[name]
  if known then
    return known
  end
  if self.open[name] then
    self:fail("%s names itself, by way of other files: its hash would depend on itself", name)
  end
  self.open[name] = true
  local content = fs.read(self.files[name])
  if urls.adjustable(name) then
    local changed = urls.rewrite(name, content, function(url)
      return self:resolve(name, url)
    end)
    if changed ~= content then
      content, self.contents[name] = changed, changed
    end
  end
  self.open[name] = nil
  self.names[name] = M.hashed_name(name, content)
  return self.names[name]
end

--- files: name -> path of the content. Gives name -> hashed name, and name -> content of
--- those whose content changed. Raises CommandError for a URL that leads nowhere.
function M.names(files, base_url)
  local self = setmetatable({ files = files, base_url = base_url, names = {}, contents = {}, open = {} }, Names)
  for name in pairs(files) do
    self:name(name)
  end
  return self.names, self.contents
end

-- ---- the file ----

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

-- As Python's json.dumps writes a string: ASCII only. The hash is taken over such text.
local function quote(text)
  local out = {}
  for _, c in utf8.codes(text) do
    local char = c < 128 and string.char(c) or nil
    if SHORT[char] then
      out[#out + 1] = SHORT[char]
    elseif c >= 32 and c < 127 then
      out[#out + 1] = char
    elseif c < 0x10000 then
      out[#out + 1] = ("\\u%04x"):format(c)
    else
      out[#out + 1] = ("\\u%04x\\u%04x"):format(0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff))
    end
  end
  return '"' .. table.concat(out) .. '"'
end

--- The text of staticfiles.json.
function M.encode(names)
  local sorted, pairs_text, map_text = {}, {}, {}
  for name in pairs(names) do
    if not utf8.len(name) then
      error(exceptions.CommandError(("the file name '%s' is not UTF-8: it cannot stand in %s"):format(name, M.FILE)), 0)
    end
    sorted[#sorted + 1] = name
  end
  table.sort(sorted)
  for i, name in ipairs(sorted) do
    local key, value = quote(name), quote(names[name])
    pairs_text[i] = ("[%s, %s]"):format(key, value)
    map_text[i] = ("%s: %s"):format(key, value)
  end
  return ('{"paths": {%s}, "version": "1.1", "hash": "%s"}'):format(table.concat(map_text, ", "), digest("[" .. table.concat(pairs_text, ", ") .. "]"))
end

--- name -> hashed name, of the manifest in a folder.
function M.load(root)
  local path = root .. "/" .. M.FILE
  if not fs.stat(path) then
    error(exceptions.ImproperlyConfigured(("there is no '%s': run `perilune collectstatic`"):format(path)), 0)
  end
  local manifest = require("perilune.json").decode(fs.read(path))
  local version = type(manifest) == "table" and manifest.version
  if version ~= "1.0" and version ~= "1.1" then
    error(exceptions.ValueError(("'%s' is no manifest that can be read (version %s); run `perilune collectstatic`"):format(path, tostring(version))), 0)
  end
  return manifest.paths
end

return M
