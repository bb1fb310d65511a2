-- SPDX-License-Identifier: MIT
-- Wrappers of views, and signed cookies: what requests and responses do together.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local log = require "perilune.log"
local null = require "perilune.null"
local make = require("perilune._request").make
local signing = require "perilune.signing"
local time = require "perilune.time"
local describe, it, assert = t.describe, t.it, t.assert

local function raises(class, fn, pattern)
  local err = assert.raises(fn, pattern)
  if not exceptions.is(err, class) then
    error(("want a %s, got %s"):format(class, tostring(err)), 2)
  end
  return err
end

local function view(request, params)
  return ("%s %s"):format(request.method, params and params.pk or "-")
end

describe("require_methods", function()
  it("lets the methods through, with what the view is given", function()
    local wrapped = http.require_methods { "GET", "POST" }(view)
    assert.equal("GET 3", wrapped(make {}, { pk = 3 }))
    assert.equal("POST -", wrapped(make { method = "POST" }))
  end)

  it("answers others with 405", function()
    local r = http.require_methods { "GET", "POST" }(view)(make { method = "PUT" })
    assert.equal(405, r.status_code)
    assert.equal("GET, POST", r.headers.Allow)
    assert.equal(405, http.require_methods("GET")(view)(make { method = "HEAD" }).status_code)
  end)

  it("logs them as Django does", function()
    log._configure({ handlers = { memory = { class = "memory" } }, root = { level = "DEBUG", handlers = { "memory" } } }, true)
    http.require_methods("POST")(view)(make { method = "GET", path = "/buy/" })
    local record = log.records()[1]
    assert.equal("perilune.request WARNING Method Not Allowed (GET): /buy/", ("%s %s %s"):format(record.name, record.level, record.message))
  end)

  it("has short forms", function()
    local function status(wrap, method)
      local r = wrap(view)(make { method = method })
      return type(r) == "string" and 200 or r.status_code
    end
    for _, method in ipairs { "GET", "HEAD", "POST", "DELETE" } do
      assert.equal(method == "GET" and 200 or 405, status(http.require_GET, method))
      assert.equal(method == "POST" and 200 or 405, status(http.require_POST, method))
      assert.equal((method == "GET" or method == "HEAD") and 200 or 405, status(http.require_safe, method))
    end
    assert.equal("GET, HEAD", http.require_safe(view)(make { method = "POST" }).headers.Allow)
  end)

  it("refuses what is no method, and no view", function()
    raises("ValueError", function() http.require_methods {} end, "require_methods takes the methods")
    raises("ValueError", function() http.require_methods() end)
    raises("ValueError", function() http.require_methods { "get" } end, "upper case")
    raises("ValueError", function() http.require_methods { 1 } end, "upper case")
    for _, bad in ipairs { 1, "view", {}, true } do
      raises("TypeError", function() http.require_methods { "GET" }(bad) end, "wraps a view")
      raises("TypeError", function() http.require_GET(bad) end, "wraps a view")
    end
    raises("TypeError", function() http.require_POST() end, "wraps a view, not a nil")
  end)

  it("takes objects that can be called", function()
    local object = setmetatable({}, { __call = function(_, request) return request.path end })
    assert.equal("/", http.require_GET(object)(make {}))
  end)
end)

describe("condition", function()
  local called = 0
  local function counted(request, params)
    called = called + 1
    return view(request, params)
  end
  local function get(headers, method)
    return make { method = method or "GET", headers = headers }
  end

  it("marks what the view gives", function()
    local moment = time.datetime(2020, 1, 2, 3, 4, 5, { tz = "UTC" })
    local wrapped = http.condition {
      etag = function(request, params)
        return request.method .. params.pk
      end,
      last_modified = function()
        return moment
      end,
    }(counted)
    local r = wrapped(get {}, { pk = "3" })
    assert.equal("GET 3", r.content)
    assert.equal('"GET3"', r.headers.ETag)
    assert.equal("Thu, 02 Jan 2020 03:04:05 GMT", r.headers["Last-Modified"])
  end)

  it("spares the view when the client has it already", function()
    local wrapped = http.etag(function() return "x" end)(counted)
    called = 0
    local r = wrapped(get { ["If-None-Match"] = '"x"' })
    assert.equal(304, r.status_code)
    assert.equal('"x"', r.headers.ETag)
    assert.equal(0, called)
    assert.equal(200, wrapped(get { ["If-None-Match"] = '"y"' }).status_code)
    assert.equal(412, wrapped(get({ ["If-Match"] = '"y"' }, "POST")).status_code)
    assert.equal(1, called)
    wrapped = http.last_modified(function() return 1000000000 end)(counted)
    assert.equal(304, wrapped(get { ["If-Modified-Since"] = "Sun, 09 Sep 2001 01:46:40 GMT" }).status_code)
    assert.equal(200, wrapped(get { ["If-Modified-Since"] = "Sun, 09 Sep 2001 01:46:39 GMT" }).status_code)
  end)

  it("leaves other methods and missing marks alone", function()
    local wrapped = http.etag(function() return "x" end)(counted)
    assert.is_false(wrapped(get({}, "POST")):has_header "ETag")
    wrapped = http.condition { etag = function() return nil end, last_modified = function() return nil end }(counted)
    local r = wrapped(get {})
    assert.is_false(r:has_header "ETag")
    assert.is_false(r:has_header "Last-Modified")
    assert.equal("a", http.condition {}(function() return { "a" } end)(get {}).content:match "%a")
  end)

  it("keeps the view's own marks", function()
    local function own()
      return http.Response("x", { headers = { ETag = '"own"' } })
    end
    assert.equal('"own"', http.etag(function() return "x" end)(own)(get {}).headers.ETag)
  end)

  it("refuses what makes no sense", function()
    raises("TypeError", function() http.condition { etga = print } end, "did you mean 'etag'?")
    raises("TypeError", function() http.condition { etag = "x" } end, "option 'etag' of condition is a function")
    raises("TypeError", function() http.condition {} (5) end, "wraps a view")
    raises("TypeError", function() http.etag(function() return 5 end)(counted)(get {}) end, "etag gives a string")
    raises("TypeError", function() http.last_modified(function() return "now" end)(counted)(get {}) end, "last_modified gives a datetime")
    assert.is_nil(http.etag(function() return "x" end)(function() end)(get {}))
  end)
end)

