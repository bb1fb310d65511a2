-- SPDX-License-Identifier: MIT
local access = require "core.access"
local format = require "core.format"
local http = require "perilune.http"
local json = require "perilune.json"
local perilune = require "perilune"
local settings = require "perilune.settings"
local time = require "perilune.time"
local uhttp = require "perilune.utils.http"
local urls = require "perilune.urls"

local reads = http.require_methods { "GET", "HEAD" }
local writes = http.require_methods { "POST" }

local M = {}

local started = time.now()

-- The process that answers; each worker is one.
local function worker_id()
  local file <close> = io.open "/proc/self/stat"
  return file and file:read "n" or 0
end

-- ---- home ----

local CARDS = {
  { name = "notes:index", title = "Notes", text = "A form and a JSON API over one list: validation, pages, redirects, errors as JSON.", file = "notes/views.lua, notes/api.lua" },
  { name = "uploads:index", title = "Uploads", text = "Files that arrive piece by piece, go to disk under safe names and come back in ranges.", file = "uploads/views.lua" },
  { name = "stream", title = "A stream", text = "Twenty lines in five seconds. The worker answers everybody else meanwhile.", file = "core/views.lua" },
  { name = "status", title = "Status", text = "The worker, its memory and the layers that a request goes through, as it happens.", file = "core/middleware.lua" },
}

M.home = reads(function(request)
  return http.render(request, "core/home.html", { worker = worker_id(), cards = CARDS, site = request:build_absolute_uri "/":sub(1, -2) })
end)

-- ---- status ----

local function facts()
  return {
    version = perilune.version,
    worker = worker_id(),
    uptime = (time.now() - started):total_seconds() // 1 | 0,
    memory = format.size(collectgarbage "count" * 1024),
  }
end

M.status = reads(function(request)
  if not request:accepts "text/html" then
    return http.JsonResponse(facts())
  end
  local layers = {}
  for i, name in ipairs(settings.middleware) do
    layers[i] = tostring(name)
  end
  return http.render(request, "core/status.html", { facts = facts(), layers = layers })
end)

--- Server-sent events: the facts, once a second. A browser asks again when it ends.
M.status_events = reads(function()
  local left = 60
  return http.StreamingResponse(function()
    if left == 0 then
      return nil
    end
    if left < 60 then
      time.sleep(1)
    end
    left = left - 1
    return "data: " .. json.encode(facts()) .. "\n\n"
  end, { content_type = "text/event-stream", headers = { ["Cache-Control"] = "no-store" } })
end)

--- For load balancers: is anybody there?
M.health = reads(function()
  return { status = "ok" }
end)

-- ---- a stream ----

--- The sleep is this request's alone: the worker serves others in the meantime.
M.stream = reads(function()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    if n > 20 then
      return nil
    end
    time.sleep(0.25)
    return ("%2d %s %s\n"):format(n, ("·"):rep(n) .. "●", time.format(time.now(), "H:i:s"))
  end, { content_type = "text/plain; charset=utf-8", headers = { ["Cache-Control"] = "no-store" } })
end)

-- ---- signing in ----

local function next_url(request)
  local url = request.POST:get("next") or request.GET:get("next") or ""
  local ours = uhttp.url_has_allowed_host_and_scheme(url, { request:get_host() }, { require_https = request:is_secure() })
  return ours and url or urls.reverse "shop:index"
end

M.sign_in = http.require_methods { "GET", "HEAD", "POST" }(function(request)
  if not access.enabled() then
    error(http.Http404 "there is no token to sign in with: start the server with API_TOKEN")
  end
  local wrong = false
  if request.method == "POST" then
    if access.is_token(request.POST:get "token") then
      return access.sign_in(request, http.redirect(next_url(request)))
    end
    wrong = true
    time.sleep(0.5) -- costs this client alone
  end
  return http.render(request, "core/sign_in.html", { next = next_url(request), wrong = wrong }, {
    status = wrong and 403 or 200,
    headers = { ["Cache-Control"] = "no-store" },
  })
end)

M.sign_out = writes(function()
  return access.sign_out(http.redirect "shop:index")
end)

-- ---- error pages ----

local function error_view(status, title, text)
  return function(request)
    if request.path:sub(1, 5) == "/api/" or not request:accepts "text/html" then
      return http.JsonResponse({ error = title }, { status = status })
    end
    return http.render(request, "core/message.html", { status = status, title = title, text = text }, { status = status })
  end
end

M.forbidden = error_view(403, "Not allowed", "This page, or what was sent to it, is not for you.")
M.not_found = error_view(404, "Nothing here", "There is no page at this address.")
M.server_error = error_view(500, "Something broke", "The error is in the server's log, under the number below.")

return M
