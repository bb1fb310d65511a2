-- SPDX-License-Identifier: MIT
-- get_or_set: one caller computes, the others wait for what it finds.
--
-- Inside a worker those who wait are woken by a condition. Between workers (and machines)
-- whoever could add a mark to the cache computes; the others look again every few
-- milliseconds. Nobody waits longer than `wait` seconds: then everyone computes for himself,
-- as if there were no mark. With `stale`, what is past its time is kept for so much longer,
-- and given to those who would wait.
local call = require("perilune._core").call
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local time = require "perilune._time"

local M = {}

local WAIT, MARK_TIMEOUT = 10, 30
local FIRST_LOOK, LONGEST_LOOK = 0.002, 0.05 -- seconds between two looks

local flights = setmetatable({}, { __mode = "k" }) -- cache -> whole key -> condition

local function store(cache, key, value, options)
  local stale = options.stale or 0
  local timeout = options.timeout or cache.timeout
  local kept = { timeout = timeout, version = options.version, tags = options.tags }
  if stale > 0 and timeout > 0 and timeout < math.huge then
    kept.timeout, kept.fresh = timeout + stale, timeout
  end
  cache:set(key, value, kept)
end

-- Waits until the flight ends, or `deadline`.
local function wait_here(condition, deadline)
  local left = deadline - time.monotonic()
  if left <= 0 then
    return
  end
  local ok, err = pcall(condition.wait, condition, left)
  if not ok and not exceptions.is(err, "TimeoutError") then
    error(err, 0)
  end
end

-- Computes as the only one of this worker. `marked`: the mark is ours to take away.
local function compute(cache, key, fn, options, whole, mark, marked)
  local here = flights[cache]
  local condition = fiber.condition()
  here[whole] = condition
  local ok, value = call(fn)
  if ok then
    ok, value = call(function()
      store(cache, key, value, options)
      return value
    end)
  end
  here[whole] = nil
  condition:broadcast()
  if marked then
    pcall(cache.delete, cache, mark, { version = options.version })
  end
  if not ok then
    error(value, 0)
  end
  return value
end

local function single(cache, key, fn, options, found, old)
  local peek = { version = options.version }
  local whole = cache:make_key(key, peek)
  local mark = "perilune.flight:" .. tostring(key)
  local deadline = time.monotonic() + (options.wait or WAIT)
  local pause = FIRST_LOOK
  flights[cache] = flights[cache] or {}
  while true do
    local condition = flights[cache][whole]
    local late = time.monotonic() >= deadline
    if condition and found then
      return old
    elseif condition and not late then
      wait_here(condition, deadline)
    else
      if late or cache:add(mark, true, { timeout = MARK_TIMEOUT, version = options.version }) then
        return compute(cache, key, fn, options, whole, mark, not late)
      elseif found then
        return old
      end
      fiber.sleep(math.min(pause, math.max(deadline - time.monotonic(), 0)))
      pause = math.min(pause * 2, LONGEST_LOOK)
    end
    local there, value, fresh = cache:_peek(key, peek)
    if there and fresh then
      return value
    end
    found, old = there, value
  end
end

local known = { timeout = true, version = true, tags = true, stale = true, wait = true }

--- get_or_set(key, value or function, timeout or options): the value, or else what is given
--- or computed, which is kept.
function M.get_or_set(cache, key, value, options)
  if type(options) == "number" then
    options = { timeout = options }
  end
  options = check_options("cache:get_or_set", options, known)
  local found, old, fresh = cache:_peek(key, { version = options.version })
  if found and fresh then
    return old
  elseif type(value) == "function" then
    return single(cache, key, value, options, found, old)
  end
  if not found and not cache:add(key, value, { timeout = options.timeout, version = options.version, tags = options.tags }) then
    return cache:get(key, value, { version = options.version })
  end
  return value
end

return M
