-- SPDX-License-Identifier: MIT
-- assert(value, message), and assert.NAME(…). The words of a name that only make it read well
-- may be there or not, with dots or underscores: assert.are.equal, assert.is_not_nil,
-- assert.has_no.errors, assert.is_false.
--
-- An assertion is fn(…) -> true, or false and what to say; behind it what to say of the
-- opposite when `not` stands before it and the assertion holds, and what the call gives (the
-- arguments when that is nil).
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local place = require "perilune._test.place"

local M = {}

local AssertionError = exceptions._define_private("AssertionError", exceptions.Exception)
AssertionError.__tostring = function(self)
  return self.where .. self.message
end
M.AssertionError = AssertionError

local FILLERS = { is = true, are = true, was = true, were = true, has = true, have = true, does = true, a = true, an = true, be = true }
local NEGATORS = { ["not"] = true, no = true, never = true }

local registry, names = {}, {}

--- Makes fn the assertion `name`; it may have other names too.
function M.register(fn, ...)
  for _, name in ipairs { ... } do
    if not registry[name] then
      names[#names + 1] = name
    end
    registry[name] = fn
  end
  table.sort(names)
end

--- Ends the test with a message.
function M.fail(message)
  local where = place.caller()
  error(AssertionError(message, { where = where and where .. ": " or "", place = where }), 0)
end

-- ---- names ----

-- "is_not_nil" -> the assertion of "nil", true
local function resolve(words)
  local rest, negated = words, false
  while true do
    if registry[rest] then
      return registry[rest], negated, rest
    end
    local word, more = rest:match("^(%l+)_(.+)$")
    if word and NEGATORS[word] then
      negated = not negated
    elseif not (word and FILLERS[word]) then
      return nil
    end
    rest = more
  end
end

local function is_modifiers(words)
  for word in words:gmatch("[^_]+") do
    if not (FILLERS[word] or NEGATORS[word]) then
      return false
    end
  end
  return true
end

local function unknown(words)
  local bare = words:gsub("^is_", ""):gsub("^not_", "")
  local hint = core.suggest(words, names)
  if hint == "" then
    hint = core.suggest(bare, names)
  end
  error(exceptions.AttributeError(("assert has no '%s'%s"):format(words, hint)), 3)
end

local function check(fn, negated, name, ...)
  local ok, message, opposite, result = fn(...)
  if (not ok) == negated then
    if result ~= nil then
      return result
    end
    return ...
  end
  if negated then
    M.fail(type(opposite) == "string" and opposite or ("it should not hold: assert.%s"):format(name))
  end
  M.fail(message or ("assert.%s failed"):format(name))
end

local chain_mt

local function member(prefix, key)
  if type(key) ~= "string" then
    return nil
  end
  local words = prefix == "" and key or prefix .. "_" .. key
  local fn, negated, name = resolve(words)
  local modifiers = is_modifiers(words)
  if not fn and not modifiers then
    unknown(words)
  end
  return setmetatable({ _words = modifiers and words or nil, _fn = fn, _negated = negated, _name = name }, chain_mt)
end

chain_mt = {
  __name = "assert",
  __index = function(self, key)
    local words = rawget(self, "_words")
    if not words then
      error(exceptions.AttributeError(("assert.%s is a function: call it"):format(rawget(self, "_name"))), 2)
    end
    return member(words, key)
  end,
  __call = function(self, ...)
    local fn = rawget(self, "_fn")
    if not fn then
      error(exceptions.TypeError(("assert.%s is no assertion; one has to follow"):format(rawget(self, "_words"))), 2)
    end
    local result = table.pack(check(fn, self._negated, self._name, ...))
    return table.unpack(result, 1, result.n)
  end,
}

local cache = {}

M.assert = setmetatable({}, {
  __name = "assert",
  __call = function(_, value, message, ...)
    if not value then
      if message ~= nil and type(message) ~= "string" then
        error(message, 0)
      end
      M.fail(message or "assertion failed")
    end
    return value, message, ...
  end,
  __index = function(_, key)
    local found = cache[key]
    if not found then
      found = member("", key)
      cache[key] = found
    end
    return found
  end,
  __newindex = function()
    error(exceptions.TypeError "assert is not for assignment; test.register_assertion(name, fn) adds one of your own", 2)
  end,
})

return M
