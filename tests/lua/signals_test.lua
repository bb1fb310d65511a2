-- SPDX-License-Identifier: MIT
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local log = require "perilune.log"
local signals = require "perilune.signals"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

-- A receiver that notes what it hears, and the notes.
local function ear(name, notes, response)
  return function(sender, event)
    notes[#notes + 1] = name
    notes.sender, notes.event = sender, event
    return response
  end
end

local function collect()
  collectgarbage()
  collectgarbage()
end

describe("a signal", function()
  it("tells receivers in the order in which they connected", function()
    local paid, notes = signals.Signal(), {}
    for _, name in ipairs { "b", "a", "c" } do
      paid:connect(ear(name, notes))
    end
    paid:send("shop", { amount = 5 })
    assert.same({ "b", "a", "c" }, { table.unpack(notes) })
    assert.equal("shop", notes.sender)
    assert.equal(5, notes.event.amount)
    assert.equal(paid, notes.event.signal)
  end)

  it("gives the responses", function()
    local paid = signals.Signal()
    local function one() return 1 end
    local function none() end
    local function no() return false end
    assert.same({}, paid:send())
    paid:connect(one)
    paid:connect(none)
    paid:connect(no)
    assert.same({ { receiver = one, response = 1 }, { receiver = none }, { receiver = no, response = false } }, paid:send(nil))
  end)

  it("gives results of receivers that return nothing as a list too", function()
    local paid = signals.Signal()
    local function f() end
    local function g() end
    paid:connect(f)
    paid:connect(g)
    local results = paid:send()
    assert.equal(2, #results)
    assert.equal(f, results[1].receiver)
    assert.equal(g, results[2].receiver)
    assert.equal(nil, results[1].response)
    assert.equal(nil, results[1].error)
    assert.equal(nil, results[3])
    local n = 0
    for i, result in ipairs(results) do
      n = n + i
      assert.same({ "receiver" }, (function()
        local keys = {}
        for k in pairs(result) do keys[#keys + 1] = k end
        return keys
      end)())
    end
    assert.equal(3, n)
    for i in pairs(results) do n = n + i end
    assert.equal(6, n)
    assert.raises(function() results[1] = 1 end, "reading only")
    assert.raises(function() results[1].response = 1 end, "reading only")
  end)

  it("tells many", function()
    local paid, sum = signals.Signal(), 0
    for i = 1, 40 do
      paid:connect(function() sum = sum + i return i end)
    end
    local results = paid:send()
    assert.equal(820, sum)
    assert.equal(40, #results)
    assert.equal(40, results[40].response)
  end)

  it("takes any value as sender", function()
    local paid, notes = signals.Signal(), {}
    local class = {}
    for name, sender in pairs { number = 123, text = "shop", long = ("x"):rep(100), class = class, yes = true, fn = print } do
      paid:connect(ear(name, notes), { sender = sender })
    end
    for name, sender in pairs { number = 123.0, text = "sh" .. "op", long = ("x"):rep(50) .. ("x"):rep(50), class = class, yes = true, fn = print } do
      notes[1] = nil
      assert.is_true(paid:has_listeners(sender))
      paid:send(sender)
      assert.same({ name }, { table.unpack(notes) })
    end
    notes[1] = nil
    for _, sender in pairs { 124, "shops", {}, false, error, setmetatable({}, { __index = class, __eq = function() return true end }) } do
      assert.equal(false, paid:has_listeners(sender))
      paid:send(sender)
    end
    paid:send(nil)
    assert.equal(nil, notes[1])
  end)

  it("takes only the exact class, not what inherits from it", function()
    local Base = {}
    local Child = setmetatable({}, { __index = Base })
    local notes = {}
    local off = signals.post_save:connect(ear("base", notes), { sender = Base })
    signals.post_save:send(Child, {})
    assert.equal(0, #notes)
    signals.post_save:send(Base, {})
    assert.equal(1, #notes)
    off()
  end)

  it("keeps the order between receivers of one sender and of all", function()
    local paid, notes, class = signals.Signal(), {}, {}
    paid:connect(ear("1", notes))
    paid:connect(ear("2", notes), { sender = class })
    paid:connect(ear("3", notes))
    paid:send(class)
    paid:send({})
    assert.equal("12313", table.concat(notes))
  end)

  it("connects a receiver to a sender once", function()
    local paid, notes, class = signals.Signal(), {}, {}
    local f = ear("f", notes)
    paid:connect(f)
    paid:connect(f)
    paid:connect(f, { sender = class })
    paid:send(class)
    assert.equal(2, #notes)
  end)

  it("tells receivers apart by dispatch_uid", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("first", notes), { dispatch_uid = "audit" })
    paid:connect(ear("second", notes), { dispatch_uid = "audit" })
    paid:connect(ear("third", notes), { dispatch_uid = "audit", sender = "x" })
    paid:send "x"
    assert.same({ "first", "third" }, { table.unpack(notes) })
    assert.equal(false, paid:disconnect { dispatch_uid = "other" })
    assert.is_true(paid:disconnect { dispatch_uid = "audit" })
    assert.equal(false, paid:disconnect { dispatch_uid = "audit" })
    assert.equal(false, paid:disconnect { dispatch_uid = "audit", sender = "y" })
    assert.is_true(paid:disconnect { dispatch_uid = "audit", sender = "x" })
    assert.equal(false, paid:has_listeners "x")
  end)

  it("disconnects by function, and by what connect gave", function()
    local paid, notes = signals.Signal(), {}
    local f = ear("f", notes)
    local off = paid:connect(f, { sender = "a" })
    assert.equal(false, paid:disconnect(f))
    assert.equal(false, paid:disconnect(f, { sender = "never seen" }))
    assert.is_true(paid:disconnect(f, { sender = "a" }))
    assert.equal(false, off())
    off = paid:connect(f)
    assert.is_true(off())
    assert.equal(false, off())
    paid:connect(f)
    assert.is_true(paid:disconnect { receiver = f })
    paid:send "a"
    assert.equal(0, #notes)
  end)

  it("takes objects that can be called", function()
    local paid, got = signals.Signal(), nil
    local object = setmetatable({}, { __call = function(_, sender, event) got = sender .. event.x end })
    paid:connect(object)
    paid:send("s", { x = 1 })
    assert.equal("s1", got)
    assert.is_true(paid:disconnect(object))
  end)

  it("holds receivers unless they are weak", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("strong", notes))
    local kept = ear("kept", notes)
    paid:connect(ear("weak", notes), { weak = true })
    paid:connect(kept, { weak = true })
    paid:send()
    assert.same({ "strong", "weak", "kept" }, { table.unpack(notes) })
    collect()
    assert.equal(2, #paid:send())
    assert.same({ "strong", "kept" }, { table.unpack(notes, 4) })
    assert.equal(2, #paid:send_robust())
    assert.is_true(paid:disconnect(kept))
  end)

  it("has no listeners once the weak ones are gone", function()
    local paid = signals.Signal()
    paid:connect(function() end, { weak = true, dispatch_uid = "x" })
    collect()
    assert.equal(false, paid:has_listeners())
    assert.same({}, paid:send())
    assert.equal(false, paid:disconnect { dispatch_uid = "x" })
    local notes = {}
    paid:connect(ear("new", notes), { dispatch_uid = "x" }) -- the name is free again
    paid:send()
    assert.equal(1, #notes)
  end)

  it("is garbage when nobody has it, receivers that refer to it or not", function()
    local weak = setmetatable({}, { __mode = "v" })
    do
      local paid = signals.Signal()
      paid:connect(function() return paid end, { sender = paid, dispatch_uid = {} })
      paid:send()
      weak.signal = paid
    end
    collect()
    assert.equal(nil, weak.signal)
    for _ = 1, 1000 do
      local paid = signals.Signal()
      paid:connect(function() end)
    end
    collect()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("x", notes))
    paid:send()
    assert.equal(1, #notes)
  end)

  it("lets go of what is disconnected", function()
    local paid, weak = signals.Signal(), setmetatable({}, { __mode = "v" })
    do
      local f, class = function() end, {}
      weak.f, weak.class = f, class
      paid:connect(f, { sender = class })
      paid:send(class)
      paid:disconnect(f, { sender = class })
    end
    paid:send()
    collect()
    assert.equal(nil, weak.f)
    assert.equal(nil, weak.class)
  end)

  it("tells those that were connected when the sending began", function()
    local paid, notes = signals.Signal(), {}
    local b, c = ear("b", notes), ear("c", notes)
    paid:connect(function()
      notes[#notes + 1] = "a"
      paid:disconnect(b)
      paid:connect(c)
    end)
    paid:connect(b)
    paid:send()
    assert.equal("ab", table.concat(notes))
    paid:send()
    assert.equal("abac", table.concat(notes))
  end)

  it("does the same while a receiver waits", function()
    local paid, notes = signals.Signal(), {}
    local b = ear("b", notes)
    paid:connect(function() fiber.sleep(0.01) notes[#notes + 1] = "a" end)
    paid:connect(b)
    fiber.gather {
      function() paid:send() end,
      function() paid:disconnect(b) paid:connect(ear("c", notes)) end,
    }
    assert.equal("ab", table.concat(notes))
  end)

  it("passes on what a receiver raises, and stops", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("a", notes))
    paid:connect(function() error(exceptions.PermissionDenied "no") end)
    paid:connect(ear("c", notes))
    local err = assert.raises(function() paid:send() end, "no")
    assert.is_true(exceptions.is(err, "PermissionDenied"))
    assert.equal("a", table.concat(notes))
    assert.equal(1, #notes)
  end)

  it("lets events be sent on and used again", function()
    local paid, shipped, seen = signals.Signal(), signals.Signal(), {}
    shipped:connect(function(_, event) seen[#seen + 1] = event.signal == shipped and event.n end)
    paid:connect(function(sender, event) shipped:send(sender, event) end)
    paid:connect(function(_, event) seen[#seen + 1] = event.signal == paid and event.n end)
    local event = { n = 7 }
    paid:send("x", event)
    paid:send("x", event)
    shipped:send("x", event)
    assert.same({ 7, 7, 7, 7, 7 }, seen)
    local n = 0
    for _ in pairs(event) do n = n + 1 end
    assert.equal(1, n) -- the caller's table has what the caller put into it
    local object = setmetatable({ n = 8 }, { __index = { kind = "k" } })
    paid:connect(function(_, e) seen.kind = e.kind end)
    paid:send("x", object)
    assert.equal("k", seen.kind)
  end)
end)

describe("send_robust", function()
  it("logs errors, gives them back and goes on", function()
    log._configure({ handlers = { memory = { class = "memory" } }, root = { level = "DEBUG", handlers = { "memory" } } }, true)
    local paid = signals.Signal { name = "paid" }
    local function good() return "ok" end
    local function bad() error "broken" end
    paid:connect(bad)
    paid:connect(good)
    local results = paid:send_robust("x", { a = 1 })
    assert.equal(2, #results)
    assert.equal(bad, results[1].receiver)
    assert.is_true(exceptions.is(results[1].error, "Exception"))
    assert.equal(nil, results[1].response)
    assert.same({ receiver = good, response = "ok" }, results[2])
    local record = log.records()[1]
    assert.equal("perilune.dispatch", record.name)
    assert.equal("ERROR", record.level)
    assert.is_true(record.message:find("signals_test.lua:%d+ in paid:send_robust%(%) %(.*broken") ~= nil, record.message)
    assert.is_true(record.traceback:find("signals_test.lua", 1, true) ~= nil, "traceback")
    assert.same({}, signals.Signal():send_robust())
  end)

  it("does not keep a cancelled fiber going", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(function() fiber.sleep(5) end)
    paid:connect(ear("after", notes))
    local f = fiber.spawn(function() paid:send_robust() end)
    fiber.yield()
    f:cancel()
    local ok, err = pcall(f.join, f)
    assert.equal(false, ok)
    assert.is_true(exceptions.is(err, "CancelledError"))
    assert.equal(0, #notes)
  end)
end)

describe("senders by label", function()
  it("are resolved when the class appears", function()
    local notes, Product, Order = {}, {}, {}
    local f = ear("f", notes)
    signals.post_save:connect(f, { sender = "shop.Product" })
    assert.equal(false, signals.post_save:has_listeners "shop.Product")
    signals.post_save:send(Product, {})
    assert.equal(0, #notes)
    assert.equal("shop.Product", signals._pending()[1].label)
    signals._resolve("shop.Product", Product)
    assert.same({}, signals._pending())
    assert.is_true(signals.post_save:has_listeners(Product))
    assert.is_true(signals.post_save:has_listeners "shop.product")
    assert.equal(false, signals.post_save:has_listeners(Order))
    signals.post_save:send(Product, {})
    signals.post_save:send(Order, {})
    assert.equal(1, #notes)
    assert.is_true(signals.post_save:disconnect(f, { sender = "shop.Product" }))
    assert.equal(false, signals.post_save:has_listeners(Product))
  end)

  it("may come after it", function()
    local notes, Author = {}, {}
    signals._resolve("blog.Author", Author)
    local off = signals.pre_save:connect(ear("f", notes), { sender = "blog.Author" })
    signals.pre_save:send(Author, {})
    assert.equal(1, #notes)
    off()
    local shown = signals.ModelSignal()
    shown:connect(ear("g", notes), { sender = "blog.author" })
    shown:send(Author, {})
    assert.equal(2, #notes)
  end)

  it("are plain text for other signals", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("f", notes), { sender = "blog.Author" })
    paid:send "blog.Author"
    assert.equal(1, #notes)
  end)

  it("that never appear are told by the checks", function()
    local off = signals.pre_delete:connect(function() end, { sender = "shop.Prodcut" })
    local found = require("perilune.checks").run { tags = { "signals" } }
    assert.equal(1, #found)
    assert.equal("signals.E001", found[1].id)
    assert.is_true(tostring(found[1]):find("signals_test.lua:%d+: .*'shop.Prodcut'") ~= nil, tostring(found[1]))
    off()
    assert.same({}, require("perilune.checks").run { tags = { "signals" } })
  end)
end)

describe("signals.receiver", function()
  it("connects a function to one signal or several", function()
    local notes, class = {}, {}
    local f = ear("f", notes)
    assert.equal(f, signals.receiver({ signals.post_save, signals.post_delete }, { sender = class }, f))
    signals.post_save:send(class, {})
    signals.post_delete:send(class, {})
    signals.post_delete:send({}, {})
    assert.equal(2, #notes)
    assert.is_true(signals.post_save:disconnect(f, { sender = class }) and signals.post_delete:disconnect(f, { sender = class }))
    local paid = signals.Signal()
    assert.equal(f, signals.receiver(paid, f))
    assert.equal(f, signals.receiver(paid, { sender = 1 })(f))
    paid:send(1)
    assert.equal(4, #notes)
  end)
end)

describe("signals.disabled", function()
  it("tells nobody while the function runs", function()
    local paid, shipped, notes = signals.Signal(), signals.Signal(), {}
    paid:connect(ear("p", notes))
    paid:connect(ear("q", notes), { sender = "x" })
    shipped:connect(ear("s", notes))
    local a, b, c = signals.disabled { paid }(function(x)
      assert.equal(false, paid:has_listeners())
      assert.same({}, paid:send "x")
      assert.same({}, paid:send_robust "x")
      shipped:send()
      signals.disabled { paid, shipped }(function() shipped:send() end)
      assert.same({}, paid:send())
      return x, nil, 3
    end, 1)
    assert.same({ 1, nil, 3 }, { a, b, c })
    assert.equal("s", table.concat(notes))
    paid:send "x"
    assert.equal("spq", table.concat(notes))
  end)

  it("ends with an error", function()
    local paid, notes = signals.Signal(), {}
    paid:connect(ear("p", notes))
    assert.raises(function() signals.disabled { paid }(function() error(exceptions.KeyError "k") end) end, "k")
    paid:send()
    assert.equal(1, #notes)
  end)
end)

describe("mistakes", function()
  local paid = signals.Signal { name = "paid" }
  local function wrong(class, text, fn, ...)
    local args = table.pack(...)
    local err = assert.raises(function() fn(table.unpack(args, 1, args.n)) end, text)
    assert.is_true(exceptions.is(err, class), tostring(err))
  end

  it("are told", function()
    wrong("TypeError", "paid:connect: the receiver is a function(sender, event), not a nil", paid.connect, paid)
    wrong("TypeError", "not a string", paid.connect, paid, "x")
    wrong("TypeError", "unknown option 'dispatch_id'; did you mean 'dispatch_uid'?", paid.connect, paid, print, { dispatch_id = 1 })
    wrong("TypeError", "paid:disconnect: the receiver is a function", paid.disconnect, paid, { sender = 1 })
    wrong("AttributeError", "a signal has no field 'conect'; did you mean 'connect'?", function() paid:conect(print) end)
    wrong("AttributeError", "perilune.signals has no 'post_sav'; did you mean 'post_save'?", function() return signals.post_sav end)
    wrong("AttributeError", "a signal has no field 'x' to set", function() paid.x = 1 end)
    wrong("TypeError", "item 1 of the list is a string, not a signal", signals.receiver, { "post_save" }, print)
    wrong("TypeError", "a signal or a list of signals comes first", signals.disabled, {})
    paid:connect(print)
    wrong("TypeError", "paid:send(sender, event): the event is a table, not a string", paid.send, paid, nil, "x")
    paid:disconnect(print)
    paid:connect(print)
    assert.raises(function() paid.send({}, { amount = 1 }) end, "with a colon")
    paid:send_robust()
    assert.raises(function() paid.send("sender", { amount = 1 }) end, "with a colon")
    paid:disconnect(print)
    assert.raises(function() paid.has_listeners({}) end, "signal expected")
    wrong("TypeError", "called with a colon, as in paid:connect(receiver)", paid.connect, print)
    wrong("TypeError", "called with a colon, as in paid:disconnect(receiver)", paid.disconnect, print)
    wrong("TypeError", "called with a colon, as in paid:send_robust(sender, event)", paid.send_robust, "sender")
    wrong("TypeError", "signals.disabled { … }(function): a function, not a nil", signals.disabled(paid))
    wrong("ValueError", "the sender 'shop' is no model: it is written \"app.Model\"", signals.post_save.connect, signals.post_save, print, { sender = "shop" })
  end)
end)

describe("the built-in signals", function()
  it("are all there", function()
    for _, name in ipairs {
      "pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "class_prepared",
      "pre_migrate", "post_migrate", "request_started", "request_finished", "got_request_exception", "setting_changed",
      "template_rendered", "connection_created", "user_logged_in", "user_logged_out", "user_login_failed",
      "post_bulk_create", "post_bulk_update", "post_queryset_update",
    } do
      assert.equal("signal " .. name, tostring(signals[name]))
      assert.equal(false, signals[name]:has_listeners({}))
    end
  end)
end)

log._configure(nil, false)
t.finish()
