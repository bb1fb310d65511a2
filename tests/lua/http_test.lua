-- SPDX-License-Identifier: MIT
-- Responses: perilune.http without a project and without a client. Long, for it goes through every
-- maker of responses with the same few helpers.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local json = require "perilune.json"
local null = require "perilune.null"
local time = require "perilune.time"
local describe, it, assert = t.describe, t.it, t.assert

local function raises(class, fn, pattern)
  local err = assert.raises(fn, pattern)
  if not exceptions.is(err, class) then
    error(("want a %s, got %s"):format(class, tostring(err)), 2)
  end
  return err
end

local text = setmetatable({}, {
  __tostring = function()
    return "an object"
  end,
})

describe("Response", function()
  it("has Django's defaults", function()
    local r = http.Response()
    assert.equal(200, r.status_code)
    assert.equal("", r.content)
    assert.equal("OK", r.reason_phrase)
    assert.equal("text/html; charset=utf-8", r.headers["Content-Type"])
    assert.equal("text/html; charset=utf-8", r.content_type)
    assert.equal("utf-8", r.charset)
    assert.is_false(r.streaming)
    assert.is_nil(r.url)
  end)

  it("takes content and options", function()
    local r = http.Response("hi", { status = 201, content_type = "text/plain", reason = "Made", headers = { ["X-A"] = "1", ["x-b"] = 2 } })
    assert.equal(201, r.status_code)
    assert.equal("Made", r.reason_phrase)
    assert.equal("text/plain", r.headers["content-type"])
    assert.equal("1", r.headers["x-a"])
    assert.equal("2", r.headers["X-B"])
    assert.equal('<Response status_code=201, "text/plain">', tostring(r))
  end)

  it("takes numbers and objects with a text as content", function()
    assert.equal("12", http.Response(12).content)
    assert.equal("1.5", http.Response(1.5).content)
    assert.equal("an object", http.Response(text).content)
    assert.equal("a\0b", http.Response("a\0b").content)
  end)

  it("refuses what has no text", function()
    raises("TypeError", function() http.Response {} end, "the content of a response is a string, not a table")
    raises("TypeError", function() http.Response(true) end, "boolean")
    raises("TypeError", function() http.Response(print) end, "function")
    raises("TypeError", function() http.Response(null == nil and {} or coroutine.create(print)) end, "thread")
    raises("TypeError", function() http.Response "x".content = {} end, "the content of a response")
  end)

  it("lets content be replaced", function()
    local r = http.Response "one"
    r.content = "two"
    assert.equal("two", r.content)
    r.content = r.content .. "!"
    assert.equal("two!", r.content)
    r.content = nil
    assert.equal("", r.content)
    r.content = ("x"):rep(100000)
    assert.equal(100000, #r.content)
  end)

  it("names the nearest of an unknown option", function()
    raises("TypeError", function() http.Response("", { statsu = 1 }) end, "Response has no option 'statsu'; did you mean 'status'?")
    raises("TypeError", function() http.Response("", { 1 }) end, "{ name = value }")
    raises("TypeError", function() http.Response("", 5) end, "the options of Response are a table, not a number")
    raises("TypeError", function() http.NotFound("", { nope = 1 }) end, "NotFound has no option 'nope'")
    raises("TypeError", function() http.Response("", { indent = 2 }) end, "no option 'indent'")
  end)

  it("checks the status", function()
    for _, status in ipairs { 99, 600, -1, 0, math.maxinteger } do
      raises("ValueError", function() http.Response("", { status = status }) end, "from 100 to 599")
    end
    for _, status in ipairs { "200", "x", {}, 200.5, true } do
      raises("TypeError", function() http.Response("", { status = status }) end, "must be an integer")
    end
    assert.equal(404, http.Response("", { status = 404.0 }).status_code)
    local r = http.Response()
    r.status_code = 418
    assert.equal("I'm a Teapot", r.reason_phrase)
    raises("ValueError", function() r.status_code = 1000 end)
    raises("TypeError", function() r.status_code = nil end)
    assert.equal(418, r.status_code)
    r.status_code = 599
    assert.equal("Unknown Status Code", r.reason_phrase)
    r.reason_phrase = "Because"
    assert.equal("Because", r.reason_phrase)
  end)

  it("puts the charset into the type", function()
    assert.equal("text/html; charset=latin-1", http.Response("", { charset = "latin-1" }).content_type)
    assert.equal("latin-1", http.Response("", { charset = "latin-1" }).charset)
    assert.equal("text/plain", http.Response("", { charset = "x", content_type = "text/plain" }).content_type)
    assert.equal("koi8-r", http.Response("", { content_type = 'text/plain; charset="koi8-r"' }).charset)
    raises("ValueError", function() http.Response("", { charset = "a b" }) end, "charset")
    raises("ValueError", function() http.Response("", { charset = "a\r\nb" }) end, "charset")
  end)

  it("has the type of its headers, but not twice", function()
    assert.equal("text/csv", http.Response("", { headers = { ["content-TYPE"] = "text/csv" } }).content_type)
    raises("ValueError", function()
      http.Response("", { content_type = "a/b", headers = { ["Content-Type"] = "text/csv" } })
    end, "must not contain 'Content-Type'")
  end)

  it("takes fields of its own", function()
    local r = http.Response()
    assert.is_nil(r.context)
    r.context = { a = 1 }
    assert.equal(1, r.context.a)
    raises("AttributeError", function() r.streaming = true end, "read-only")
    raises("AttributeError", function() r.has_header = 1 end, "method")
  end)

  it("writes", function()
    local r = http.Response "a"
    assert.equal(r, r:write("b"):write(3):write(text))
    assert.equal("ab3an object", r.content)
    r:write(r.content)
    assert.equal("ab3an objectab3an object", r.content)
    r.content = "new"
    r:write "er"
    assert.equal("newer", r.content)
    for _ = 1, 10000 do
      r:write "0123456789"
    end
    assert.equal(100005, #r.content)
    raises("TypeError", function() r:write {} end, "written")
    raises("TypeError", function() r:write(nil) end, "written")
  end)
end)

describe("headers of a response", function()
  it("do not know case and order them as they were set", function()
    local r = http.Response("", { content_type = "a/b" })
    r.headers["X-One"] = "1"
    r.headers["X-Two"] = 2
    r.headers["x-one"] = "uno"
    local seen = {}
    for name, value in pairs(r.headers) do
      seen[#seen + 1] = name .. "=" .. value
    end
    assert.equal(3, #r.headers)
    assert.same({ "Content-Type=a/b", "x-one=uno", "X-Two=2" }, { seen[1], seen[2]:gsub("^X%-O", "x-o"), seen[3] })
    r.headers["X-TWO"] = nil
    assert.is_nil(r.headers["X-Two"])
    assert.is_false(r:has_header "x-two")
    assert.is_true(r:has_header "x-one")
    assert.is_true(r.headers:has "X-One")
    assert.equal("uno", r.headers:get "X-One")
    assert.equal("d", r.headers:get("X-None", "d"))
    assert.is_nil(r.headers:get "X-None")
    assert.is_nil(r.headers[1])
  end)

  it("have defaults", function()
    local r = http.Response()
    r:setdefault("X-A", "1")
    r:setdefault("x-a", "2")
    r.headers:setdefault("X-B", 3)
    assert.equal("1", r.headers["X-A"])
    assert.equal("3", r.headers["X-B"])
  end)

  it("refuse line ends, zero bytes and names that are none", function()
    local r = http.Response()
    for _, bad in ipairs { "a\r\nb", "a\nb", "a\rb", "a\0b" } do
      raises("BadHeaderError", function() r.headers["X-A"] = bad end)
      raises("BadHeaderError", function() r:setdefault("X-A", bad) end)
      raises("BadHeaderError", function() r.content_type = bad end)
      raises("BadHeaderError", function() r.reason_phrase = bad end)
      raises("BadHeaderError", function() http.Response("", { headers = { ["X-A"] = bad } }) end)
      raises("BadHeaderError", function() http.Response("", { content_type = bad }) end)
      raises("BadHeaderError", function() http.Response("", { reason = bad }) end)
      raises("BadHeaderError", function() http.JsonResponse({}, { content_type = bad }) end)
    end
    for _, bad in ipairs { "a b", "a:", "a\r\n", "", "ä" } do
      raises("BadHeaderError", function() r.headers[bad] = "v" end)
    end
    raises("TypeError", function() r.headers["X-A"] = {} end, "the value of a header field")
    raises("TypeError", function() http.Response("", { headers = { "a" } }) end, "{ name = value }")
    raises("TypeError", function() http.Response("", { headers = "a" }) end, "option 'headers' is a table")
    assert.is_false(r:has_header "X-A")
    assert.is_true(exceptions.is(exceptions.BadHeaderError(), "ValueError"))
    assert.equal(exceptions.BadHeaderError, http.BadHeaderError)
  end)

  it("outlive the response's variable", function()
    local headers = http.Response("", { headers = { ["X-A"] = "kept" } }).headers
    collectgarbage()
    collectgarbage()
    assert.equal("kept", headers["X-A"])
  end)
end)

describe("JsonResponse", function()
  it("encodes any value", function()
    assert.equal('{"a":1,"b":[1,2],"c":null}', http.JsonResponse({ b = { 1, 2 }, a = 1, c = null }).content)
    assert.equal("application/json", http.JsonResponse({}).content_type)
    assert.equal("{}", http.JsonResponse({}).content)
    assert.equal("[]", http.JsonResponse(json.array {}).content)
    assert.equal('"x"', http.JsonResponse("x").content)
    assert.equal("null", http.JsonResponse(nil).content)
    assert.equal("[1]", http.JsonResponse({ 1 }).content)
    assert.raises(function() http.JsonResponse() end, "value expected")
  end)

  it("takes options of both kinds", function()
    local r = http.JsonResponse({ b = 1, a = "ä" }, { status = 201, indent = 1, ensure_ascii = false, headers = { ["X-A"] = "1" } })
    assert.equal(201, r.status_code)
    assert.equal('{\n "a": "ä",\n "b": 1\n}', r.content)
    assert.equal("1", r.headers["X-A"])
    assert.equal('{"a"= 1; "b"= 2}', http.JsonResponse({ a = 1, b = 2 }, { separators = { "; ", "= " } }).content)
    assert.equal("application/problem+json", http.JsonResponse({}, { content_type = "application/problem+json" }).content_type)
    raises("TypeError", function() http.JsonResponse({}, { indnet = 2 }) end, "did you mean 'indent'?")
    raises("TypeError", function() http.JsonResponse({}, { indent = 100 }) end, "indent")
    raises("TypeError", function() http.JsonResponse({}, { indent = {} }) end, "indent")
    raises("TypeError", function() http.JsonResponse({}, { separators = "," }) end, "separators")
    raises("TypeError", function() http.JsonResponse({}, { separators = { "," } }) end, "separators")
    raises("TypeError", function() http.JsonResponse({}, { separators = { ",", ("x"):rep(50) } }) end, "separators")
  end)

  it("is safe when asked", function()
    assert.equal('{"a":1}', http.JsonResponse({ a = 1 }, { safe = true }).content)
    raises("TypeError", function() http.JsonResponse({ 1 }, { safe = true }) end, "not a list")
    raises("TypeError", function() http.JsonResponse("x", { safe = true }) end, "not a string")
  end)

  it("says what cannot be encoded, and works again", function()
    raises("TypeError", function() http.JsonResponse { a = { print } } end, "function")
    local loop = {}
    loop.loop = loop
    raises("Exception", function() http.JsonResponse(loop) end)
    raises("Exception", function() http.JsonResponse { 0 / 0 } end)
    raises("Exception", function() http.JsonResponse "\xff" end)
    assert.equal("[1]", http.JsonResponse({ 1 }).content)
  end)

  it("may be made while one is made", function()
    local object = setmetatable({}, {
      __tojson = function()
        return { inner = http.JsonResponse({ a = 1 }).content }
      end,
    })
    assert.equal('[{"inner":"{\\"a\\":1}"},2]', http.JsonResponse({ object, 2 }).content)
    local failing = setmetatable({}, {
      __tojson = function()
        http.JsonResponse { 1, 2, 3 }
        error "no"
      end,
    })
    assert.raises(function() http.JsonResponse { "long text before", failing } end, "no")
    assert.equal("[1]", http.JsonResponse({ 1 }).content)
  end)

  it("keeps large bodies as they are", function()
    local list = {}
    for i = 1, 50000 do
      list[i] = i
    end
    local r = http.JsonResponse(list)
    local short = http.JsonResponse { 1 }
    assert.equal("[" .. table.concat(list, ",") .. "]", r.content)
    assert.equal("[1]", short.content)
    r:write " "
    assert.equal(" ", r.content:sub(-1))
  end)

  it("does not look at what metamethods do to its options", function()
    local options = { separators = { ",  ", ":  " }, headers = { ["X-A"] = text } }
    local object = setmetatable({}, {
      __tojson = function()
        options.separators[1] = nil
        options.separators[2] = nil
        collectgarbage()
        return { 1, 2 }
      end,
    })
    assert.equal("[1,  2]", http.JsonResponse(object, options).content)
  end)
end)

describe("responses of a status", function()
  it("have it", function()
    local made = { BadRequest = 400, Forbidden = 403, NotFound = 404, Gone = 410, ServerError = 500 }
    for name, status in pairs(made) do
      local r = http[name]("why", { content_type = "text/plain" })
      assert.equal(status, r.status_code)
      assert.equal("why", r.content)
      assert.equal("text/plain", r.content_type)
      assert.equal(status, http[name]().status_code)
    end
  end)

  it("NotModified has neither body nor type", function()
    local r = http.NotModified { headers = { ETag = '"x"' } }
    assert.equal(304, r.status_code)
    assert.is_nil(r.content_type)
    assert.equal('"x"', r.headers.ETag)
    assert.equal(304, http.NotModified().status_code)
    raises("TypeError", function() http.NotModified "text" end, "no content")
  end)

  it("NotAllowed says what is", function()
    local r = http.NotAllowed({ "GET", "POST" }, "no", { content_type = "text/plain" })
    assert.equal(405, r.status_code)
    assert.equal("GET, POST", r.headers.Allow)
    assert.equal("no", r.content)
    assert.equal("", http.NotAllowed({}).headers.Allow)
    raises("TypeError", function() http.NotAllowed "GET" end, "list of the methods")
    raises("TypeError", function() http.NotAllowed { 1 } end, "method 1")
    raises("BadHeaderError", function() http.NotAllowed { "A\r\nB: c" } end)
  end)
end)

describe("redirect", function()
  it("goes to URLs and paths", function()
    local r = http.redirect "/there/?a=1"
    assert.equal(302, r.status_code)
    assert.equal("/there/?a=1", r.headers.Location)
    assert.equal("/there/?a=1", r.url)
    assert.equal("", r.content)
    assert.equal(301, http.redirect("/", { permanent = true }).status_code)
    assert.equal(307, http.redirect("/", { preserve_request = true }).status_code)
    assert.equal(308, http.redirect("/", { permanent = true, preserve_request = true }).status_code)
    for _, url in ipairs { "https://a.example/x", "HTTP://a/", "ftp://a/b", "./here", "../up", "//a/b", "/" } do
      assert.equal(url, http.redirect(url).url)
    end
  end)

  it("goes to objects with get_absolute_url", function()
    local product = {
      id = 3,
      get_absolute_url = function(self)
        return "/products/" .. self.id .. "/"
      end,
    }
    assert.equal("/products/3/", http.redirect(product).url)
    assert.equal("/lazy/", http.redirect(setmetatable({}, { __tostring = function() return "/lazy/" end })).url)
  end)

  it("adds query and fragment", function()
    assert.equal("/a?q=x+y", http.redirect("/a", { query = { q = "x y" } }).url)
    assert.equal("/a?b=1&q=1&q=2#f", http.redirect("/a?b=1#f", { query = { q = { 1, 2 } } }).url)
    assert.equal("/a?q=1#g", http.redirect("/a#f", { query = "q=1", fragment = "g" }).url)
    assert.equal("/a", http.redirect("/a", { query = {} }).url)
    assert.equal("/a?x=1", http.redirect("/a", { query = http.QueryDict "x=1" }).url)
  end)

  it("encodes what may not stand in a URL", function()
    assert.equal("/%C3%A4%20b", http.redirect("/ä b").url)
    assert.equal("/a%0D%0AX:%20y", http.redirect("/a\r\nX: y").url)
    assert.equal("/a%00b", http.redirect("/a\0b").url)
  end)

  it("refuses other schemes, however they are written", function()
    for _, url in ipairs { "javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "\1javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "mailto:a@b", "x-y.z+1:a" } do
      raises("DisallowedRedirect", function() http.ResponseRedirect(url) end, "protocol")
      raises("DisallowedRedirect", function() http.ResponsePermanentRedirect(url) end, "protocol")
    end
    raises("DisallowedRedirect", function() http.redirect("data://x/y") end, "protocol 'data'")
    raises("DisallowedRedirect", function() http.redirect("/" .. ("x"):rep(16384)) end, "16384")
    assert.equal(16384, #http.redirect("/" .. ("x"):rep(16383)).url)
    assert.is_true(exceptions.is(exceptions.DisallowedRedirect(), "SuspiciousOperation"))
  end)

  it("refuses what leads nowhere", function()
    for _, to in ipairs { 5, true, {}, coroutine.create(print) } do
      raises("TypeError", function() http.redirect(to) end, "redirect() takes")
    end
    raises("TypeError", function() http.redirect(nil) end, "redirect() takes")
    raises("TypeError", function() http.ResponseRedirect(nil) end, "takes a URL")
    raises("TypeError", function() http.redirect("/", { permament = true }) end, "did you mean 'permanent'?")
    raises("TypeError", function() http.redirect("/", "x") end, "options")
    raises("TypeError", function() http.ResponseRedirect("/", { status = 1 }) end, "status")
  end)

  it("takes headers", function()
    local r = http.ResponseRedirect("/", { headers = { ["X-A"] = "1" } })
    assert.equal("1", r.headers["X-A"])
  end)
end)

describe("cookies of a response", function()
  it("are set", function()
    local r = http.Response()
    r:set_cookie("a", "b c", { max_age = 10.9, path = "/x", domain = "a.example", secure = true, httponly = true, samesite = "Lax" })
    local c = r.cookies.a
    assert.equal("a", c.key)
    assert.equal("b c", c.value)
    assert.equal("/x", c.path)
    assert.equal("a.example", c.domain)
    assert.equal(10, c.max_age)
    assert.equal("Lax", c.samesite)
    assert.is_true(c.secure)
    assert.is_true(c.httponly)
    assert.is_true(tostring(c):find('^a="b c"; Domain=a.example; expires=%a%a%a, %d%d %a+ %d+ [%d:]+ GMT; HttpOnly; Max%-Age=10; Path=/x; SameSite=Lax; Secure$') ~= nil)
  end)

  it("have defaults", function()
    local r = http.Response()
    r:set_cookie "empty"
    r:set_cookie("number", 5)
    r:set_cookie("object", text)
    assert.equal('empty=""; Path=/', tostring(r.cookies.empty))
    assert.equal("5", r.cookies.number.value)
    assert.equal("an object", r.cookies.object.value)
    assert.is_nil(r.cookies.empty.max_age)
    assert.is_false(r.cookies.empty.secure)
    assert.equal("", r.cookies.empty.domain)
    assert.is_nil(r.cookies.missing)
    assert.is_nil(r.cookies[1])
    local names = {}
    for name, cookie in pairs(r.cookies) do
      names[#names + 1] = name
      assert.equal(name, cookie.key)
    end
    assert.same({ "empty", "number", "object" }, names)
    assert.equal(3, #r.cookies)
  end)

  it("expire at a moment", function()
    local r = http.Response()
    r:set_cookie("text", "x", { expires = "Thu, 01 Jan 2032 00:00:00 GMT" })
    assert.equal("Thu, 01 Jan 2032 00:00:00 GMT", r.cookies.text.expires)
    r:set_cookie("soon", "x", { expires = time.now() + time.timedelta { seconds = 100 } })
    local age = r.cookies.soon.max_age
    assert.is_true(age == 100 or age == 101)
    r:set_cookie("past", "x", { expires = time.datetime(2001, 1, 1) })
    assert.equal(0, r.cookies.past.max_age)
    r:set_cookie("delta", "x", { max_age = time.timedelta { hours = 1 } })
    assert.equal(3600, r.cookies.delta.max_age)
    r:set_cookie("negative", "x", { max_age = -5 })
    assert.equal(-5, r.cookies.negative.max_age)
    raises("ValueError", function()
      r:set_cookie("both", "x", { expires = time.now(), max_age = 1 })
    end, "can't be used together")
  end)

  it("are replaced and deleted", function()
    local r = http.Response()
    r:set_cookie("a", "1", { secure = true })
    local kept = r.cookies.a
    r:set_cookie("a", "2")
    assert.equal("2", r.cookies.a.value)
    assert.equal("2", kept.value)
    assert.equal(1, #r.cookies)
    r:delete_cookie("a", { path = "/x", domain = "d", samesite = "Strict" })
    assert.equal('a=""; Domain=d; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/x; SameSite=Strict', tostring(r.cookies.a))
    r:delete_cookie "__Host-b"
    assert.is_true(r.cookies["__Host-b"].secure)
  end)

  it("are refused when browsers would", function()
    local r = http.Response()
    raises("ValueError", function() r:set_cookie("a b", "1") end, "illegal cookie name 'a b'")
    raises("ValueError", function() r:set_cookie("", "1") end)
    raises("ValueError", function() r:set_cookie("path", "1") end)
    raises("ValueError", function() r:set_cookie("a", "1", { samesite = "maybe" }) end, 'samesite must be "lax", "none", or "strict".')
    raises("ValueError", function() r:set_cookie("a", "1", { samesite = "None" }) end, "secure")
    raises("ValueError", function() r:set_cookie("a", "1", { path = "/;x" }) end, "path")
    raises("ValueError", function() r:set_cookie("a", "1", { domain = "a\r\nb" }) end, "domain")
    raises("ValueError", function() r:set_cookie("a", "1", { max_age = 0 / 0 }) end, "max_age")
    raises("ValueError", function() r:set_cookie("a", "1", { max_age = math.huge }) end, "max_age")
    raises("TypeError", function() r:set_cookie("a", "1", { max_age = "soon" }) end, "max_age")
    raises("TypeError", function() r:set_cookie("a", "1", { expires = 5 }) end, "expires")
    raises("TypeError", function() r:set_cookie("a", "1", { path = 5 }) end, "path")
    raises("TypeError", function() r:set_cookie("a", {}) end, "the value of a cookie")
    raises("TypeError", function() r:set_cookie(1, "x") end, "the name of a cookie")
    raises("TypeError", function() r:set_cookie() end, "the name of a cookie")
    raises("TypeError", function() r:set_cookie("a", "1", { maxage = 1 }) end, "did you mean 'max_age'?")
    raises("TypeError", function() r:delete_cookie("a", { secure = 1 }) end, "delete_cookie has no option 'secure'")
    assert.equal(0, #r.cookies)
  end)

  it("are read-only objects", function()
    local r = http.Response()
    r:set_cookie("a", "1")
    raises("TypeError", function() r.cookies.a = "2" end, "set_cookie")
    raises("AttributeError", function() r.cookies.a.value = "2" end, "read-only")
    raises("AttributeError", function() return r.cookies.a.valeu end, "did you mean 'value'?")
    raises("AttributeError", function() r.cookies = {} end, "read-only")
    local c = r.cookies.a
    r = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.equal("1", c.value)
  end)

  it("leave false out", function()
    local r = http.Response()
    r:set_cookie("a", "1", { path = false, domain = false, samesite = false, secure = false, httponly = false })
    assert.equal("a=1", tostring(r.cookies.a))
  end)
end)

describe("StreamingResponse", function()
  local function pieces(r)
    local list = {}
    for piece in r.streaming_content do
      list[#list + 1] = piece
    end
    return table.concat(list, "|")
  end

  it("takes functions, coroutines and lists", function()
    local n = 0
    local r = http.StreamingResponse(function()
      n = n + 1
      return n <= 3 and "p" .. n or nil
    end, { content_type = "text/plain", status = 201 })
    assert.is_true(r.streaming)
    assert.equal(201, r.status_code)
    assert.equal("text/plain", r.content_type)
    assert.equal("p1|p2|p3", pieces(r))
    assert.equal("a|b", pieces(http.StreamingResponse { "a", "b" }))
    local function two()
      coroutine.yield "1"
      coroutine.yield "2"
    end
    assert.equal("1|2", pieces(http.StreamingResponse(coroutine.wrap(two))))
    assert.equal("1|2", pieces(http.StreamingResponse(coroutine.create(two))))
    local left = 2
    local object = setmetatable({}, {
      __call = function()
        left = left - 1
        return left >= 0 and tostring(left) or nil
      end,
    })
    assert.equal("1|0", pieces(http.StreamingResponse(object)))
  end)

  it("has no content", function()
    local r = http.StreamingResponse { "a" }
    raises("AttributeError", function() return r.content end, "no content")
    raises("AttributeError", function() r.content = "x" end, "streaming_content")
    raises("AttributeError", function() r:write "x" end, "streaming")
  end)

  it("can be wrapped", function()
    local r = http.StreamingResponse { "a", "b" }
    local inner = r.streaming_content
    r.streaming_content = function()
      local piece = inner()
      return piece and piece:upper()
    end
    assert.equal("A|B", pieces(r))
    raises("TypeError", function() r.streaming_content = "x" end, "function")
    raises("AttributeError", function() http.Response().streaming_content = print end, "StreamingResponse")
    assert.is_nil(http.Response().streaming_content)
  end)

  it("closes what it had, once", function()
    local closed = {}
    local source = { "a" }
    function source:close()
      closed[#closed + 1] = self == source and "source" or "?"
    end
    local function option()
      closed[#closed + 1] = "option"
    end
    local r = http.StreamingResponse(source, { close = option })
    assert.equal(0, #closed)
    require("perilune._response").stream(r, print)
    assert.same({ "source", "option" }, closed)
    local co = coroutine.create(function()
      local guard <close> = setmetatable({}, { __close = function() closed[#closed + 1] = "coroutine" end }) -- luacheck: ignore
      coroutine.yield "x"
    end)
    r = http.StreamingResponse(co)
    assert.equal("x", r.streaming_content())
    require("perilune._response").stream(r, print)
    assert.equal("coroutine", closed[3])
    r = http.StreamingResponse({ "a" }, { close = function() error "not shown" end })
    require("perilune._response").stream(r, print)
    raises("TypeError", function() http.StreamingResponse({}, { close = 1 }) end, "close")
  end)

  it("raises what a coroutine raises", function()
    local r = http.StreamingResponse(coroutine.create(function()
      error(exceptions.ValueError "inside")
    end))
    raises("ValueError", function() r.streaming_content() end, "inside")
    assert.is_nil(r.streaming_content())
  end)

  it("refuses what gives no pieces", function()
    for _, bad in ipairs { 1, "text", true } do
      raises("TypeError", function() http.StreamingResponse(bad) end)
    end
    raises("TypeError", function() http.StreamingResponse(nil) end)
    raises("TypeError", function() http.StreamingResponse(print, { nope = 1 }) end, "nope")
  end)
end)

describe("shortcuts for objects", function()
  local Product = { name = "Product", _meta = { object_name = "Product" } }
  local QuerySet = {}
  QuerySet.__index = QuerySet
  local function queryset(rows)
    return setmetatable({ rows = rows, model = Product }, QuerySet)
  end
  QuerySet.__len = function(self)
    return #self.rows
  end
  function QuerySet:filter(conditions)
    local found = {}
    for _, row in ipairs(self.rows) do
      if row.kind == conditions.kind then
        found[#found + 1] = row
      end
    end
    return queryset(found)
  end
  function QuerySet:all()
    return queryset(self.rows)
  end
  function QuerySet:get(conditions)
    local found = conditions and self:filter(conditions).rows or self.rows
    if #found == 0 then
      error(exceptions.ObjectDoesNotExist "none")
    elseif #found > 1 then
      error(exceptions.MultipleObjectsReturned "many")
    end
    return found[1]
  end
  local one = { kind = "a" }
  Product.objects = queryset { one, { kind = "b" }, { kind = "b" } }

  it("find one", function()
    assert.equal(one, http.get_object_or_404(Product, { kind = "a" }))
    assert.equal(one, http.get_object_or_404(Product.objects, { kind = "a" }))
    raises("Http404", function() http.get_object_or_404(Product, { kind = "z" }) end, "No Product matches the given query.")
    raises("MultipleObjectsReturned", function() http.get_object_or_404(Product, { kind = "b" }) end)
  end)

  it("find several", function()
    assert.equal(2, #http.get_list_or_404(Product, { kind = "b" }))
    assert.equal(3, #http.get_list_or_404(Product))
    raises("Http404", function() http.get_list_or_404(Product, { kind = "z" }) end, "No Product matches")
  end)

  it("say what they take", function()
    for _, bad in ipairs { 1, "x", true, {}, print } do
      raises("ValueError", function() http.get_object_or_404(bad, {}) end, "must be a Model, Manager, or QuerySet")
      raises("ValueError", function() http.get_list_or_404(bad, {}) end, "must be a Model, Manager, or QuerySet")
    end
    raises("ValueError", function() http.get_object_or_404() end)
  end)
end)

describe("perilune.http", function()
  it("is described for editors, name by name", function()
    local file = assert(io.open "../../bindings/meta/http.lua")
    local meta = file:read "a"
    file:close()
    local described, missing = {}, {}
    for name in meta:gmatch "\nfunction http%.([%w_]+)" do
      described[name] = true
    end
    for name in meta:match("@class perilune.http\n(.-)\nlocal http"):gmatch "@field ([%w_]+)" do
      described[name] = true
    end
    for name in pairs(http) do
      if not described[name] then
        missing[#missing + 1] = name
      end
      described[name] = nil
    end
    assert.same({}, missing)
    assert.is_nil((next(described)))
  end)

  it("has QueryDict, cookies and Http404", function()
    assert.equal("2", http.QueryDict("a=1&a=2").a)
    assert.equal("b", http.parse_cookie("a=b").a)
    assert.equal(exceptions.Http404, http.Http404)
  end)
end)

describe("what a view gives", function()
  local from_value = require("perilune._response").from_value
  local safestring = require "perilune.utils.safestring"
  it("is HTML for strings, safe ones too", function()
    for _, value in ipairs { "<b>", safestring.mark_safe "<b>" } do
      local response = from_value(value, "view")
      assert.equal("<b>", response.content)
      assert.equal("text/html; charset=utf-8", response.headers["Content-Type"])
    end
  end)
end)

t.finish()
