-- SPDX-License-Identifier: MIT
-- C modules seen from Lua; run in the project tests/modules/project.
local exceptions = require "perilune.exceptions"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local hello = require "hello"
local native = require "perilune._module"

describe("functions of a C module", function()
  it("take and give values", function()
    assert.equal(42, hello.add(40, 2))
    assert.equal(42, hello.add(40.0, 2))
    assert.equal("integer", math.type(hello.add(40.0, 2)))
    assert.equal(1.5, hello.half(3))
    assert.equal("1.0", hello._VERSION)
  end)

  it("give tables and several values", function()
    local described, first = hello.describe "ab\0"
    assert.same({ length = 3, upper = "AB\0", bytes = { 97, 98, 0 }, empty = false }, described)
    assert.equal("a", first)
    local none
    described, none = hello.describe ""
    assert.same({ length = 0, upper = "", bytes = {}, empty = true }, described)
    assert.is_nil(none)
    assert.equal(2, select("#", hello.describe "x"))
  end)

  it("say what is wrong with arguments", function()
    local err = assert.raises(function() hello.add(1, {}) end, "argument 2 of hello.add must be an integer, not table")
    assert.is_true(exceptions.is(err, exceptions.TypeError))
    assert.raises(function() hello.add(1) end, "not no value")
    assert.raises(function() hello.add("1", 2) end, "argument 1 of hello.add must be an integer, not string")
    assert.raises(function() hello.describe(nil) end, "must be a string, not nil")
    assert.raises(function() hello.describe(("x"):rep(65)) end, "more than 64 bytes")
  end)

  it("raise errors of the class they name", function()
    local err = assert.raises(function() hello.add(math.maxinteger, 1) end, "is too large")
    assert.is_true(exceptions.is(err, exceptions.OverflowError))
    assert.raises(hello.silent, "hello.silent failed without a reason")
    assert.raises(hello.unfinished, "left a table open")
  end)

  it("wait in the fiber", function()
    local fiber = require "perilune.fiber"
    local order = {}
    fiber.gather {
      function()
        hello.nap(0.02)
        order[#order + 1] = "slow"
      end,
      function()
        order[#order + 1] = "fast"
      end,
    }
    assert.same({ "fast", "slow" }, order)
  end)

  it("survive the garbage collector", function()
    for i = 1, 2000 do
      hello.describe(tostring(i))
      pcall(hello.add, i)
    end
    collectgarbage()
  end)
end)

describe("perilune._module", function()
  it("lists what is there", function()
    assert.same({ { name = "hello", version = "1.0" } }, native.modules())
    assert.same({ { name = "say_hello", help = "greets somebody", module = "hello" } }, native.commands())
    assert.equal("hello.greet", native.views()[1])
    assert.equal("userdata", type(native.view "hello.greet"))
    assert.is_nil(native.view "hello.nothing")
  end)

  it("runs commands", function()
    assert.equal(0, native.run("say_hello", "moon"))
    assert.equal(2, native.run "say_hello")
    assert.is_nil(native.run "nothing")
  end)
end)

describe("routes to views of C modules", function()
  local urls = require "perilune.urls"

  it("name them", function()
    urls.path("a/", "hello.greet")
    assert.raises(function() urls.path("a/", "hello.gret") end, "did you mean 'hello.greet'?")
    assert.raises(function() urls.path("a/", "shop.views.index") end, "no C module has a view of that name")
  end)

  it("resolve and reverse", function()
    local match = urls.resolve "/hello/moon/"
    assert.equal("greet", match.url_name)
    assert.equal("moon", match.params.name)
    assert.equal("/hello/sun/", urls.reverse("greet", { name = "sun" }))
  end)
end)

describe("settings", function()
  it("keep the table of a policy", function()
    assert.same({ "'self'", "<CSP_NONCE_SENTINEL>" }, require("perilune.settings").secure_csp["script-src"])
  end)
end)

describe("receivers in C", function()
  local signals = require "perilune.signals"

  it("are told what Lua sends, by the name of the signal", function()
    hello.heard()
    local paid = signals.Signal { name = "order_paid" }
    assert.is_true(paid:has_listeners())
    local order = {}
    paid:connect(function() order[#order + 1] = hello.heard() return "Lua" end)
    local results = paid:send("shop", { amount = 5, instance = { name = "Ada" } })
    assert.equal("order_paid by shop: Ada 5\n", order[1]) -- in the order of connection
    assert.equal(2, #results)
    assert.equal("Lua", results[2].response)
    assert.equal(2, #paid:send_robust(nil, { amount = 1.0 }))
    assert.equal("order_paid by :  0\n", order[2])
    signals.disabled { paid }(function() paid:send(nil, {}) end)
    assert.equal("", hello.heard())
    signals.Signal { name = "order_pait" }:send(nil, {})
    signals.Signal():send(nil, {})
    assert.equal("", hello.heard())
    local second = signals.Signal { name = "order_paid" }
    second:send(nil, { amount = 2 })
    assert.equal("order_paid by :  2\n", hello.heard())
  end)

  it("fail as others do", function()
    local paid = signals.Signal { name = "order_paid" }
    assert.raises(function() paid:send(nil, { amount = -1 }) end, "receiver of 'order_paid' in C module 'hello': an amount of -1")
    local results = paid:send_robust(nil, { amount = -1 })
    assert.is_true(tostring(results[1].error):find("an amount of -1", 1, true) ~= nil)
    local broken = setmetatable({}, { __index = function() error "no such thing" end })
    assert.raises(function() paid:send(nil, { instance = broken }) end, "no such thing")
  end)

  it("hear of one model only", function()
    local models = require "perilune.models"
    local members = { name = models.CharField { max_length = 20 }, Meta = { app_label = "shop" } }
    local Other = models.Model("Other", { Meta = { app_label = "shop" } })
    assert.is_false(signals.post_save:has_listeners(Other))
    local Product = models.Model("Product", members)
    require("perilune._models.registry").project:world()
    assert.is_true(signals.post_save:has_listeners(Product))
    hello.heard()
    require("perilune._models.signals").post_save(Product, Product { name = "Emma" }, true, false, "default")
    require("perilune._models.signals").post_save(Other, Other {}, true, false, "default")
    assert.equal("post_save by shop.Product: Emma 0 new\n", hello.heard())
  end)
end)

t.finish()
