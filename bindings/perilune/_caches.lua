-- SPDX-License-Identifier: MIT
-- settings.caches: checked, and opened one by one when they are first used.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local native = require "perilune._cache"
local null = require "perilune.null"
local settings = require "perilune.settings"
local sorted = require "perilune._names"

local M = {}

local DEFAULTS = { default = { backend = "memory" } }

-- Option -> the type of its value.
local options = {
  backend = "string", key_prefix = "string", version = "number", timeout = "any", compress = "any",
  ignore_exceptions = "boolean", key_function = "any",
}
-- Backend -> its own options. `dummy` takes those of all, so that it can take the place of any.
local own_options = {
  memory = { location = "string", max_bytes = "number", max_entries = "number", near_entries = "number" },
  file = { location = "string", max_entries = "number", cull_frequency = "number" },
  redis = { location = "any", socket_timeout = "number", max_connections = "number", sharding = "boolean" },
  memcached = { location = "any", socket_timeout = "number", max_connections = "number" },
  database = { location = "string", max_entries = "number", cull_frequency = "number" },
}
local NEAR_MAX = 2^24 // 1 | 0 -- of near_entries
local SERVERS = { redis = true, memcached = true } -- backends that are elsewhere

local function wrong(alias, text, ...)
  settings._wrong("caches", "cache", alias, text, ...)
end

local function whole(alias, config, name, least)
  local v = config[name]
  if v ~= nil and (math.type(v) ~= "integer" and v % 1 ~= 0 or v < least) then
    wrong(alias, "'%s' is %s; it must be a whole number from %d", name, tostring(v), least)
  end
  return v and v // 1 | 0
end

-- Seconds; nil, null, false and math.huge: for ever.
local function timeout_of(alias, config)
  local v = config.timeout
  if v == nil then
    return 300
  elseif v == null or v == false then
    return math.huge
  elseif type(v) ~= "number" or v ~= v then
    wrong(alias, "'timeout' must be a number of seconds, or false for ever, not a %s", type(v))
  end
  return v
end

local function compress_of(alias, config)
  local v = config.compress
  if v == nil or v == false then
    return 0
  elseif v == true then
    return 4096
  elseif type(v) ~= "number" or v < 1 then
    wrong(alias, "'compress' must be true or the number of bytes from which values are compressed")
  end
  return v // 1 | 0
end

local function near_of(alias, config)
  local n = whole(alias, config, "near_entries", 0)
  if n and n > NEAR_MAX then
    wrong(alias, "'near_entries' is %d; %d are the most", n, NEAR_MAX)
  elseif n and n > 0 and config.key_function then
    wrong(alias, "'near_entries' and 'key_function' do not go together: values at hand are found by the key as it is given")
  end
  return n
end

local function key_function_of(alias, config)
  local v = config.key_function
  if type(v) == "string" then
    local module, name = v:match("^(.+)%.([^.]+)$")
    local found = module and core.module_exists(module) and require(module)[name]
    if type(found) ~= "function" then
      wrong(alias, "key_function '%s' is no function of a module of the project", v)
    end
    return found
  elseif v ~= nil and type(v) ~= "function" then
    wrong(alias, "'key_function' must be a function(key, prefix, version) or the name of one, not a %s", type(v))
  end
  return v
end

-- The folder of a backend of this machine, or the table.
local function location_of(alias, config)
  local v = config.location
  if SERVERS[config.backend] then
    return nil
  elseif config.backend == "file" and M.own then
    return M.own.folder .. "/cache-" .. alias
  elseif v and config.backend ~= "database" and v:sub(1, 1) ~= "/" and core.project_dir then
    v = core.project_dir .. "/" .. v
  end
  return v
end

-- What routers see in place of a model, as Django's.
function M.cache_entry(table_name)
  local meta = {
    app_label = "django_cache", model_name = "cacheentry", object_name = "CacheEntry", label = "django_cache.CacheEntry",
    label_lower = "django_cache.cacheentry", db_table = table_name, verbose_name = "cache entry", verbose_name_plural = "cache entries",
    managed = true, abstract = false, proxy = false, swapped = false,
  }
  return setmetatable({ _meta = meta }, { __name = "CacheEntry" })
end

-- Of the database backend: the function that names the database to read from or to write to
-- (nil: there is nobody to ask), and the zone of the times in the table.
local function database_of(config)
  local databases = require "perilune._databases"
  local zone = settings.get("use_tz", true) and "UTC" or settings.get("time_zone", "UTC")
  databases.get "default"
  local router = require "perilune._db_router"
  if #router._load() == 0 then
    return nil, zone
  end
  local entry = M.cache_entry(config.location)
  return function(write)
    local name = write and router.db_for_write(entry) or not write and router.db_for_read(entry)
    databases.get(name)
    return name
  end, zone
end

