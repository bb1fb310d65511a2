-- SPDX-License-Identifier: MIT
-- Every function of perilune.http and every method of its objects, called with arguments
-- that it did not ask for: they raise, or not, and nothing worse.
local t = require "harness"
local http = require "perilune.http"
local requests = require "perilune._request"
local responses = require "perilune._response"
local describe, it, assert = t.describe, t.it, t.assert

local BODY = table.concat {
  '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
  '--B\r\nContent-Disposition: form-data; name="f"; filename="n.txt"\r\n\r\nhello\r\n--B--\r\n',
}

local function a_request()
  return requests.make {
    method = "POST",
    query_string = "a=1",
    headers = { Host = "h", Accept = "a/b", Cookie = "c=1", ["Content-Type"] = "multipart/form-data; boundary=B" },
    body = BODY,
  }
end

local function nothing() end

-- Anew each time: some are changed by what they are given to.
local function values()
  local r = a_request()
  local response = http.Response "x"
  response:set_cookie("c", "1")
  local ended = a_request()
  local file = ended.FILES.f
  requests.finish(ended)
  return {
    false, true, 0, -1, 1.5, 0 / 0, math.huge, math.maxinteger, math.mininteger, "", "x", "/tmp", "GET", "a\0b", ("x"):rep(5000), "\xff\xfe",
    {}, { 1, 2, 3 }, { "GET" }, { a = 1 }, { status = 404 }, { headers = { a = "b" } }, { { {} } },
    setmetatable({}, { __index = function() error "no" end }), setmetatable({}, { __tostring = function() error "no" end }),
    setmetatable({}, { __tostring = function() return "text" end }), setmetatable({}, { __tojson = function() error "no" end }),
    nothing, error, coroutine.create(nothing), io.stdout, r, r.headers, r.FILES, r.FILES.f, r.GET, response, response.headers,
    response.cookies, response.cookies.c, ended, file,
  }
end

-- The same sequence at every run.
local state = 42
local function random(n)
  state = (state * 1103515245 + 12345) % 0x80000000
  return state // 65536 % n + 1
end

local function arguments()
  local pool, list, n = values(), {}, random(6) - 1
  for i = 1, n do
    local k = random(#pool + 1)
    list[i] = pool[k] -- nil for one of them
  end
  return list, n
end

local calls = 0

local function try(fn, ...)
  calls = calls + 1
  local ok, err = pcall(fn, ...)
  if not ok then
    local shown, text = pcall(tostring, err)
    assert(shown and type(text) == "string", "an error without a text")
  end
end

local function try_often(fn, times, self)
  for _ = 1, times do
    local list, n = arguments()
    if self then
      try(fn, self(), table.unpack(list, 1, n))
    else
      try(fn, table.unpack(list, 1, n))
    end
  end
end

describe("wrong arguments", function()
  it("of functions", function()
    for _, module in ipairs { http, responses } do
      for _, fn in pairs(module) do
        if type(fn) == "function" then
          try_often(fn, 80)
        end
      end
    end
    try_often(requests.make, 200)
    try_often(requests.finish, 50)
  end)

  local objects = {
    { a_request, { "accepts", "build_absolute_uri", "get_full_path", "get_full_path_info", "get_host", "get_port", "get_preferred_type", "get_signed_cookie", "is_secure", "json" } },
    { function() return a_request().headers end, { "get", "has" } },
    { function() return a_request().FILES end, { "get", "getlist", "has_key", "keys" } },
    { function() return a_request().FILES.f end, { "read", "seek", "tell", "chunks", "multiple_chunks" } },
    { function() return a_request().GET end, { "get", "getlist", "copy", "urlencode" } },
    { function() return http.Response "x" end, { "delete_cookie", "has_header", "set_cookie", "set_signed_cookie", "setdefault", "write" } },
    { function() return http.StreamingResponse { "x" } end, { "write", "setdefault" } },
    { function() return http.Response("x").headers end, { "get", "has", "setdefault" } },
  }

  it("of methods", function()
    for _, object in ipairs(objects) do
      for _, name in ipairs(object[2]) do
        try_often(object[1]()[name], 80, object[1])
        try_often(object[1]()[name], 20) -- on anything but the object
      end
    end
  end)

  it("of fields", function()
    local makers = {
      function() return http.Response("x").cookies end,
      function()
        local r = http.Response "x"
        r:set_cookie("c", "1")
        return r.cookies.c
      end,
    }
    for _, object in ipairs(objects) do
      makers[#makers + 1] = object[1]
    end
    local names = { "status_code", "content", "streaming_content", "content_type", "reason_phrase", "headers", "cookies", "csrf_exempt", "request_id", "GET", "body", "user", "c", "X-A", "", "\r\n" }
    for _, maker in ipairs(makers) do
      for _ = 1, 120 do
        local object, pool = maker(), values()
        local key = random(2) == 1 and names[random(#names)] or pool[random(#pool)]
        local value = pool[random(#pool + 1)]
        try(function() return object[key] end)
        try(function() object[key] = value end)
        try(function() return object[key] end)
        try(function() return #object end)
        try(tostring, object)
        try(function()
          for _, _ in pairs(object) do -- luacheck: ignore 542
          end
        end)
      end
    end
  end)

  it("leave everything as it was", function()
    assert.is_true(calls > 5000)
    assert.equal('{"a":1}', http.JsonResponse({ a = 1 }).content)
    assert.equal("1", a_request().POST.a)
    collectgarbage()
    collectgarbage()
    assert.equal("hello", a_request().FILES.f:read())
  end)
end)

t.finish()
