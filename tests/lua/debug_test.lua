-- SPDX-License-Identifier: MIT
-- What the debug pages make of values, texts, sources and Accept headers.
local t = require "harness"
local accept = require "perilune._accept"
local hints = require "perilune._debug_hints"
local html = require "perilune._debug_html"
local exceptions = require "perilune.exceptions"
local frames = require "perilune._debug_frames"
local source = require "perilune._debug_source"
local values = require "perilune._debug_values"

local describe, it, assert = t.describe, t.it, t.assert
local MASK = values.MASK

describe("the traceback", function()
  it("of an endless recursion has its innermost levels only", function()
    local function deeper(n)
      return 1 + deeper(n + 1)
    end
    local ok, err = require("perilune._core").call(deeper, 1)
    assert.is_true(not ok and err.message:find "stack overflow" ~= nil)
    local _, lines = err.traceback:gsub("\n", "")
    assert.equal(21, lines)
    assert.is_true(err.traceback:find "debug_test%.lua:%d+: in upvalue 'deeper'" ~= nil)
    assert.is_true(err.traceback:find "more than 3980 levels further out" ~= nil)
  end)
end)

describe("settings", function()
  it("are secret by their name, but for the framework's own", function()
    assert.is_true(values.is_secret_setting("payment_token", false))
    assert.is_true(values.is_secret_setting("secret_key", true))
    assert.equal(false, values.is_secret_setting("csrf_cookie_age", true))
  end)
end)

