-- SPDX-License-Identifier: MIT
-- The body of a test's request: what was given as data, json and files, written as a client
-- would write it.
local exceptions = require "perilune.exceptions"
local http = require "perilune.utils.http"
local json = require "perilune.json"
local null = require "perilune.null"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local BOUNDARY = "BoUnDaRyStRiNg"
M.MULTIPART = "multipart/form-data; boundary=" .. BOUNDARY

local TYPES = { txt = "text/plain", html = "text/html", csv = "text/csv", json = "application/json", png = "image/png", jpg = "image/jpeg", gif = "image/gif", pdf = "application/pdf" }

local function is_text(value)
  return type(value) ~= "table" or (getmetatable(value) or {}).__tostring ~= nil
end

-- fn(name, value) for every field: those of a map in the order of the names, lists one by one.
local function each(data, what, fn)
  local function value_of(name, value)
    if value == null then
      error(exceptions.TypeError(("%s: the value of '%s' is null: a form cannot say that; leave it out, or send an empty text"):format(what, name)), 0)
    end
    fn(tostring(name), tostring(value))
  end
  if data[1] ~= nil then
    for _, pair in ipairs(data) do
      value_of(pair[1], pair[2])
    end
    return
  end
  for _, name in ipairs(sorted_keys(data)) do
    if is_text(data[name]) then
      value_of(name, data[name])
    else
      for _, value in ipairs(data[name]) do
        value_of(name, value)
      end
    end
  end
end

local function quoted(text)
  return (text:gsub('[\r\n"]', { ["\r"] = "%0D", ["\n"] = "%0A", ['"'] = "%22" }))
end

local function file_part(parts, name, file)
  if type(file) == "string" then
    file = { content = file }
  elseif type(file) ~= "table" or type(file.content or file[2]) ~= "string" then
    error(exceptions.TypeError(("files.%s is the content, or { name = \"a.txt\", content = \"…\", content_type = \"text/plain\" }"):format(name)), 0)
  end
  local filename = file.name or file[1] or name
  local kind = file.content_type or file[3] or TYPES[filename:match "%.(%w+)$" or ""] or "application/octet-stream"
  parts[#parts + 1] = ('--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\nContent-Type: %s\r\n\r\n%s\r\n'):format(BOUNDARY, quoted(name), quoted(filename), kind, file.content or file[2])
end

local function multipart(data, files, what)
  local parts = {}
  each(data, what, function(name, value)
    parts[#parts + 1] = ('--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'):format(BOUNDARY, quoted(name), value)
  end)
  for _, name in ipairs(sorted_keys(files)) do
    local file = files[name]
    if type(file) == "table" and type(file[1]) == "table" then
      for _, one in ipairs(file) do
        file_part(parts, name, one)
      end
    else
      file_part(parts, name, file)
    end
  end
  parts[#parts + 1] = "--" .. BOUNDARY .. "--\r\n"
  return table.concat(parts)
end

local function urlencoded(data, what)
  local pairs_of = {}
  each(data, what, function(name, value)
    pairs_of[#pairs_of + 1] = { name, value }
  end)
  return http.urlencode(pairs_of)
end

--- Gives the body and its type: options has json, data, files, body, content_type. A form is
--- sent as multipart when it has files, or when that is its content_type.
function M.build(method, options)
  local what = "client:" .. method:lower()
  if options.json ~= nil then
    if options.data ~= nil or options.files ~= nil then
      error(exceptions.TypeError(what .. ": json stands alone, without data and files"), 0)
    end
    return json.encode(options.json), options.content_type or "application/json"
  end
  local data, files = options.data, options.files
  if type(data) == "string" then
    return data, options.content_type or "application/octet-stream"
  elseif data ~= nil and type(data) ~= "table" then
    error(exceptions.TypeError(("%s: data is a table of fields or a text, not a %s"):format(what, type(data))), 0)
  elseif files ~= nil and type(files) ~= "table" then
    error(exceptions.TypeError(("%s: files is a table, not a %s"):format(what, type(files))), 0)
  end
  local kind = options.content_type
  if kind and kind:find "^application/json" then
    return json.encode(data or {}), kind
  elseif files or kind and kind:find "^multipart/form%-data" then
    return multipart(data or {}, files or {}, what), M.MULTIPART
  elseif data then
    return urlencoded(data, what), kind or "application/x-www-form-urlencoded"
  end
  return "", kind
end

return M
