-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local fiber = require "perilune.fiber"
local http = require "perilune.http"
local urls = require "perilune.urls"

-- The number of this process: /proc knows.
local f = assert(io.open "/proc/self/stat")
local pid = f:read "n"
f:close()

local function answer(value)
  return http.JsonResponse { pid = pid, value = value == nil and require "perilune.null" or value }
end

return {
  urls.path("get/<key>/", function(_, params) return answer(cache:get(params.key)) end),
  urls.path("set/<key>/<value>/", function(_, params) return answer(cache:set(params.key, params.value)) end),
  urls.path("near/get/<key>/", function(_, params) return answer(cache.caches.near:get(params.key)) end),
  urls.path("near/set/<key>/<value>/", function(_, params) return answer(cache.caches.near:set(params.key, { params.value })) end),
  urls.path("near/change/<key>/", function(_, params)
    local value = cache.caches.near:get(params.key)
    value[1] = "changed"
    return answer(value)
  end),
  urls.path("count/<key>/", function(_, params)
    cache:add(params.key, 0, cache.forever)
    return answer(cache:incr(params.key))
  end),
  urls.path("slow/<key>/", function(_, params)
    return answer(cache:get_or_set(params.key, function()
      fiber.sleep(0.2)
      cache:add("computed:" .. params.key, 0)
      return cache:incr("computed:" .. params.key)
    end))
  end),
  urls.path("file/<key>/", function(_, params) return answer(cache.caches.files:get_or_set(params.key, "kept")) end),
}
