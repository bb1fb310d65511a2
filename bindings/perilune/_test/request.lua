-- SPDX-License-Identifier: MIT
-- Requests that no client sent: RequestFactory, and what the client sends through the chain.
local bodies = require "perilune._test.body"
local exceptions = require "perilune.exceptions"
local http = require "perilune.utils.http"
local requests = require "perilune._request"

local M = {}

M.OPTIONS = {
  query = true, json = true, data = true, files = true, headers = true, secure = true, content_type = true, remote_addr = true,
  cookies = true, server_name = true,
}

local function encoded(query)
  if type(query) == "string" then
    return (query:gsub("^%?", ""))
  end
  return http.urlencode(query, { doseq = true })
end

-- "/a%20b?x=1#y", and a query given apart -> "/a b", "x=1&…". A whole URL tells its host and
-- whether it is secure.
local function target(url, options)
  local scheme, host, rest = url:match "^(https?)://([^/?#]*)(.*)$"
  if scheme then
    url = rest == "" and "/" or rest
  end
  url = url:gsub("#.*$", "")
  local path, query = url:match "^([^?]*)%??(.*)$"
  if options.query ~= nil then
    local more = encoded(options.query)
    query = query == "" and more or more == "" and query or query .. "&" .. more
  end
  return http.unquote(path == "" and "/" or path), query, host, scheme == "https"
end

local function add_headers(list, headers)
  if headers ~= nil and type(headers) ~= "table" then
    error(exceptions.TypeError(("headers is a table, as in { Accept = \"text/html\" }, not a %s"):format(type(headers))), 0)
  end
  for name, value in pairs(headers or {}) do
    list[#list + 1] = { (tostring(name):gsub("^HTTP_", ""):gsub("_", "-")), tostring(value) }
  end
end

local function has(list, name)
  for _, pair in ipairs(list) do
    if pair[1]:lower() == name then
      return true
    end
  end
  return false
end

local function cookie_field(cookies)
  local parts, names = {}, {}
  for name in pairs(cookies or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = name .. "=" .. tostring(cookies[name])
  end
  return #parts > 0 and table.concat(parts, "; ") or nil
end

--- A request as the chain gets it. `defaults`: header fields of the client.
function M.make(method, path, options, defaults)
  if type(path) ~= "string" then
    error(exceptions.TypeError(("%s(path, options): the path is a text, not a %s"):format(method:lower(), type(path))), 0)
  end
  local where, query, host, secure = target(path, options)
  local body, kind = bodies.build(method, options)
  local headers = {}
  add_headers(headers, options.headers)
  local own = {}
  add_headers(own, defaults)
  for _, pair in ipairs(own) do
    if not has(headers, pair[1]:lower()) then
      headers[#headers + 1] = pair
    end
  end
  if not has(headers, "host") then
    headers[#headers + 1] = { "Host", host or options.server_name or "testserver" }
  end
  if kind and not has(headers, "content-type") then
    headers[#headers + 1] = { "Content-Type", kind }
  end
  if body ~= "" or method == "POST" or method == "PUT" or method == "PATCH" then
    headers[#headers + 1] = { "Content-Length", tostring(#body) }
  end
  local cookies = cookie_field(options.cookies)
  if cookies and not has(headers, "cookie") then
    headers[#headers + 1] = { "Cookie", cookies }
  end
  return requests.make {
    method = method, path = where, query_string = query, headers = headers, body = body,
    secure = options.secure or secure, remote_addr = options.remote_addr or "127.0.0.1", server_name = options.server_name or "testserver",
  }
end

-- ---- RequestFactory ----

local check_options = require "perilune._options"

M.METHODS = { get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE", head = "HEAD", options = "OPTIONS", trace = "TRACE" }

local Factory = {}
Factory.__index = Factory
Factory.__name = "perilune.test.RequestFactory"

for name, method in pairs(M.METHODS) do
  Factory[name] = function(self, path, options)
    if getmetatable(self) ~= Factory then
      error(exceptions.TypeError(("call it with a colon: factory:%s(path)"):format(name)), 2)
    end
    options = check_options("RequestFactory:" .. name, options, M.OPTIONS)
    return M.make(method, path, options, self.headers)
  end
end

--- A request with any method.
function Factory:generic(method, path, options)
  options = check_options("RequestFactory:generic", options, M.OPTIONS)
  return M.make(method:upper(), path, options, self.headers)
end

--- RequestFactory{ headers = {…} }, or RequestFactory itself: factory:get(path, options).
function M.new_factory(options)
  options = check_options("RequestFactory", options, { headers = true })
  return setmetatable({ headers = options.headers }, Factory)
end

M.RequestFactory = setmetatable({}, {
  __call = function(_, options)
    return M.new_factory(options)
  end,
  __index = function(_, name)
    local method = Factory[name]
    if type(method) ~= "function" then
      return nil
    end
    return function(_, ...)
      return method(M.new_factory(), ...)
    end
  end,
})

return M
