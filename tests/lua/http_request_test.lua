-- SPDX-License-Identifier: MIT
-- Requests that no client sent: what can be read of them, and that it ends with them.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local requests = require "perilune._request"
local describe, it, assert = t.describe, t.it, t.assert

local function raises(class, fn, pattern)
  local err = assert.raises(fn, pattern)
  if not exceptions.is(err, class) then
    error(("want a %s, got %s"):format(class, tostring(err)), 2)
  end
  return err
end

local make = requests.make

local function form(fields)
  return make { method = "POST", headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }, body = fields }
end

local function part(name, content, filename, type)
  local head = ('--B\r\nContent-Disposition: form-data; name="%s"'):format(name)
  if filename then
    head = ('%s; filename="%s"\r\nContent-Type: %s'):format(head, filename, type or "text/plain")
  end
  return head .. "\r\n\r\n" .. content .. "\r\n"
end

local function multipart(...)
  return make { method = "POST", headers = { ["Content-Type"] = "multipart/form-data; boundary=B" }, body = table.concat { ... } .. "--B--\r\n" }
end

describe("a request", function()
  it("has a method, a path and a query", function()
    local r = make { method = "PUT", path = "/a b/ä/", query_string = "x=1&y=%20" }
    assert.equal("PUT", r.method)
    assert.equal("/a b/ä/", r.path)
    assert.equal("/a b/ä/", r.path_info)
    assert.equal("/a%20b/%C3%A4/?x=1&y=%20", r.full_path)
    assert.equal("x=1&y=%20", r.query_string)
    assert.equal("<Request: PUT '/a b/ä/?x=1&y=%20'>", tostring(r))
    assert.equal("http", r.scheme)
    assert.is_false(r:is_secure())
    assert.equal("https", make({ secure = true }).scheme)
    assert.equal("127.0.0.1", r.remote_addr)
    assert.is_nil(r.resolver_match)
  end)

  it("has a full path as it may stand in a URL", function()
    assert.equal("/%3Bsome/%3Fx/%3Dy/a:b/?;s=q&+q=s", make({ path = "/;some/?x/=y/a:b/", query_string = ";s=q&+q=s" }):get_full_path())
    assert.equal("/a/", make({ path = "/a" }):get_full_path(true))
    assert.equal("/a/?b", make({ path = "/a", query_string = "b" }):get_full_path { force_append_slash = true })
    assert.equal("/a/", make({ path = "/a/" }):get_full_path(true))
    assert.equal("/foo%23bar?baz#quux", make({ path = "/foo#bar", query_string = "baz#quux" }):get_full_path_info())
  end)

  it("takes fields of its own, but keeps its own", function()
    local r = make {}
    assert.is_nil(r.user)
    assert.is_nil(r.session)
    r.user = { name = "x" }
    assert.equal("x", r.user.name)
    r.request_id = "abc"
    assert.equal("abc", r.request_id)
    for _, name in ipairs { "method", "path", "GET", "POST", "FILES", "COOKIES", "META", "headers", "body", "resolver_match" } do
      raises("AttributeError", function() r[name] = 1 end, "read-only")
    end
    raises("AttributeError", function() r.json = 1 end, "method")
    assert.equal(22, #r.csp_nonce)
    assert.equal(r.csp_nonce, r.csp_nonce)
  end)

  it("is equal to itself alone, and a key", function()
    local a, b = make {}, make {}
    assert.is_true(a == a) -- luacheck: ignore
    assert.is_true(a ~= b)
    local seen = { [a] = 1 }
    assert.equal(1, seen[a])
    assert.is_nil(seen[b])
  end)
end)

describe("headers of a request", function()
  local r = make { headers = { { "User-Agent", "me" }, { "X-Many", "1" }, { "x-many", "2" }, { "X_Sly", "no" }, { "Cookie", "a=1" }, { "Cookie", "b=2" } } }

  it("do not know case", function()
    assert.equal("me", r.headers["user-agent"])
    assert.equal("me", r.headers["USER-AGENT"])
    assert.equal("me", r.headers.user_agent)
    assert.is_nil(r.headers.Missing)
    assert.is_nil(r.headers[1])
    assert.equal("d", r.headers:get("Missing", "d"))
    assert.is_true(r.headers:has "user_agent")
    assert.is_false(r.headers:has "Missing")
    assert.equal(6, #r.headers)
  end)

  it("are joined when they come twice", function()
    assert.equal("1, 2", r.headers["X-Many"])
    assert.equal("1,2", r.META.HTTP_X_MANY)
    assert.equal("a=1; b=2", r.headers.Cookie)
    assert.equal("a=1; b=2", r.META.HTTP_COOKIE)
    assert.same({ a = "1", b = "2" }, r.COOKIES)
  end)

  it("with an underscore cannot pass for others", function()
    assert.is_nil(r.headers["X-Sly"])
    assert.is_nil(r.headers.x_sly)
    assert.is_nil(r.META.HTTP_X_SLY)
  end)

  it("are listed as they came, and read-only", function()
    local names = {}
    for name in pairs(r.headers) do
      names[#names + 1] = name
    end
    assert.same({ "User-Agent", "X-Many", "x-many", "X_Sly", "Cookie", "Cookie" }, names)
    raises("TypeError", function() r.headers.a = 1 end, "read-only")
  end)

  it("are in META with the names of CGI", function()
    local m = make({ method = "POST", path = "/p", query_string = "q", secure = true, server_name = "s", remote_addr = "9.9.9.9", remote_port = 7,
      headers = { ["Content-Type"] = "a/b", ["Content-Length"] = 3, Accept = "*/*" } }).META
    assert.same({ REQUEST_METHOD = "POST", PATH_INFO = "/p", SCRIPT_NAME = "", QUERY_STRING = "q", REMOTE_ADDR = "9.9.9.9", REMOTE_PORT = "7",
      SERVER_NAME = "s", SERVER_PORT = "443", SERVER_PROTOCOL = "HTTP/1.1", CONTENT_TYPE = "a/b", CONTENT_LENGTH = "3", HTTP_ACCEPT = "*/*" }, m)
  end)
end)

describe("query and form", function()
  it("GET is parsed once", function()
    local r = make { query_string = "a=1&a=2&b=%C3%A4+x" }
    assert.equal("2", r.GET.a)
    assert.same({ "1", "2" }, r.GET:getlist "a")
    assert.equal("ä x", r.GET.b)
    assert.is_true(rawequal(r.GET, r.GET))
    raises("AttributeError", function() r.GET.a = "3" end, "immutable")
    assert.equal(0, #make({}).GET)
  end)

  it("POST comes from a urlencoded body", function()
    local r = form "a=1&a=2&b=+"
    assert.same({ "1", "2" }, r.POST:getlist "a")
    assert.equal(" ", r.POST.b)
    assert.equal("a=1&a=2&b=+", r.body)
    assert.is_true(rawequal(r.POST, r.POST))
    assert.equal(0, #r.FILES)
  end)

  it("POST is empty for other methods and types", function()
    assert.equal(0, #make({ method = "PUT", body = "a=1", headers = { ["Content-Type"] = "application/x-www-form-urlencoded" } }).POST)
    assert.equal(0, #make({ method = "POST", body = '{"a":1}', headers = { ["Content-Type"] = "application/json" } }).POST)
    assert.equal(0, #make({ method = "POST", body = "a=1" }).POST)
    assert.equal(0, #make({ method = "PUT", body = part("a", "1") .. "--B--", headers = { ["Content-Type"] = "multipart/form-data; boundary=B" } }).POST)
  end)

  it("POST comes from a multipart body, which is not kept", function()
    local r = multipart(part("a", "1"), part("a", "2"), part("f", "content", "n.txt"))
    assert.same({ "1", "2" }, r.POST:getlist "a")
    assert.equal("content", r.FILES.f:read())
    raises("RawPostDataException", function() return r.body end, "request.FILES")
    raises("RawPostDataException", function() return r:json() end)
  end)

  it("a body that was read can be parsed still", function()
    local r = multipart(part("a", "1"))
    assert.is_true(#r.body > 0)
    assert.equal("1", r.POST.a)
  end)

  it("refuse what is wrong with them", function()
    local fields = ("a=1&"):rep(1001)
    raises("TooManyFieldsSent", function() return make({ query_string = fields }).GET end, "data_upload_max_number_fields")
    raises("TooManyFieldsSent", function() return form(fields).POST end)
    local parts = {}
    for i = 1, 1001 do
      parts[i] = part("a", "1")
    end
    raises("TooManyFieldsSent", function() return multipart(table.unpack(parts)).POST end)
    for i = 1, 101 do
      parts[i] = part("f", "1", "n")
    end
    raises("TooManyFilesSent", function() return multipart(table.unpack(parts, 1, 101)).FILES end)
    raises("MultiPartParserError", function()
      return make({ method = "POST", headers = { ["Content-Type"] = "multipart/form-data" }, body = "x" }).POST
    end, "boundary")
    raises("RequestDataTooBig", function() return form(("x"):rep(2621441)).POST end, "data_upload_max_memory_size")
    raises("RequestDataTooBig", function() return form(("x"):rep(2621441)).body end)
    raises("RequestDataTooBig", function() return multipart(part("a", ("x"):rep(2621441))).POST end)
    raises("BadRequest", function()
      return make({ method = "POST", headers = { ["Content-Type"] = "application/x-www-form-urlencoded; charset=latin-1" }, body = "a=1" }).POST
    end, "UTF-8")
  end)
end)

describe("files", function()
  it("have what was sent with them", function()
    local r = multipart(part("f", "hello", "C:\\dir\\a.txt", "Text/Plain; charset=Latin-1; x=y"), part("g", "", "empty.bin", "application/octet-stream"))
    local f = r.FILES.f
    assert.equal("a.txt", f.name)
    assert.equal("f", f.field)
    assert.equal(5, f.size)
    assert.equal("text/plain", f.content_type)
    assert.equal("Latin-1", f.charset)
    assert.same({ charset = "Latin-1", x = "y" }, f.content_type_extra)
    assert.equal("<UploadedFile: a.txt (text/plain)>", tostring(f))
    assert.is_nil(r.FILES.g.charset)
    assert.equal(0, r.FILES.g.size)
    assert.equal("", r.FILES.g:read())
    raises("AttributeError", function() return f.nmae end, "did you mean 'name'?")
    raises("AttributeError", function() f.name = "x" end, "read-only")
  end)

  it("are read in pieces", function()
    local f = multipart(part("f", "0123456789", "a")).FILES.f
    assert.equal("01", f:read(2))
    assert.equal("", f:read(0))
    assert.equal(2, f:tell())
    assert.equal("23456789", f:read())
    assert.equal("", f:read())
    assert.equal(0, f:seek())
    assert.equal("0123456789", f:read(1000))
    assert.equal(8, f:seek(8))
    assert.equal("89", f:read(-1))
    f:seek(100)
    assert.equal("", f:read())
    local list = {}
    for chunk in f:chunks(4) do
      list[#list + 1] = chunk
    end
    assert.same({ "0123", "4567", "89" }, list)
    assert.is_true(f:multiple_chunks(4))
    assert.is_false(f:multiple_chunks())
    for _, bad in ipairs { 0, -1, 1 << 40, "x", {} } do
      assert.raises(function() f:chunks(bad) end)
    end
    assert.raises(function() f:seek(-1) end)
    assert.raises(function() f:read {} end)
  end)

  it("stand under their fields", function()
    local r = multipart(part("f", "1", "a"), part("g", "2", "b"), part("f", "3", "c"))
    local files = r.FILES
    assert.is_true(rawequal(files, r.FILES))
    assert.is_true(rawequal(files.f, files.f))
    assert.is_true(rawequal(files.f, files:get "f"))
    assert.is_true(rawequal(files.f, files:getlist("f")[2]))
    assert.equal("c", files.f.name)
    assert.equal("a", files:getlist("f")[1].name)
    assert.equal(0, #files:getlist "none")
    assert.equal(2, #files)
    assert.same({ "f", "g" }, files:keys())
    assert.is_true(files:has_key "g")
    assert.is_false(files:has_key "x")
    assert.is_nil(files.x)
    assert.is_nil(files[1])
    assert.equal("d", files:get("x", "d"))
    local seen = {}
    for field, file in pairs(files) do
      seen[#seen + 1] = field .. "=" .. file.name
    end
    assert.same({ "f=c", "g=b" }, seen)
    raises("AttributeError", function() files.f = nil end, "read-only")
  end)

  it("may be larger than memory takes", function()
    local content = ("0123456789abcdef"):rep(200000) -- 3.2 MB: on disk
    local f = multipart(part("f", content, "big")).FILES.f
    assert.equal(#content, f.size)
    local n = 0
    for chunk in f:chunks() do
      assert.equal(content:sub(n + 1, n + #chunk), chunk)
      n = n + #chunk
    end
    assert.equal(#content, n)
    local path = os.tmpname()
    os.remove(path)
    local saved = f:save(path)
    assert.equal(path, saved)
    local file = assert(io.open(path, "rb"))
    assert.is_true(file:read "a" == content)
    file:close()
    local other = f:save(path)
    assert.is_true(other ~= path and other:sub(1, #path) == path)
    os.remove(path)
    os.remove(other)
  end)

  it("are saved under a name that is free", function()
    local f = multipart(part("f", "hello", "a.txt")).FILES.f
    local dir = os.tmpname()
    os.remove(dir)
    local first, second, third = f:save(dir .. "/x/"), f:save(dir .. "/x"), f:save(dir .. "/y.tar.gz")
    assert.equal(dir .. "/x/a.txt", first)
    assert.is_true(second:find("^" .. dir:gsub("%p", "%%%0") .. "/x/a_%w%w%w%w%w%w%w%.txt$") ~= nil)
    assert.equal(dir .. "/y.tar.gz", third)
    for _, path in ipairs { first, second, third } do
      local file = assert(io.open(path))
      assert.equal("hello", file:read "a")
      file:close()
    end
    for _, path in ipairs { first, second, third, dir .. "/x", dir } do
      os.remove(path)
    end
  end)

  it("are saved nowhere else", function()
    local f = multipart(part("f", "hello", "a.txt")).FILES.f
    for _, path in ipairs { "../x", "a/../../x", "/tmp/../x", ".." } do
      raises("SuspiciousFileOperation", function() f:save(path) end, "'..'")
    end
    for _, path in ipairs { "", "a\0b", {}, true } do
      assert.raises(function() f:save(path) end)
    end
    assert.raises(function() f:save() end)
    raises("OSError", function() f:save "/proc/nothing/x" end, "cannot create '/proc/nothing/x'")
    raises("ValueError", function() f:save("/" .. ("x"):rep(5000)) end, "bytes")
  end)
end)

describe("cookies", function()
  it("are a table", function()
    local r = make { headers = { Cookie = 'a=1; b="two words"; c; =d; a=3' } }
    assert.equal("3", r.COOKIES.a)
    assert.equal("two words", r.COOKIES.b)
    assert.is_nil(r.COOKIES.missing)
    assert.is_true(rawequal(r.COOKIES, r.COOKIES))
    assert.same({}, make({}).COOKIES)
  end)

  it("are limited", function()
    raises("BadRequest", function() return make({ headers = { Cookie = ("x"):rep(8193) } }).COOKIES end, "8193 bytes")
  end)
end)

describe("types", function()
  it("of the body", function()
    local r = make { headers = { ["Content-Type"] = 'Text/HTML; Charset="UTF-8"; x=Y' } }
    assert.equal("text/html", r.content_type)
    assert.same({ charset = "UTF-8", x = "Y" }, r.content_params)
    assert.equal("utf-8", r.encoding)
    assert.equal("koi8-r", make({ headers = { ["Content-Type"] = "a/b; charset=KOI8-R" } }).encoding)
    assert.equal("", make({}).content_type)
    assert.same({}, make({}).content_params)
    assert.equal("utf-8", make({}).encoding)
  end)

  it("that the client accepts", function()
    local r = make { headers = { Accept = "text/html,application/json;q=0.5,image/*;q=0" } }
    assert.is_true(r:accepts "text/html")
    assert.is_true(r:accepts "application/json")
    assert.is_false(r:accepts "text/plain")
    assert.is_false(r:accepts "image/png")
    assert.equal("text/html", r:get_preferred_type { "application/json", "text/html" })
    assert.equal("application/json", r:get_preferred_type { "application/json", "a/b" })
    assert.is_nil(r:get_preferred_type { "a/b" })
    assert.is_nil(r:get_preferred_type {})
    assert.is_true(make({}):accepts "anything/at-all")
    assert.is_false(make({ headers = { Accept = "" } }):accepts "a/b")
    raises("TypeError", function() r:get_preferred_type { "a/b", 1 } end, "media type 2")
    assert.raises(function() r:get_preferred_type "a/b" end)
    assert.raises(function() r:accepts() end)
    assert.is_false(r:accepts "")
    assert.is_false(r:accepts "nonsense")
  end)
end)

describe("json", function()
  local function body(text)
    return make { method = "POST", body = text }
  end

  it("is the value of the body, read once", function()
    local r = body '{"a": [1, 2.5, null, "x"]}'
    local value = r:json()
    assert.equal(1, value.a[1])
    assert.equal(null, value.a[3])
    assert.is_true(rawequal(value, r:json()))
    assert.is_false(body("false"):json())
    assert.equal(null, body("null"):json())
    assert.equal("x", body('"x"'):json())
  end)

  it("is a BadRequest when it is none, with the place", function()
    raises("BadRequest", function() body("{\n  a"):json() end, "line 2")
    raises("BadRequest", function() body(""):json() end, "empty")
    raises("BadRequest", function() body(" \n"):json() end, "empty")
    raises("BadRequest", function() body("\xff"):json() end)
    raises("BadRequest", function() body("[1] x"):json() end)
    raises("BadRequest", function() body(("["):rep(65) .. ("]"):rep(65)):json() end)
    assert.equal("table", type(body(("["):rep(64) .. ("]"):rep(64)):json()))
  end)
end)

describe("what needs settings", function()
  it("says so without a project", function()
    local r = make { headers = { Host = "a.example" } }
    raises("ImproperlyConfigured", function() r:get_host() end, "get_host() needs the settings of a project")
    raises("ImproperlyConfigured", function() r:get_port() end, "get_port()")
    raises("ImproperlyConfigured", function() r:build_absolute_uri() end, "build_absolute_uri()")
    assert.equal("https://x.example/%C3%A4", r:build_absolute_uri "https://x.example/ä")
    raises("TypeError", function() r:build_absolute_uri {} end, "the location of build_absolute_uri()")
    raises("ValueError", function() r:build_absolute_uri "//[x/y" end)
  end)
end)

describe("the end of a request", function()
  it("ends its object", function()
    local r = make { query_string = "a=1", headers = { Cookie = "c=1" } }
    r.user = "kept by nobody"
    requests.finish(r)
    assert.equal("<Request: ended>", tostring(r))
    for _, name in ipairs { "method", "path", "GET", "POST", "FILES", "COOKIES", "META", "headers", "body", "user", "anything" } do
      assert.raises(function() return r[name] end, "used after it ended")
    end
    for _, name in ipairs { "json", "get_host", "is_secure", "accepts", "get_full_path", "get_signed_cookie", "build_absolute_uri" } do
      assert.raises(function() return r[name](r, "x") end, "used after it ended")
    end
    assert.raises(function() r.user = 1 end, "used after it ended")
    assert.raises(function() requests.finish(r) end, "used after it ended")
  end)

  it("ends what looks into it, and leaves copies", function()
    local r = multipart(part("a", "1"), part("f", "hello", "n"))
    local query, post, cookies, meta = r.GET, r.POST, r.COOKIES, r.META
    local headers, files, file, chunks = r.headers, r.FILES, r.FILES.f, r.FILES.f:chunks(2)
    local list = r.FILES:getlist "f"
    local next_header = pairs(headers)
    assert.equal("he", chunks())
    requests.finish(r)
    assert.equal("1", post.a)
    assert.equal(0, #query)
    assert.equal("POST", meta.REQUEST_METHOD)
    assert.same({}, cookies)
    assert.raises(function() return headers.host end, "used after it ended")
    assert.raises(function() return next_header(headers) end, "used after it ended")
    assert.raises(function() return files.f end, "used after it ended")
    assert.raises(function() return #files end, "used after it ended")
    for _, name in ipairs { "name", "size", "content_type", "charset", "content_type_extra", "field" } do
      assert.raises(function() return file[name] end, "used after its request ended")
    end
    for _, name in ipairs { "read", "save", "chunks", "seek", "tell" } do
      assert.raises(function() return file[name](file, 1) end, "used after its request ended")
    end
    assert.raises(chunks, "used after its request ended")
    assert.equal("<UploadedFile: ended>", tostring(list[1]))
  end)

  it("does not come while something of it is in use", function()
    local headers = make({ headers = { Host = "here" } }).headers
    local file = multipart(part("f", "hello", "n")).FILES.f
    for _ = 1, 3000 do
      make { path = "/x", headers = { A = "b" } }
    end
    collectgarbage()
    collectgarbage()
    assert.equal("here", headers.host)
    assert.equal("hello", file:read())
  end)
end)

describe("making a request", function()
  it("checks what it is given", function()
    for _, bad in ipairs { 1, "x", true } do
      assert.raises(function() make(bad) end)
      assert.raises(function() make { headers = bad } end)
    end
    assert.raises(function() make() end)
    raises("BadHeaderError", function() make { headers = { A = "x\r\ny" } } end)
    raises("TypeError", function() make { path = {} } end, "path")
    assert.raises(function() make { server_port = 70000 } end, "port")
    assert.raises(function() make { headers = { { "A" } } } end)
  end)
end)

t.finish()
