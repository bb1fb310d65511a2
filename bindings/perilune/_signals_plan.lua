-- SPDX-License-Identifier: MIT
-- What `send` does for a list of receivers: plan_of(functions, n, quiet) gives the list with
-- the result of a sending in which nobody returned anything after the functions; or, of quiet
-- ones, which cannot return anything, a function(sender, event) that calls them in order and
-- gives that result.
local exceptions = require "perilune.exceptions"

-- Results of receivers that returned nothing are one and the same list for every sending,
-- and for reading only.
local function read_only(list)
  return setmetatable({}, {
    __index = list,
    __len = function() return #list end,
    __pairs = function() return next, list, nil end,
    __newindex = function()
      error(exceptions.TypeError "the results of a signal whose receivers returned nothing are for reading only", 2)
    end,
  })
end

local function nothing_of(functions, n)
  local list = {}
  for i = 1, n do
    list[i] = read_only { receiver = functions[i] }
  end
  return read_only(list)
end

-- Calls the functions from the i-th to the n-th. Each has a name of its own: a loop over a
-- list would take twice as many instructions around each call.
local function caller(list, i, n, nothing)
  local a, b, c, d, e, f = table.unpack(list, i, math.min(i + 5, n))
  local left = n - i + 1
  if left == 1 then
    return function(s, ev) a(s, ev) return nothing end
  elseif left == 2 then
    return function(s, ev) a(s, ev) b(s, ev) return nothing end
  elseif left == 3 then
    return function(s, ev) a(s, ev) b(s, ev) c(s, ev) return nothing end
  elseif left == 4 then
    return function(s, ev) a(s, ev) b(s, ev) c(s, ev) d(s, ev) return nothing end
  elseif left == 5 then
    return function(s, ev) a(s, ev) b(s, ev) c(s, ev) d(s, ev) e(s, ev) return nothing end
  elseif left == 6 then
    return function(s, ev) a(s, ev) b(s, ev) c(s, ev) d(s, ev) e(s, ev) f(s, ev) return nothing end
  end
  local rest = caller(list, i + 6, n, nothing)
  return function(s, ev)
    a(s, ev) b(s, ev) c(s, ev) d(s, ev) e(s, ev) f(s, ev)
    return rest(s, ev)
  end
end

return function(functions, n, quiet)
  local nothing = nothing_of(functions, n)
  if quiet then
    return caller(functions, 1, n, nothing)
  end
  functions[n + 1] = nothing
  return functions
end
