-- SPDX-License-Identifier: MIT
local t = require "harness"
local exceptions = require "perilune.exceptions"
local urls = require "perilune.urls"

local describe, it, assert = t.describe, t.it, t.assert
local path, re_path, include = urls.path, urls.re_path, urls.include

local function view() end
local function other() end

-- The error that fn raises must be of the class and hold the text; gives it.
local function raises(class, text, fn)
  local ok, err = pcall(fn)
  assert(not ok, "no error raised")
  assert(exceptions.is(err, class), ("want a %s, got %s"):format(class, tostring(err)))
  if not err.message:find(text, 1, true) then
    error(("%q does not contain %q"):format(err.message, text), 2)
  end
  return err
end

local shop = {
  app_name = "shop",
  path("", view, { name = "index" }),
  path("<int:pk>/", view, { name = "detail", kwargs = { kind = "product", flags = { 1 } } }),
  path("<uuid:id>/file/<path:rest>", other, { name = "file" }),
}
local conf = {
  path("", view, { name = "home" }),
  path("articles/<int:year>/<slug:slug>/", view, { name = "article" }),
  re_path([[^archive/(?P<year>[0-9]{4})/(?:(?P<month>[0-9]{2})/)?$]], view, { name = "archive" }),
  re_path([[^pairs/([a-z]+)-([a-z]+)/$]], other),
  path("shop/", include(shop)),
  path("market/", include(shop, { namespace = "market" })),
  { path("nested/", view, { name = "nested" }) },
  handler404 = other,
}

describe("resolve", function()
  it("gives the view and what was captured", function()
    local m = urls.resolve("/articles/2003/a-b/", conf)
    assert.equal(view, m.view)
    assert.same({ year = 2003, slug = "a-b" }, m.params)
    assert.equal("integer", math.type(m.params.year))
    assert.equal("article", m.url_name)
    assert.equal("article", m.view_name)
    assert.equal("articles/<int:year>/<slug:slug>/", m.route)
    assert.same({}, m.namespaces)
    assert.same({}, m.args)
    assert.equal("", m.namespace)
    assert.is_true(m.where:find("urls_test.lua:%d+$") ~= nil)
  end)

  it("numbers unnamed groups and leaves optional ones out", function()
    local m = urls.resolve("/pairs/a-b/", conf)
    assert.same({ "a", "b" }, m.params)
    assert.same({ "a", "b" }, m.args)
    assert.same({}, m.kwargs)
    assert.is_nil(m.url_name)
    assert.same({ year = "2003" }, urls.resolve("/archive/2003/", conf).params)
    assert.same({ year = "2003", month = "04" }, urls.resolve("/archive/2003/04/", conf).params)
    assert.equal("nested", urls.resolve("/nested/", conf).url_name)
  end)

  it("adds kwargs as they are", function()
    local m = urls.resolve("/shop/3/", conf)
    assert.same({ pk = 3, kind = "product", flags = { 1 } }, m.params)
    assert.equal("shop:detail", m.view_name)
    assert.same({ "shop" }, m.app_names)
    assert.same({ "shop" }, m.namespaces)
    assert.equal("market", urls.resolve("/market/3/", conf).namespace)
  end)

  it("names a view without a name after its place", function()
    assert.is_true(urls.resolve("/pairs/a-b/", conf).view_name:find("urls_test.lua:%d+$") ~= nil)
    package.loaded["test.exports"] = { shown = other }
    assert.equal("test.exports.shown", urls.resolve("/x", { path("x", other) }).view_name)
    package.loaded["test.exports"] = nil
  end)

  it("raises Resolver404 with what was tried", function()
    local err = raises("Resolver404", "no route matches '/shop/x/'", function()
      urls.resolve("/shop/x/", conf)
    end)
    assert.is_true(exceptions.is(err, "Http404"))
    assert.equal("/shop/x/", err.path)
    assert.same({ patterns = { "shop/", "" }, name = "index" }, err.tried[5])
    assert.is_false(urls.is_valid_path("/shop/x/", conf))
    assert.equal("shop/", urls.is_valid_path("/shop/", conf).route)
    assert.same(err.tried, urls._tried("/shop/x/", conf))
  end)
end)

