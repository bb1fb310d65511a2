-- SPDX-License-Identifier: MIT
-- The layers of this site. Each is a factory, called once per worker with the rest of the
-- chain and the settings; what it gives is called for every request, by many requests in
-- turn, so nothing of a single one is kept in it. settings.middleware has their order.
--
-- (perilune.middleware.timing and .request_id do in C what `timing` and `request_id` do
-- here; these are the short form of how one writes such things.)
local access = require "core.access"
local cache = require "perilune.cache"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local log = require "perilune.log"
local text = require "perilune.utils.text"
local time = require "perilune.time"

local M = {}

local function starts_with_one_of(path, prefixes)
  for _, prefix in ipairs(prefixes) do
    if path:sub(1, #prefix) == prefix then
      return true
    end
  end
  return false
end

local function is_api(request)
  return request.path:sub(1, 5) == "/api/"
end

-- ---- functions: before and after the rest of the chain ----

--- X-Request-Duration-Ms: how long everything inside of this layer took.
function M.timing(get_response)
  return function(request)
    local start = time.monotonic()
    local response = get_response(request)
    response.headers["X-Request-Duration-Ms"] = ("%.2f"):format((time.monotonic() - start) * 1000)
    return response
  end
end

--- request.request_id and X-Request-ID: the client's own where it looks like one, so that
--- a request can be followed through the logs of several servers.
function M.request_id(get_response)
  return function(request)
    local given = request.headers["X-Request-ID"]
    if not given or #given > 64 or not given:find "^[%w._-]+$" then
      given = text.get_random_string(32, "0123456789abcdef")
    end
    request.request_id = given
    local response = get_response(request)
    response.headers["X-Request-ID"] = given
    return response
  end
end

--- What the client says its address is: the first of X-Forwarded-For, else the address
--- of its connection. Anybody can write that field: this is for people who read logs.
--- What decides something asks request.remote_addr, which believes nobody but
--- settings.trusted_proxies.
function M.get_client_ip(request)
  local forwarded = request.META.HTTP_X_FORWARDED_FOR
  local first = forwarded and forwarded:match "^%s*([%x.:]+)%s*%f[,\0]"
  return first or request.META.REMOTE_ADDR
end

--- request.client_ip
function M.client_ip(get_response)
  return function(request)
    request.client_ip = M.get_client_ip(request)
    return get_response(request)
  end
end

--- One line per request; a warning in the log "core.slow" for those that take long.
function M.logging(get_response, settings)
  local requests, slow = log.get "core.requests", log.get "core.slow"
  local limit = settings.slow_request_seconds
  return function(request)
    local start = time.monotonic()
    local response = get_response(request)
    local seconds = time.monotonic() - start
    requests:info("%s %s %s %s: %d in %.3f s", request.client_ip, request.is_staff and "staff" or "-", request.method, request.path, response.status_code, seconds)
    if seconds > limit and not response.streaming then
      slow:warning("%s %s took %.3f s", request.method, request.path, seconds)
    end
    return response
  end
end

--- The header fields of settings.custom_headers, where the view has not set its own.
function M.custom_headers(get_response, settings)
  local fields = settings.custom_headers
  if next(fields) == nil then
    error(exceptions.MiddlewareNotUsed "settings.custom_headers is empty")
  end
  return function(request)
    local response = get_response(request)
    for name, value in pairs(fields) do
      response.headers:setdefault(name, value)
    end
    return response
  end
end

--- request.is_staff: has the browser signed in, or does the program know the token?
function M.staff(get_response)
  return function(request)
    request.is_staff = access.has_bearer_token(request) or access.has_cookie(request)
    return get_response(request)
  end
end

--- The API is for those with the token, but for the paths below settings.api_exempt_paths.
--- Out of the chain where the settings have no token.
function M.api_token(get_response, settings)
  if settings.api_token == "" then
    error(exceptions.MiddlewareNotUsed "settings.api_token is empty: the API is open")
  end
  local exempt = settings.api_exempt_paths
  return function(request)
    if not is_api(request) or request.is_staff or starts_with_one_of(request.path, exempt) then
      return get_response(request)
    end
    return http.JsonResponse({ error = "Authentication required" }, { status = 401, headers = { ["WWW-Authenticate"] = 'Bearer realm="api"' } })
  end
end

-- ---- tables: the other hooks ----

--- 503 for everybody but staff while the cache has the flag: all workers see it at once.
--- `perilune maintenance on` sets it.
M.MAINTENANCE = "core:maintenance"

function M.maintenance(get_response, settings)
  local mw = {}

  function mw:answer(request)
    local headers = { ["Retry-After"] = ("%d"):format(settings.maintenance_retry_after), ["Cache-Control"] = "no-store" }
    if is_api(request) or not request:accepts "text/html" then
      return http.JsonResponse({ error = "Under maintenance" }, { status = 503, headers = headers })
    end
    return http.render(request, "core/message.html", { status = 503, title = "Back in a moment", text = "The site is being worked on. Try again in a few minutes." }, { status = 503, headers = headers })
  end

  function mw:call(request)
    if not cache:has_key(M.MAINTENANCE) or request.is_staff or starts_with_one_of(request.path, settings.maintenance_exempt_paths) then
      return get_response(request)
    end
    return self:answer(request)
  end

  return mw
end

local exempt_views = setmetatable({}, { __mode = "k" })

--- Marks a view that forms of other sites may post to.
function M.any_origin(view)
  exempt_views[view] = true
  return view
end

--- Refuses requests that change something when a browser sends them from another site.
--- It is a process_view hook, since it has to know the view: any_origin() exempts one.
--- (Programs send no Origin. They, and other sites' scripts, need the token.)
function M.same_origin(get_response)
  local safe = { GET = true, HEAD = true, OPTIONS = true, TRACE = true }
  local mw = {}

  function mw:call(request)
    return get_response(request)
  end

  function mw:process_view(request, view)
    local origin = request.headers["Origin"]
    if safe[request.method] or exempt_views[view] or not origin then
      return nil
    end
    if origin ~= request.scheme .. "://" .. request:get_host() then
      error(exceptions.PermissionDenied(("a form of %s posts to %s"):format(origin, request.path)))
    end
  end

  return mw
end

--- Errors of the API's views as JSON: {"error": …} or, for a field, {"errors": {"title": […]}}.
--- What is none of theirs goes on, and becomes the usual 500.
function M.api_errors(get_response)
  local statuses = { { "Http404", 404 }, { "PermissionDenied", 403 }, { "BadRequest", 400 } }
  local mw = {}

  function mw:call(request)
    return get_response(request)
  end

  function mw:process_exception(request, err)
    if not is_api(request) then
      return nil
    end
    if exceptions.is(err, "ValidationError") then
      local errors = {}
      for field, list in pairs(err.error_dict or { [exceptions.NON_FIELD_ERRORS] = err.error_list }) do
        errors[field] = {}
        for i, e in ipairs(list) do
          errors[field][i] = e.message
        end
      end
      return http.JsonResponse({ errors = errors }, { status = 400 })
    end
    for _, row in ipairs(statuses) do
      if exceptions.is(err, row[1]) then
        return http.JsonResponse({ error = err.message }, { status = row[2] })
      end
    end
  end

  return mw
end

return M
