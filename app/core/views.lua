-- SPDX-License-Identifier: MIT
local access = require "core.access"
local html = require "perilune.utils.html"
local http = require "perilune.http"
local json = require "perilune.json"
local layout = require "core.layout"
local perilune = require "perilune"
local settings = require "perilune.settings"
local time = require "perilune.time"
local uhttp = require "perilune.utils.http"
local urls = require "perilune.urls"

local format_html = html.format_html
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

local HOME = [[
<section class="hero">
<div>
<p class="eyebrow">It works</p>
<h1>Your app is in&nbsp;orbit</h1>
<p class="lead">This page is a Lua function, and worker {worker} has just called it. Change <code>core/views.lua</code>, reload, and go on from there.</p>
<p class="actions"><a class="button" href="{notes}">Write a note</a> <a class="button quiet" href="{status}">Look inside</a></p>
</div>
<img src="{static}core/orbit.svg" alt="" width="360" height="280">
</section>
<h2>What is in here</h2>
<ul class="cards">{cards}</ul>
<h2>From the command line</h2>
<pre><code>{commands}</code></pre>
]]

local CARD = '<li><h3><a href="{}">{}</a></h3><p>{}</p><p class="file">{}</p></li>'

local function cards()
  return html.format_html_join("", CARD, {
    { urls.reverse "notes:index", "Notes", "A form and a JSON API over one list: validation, pages, redirects, errors as JSON.", "notes/views.lua, notes/api.lua" },
    { urls.reverse "uploads:index", "Uploads", "Files that arrive piece by piece, go to disk under safe names and come back in ranges.", "uploads/views.lua" },
    { urls.reverse "stream", "A stream", "Twenty lines in five seconds. The worker answers everybody else meanwhile.", "core/views.lua" },
    { urls.reverse "status", "Status", "The worker, its memory and the layers that a request goes through, as it happens.", "core/middleware.lua" },
  })
end

local COMMANDS = [[
curl %s/api/notes/
curl %s/api/notes/ -H 'Content-Type: application/json' -d '{"title": "Buy a moon"}'
curl -N %s/stream/]]

M.home = reads(function(request)
  local site = request:build_absolute_uri "/":sub(1, -2)
  return layout.page(request, {
    title = "Perilune",
    body = format_html(HOME, {
      worker = worker_id(),
      notes = urls.reverse "notes:index",
      status = urls.reverse "status",
      static = settings.static_url,
      cards = cards(),
      commands = COMMANDS:format(site, site, site),
    }),
  })
end)

-- ---- status ----

local STATUS = [[
<h1>Status</h1>
<p class="lead">What one of the workers says of itself. Reload, and another one may answer.</p>
<dl class="facts" data-events="{events}">
<div><dt>Version</dt><dd>{version}</dd></div>
<div><dt>Worker</dt><dd data-fact="worker">{worker}</dd></div>
<div><dt>Up for</dt><dd><span data-fact="uptime">{uptime}</span> s</dd></div>
<div><dt>Lua memory</dt><dd data-fact="memory">{memory}</dd></div>
</dl>
<h2>Layers of a request</h2>
<p>From the outside to the view. The way of the response is the same list from below.</p>
<ol class="layers">{layers}<li class="view">the view</li></ol>
]]

local function facts()
  return {
    version = perilune.version,
    worker = worker_id(),
    uptime = (time.now() - started):total_seconds() // 1 | 0,
    memory = layout.size(collectgarbage "count" * 1024),
  }
end

M.status = reads(function(request)
  local values, rows = facts(), {}
  if not request:accepts "text/html" then
    return http.JsonResponse(values)
  end
  for i, name in ipairs(settings.middleware) do
    rows[i] = { tostring(name) }
  end
  values.events = urls.reverse "status_events"
  values.layers = html.format_html_join("", "<li><code>{}</code></li>", rows)
  return layout.page(request, { title = "Status", head = layout.script "core/status.js", body = format_html(STATUS, values) })
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

local SIGN_IN = [[
<h1>Sign in</h1>
<p>The token is what the server was started with: <code>API_TOKEN</code>.</p>
<form class="card" method="post">
<input type="hidden" name="next" value="{next}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus{invalid}>
{problem}
<button>Sign in</button>
</form>
]]

local function next_url(request)
  local url = request.POST:get("next") or request.GET:get("next") or ""
  local ours = uhttp.url_has_allowed_host_and_scheme(url, { request:get_host() }, { require_https = request:is_secure() })
  return ours and url or urls.reverse "home"
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
  return layout.page(request, {
    title = "Sign in",
    status = wrong and 403 or 200,
    headers = { ["Cache-Control"] = "no-store" },
    body = format_html(SIGN_IN, {
      next = next_url(request),
      invalid = wrong and html.mark_safe ' aria-invalid="true" aria-describedby="problem"' or "",
      problem = wrong and html.mark_safe '<p class="error" id="problem">That is not the token.</p>' or "",
    }),
  })
end)

M.sign_out = writes(function()
  return access.sign_out(http.redirect "home")
end)

-- ---- error pages ----

local function error_view(status, title, text)
  return function(request)
    if request.path:sub(1, 5) == "/api/" or not request:accepts "text/html" then
      return http.JsonResponse({ error = title }, { status = status })
    end
    return layout.message(request, { status = status, title = title, text = text })
  end
end

M.forbidden = error_view(403, "Not allowed", "This page, or what was sent to it, is not for you.")
M.not_found = error_view(404, "Nothing here", "There is no page at this address.")
M.server_error = error_view(500, "Something broke", "The error is in the server's log, under the number below.")

return M
