-- SPDX-License-Identifier: MIT
-- get_or_set: one caller computes, the others wait for what it finds.
--
-- Who computes is for the engine to say (engine/cache/flight.h). Nobody waits longer than
-- `wait` seconds: then everyone computes for himself. With `stale`, what is past its time is
-- kept for so much longer, and given to those who would wait.
local call = require("perilune._core").call
local check_options = require "perilune._options"
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local time = require "perilune._time"

local M = {}

local WAIT = 10 -- seconds

-- `timeout` and `tags` may depend on what was found.
local function asked(option, value)
  if type(option) == "function" then
    return option(value)
  end
  return option
end

--- Keeps the value as get_or_set() does; gives whether it was kept.
local function store(cache, key, value, options)
  local stale = options.stale or 0
  local timeout = asked(options.timeout, value) or cache.timeout
  local kept = { timeout = timeout, version = options.version, tags = asked(options.tags, value) }
  if stale > 0 and timeout > 0 and timeout < math.huge then
    kept.timeout, kept.fresh = timeout + stale, timeout
  end
  return cache:set(key, value, kept)
end

-- Computes as the one whose flight it is. After an error the next one tries; what the cache
-- would not have is computed by all who waited, each for himself.
local function compute(cache, key, fn, options, mark)
  local kept = true
  local ok, value = call(function()
    local found = fn()
    kept = store(cache, key, found, options)
    return found
  end)
  cache:_land(mark, kept, options.version)
  if not ok then
    error(value, 0)
  end
  return value
end

local function alone(cache, key, fn, options)
  local value = fn()
  store(cache, key, value, options)
  return value
end

-- Memcached takes 250 bytes: a key that just fits must not fail because of its mark.
local function short(key)
  return #key > 150 and crypto.hex(crypto.digest("md5", key)) or key
end

-- `old`: what is past its time, when `found`.
local function single(cache, key, fn, options, found, old)
  local peek = { version = options.version }
  local mark = "perilune.flight:" .. short(tostring(key))
  local deadline = time.monotonic() + (options.wait or WAIT)
  while true do
    local state = cache:_begin(mark, found and 0 or deadline - time.monotonic(), options.version)
    if state == "away" and found then
      return old
    elseif state == "away" or state == "free" then
      return alone(cache, key, fn, options)
    end
    local there, value, fresh = cache:_peek(key, peek) -- it may have landed a moment ago
    if there and fresh then
      if state == "mine" then
        cache:_land(mark, true, options.version)
      end
      return value
    elseif state == "mine" then
      return compute(cache, key, fn, options, mark)
    end
    found, old = there, value
  end
end

local known = { timeout = true, version = true, tags = true, stale = true, wait = true }

--- get_or_set(key, value or function, timeout or options): the value, or else what is given
--- or computed, which is kept.
function M.get_or_set(cache, key, value, options)
  if value == nil then
    error(exceptions.TypeError "cache:get_or_set(key, value or function, timeout): the value is missing", 2)
  end
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
  local kept = { timeout = asked(options.timeout, value), version = options.version, tags = asked(options.tags, value) }
  if not found and not cache:add(key, value, kept) then
    return cache:get(key, value, { version = options.version })
  end
  return value
end

M.store = store

return M
