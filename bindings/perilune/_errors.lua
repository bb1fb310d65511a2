-- SPDX-License-Identifier: MIT
-- The page for an error that came out of a layer: the debug page for developers, else
-- the project's handler400 … handler500 (root urls), else a short page that says
-- nothing but the status.
local accept = require "perilune._accept"
local native = require "perilune._pipeline"
local response = require "perilune._response"
local settings = require "perilune.settings"
local urls = require "perilune.urls"
require "perilune._request" -- its class: the project may not have come so far

local M = {}

-- ---- who may see the debug page ----

local function is_loopback(address)
  address = address:gsub("^::ffff:", "")
  return address == "::1" or address:find "^127%.%d+%.%d+%.%d+$" ~= nil
end

local function is_known(address)
  if is_loopback(address) then
    return true
  end
  for _, ip in ipairs(settings.get("internal_ips", {})) do
    if ip == address then
      return true
    end
  end
  return false
end

--- Is the client this machine, or one of settings.internal_ips? Behind a proxy of this
--- machine everybody seems to be: whoever is named by its header fields has to be, too.
function M.is_local(request)
  local address = request.remote_addr
  if not address or not is_known(address) or request.headers["Forwarded"] then
    return false
  end
  for _, field in ipairs { "X-Forwarded-For", "X-Real-IP" } do
    for named in (request.headers[field] or ""):gmatch("[^,%s]+") do
      if not is_known(named) then
        return false
      end
    end
  end
  return true
end

-- ---- short pages ----

local texts = {
  [400] = "The server cannot make sense of this request.",
  [403] = "You may not see this page.",
  [404] = "There is no such page on this server.",
  [413] = "The request is larger than this server takes.",
  [500] = "Something went wrong on this server.",
  [504] = "The server could not answer in time. Try again later.",
}

local reasons = {
  [400] = "Bad Request",
  [403] = "Forbidden",
  [404] = "Not Found",
  [413] = "Content Too Large",
  [500] = "Server Error",
  [504] = "Gateway Timeout",
}

local bodies = {
  html = {
    "text/html; charset=utf-8",
    [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
</head>
<body>
<h1>%s</h1>
<p>%s</p>
</body>
</html>
]],
  },
  json = { "application/json", '{"detail": "%s"}' },
  text = { "text/plain; charset=utf-8", "%s\n" },
}

--- The built-in page: nothing of the request or the error is in it.
function M.short(request, status)
  local form = bodies[accept.of(request)]
  local reason = reasons[status] or "Error"
  local body = form[2]:format(reason, reason, texts[status] or "")
  return response.Response(body, { status = status, content_type = form[1], headers = { Vary = "Accept" } })
end

-- ---- the page ----

-- Django asks handler403 in development as well: a refusal is an answer, not a fault.
local function wants_debug_page(request, status)
  return settings.debug and status ~= 403 and M.is_local(request)
end

--- Called by the engine for every exception that becomes a response.
function M.response(request, status, err)
  if wants_debug_page(request, status) then
    return require("perilune._debug").page(request, status, err, native.match(request))
  end
  local handler = urls._handler(status)
  return handler and handler(request, err) or M.short(request, status)
end

--- Called by the engine for every request while runserver has a project that does not load.
function M.load_page(request, why)
  if M.is_local(request) then
    return require("perilune._debug").load_page(request, why)
  end
  return M.short(request, 500)
end

return M
