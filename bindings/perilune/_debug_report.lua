-- SPDX-License-Identifier: MIT
-- Everything the debug page says about an error, as plain tables and texts: masked,
-- bounded, not yet escaped. A part that cannot be read says so and leaves the others.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local frames = require "perilune._debug_frames"
local hints = require "perilune._debug_hints"
local settings = require "perilune.settings"
local source = require "perilune._debug_source"
local templates = require "perilune._debug_template"
local urls = require "perilune.urls"
local values = require "perilune._debug_values"

local M = {}

local MAX_ROWS, MAX_TRIED, MAX_MESSAGE, MAX_TRACEBACK = 200, 300, 4000, 20000

-- ---- the request ----

-- Rows { name, text } of what pairs() gives, in the order of the names.
local function rows_of(map, secret)
  local rows = {}
  for name, value in pairs(map) do
    if #rows == MAX_ROWS then
      rows[#rows + 1] = { "…", ("more than %d"):format(MAX_ROWS) }
      break
    end
    name = tostring(name)
    local text
    if values.is_secret(name) or (secret and secret[name]) then
      text = values.MASK
    elseif name:upper():find "QUERY_STRING" or name:lower() == "referer" or name == "HTTP_REFERER" then
      text = values.mask_query(values.text(value))
    else
      text = values.text(value)
    end
    rows[#rows + 1] = { values.text(name, 200), text }
  end
  table.sort(rows, function(a, b)
    return a[1] < b[1]
  end)
  return rows
end

-- All values of every name of a QueryDict.
local function form_rows(dict)
  local rows = {}
  for name in pairs(dict) do
    if #rows == MAX_ROWS then
      rows[#rows + 1] = { "…", ("more than %d"):format(MAX_ROWS) }
      break
    end
    local texts = {}
    for i, value in ipairs(dict:getlist(name)) do
      texts[i] = values.is_secret(name) and values.MASK or values.repr(value)
    end
    rows[#rows + 1] = { values.text(name, 200), table.concat(texts, ", ", 1, math.min(#texts, 10)) }
  end
  table.sort(rows, function(a, b)
    return a[1] < b[1]
  end)
  return rows
end

local function file_rows(files)
  local rows = {}
  for name, file in pairs(files) do
    local text = ("%s, %s bytes, %s"):format(values.repr(file.name), tostring(file.size), tostring(file.content_type or "no type"))
    rows[#rows + 1] = { values.text(name, 200), text }
  end
  return rows
end

local function user_text(request)
  local user = request.user
  if user == nil then
    return nil
  end
  local name = type(user) ~= "string" and user.username or user
  return values.text(type(name) == "string" and name or values.repr(user), 200)
end

local function cookie_rows(cookies)
  return rows_of(cookies, { [settings.get("session_cookie_name", "sessionid")] = true, [settings.get("csrf_cookie_name", "csrftoken")] = true })
end

local sections = {
  { "GET", form_rows },
  { "POST", form_rows },
  { "FILES", file_rows },
  { "COOKIES", cookie_rows },
  { "headers", rows_of },
  { "META", rows_of },
}

local function section(request, name, read)
  local ok, rows = pcall(function()
    local map = request[name]
    return map ~= nil and read(map) or nil
  end)
  if not ok then
    return { name = name, error = values.text(exceptions.is(rows, "Exception") and rows.message or tostring(rows), 300) }
  end
  return rows and { name = name, rows = rows } or nil
end

local function request_parts(request, trusted)
  local parts = {}
  for _, row in ipairs(trusted and sections or {}) do
    parts[#parts + 1] = section(request, row[1], row[2])
  end
  local strict = trusted and package.loaded["perilune.template._strict"]
  local unresolved = strict and strict.of(request)
  if unresolved then
    local rows = {}
    for i, row in ipairs(unresolved) do
      rows[i] = { values.text(row[1], 200), values.text(row[2], 300) }
    end
    table.insert(parts, 1, { name = "Template names that did not resolve", rows = rows })
  end
  return parts
end

-- ---- routes ----

local function read(fn, ...)
  local ok, value = pcall(fn, ...)
  return ok and value or nil
end

-- The route's parameters filled with what stands in the same place of the path.
local function filled(route, path)
  local parts, n = {}, 0
  for part in path:sub(2):gmatch("([^/]*)/?") do
    parts[#parts + 1] = part
  end
  return "/" .. route:gsub("[^/]+", function(part)
    n = n + 1
    return part:find "^<.*>$" and parts[n] ~= "" and parts[n] or nil
  end)
end

-- A path near to this one that does lead somewhere.
local function nearest(path, tried)
  local candidates = {}
  if path:sub(-1) ~= "/" and urls.is_valid_path(path .. "/") then
    return path .. "/"
  end
  for _, try in ipairs(tried) do
    local route = table.concat(try.patterns)
    if not route:find "[%^$()%[]" then
      candidates[#candidates + 1] = filled(route, path)
    end
  end
  local near = core.suggest(path, candidates):match("did you mean '(.*)'")
  return near and near ~= path and urls.is_valid_path(near) and near or nil
end

local function tried_routes(path)
  local all = urls._tried(path)
  local list = {}
  for i = 1, math.min(#all, MAX_TRIED) do
    local patterns = {}
    for j, pattern in ipairs(all[i].patterns) do
      patterns[j] = values.text(pattern, 300)
    end
    list[i] = { patterns = patterns, name = all[i].name }
  end
  return list, #all, nearest(path, all)
end

-- ---- settings ----

local function setting_rows()
  local rows = {}
  for _, name in ipairs(settings.names()) do
    local value = settings.get(name)
    if value ~= nil then
      local secret = values.is_secret_setting(name, settings._row(name) ~= nil)
      rows[#rows + 1] = { values.text(name, 100), secret and values.MASK or values.repr(value), settings.is_overridden(name) }
    end
  end
  return rows
end

-- ---- where it happened ----

-- "file:line: " before a message, once or more (errors that pass a coroutine get another
-- one): the last, which is the innermost, and the rest.
local function leading_place(message)
  local file, line
  while true do
    local f, l, rest = message:match("^([^%s:]+):(%d+): (.*)$")
    if not f then
      return file, math.tointeger(line), message
    end
    file, line, message = f, l, rest
  end
end

-- The author's line: what the message names, or the engine noted, with the frame of it.
local function place_of(err, list)
  local message, where = rawget(err, "message"), rawget(err, "where")
  local file, line = leading_place(type(message) == "string" and message or "")
  if not file or source.kind("@" .. file) ~= "project" then
    file, line = source.find_place(type(where) == "string" and where or "")
  end
  if not file then
    return nil
  end
  for _, frame in ipairs(list) do
    if frame.file == file and frame.line == line then
      return frame
    end
  end
  return { file = values.printable(file), line = line }
end

-- Without the places it begins with, when one of them is shown anyway.
local function message_of(err, place)
  local message = rawget(err, "message")
  if type(message) ~= "string" then
    return values.repr(message)
  end
  local file, _, rest = leading_place(message)
  return values.text(place and file == place.file and rest or message, MAX_MESSAGE)
end

local function add_excerpts(list, place)
  for _, frame in ipairs(list) do
    if frame.line and frame ~= place and (frame.kind == "project" or frame.kind == "library") then
      frame.excerpt = source.excerpt(frame.file, frame.line, 3)
    end
  end
end

local function settings_name()
  local path, dir = core.settings_file or "settings.lua", core.project_dir
  if dir and path:sub(1, #dir + 1) == dir .. "/" then
    path = path:sub(#dir + 2)
  end
  return values.printable(path)
end

local function versions(trusted)
  local folder = trusted and core.project_dir and " · " .. values.printable(core.project_dir) or ""
  return ("Perilune %s, %s%s"):format(core.version, _VERSION, folder)
end

-- ---- together ----

--- trusted: the client named a host that is allowed. Others, who may be a page of another
--- site whose name leads here, are told the error and its cure, but no values.
function M.of(request, status, err, match, trusted)
  if not exceptions.is(err, "Exception") then
    err = exceptions.wrap(err)
  end
  local list = trusted and frames.of(err) or {}
  local place = trusted and place_of(err, list) or nil
  local report = {
    status = status,
    name = values.text(tostring(err.name), 100),
    message = message_of(err, place),
    title = status == 404 and "Page not found" or nil,
    hint = hints.of(err, place),
    frames = list,
    place = place,
    excerpt = place and source.excerpt(place.file, place.line, 7),
    template = trusted and read(templates.of, err) or nil,
    during = rawget(err, "during"),
    traceback = trusted and type(rawget(err, "traceback")) == "string" and values.text(err.traceback, MAX_TRACEBACK) or nil,
    match = match,
    method = values.text(request.method, 50),
    path = values.text(request.path),
    target = values.mask_query(values.text(request.full_path)),
    remote_addr = request.remote_addr,
    user = trusted and read(user_text, request) or nil,
    parts = request_parts(request, trusted),
    settings = trusted and read(setting_rows) or nil,
    settings_file = settings_name(),
    versions = versions(trusted),
    time = os.date("%Y-%m-%d %H:%M:%S %z"),
    trusted = trusted,
  }
  add_excerpts(list, nil)
  if status == 404 and not match and trusted then
    local ok, tried, count, near = pcall(tried_routes, request.path)
    if ok then
      report.tried, report.tried_count = tried, count
      report.hint = near and ("Did you mean %s ?"):format(values.text(near, 300)) or count == 0 and "The project has no routes yet: urls.lua returns the list of them." or nil
    end
  end
  return report
end

return M