describe("reverse", function()
  it("finds a view in routes that were not used before", function()
    local function hidden() end
    local fresh = { path("in/", include { path("deep/", hidden) }), path("<int:n>/", other) }
    assert.equal("/in/deep/", urls.reverse(hidden, nil, { urlconf = fresh }))
    raises("NoReverseMatch", "urls_test.lua:", function()
      return urls.reverse(other, nil, { urlconf = fresh })
    end)
    raises("NoReverseMatch", "is not a valid view function or pattern name", function()
      return urls.reverse(function() end, nil, { urlconf = fresh })
    end)
  end)

  local function url(name, params, opts)
    opts = opts or {}
    opts.urlconf = conf
    return urls.reverse(name, params, opts)
  end

  it("fills in parameters by name and by position", function()
    assert.equal("/", url("home"))
    assert.equal("/articles/2003/a-b/", url("article", { year = 2003, slug = "a-b" }))
    assert.equal("/articles/2003/a-b/", url("article", { "2003", "a-b" }))
    assert.equal("/articles/3/a/", url("article", { year = 3.0, slug = "a" }))
    assert.equal("/archive/2003/", url("archive", { year = 2003 }))
    assert.equal("/archive/2003/04/", url("archive", { year = 2003, month = "04" }))
    assert.equal("/nested/", url("nested"))
  end)

  it("knows namespaces and the current app", function()
    assert.equal("/shop/3/", url("shop:detail", { pk = 3 }))
    assert.equal("/market/3/", url("market:detail", { pk = 3 }))
    assert.equal("/market/", url("shop:index", nil, { current_app = "market" }))
    raises("NoReverseMatch", "'shpo' is not a registered namespace; did you mean 'shop'?", function()
      url("shpo:detail")
    end)
  end)

  it("takes a view", function()
    assert.equal("/pairs/a-b/", url(other, { "a", "b" }))
    raises("NoReverseMatch", "is not a valid view function or pattern name", function()
      url(function() end)
    end)
    raises("NoReverseMatch", "Reverse for 'nil' not found", function()
      url(nil)
    end)
  end)

  it("adds query and fragment", function()
    assert.equal("/?a=1&b=2&b=3&c+d=%26x", url("home", nil, { query = { b = { 2, 3 }, a = 1, ["c d"] = "&x" } }))
    assert.equal("/?z=1&a=2&a=3", url("home", nil, { query = { { "z", 1 }, { "a", { 2, 3 } } } }))
    assert.equal("/", url("home", nil, { query = "" }))
    assert.equal("/#top", url("home", nil, { fragment = "top", query = {} }))
    assert.equal("/?q=%C3%A9#a", url("home", nil, { fragment = "a", query = { q = "é" } }))
    raises("TypeError", "query of reverse()", function()
      url("home", nil, { query = 3 })
    end)
    raises("TypeError", "the value of 'q' is a table", function()
      url("home", nil, { query = { q = { {} } } })
    end)
    raises("TypeError", "fragment of reverse()", function()
      url("home", nil, { fragment = 3 })
    end)
  end)

  it("puts the script prefix in front", function()
    urls.set_script_prefix("/app")
    assert.equal("/app/", urls.get_script_prefix())
    local ok, got = pcall(url, "nested")
    urls.set_script_prefix("/")
    assert.is_true(ok)
    assert.equal("/app/nested/", got)
    raises("ValueError", "starts with '/'", function()
      urls.set_script_prefix("app")
    end)
  end)

  it("says what is wrong", function()
    local err = raises("NoReverseMatch", "Reverse for 'article' with keyword arguments '{'slug': 'x y', 'year': 3}' not found. 1 pattern(s) tried: ['articles/(?P<year>[0-9]+)/(?P<slug>[-a-zA-Z0-9_]+)/\\\\Z']", function()
      url("article", { year = 3, slug = "x y" })
    end)
    assert.is_true(err.where:find("urls_test.lua:%d+: $") ~= nil)
    raises("NoReverseMatch", "Did you mean 'article'?", function()
      url("artcle")
    end)
    raises("ValueError", "Don't mix *args and **kwargs", function()
      url("article", { 1, slug = 2 })
    end)
    raises("ValueError", "parameter 1 of reverse() is nil", function()
      url("article", { nil, "x" })
    end)
    raises("TypeError", "parameter 'slug' of reverse() is a table", function()
      url("article", { year = 1, slug = {} })
    end)
    raises("TypeError", "did you mean 'fragment'?", function()
      url("home", nil, { fragmnet = "x" })
    end)
    raises("TypeError", "not a number", function()
      url("home", 3)
    end)
  end)
end)

