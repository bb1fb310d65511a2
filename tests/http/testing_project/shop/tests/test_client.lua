-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local client = require "perilune.http.client"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"
local shop = require "shop.models"
local signals = require "perilune.signals"
local test = require "perilune.test"

local function echo(method, options)
  return test.client[method](test.client, "/echo/", options):json()
end

describe("the client", function()
  it("goes through the middleware and the templates", function()
    local maps = test.factory(shop.Category, { name = "Maps" })
    test.factory(shop.Product, { name = "Globe", category = maps })
    local response = test.client:get "/"
    assert.status(response, 200)
    assert.equal("seen", response.headers["X-Mark"])
    assert.contains(response, "Globe", { count = 1 })
    assert.contains(response, '<li id="p1" class="big product">Globe, Maps</li>', { html = true })
    assert.not_contains(response, "Lamp")
    assert.template_used(response, "shop/list.html")
    assert.template_not_used(response, "shop/other.html")
    assert.equal("Globe", response.context.products[1].name)
    assert.equal("list", response.resolver_match.url_name)
  end)

  it("sends queries, forms, JSON, files, headers", function()
    assert.equal("a=1&b=x&b=y", echo("get", { query = { a = 1, b = { "x", "y" } } }).get)
    assert.equal("Ada & Co", echo("post", { data = { name = "Ada & Co" } }).name)
    assert.same({ a = { 1, 2 } }, echo("post", { json = { a = { 1, 2 } } }).json)
    assert.equal("PUT", echo("put", { json = {} }).method)
    assert.equal("1", echo("get", { headers = { ["X-One"] = 1 } }).header)
    assert.equal("10.0.0.9", echo("get", { remote_addr = "10.0.0.9" }).addr)
    assert.is_true(echo("get", { secure = true }).secure)
    local answer = echo("post", { data = { name = "with" }, files = { file = { name = "a.txt", content = "héllo\r\n--x" } } })
    assert.same({ name = "a.txt", type = "text/plain", text = "héllo\r\n--x" }, answer.file)
    assert.equal("with", answer.name)
  end)

  it("follows redirects and keeps cookies", function()
    local response = test.client:post("/add/", { data = { name = "Lamp" } })
    assert.redirects(response, "/?added=1")
    assert.equal("Lamp", test.client.cookies.last)
    assert.equal("Lamp", echo("get").last)
    response = test.client:post("/add/", { data = { name = "Boot" }, follow = true })
    assert.redirects(response, "/?added=1", { target_status_code = 200 })
    assert.same({ { "/?added=1", 302 } }, response.redirect_chain)
    assert.contains(response, "Boot")
    assert.is_nil(test.Client().cookies.last)
    assert.has_error(function() test.client:get("/loop/", { follow = true }) end, "leads to itself")
  end)

  it("starts without cookies in each test", function()
    assert.is_nil(echo("get").last)
  end)

  it("raises what a view raises, unless it is not to", function()
    local err = assert.raises(exceptions.ValueError, function() test.client:get "/boom/" end, "it broke")
    assert.matches("shop/views.lua", err.traceback)
    local response = test.client:get("/boom/", { raise_request_exception = false })
    assert.status(response, 500)
    assert.equal("it broke", response.exception.message)
    assert.status(test.client:get "/nowhere/", 404)
    assert.status(test.client:get "/add/", 405)
    assert.status(test.client:head "/", 200)
    assert.equal("", test.client:head("/").content)
  end)

  it("reads streams", function()
    assert.equal("piece 1\npiece 2\npiece 3\n", test.client:get("/stream/").content)
    local pieces = {}
    for piece in test.client:get("/stream/"):chunks() do
      pieces[#pieces + 1] = piece
    end
    assert.equal(3, #pieces)
  end)

  it("shows fibers of a view the rows of the test", function()
    test.factory(shop.Product)
    assert.same({ 1, 1 }, test.client:get("/fibers/"):json())
    assert.equal(1, shop.Product.objects:using("replica"):count())
  end)

  it("sends the signals of requests", function()
    local seen = {}
    signals.request_started:connect(function() seen[#seen + 1] = "started" end)
    signals.request_finished:connect(function() seen[#seen + 1] = "finished" end)
    test.client:get "/"
    assert.same({ "started", "finished" }, seen)
  end)
end)

describe("settings", { settings = { page_size = 1 } }, function()
  it("are those of the block", function()
    test.factory(shop.Product)
    test.factory(shop.Product)
    assert.equal(1, #test.client:get("/").context.products)
    test.override_settings({ page_size = 2, middleware = {} }, function()
      local response = test.client:get "/"
      assert.equal(2, #response.context.products)
      assert.is_nil(response.headers["X-Mark"])
    end)
    assert.equal("seen", test.client:get("/").headers["X-Mark"])
  end)

  it("last until the test ends, and tell", function()
    local seen = {}
    local off = signals.setting_changed:connect(function(_, event) seen[#seen + 1] = ("%s=%s"):format(event.setting, event.value) end)
    test.override_settings { page_size = 5 }
    assert.equal(5, settings.page_size)
    assert.same({ "page_size=5" }, seen)
    off()
    assert.has_error(function() test.override_settings({ databases = {} }, function() end) end, "the databases are open")
    assert.has_error(function() test.override_settings({ debag = true }, function() end) end, "did you mean 'debug'")
  end)

  it("route to other databases", function()
    local tag = shop.Tag.objects:create { name = "x" }
    local function databases()
      return shop.Tag.objects:all():db() .. " " .. shop.Tag.objects:get({ pk = tag.pk })._state.db .. " " .. shop.Tag.objects:create({ name = "y" })._state.db
    end
    assert.equal("default default default", databases())
    test.override_settings({ database_routers = { "shop.routers.Reading" } }, function()
      assert.equal("replica replica default", databases())
      test.override_settings({ database_routers = {} }, function()
        assert.equal("default default default", databases())
      end)
      assert.equal("replica replica default", databases())
    end)
    assert.equal("default default default", databases())
    test.override_settings({ database_routers = { { db_for_write = function() return "replica" end } } }, function()
      assert.equal("default default replica", databases())
    end)
    assert.has_error(function() test.override_settings({ database_routers = { "shop.routers.Readin" } }, function() end) end, "did you mean 'Reading'")
    assert.equal("default default default", databases())
  end)

  it("are back", function()
    assert.equal(1, settings.page_size)
  end)
end)

describe("caches", function()
  for i = 1, 2 do
    it("are empty when a test begins, " .. i, function()
      assert.is_nil(cache:get "left")
      cache:set("left", i)
      assert.equal(0, test.client:get("/count/"):json().count)
      test.factory(shop.Product)
      assert.equal(0, test.client:get("/count/"):json().count)
    end)
  end
end)

describe("receivers that a test connects", function()
  local seen = 0
  for i = 1, 2 do
    it("end with it, " .. i, function()
      local before = seen -- whichever of the two comes first
      signals.request_started:connect(function() seen = seen + 1 end)
      test.client:get "/"
      assert.equal(before + 1, seen)
    end)
  end
end)

describe("a query for each row", function()
  before_each(function()
    test.Factory(shop.Category):batch(6)
  end)
  it("makes the test fail", function()
    local err = test.catch(function() test.client:get "/each/" end)
    assert.matches("^/each/: shop/views.lua:%d+ sends the same statement 6 times: use select_related or prefetch_related", err.message)
  end)
  it("unless the setting says otherwise", { settings = { n_plus_one = "log" } }, function()
    local records = test.capture_logs(function() assert.status(test.client:get "/each/", 200) end, { logger = "perilune.test" })
    assert.contains(records[1].message, "/each/: shop/views.lua")
  end)
end)

describe("a live server", function()
  it("answers with the rows of the test", function()
    test.factory(shop.Product, { name = "Far" })
    local status, body = test.live_server(function(url)
      assert.equal(404, client.get(url .. "/nowhere/").status)
      local answer = client.get(url .. "/")
      return answer.status, answer.body
    end)
    assert.equal(200, status)
    assert.contains(body, "Far")
  end)
end)
