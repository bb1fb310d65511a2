-- SPDX-License-Identifier: MIT
-- perilune.template: values of Lua in templates, engines, loaders. The language itself has
-- its tests in tests/unit; tags and filters of the author's are in template_library_test.lua.
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local template = require "perilune.template"
local time = require "perilune.time"

local engine = template.Engine {}

local function render(text, variables)
  return engine:from_string(text):render(variables)
end

describe("a value in a template", function()
  it("prints as Django prints it", function()
    local date = time.date(2026, 1, 31)
    assert.equal("True False None 1 1.5 2.50", render("{{ a }} {{ b }} {{ c }} {{ d }} {{ e }} {{ f }}", { a = true, b = false, c = null, d = 1, e = 1.5, f = decimal "2.50" }))
    assert.equal("Jan. 31, 2026 2026", render("{{ d }} {{ d.year }}", { d = date }))
    assert.equal("&lt;b&gt; <b>", render("{{ a }} {{ b }}", { a = "<b>", b = template.safe "<b>" }))
    assert.equal("[1, 'a'] {'x': 1}", render("{% autoescape off %}{{ list }} {{ map }}{% endautoescape %}", { list = { 1, "a" }, map = { x = 1 } }))
    assert.equal("[[...]]", render("{{ a }}", { a = (function()
      local list = {}
      list[1] = list
      return list
    end)() }))
  end)
  it("is looked up by key, index, method", function()
    local class = { greet = function(self)
      return "I am " .. self.name
    end }
    local object = setmetatable({ name = "Ann" }, { __index = class })
    assert.equal("I am Ann", render("{{ o.greet }}", { o = object }))
    assert.equal("a b", render("{{ l.0 }} {{ l.1 }}", { l = { "a", "b" } }))
    assert.equal("one", render("{{ m.5 }}", { m = { [5] = "one" } }))
    assert.equal("x", render("{{ m.items }}", { m = { items = "x" } }))
    assert.equal("a=1 b=2 ", render("{% for k, v in m.items %}{{ k }}={{ v }} {% endfor %}", { m = { b = 2, a = 1 } }))
    assert.equal("1 2 ", render("{% for v in m.values %}{{ v }} {% endfor %}", { m = { b = 2, a = 1 } }))
    assert.equal("from 7", render("{{ o.x }}", { o = setmetatable({}, { __index = function(_, key)
      return key == "x" and "from 7" or nil
    end }) }))
    assert.equal("", render("{{ o.nothing.more }}{{ none }}", { o = object }))
    assert.equal("ABC", render("{{ s.upper }}", { s = "abc" }))
  end)
  it("is called when it is a function", function()
    local calls = 0
    local object = { n = 3 }
    function object.twice(self)
      return self.n * 2
    end
    object.delete = template.alters_data(function()
      calls = calls + 1
    end)
    assert.equal("6|v||None", render("{{ o.twice }}|{{ f }}|{{ o.delete }}|{{ g }}", { o = object, f = function()
      return "v"
    end, g = function() end }))
    assert.equal(0, calls)
    assert.equal("", render("{{ o.get }}", { o = { get = function()
      error(exceptions.ObjectDoesNotExist "nothing")
    end } }))
  end)
  it("raises what its code raises, with the place in the template", function()
    local found = engine:from_string("line\n{{ o.x }}")
    local ok, err = pcall(found.render, found, { o = setmetatable({}, { __index = function()
      error("boom")
    end }) })
    assert.is_false(ok)
    assert.is_true(tostring(err):find("boom", 1, true) ~= nil)
    assert.equal(2, err.line)
    local object = exceptions.ValueError "mine"
    ok, err = pcall(render, "{{ f }}", { f = function()
      error(object)
    end })
    assert.is_false(ok)
    assert.is_true(rawequal(object, err))
  end)
  it("is looped over: lists, maps, iterators, generators, objects with a length", function()
    local function letters()
      local at = 0
      return function()
        at = at + 1
        return ("abc"):sub(at, at) ~= "" and ("abc"):sub(at, at) or nil
      end
    end
    local text = "{% for x in l %}{{ x }}{% if not forloop.last %},{% endif %}{% empty %}none{% endfor %}"
    assert.equal("1,2", render(text, { l = { 1, 2 } }))
    assert.equal("none", render(text, { l = {} }))
    assert.equal("a,b", render(text, { l = { b = 1, a = 2 } }))
    assert.equal("a,b,c", render(text, { l = letters }))
    assert.equal("a,b,c", render(text, { l = template.iterate(letters()) }))
    assert.equal("1,2", render(text, { l = coroutine.wrap(function()
      coroutine.yield(1)
      coroutine.yield(2)
    end) }))
    assert.equal("1,2", render(text, { l = coroutine.create(function()
      coroutine.yield(1)
      coroutine.yield(2)
    end) }))
    assert.equal("x1,x2", render(text, { l = setmetatable({}, { __len = function()
      return 2
    end, __index = function(_, i)
      return "x" .. i
    end }) }))
  end)
  it("is true and false as in Python", function()
    local text = "{% if v %}yes{% else %}no{% endif %}"
    for _, v in ipairs { 0, 0.0, "", false, null, decimal "0" } do
      assert.equal("no", render(text, { v = v }))
    end
    assert.equal("no", render(text, { v = {} }))
    assert.equal("yes", render(text, { v = { 1 } }))
    assert.equal("yes", render(text, { v = setmetatable({}, {}) }))
    assert.equal("no", render(text, { v = setmetatable({}, { __len = function()
      return 0
    end }) }))
  end)
  it("is compared and searched", function()
    assert.equal("yes", render("{% if a == b %}yes{% endif %}", { a = { 1, { 2 } }, b = { 1, { 2 } } }))
    assert.equal("yes", render("{% if a != b %}yes{% endif %}", { a = { 1 }, b = { 2 } }))
    assert.equal("yes", render("{% if a == b %}yes{% endif %}", { a = { x = 1 }, b = { x = 1 } }))
    assert.equal("yes", render("{% if 2 in l and 'k' in m and 5 not in l %}yes{% endif %}", { l = { 1, 2 }, m = { k = 1 } }))
  end)
end)

