-- SPDX-License-Identifier: MIT
-- Layers of the shop that count in the cache, together with all workers of the machine.
local cache = require "perilune.cache"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local log = require "perilune.log"
local time = require "perilune.time"

local M = {}

local DAY = 86400

-- Adds one to a counter that ends by itself; gives the count.
local function count(key, seconds)
  cache:add(key, 0, seconds)
  local ok, n = pcall(cache.incr, cache, key)
  return ok and n or 1 -- it ended between the two: this is its first again
end

--- How often each endpoint of the API is used in a day: "api_usage:2026-01-31:/api/products/:GET"
--- in the cache. Slow answers go to the log "shop.slow_api".
function M.api_tracking(get_response, settings)
  local slow, limit = log.get "shop.slow_api", settings.slow_request_seconds
  return function(request)
    if request.path:sub(1, 5) ~= "/api/" then
      return get_response(request)
    end
    local start = time.monotonic()
    local response = get_response(request)
    -- The route, not the path: /api/products/1/ and /2/ are one endpoint, and what leads nowhere
    -- must not fill the cache with counters.
    local match = request.resolver_match
    local endpoint = match and "/" .. match.route or "(none)"
    count(("api_usage:%s:%s:%s"):format(time.today(), endpoint, request.method), DAY)
    local seconds = time.monotonic() - start
    if seconds > limit then
      slow:warning("%s %s took %.3f s: %d", request.method, request.path, seconds, response.status_code)
    end
    return response
  end
end

--- At most settings.rate_limit = { requests, seconds } requests of one address; 429 past it.
--- Out of the chain without that setting.
function M.rate_limit(get_response, settings)
  local limit = settings.rate_limit
  if not limit then
    error(exceptions.MiddlewareNotUsed "settings.rate_limit is not set")
  end
  local most, window = limit[1], limit[2]
  return function(request)
    local now = os.time()
    local n = count(("rate:%s:%d"):format(request.remote_addr, now // window), window)
    if n > most then
      local headers = { ["Retry-After"] = tostring(window - now % window) }
      return http.JsonResponse({ error = "Rate limit exceeded" }, { status = 429, headers = headers })
    end
    return get_response(request)
  end
end

return M
