-- SPDX-License-Identifier: MIT
---@meta perilune.cache
-- luacheck: ignore 241 (the classes below are only there to be read)

---Caches of `settings.caches`. The module is the cache `default` itself: `cache:get("key")`.
---Any data can be kept: nil, `perilune.null`, booleans, numbers, strings, safe strings, decimals, dates, times, datetimes, timedeltas,
---model instances, QuerySets (they are read), tables of those. Functions, userdata and tables of unknown classes raise TypeError. What comes out is a copy,
---or, with the option `near_entries` of its settings, a table that all who ask for it in this worker share.
---@class perilune.cache: perilune.cache.Cache
---@field forever number a timeout that never comes
---@field caches table<string, perilune.cache.Cache> the caches by alias
local cache = {}

---@class perilune.cache.KeyOpts
---@field version? integer

---@class perilune.cache.SetOpts
---@field timeout? number seconds; `cache.forever`; 0: do not keep. Default: the cache's own, 300 unless its settings say otherwise
---@field version? integer
---@field tags? string[] for `invalidate_tags`

---@class perilune.cache.GetOrSetOpts: perilune.cache.SetOpts
---@field timeout? number|fun(value: any, ...: any): number of a function: asked with what was found, and the arguments of a cached function
---@field tags? string[]|fun(value: any, ...: any): string[]
---@field stale? number keep the value for so many seconds after its time, for those who would have to wait for a new one
---@field wait? number seconds to wait for another caller who computes, 10; then compute, too

---@class perilune.cache.Stats
---@field backend string
---@field hits? integer
---@field misses? integer
---@field sets? integer
---@field evictions? integer values that had to go for lack of room
---@field expired? integer values that were found past their time
---@field recovered? integer times that a process died while it used the cache
---@field items? integer
---@field bytes? integer
---@field max_bytes? integer

---@class perilune.cache.Cache
---@field alias string
---@field key_prefix string
---@field version integer
---@field timeout number
local Cache = {}

---The value, or `default` when there is none. A nil that was kept is nil, not `default`.
---@param key string|number
---@param default? any
---@param options? perilune.cache.KeyOpts
---@return any
function Cache:get(key, default, options) end

---@param key string|number
---@param value any
---@param options? number|perilune.cache.SetOpts the timeout, or a table
---@return boolean # false when it was not kept: its time is up already, or it is too large
function Cache:set(key, value, options) end

---As `set`, but only when there is nothing.
---@param key string|number
---@param value any
---@param options? number|perilune.cache.SetOpts
---@return boolean # whether there was nothing
function Cache:add(key, value, options) end

---The value; when there is none, what is given, or what the function returns, which is kept. Of those who ask for one key at a time
---(fibers, workers) one calls the function while the others wait for its result.
---@param key string|number
---@param value any|fun(): any
---@param options? number|perilune.cache.GetOrSetOpts
---@return any
function Cache:get_or_set(key, value, options) end

---@param keys (string|number)[]
---@param options? perilune.cache.KeyOpts
---@return table<string|number, any> # those that are there
function Cache:get_many(keys, options) end

---@param values table<string|number, any>
---@param options? number|perilune.cache.SetOpts
---@return (string|number)[] # the keys that were not kept
function Cache:set_many(values, options) end

---@param key string|number
---@param options? perilune.cache.KeyOpts
---@return boolean # whether there was something
function Cache:delete(key, options) end

---@param keys (string|number)[]
---@param options? perilune.cache.KeyOpts
---@return integer # how many there were
function Cache:delete_many(keys, options) end

---@param key string|number
---@param options? perilune.cache.KeyOpts
---@return boolean
function Cache:has_key(key, options) end

---Adds to an integer in one step, whatever others do meanwhile; its timeout stays. ValueError when there is none.
---@param key string|number
---@param by? integer
---@param options? perilune.cache.KeyOpts
---@return integer
function Cache:incr(key, by, options) end

---@param key string|number
---@param by? integer
---@param options? perilune.cache.KeyOpts
---@return integer
function Cache:decr(key, by, options) end

