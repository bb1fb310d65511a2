-- SPDX-License-Identifier: MIT
-- Fibers for authors. A fiber is Lua that may wait without anybody else waiting: every
-- request is one, and `spawn`, `gather` start more. Between two waits (a query, a
-- sleep, a lock …) a fiber has the worker for itself, so plain variables need no lock;
-- what must stay together across a wait does.
--
-- Cancelled, a fiber's current wait, and every later one, raises CancelledError; past
-- the time of `timeout` they raise TimeoutError.

local core = require "perilune._fiber"
local exceptions = require "perilune.exceptions"

local M = {
  spawn = core.spawn,
  sleep = core.sleep,
  yield = core.yield,
  timeout = core.timeout,
  condition = core.condition,
  queue = core.queue,
}

-- ---- gather ----

local function callable(v)
  if type(v) == "function" then
    return true
  end
  local mt = getmetatable(v)
  return type(mt) == "table" and mt.__call ~= nil
end

local function check_functions(list)
  if type(list) ~= "table" then
    error(exceptions.TypeError("fiber.gather takes a list of functions, got " .. type(list)), 3)
  end
  for i = 1, #list do
    if not callable(list[i]) then
      local what = ("fiber.gather: item %d is no function but %s"):format(i, type(list[i]))
      if list[i] == nil then
        what = what .. "; was a function called where it should be named?"
      end
      error(exceptions.TypeError(what), 3)
    end
  end
end

--- Runs the functions at once, each in a fiber of its own, and gives their first values
--- in order. None of them outlives the call: when one raises, or the waiting fiber is
--- cancelled or out of time, the others are cancelled and waited for, and the error is
--- raised again.
function M.gather(functions)
  check_functions(functions)
  local group, fibers, n = core.group(), {}, #functions
  local ok, failed = pcall(function()
    for i = 1, n do
      fibers[i] = group:spawn(functions[i])
    end
    return group:wait()
  end)
  if failed or not ok then
    for _, fiber in ipairs(fibers) do
      fiber:cancel()
    end
    group:settle()
    if not ok then
      error(failed, 0)
    end
    fibers[failed]:join() -- raises
  end
  local values = {}
  for i = 1, n do
    values[i] = fibers[i]:join()
  end
  return table.unpack(values, 1, n)
end

-- ---- mutex and semaphore ----
--
-- Both hand over: a release with somebody in the line gives the lock to the first, and
-- the count does not move, so that nobody who comes later gets in between.

local Semaphore = { __name = "perilune.fiber.Semaphore" }
Semaphore.__index = Semaphore

--- At most `count` fibers hold it at once. `local held <close> = semaphore:acquire()`.
function M.semaphore(count)
  if math.type(count) ~= "integer" or count < 1 then
    error(exceptions.ValueError(("a semaphore for %s fibers: give a whole number, 1 or more"):format(tostring(count))), 2)
  end
  return setmetatable({ _free = count, _count = count, _line = core.condition() }, Semaphore)
end

function Semaphore:acquire(timeout)
  if self._free > 0 then
    self._free = self._free - 1
  else
    self._line:wait(timeout)
  end
  return self
end

function Semaphore:try_acquire()
  if self._free == 0 then
    return false
  end
  self._free = self._free - 1
  return true
end

function Semaphore:release()
  if self._free == self._count then
    error(exceptions.ValueError("semaphore:release: nobody holds it"), 2)
  end
  if not self._line:signal() then
    self._free = self._free + 1
  end
end

Semaphore.__close = Semaphore.release

local Mutex = { __name = "perilune.fiber.Mutex" }
Mutex.__index = Mutex

--- One fiber at a time, in order of arrival. `local held <close> = mutex:lock()`.
function M.mutex()
  return setmetatable({ _locked = false, _line = core.condition() }, Mutex)
end

function Mutex:lock(timeout)
  if self._locked then
    self._line:wait(timeout)
  else
    self._locked = true
  end
  return self
end

function Mutex:try_lock()
  if self._locked then
    return false
  end
  self._locked = true
  return true
end

function Mutex:unlock()
  if not self._locked then
    error(exceptions.ValueError("mutex:unlock: it is not locked"), 2)
  end
  self._locked = self._line:signal()
end

Mutex.__close = Mutex.unlock

return M