describe("an engine", function()
  it("renders templates of memory, with includes and inheritance", function()
    local e = template.Engine { templates = {
      ["base.html"] = "[{% block a %}base{% endblock %}]",
      ["page.html"] = "{% extends 'base.html' %}{% block a %}{% include 'part.html' with n=1 %}{{ block.super }}{% endblock %}",
      ["part.html"] = "part {{ n }} ",
    } }
    assert.equal("[part 1 base]", e:render("page.html", {}))
    assert.equal("[part 1 base]", e:get_template("page.html"):render())
    assert.equal("page.html", e:get_template("page.html").name)
    assert.equal("part 2 ", e:render_to_string({ "missing.html", "part.html" }, { n = 2 }))
  end)
  it("says where it looked", function()
    local e = template.Engine { templates = {}, dirs = { "/nonexistent" } }
    local ok, err = pcall(e.get_template, e, "a/b.html")
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "TemplateDoesNotExist"))
    assert.equal("a/b.html", err.message)
    assert.same({ "a/b.html (Source does not exist)", "/nonexistent/a/b.html (Source does not exist)" }, err.tried)
  end)
  it("does not leave its folders", function()
    local e = template.Engine { dirs = { "/etc/ssl" } }
    for _, name in ipairs { "../passwd", "/etc/passwd", "a/../../passwd", "../ssl/../passwd", "" } do
      local ok, err = pcall(e.get_template, e, name)
      assert.is_false(ok)
      assert.is_true(exceptions.is(err, "TemplateDoesNotExist"))
    end
  end)
  it("has options", function()
    local e = template.Engine { autoescape = false, string_if_invalid = "[%s]" }
    assert.equal("<b> [x]", e:from_string("{{ a }} {{ x }}"):render { a = "<b>" })
    assert.raises(function()
      template.Engine { dir = {} }
    end, "did you mean 'dirs'")
  end)
  it("takes a Context with options", function()
    local context = template.Context({ a = "<b>" }, { autoescape = false })
    assert.equal("<b>", engine:from_string("{{ a }}"):render(context))
    context:push { a = "inner" }
    assert.equal("inner", engine:from_string("{{ a }}"):render(context))
    context:pop()
    assert.equal("<b>", context.a)
  end)
  it("names syntax errors by template and line", function()
    local e = template.Engine { templates = { ["a.html"] = "one\n{% if x %}" } }
    local ok, err = pcall(e.get_template, e, "a.html")
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "TemplateSyntaxError"))
    assert.equal("a.html", err.template_name)
    assert.equal(2, err.line)
  end)
end)

describe("the signal template_rendered", function()
  it("tells of every template of a render", function()
    local signals = require "perilune.signals"
    local e = template.Engine { templates = { ["a.html"] = "{% include 'b.html' with x=2 %}", ["b.html"] = "{{ x }}" } }
    local seen = {}
    local off = signals.template_rendered:connect(function(sender, event)
      seen[#seen + 1] = ("%s %s"):format(event.template.name, tostring(event.context.x))
      assert.is_true(rawequal(sender, event.template))
    end)
    assert.equal("2", e:render("a.html", { x = 1 }))
    off()
    e:render("a.html", { x = 1 })
    assert.same({ "a.html 1", "b.html 2" }, seen)
  end)
end)

describe("template_strict", function()
  it("raises for names that do not resolve, and names the nearest", function()
    local e = template.Engine { strict = "error", templates = { ["a.html"] = "x\n{{ custmer }}" } }
    local ok, err = pcall(e.render, e, "a.html", { customer = 1 })
    assert.is_false(ok)
    assert.equal("VariableDoesNotExist: 'custmer' does not resolve; did you mean 'customer'?", tostring(err))
    assert.equal(2, err.line)
    assert.equal("no", e:from_string("{% if custmer %}yes{% else %}no{% endif %}{{ x|default:'' }}"):render {})
  end)
end)

describe("what a render must survive", function()
  it("an endless include, a huge text, bytes that are no UTF-8", function()
    local e = template.Engine { templates = { ["a.html"] = "{% include 'a.html' %}" } }
    local ok, err = pcall(e.render, e, "a.html")
    assert.is_false(ok)
    assert.is_true(tostring(err):find "RecursionError" ~= nil)
    local big = ("<a>"):rep(1000000)
    assert.equal(9000000, #render("{{ v }}", { v = big }))
    assert.equal("\xff&lt;", render("{{ v }}", { v = "\xff<" }))
    assert.raises(function()
      render("{{ v }}", { v = setmetatable({}, { __tostring = function()
        error "no text"
      end }) })
    end, "no text")
  end)
end)

t.finish()
