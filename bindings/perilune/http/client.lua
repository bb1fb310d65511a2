-- SPDX-License-Identifier: MIT
-- Outgoing HTTP. A request waits in its fiber; connections are kept and used again.
-- Whatever status comes back is a response; only when none comes is there an error:
-- ConnectionError, TimeoutError, TooLargeError, and ValueError for a URL or option that
-- cannot be sent. They carry `url` (without a password) and `reason`.
local core = require "perilune._client"
local crypto = require "perilune.utils.crypto"
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"
local uhttp = require "perilune.utils.http"

local M = {}

local options, all_options = {}, { method = true, url = true }
for name in ([[headers query json data files body timeout connect_timeout max_bytes redirects
               auth verify proxy public_only]]):gmatch "%S+" do
  options[name], all_options[name] = true, true
end

local function invalid(text, ...)
  error(exceptions.ValueError(text:format(...)))
end

-- ---- responses ----

local Response = { __name = "perilune.http.client.Response" }
Response.__index = Response

--- The body as JSON; raises ValueError when it is none.
function Response:json()
  local ok, value = pcall(require("perilune.json").decode, self.body)
  if not ok then
    local reason = type(value) == "table" and value.message or tostring(value)
    error(exceptions.ValueError(("the answer of %s is no JSON: %s"):format(self.url, reason), { url = self.url, reason = reason }))
  end
  return value
end

--- Every value of a header field, in order.
function Response:header_values(name)
  local values = {}
  for i, field in ipairs(self._names[name:lower()] or {}) do
    values[i] = field
  end
  return values
end

function Response:__tostring()
  return ("<%s %d %s>"):format(Response.__name, self.status, self.url)
end

-- Names in any case; the values of a repeated field joined with commas.
local headers_mt = { __name = "perilune.http.client.Headers" }

function headers_mt.__index(headers, name)
  return type(name) == "string" and rawget(headers, name:lower()) or nil
end

local function make_response(raw)
  local headers, names, list = {}, {}, raw.headers
  for i = 1, #list, 2 do
    local name, value = list[i]:lower(), list[i + 1]
    if names[name] then
      table.insert(names[name], value)
      headers[name] = headers[name] .. ", " .. value
    else
      names[name], headers[name] = { value }, value
    end
  end
  raw.headers, raw._names = setmetatable(headers, headers_mt), names
  return setmetatable(raw, Response)
end

-- ---- bodies ----

local function pairs_in_order(map)
  local keys = sorted_keys(map)
  local i = 0
  return function()
    i = i + 1
    return keys[i], map[keys[i]]
  end
end

-- What stands between quotes in a header of a part, as browsers write it.
local function quoted(text)
  return (tostring(text):gsub('[\r\n"]', { ["\r"] = "%0D", ["\n"] = "%0A", ['"'] = "%22" }))
end

