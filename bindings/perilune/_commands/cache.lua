-- SPDX-License-Identifier: MIT
-- perilune cache: looks into the caches of the running server.
local core = require "perilune._core"
local caches = require "perilune._caches"
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local system = require "perilune._system"

local FIGURES = { "hits", "misses", "sets", "evictions", "expired", "recovered", "items", "bytes", "max_bytes" }

local function fail(text, ...)
  error(exceptions.CommandError(text:format(...)), 0)
end

-- The cache of the alias. What a server keeps in memory is there as long as it runs.
local function open(alias)
  local known = caches.aliases()
  local found = false
  for _, name in ipairs(known) do
    found = found or name == alias
  end
  if not found then
    fail("there is no cache '%s' in settings.caches%s", alias, core.suggest(alias, known))
  end
  local cache = {}
  local ok, err = core.call(caches.open, alias, cache, true)
  if ok then
    return cache
  elseif exceptions.is(err, "NotFoundError") then
    return nil, ("cache '%s' is in the memory of the server, and no server of this project is running"):format(alias)
  end
  return nil, err.message
end

local function opened(alias)
  local cache, problem = open(alias)
  if not cache then
    fail("%s", problem)
  end
  return cache
end

-- ---- stats ----

local function percent(part, whole)
  return whole > 0 and ("%.1f %%"):format(part / whole * 100) or ""
end

local function show_stats(alias, stats, command)
  command:write(command.style.heading and command.style.heading(alias) or alias)
  command:write(("  %-10s %s"):format("backend", stats.backend))
  for _, name in ipairs(FIGURES) do
    local value = stats[name]
    if value then
      local more = ""
      if name == "hits" then
        more = percent(value, value + stats.misses)
      elseif name == "bytes" and (stats.max_bytes or 0) > 0 then
        more = percent(value, stats.max_bytes)
      end
      command:write((("  %-10s %14d  %s"):format(name, value, more):gsub("%s+$", "")))
    end
  end
  if not stats.hits then
    command:write "  this backend does not count"
  end
end

local function stats(options, command)
  local aliases = options.cache and { options.cache } or caches.aliases()
  local all, failed, shown = {}, nil, 0
  for _, alias in ipairs(aliases) do
    local cache, problem = open(alias)
    if cache then
      all[alias] = cache:stats()
      shown = shown + 1
    else
      all[alias] = { error = problem }
      failed = failed or problem
    end
  end
  if shown == 0 then
    fail("%s", failed)
  end
  if options.json then
    command:write(json.encode(all, { indent = 2 }))
    return
  end
  for _, alias in ipairs(aliases) do
    if all[alias].error then
      command:write(("%s\n  %s"):format(alias, all[alias].error))
    else
      show_stats(alias, all[alias], command)
    end
  end
end

-- ---- keys, get, clear ----

local function no_key(cache, key, versions)
  local ok, names = core.call(cache.keys, cache, "*", versions)
  local hint = ok and core.suggest(key, names) or ""
  fail("there is no key '%s' in cache '%s'%s", key, cache.alias, hint)
end

-- An instance by its fields, anything else as Lua source.
local function describe(value)
  local pretty = require "perilune._pretty"
  local class = type(value) == "table" and getmetatable(value)
  if type(class) ~= "table" or not rawget(class, "_meta") then
    return pretty.show(value)
  end
  local fields = {}
  for _, field in ipairs(class._meta.fields) do
    fields[field.attname] = rawget(value, field.attname)
  end
  return class._meta.label .. " " .. pretty.show(fields)
end

local function get(options, command)
  if not options.name then
    fail "cache get KEY: which key?"
  end
  local cache = opened(options.cache or "default")
  local versions = { version = options.key_version }
  if system.prepare() then -- instances come out as such
    require("perilune._project").load()
  end
  local found, value, fresh = cache:_peek(options.name, versions)
  if not found then
    no_key(cache, options.name, versions)
  end
  if not options.raw then
    command:write(describe(value))
    if options.verbosity > 1 then
      local ttl = cache:ttl(options.name, versions)
      command:write(ttl == math.huge and "kept for ever" or ("kept for %.1f s more%s"):format(ttl or 0, fresh and "" or "; stale"))
    end
  elseif type(value) == "string" or require("perilune.utils.safestring").is_safe(value) then
    command:write(tostring(value), "")
  else
    command:write(json.encode(value))
  end
end

local function keys(options, command)
  local cache = opened(options.cache or "default")
  local list = cache:keys(options.name or "*", { version = options.key_version })
  table.sort(list)
  if options.json then
    command:write(json.encode(json.array(list)))
    return
  end
  for _, key in ipairs(list) do
    command:write((key:gsub("%c", "?")))
  end
end

local function clear(options, command)
  local alias = options.cache or "default"
  if options.name then
    fail("cache clear empties the whole cache and takes no key ('%s'); --cache names another one", options.name)
  end
  opened(alias):clear()
  if options.verbosity > 0 then
    command:write(("Cache '%s' is empty."):format(alias))
  end
end

local actions = { stats = stats, clear = clear, keys = keys, get = get }

return {
  help = "look into the caches of the running server",
  description = "stats: hits, misses and size; keys [PATTERN]: the keys that match; get KEY: the value; clear: removes everything.",
  requires = "settings",
  arguments = {
    { "action", choices = { "stats", "keys", "get", "clear" }, help = "what to do" },
    { "name", nargs = "?", metavar = "KEY", help = "a key, or for keys a pattern (*, ?, [a-z])" },
    { "--cache", metavar = "ALIAS", help = "the alias of the cache; default, for stats all" },
    { "--key-version", type = "int", metavar = "N", help = "the version of keys; the cache's own" },
    { "--json", flag = true, help = "stats, keys: as JSON" },
    { "--raw", flag = true, help = "get: a string as it is, anything else as JSON" },
  },
  handle = function(options, command)
    actions[options.action](options, command)
  end,
}
