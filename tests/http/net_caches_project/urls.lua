-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local fiber = require "perilune.fiber"
local http = require "perilune.http"
local null = require "perilune.null"
local urls = require "perilune.urls"

local runs = 0 -- of the page below, in this process

local function answer(value)
  return http.JsonResponse { value = value == nil and null or value }
end

local views = {}

function views.get(_, params) return answer(cache.caches[params.cache]:get(params.key)) end
function views.set(_, params) return answer(cache.caches[params.cache]:set(params.key, params.value)) end

function views.count(_, params)
  local c = cache.caches[params.cache]
  c:add(params.key, 0, cache.forever)
  return answer(c:incr(params.key))
end

function views.slow(_, params)
  local c = cache.caches[params.cache]
  return answer(c:get_or_set(params.key, function()
    fiber.sleep(0.3)
    c:add("computed:" .. params.key, 0)
    return c:incr("computed:" .. params.key)
  end))
end

views.page = cache.page(60, { cache = "memcached" })(function()
  runs = runs + 1
  return answer(runs)
end)

local list = {}
for _, name in ipairs { "get", "count", "slow" } do
  list[#list + 1] = urls.path(name .. "/<cache>/<key>/", views[name])
end
list[#list + 1] = urls.path("set/<cache>/<key>/<value>/", views.set)
list[#list + 1] = urls.path("page/", views.page)
return list
