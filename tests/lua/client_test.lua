-- SPDX-License-Identifier: MIT
-- perilune.http.client against tests/http/origin.py, which this starts on the loopback.
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local client = require "perilune.http.client"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local time = require "perilune.time"

local origin = io.popen "exec python3 ../http/origin.py"
local ports = origin:read "l"
if not ports then
  print "left out: there is no python3"
  return t.finish()
end
local port, tls_port = ports:match "(%d+) (%d+)"
local base, tls = "http://127.0.0.1:" .. port, "https://localhost:" .. tls_port
local CA = "../http/tls/localhost.crt"
local has_json = pcall(require, "perilune.json")

-- The environment of whoever runs the tests may name a proxy.
local function direct(opts)
  opts = opts or {}
  if opts.proxy == nil then
    opts.proxy = false
  end
  return opts
end

local function get(path, opts)
  return client.get(path:find "^%a+:" and path or base .. path, direct(opts))
end

local function send(method, path, opts)
  opts = direct(opts)
  opts.method, opts.url = method, base .. path
  return client.request(opts)
end

-- What /echo says of the request, without a JSON parser.
local function echoed(r, name)
  return r.body:match('"' .. name:gsub("%-", "%%-") .. '": %[?"?([^"%]]*)')
end

local function connections()
  return tonumber(get("/count").body)
end

local function since(start)
  return time.monotonic() - start
end