---Gives what is there a new timeout.
---@param key string|number
---@param options? number|perilune.cache.SetOpts
---@return boolean # whether there was something
function Cache:touch(key, options) end

---Seconds that are left; `cache.forever`; nil when there is nothing.
---@param key string|number
---@param options? perilune.cache.KeyOpts
---@return number?
function Cache:ttl(key, options) end

---Removes everything, whatever its prefix and version.
---@return boolean
function Cache:clear() end

---Moves the value to another version of its key; gives that version. ValueError when there is none.
---@param key string|number
---@param delta? integer
---@param options? perilune.cache.KeyOpts
---@return integer
function Cache:incr_version(key, delta, options) end

---@param key string|number
---@param delta? integer
---@param options? perilune.cache.KeyOpts
---@return integer
function Cache:decr_version(key, delta, options) end

---The key as the backend sees it: `prefix:version:key`, or what `key_function` makes of it.
---@param key string|number
---@param options? integer|perilune.cache.KeyOpts
---@return string
function Cache:make_key(key, options) end

---The keys that match (`*` any text, `?` one byte, `[a-z]`), in no order.
---@param pattern? string
---@param options? perilune.cache.KeyOpts
---@return string[]
function Cache:keys(pattern, options) end

---@param pattern string
---@param options? perilune.cache.KeyOpts
---@return integer # how many there were
function Cache:delete_pattern(pattern, options) end

---What was kept with one of these tags is there no more.
---@param ... string
function Cache:invalidate_tags(...) end

---What is held and what was found; of `file` and `database` the latter is this process's alone.
---@return perilune.cache.Stats
function Cache:stats() end

---@class perilune.cache.CachedOpts: perilune.cache.GetOrSetOpts
---@field key_prefix? string of the keys; the place of the function when left out
---@field key? fun(...: any): string makes the key of the arguments, which need not be data then
---@field cache? string|perilune.cache.Cache

---A function that remembers its first result for each combination of arguments.
---@class perilune.cache.Cached
---@overload fun(...: any): any
local Cached = {}

---@param ... any
---@return string
function Cached:key(...) end

---Calls the function and keeps its result in place of the one before: to warm a cache.
---@param ... any
---@return any # the result
function Cached:refresh(...) end

---Forgets the result for these arguments.
---@param ... any
---@return boolean # whether there was one
function Cached:invalidate(...) end

---@param fn function
---@param options? perilune.cache.CachedOpts
---@return perilune.cache.Cached
function cache.cached(fn, options) end

---A wrapper of views.
---@alias perilune.cache.Wrapper fun(view: perilune.urls.View): perilune.urls.View

---@class perilune.cache.PageOpts
---@field cache? string alias; the setting `cache_middleware_alias`
---@field key_prefix? string of the keys; the setting `cache_middleware_key_prefix`
---@field vary? string[] names of headers that the page depends on
---@field stale? number seconds that the page is kept past its time, for those who would have to wait for a new one
---@field wait? number seconds to wait for another request that makes the page, 10; then make it, too

---Keeps what the view answers to GET and HEAD, and gives it to others without calling the view.
---@param timeout? number seconds; `cache.forever`; nil: what max-age says, or the setting `cache_middleware_seconds`
---@param options? perilune.cache.PageOpts
---@return perilune.cache.Wrapper
function cache.page(timeout, options) end

---Tells every cache to keep nothing.
---@param view perilune.urls.View
---@return perilune.urls.View
function cache.never_cache(view) end

---Merges directives into Cache-Control: `cache.cache_control{ public = true, max_age = 60 }(view)`. The smaller max-age wins.
---@param directives table<string, boolean|number|string>
---@return perilune.cache.Wrapper
function cache.cache_control(directives) end

---Adds names to Vary: `cache.vary_on_headers("Accept", "X-Api")(view)`.
---@param ... string
---@return perilune.cache.Wrapper
function cache.vary_on_headers(...) end

---A page for each value of Cookie.
---@param view perilune.urls.View
---@return perilune.urls.View
function cache.vary_on_cookie(view) end

return cache
