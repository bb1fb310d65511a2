-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local fiber = require "perilune.fiber"
local http = require "perilune.http"
local time = require "perilune.time"
local urls = require "perilune.urls"
local utils = require "perilune.utils.cache"
local counts = cache.caches.counts
local path = urls.path

-- How often that view ran, in all workers.
local function count(name)
  counts:add(name, 0, cache.forever)
  return counts:incr(name)
end

-- A view whose body is its name and the number of its run; `change` does something to it.
local function numbered(name, change)
  return function(request)
    local response = http.Response(("%s %d"):format(name, count(name)))
    return change and change(response, request) or response
  end
end

local function header(name, value)
  return function(response) response.headers[name] = value end
end

local kinds = {
  plain = false,
  private = header("Cache-Control", "Private"),
  private_field = header("Cache-Control", 'max-age=5, private="x"'),
  no_store = header("Cache-Control", "max-age=50, No-Store"),
  max_age = header("Cache-Control", "max-age=30"),
  max_age_0 = header("Cache-Control", "max-age=0"),
  not_found = function(response) response.status_code = 404 end,
  created = function(response) response.status_code = 201 end,
  not_modified = function() return http.NotModified() end,
  cookie = function(response) response:set_cookie("seen", "yes") end,
  cookie_vary = function(response)
    response:set_cookie("seen", "yes")
    response.headers["Vary"] = "Cookie"
  end,
  vary_star = header("Vary", "Accept ,  * "),
  vary_a = header("Vary", "X-A"),
  vary_case = header("Vary", " x-A , X-a,X-b "),
  vary_cookie = header("Vary", "Cookie"),
  vary_language = header("Vary", "Accept-Language"),
  vary_auth = header("Vary", "Authorization"),
  public = header("Cache-Control", "public"),
  stream = function(response)
    local body, sent = response.content, false
    return http.StreamingResponse(function()
      if not sent then
        sent = true
        return body
      end
    end)
  end,
  nonce = function(response, request) response.content = response.content .. " " .. request.csp_nonce end,
  fails = function() error "no page today" end,
  forbidden = function() error(require("perilune.exceptions").PermissionDenied "not you") end,
  tagged = header("ETag", '"v1"'),
  dated = header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT"),
  reason = function(response) response.reason_phrase = "Very Fine" end,
  long = function(response) response.content = response.content .. ("x"):rep(300000) end,
  expires = header("Expires", "Mon, 01 Jan 2024 00:00:00 GMT"),
  zone = function(response) response.content = response.content .. " " .. tostring(time.localtime(time.now()).hour ~= nil) end,
  template = function(response, request)
    local name, n = response.content:match "(%S+) (%d+)"
    return require("perilune.template.response").TemplateResponse(request, "page.html", { name = name, n = n })
  end,
}

local list = { app_name = nil }
for name, change in pairs(kinds) do
  local f = change or nil
  table.insert(list, path("page/" .. name .. "/", cache.page(60)(numbered(name, f))))
  table.insert(list, path("lua/" .. name .. "/", cache.vary_on_headers("X-Lua")(cache.page(60)(numbered("lua:" .. name, f)))))
  table.insert(list, path("site/" .. name .. "/", numbered("site:" .. name, f)))
end

local function slow(name, seconds, change)
  return function(request)
    local n = count(name)
    fiber.sleep(seconds)
    local response = http.Response(("%s %d"):format(name, n))
    return change and change(response, request) or response
  end
end

for _, route in ipairs {
  path("", function() return "up" end),
  path("prefixed/", cache.page(60, { key_prefix = "pfx" })(numbered "prefixed")),
  path("named/", cache.page(60, { cache = "named" })(numbered "named")),
  path("files/", cache.page(60, { cache = "files" })(numbered "files")),
  path("none/", cache.page(60, { cache = "none" })(slow("none", 0.2))),
  path("default/", cache.page()(numbered "default")),
  path("default30/", cache.page()(cache.cache_control { max_age = 30 }(numbered "default30"))),
  path("page30/", cache.page(60)(cache.cache_control { max_age = 30 }(numbered "page30"))),
  path("zero/", cache.page(0)(numbered "zero")),
  path("forever/", cache.page(cache.forever)(numbered "forever")),
  path("vary/", cache.page(60, { vary = { "X-A" } })(numbered "vary")),
  path("never/", cache.page(60)(cache.never_cache(numbered "never"))),
  path("short/", cache.page(3)(numbered "short")),
  path("cold/", cache.page(60)(slow("cold", 0.3))),
  path("cold/<key>/", cache.page(60)(function(request, params) return slow("cold:" .. params.key, 0.3)(request) end)),
  path("cold-private/", cache.page(60)(slow("cold-private", 0.4, header("Cache-Control", "private")))),
  path("cold-fails/", cache.page(60)(slow("cold-fails", 0.2, function() error "no" end))),
  path("cold-user/", cache.page(60)(slow("cold-user", 0.3, header("Vary", "X-User")))),
  path("impatient/", cache.page(60, { wait = 0.1 })(slow("impatient", 0.5))),
  path("stale/", cache.page(2, { stale = 60 })(slow("stale", 0.5))),
  path("stale-fails/", cache.page(1, { stale = 60 })(function()
    local n = count "stale-fails"
    if n > 1 then error "no page today" end
    return "the page of yesterday"
  end)),
  path("dies/", cache.page(60)(function()
    local n = count "dies"
    if n == 1 then
      local f = assert(io.open "/proc/self/stat")
      counts:set("dies:pid", f:read "n")
      f:close()
      fiber.sleep(60)
    end
    fiber.sleep(0.2)
    return ("dies %d"):format(n)
  end)),
  path("conditional/", cache.page(60)(http.condition { etag = function() return "v9" end }(numbered "conditional"))),
  path("outer-condition/", http.condition { etag = function() return "v9" end }(cache.page(60)(numbered "outer"))),
  path("tz/", function(request)
    time.activate(request.GET.zone)
    return cache.page(60)(numbered "tz")(request)
  end),
  path("count/<name>/", function(_, params) return tostring(counts:get(params.name, 0)) end),
  path("pid/", function() return tostring(counts:get "dies:pid") end),
  path("keys/", function(request)
    local found = {}
    for _, key in ipairs(cache.caches[request.GET.cache or "default"]:keys "*") do
      if key:find("cache_", 1, true) then
        table.insert(found, key)
      end
    end
    table.sort(found)
    return http.JsonResponse(require("perilune.json").array(found))
  end),
  path("clear/", function()
    cache:clear()
    return "clear"
  end),
  path("key/", cache.page(60)(function(request)
    local before = utils.get_cache_key(request)
    local learnt = utils.learn_cache_key(request, http.Response("", { headers = { Vary = "Accept-Language, X-Who" } }), 60, "p")
    return http.JsonResponse { before = before or "none", learnt = learnt, found = utils.get_cache_key(request, "p"), head = utils.get_cache_key(request, "p", "HEAD") }
  end)),
} do
  table.insert(list, route)
end
return list