-- The servers: a list, or a text with commas or semicolons between them.
local function servers_of(alias, config)
  local v, servers = config.location, {}
  if type(v) == "string" then
    for part in v:gmatch "[^,;]+" do
      servers[#servers + 1] = part:match "^%s*(.-)%s*$"
    end
  elseif type(v) == "table" then
    for i = 1, #v do
      if type(v[i]) ~= "string" then
        wrong(alias, "location[%d] must be a string, not a %s", i, type(v[i]))
      end
      servers[i] = v[i]
    end
  elseif v ~= nil then
    wrong(alias, "'location' must be a string or a list of strings, not a %s", type(v))
  end
  if v ~= nil and #servers == 0 then
    wrong(alias, "'location' names no server")
  end
  return servers
end

local function socket_timeout_of(alias, config)
  local v = config.socket_timeout
  if v ~= nil and not (v >= 0.001 and v <= 3600) then
    wrong(alias, "'socket_timeout' is %s; it must be a number of seconds from 0.001 to 3600", tostring(v))
  end
  return v
end

local function known_options(backend)
  local known = {}
  for name, want in pairs(options) do
    known[name] = want
  end
  for of, own in pairs(own_options) do
    for name, want in pairs((of == backend or backend == "dummy") and own or {}) do
      known[name] = known[name] and known[name] ~= want and "any" or want
    end
  end
  return known
end

local function check_names(alias, config, backend)
  local known = known_options(backend)
  for _, name in ipairs(sorted(config)) do
    local want = known[name]
    if not want and known_options("dummy")[name] then
      wrong(alias, "the backend '%s' has no option '%s'", backend, name)
    elseif not want then
      wrong(alias, "unknown option '%s'%s", name, core.suggest(name, sorted(known)))
    elseif want ~= "any" and type(config[name]) ~= want then
      wrong(alias, "'%s' must be a %s, not a %s", name, want, type(config[name]))
    end
  end
end

local function backend_of(alias, config)
  local name = config.backend
  if name == nil then
    wrong(alias, "it has no 'backend'")
  end
  local names = native.backends()
  for _, known in ipairs(names) do
    if known == name then
      return name
    end
  end
  wrong(alias, "there is no backend '%s'%s", name, core.suggest(name, names))
end

-- In tests what would be on a server is in memory: no server is needed, and none is changed.
local function used_backend(name)
  return M.own and SERVERS[name] and "memory" or name
end

-- What the engine is told. `checking`: it will not be opened.
local function read(alias, config, checking)
  if type(config) ~= "table" then
    wrong(alias, "it must be a table, not a %s", type(config))
  end
  local backend = backend_of(alias, config)
  check_names(alias, config, backend)
  backend = used_backend(backend)
  local router, zone
  if backend == "database" and not checking then
    router, zone = database_of(config)
  end
  return {
    router = router,
    zone = zone,
    alias = alias,
    backend = backend,
    scope = M.own and M.own.scope or core.project_dir,
    location = location_of(alias, config),
    servers = SERVERS[backend] and servers_of(alias, config) or nil,
    socket_timeout = socket_timeout_of(alias, config),
    max_connections = whole(alias, config, "max_connections", 1),
    sharding = config.sharding,
    max_bytes = whole(alias, config, "max_bytes", 1),
    max_entries = whole(alias, config, "max_entries", 1),
    cull = whole(alias, config, "cull_frequency", 0) or 3,
    prefix = (M.own and M.own.prefix or "") .. (config.key_prefix or ""),
    version = whole(alias, config, "version", 0) or 1,
    timeout = timeout_of(alias, config),
    compress = compress_of(alias, config),
    near_entries = backend == "memory" and near_of(alias, config) or nil,
    near_check = settings.get("debug", false),
    key_function = key_function_of(alias, config),
    ignore_exceptions = config.ignore_exceptions,
  }
end

local function configured()
  local caches = settings.get("caches")
  if caches == nil or type(caches) == "table" and next(caches) == nil then
    return DEFAULTS
  elseif type(caches) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s: setting 'caches' must be a table of caches by alias, not a %s"):format(settings._place("caches"), type(caches))), 0)
  elseif caches.default == nil then
    wrong("default", "it is missing: one of the caches must be called 'default'")
  end
  return caches
end

--- For tests: caches that are opened from now on belong to this process alone, and files of
--- them stand below the folder.
function M.isolate(folder, scope)
  M.own = { folder = folder, scope = scope, prefix = "test-" .. folder:match "%d*$" .. ":" }
end

--- The name of an alias's backend: "memory".
function M.backend(alias)
  local config = configured()[alias]
  return type(config) == "table" and used_backend(config.backend)
end

--- The aliases there are, sorted.
function M.aliases()
  return sorted(configured())
end

--- The tables of caches that are in a database, sorted.
function M.tables()
  local list, seen = {}, {}
  for alias, config in pairs(configured()) do
    local name = config.backend == "database" and location_of(alias, config)
    if name and not seen[name] then
      seen[name] = true
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

--- Opens the cache `alias` and puts its functions into `cache`. `attach`: one in memory must
--- be there already; NotFound.
function M.open(alias, cache, attach)
  local config = configured()[alias]
  if config == nil then
    error(exceptions.KeyError(("there is no cache '%s' in setting 'caches'%s"):format(tostring(alias), core.suggest(tostring(alias), M.aliases()))), 3)
  end
  local given = read(alias, config)
  given.attach = attach
  native.open(given, cache)
  cache.alias, cache.key_prefix, cache.version, cache.timeout = alias, given.prefix, given.version, given.timeout
end

local function check_all(use)
  local caches = configured()
  for _, alias in ipairs(sorted(caches)) do
    local given = read(alias, caches[alias], true)
    if SERVERS[given.backend] then
      local ok, err = core.call(native.check, given)
      if not ok then
        wrong(alias, "%s", err.message)
      end
    end
    use(alias, given)
  end
end

--- In the master: opens what the workers share, so that it stays when they come and go.
--- What is wrong with the setting is told here, before any of them starts.
local held = {}
function M.hold()
  check_all(function(alias, given)
    if given.backend == "memory" then
      held[alias] = {}
      native.open(given, held[alias])
    end
  end)
end

--- Is the setting in order? Raises ImproperlyConfigured; connects to nothing.
function M.check()
  check_all(function() end)
end

return M