local function add_part(parts, boundary, disposition, content_type, content)
  parts[#parts + 1] = "--" .. boundary
  parts[#parts + 1] = "Content-Disposition: form-data; " .. disposition
  if content_type then
    parts[#parts + 1] = "Content-Type: " .. content_type
  end
  parts[#parts + 1] = ""
  parts[#parts + 1] = content
end

-- A file is its content, { filename =, content =, content_type = }, or an upload of
-- request.FILES.
local function file_of(name, file)
  if type(file) == "string" then
    return { filename = name, content = file }
  elseif type(file) == "userdata" then
    return { filename = file.name, content = file:read(), content_type = file.content_type }
  elseif type(file) ~= "table" or type(file.content) ~= "string" then
    invalid("files.%s: a file is its content or { filename =, content =, content_type = }", name)
  end
  if file.content_type and tostring(file.content_type):find "[\r\n%z]" then
    invalid("files.%s: content_type holds a line end", name)
  end
  return file
end

local function add_file(parts, boundary, name, file)
  file = file_of(name, file)
  local filename = file.filename or name
  add_part(parts, boundary, ('name="%s"; filename="%s"'):format(quoted(name), quoted(filename)),
    file.content_type or core.mime_type(filename) or "application/octet-stream", file.content)
end

local function each(value, fn)
  if type(value) == "table" and value[1] ~= nil then
    for _, item in ipairs(value) do
      fn(item)
    end
  else
    fn(value)
  end
end

local function multipart(data, files)
  local parts, boundary = {}, "perilune-" .. crypto.get_random_string(32)
  for name, value in pairs_in_order(data or {}) do
    each(value, function(item)
      add_part(parts, boundary, ('name="%s"'):format(quoted(name)), nil, tostring(item))
    end)
  end
  for name, value in pairs_in_order(files) do
    each(value, function(file)
      add_file(parts, boundary, name, file)
    end)
  end
  parts[#parts + 1] = "--" .. boundary .. "--\r\n"
  return table.concat(parts, "\r\n"), "multipart/form-data; boundary=" .. boundary
end

-- body, its content type
local function body_of(opts)
  local given = {}
  for _, name in ipairs { "json", "data", "body" } do
    if opts[name] ~= nil then
      given[#given + 1] = name
    end
  end
  if opts.files ~= nil and opts.data == nil then
    given[#given + 1] = "files"
  end
  if #given > 1 then
    invalid("a request has one body: '%s' and '%s' were given", given[1], given[2])
  end
  if opts.json ~= nil then
    return require("perilune.json").encode(opts.json), "application/json"
  elseif opts.files ~= nil then
    return multipart(opts.data, opts.files)
  elseif type(opts.data) == "table" then
    return uhttp.urlencode(opts.data, true), "application/x-www-form-urlencoded"
  elseif opts.data ~= nil then
    return tostring(opts.data), "application/x-www-form-urlencoded"
  elseif opts.body ~= nil and type(opts.body) ~= "string" then
    invalid("body is a string, not a %s; tables go into json or data", type(opts.body))
  end
  return opts.body
end

-- ---- options ----

local function add_query(url, query)
  if query == nil then
    return url
  end
  local text = type(query) == "string" and query or uhttp.urlencode(query, true)
  local rest, fragment = url:match "^([^#]*)(.*)$"
  if text == "" then
    return url
  end
  return rest .. (rest:find("?", 1, true) and (rest:find "[?&]$" and "" or "&") or "?") .. text .. fragment
end

local function header_list(opts, content_type)
  local list, has_type = {}, false
  for name, value in pairs_in_order(opts.headers or {}) do
    each(value, function(item)
      list[#list + 1], list[#list + 2] = tostring(name), tostring(item)
    end)
    has_type = has_type or tostring(name):lower() == "content-type"
  end
  if content_type and not has_type then
    list[#list + 1], list[#list + 2] = "Content-Type", content_type
  end
  return list
end

local function number(opts, name, least)
  local n = opts[name]
  if n ~= nil and (type(n) ~= "number" or n ~= n or n < least) then
    invalid("%s is a number from %g up, not %s", name, least, tostring(n))
  end
  return n
end

local function text(what, value)
  if type(value) ~= "string" or value:find("\0", 1, true) then
    invalid("%s is a string without NUL, not %s", what, type(value))
  end
  return value
end

-- { user, password }, or a token as a string
local function set_auth(request, auth)
  if type(auth) == "table" then
    request.user = text("auth[1] (user)", auth[1] or auth.user)
    request.password = text("auth[2] (password)", auth[2] or auth.password or "")
  elseif auth ~= nil then
    table.insert(request.headers, "Authorization")
    table.insert(request.headers, "Bearer " .. text("auth", auth))
  end
end

local function set_redirects(request, redirects)
  if redirects == false then
    request.redirects = 0
  elseif redirects ~= nil and redirects ~= true then
    if math.type(redirects) ~= "integer" or redirects < 0 or redirects > 50 then
      invalid("redirects is true, false or 0 to 50, not %s", tostring(redirects))
    end
    request.redirects = redirects
  end
end

local function set_connection(request, opts)
  if opts.verify == false then
    request.insecure = true
  elseif opts.verify ~= nil and opts.verify ~= true then
    request.ca_file = text("verify", opts.verify)
  end
  if opts.proxy == false then
    request.proxy = ""
  elseif opts.proxy ~= nil then
    request.proxy = text("proxy", opts.proxy)
  end
  request.public_only = opts.public_only and true or nil
end

local function make_request(method, url, opts)
  if type(url) ~= "string" then
    error(exceptions.TypeError(("the URL is a string, not a %s"):format(type(url))))
  end
  local body, content_type = body_of(opts)
  local request = {
    method = text("method", method):upper(),
    url = add_query(url, opts.query),
    body = body,
    headers = header_list(opts, content_type),
    timeout = opts.timeout == false and -1 or number(opts, "timeout", 0),
    connect_timeout = number(opts, "connect_timeout", 0),
    max_bytes = number(opts, "max_bytes", 0),
  }
  set_auth(request, opts.auth)
  set_redirects(request, opts.redirects)
  set_connection(request, opts)
  return request
end

-- ---- requests ----

local function send(method, url, opts)
  local request = make_request(method, url, opts)
  local raw, class, shown, reason = core.send(request)
  if not raw then
    local message = ("%s %s: %s"):format(request.method, shown, reason)
    error(exceptions[class](message, { url = shown, reason = reason }))
  end
  return make_response(raw)
end

--- request { method =, url =, … }
function M.request(opts)
  check_options("client.request", opts, all_options)
  return send(opts.method or "GET", opts.url, opts)
end

for _, method in ipairs { "get", "post", "put", "patch", "delete", "head" } do
  M[method] = function(url, opts)
    return (send(method:upper(), url, check_options("client." .. method, opts, options)))
  end
end

return M
