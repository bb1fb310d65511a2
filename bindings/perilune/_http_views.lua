-- SPDX-License-Identifier: MIT
-- Wrappers of views: plain functions that take a view and give one.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local marks = require "perilune._view_marks"
local responses = require "perilune._response"

local M = {}

local function check_view(what, view, level)
  local mt = getmetatable(view)
  if type(view) ~= "function" and not (type(mt) == "table" and mt.__call) then
    error(exceptions.TypeError(("%s wraps a view, not a %s"):format(what, type(view))), level + 1)
  end
end

-- ---- methods ----

local function allow_only(what, methods, view, level)
  check_view(what, view, level + 1)
  local allowed = {}
  for _, method in ipairs(methods) do
    allowed[method] = true
  end
  return marks.pass_on(view, function(request, ...)
    if allowed[request.method] then
      return view(request, ...)
    end
    log.get("perilune.request"):warning("Method Not Allowed (%s): %s", request.method, request.path)
    return responses.NotAllowed(methods)
  end)
end

--- require_methods{ "GET", "POST" }(view): other methods are answered with 405.
function M.require_methods(...)
  local first = ...
  local methods = type(first) == "table" and first or { ... }
  for i, method in ipairs(methods) do
    if type(method) ~= "string" or method ~= method:upper() then
      error(exceptions.ValueError(("method %d of require_methods is %s; methods are upper case, as in \"GET\""):format(i, tostring(method))), 2)
    end
  end
  if #methods == 0 then
    error(exceptions.ValueError "require_methods takes the methods that the view answers, as in require_methods{ \"GET\", \"POST\" }(view)", 2)
  end
  return function(view)
    return allow_only("require_methods", methods, view, 2)
  end
end

function M.require_GET(view)
  return allow_only("require_GET", { "GET" }, view, 2)
end

function M.require_POST(view)
  return allow_only("require_POST", { "POST" }, view, 2)
end

--- GET and HEAD, which change nothing.
function M.require_safe(view)
  return allow_only("require_safe", { "GET", "HEAD" }, view, 2)
end

-- ---- slashes ----

--- A view whose URL is not for redirects: with append_slash, a path that would only lead
--- here with a slash at its end stays a 404.
function M.no_append_slash(view)
  check_view("no_append_slash", view, 2)
  return marks.wrap(view, "no_append_slash")
end

-- ---- conditions ----

-- Seconds of what a last_modified function gave: a datetime or seconds; nil for none.
local function seconds_of(moment)
  if moment == nil or moment == false or type(moment) == "number" then
    return moment and math.floor(moment) or nil
  end
  local ok, seconds = pcall(function()
    return moment:timestamp()
  end)
  if not ok then
    error(exceptions.TypeError(("last_modified gives a datetime or seconds since 1970, not a %s"):format(type(moment))), 0)
  end
  return math.floor(seconds)
end

local function tag_of(http, text)
  if text == nil or text == false then
    return nil
  end
  if type(text) ~= "string" then
    error(exceptions.TypeError(("etag gives a string, not a %s"):format(type(text))), 0)
  end
  return http.quote_etag(text)
end

local function answer_conditionally(view, etag, last_modified)
  local cache = require "perilune.utils.cache"
  local http = require "perilune.utils.http"
  return function(request, ...)
    local tag = etag and tag_of(http, etag(request, ...))
    local modified = last_modified and seconds_of(last_modified(request, ...))
    local response = cache.get_conditional_response(request, tag, modified)
    if not response then
      response = responses.from_value(view(request, ...))
    end
    if response and (request.method == "GET" or request.method == "HEAD") then
      if modified then
        response:setdefault("Last-Modified", http.http_date(modified))
      end
      if tag then
        response:setdefault("ETag", tag)
      end
    end
    return response
  end
end

local condition_options = { etag = true, last_modified = true }

--- condition{ etag = f, last_modified = f }(view): f(request, params) gives the entity tag
--- or the time of the last change (a datetime or seconds) of what the view would show; a
--- client that has it already gets 304, or 412, without the view being called.
function M.condition(options)
  options = check_options("condition", options, condition_options)
  for name in pairs(condition_options) do
    if options[name] ~= nil and type(options[name]) ~= "function" then
      error(exceptions.TypeError(("option '%s' of condition is a function, not a %s"):format(name, type(options[name]))), 2)
    end
  end
  return function(view)
    check_view("condition", view, 2)
    return marks.pass_on(view, answer_conditionally(view, options.etag, options.last_modified))
  end
end

--- etag(f)(view): condition{ etag = f }
function M.etag(f)
  return M.condition { etag = f }
end

--- last_modified(f)(view): condition{ last_modified = f }
function M.last_modified(f)
  return M.condition { last_modified = f }
end

return M