describe("repr", function()
  it("shows plain values", function()
    assert.equal("12", values.repr(12))
    assert.equal("1.5", values.repr(1.5))
    assert.equal("nil", values.repr(nil))
    assert.equal("true", values.repr(true))
    assert.equal('"a \\"b\\" \\\\ \\n"', values.repr 'a "b" \\ \n')
    assert.equal("coroutine", values.repr(coroutine.create(print)))
    assert.equal("function [C]", values.repr(print))
    assert.is_true(values.repr(function() end):find "^function .*debug_test%.lua:%d+$" ~= nil)
  end)

  it("shows tables in the order of their keys, list first", function()
    assert.equal('{ 1, 2, a = "x", b = { 3 }, [true] = false }', values.repr { 1, 2, b = { 3 }, a = "x", [true] = false })
    assert.equal("{}", values.repr {})
    assert.equal('{ ["not a name"] = 1 }', values.repr { ["not a name"] = 1 })
  end)

  it("is bounded in depth, number and length", function()
    assert.equal("{ { {…} } }", values.repr { { { 1 } } })
    local list = {}
    for i = 1, 100 do
      list[i] = i
    end
    assert.equal("{ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … (100 items) }", values.repr(list))
    local map = {}
    for i = 1, 30 do
      map[("n%02d"):format(i)] = i
    end
    assert.is_true(values.repr(map):find("n10 = 10, … (30 items)", 1, true) ~= nil)
    assert.equal(('"%s"… (5000 bytes)'):format(("x"):rep(200)), values.repr(("x"):rep(5000)))
    assert.is_true(#values.repr { ("x"):rep(5000), ("y"):rep(5000) } < 300)
    local endless = {}
    endless[1] = endless
    assert.equal("{ { {…} } }", values.repr(endless))
  end)

  it("takes a huge table in no time", function()
    local huge = {}
    for i = 1, 1000000 do
      huge[i] = i
    end
    local start = os.clock()
    values.repr(huge)
    assert.is_true(os.clock() - start < 0.2)
  end)

  it("runs nobody's code", function()
    local function trap()
      error "touched"
    end
    local value = setmetatable({ 1 }, { __index = trap, __pairs = trap, __len = trap, __tostring = trap, __eq = trap, __name = "Trap" })
    assert.equal("Trap { 1 }", values.repr(value))
    assert.equal("{ Trap { 1 } }", values.repr { value })
    assert.equal("{ [Trap {…}] = 1 }", values.repr { [value] = 1 })
  end)

  it("names the class of error objects", function()
    assert.equal('ValueError { message = "no" }', values.repr(exceptions.ValueError "no"))
  end)

  it("masks by name, nested too", function()
    for _, name in ipairs { "secret_key", "API", "authorization", "csrf_token", "PassWord", "signature", "Cookie", "sentry_dsn", "my-api-url" } do
      assert.equal(MASK, values.repr("visible", name))
    end
    assert.equal("{ a = { token = " .. MASK .. " }, user = \"u\" }", values.repr { a = { token = { 1 } }, user = "u" })
    assert.equal('"v"', values.repr("v", "user"))
  end)
end)

describe("texts", function()
  it("hide passwords of URLs and connection strings", function()
    assert.equal("redis://:" .. MASK .. "@h:1/0", values.mask_text "redis://:hunter2@h:1/0")
    assert.equal("a postgresql://u:" .. MASK .. "@h/d b", values.mask_text "a postgresql://u:p@ss:w@h/d b")
    assert.equal("http://h:8000/a@b", values.mask_text "http://h:8000/a@b")
    assert.equal("host=h password=" .. MASK .. " user=u", values.mask_text "host=h password=hunter2 user=u")
    assert.equal("no product with key=3", values.mask_text "no product with key=3")
  end)

  it("hide secret parameters of queries", function()
    assert.equal("/a?q=1&token=" .. MASK .. "&b", values.mask_query "/a?q=1&token=hunter2&b")
    assert.equal("api_key=" .. MASK, values.mask_query "api_key=hunter2")
  end)

  it("show what cannot be seen", function()
    assert.equal("a\\x00\\x1B\\x7Fb\nc\td", values.printable "a\0\27\127b\nc\td")
    assert.equal("\\xFF\\xC3é", values.printable "\xff\xc3é")
    assert.equal("\\u{202E}\\u{2066}\\u{2028}\\u{85}", values.printable "\u{202E}\u{2066}\u{2028}\u{85}")
    assert.equal("\\xED\\xA0\\x80", values.printable "\xED\xA0\x80")
  end)

  it("are cut between characters", function()
    assert.equal("é… (4 bytes)", values.cut("éé", 3))
    assert.equal("éé", values.cut("éé", 4))
    assert.is_true(utf8.len(values.text(("é"):rep(5000), 999)) ~= nil)
  end)

  it("are masked in linear time", function()
    local start = os.clock()
    for _, piece in ipairs { "a", "://", "=", "&", "%", "password=", "\xff", "://a:" } do
      values.text(piece:rep(20000), 20000)
      values.mask_query(piece:rep(5000))
    end
    assert.is_true(os.clock() - start < 2)
  end)

  it("are escaped, all five", function()
    assert.equal("&lt;a b=&quot;c&quot; d=&#x27;e&#x27;&gt;&amp;", html.escape "<a b=\"c\" d='e'>&")
  end)
end)

describe("sources", function()
  it("have kinds", function()
    assert.equal("engine", source.kind "@perilune/urls.lua")
    assert.equal("project", source.kind "@perilune/of_the_author.lua")
    assert.equal("project", source.kind "@shop/views.lua")
    assert.equal("library", source.kind "@/usr/share/lua/5.4/lpeg.lua")
    assert.equal("C", source.kind "=[C]")
    assert.equal("text", source.kind "return 1")
  end)

  it("are named in texts", function()
    local file, line = source.find_place "middleware 'a.b': shop/middleware.lua:12: oops other.lua:3"
    assert.equal("shop/middleware.lua", file)
    assert.equal(12, line)
    assert.equal(nil, source.find_place "perilune/urls.lua:12: no")
    assert.equal(nil, source.find_place "nothing")
  end)

  it("outside of a project are not read", function()
    assert.equal(nil, source.excerpt("../etc/passwd.lua", 1, 3))
    assert.equal(nil, source.excerpt("/etc/passwd", 1, 3))
    assert.equal(nil, source.excerpt("missing.lua", 1, 3))
  end)
end)

describe("frames", function()
  it("come from the text of a traceback when there is nothing better", function()
    local list = frames.of(exceptions.ValueError("x", { traceback = "stack traceback:\n\t[C]: in function 'error'\n\tshop/views.lua:7: in function <shop/views.lua:3>\n\t[C]: in ?" }))
    assert.equal(2, #list)
    assert.equal("shop/views.lua", list[2].file)
    assert.equal(7, list[2].line)
    assert.equal("project", list[2].kind)
  end)

  it("of what is no error object are none", function()
    assert.equal(0, #frames.of "text")
    assert.equal(0, #frames.of(nil))
  end)
end)

describe("hints", function()
  it("name the nearest variable", function()
    local frame = { locals = { { name = "product" }, { name = "n" } } }
    assert.equal("There is no variable 'prodct' here; did you mean 'product'?", hints.of(exceptions.Error "a.lua:1: attempt to index a nil value (global 'prodct')", frame))
  end)

  it("are the error's own first", function()
    assert.equal("do this", hints.of(exceptions.DisallowedHost("x", { hint = "do this" })))
    assert.equal(nil, hints.of(exceptions.ValueError "x"))
    assert.equal(nil, hints.of "text")
  end)
end)

describe("require", function()
  it("says in one line what is missing, and what is near", function()
    local err = exceptions.wrap(select(2, pcall(require, "perilune.setings")))
    assert.equal("ImportError", err.name)
    assert.equal("module 'perilune.setings' not found; did you mean 'perilune.settings'?", (err.message:gsub("^.-:%d+: ", "")))
    assert.is_true(err.tried:find("no embedded module", 1, true) ~= nil)
  end)
end)

describe("accept", function()
  local cases = {
    { nil, "html" },
    { "", "html" },
    { "*/*", "html" },
    { "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "html" },
    { "application/json", "json" },
    { "application/json, text/plain, */*", "json" },
    { "text/html, application/json", "html" },
    { "text/html;q=0.5, application/json", "json" },
    { "text/plain", "text" },
    { "text/*", "html" },
    { "image/png", "text" },
    { "text/html;q=0", "text" },
    { "Application/JSON; Q=0.5", "json" },
    { "garbage", "text" },
    { ";;;,,,///", "text" },
  }
  it("chooses the form", function()
    for _, case in ipairs(cases) do
      assert.equal(case[2], accept.form(case[1]), tostring(case[1]))
    end
  end)

  it("gives scripts JSON unless they name something", function()
    assert.equal("json", accept.form("*/*", "XMLHttpRequest"))
    assert.equal("text", accept.form("text/plain, */*", "XMLHttpRequest"))
    assert.equal("json", accept.form("application/json, */*", "XMLHttpRequest"))
    assert.equal("html", accept.form("text/html", "XMLHttpRequest"))
  end)

  it("reads a long header in no time", function()
    local start = os.clock()
    accept.form(("text/html;q=0.1,"):rep(100000))
    accept.form(("a"):rep(1000000))
    assert.is_true(os.clock() - start < 0.5)
  end)
end)

describe("a page that cannot be made", function()
  local debug_pages = require "perilune._debug"
  local request = setmetatable({}, {
    __index = function(_, key)
      error("no " .. key)
    end,
  })

  it("is plain text with both errors", function()
    local response = debug_pages.page(request, 500, exceptions.ValueError("the first", { traceback = "its traceback" }))
    assert.equal(500, response.status_code)
    assert.equal("text/plain; charset=utf-8", response.content_type)
    for _, part in ipairs { "ValueError: the first", "its traceback", "could not be made", "no " } do
      assert.is_true(response.content:find(part, 1, true) ~= nil, part)
    end
  end)

  it("takes any error", function()
    for _, value in ipairs { "text", 1, true, {}, setmetatable({}, { __tostring = error }) } do
      assert.equal(500, debug_pages.page(request, 500, value).status_code)
    end
    assert.equal(500, debug_pages.page(request, 500, nil).status_code)
  end)

  it("says so of a project that does not load", function()
    local response = debug_pages.load_page(request, "shop/views.lua:3: oops")
    assert.is_true(response.content:find("shop/views.lua:3: oops", 1, true) ~= nil)
  end)
end)

t.finish()
