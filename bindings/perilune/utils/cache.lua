-- SPDX-License-Identifier: MIT
-- django.utils.cache: the headers of a response that caches look at, and requests that
-- ask whether something has changed.
local http = require "perilune.utils.http"
local sorted_keys = require "perilune._sorted_keys"
local util = require "perilune._http_util"

local M = {}


-- Directives of a map as a list; a value of false leaves one out.
local function directives(map)
  local list = {}
  for _, name in ipairs(sorted_keys(map)) do
    local value = map[name]
    if value ~= false then
      if type(value) == "number" then
        value = ("%d"):format(value // 1)
      end
      list[#list + 1] = { name, value }
    end
  end
  return list
end

local function patch(response, list)
  response.headers["Cache-Control"] = util.cache_control(response.headers["Cache-Control"], list)
end

--- Merges directives into Cache-Control: `{ max_age = 60, public = true, no_cache = "Cookie" }`.
--- The smaller max-age wins; public and private replace each other.
function M.patch_cache_control(response, opts)
  patch(response, directives(opts or {}))
end

--- The max-age of Cache-Control, or nil.
function M.get_max_age(response)
  return util.max_age(response.headers["Cache-Control"])
end

--- Expires and max-age, `cache_timeout` seconds from now; the setting cache_middleware_seconds
--- when it is left out.
function M.patch_response_headers(response, cache_timeout)
  if cache_timeout == nil then
    cache_timeout = require("perilune.settings").cache_middleware_seconds
  end
  local seconds = math.max(0, cache_timeout // 1 | 0)
  if response.headers["Expires"] == nil then
    response.headers["Expires"] = http.http_date(os.time() + seconds)
  end
  patch(response, { { "max-age", ("%d"):format(seconds) } })
end

--- The MD5 of the content as ETag, unless the response is streamed or empty. Gives the
--- response.
function M.set_response_etag(response)
  if not response.streaming and response.content ~= "" then
    local crypto = require "perilune._crypto"
    response.headers["ETag"] = http.quote_etag(crypto.hex(crypto.digest("md5", response.content)))
  end
  return response
end

--- Headers that tell every cache to keep nothing.
function M.add_never_cache_headers(response)
  M.patch_response_headers(response, -1)
  patch(response, { { "no-cache", true }, { "no-store", true }, { "must-revalidate", true }, { "private", true } })
end

--- Adds names to Vary that are not there yet.
function M.patch_vary_headers(response, names)
  response.headers["Vary"] = util.vary(response.headers["Vary"], names)
end

function M.has_vary_header(response, name)
  return util.has_vary(response.headers["Vary"], name)
end

-- ---- keys of pages ----

-- `alias`: of settings.caches, nil for the setting cache_middleware_alias.
local function page_options(key_prefix, timeout, alias)
  return { key_prefix = key_prefix, timeout = timeout, cache = alias }
end

--- The key under which the page of this request is kept, but for what the cache puts before
--- it; nil when nothing is known of the URL yet.
function M.get_cache_key(request, key_prefix, method, alias)
  return require("perilune._pages").key(page_options(key_prefix, nil, alias), request, method or "GET")
end

--- Remembers which headers the response's Vary names, for `cache_timeout` seconds (the setting
--- cache_middleware_seconds when it is left out), and gives the key for its page.
function M.learn_cache_key(request, response, cache_timeout, key_prefix, alias)
  if cache_timeout == nil then
    cache_timeout = require("perilune.settings").cache_middleware_seconds
  end
  return require("perilune._pages").learn(page_options(key_prefix, cache_timeout, alias), request, response)
end

-- ---- conditions ----

local asked = { "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since" }

--- What a request's If- headers make of a resource with that entity tag and time of change
--- (seconds): nil, 304 or 412.
function M.check_conditions(request, etag, last_modified)
  local fields = {}
  for _, name in ipairs(asked) do
    fields[name] = request.headers[name]
  end
  local safe = request.method == "GET" or request.method == "HEAD"
  return util.conditional(safe, fields, etag, last_modified and last_modified // 1 | 0, os.time())
end

local kept = { "Cache-Control", "Content-Location", "Date", "ETag", "Expires", "Last-Modified", "Vary" }

--- The 304 or 412 that a request asks for, or `response` (which may be nil) as it is.
function M.get_conditional_response(request, etag, last_modified, response)
  if response and (response.status_code < 200 or response.status_code >= 300) then
    return response
  end
  local status = M.check_conditions(request, etag, last_modified)
  if not status then
    return response
  end
  local answer = require("perilune.http").Response("", { status = status })
  if status == 304 then
    answer.headers["Content-Type"] = nil
    for _, name in ipairs(response and kept or {}) do
      answer.headers[name] = response.headers[name]
    end
  end
  return answer
end

return M