describe("converters", function()
  local calls = 0
  urls.register_converter("month", {
    regex = "[a-z]{3}|[0-9]",
    to_value = function(text)
      calls = calls + 1
      if text == "bad" then
        error(exceptions.ValueError("no month"))
      elseif text == "odd" then
        return nil
      elseif text == "err" then
        error(exceptions.KeyError("boom"))
      elseif text == "str" then
        error("plain")
      end
      return { month = text }
    end,
    to_url = function(value)
      if value == 13 then
        error(exceptions.ValueError("no month"))
      elseif value == 14 then
        error(exceptions.KeyError("boom"))
      elseif value == 15 then
        return {}
      end
      return type(value) == "table" and value.month or value
    end,
  })
  urls.register_converter("hex", { regex = "[0-9a-f]+" })
  local months = {
    path("m/<month:m>/<int:day>/", view, { name = "m" }),
    path("m/<str:text>/<str:day>/", other, { name = "m" }),
    path("h/<hex:x>/", view, { name = "h" }),
    path("in/<month:outer>/", include { path("<month:m>/", view, { name = "two" }) }),
  }

  it("convert what was captured", function()
    assert.same({ m = { month = "jan" }, day = 3 }, urls.resolve("/m/jan/3/", months).params)
    assert.same({ outer = { month = "jan" }, m = { month = "feb" } }, urls.resolve("/in/jan/feb/", months).params)
    assert.same({ x = "ff" }, urls.resolve("/h/ff/", months).params)
    assert.equal(3, calls)
  end)

  it("let the next route have what they refuse", function()
    assert.same({ text = "bad", day = "3" }, urls.resolve("/m/bad/3/", months).params)
    assert.same({ text = "odd", day = "3" }, urls.resolve("/m/odd/3/", months).params)
    assert.equal(other, urls.resolve("/m/bad/3/", months).view)
  end)

  it("hand on every other error as it is", function()
    raises("KeyError", "boom", function()
      urls.resolve("/m/err/3/", months)
    end)
    raises("Error", "plain", function()
      urls.resolve("/m/str/3/", months)
    end)
  end)

  it("write URLs", function()
    local function url(name, params)
      return urls.reverse(name, params, { urlconf = months })
    end
    assert.equal("/m/jan/3/", url("m", { m = { month = "jan" }, day = 3 }))
    assert.equal("/m/5/3/", url("m", { m = 5, day = 3 }))
    assert.equal("/h/255/", url("h", { x = 255 }))
    assert.equal("/in/jan/5/", url("two", { outer = "jan", m = 5 }))
    assert.equal("/m/13/3/", url("m", { text = 13, day = 3 }))
    raises("NoReverseMatch", "'m': 13", function()
      url("m", { m = 13, day = 3 })
    end)
    raises("KeyError", "boom", function()
      url("m", { m = 14, day = 3 })
    end)
    raises("TypeError", "to_url of a URL converter returned a table", function()
      url("m", { m = 15, day = 3 })
    end)
  end)

  it("work inside of a coroutine", function()
    local got = coroutine.wrap(function()
      return urls.reverse("two", { outer = "jan", m = 5 }, { urlconf = months }) .. urls.resolve("/m/jan/3/", months).params.m.month
    end)()
    assert.equal("/in/jan/5/jan", got)
  end)

  it("are checked when they are registered", function()
    raises("ImproperlyConfigured", "URL converter 'int' is already registered", function()
      urls.register_converter("int", { regex = "x" })
    end)
    raises("ImproperlyConfigured", "already registered", function()
      urls.register_converter("month", { regex = "x" })
    end)
    raises("ImproperlyConfigured", "\"(\" is not a valid regular expression", function()
      urls.register_converter("broken", { regex = "(" })
    end)
    raises("ImproperlyConfigured", "has no regex", function()
      urls.register_converter("none", {})
    end)
    raises("ImproperlyConfigured", "did you mean 'to_url'?", function()
      urls.register_converter("none", { regex = "x", to_urls = view })
    end)
    raises("ImproperlyConfigured", "to_value of converter 'none' must be a function", function()
      urls.register_converter("none", { regex = "x", to_value = 3 })
    end)
  end)
end)

