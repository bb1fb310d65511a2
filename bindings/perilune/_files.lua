-- SPDX-License-Identifier: MIT
-- http.FileResponse: responses whose body is a file.
local exceptions = require "perilune.exceptions"
local file = require "perilune._file"
local http_utils = require "perilune.utils.http"
local options = require "perilune._options"
local response = require "perilune._response"

local M = {}

local KNOWN = { as_attachment = true, filename = true, content_type = true, status = true, reason = true, headers = true, root = true }

-- What the codes of struct err are called here.
local CLASSES = { not_found = "NotFoundError", invalid = "ValueError" }

local function new_response(opts)
  return response.Response(nil, {
    status = opts.status,
    reason = opts.reason,
    headers = opts.headers,
    content_type = opts.content_type,
  })
end

-- The field of any object; nil for one that has no such field, or no fields at all.
local function field(object, name)
  local ok, value = pcall(function()
    return object[name]
  end)
  return ok and value or nil
end

local function callable(value)
  if type(value) == "function" then
    return true
  end
  local mt = getmetatable(value)
  return type(mt) == "table" and type(mt.__call) == "function"
end

local function has_header(headers, wanted)
  for name in pairs(headers or {}) do
    if type(name) == "string" and name:lower() == wanted then
      return true
    end
  end
  return false
end

local function fail(message, code)
  error(exceptions[CLASSES[code] or "OSError"](("FileResponse: %s"):format(message)), 4)
end

local function attach_path(r, path, root)
  local ok, message, code = file.open(r, path, root)
  if ok then
    return
  end
  if root and (code == "not_found" or code == "denied" or code == "invalid") then
    error(exceptions.Http404(("there is no file '%s'"):format(path)), 3)
  end
  fail(message, code)
end

-- Pieces of anything that can be read, until there are none: nil, or "".
local function read_pieces(object)
  local ended = false
  return function()
    local piece = not ended and object:read(65536) or nil
    if piece == nil or piece == "" then
      ended = true
      return nil
    end
    return piece
  end
end

local function close_object(object)
  local close = field(object, "close")
  return callable(close) and function()
    close(object)
  end or nil
end

local function attach_handle(r, handle)
  local whole, message, code = file.handle(r, handle)
  if whole == nil then
    fail(message, code)
  elseif whole then
    handle:close() -- the response has a descriptor of its own
  else
    response.stream(r, read_pieces(handle), close_object(handle))
  end
end

local function attach_object(r, object)
  local chunks = field(object, "chunks")
  response.stream(r, callable(chunks) and chunks(object) or read_pieces(object), close_object(object))
end

local function attach(r, source, root)
  if type(source) == "string" then
    attach_path(r, source, root)
    return source
  elseif io.type(source) then
    attach_handle(r, source)
  elseif callable(field(source, "read")) or callable(field(source, "chunks")) then
    attach_object(r, source)
    local name = field(source, "name")
    return type(name) == "string" and name or nil
  else
    error(exceptions.TypeError(("FileResponse takes a path, an open file or an object with read(), not a %s"):format(type(source))), 3)
  end
end

--- A response with a file: by its path (relative to the project), an open file of io, or
--- anything with read() or chunks(), such as an upload.  A file by path answers ranges and
--- conditions.  Options: as_attachment, filename, content_type, status, reason, headers;
--- root: a folder that the path is taken below and cannot leave, for paths that a client
--- names (what is not there is an Http404 then).
function M.FileResponse(source, opts)
  opts = options("FileResponse", opts, KNOWN)
  if opts.filename ~= nil and type(opts.filename) ~= "string" then
    error(exceptions.TypeError(("FileResponse: option 'filename' is a string, not a %s"):format(type(opts.filename))), 2)
  end
  local r = new_response(opts)
  local name = attach(r, source, opts.root)
  name = (opts.filename or name or ""):match("[^/]*$")
  if not opts.content_type and not has_header(opts.headers, "content-type") then
    r.content_type = file.content_type(name)
  end
  local disposition = http_utils.content_disposition_header(opts.as_attachment, name)
  if disposition and not has_header(opts.headers, "content-disposition") then
    r.headers["Content-Disposition"] = disposition
  end
  return r
end

return M
