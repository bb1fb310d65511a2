-- SPDX-License-Identifier: MIT
-- The layers of app/, each on its own: made with a stub for the rest of the chain and
-- called with a table that has what a request has.
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"

local middleware = require "core.middleware"

local function request(fields)
  local r = { method = "GET", path = "/", scheme = "http", headers = {}, META = { REMOTE_ADDR = "10.1.2.3" } }
  for key, value in pairs(fields or {}) do
    r[key] = value
  end
  function r:get_host() -- luacheck: no self
    return "example.com"
  end
  function r:accepts(kind)
    return (self.accept or "text/html"):find(kind, 1, true) ~= nil
  end
  return r
end

-- A get_response that notes down what reaches it.
local function stub(response)
  local seen = {}
  return function(r)
    seen[#seen + 1] = r
    return response or http.Response "inner"
  end, seen
end

describe("timing", function()
  it("adds the header to what comes back", function()
    local get_response, seen = stub()
    local response = middleware.timing(get_response)(request { path = "/test-path/" })
    assert.equal(200, response.status_code)
    assert.is_true(tonumber(response.headers["X-Request-Duration-Ms"]) >= 0)
    assert.equal("/test-path/", seen[1].path)
  end)
end)

describe("request_id", function()
  local function ids(given)
    local r = request { headers = { ["X-Request-ID"] = given } }
    local response = middleware.request_id((stub()))(r)
    return r.request_id, response.headers["X-Request-ID"]
  end
  it("takes the client's", function()
    local attached, sent = ids "abc-1_2.3"
    assert.equal("abc-1_2.3", attached)
    assert.equal("abc-1_2.3", sent)
  end)
  it("makes one where there is none, or none to be trusted in a log", function()
    for _, bad in ipairs { false, "", "a b", "a\nb", ("x"):rep(65), "<b>" } do
      local attached, sent = ids(bad or nil)
      assert.is_true(attached:find "^%x+$" ~= nil and #attached == 32)
      assert.equal(attached, sent)
    end
    assert.is_true(ids() ~= ids())
  end)
end)

describe("get_client_ip", function()
  local function ip(forwarded)
    return middleware.get_client_ip(request { META = { REMOTE_ADDR = "10.1.2.3", HTTP_X_FORWARDED_FOR = forwarded } })
  end
  it("is the first of X-Forwarded-For", function()
    assert.equal("203.0.113.9", ip "203.0.113.9")
    assert.equal("203.0.113.9", ip " 203.0.113.9 , 10.0.0.1, 10.0.0.2")
    assert.equal("2001:db8::1", ip "2001:db8::1,10.0.0.1")
  end)
  it("is the peer's without one, or with one that is no address", function()
    for _, field in ipairs { "", "unknown", "1.2.3.4\nforged line", "x, 1.2.3.4" } do
      assert.equal("10.1.2.3", ip(field))
    end
    assert.equal("10.1.2.3", ip(nil))
  end)
  it("is attached by client_ip", function()
    local get_response, seen = stub()
    middleware.client_ip(get_response)(request())
    assert.equal("10.1.2.3", seen[1].client_ip)
  end)
end)

describe("logging", function()
  it("passes the response on", function()
    local inner = http.Response("x", { status = 201 })
    local layer = middleware.logging((stub(inner)), { slow_request_seconds = 1 })
    assert.equal(inner, layer(request { client_ip = "10.1.2.3" }))
  end)
end)

describe("custom_headers", function()
  it("adds what is not there", function()
    local layer = middleware.custom_headers(function()
      return http.Response("", { headers = { ["X-B"] = "view" } })
    end, { custom_headers = { ["X-A"] = "1", ["X-B"] = "2" } })
    local response = layer(request())
    assert.equal("1", response.headers["X-A"])
    assert.equal("view", response.headers["X-B"])
  end)
  it("takes itself out when there is nothing to add", function()
    assert.raises(exceptions.MiddlewareNotUsed, function() middleware.custom_headers(stub(), { custom_headers = {} }) end)
  end)
end)

describe("api_token", function()
  local settings = { api_token = "s3cret", api_exempt_paths = { "/api/health/", "/api/login/" } }
  it("lets staff, exempt paths and pages pass", function()
    for _, fields in ipairs {
      { path = "/api/notes/", is_staff = true }, { path = "/api/health/" }, { path = "/api/login/now" }, { path = "/" }, { path = "/apiary/" },
    } do
      local get_response, seen = stub()
      assert.equal(200, middleware.api_token(get_response, settings)(request(fields)).status_code)
      assert.equal(1, #seen)
    end
  end)
  it("answers 401 for everybody else, and nothing behind it runs", function()
    local get_response, seen = stub()
    local response = middleware.api_token(get_response, settings)(request { path = "/api/notes/" })
    assert.equal(401, response.status_code)
    assert.equal("application/json", response.headers["Content-Type"])
    assert.equal('{"error": "Authentication required"}', (response.content:gsub('":"', '": "')))
    assert.is_true(response.headers["WWW-Authenticate"]:find "^Bearer" ~= nil)
    assert.equal(0, #seen)
  end)
  it("takes itself out without a token", function()
    assert.raises(exceptions.MiddlewareNotUsed, function() middleware.api_token(stub(), { api_token = "" }) end)
  end)
end)

describe("maintenance", function()
  local cache = require "perilune.cache"
  local settings = { maintenance_retry_after = 60, maintenance_exempt_paths = { "/static/" } }
  local function call(on, fields)
    local get_response, seen = stub()
    local mw = middleware.maintenance(get_response, settings)
    if on then
      cache:set(middleware.MAINTENANCE, true)
    end
    local response = mw:call(request(fields))
    cache:delete(middleware.MAINTENANCE)
    return response, #seen
  end
  it("does nothing while there is no flag", function()
    local response, reached = call(false)
    assert.equal(200, response.status_code)
    assert.equal(1, reached)
  end)
  it("answers 503 with Retry-After", function()
    local response, reached = call(true, { path = "/api/notes/" })
    assert.equal(503, response.status_code)
    assert.equal("60", response.headers["Retry-After"])
    assert.equal("application/json", response.headers["Content-Type"])
    assert.equal(0, reached)
    assert.equal(503, call(true, { path = "/", accept = "application/json" }).status_code)
  end)
  it("lets staff and exempt paths pass", function()
    assert.equal(200, call(true, { is_staff = true }).status_code)
    assert.equal(200, call(true, { path = "/static/site.css" }).status_code)
  end)
end)

describe("same_origin", function()
  local function view() end
  local function check(method, origin, v)
    return middleware.same_origin(stub()):process_view(request { method = method, headers = { Origin = origin } }, v or view, {})
  end
  it("is content with safe methods, the own origin and programs", function()
    assert.is_nil(check("GET", "http://evil.example"))
    assert.is_nil(check("POST", "http://example.com"))
    assert.is_nil(check("POST", nil))
  end)
  it("refuses others", function()
    for _, origin in ipairs { "http://evil.example", "https://example.com", "http://example.com.evil.example", "null" } do
      for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE" } do
        assert.raises(exceptions.PermissionDenied, function() check(method, origin) end)
      end
    end
  end)
  it("asks the view whether it is exempt", function()
    local function hook() end
    assert.is_nil(check("POST", "http://evil.example", middleware.any_origin(hook)))
  end)
end)

describe("api_errors", function()
  local mw = middleware.api_errors(stub())
  local function answer(err, path)
    return mw:process_exception(request { path = path or "/api/notes/" }, err)
  end
  it("turns errors into JSON", function()
    local response = answer(exceptions.ValidationError { title = { "This field is required." } })
    assert.equal(400, response.status_code)
    assert.equal('{"errors":{"title":["This field is required."]}}', (response.content:gsub('": ', '":')))
    for name, status in pairs { Http404 = 404, PermissionDenied = 403, BadRequest = 400 } do
      response = answer(exceptions[name] "why")
      assert.equal(status, response.status_code)
      assert.equal('{"error":"why"}', (response.content:gsub('": ', '":')))
    end
  end)
  it("leaves the rest alone", function()
    assert.is_nil(answer(exceptions.ValueError "a bug"))
    assert.is_nil(answer("a string"))
    assert.is_nil(answer(exceptions.Http404 "x", "/notes/"))
  end)
end)