describe("declarations", function()
  local function wrong(text, fn)
    local err = raises("ImproperlyConfigured", text, fn)
    assert.is_true(err.message:find("^[%w_./-]*urls_test.lua:%d+: ") ~= nil, err.message)
  end
  local function compile(list)
    return urls.resolve("/", list)
  end

  it("name the line of a view that is not there", function()
    wrong("the view of path('a/') is nil", function()
      path("a/", nil, { name = "a" })
    end)
    wrong("the view of re_path('^a') is 'shop.views.a', and no C module has a view of that name", function()
      re_path("^a", "shop.views.a")
    end)
    wrong("pass Detail:as_view()", function()
      path("a/", { name = "Detail", as_view = view })
    end)
    wrong("wrap it in include()", function()
      path("a/", { path("b/", view) })
    end)
    assert.is_true(urls.is_valid_path("/a/", { path("a/", setmetatable({}, { __call = view })) }) ~= false)
  end)

  it("refuse what they do not know", function()
    wrong("did you mean 'name'?", function()
      path("a/", view, { nam = "x" })
    end)
    wrong("option 'name' of path('a/') must be a string", function()
      path("a/", view, { name = 3 })
    end)
    wrong("the options of path('a/') must be a table", function()
      path("a/", view, "name")
    end)
    wrong("must have names for keys", function()
      path("a/", view, { kwargs = { 1 } })
    end)
    wrong("must be a string, not a function", function()
      path(view)
    end)
    wrong("include() takes the name of a module", function()
      include(3)
    end)
    wrong("did you mean 'namespace'?", function()
      include("x", { namspace = "y" })
    end)
  end)

  it("are checked with their lines when they are compiled", function()
    wrong("uses invalid converter 'itn'; did you mean 'int'?", function()
      compile { path("<itn:x>/", view) }
    end)
    wrong("\"^(\" is not a valid regular expression: missing closing parenthesis at position 2", function()
      compile { re_path("^(", view) }
    end)
    wrong("there is no module 'no.such.urls'", function()
      compile { path("", include "no.such.urls") }
    end)
    wrong("needs an app_name", function()
      compile { path("", include({ path("", view) }, { namespace = "x" })) }
    end)
    wrong("includes the list it is in", function()
      local list = {}
      list[1] = path("", include(list))
      compile(list)
    end)
    package.loaded["test.bad_urls"] = true
    wrong("must return a list of routes, not a boolean", function()
      compile { path("", include "test.bad_urls") }
    end)
    package.loaded["test.bad_urls"] = nil
  end)

  it("say which entry is none", function()
    for text, list in pairs {
      ["entry 1 of the list of routes is no route: it is a string"] = { "x" },
      ["entry 2 of the list of routes is no route: it is a nil"] = { path("a", view), nil, path("b", view) },
      ["entry 1 of the list of routes is no route: include() is the second argument"] = { include(conf) },
      ["has a field 'appname' that means nothing in a list of routes; did you mean 'app_name'?"] = { appname = "x" },
      ["handler404 of the list of routes must be a function"] = { handler404 = "x" },
      ["app_name of the list of routes must be a string"] = { app_name = 3 },
    } do
      raises("ImproperlyConfigured", text, function()
        compile(list)
      end)
    end
  end)

  it("include modules, and lists in a circle", function()
    package.loaded["test.urls"] = { app_name = "tested", path("x/", view, { name = "x" }) }
    local list = { path("a/", include "test.urls"), path("b/", include("test.urls", { namespace = "b" })) }
    assert.equal("/a/x/", urls.reverse("tested:x", nil, { urlconf = list }))
    assert.equal("/b/x/", urls.reverse("b:x", nil, { urlconf = list }))
    local first, second = { app_name = "first" }, { app_name = "second" }
    first[1] = path("to/", include(second))
    second[1] = path("back/", include(first))
    second[2] = path("here/", view, { name = "here" })
    assert.equal("second:first:second:here", urls.resolve("/to/back/to/here/", first).view_name)
    assert.equal("/to/back/to/here/", urls.reverse("second:first:second:here", nil, { urlconf = first }))
    package.loaded["test.urls"] = nil
  end)

  it("are listed and warned about", function()
    local routes = urls._routes(conf)
    assert.equal(11, #routes)
    assert.equal("shop/<int:pk>/", routes[6].route)
    assert.equal("shop:detail", routes[6].view_name)
    assert.equal(view, routes[6].view)
    local warnings = urls._check { path("/a", view), re_path("^b$", include {}) }
    assert.equal("urls.W002", warnings[1].id)
    assert.equal("urls.W001", warnings[2].id)
    assert.is_true(warnings[1].where:find("urls_test.lua:%d+$") ~= nil)
  end)

  it("need a project or an urlconf", function()
    raises("ImproperlyConfigured", "root_urlconf is not set", function()
      urls.resolve("/")
    end)
    raises("ImproperlyConfigured", "there is no module 'no.such'", function()
      urls.reverse("x", nil, { urlconf = "no.such" })
    end)
  end)

  it("live as long as they are used", function()
    for _ = 1, 50 do
      urls.resolve("/x/jan/", { path("x/<month:m>/", view, { kwargs = { a = {} } }) })
    end
    collectgarbage()
    collectgarbage()
    assert.equal("/nested/", urls.reverse("nested", nil, { urlconf = conf }))
  end)
end)

t.finish()
