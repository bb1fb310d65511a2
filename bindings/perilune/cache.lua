-- SPDX-License-Identifier: MIT
-- Caches. The module is the default cache itself, `cache:get("key")`; the others are
-- `cache.caches.NAME`. A cache is a table with its functions in it: those of the engine
-- (perilune._cache), put there when it is opened, and those below.
local caches = require "perilune._caches"
local core = require "perilune._core"
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local flight = require "perilune._cache_flight"
local check_options = require "perilune._options"

local M = { forever = math.huge }

-- ---- every cache ----

local methods = { get_or_set = flight.get_or_set }

--- Moves the value on to version + delta; gives the new version. ValueError when there is
--- none.
function methods:incr_version(key, delta, options)
  local version = type(options) == "table" and options.version or self.version
  local found, value = self:_peek(key, { version = version })
  if not found then
    error(exceptions.ValueError(("key '%s' is not in the cache"):format(tostring(key))), 2)
  end
  version = version + (delta or 1)
  self:set(key, value, { version = version })
  self:delete(key, { version = version - (delta or 1) })
  return version
end

function methods:decr_version(key, delta, options)
  return self:incr_version(key, -(delta or 1), options)
end

local function open(alias, cache)
  caches.open(alias, cache)
  for name, fn in pairs(methods) do
    cache[name] = fn
  end
  return cache
end

local function unknown(what, t, name)
  local names = {}
  for k in next, t do
    if k:sub(1, 1) ~= "_" then
      names[#names + 1] = k
    end
  end
  table.sort(names)
  error(exceptions.AttributeError(("%s has no '%s'%s"):format(what, tostring(name), core.suggest(tostring(name), names))), 3)
end

local strict = { __name = "perilune.cache.Cache" }
function strict.__index(cache, name)
  unknown("a cache", cache, name)
end

M.caches = setmetatable({}, {
  __index = function(all, alias)
    local cache = alias == "default" and M or setmetatable(open(alias, {}), strict)
    all[alias] = cache
    return cache
  end,
})

-- ---- cached functions ----

local cached_options = { timeout = true, key_prefix = true, cache = true, version = true, key = true, tags = true, stale = true, wait = true }

local function defined_at(fn)
  local info = type(fn) == "function" and debug.getinfo(fn, "S")
  return info and ("%s:%d"):format(info.source:gsub("^@", ""), info.linedefined) or tostring(fn)
end

-- The arguments as text: equal for equal ones, whatever the order of table members.
local function arguments_key(prefix, ...)
  local n = select("#", ...)
  if n == 0 then
    return prefix .. ":"
  end
  local null, args = require "perilune.null", require("perilune.json").array {}
  for i = 1, n do
    local v = select(i, ...)
    args[i] = v == nil and null or v
  end
  local ok, text = core.call(require("perilune.json").encode, args)
  if not ok then
    error(exceptions.TypeError(("arguments of a cached function (%s) must be data, or it needs an option 'key': %s"):format(prefix, text.message)), 0)
  end
  return prefix .. ":" .. crypto.hex(crypto.digest("md5", text))
end

local Cached = { __name = "perilune.cache.Cached" }
Cached.__index = {}

-- The options for one call: what depends on the result depends on the arguments, too.
local function options_for(self, args)
  local options = self._options
  if type(options.timeout) ~= "function" and type(options.tags) ~= "function" then
    return options
  end
  local own = {}
  for name, option in pairs(options) do
    own[name] = type(option) ~= "function" and option or function(value)
      return option(value, table.unpack(args, 1, args.n))
    end
  end
  return own
end

function Cached:__call(...)
  local args = table.pack(...)
  return self._cache():get_or_set(self:key(...), function()
    return self._fn(table.unpack(args, 1, args.n))
  end, options_for(self, args))
end

--- The key under which the result for these arguments is kept.
function Cached.__index:key(...)
  if self._key then
    return self._prefix .. ":" .. self._key(...)
  end
  return arguments_key(self._prefix, ...)
end

--- Forgets the result for these arguments; gives whether there was one.
function Cached.__index:invalidate(...)
  return self._cache():delete(self:key(...), { version = self._options.version })
end

--- Calls the function for these arguments and keeps the result in place of the one before;
--- gives it.
function Cached.__index:refresh(...)
  local value = self._fn(...)
  flight.store(self._cache(), self:key(...), value, options_for(self, table.pack(...)))
  return value
end

--- The function, remembering its first result for each combination of arguments.
function M.cached(fn, options)
  if type(fn) ~= "function" then
    error(exceptions.TypeError(("cache.cached(function, { timeout = … }): a function, not a %s"):format(type(fn))), 2)
  end
  options = check_options("cache.cached", options, cached_options)
  local given = {}
  for _, name in ipairs { "timeout", "version", "tags", "stale", "wait" } do
    given[name] = options[name]
  end
  local where = options.cache
  return setmetatable({
    _fn = fn,
    _prefix = options.key_prefix or defined_at(fn),
    _key = options.key,
    _options = given,
    _cache = function()
      if type(where) == "table" then
        return where
      end
      return where and M.caches[where] or M
    end,
  }, Cached)
end

-- ---- views ----

for name, wrapper in pairs(require "perilune._cache_views") do
  M[name] = wrapper
end

-- ---- the module ----

local opened = false

return setmetatable(M, {
  __index = function(_, name)
    if not opened then
      open("default", M)
      opened = true
      local value = rawget(M, name)
      if value ~= nil then
        return value
      end
    end
    unknown("perilune.cache", M, name)
  end,
})
