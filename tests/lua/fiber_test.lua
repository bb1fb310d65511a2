-- SPDX-License-Identifier: MIT
local t = require "harness"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local describe, it, assert = t.describe, t.it, t.assert

local function is(err, class)
  if not exceptions.is(err, class) then
    error("want a " .. class .. ", got " .. tostring(err), 2)
  end
end

local function raises(class, fn, ...)
  local ok, err = pcall(fn, ...)
  assert.is_false(ok)
  is(err, class)
  return err
end

-- Runs fn while another fiber counts; gives fn's values after checking that the other
-- one ran meanwhile: fn has waited, not blocked.
local function while_others_run(fn)
  local turns, stop = 0, false
  local other = fiber.spawn(function()
    while not stop do
      turns = turns + 1
      fiber.yield()
    end
  end)
  local values = table.pack(pcall(fn))
  stop = true
  other:join()
  if not values[1] then
    error(values[2], 0)
  end
  assert(turns > 0, "nobody else ran")
  return table.unpack(values, 2, values.n)
end

local function wait()
  fiber.sleep(0.001)
end

describe("waiting inside", function()
  it("table.sort", function()
    local list = while_others_run(function()
      local list = { 5, 3, 9, 1, 7, 2, 8 }
      table.sort(list, function(a, b)
        wait()
        return a < b
      end)
      return list
    end)
    assert.same({ 1, 2, 3, 5, 7, 8, 9 }, list)
  end)

  it("string.gsub", function()
    assert.equal("<a><b><c>", (while_others_run(function()
      return ("abc"):gsub(".", function(c)
        wait()
        return "<" .. c .. ">"
      end)
    end)))
  end)

  it("__tostring, __index, __newindex, __eq, __lt, __concat, __len, __call, __unm", function()
    local mt = {}
    local function value(n)
      return setmetatable({ n = n }, mt)
    end
    function mt.__tostring(self) wait() return "value " .. self.n end
    function mt.__index(_, key) wait() return key .. "!" end
    function mt.__newindex(self, key, v) wait() rawset(self, key, v) end
    function mt.__eq(a, b) wait() return a.n == b.n end
    function mt.__lt(a, b) wait() return a.n < b.n end
    function mt.__concat(a, b) wait() return tostring(a) .. tostring(b) end
    function mt.__len() wait() return 42 end
    function mt.__call(self, x) wait() return self.n + x end
    function mt.__unm(self) wait() return -self.n end
    while_others_run(function()
      local a, b = value(1), value(2)
      assert.equal("value 1", tostring(a))
      assert.equal("value 1", ("%s"):format(a))
      assert.equal("nope!", a.nope)
      a.x = 5
      assert.equal(5, a.x)
      assert.is_false(a == b)
      assert.is_true(a < b)
      assert.equal("value 1value 2", a .. b)
      assert.equal(42, #a)
      assert.equal(11, a(10))
      assert.equal(-2, -b)
    end)
  end)

  it("iterators, table.concat's and load's callbacks, select and string.format", function()
    while_others_run(function()
      local n = 0
      for i in function(_, i)
        wait()
        return i < 3 and i + 1 or nil
      end, nil, 0 do
        n = n + i
      end
      assert.equal(6, n)
      local parts = { "return ", "1 + ", "2" }
      local chunk = load(function()
        wait()
        return table.remove(parts, 1)
      end)
      assert.equal(3, chunk())
      for k, v in pairs(setmetatable({}, { __pairs = function() wait() return next, { a = 1 } end })) do
        assert.equal("a1", k .. v)
      end
    end)
  end)

  it("coroutine.wrap generators, which go on being coroutines", function()
    while_others_run(function()
      local generator = coroutine.wrap(function(first)
        for i = first, first + 2 do
          wait()
          local got = coroutine.yield(i)
          assert.equal("sent " .. i, got)
        end
        return "end"
      end)
      assert.equal(5, generator(5))
      wait()
      assert.equal(6, generator("sent 5"))
      assert.equal(7, generator("sent 6"))
      assert.equal("end", generator("sent 7"))
      local co = coroutine.create(function()
        wait()
        error("inside")
      end)
      local ok, err = coroutine.resume(co)
      assert.is_false(ok)
      assert(tostring(err):find("inside"))
    end)
  end)

  it("pcall, xpcall and their handlers, error objects unharmed", function()
    while_others_run(function()
      local ok, err = pcall(function()
        wait()
        pcall(wait)
        error({ code = 7 })
      end)
      assert.is_false(ok)
      assert.equal(7, err.code)
      local _, text = xpcall(error, function(e)
        wait()
        return "handled " .. e
      end, "x")
      assert.equal("handled x", text)
    end)
  end)

  it("__close and to-be-closed iterators", function()
    while_others_run(function()
      local closed = {}
      local function closer(name)
        return setmetatable({}, { __close = function(_, err)
          wait()
          closed[#closed + 1] = name .. (err and ":" .. tostring(err):match("%w+$") or "")
        end })
      end
      do
        local _ <close> = closer "a"
        wait()
      end
      pcall(function()
        local _ <close> = closer "b"
        wait()
        error("oops")
      end)
      for _ in function(_, i) return not i and 1 or nil end, nil, nil, closer "c" do
        wait()
      end
      assert.same({ "a", "b:oops", "c" }, closed)
    end)
  end)

  it("require", function()
    package.preload["fiber_test.slow"] = function()
      wait()
      return { slow = true }
    end
    while_others_run(function()
      assert.is_true(require("fiber_test.slow").slow)
    end)
  end)

  it("all of them at once, garbage collected meanwhile", function()
    local function work(n)
      local list = {}
      for i = 1, 20 do
        list[i] = (i * 7 + n) % 20
      end
      table.sort(list, function(a, b)
        fiber.yield()
        return (("x"):gsub(".", function() fiber.yield() return "" end)) == "" and a < b
      end)
      collectgarbage("step")
      return table.concat(list, " ")
    end
    local functions = {}
    for i = 1, 50 do
      functions[i] = function() return work(i) end
    end
    local want = table.concat({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19 }, " ")
    for _, got in ipairs { fiber.gather(functions) } do
      assert.equal(want, got)
    end
    collectgarbage()
  end)
end)

describe("spawn and join", function()
  it("runs from the next wait on and gives all values", function()
    local log = {}
    local f = fiber.spawn(function(...)
      log[#log + 1] = "in"
      return select("#", ...), ...
    end, 1, nil, "x", nil)
    assert.equal("running", f.status)
    log[#log + 1] = "out"
    assert.same({ 4, 1, nil, "x", nil }, { f:join() })
    assert.equal(5, select("#", f:join())) -- again: the same values
    assert.equal("done", f.status)
    assert.same({ "out", "in" }, log)
    assert.equal(0, select("#", fiber.spawn(function() end):join()))
    assert.equal("perilune.fiber.Fiber: done", tostring(f))
  end)

  it("takes whatever can be called", function()
    local callable = setmetatable({}, { __call = function(_, x) return x + 1 end })
    assert.equal(3, fiber.spawn(callable, 2):join())
    assert.raises(function() fiber.spawn(5) end, "function expected, got number")
    assert.raises(function() fiber.spawn() end, "value expected")
  end)

  it("raises what the function raised, the very object", function()
    local object = exceptions.ValueError("wrong", { field = "x" })
    local f = fiber.spawn(function() wait() error(object) end)
    local err = raises("ValueError", f.join, f)
    assert.is_true(rawequal(err, object))
    assert(err.traceback:find("fiber_test.lua"), err.traceback)
    assert.equal("failed", f.status)
    assert.is_true(rawequal(raises("ValueError", f.join, f), object))
    local g = fiber.spawn(function() error("plain", 0) end)
    assert.raises(function() g:join() end, "plain")
    local h = fiber.spawn(function() error() end)
    assert.is_false(pcall(h.join, h))
  end)

  it("joins with a time limit", function()
    local f = fiber.spawn(function() fiber.sleep(0.05) return "late" end)
    raises("TimeoutError", f.join, f, 0.005)
    raises("TimeoutError", f.join, f, 0)
    assert.equal("running", f.status)
    assert.equal("late", f:join(10))
  end)

  it("lets many join one", function()
    local f = fiber.spawn(function() fiber.sleep(0.005) return "x" end)
    local function joiner() return f:join() end
    assert.same({ "x", "x", "x" }, { fiber.gather { joiner, joiner, joiner } })
  end)

  it("refuses to wait for its own end", function()
    local f
    f = fiber.spawn(function() f:join() end)
    assert(raises("ValueError", f.join, f).message:find("its own end"))
  end)

  it("is used with the right types", function()
    local f = fiber.spawn(function() end)
    assert.raises(function() f.join({}) end, "perilune.fiber.Fiber expected")
    assert.raises(function() return f.stauts end, "did you mean 'status'")
    raises("ValueError", f.join, f, -1)
    f:join()
  end)
end)

-- Runs `source` with this binary; gives what it printed on both streams, and whether
-- its exit status was 0.
local function run_script(source)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(source)
  file:close()
  local pipe = io.popen('"$(readlink /proc/$PPID/exe)" run ' .. name .. " 2>&1")
  local text = pipe:read "a"
  local ok = pipe:close()
  os.remove(name)
  return text, ok == true
end

describe("an error nobody joins for", function()
  it("is logged; one that somebody sees, or a cancel, is not", function()
    local text, ok = run_script [[
      local fiber = require "perilune.fiber"
      fiber.spawn(function() error "unseen" end)
      local late = fiber.spawn(function() error "seen late" end)
      local early = fiber.spawn(function() error "seen early" end)
      local cancelled = fiber.spawn(function() fiber.sleep(60) end)
      pcall(early.join, early)
      cancelled:cancel()
      fiber.sleep(0.01)
      pcall(late.join, late)
      pcall(fiber.gather, { function() error "gathered" end, function() error "gathered" end })
      print "end"
    ]]
    assert.is_true(ok)
    assert(text:find("ERROR perilune.fiber: error in a fiber nobody joined: Error: ", 1, true), text)
    assert(text:find(":2: unseen\\nstack traceback", 1, true), text)
    assert(text:find("end\n", 1, true), text)
    assert.is_nil(text:find("seen late", 1, true))
    assert.is_nil(text:find("seen early", 1, true))
    assert.is_nil(text:find("gathered", 1, true))
    assert.is_nil(text:find("Cancelled", 1, true))
  end)
end)

describe("deep recursion through C", function()
  it("is an error of the fiber that goes too deep", function()
    local deep_gsub
    function deep_gsub(s)
      return (s:gsub(".", deep_gsub))
    end
    local deep_sort
    function deep_sort()
      table.sort({ 3, 2, 1 }, deep_sort)
    end
    local f = fiber.spawn(deep_gsub, "x")
    assert.raises(function() f:join() end, "stack overflow")
    local g = fiber.spawn(deep_sort)
    assert.raises(function() g:join() end, "stack overflow")
    local h = fiber.spawn(function()
      local function deep()
        return 1 + deep()
      end
      return deep()
    end)
    assert.raises(function() h:join() end, "stack overflow")
    assert.equal("fine", fiber.spawn(function() wait() return "fine" end):join())
  end)
end)

describe("cancel", function()
  it("ends the wait it is in, and every later one", function()
    local log = {}
    local f = fiber.spawn(function()
      for i = 1, 3 do
        log[i] = select(2, pcall(fiber.sleep, 60)).name
      end
      fiber.sleep(60)
    end)
    fiber.yield()
    assert.is_true(f:cancel())
    raises("CancelledError", f.join, f)
    assert.same({ "CancelledError", "CancelledError", "CancelledError" }, log)
    assert.equal("cancelled", f.status)
    assert.is_false(f:cancel())
  end)

  it("closes what is to be closed", function()
    local closed = false
    local f = fiber.spawn(function()
      local _ <close> = setmetatable({}, { __close = function() closed = true end })
      fiber.sleep(60)
    end)
    fiber.yield()
    f:cancel()
    pcall(f.join, f)
    assert.is_true(closed)
  end)

  it("leaves one alone that does not wait any more", function()
    local f = fiber.spawn(function() return "done" end)
    f:cancel()
    assert.equal("done", f:join())
  end)

  it("reaches every kind of wait", function()
    local m, s, c, q, full = fiber.mutex(), fiber.semaphore(1), fiber.condition(), fiber.queue(), fiber.queue(1)
    m:lock()
    s:acquire()
    full:put(1)
    local never = fiber.spawn(function() c:wait() end)
    local waits = {
      function() m:lock() end,
      function() s:acquire() end,
      function() c:wait() end,
      function() q:get() end,
      function() for _ in q:items() do end end,
      function() full:put(2) end,
      function() never:join() end,
      function() fiber.timeout(60, fiber.sleep, 60) end,
      function() fiber.gather { function() fiber.sleep(60) end, function() fiber.sleep(60) end } end,
      function() coroutine.wrap(function() fiber.sleep(60) end)() end,
    }
    for i, fn in ipairs(waits) do
      local f = fiber.spawn(fn)
      fiber.sleep(0.002)
      assert.equal("running", f.status, "wait " .. i)
      f:cancel()
      raises("CancelledError", f.join, f, 5)
    end
    never:cancel()
    m:unlock()
    assert.is_true(m:try_lock()) -- those who gave up are out of the line
    s:release()
    assert.is_true(s:try_acquire())
    assert.equal(1, full:get())
    assert.equal(0, #full)
  end)
end)

describe("timeout", function()
  it("gives what the function gives", function()
    assert.same({ 1, nil, 3 }, { fiber.timeout(5, function(...) wait() return ... end, 1, nil, 3) })
    assert.equal(0, select("#", fiber.timeout(5, function() end)))
  end)

  it("ends waits past its time, then is over", function()
    local before = os.clock()
    raises("TimeoutError", fiber.timeout, 0.01, function()
      fiber.sleep(60)
    end)
    assert(os.clock() - before < 5)
    fiber.sleep(0.001) -- no limit any more
    raises("TimeoutError", fiber.timeout, 0.01, fiber.timeout, 60, fiber.sleep, 60)
    raises("TimeoutError", fiber.timeout, 60, fiber.timeout, 0.01, fiber.sleep, 60)
  end)

  it("passes errors on and puts the limit back", function()
    local object = exceptions.KeyError("k")
    assert.is_true(rawequal(object, raises("KeyError", fiber.timeout, 0.01, error, object)))
    fiber.sleep(0.02)
  end)

  it("checks its arguments", function()
    raises("ValueError", fiber.timeout, -1, print)
    raises("ValueError", fiber.timeout, 0 / 0, print)
    raises("ValueError", fiber.sleep, -0.5)
    assert.raises(function() fiber.timeout(1, 2) end, "function expected")
    assert.raises(function() fiber.sleep("soon") end, "number expected")
  end)
end)

describe("gather", function()
  it("runs all at once and gives their values in order", function()
    local log = {}
    local a, b, c = fiber.gather {
      function() fiber.sleep(0.02) log[#log + 1] = "a" return "A", "more" end,
      function() log[#log + 1] = "b" end,
      function() fiber.sleep(0.005) log[#log + 1] = "c" return "C" end,
    }
    assert.equal("A", a)
    assert.is_nil(b)
    assert.equal("C", c)
    assert.same({ "b", "c", "a" }, log)
    assert.equal(0, select("#", fiber.gather {}))
  end)

  it("cancels the others when one raises, and waits for them", function()
    local log = {}
    local err = raises("KeyError", fiber.gather, {
      function()
        local ok, e = pcall(fiber.sleep, 60)
        log[#log + 1] = ok or e.name
        error(e)
      end,
      function() wait() error(exceptions.KeyError("first")) end,
      function()
        local ok, e = pcall(fiber.sleep, 60)
        log[#log + 1] = ok or e.name
        return "ignored"
      end,
    })
    assert.equal("first", err.message)
    assert.same({ "CancelledError", "CancelledError" }, log)
  end)

  it("does not start the rest when the first fails before they ran", function()
    raises("ValueError", fiber.gather, {
      function() error(exceptions.ValueError("at once")) end,
      function() fiber.sleep(60) end,
    })
  end)

  it("ends its fibers when it is cancelled or late itself", function()
    local ended = 0
    local function child()
      local _ <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
      fiber.sleep(60)
    end
    raises("TimeoutError", fiber.timeout, 0.01, fiber.gather, { child, child })
    assert.equal(2, ended)
    local f = fiber.spawn(fiber.gather, { child, child, function() fiber.gather { child } end })
    fiber.sleep(0.005)
    f:cancel()
    raises("CancelledError", f.join, f)
    assert.equal(5, ended)
  end)

  it("says what is no function", function()
    assert(raises("TypeError", fiber.gather, { print, 5 }).message:find("item 2 is no function but number", 1, true))
    raises("TypeError", fiber.gather, nil)
    raises("TypeError", fiber.gather, print)
  end)

  it("holds a thousand", function()
    local functions = {}
    for i = 1, 1000 do
      functions[i] = function() fiber.sleep(0.01) return i end
    end
    local values = { fiber.gather(functions) }
    assert.equal(1000, #values)
    assert.equal(777, values[777])
  end)
end)

describe("mutex and semaphore", function()
  it("lets one in at a time, in order", function()
    local m, log, inside = fiber.mutex(), {}, 0
    local functions = {}
    for i = 1, 3 do
      functions[i] = function()
        for _ = 1, 3 do
          local _ <close> = m:lock()
          inside = inside + 1
          assert.equal(1, inside)
          log[#log + 1] = i
          wait()
          inside = inside - 1
        end
      end
    end
    fiber.gather(functions)
    assert.equal("123123123", table.concat(log))
    assert.is_true(m:try_lock())
    assert.is_false(m:try_lock())
    raises("TimeoutError", m.lock, m, 0.002)
    raises("TimeoutError", m.lock, m, 0)
    m:unlock()
    raises("ValueError", m.unlock, m)
  end)

  it("is unlocked by an error", function()
    local m = fiber.mutex()
    pcall(function()
      local _ <close> = m:lock()
      error("x")
    end)
    assert.is_true(m:try_lock())
  end)

  it("lets so many in", function()
    local s, inside, most = fiber.semaphore(3), 0, 0
    local functions = {}
    for i = 1, 10 do
      functions[i] = function()
        local _ <close> = s:acquire()
        inside = inside + 1
        most = math.max(most, inside)
        wait()
        inside = inside - 1
      end
    end
    fiber.gather(functions)
    assert.equal(3, most)
    raises("ValueError", s.release, s)
    for _ = 1, 3 do
      assert.is_true(s:try_acquire())
    end
    assert.is_false(s:try_acquire())
    raises("TimeoutError", s.acquire, s, 0.002)
    raises("ValueError", fiber.semaphore, 0)
    raises("ValueError", fiber.semaphore, 1.5)
    raises("ValueError", fiber.semaphore)
  end)
end)

describe("condition", function()
  it("wakes one or all", function()
    local c, log = fiber.condition(), {}
    assert.is_false(c:signal())
    local fibers = {}
    for i = 1, 4 do
      fibers[i] = fiber.spawn(function() c:wait() log[#log + 1] = i end)
    end
    wait()
    assert.is_true(c:signal())
    wait()
    assert.same({ 1 }, log)
    c:broadcast()
    for _, f in ipairs(fibers) do
      f:join()
    end
    assert.same({ 1, 2, 3, 4 }, log)
    raises("TimeoutError", c.wait, c, 0.002)
  end)
end)

describe("queue", function()
  it("carries values in order, waiting on both sides", function()
    local q, got = fiber.queue(2), {}
    fiber.gather {
      function()
        for i = 1, 10 do
          q:put({ n = i })
          assert(#q <= 2)
        end
        q:put(false)
        q:close()
      end,
      function()
        for value in q:items() do
          got[#got + 1] = value and value.n
          if value == false then
            break
          end
        end
      end,
    }
    assert.equal("1 2 3 4 5 6 7 8 9 10 false", (table.concat(got, " ", 1, 10) .. " " .. tostring(got[11])))
    assert.is_nil(q:get())
    assert.is_true(q.closed)
  end)

  it("has no limit unless told", function()
    local q = fiber.queue()
    for i = 1, 100 do
      q:put(i)
    end
    assert.equal(100, #q)
    for i = 1, 100 do
      assert.equal(i, q:get())
    end
    raises("TimeoutError", q.get, q, 0)
    raises("TimeoutError", q.get, q, 0.002)
  end)

  it("is closed for good", function()
    local q = fiber.queue(1)
    q:put("left")
    local putter = fiber.spawn(function() q:put("never") end)
    wait()
    q:close()
    raises("ClosedError", putter.join, putter)
    raises("ClosedError", q.put, q, "x")
    assert.equal("left", q:get())
    assert.is_nil(q:get())
    for _ in q:items() do
      error("empty")
    end
  end)

  it("checks its arguments", function()
    local q = fiber.queue(1)
    raises("ValueError", q.put, q, nil)
    raises("ValueError", fiber.queue, 0)
    raises("ValueError", fiber.queue, -1)
    assert.raises(function() fiber.queue("x") end, "number expected")
    q:put(1)
    raises("TimeoutError", q.put, q, 2, 0)
    assert.equal(1, q:get())
    assert.equal(0, #q)
  end)
end)

t.finish()
