-- SPDX-License-Identifier: MIT
---@meta perilune.utils.cache

---Headers that caches look at, and requests that ask whether something has changed.
---@class perilune.utils.cache
local cache = {}

---Merges directives into Cache-Control, `_` standing for `-`; false leaves one out. Raises `BadHeaderError`.
---@param response perilune.http.Response
---@param opts table<string, boolean|number|string>
function cache.patch_cache_control(response, opts) end

---The max-age of Cache-Control.
---@param response perilune.http.Response
---@return integer?
function cache.get_max_age(response) end

---Sets Expires (unless it is there) and max-age.
---@param response perilune.http.Response
---@param cache_timeout? number seconds; default settings.cache_middleware_seconds
function cache.patch_response_headers(response, cache_timeout) end

---The MD5 of the content as ETag, unless the response is streamed or empty.
---@param response perilune.http.Response
---@return perilune.http.Response response itself
function cache.set_response_etag(response) end

---The key under which the page of this request is kept, but for what the cache puts before it.
---@param request perilune.http.Request
---@param key_prefix? string default settings.cache_middleware_key_prefix
---@param method? string `"GET"`
---@param alias? string of settings.caches, default settings.cache_middleware_alias
---@return string? # nil when nothing is known of the URL yet
function cache.get_cache_key(request, key_prefix, method, alias) end

---Remembers which headers the response's Vary names, and gives the key for its page.
---@param request perilune.http.Request
---@param response perilune.http.Response
---@param cache_timeout? number seconds; default settings.cache_middleware_seconds
---@param key_prefix? string
---@param alias? string
---@return string
function cache.learn_cache_key(request, response, cache_timeout, key_prefix, alias) end

---Headers that tell every cache to keep nothing.
---@param response perilune.http.Response
function cache.add_never_cache_headers(response) end

---Adds names to Vary that are not there yet. Raises `BadHeaderError`.
---@param response perilune.http.Response
---@param names string[]
function cache.patch_vary_headers(response, names) end

---@param response perilune.http.Response
---@param name string
---@return boolean
function cache.has_vary_header(response, name) end

---What a request's If- headers make of a resource with that entity tag and time of change (seconds).
---@param request perilune.http.Request
---@param etag? string with its quotes
---@param last_modified? number
---@return integer? status 304 or 412; nil: go on
function cache.check_conditions(request, etag, last_modified) end

---The 304 or 412 that a request asks for, or `response` as it is.
---@param request perilune.http.Request
---@param etag? string
---@param last_modified? number
---@param response? perilune.http.Response
---@return perilune.http.Response?
function cache.get_conditional_response(request, etag, last_modified, response) end

return cache
