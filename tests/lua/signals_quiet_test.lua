-- SPDX-License-Identifier: MIT
-- Receivers that cannot return anything are called by a function in Lua; nobody else is, for
-- what they return would be lost (bindings/signals/quiet.c).
local fiber = require "perilune.fiber"
local signals = require "perilune.signals"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local PLAN = "@perilune/_signals_plan.lua"

-- Is somebody up the stack the function in Lua that calls quiet receivers?
local function by_plan()
  for level = 2, 6 do
    local info = debug.getinfo(level, "S")
    if info and info.source == PLAN then
      return true
    end
  end
  return false
end

local notes -- of the receivers below: were they called by a plan?
local function note()
  notes[#notes + 1] = by_plan()
end
local function nothing() end
local function some() return 1, 2 end

local quiet = {
  ["no return"] = function() note() end,
  ["an empty return"] = function(_, event) note() if event.amount then return end note() end,
  ["a return in a function inside"] = function() note() local function f() return 1 end f() end,
  ["variable arguments"] = function(...) note() local _ = ... end,
  ["a value to close"] = function() note() local _ <close> = setmetatable({}, { __close = nothing }) end,
  ["a variable that a function inside keeps"] = function() note() local x = 1 notes.f = function() x = x + 1 return x end end,
  ["a loop"] = function() note() for i = 1, 3 do if i == 2 then return end end end,
  ["many constants and lines"] = assert(load("local note = ... return function()\nnote()\n" .. ("local x = { 'a', 2.5, [1e300] = -7 } do x = nil end\n"):rep(150) .. "end"))(note),
}

local speaking = {
  ["a value"] = { 1, function() note() return 1 end },
  ["false"] = { false, function() note() return false end },
  ["a variable"] = { "x", function() note() local x = "x" return x end },
  ["several values"] = { 1, function() note() return 1, 2 end },
  ["a call, that is a tail call"] = { 1, function() note() return some() end },
  ["what a call returns, in parentheses"] = { 1, function() note() return (some()) end },
  ["a value and a call"] = { 0, function() note() return 0, some() end },
  ["its variable arguments"] = { "sender", function(...) note() return ... end },
  ["a value after one to close"] = { 2, function() note() local _ <close> = setmetatable({}, { __close = nothing }) return 2 end },
  ["a value in a branch"] = { 3, function(_, event) note() if event.amount == 5 then return 3 end end },
  ["a value from a loop"] = { 2, function() note() for i = 1, 3 do if i == 2 then return i end end end },
  ["nil"] = { nil, function() note() return nil end },
}

local function send(...)
  local paid = signals.Signal()
  for _, receiver in ipairs { ... } do
    paid:connect(receiver)
  end
  notes = {}
  local first = paid:send("sender", { amount = 5 })
  local n = #notes
  paid:send("sender", { amount = 5 }) -- the plan is at hand now
  assert.equal(2 * n, #notes)
  return first, paid:send("sender", { amount = 5 })
end

describe("a receiver with", function()
  for what, receiver in pairs(quiet) do
    it(what .. " is quiet", function()
      for _, results in ipairs { send(receiver, receiver) } do -- the second is the first again
        assert.equal(1, #results)
        assert.equal(receiver, results[1].receiver)
        assert.equal(nil, results[1].response)
      end
      assert.equal(true, notes[1])
      assert.equal(true, notes[#notes])
    end)
  end
end)

describe("a receiver that returns", function()
  for what, row in pairs(speaking) do
    it(what .. " is heard", function()
      for _, results in ipairs { send(nothing, row[2], quiet["no return"]) } do
        assert.equal(3, #results)
        assert.equal(row[2], results[2].receiver)
        assert.equal(row[1], results[2].response)
        assert.equal(nil, results[3].response)
      end
      for _, by in ipairs(notes) do
        assert.equal(false, by)
      end
    end)
  end
end)

describe("functions that are none in Lua", function()
  it("are heard", function()
    assert.equal("table", send(nothing, setmetatable({}, { __call = function() return "table" end }))[2].response)
    assert.equal("string", send(nothing, type)[2].response)
    assert.equal("in a fiber", send(coroutine.wrap(function()
      while true do coroutine.yield "in a fiber" end
    end))[1].response)
  end)
end)

describe("quiet receivers", function()
  -- n receivers that add their number to `order`.
  local function connect(signal, n, order, options)
    for i = 1, n do
      signal:connect(function() order[#order + 1] = i end, options)
    end
  end

  it("are called in order, however many there are", function()
    for _, n in ipairs { 1, 2, 3, 4, 5, 6, 7, 8, 12, 13, 100, 5000 } do
      local paid, order = signals.Signal(), {}
      connect(paid, n, order)
      local results = paid:send()
      assert.equal(n, #order)
      assert.equal(n, #results)
      for i = 1, n do
        assert.equal(i, order[i])
      end
    end
  end)

  it("of one sender and of all do not get into each other's way", function()
    local paid, order, one, two = signals.Signal(), {}, {}, {}
    connect(paid, 1, order, { sender = one })
    connect(paid, 2, order)
    connect(paid, 3, order, { sender = two })
    connect(paid, 4, order, { sender = "text" })
    local function told(sender)
      for i = #order, 1, -1 do
        order[i] = nil
      end
      for _ = 1, 2 do
        paid:send(sender, {})
      end
      return table.concat(order)
    end
    assert.equal("112112", told(one))
    assert.equal("1212", told({}))
    assert.equal("1212312123", told(two))
    assert.equal("1212", told(nil))
    assert.equal("1212341212" .. "34", told "text")
    assert.equal("1212", told "other")
    assert.equal("112112", told(one))
    assert.equal("1212", told(7))
  end)

  it("may connect and disconnect while they are called", function()
    local paid, order = signals.Signal(), {}
    local off
    local function late() order[#order + 1] = "late" end
    paid:connect(function()
      order[#order + 1] = "first"
      off()
      paid:connect(late)
    end)
    off = paid:connect(function() order[#order + 1] = "second" end)
    paid:send()
    assert.equal("first second", table.concat(order, " "))
    paid:send()
    assert.equal("first second first late", table.concat(order, " "))
    paid:disconnect(late)
    paid:send()
    assert.equal("first second first late first", table.concat(order, " "))
  end)

  it("may send the same signal, as another sender", function()
    local paid, order, inner = signals.Signal(), {}, {}
    paid:connect(function(sender)
      order[#order + 1] = "a"
      if sender ~= inner then
        paid:send(inner, {})
      end
    end)
    paid:connect(function() order[#order + 1] = "b" end)
    paid:connect(function() order[#order + 1] = "c" end, { sender = inner })
    for _ = 1, 2 do
      paid:send({}, {})
    end
    assert.equal("aabcbaabcb", table.concat(order))
  end)

  it("are let go when they are disconnected", function()
    local paid, gone = signals.Signal(), setmetatable({}, { __mode = "k" })
    local function make()
      local x
      local function f() x = 1 return end
      gone[f] = x or true
      return paid:connect(f)
    end
    local off = make()
    paid:connect(nothing)
    paid:send()
    paid:send()
    off()
    collectgarbage()
    collectgarbage()
    assert.equal(nil, next(gone))
    assert.equal(1, #paid:send())
  end)

  it("may wait, while others send and change the signal", function()
    local paid, order = signals.Signal(), {}
    paid:connect(function(sender)
      if sender == "slow" then
        fiber.sleep(0.01)
      end
      order[#order + 1] = sender
    end)
    paid:connect(function(sender) order[#order + 1] = sender .. "2" end)
    local f = fiber.spawn(function() return paid:send("slow", {}) end)
    fiber.sleep(0)
    paid:send("fast", {})
    paid:connect(function() order[#order + 1] = "3" end)
    paid:send("fast", {})
    assert.equal(2, #f:join())
    assert.equal("fast fast2 fast fast2 3 slow slow2", table.concat(order, " "))
  end)

  it("end a sending with their errors", function()
    local paid, order = signals.Signal(), {}
    connect(paid, 2, order)
    paid:connect(function() error("broken", 0) end)
    connect(paid, 1, order)
    for _ = 1, 2 do
      assert.raises(function() paid:send() end, "broken")
    end
    assert.same({ 1, 2, 1, 2 }, order)
  end)

  it("get events that are tables with metatables of their own", function()
    local paid, seen = signals.Signal(), {}
    paid:connect(function(_, event) seen[#seen + 1] = { event.x, event.signal } end)
    local event = setmetatable({}, { __index = { x = 1 } })
    for _ = 1, 2 do
      paid:send(nil, event)
    end
    paid:send(nil, { x = 1 })
    for i = 1, 3 do
      assert.equal(1, seen[i][1])
      assert.equal(paid, seen[i][2])
    end
  end)
end)

t.finish()
