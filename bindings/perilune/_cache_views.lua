-- SPDX-License-Identifier: MIT
-- Wrappers of views that have to do with caches: cache.page() keeps what a view makes, the
-- others tell caches what they may do with it.
local check_options = require "perilune._options"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local marks = require "perilune._view_marks"
local native = require "perilune._pages"
local responses = require "perilune._response"
local utils = require "perilune.utils.cache"

local M = {}

local WAIT = 10 -- seconds

local function wrong(class, text, ...)
  error(exceptions[class](text:format(...)), 3)
end

local function is_view(value)
  local mt = getmetatable(value)
  return type(value) == "function" or type(mt) == "table" and mt.__call ~= nil
end

-- A wrapper of views that does `with` to what they answer.
local function wrapper(what, usage, with)
  return function(view)
    if not is_view(view) then
      wrong("TypeError", "%s wraps a view, not a %s: %s", what, type(view), usage)
    end
    return marks.pass_on(view, function(request, ...)
      local response = responses.from_value(view(request, ...))
      if response then
        with(response)
      end
      return response
    end)
  end
end

-- ---- pages ----

local page_options = { key_prefix = true, cache = true, vary = true, stale = true, wait = true }

local function number(name, value, least)
  if type(value) ~= "number" or value ~= value or value < least then
    error(exceptions.TypeError(("cache.page: '%s' is a number of seconds, not %s"):format(name, type(value) == "number" and tostring(value) or "a " .. type(value))), 4)
  end
  return value
end

local function names_of(vary)
  local list = type(vary) == "string" and { vary } or vary
  if type(list) ~= "table" then
    error(exceptions.TypeError(("cache.page: 'vary' is a list of header names, not a %s"):format(type(vary))), 4)
  end
  for i, name in ipairs(list) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      error(exceptions.ValueError(("cache.page: item %d of 'vary' is %s; it is the name of a header"):format(i, tostring(name))), 4)
    end
  end
  return list
end

local function check_alias(alias)
  if alias == nil then
    return
  elseif type(alias) ~= "string" then
    error(exceptions.TypeError(("cache.page: 'cache' is an alias of the setting 'caches', not a %s"):format(type(alias))), 4)
  end
  local known = require("perilune._caches").aliases()
  for _, name in ipairs(known) do
    if name == alias then
      return alias
    end
  end
  error(exceptions.KeyError(("cache.page: there is no cache '%s' in setting 'caches'%s"):format(alias, core.suggest(alias, known))), 4)
end

local function read_page_options(timeout, options)
  options = check_options("cache.page", options, page_options)
  if options.key_prefix ~= nil and type(options.key_prefix) ~= "string" then
    wrong("TypeError", "cache.page: 'key_prefix' is a string, not a %s", type(options.key_prefix))
  end
  return {
    timeout = timeout ~= nil and number("timeout", timeout, 0) or nil,
    cache = check_alias(options.cache),
    key_prefix = options.key_prefix,
    vary = options.vary ~= nil and names_of(options.vary) or nil,
    stale = options.stale ~= nil and number("stale", options.stale, 0) or nil,
    wait = options.wait == nil and WAIT or number("wait", options.wait, 0),
  }
end

--- page(timeout, { key_prefix=, cache=, vary=, stale=, wait= })(view): keeps what the view
--- answers to GET and HEAD for `timeout` seconds (nil: what max-age says, or the setting
--- cache_middleware_seconds), and gives it to others.
function M.page(timeout, options)
  if is_view(timeout) then
    wrong("TypeError", "cache.page(seconds, options)(view): the seconds come first, and the view in brackets of its own")
  end
  local given = read_page_options(timeout, options)
  return function(view)
    if not is_view(view) then
      wrong("TypeError", "cache.page wraps a view, not a %s: cache.page(seconds, options)(view)", type(view))
    end
    return marks.pass_on(view, native.wrap(given, view))
  end
end

-- ---- what caches are told ----

--- never_cache(view): headers that tell every cache to keep nothing.
M.never_cache = wrapper("cache.never_cache", "cache.never_cache(view)", utils.add_never_cache_headers)

--- cache_control{ max_age = 60, public = true }(view): merged into Cache-Control.
function M.cache_control(directives)
  if type(directives) ~= "table" or getmetatable(directives) then
    wrong("TypeError", "cache.cache_control takes directives, as in cache.cache_control{ max_age = 60 }(view), not a %s", type(directives))
  end
  for name in pairs(directives) do
    if type(name) ~= "string" then
      wrong("TypeError", "cache.cache_control: directives have names, as in { public = true, max_age = 60 }")
    end
  end
  return wrapper("cache.cache_control", "cache.cache_control{ max_age = 60 }(view)", function(response)
    utils.patch_cache_control(response, directives)
  end)
end

--- vary_on_headers("Cookie", …)(view): names that Vary gets.
function M.vary_on_headers(...)
  local first = ...
  local names = type(first) == "table" and not is_view(first) and first or { ... }
  if #names == 0 then
    wrong("ValueError", 'cache.vary_on_headers takes names of headers, as in cache.vary_on_headers("Cookie")(view)')
  end
  for i, name in ipairs(names) do
    if type(name) ~= "string" then
      wrong("TypeError", 'name %d of cache.vary_on_headers is a %s; it takes names of headers, as in cache.vary_on_headers("Cookie")(view)', i, type(name))
    end
  end
  return wrapper("cache.vary_on_headers", 'cache.vary_on_headers("Cookie")(view)', function(response)
    utils.patch_vary_headers(response, names)
  end)
end

--- vary_on_cookie(view): a page for each value of Cookie.
M.vary_on_cookie = wrapper("cache.vary_on_cookie", "cache.vary_on_cookie(view)", function(response)
  utils.patch_vary_headers(response, { "Cookie" })
end)

return M
