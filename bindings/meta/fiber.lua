-- SPDX-License-Identifier: MIT
---@meta perilune.fiber
-- luacheck: ignore 241 (the classes below are only there to be read)

---Lua that may wait without anybody else waiting. Every request runs in a fiber; these start more.
---A cancelled fiber's waits raise `CancelledError`, those past a time limit `TimeoutError`.
---@class perilune.fiber
local fiber = {}

---The handle of a spawned fiber.
---@class perilune.fiber.Fiber
---@field status "running"|"done"|"failed"|"cancelled" read-only
local Fiber = {}

---Waits for the end and gives what the function gave, or raises what it raised. An error that nobody joins for is logged.
---@param timeout? number seconds; past it `TimeoutError` is raised and the fiber runs on
---@return any ...
function Fiber:join(timeout) end

---Its current wait, or its next one, raises `CancelledError`; so does every wait after that.
---@return boolean running false: it had ended already
function Fiber:cancel() end

---A line of fibers that wait until somebody signals.
---@class perilune.fiber.Condition
local Condition = {}

---Waits for `signal` or `broadcast`. Raises `TimeoutError`.
---@param timeout? number seconds
function Condition:wait(timeout) end

---Wakes the first in the line.
---@return boolean woken false: nobody was waiting
function Condition:signal() end

---Wakes all.
function Condition:broadcast() end

---Values on their way from fiber to fiber, first in, first out. `#queue` is how many are in it.
---@class perilune.fiber.Queue
---@field closed boolean read-only
---@operator len: integer
local Queue = {}

---Waits while the queue is full. Raises `ClosedError`, `TimeoutError`; `ValueError` for nil.
---@param value any
---@param timeout? number seconds
function Queue:put(value, timeout) end

---Waits while the queue is empty. Raises `TimeoutError`.
---@param timeout? number seconds
---@return any value nil once the queue is closed and empty
function Queue:get(timeout) end

---`for value in queue:items() do … end` until the queue is closed and empty.
---@return fun(queue: perilune.fiber.Queue): any
---@return perilune.fiber.Queue
function Queue:items() end

---No more `put`; what is in the queue can still be had.
function Queue:close() end

---One fiber at a time, in order of arrival. Not recursive.
---@class perilune.fiber.Mutex
local Mutex = {}

---`local held <close> = mutex:lock()`. Raises `TimeoutError`.
---@param timeout? number seconds
---@return perilune.fiber.Mutex self unlocks when a `<close>` variable that holds it ends
function Mutex:lock(timeout) end

---Locks without waiting.
---@return boolean locked
function Mutex:try_lock() end

---Gives it to the first in the line. Raises `ValueError` when it is not locked.
function Mutex:unlock() end

---At most so many fibers at a time, in order of arrival.
---@class perilune.fiber.Semaphore
local Semaphore = {}

---`local held <close> = semaphore:acquire()`. Raises `TimeoutError`.
---@param timeout? number seconds
---@return perilune.fiber.Semaphore self releases when a `<close>` variable that holds it ends
function Semaphore:acquire(timeout) end

---Acquires without waiting.
---@return boolean acquired
function Semaphore:try_acquire() end

---Gives its place to the first in the line. Raises `ValueError` when nobody holds it.
function Semaphore:release() end

---Runs `fn(...)` in a fiber of its own, from the next wait of this one on.
---@param fn fun(...): ...
---@param ... any
---@return perilune.fiber.Fiber
function fiber.spawn(fn, ...) end

---Runs the functions at once and gives the first value of each, in order. When one raises, the others are cancelled and waited for, and the error is raised again.
---@param functions (fun(): any)[]
---@return any ...
function fiber.gather(functions) end

---Calls `fn(...)`; waits inside of it raise `TimeoutError` once the time is over.
---@param seconds number
---@param fn fun(...): ...
---@param ... any
---@return any ...
function fiber.timeout(seconds, fn, ...) end

---Waits. Raises `ValueError` for less than 0.
---@param seconds number
function fiber.sleep(seconds) end

---Lets every other fiber that is ready run first.
function fiber.yield() end

---@return perilune.fiber.Mutex
function fiber.mutex() end

---@param count integer how many may hold it at once, 1 or more
---@return perilune.fiber.Semaphore
function fiber.semaphore(count) end

---@return perilune.fiber.Condition
function fiber.condition() end

---@param capacity? integer how many values fit before `put` waits; default: no limit
---@return perilune.fiber.Queue
function fiber.queue(capacity) end

return fiber
