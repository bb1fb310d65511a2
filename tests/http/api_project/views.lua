-- SPDX-License-Identifier: MIT
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local http = require "perilune.http"
local time = require "perilune.time"
local urls = require "perilune.urls"

local M = {}

function M.home()
  return "home"
end

local function copy(map)
  local out = {}
  for key, value in pairs(map) do
    out[key] = value
  end
  return out
end

-- Header fields and the length of the body as the query has them.
function M.fields(request)
  local headers = copy(request.GET)
  local n = tonumber(headers.n)
  headers.n = nil
  return http.Response(("x"):rep(n), { headers = headers, status = tonumber(headers.status) })
end

function M.echo(request)
  return {
    method = request.method,
    path = request.path,
    full_path = request.full_path,
    query = copy(request.GET),
    cookies = request.COOKIES,
    agent = request.headers["User-Agent"],
    meta_agent = request.META.HTTP_USER_AGENT,
    content_type = request.content_type,
    encoding = request.encoding,
    addr = request.remote_addr,
    marked = request.marked,
    user = request.user == nil,
    json = request:accepts "application/json",
    preferred = request:get_preferred_type { "text/html", "application/json" },
    text = tostring(request),
  }
end

function M.form(request)
  local fields, files = {}, {}
  for _, pair in ipairs(request.POST:lists()) do
    fields[pair[1]] = pair[2]
  end
  for _, field in ipairs(request.FILES:keys()) do
    files[field] = {}
    for i, file in ipairs(request.FILES:getlist(field)) do
      local n = 0
      for chunk in file:chunks(1000) do
        n = n + #chunk
      end
      files[field][i] = { name = file.name, size = file.size, type = file.content_type, charset = file.charset, read = n, start = file:read(5) }
    end
  end
  return { fields = fields, files = files, empty = #request.POST == 0 }
end

function M.raw(request)
  local ok, body = pcall(function()
    return request.body
  end)
  return { ok = ok, length = ok and #body or nil, name = not ok and body.name or nil }
end

function M.json(request)
  return { value = request:json(), same = rawequal(request:json(), request:json()) }
end

function M.save(request)
  local saved = {}
  for i, file in ipairs(request.FILES:getlist "f") do
    saved[i] = file:save(request.GET.to)
  end
  return { saved = saved }
end

local late

-- The fiber has the file when the request has long ended.
function M.late_save(request)
  local file, to = request.FILES.f, request.GET.to
  late = { state = "waiting" }
  local current = late
  fiber.spawn(function()
    local ok, result = pcall(file.save, file, to)
    current.first = ok and "saved" or tostring(result)
    time.sleep(0.05)
    ok, result = pcall(file.save, file, to)
    current.second = ok and "saved" or tostring(result)
    current.state = "done"
  end)
  fiber.yield() -- it begins while the request lasts
  return "started"
end

function M.late_result()
  return late
end

function M.where(request)
  return {
    host = request:get_host(),
    port = request:get_port(),
    here = request:build_absolute_uri(),
    other = request:build_absolute_uri "../b?c=ä",
    root = request:build_absolute_uri "/x",
    away = request:build_absolute_uri "https://other.example/y",
  }
end

function M.cookies(request)
  local response = http.Response(request.COOKIES.seen or "first")
  response:set_cookie("seen", "yes", { max_age = 60, httponly = true })
  response:set_cookie("plain", "1")
  response:delete_cookie "old"
  return response
end

function M.signed(request)
  local response = http.Response(request:get_signed_cookie("s", { default = "none", salt = "x", max_age = 60 }))
  response:set_signed_cookie("s", "secret value", { salt = "x", httponly = true })
  return response
end

function M.match(request, params)
  local m = request.resolver_match
  return { name = m.view_name, url_name = m.url_name, route = m.route, pk = params.pk, extra = params.extra, same = rawequal(m, request.resolver_match) }
end

function M.a_string()
  return "<b>ä</b>"
end

function M.a_table()
  return { b = { 1, 2 }, a = "ä" }
end

function M.a_number()
  return 5
end

local closed = 0

local function count_close()
  closed = closed + 1
end

function M.closed()
  return { closed = closed }
end

function M.stream()
  return http.StreamingResponse(coroutine.wrap(function()
    for i = 1, 3 do
      time.sleep(0.01)
      coroutine.yield("piece " .. i .. "\n")
    end
  end), { content_type = "text/plain", close = count_close })
end

function M.stream_list()
  return http.StreamingResponse({ "a", 1, "b" }, { headers = { ["X-A"] = "1" } })
end

function M.stream_wrapped()
  return http.StreamingResponse({ "a", "b" }, { headers = { ["X-Wrap"] = "1" } })
end

function M.stream_broken()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    if n == 3 then
      error "no more"
    end
    return ("x"):rep(1000)
  end, { close = count_close })
end

function M.stream_endless()
  return http.StreamingResponse(function()
    time.sleep(0.001)
    return ("x"):rep(1000)
  end, { close = count_close })
end

local redirects = {
  path = function() return http.redirect "/there/?a=1" end,
  name = function() return http.redirect("things:detail", { params = { pk = 3 }, query = { q = "ä" } }) end,
  view = function() return http.redirect(M.home, { permanent = true }) end,
  object = function()
    return http.redirect { get_absolute_url = function() return urls.reverse("things:detail", { pk = 9 }) end }
  end,
  keep = function() return http.redirect("home", { preserve_request = true }) end,
  unknown = function() return http.redirect "no-such-view" end,
  script = function() return http.redirect "javascript://x/%0aalert(1)" end,
  host = function() return http.redirect "example.com/x" end,
}

function M.redirect(_, params)
  return redirects[params.kind]()
end

M.tagged = http.condition {
  etag = function(request)
    return request.GET.tag or "one"
  end,
}(function()
  return { fresh = true }
end)

M.post_only = http.require_POST(function(request)
  return request.POST.a or "nothing"
end)

function M.missing()
  local queryset = {
    get = function()
      error(exceptions.ObjectDoesNotExist "no row")
    end,
  }
  return http.get_object_or_404(queryset, { pk = 1 })
end

function M.raise(request, params)
  local get = request.GET
  if params.name == "many" then
    return #request.POST
  elseif params.name == "host" then
    return request:get_host()
  end
  error(exceptions[params.name](get.text or "told"))
end

local keeping = {}

function M.keep(request)
  keeping = {
    request = request,
    headers = request.headers,
    files = request.FILES,
    file = request.FILES.f,
    post = request.POST,
    meta = request.META,
    response = http.Response "kept",
    match = request.resolver_match,
  }
  return keeping.response
end

function M.kept()
  local function try(fn)
    local ok, result = pcall(fn)
    return ok and "ok " .. tostring(result) or tostring(result)
  end
  return {
    request = try(function() return keeping.request.path end),
    headers = try(function() return keeping.headers.host end),
    files = try(function() return keeping.files.f end),
    file = try(function() return keeping.file:read() end),
    post = try(function() return keeping.post.a end),
    meta = try(function() return keeping.meta.REQUEST_METHOD end),
    response = try(function() return keeping.response.content end),
    match = try(function() return keeping.match.route end),
    text = try(function() return keeping.request end),
  }
end

local large

-- The same object is sent and changed: what is on its way must not care.
function M.large(request)
  if not large or request.GET.new then
    large = http.JsonResponse { (request.GET.new or "a"):rep(3000000) }
  end
  return large
end

function M.change_large(request)
  if request.GET.how == "write" then
    large:write(("w"):rep(3000000))
  else
    large.content = "changed"
  end
  return "changed"
end

function M.not_modified()
  return http.NotModified { headers = { ETag = '"x"' } }
end

return M