describe("client: answers", function()
  it("gives status, headers in any case, body and URL", function()
    local r = get "/echo?a=1"
    assert.equal(200, r.status)
    assert.equal("application/json", r.headers["Content-Type"])
    assert.equal("application/json", r.headers["CONTENT-TYPE"])
    assert.is_nil(r.headers["x-none"])
    assert.equal(base .. "/echo?a=1", r.url)
    assert.equal("GET", echoed(r, "method"))
    assert.equal("/echo?a=1", echoed(r, "target"))
    assert.equal("127.0.0.1:" .. port, echoed(r, "host"))
    assert.is_true(echoed(r, "user-agent"):find "^Perilune/" ~= nil)
  end)
  it("gives whatever status comes", function()
    for _, status in ipairs { 201, 204, 304, 400, 404, 500, 503 } do
      local r = get("/status/" .. status)
      assert.equal(status, r.status)
      assert.equal((status == 204 or status == 304) and "" or "a body", r.body)
    end
  end)
  it("knows repeated and empty fields", function()
    local r = get "/cookies"
    assert.equal("a=1, b=2", r.headers["set-cookie"])
    assert.same({ "a=1", "b=2" }, r:header_values "Set-Cookie")
    assert.same({}, r:header_values "Nope")
    assert.equal("", r.headers["x-empty"])
    local names = {}
    for name in pairs(r.headers) do
      names[name] = true
    end
    assert.is_true(names["set-cookie"])
  end)
  it("takes chunks, and leaves trailers alone", function()
    local r = get "/chunked"
    assert.equal("piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n", r.body)
    assert.is_nil(r.headers["x-sum"])
  end)
  it("unpacks", function()
    assert.equal(("unpacked "):rep(1000), get("/gzip?times=1000").body)
    assert.is_true(echoed(get "/echo", "accept-encoding"):find("gzip", 1, true) ~= nil)
  end)
  it("passes over interim answers", function()
    local r = get "/interim"
    assert.equal(200, r.status)
    assert.equal("final", r.body)
    assert.is_nil(r.headers["x-early"])
  end)
  it("takes a large body whole", function()
    local r = get("/big?bytes=9000000")
    assert.equal(9000000, #r.body)
  end)
  it("parses JSON, and says whose answer is none", function()
    if has_json then
      assert.equal("GET", get("/echo"):json().method)
      local err = assert.raises(function() get("/count"):json().x = 1 end)
      assert.is_true(err ~= nil)
      err = assert.raises(function() get("/gzip"):json() end, base .. "/gzip is no JSON")
      assert.is_true(exceptions.is(err, "ValueError"))
    end
  end)
  it("shows itself", function()
    assert.equal(("<perilune.http.client.Response 200 %s/count>"):format(base), tostring(get "/count"))
  end)
end)

describe("client: requests", function()
  it("has a function for each method", function()
    for _, method in ipairs { "get", "post", "put", "patch", "delete" } do
      assert.equal(method:upper(), echoed(client[method](base .. "/echo", direct()), "method"))
    end
    local r = client.head(base .. "/echo", direct())
    assert.equal(200, r.status)
    assert.equal("", r.body)
    assert.is_true(tonumber(r.headers["content-length"]) > 0)
  end)
  it("sends any method", function()
    assert.equal("PURGE", echoed(send("purge", "/echo"), "method"))
    assert.equal("GET", echoed(send(nil, "/echo"), "method"))
  end)
  it("writes the query", function()
    local function target(path, query)
      return echoed(get(path, { query = query }), "target")
    end
    assert.equal("/echo?a=1&b=x+%26+y", target("/echo", { b = "x & y", a = 1 }))
    assert.equal("/echo?z=0&a=1&a=2", target("/echo?z=0", { a = { 1, 2 } }))
    assert.equal("/echo?a=1", target("/echo?", { a = 1 }))
    assert.equal("/echo?q", target("/echo", "q"))
    assert.equal("/echo?a=1", target("/echo#top", { a = 1 }))
    assert.equal("/echo", target("/echo", {}))
  end)
  it("knows international host names", function()
    local r = client.get("http://bücher.example/echo", { proxy = base })
    assert.equal("xn--bcher-kva.example", echoed(r, "host"))
    assert.equal("http://xn--bcher-kva.example/echo", r.url)
  end)
  it("encodes what a URL cannot hold as it is", function()
    assert.equal("/echo/a%20b", echoed(get "/echo/a b", "target"))
    assert.equal("/echo/%c3%a9", echoed(get "/echo/é", "target"):lower())
  end)
  it("sends a body as it is", function()
    local bytes = "\0\1\2 binary \255"
    local r = send("PUT", "/echo", { body = bytes, headers = { ["Content-Type"] = "x/y" } })
    assert.equal(tostring(#bytes), r.body:match '"length": (%d+)')
    assert.equal("x/y", echoed(r, "content-type"))
    r = send("POST", "/echo", { body = "abc" })
    assert.is_nil(echoed(r, "content-type"))
    assert.equal("abc", echoed(r, "body"))
    assert.equal("0", echoed(send("POST", "/echo"), "content-length"))
    assert.is_nil(echoed(send("DELETE", "/echo"), "content-length"))
    assert.equal("q", echoed(send("GET", "/echo", { body = "q" }), "body"))
  end)
  it("sends a large body at once", function()
    local r = send("POST", "/echo", { body = ("z"):rep(3000000) })
    assert.equal("3000000", r.body:match '"length": (%d+)')
    assert.is_nil(echoed(r, "expect"))
  end)
  it("sends forms", function()
    local r = send("POST", "/echo", { data = { b = "ü", a = { 1, 2 } } })
    assert.equal("application/x-www-form-urlencoded", echoed(r, "content-type"))
    assert.equal("a=1&a=2&b=%C3%BC", echoed(r, "body"))
    assert.equal("x=1", echoed(send("POST", "/echo", { data = "x=1" }), "body"))
  end)
  it("sends JSON", function()
    if has_json then
      local r = send("POST", "/echo", { json = { a = 1 } })
      assert.equal("application/json", echoed(r, "content-type"))
      assert.equal(1, require("perilune.json").decode(r:json().body).a)
    end
  end)
  it("sends files", function()
    local r = send("POST", "/echo", {
      data = { title = "T" },
      files = { a = { filename = 'na"me.txt', content = "AAA" }, b = { { filename = "x.bin", content = "1", content_type = "x/y" }, "2" } },
    })
    local boundary = echoed(r, "content-type"):match "^multipart/form%-data; boundary=([%w-]+)$"
    local body = r.body:match '"body": "(.*)", "length"'
    assert.is_true(#boundary > 30)
    assert.equal(table.concat({
      "--B", 'Content-Disposition: form-data; name=\\"title\\"', "", "T",
      "--B", 'Content-Disposition: form-data; name=\\"a\\"; filename=\\"na%22me.txt\\"', "Content-Type: text/plain", "", "AAA",
      "--B", 'Content-Disposition: form-data; name=\\"b\\"; filename=\\"x.bin\\"', "Content-Type: x/y", "", "1",
      "--B", 'Content-Disposition: form-data; name=\\"b\\"; filename=\\"b\\"', "Content-Type: application/octet-stream", "", "2",
      "--B--", "",
    }, "\\r\\n"), (body:gsub(boundary:gsub("%-", "%%-"), "B")))
  end)
  it("sends headers", function()
    local r = get("/echo", { headers = { ["X-One"] = 1, ["X-Two"] = { "a", "b" }, Accept = "x/y", ["X-Empty"] = "", ["User-Agent"] = "me" } })
    assert.equal("1", echoed(r, "x-one"))
    assert.is_true(r.body:find('"x-two": ["a", "b"]', 1, true) ~= nil)
    assert.equal("x/y", echoed(r, "accept"))
    assert.equal("", echoed(r, "x-empty"))
    assert.equal("me", echoed(r, "user-agent"))
  end)
  it("signs in", function()
    assert.equal("Basic dXNlcjpwOncgw6k=", echoed(get("/echo", { auth = { "user", "p:w é" } }), "authorization"))
    assert.equal("Bearer abc", echoed(get("/echo", { auth = "abc" }), "authorization"))
    local r = get(("http://me:s%%40cret@127.0.0.1:%s/echo"):format(port))
    assert.equal("Basic bWU6c0BjcmV0", echoed(r, "authorization"))
    assert.equal(base .. "/echo", r.url)
  end)
end)

describe("client: what cannot be sent", function()
  local function refused(url, opts, text)
    local err = assert.raises(function() client.get(url, direct(opts)) end, text)
    assert(exceptions.is(err, "ValueError"), url .. ": " .. tostring(err))
    return err
  end
  it("URLs", function()
    for url, text in pairs {
      [""] = "not absolute", ["example.com/x"] = "not absolute", ["/x"] = "not absolute",
      ["ftp://example.com/"] = "scheme 'ftp' is not http or https", ["file:///etc/passwd"] = "",
      ["javascript:alert(1)"] = "no '//'", ["http://"] = "", ["http:///x"] = "no '//' and host", ["http:/x"] = "no '//'", ["http:x"] = "no '//'", ["http://a:99999/"] = "", ["http://a b/"] = "",
      ["http://127.0.0.1/a\r\nX: y"] = "line end", ["http://127.0.0.1/a\nb"] = "line end", ["http://a\0b/"] = "control",
      ["http://a/" .. ("x"):rep(70000)] = "longer than 65536",
    } do
      refused(url, nil, text)
    end
  end)
  it("headers", function()
    for name, value in pairs { ["X-A"] = "a\r\nX-B: b", ["X-B"] = "a\nb", ["X-C"] = "a\0b", ["X D"] = "1", ["X:"] = "1", [""] = "1",
      ["Content-Length"] = "5", ["transfer-encoding"] = "chunked" } do
      refused(base .. "/echo", { headers = { [name] = value } })
    end
  end)
  it("methods and options", function()
    assert.raises(function() send("GE T", "/") end, "method")
    assert.raises(function() send("A\r\nB", "/") end, "method")
    assert.raises(function() get("/", { tiemout = 1 }) end, "timeout")
    assert.raises(function() get("/", { method = "POST" }) end, "unknown option 'method'")
    assert.raises(function() client.get(nil) end, "URL is a string")
    refused(base, { timeout = -1 }, "timeout is a number from 0 up")
    refused(base, { timeout = "x" }, "timeout")
    refused(base, { redirects = 1.5 }, "redirects")
    refused(base, { body = {} }, "body is a string")
    refused(base, { body = "a", data = "b" }, "'data' and 'body' were given")
    refused(base, { files = { a = 1 } }, "files.a")
    refused(base, { public_only = true, proxy = "http://127.0.0.1:1" }, "public_only")
  end)
  it("passwords stay out of messages", function()
    local err = refused("http://me:secret@127.0.0.1/a\nb", nil, "http://me:***@127.0.0.1/a")
    assert.is_nil(tostring(err):find("secret", 1, true))
    err = refused("ftp://me:sec@ret@host/", nil, "ftp://me:***@host/")
    assert.equal("ftp://me:***@host/", err.url)
    err = refused("ftp://host/", nil, "GET ftp://host/: scheme 'ftp'")
    assert.equal("scheme 'ftp' is not http or https", err.reason)
    err = assert.raises(function() get "http://me:secret@127.0.0.1:1/" end, "GET http://me:***@127.0.0.1:1/: ")
    assert.is_true(err:is "ConnectionError")
  end)
end)

describe("client: redirects", function()
  it("follows, up to five", function()
    local r = get "/hops/5"
    assert.equal(200, r.status)
    assert.equal(base .. "/hops/0", r.url)
    local err = assert.raises(function() get "/hops/6" end, "more than 5 redirects")
    assert.is_true(err:is "ConnectionError")
    assert.equal(200, get("/hops/7", { redirects = 7 }).status)
    r = get("/hops/3", { redirects = false })
    assert.equal(302, r.status)
    assert.equal("/hops/2", r.headers.location)
    assert.raises(function() get("/hops/3", { redirects = 2 }) end, "more than 2 redirects")
  end)
  it("changes the method where the status says so", function()
    local function method(from, status)
      local r = send(from, "/to?url=/echo&status=" .. status, { body = from == "POST" and "abc" or nil, headers = { ["Content-Type"] = "x/y" } })
      return echoed(r, "method"), echoed(r, "body"), echoed(r, "content-type")
    end
    for status, want in pairs { [301] = "GET", [302] = "GET", [303] = "GET", [307] = "POST", [308] = "POST" } do
      local got, body, kind = method("POST", status)
      assert.equal(want, got)
      assert.equal(want == "POST" and "abc" or "", body)
      assert.equal(want == "POST" and "x/y" or nil, kind)
    end
    assert.equal("PUT", (method("PUT", 302)))
    assert.equal("GET", (method("PUT", 303)))
    assert.equal(200, send("HEAD", "/to?url=/echo&status=303").status)
  end)
  it("keeps credentials from other origins", function()
    local opts = { auth = { "u", "p" }, headers = { Cookie = "c=1", ["X-Other"] = "kept" } }
    local r = get("/to?url=/echo", opts)
    assert.equal("Basic dTpw", echoed(r, "authorization"))
    assert.equal("c=1", echoed(r, "cookie"))
    r = get(("/to?url=http://localhost:%s/echo"):format(port), opts)
    assert.is_nil(echoed(r, "authorization"))
    assert.is_nil(echoed(r, "cookie"))
    assert.equal("kept", echoed(r, "x-other"))
    r = get(("/to?url=http://localhost:%s/to%%3Furl%%3D%s/echo"):format(port, base), { auth = "token" })
    assert.is_nil(echoed(r, "authorization")) -- not on the way back either
    r = get(("/to?url=http://x:y@127.0.0.1:%s/echo"):format(port))
    assert.is_nil(echoed(r, "authorization")) -- nor what the redirect itself brings
  end)
  it("goes nowhere but to http and https", function()
    for _, url in ipairs { "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:1/", "javascript:1" } do
      local err = assert.raises(function() get("/to?url=" .. url) end, "redirected: ")
      assert(err:is "ValueError", tostring(err))
    end
  end)
end)

describe("client: limits", function()
  it("of time, for all of it", function()
    local start = time.monotonic()
    local err = assert.raises(function() get("/slow?seconds=5", { timeout = 0.2 }) end, "no whole answer in time")
    assert.is_true(err:is "TimeoutError")
    assert.is_true(since(start) < 1)
    start = time.monotonic()
    assert.raises(function() get("/drip", { timeout = 0.3 }) end, "in time")
    assert.is_true(since(start) < 1)
    assert.equal("slow", get("/slow?seconds=0.05", { timeout = false }).body)
  end)
  it("of time, to connect", function()
    local start = time.monotonic() -- nothing answers in 192.0.2.0/24, if it is routed at all
    local err = assert.raises(function() get("http://192.0.2.1:9/", { connect_timeout = 0.2 }) end)
    assert(err:is "OSError", tostring(err))
    assert.is_true(since(start) < 2)
  end)
  it("of the fiber", function()
    local start = time.monotonic()
    local err = assert.raises(function()
      fiber.timeout(0.1, function() get "/slow?seconds=5" end)
    end)
    assert.is_true(err:is "TimeoutError")
    assert.is_true(since(start) < 1)
  end)
  it("of the body", function()
    for path, opts in pairs {
      ["/big?bytes=1001"] = { max_bytes = 1000 }, ["/chunked"] = { max_bytes = 20 }, ["/gzip?times=1000"] = { max_bytes = 5000 },
      ["/big?bytes=10485761"] = {}, ["/endless"] = {}, ["/gzip?times=3000000"] = {},
    } do
      local err = assert.raises(function() get(path, opts) end, "max_bytes")
      assert.is_true(err:is "TooLargeError")
    end
    assert.equal(1000, #get("/big?bytes=1000", { max_bytes = 1000 }).body)
    assert.equal("", get("/status/204", { max_bytes = 0 }).body)
    assert.equal(200, client.head(base .. "/big?bytes=5000000", direct { max_bytes = 10 }).status)
  end)
  it("of the header", function()
    local err = assert.raises(function() get "/longheader" end, "header is larger")
    assert.is_true(err:is "TooLargeError")
  end)
end)

describe("client: broken connections", function()
  for path, what in pairs { ["/short"] = "closed in the body", ["/reset"] = "reset in the body", ["/nothing"] = "no answer", ["/garbage"] = "no HTTP" } do
    it(what, function()
      local err = assert.raises(function() get(path) end, "GET " .. base .. path .. ": ")
      assert(err:is "ConnectionError", tostring(err))
      assert.is_true(err:is "OSError")
      assert.is_true(#err.reason > 5)
      assert.equal(base .. path, err.url)
    end)
  end
  it("nobody there", function()
    local err = assert.raises(function() get "http://127.0.0.1:1/" end, "GET http://127.0.0.1:1/: ")
    assert.is_true(err:is "ConnectionError")
  end)
  it("no such host", function()
    local err = assert.raises(function() get("http://no-such-host.invalid/", { timeout = 10 }) end, "no-such-host.invalid")
    assert.is_true(err:is "OSError")
  end)
  it("the next request has a new one", function()
    assert.equal(200, get("/echo").status)
  end)
end)

describe("client: only public addresses", function()
  it("refuses this machine and its networks, by whatever name", function()
    assert.equal(200, get("/echo").status) -- a kept connection is no way around it
    for _, host in ipairs {
      "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]", "10.0.0.1",
      "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fc00::1]", "[64:ff9b::7f00:1]",
    } do
      local start = time.monotonic()
      local err = assert.raises(function()
        client.get(("http://%s:%s/echo"):format(host, port), { public_only = true, timeout = 3 })
      end)
      assert(err:is "ValueError", host .. ": " .. tostring(err))
      assert.is_true(since(start) < 1)
    end
  end)
end)

describe("client: TLS", function()
  it("looks at certificates", function()
    local err = assert.raises(function() get(tls .. "/echo") end, "certificate")
    assert.is_true(err:is "ConnectionError")
    assert.equal(200, get(tls .. "/echo", { verify = CA }).status)
    assert.equal(200, get(tls .. "/echo", { verify = false }).status)
    assert.raises(function() get(tls .. "/echo") end, "certificate") -- whatever is kept open
    assert.raises(function() get(tls .. "/echo", { verify = "no-such-file.pem" }) end)
    err = assert.raises(function() get("http://localhost:" .. tls_port .. "/") end)
    assert.is_true(err:is "ConnectionError")
    assert.raises(function() get("https://localhost:" .. port .. "/") end)
  end)
end)

describe("client: proxies", function()
  it("sends the whole URL there", function()
    local r = client.get("http://example.invalid/echo?a=1", { proxy = base })
    assert.equal("http://example.invalid/echo?a=1", echoed(r, "target"))
    assert.equal("example.invalid", echoed(r, "host"))
  end)
end)

describe("client: in fibers", function()
  it("keeps connections", function()
    get "/echo"
    local before = connections()
    for _ = 1, 20 do
      get "/echo"
    end
    assert.equal(before, connections())
  end)
  it("20 at once wait together", function()
    local start, functions = time.monotonic(), {}
    for i = 1, 20 do
      functions[i] = function()
        return get("/slow?seconds=0.3&n=" .. i).body
      end
    end
    local bodies = { fiber.gather(functions) }
    assert.equal(20, #bodies)
    assert.is_true(since(start) < 2)
    local before = connections()
    fiber.gather(functions)
    assert.is_true(connections() <= before + 1)
  end)
  it("others run meanwhile", function()
    local ticks = 0
    local ticker = fiber.spawn(function()
      while true do
        fiber.sleep(0.01)
        ticks = ticks + 1
      end
    end)
    get "/slow?seconds=0.3"
    ticker:cancel()
    assert.is_true(ticks > 10)
  end)
  it("is cancelled", function()
    local f = fiber.spawn(function() get "/slow?seconds=10" end)
    fiber.sleep(0.05)
    local start = time.monotonic()
    f:cancel()
    local err = assert.raises(function() f:join() end)
    assert.is_true(err:is "CancelledError")
    assert.is_true(since(start) < 1)
    f = fiber.spawn(function() get("http://no-such-host.invalid/") end)
    fiber.yield()
    f:cancel() -- while the name is looked up
    start = time.monotonic()
    pcall(f.join, f)
    assert.is_true(since(start) < 1)
    assert.equal("failed", (fiber.spawn(function() end):join()) or "failed")
    assert.equal(200, get("/echo").status)
  end)
  it("gather cancels the others when one fails", function()
    local start = time.monotonic()
    assert.raises(function()
      fiber.gather {
        function() get "/slow?seconds=10" end,
        function() get "/reset" end,
        function() get "/drip" end,
      }
    end, "/reset")
    assert.is_true(since(start) < 2)
  end)
  it("many fail and the rest goes on", function()
    local functions, good = {}, 0
    for i = 1, 30 do
      functions[i] = function()
        local ok = pcall(get, i % 3 == 0 and "/reset" or i % 3 == 1 and "/short" or "/echo")
        good = good + (ok and 1 or 0)
      end
    end
    fiber.gather(functions)
    assert.equal(10, good)
  end)
end)

-- Ask it to go; then everything idle is closed by the other side.
pcall(get, "/quit")
origin:close()
describe("client: after the server", function()
  it("finds its kept connections gone", function()
    local err = assert.raises(function() get "/echo" end)
    assert.is_true(err:is "ConnectionError")
  end)
end)
t.finish()