describe("signed cookies", function()
  -- Without a project there is no secret key: the signer gets one here.
  local real = signing.get_cookie_signer
  signing.get_cookie_signer = function(salt)
    return signing.TimestampSigner { key = "a key for this test", fallback_keys = {}, salt = salt }
  end

  local function sent(response)
    local parts = {}
    for name, cookie in pairs(response.cookies) do
      parts[#parts + 1] = name .. "=" .. cookie.value
    end
    return make { headers = { Cookie = table.concat(parts, "; ") } }
  end

  it("come back", function()
    local r = http.Response()
    r:set_signed_cookie("c", "value", { httponly = true })
    r:set_signed_cookie("s", "salted", { salt = "one" })
    assert.is_true(r.cookies.c.httponly)
    assert.is_true(r.cookies.c.value:find "^value:" ~= nil)
    local request = sent(r)
    assert.equal("value", request:get_signed_cookie "c")
    assert.equal("value", request:get_signed_cookie("c", { max_age = 100 }))
    assert.equal("salted", request:get_signed_cookie("s", { salt = "one" }))
    raises("BadSignature", function() request:get_signed_cookie("s", { salt = "two" }) end)
    assert.equal("d", request:get_signed_cookie("s", { salt = "two", default = "d" }))
  end)

  it("are bound to their names", function()
    local r = http.Response()
    r:set_signed_cookie("a", "1")
    local request = make { headers = { Cookie = "b=" .. r.cookies.a.value } }
    raises("BadSignature", function() request:get_signed_cookie "b" end)
  end)

  it("expire", function()
    local r = http.Response()
    r:set_signed_cookie("c", "value")
    local request = sent(r)
    local clock = signing.clock
    signing.clock = function()
      return clock() + 100
    end
    raises("SignatureExpired", function() request:get_signed_cookie("c", { max_age = 10 }) end)
    assert.equal("d", request:get_signed_cookie("c", { max_age = 10, default = "d" }))
    assert.equal("value", request:get_signed_cookie("c", { max_age = 1000 }))
    signing.clock = clock
  end)

  it("that are missing have a default, or raise", function()
    local request = make {}
    raises("KeyError", function() request:get_signed_cookie "none" end, "there is no cookie 'none'")
    assert.equal("d", request:get_signed_cookie("none", { default = "d" }))
    assert.is_false(request:get_signed_cookie("none", { default = false }))
    assert.is_nil(request:get_signed_cookie("none", { default = null }))
  end)

  it("check their arguments", function()
    local request, r = make {}, http.Response()
    raises("TypeError", function() request:get_signed_cookie(1) end, "the name of a cookie")
    raises("TypeError", function() request:get_signed_cookie("a", { slat = 1 }) end, "did you mean 'salt'?")
    raises("TypeError", function() r:set_signed_cookie({}, "x") end, "the name of a cookie")
    raises("TypeError", function() r:set_signed_cookie("a", "x", { maxage = 1 }) end, "max_age")
    raises("TypeError", function() r:set_signed_cookie("a", "x", 5) end, "options")
  end)

  signing.get_cookie_signer = real
end)

describe("what a view gives", function()
  local from_value = require("perilune._response").from_value

  it("becomes a response", function()
    local r = http.Response "x"
    assert.is_true(rawequal(r, from_value(r)))
    assert.equal("text/html; charset=utf-8", from_value("<p>").content_type)
    assert.equal("<p>", from_value("<p>").content)
    assert.equal("application/json", from_value({ a = 1 }).content_type)
    assert.equal('{"a":1}', from_value({ a = 1 }).content)
    assert.is_nil(from_value(nil))
    assert.is_nil(from_value(false))
    for _, bad in ipairs { 1, true, print } do
      raises("TypeError", function() from_value(bad, "the view x") end, "the view x gave a")
    end
  end)
end)

t.finish()
