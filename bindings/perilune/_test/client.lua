-- SPDX-License-Identifier: MIT
-- A client without a socket: requests go through the whole chain of middleware, in a fiber of
-- their own, as a worker's do. Cookies are kept from one to the next.
local check_options = require "perilune._options"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local n_plus_one = require "perilune._test.n_plus_one"
local requests = require "perilune._test.request"
local responses = require "perilune._test.response"
local signals = require "perilune.signals"
local testing = require "perilune._testing"
local time = require "perilune.time"

local M = {}

local Client = { __name = "perilune.test.Client" }
local methods = {}

-- ---- what happens during a request ----

-- Templates and contexts, and the error that a 500 was made of.
local function watch(fn)
  local seen = { templates = {}, contexts = {} }
  local offs = {
    signals.template_rendered:connect(function(_, event)
      seen.templates[#seen.templates + 1] = event.template
      seen.contexts[#seen.contexts + 1] = event.context
    end),
    signals.got_request_exception:connect(function(_, event)
      seen.exception = event.exception
    end),
  }
  local ok, value = core.call(fn)
  for _, off in ipairs(offs) do
    off()
  end
  if not ok then
    error(value, 0)
  end
  return value, seen
end

-- ---- cookies ----

local function store_cookies(self, response, path)
  for name, cookie in pairs(response.cookies) do
    local expired = cookie.max_age and tonumber(cookie.max_age) and tonumber(cookie.max_age) <= 0
    if expired then
      self.cookies[name] = nil
      self._jar[name] = nil
    else
      self.cookies[name] = cookie.value
      local dies = tonumber(cookie.max_age or "")
      self._jar[name] = { path = cookie.path or path, secure = cookie.secure, dies = dies and time.monotonic() + dies }
    end
  end
end

local function cookies_for(self, path, secure, given)
  local out = {}
  for name, value in pairs(self.cookies) do
    local known = self._jar[name]
    local fits = not known or (path:sub(1, #(known.path or "/")) == (known.path or "/") and (secure or not known.secure))
    if fits then
      out[name] = value
    end
  end
  for name, value in pairs(given or {}) do
    out[name] = value
  end
  return out
end

-- ---- requests ----

local OPTIONS = { follow = true, raise_request_exception = true }
for name in pairs(requests.OPTIONS) do
  OPTIONS[name] = true
end

local function send(self, method, path, options)
  local given = {}
  for k, v in pairs(options) do
    given[k] = v
  end
  local secure = given.secure
  if secure == nil then
    secure = path:find "^https://" ~= nil or self.secure
  end
  given.secure = secure
  given.cookies = cookies_for(self, path:gsub("^https?://[^/]*", ""):gsub("%?.*$", ""), secure, options.cookies)
  local request = requests.make(method, path, given, self.headers or nil)
  if not self.enforce_csrf_checks then
    request._dont_enforce_csrf_checks = true
  end
  require("perilune._project").ready()
  local response, seen = watch(function()
    return n_plus_one.watch(request.path, function()
      return fiber.spawn(function()
        return testing.handle(request)
      end):join()
    end)
  end)
  testing.finished()
  store_cookies(self, response, request.path)
  local out = responses.new(response, method, {
    request = request, client = self, templates = seen.templates, context = responses.contexts(seen.contexts), exception = seen.exception,
    resolver_match = request.resolver_match,
  })
  if seen.exception and self.raise_request_exception and options.raise_request_exception ~= false then
    error(seen.exception, 0)
  end
  return out
end

local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }
local MAX_REDIRECTS = 20

-- Where a Location leads to, seen from the path of the request.
local function resolve(base, location)
  if location:find "^https?://" then
    return location
  elseif location:find "^//" then
    return "http:" .. location
  elseif location:find "^/" then
    return location
  elseif location:find "^%?" then
    return base .. location
  end
  return (base:gsub("[^/]*$", "")) .. location
end

local function follow(self, response, method, options)
  local chain = {}
  local again = { headers = options.headers, remote_addr = options.remote_addr, secure = options.secure, server_name = options.server_name, raise_request_exception = options.raise_request_exception }
  while REDIRECTS[response.status_code] and response.headers.Location do
    local url = resolve(response.request.path, response.headers.Location)
    chain[#chain + 1] = { response.headers.Location, response.status_code }
    if #chain > MAX_REDIRECTS then
      error(exceptions.RuntimeError(("the client was redirected more than %d times; the last of them to %s"):format(MAX_REDIRECTS, url)), 0)
    end
    for i = 1, #chain - 1 do
      if chain[i][1] == response.headers.Location and i == #chain - 1 then
        error(exceptions.RuntimeError(("a redirect leads to itself: %s"):format(url)), 0)
      end
    end
    local keeps = response.status_code == 307 or response.status_code == 308
    local next_method = keeps and method or method == "HEAD" and "HEAD" or "GET"
    local next_options = {}
    for k, v in pairs(keeps and options or again) do
      next_options[k] = v
    end
    next_options.query = nil
    if url:find "^https?://" then
      next_options.secure = url:find "^https" ~= nil
    end
    response = send(self, next_method, url, next_options)
  end
  rawset(response, "redirect_chain", chain)
  return response
end

local function check_self(self, name)
  if getmetatable(self) ~= Client then
    error(exceptions.TypeError(("call it with a colon: client:%s(path)"):format(name)), 3)
  end
end

local function request(self, name, method, path, options)
  check_self(self, name)
  options = check_options("client:" .. name, options, OPTIONS)
  local response = send(self, method, path, options)
  return options.follow and follow(self, response, method, options) or response
end

for name, method in pairs(requests.METHODS) do
  methods[name] = function(self, path, options)
    local response = request(self, name, method, path, options)
    return response
  end
end

--- A request with any method.
function methods:generic(method, path, options)
  local response = request(self, "generic", method:upper(), path, options)
  return response
end

-- ---- users ----

local function accounts(what)
  for _, name in ipairs { "perilune.auth", "perilune._test.auth" } do
    if not core.module_exists(name) then
      error(exceptions.ImproperlyConfigured(("client:%s needs accounts (perilune.contrib.auth), which this perilune does not have yet"):format(what)), 3)
    end
  end
  return require "perilune._test.auth"
end

for _, name in ipairs { "login", "force_login", "logout" } do
  methods[name] = function(self, ...)
    check_self(self, name)
    return accounts(name)[name](self, ...)
  end
end

-- ---- the object ----

function Client.__index(_, name)
  local method = methods[name]
  if method == nil and type(name) == "string" and name:sub(1, 1) ~= "_" and name ~= "headers" and name ~= "secure" then
    local names = { "cookies", "headers" }
    for known in pairs(methods) do
      names[#names + 1] = known
    end
    error(exceptions.AttributeError(("a client has no '%s'%s"):format(name, core.suggest(name, names))), 2)
  end
  return method
end

local client_options = { enforce_csrf_checks = true, raise_request_exception = true, headers = true, secure = true }

--- Client{ enforce_csrf_checks = false, raise_request_exception = true, headers = {…}, secure = false }
function M.Client(options)
  options = check_options("test.Client", options, client_options)
  return setmetatable({
    cookies = {}, _jar = {}, headers = options.headers or false, secure = options.secure or false,
    enforce_csrf_checks = options.enforce_csrf_checks or false, raise_request_exception = options.raise_request_exception ~= false,
  }, Client)
end

--- The client of the running test: test.client is a new one in every test.
local shared = M.Client()
M.client = shared

require("perilune._test.environment").before_every(function()
  for k, v in pairs(M.Client()) do
    shared[k] = v
  end
end)

return M
