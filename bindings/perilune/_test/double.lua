-- SPDX-License-Identifier: MIT
-- Functions that stand in for others, and remember how they were called. What they replaced is
-- back when the test ends.
local assertions = require "perilune._test.assertions"
local asserts = require "perilune._test.assert"
local diff = require "perilune._test.diff"
local exceptions = require "perilune.exceptions"
local scope = require "perilune._test.scope"

local M = {}

local Double = { __name = "perilune.test.Spy" }
local methods = {}
Double.__index = methods

function Double.__call(self, ...)
  self.calls[#self.calls + 1] = table.pack(...)
  if self._fn then
    return self._fn(...)
  end
end

local function new(fn)
  return setmetatable({ calls = {}, _fn = fn }, Double)
end

--- The double gives these values from now on.
function methods:returns(...)
  local result = table.pack(...)
  self._fn = function()
    return table.unpack(result, 1, result.n)
  end
  return self
end

--- It raises the error.
function methods:raises(err)
  self._fn = function()
    error(err, 0)
  end
  return self
end

--- It calls fn.
function methods:invokes(fn)
  self._fn = fn
  return self
end

--- Forgets the calls.
function methods:clear()
  self.calls = {}
  return self
end

--- What it replaced is back.
function methods:revert()
  if self._undo then
    self._undo()
    self._undo = nil
  end
end

local function replace(what, target, key, double)
  if type(target) ~= "table" or key == nil then
    error(exceptions.TypeError(("%s(table, \"name\"): a module or an object, and the name of its function"):format(what)), 3)
  end
  local was, before = rawget(target, key), target[key]
  if before == nil then
    error(exceptions.AttributeError(("%s: there is no '%s' to replace"):format(what, tostring(key))), 3)
  end
  rawset(target, key, double)
  double._undo = function()
    rawset(target, key, was)
  end
  scope.defer(function()
    double:revert()
  end)
  return before
end

--- spy(fn): calls go through, and are remembered. spy(table, "name"): in the place of the
--- table's function, until the test ends.
function M.spy(target, key)
  if key ~= nil then
    local double = new()
    double._fn = replace("test.spy", target, key, double)
    return double
  end
  return new(target)
end

--- stub(table, "name", …): in its place a function that gives the values. stub(): one that gives
--- nothing.
function M.stub(target, key, ...)
  local double = new()
  if target ~= nil then
    replace("test.stub", target, key, double)
  end
  if select("#", ...) == 1 and type((...)) == "function" then
    return double:invokes((...))
  end
  return double:returns(...)
end

local function check(what, double)
  if getmetatable(double) ~= Double then
    error(exceptions.TypeError(("assert.%s: a spy or a stub comes first, not %s"):format(what, diff.show(double))), 5)
  end
end

local function listed(double)
  local lines = {}
  for i, call in ipairs(double.calls) do
    local parts = {}
    for j = 1, call.n do
      parts[j] = diff.show(call[j])
    end
    lines[i] = ("%d. (%s)"):format(i, table.concat(parts, ", "))
  end
  return #lines > 0 and "the calls were\n" .. table.concat(lines, "\n") or "it was never called"
end

asserts.register(function(double, times)
  check("called", double)
  local n = #double.calls
  if times then
    return n == times, ("want %d calls, got %d; %s"):format(times, n, listed(double)), ("it was called %d times"):format(n)
  end
  return n > 0, "it was never called", listed(double)
end, "called", "called_times")

asserts.register(function(double, ...)
  check("called_with", double)
  local want = table.pack(...)
  for _, call in ipairs(double.calls) do
    if assertions.same(want, call, {}) then
      return true, nil, listed(double)
    end
  end
  local parts = {}
  for i = 1, want.n do
    parts[i] = diff.show(want[i])
  end
  return false, ("no call had (%s); %s"):format(table.concat(parts, ", "), listed(double))
end, "called_with")

return M
