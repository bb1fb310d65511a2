-- SPDX-License-Identifier: MIT
-- The assertions about plain values and errors. What was wanted comes first.
local asserts = require "perilune._test.assert"
local database = require "perilune._test.database"
local diff = require "perilune._test.diff"
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"

local register, show = asserts.register, diff.show

local function with(message, text)
  if message == nil then
    return text
  end
  return ("%s:%s%s"):format(tostring(message), text:find("\n", 1, true) and "\n" or " ", text)
end

-- ---- equality ----

register(function(want, got, message)
  if want == got then
    return true, nil, with(message, ("both are %s"):format(show(want)))
  end
  return false, with(message, diff.compare(want, got))
end, "equal", "equals")

-- Lists may come as QuerySets; a model is the same as another by its key.
local function plain(value)
  local mt = getmetatable(value)
  if type(value) == "table" and type(mt) == "table" and rawget(mt, "__name") == "perilune.models.QuerySet" then
    local list = {}
    for i, row in ipairs(value) do
      list[i] = row
    end
    return list
  end
  return value
end

local array_mt = getmetatable(json.array {}) -- a list that JSON is to see as one is a list

local function kind_of(t)
  local mt = getmetatable(t)
  return mt ~= array_mt and mt or nil
end

local function same(a, b, seen)
  a, b = plain(a), plain(b)
  if a == b or (a ~= a and b ~= b) then
    return true
  end
  if type(a) ~= "table" or type(b) ~= "table" or kind_of(a) ~= kind_of(b) then
    return false
  end
  if seen[a] == b then
    return true
  end
  seen[a] = b
  for k, v in next, a do
    if not same(v, rawget(b, k), seen) then
      return false
    end
  end
  for k in next, b do
    if rawget(a, k) == nil then
      return false
    end
  end
  return true
end

register(function(want, got, message)
  if same(want, got, {}) then
    return true, nil, with(message, ("both hold %s"):format(show(want)))
  end
  return false, with(message, diff.compare(plain(want), plain(got)))
end, "same")

-- ---- what a value is ----

local function expect(text, holds, ...)
  register(function(value, message)
    if holds(value) then
      return true, nil, with(message, ("want anything but %s, got %s"):format(text, show(value)))
    end
    return false, with(message, ("want %s, got %s"):format(text, show(value)))
  end, ...)
end

expect("true", function(v) return v == true end, "true", "is_true")
expect("false", function(v) return v == false end, "false", "is_false")
expect("nil", function(v) return v == nil end, "nil")
expect("something that is neither nil nor false", function(v) return not not v end, "truthy")
expect("nil or false", function(v) return not v end, "falsy")
for _, kind in ipairs { "table", "string", "number", "boolean", "function", "userdata", "thread" } do
  expect("a " .. kind, function(v) return type(v) == kind end, kind)
end
expect("an integer", function(v) return math.type(v) == "integer" end, "integer")
expect("something empty", function(v)
  if type(v) == "string" then
    return v == ""
  end
  v = plain(v)
  return type(v) == "table" and next(v) == nil
end, "empty")

local function class_name(class)
  if type(class) ~= "table" then
    return tostring(class)
  end
  return rawget(class, "name") or rawget(class, "__name") or tostring(class)
end

register(function(class, value, message)
  local mt = getmetatable(value)
  while mt ~= nil do
    if mt == class then
      return true, nil, with(message, ("it is a %s"):format(class_name(class)))
    end
    mt = type(mt) == "table" and getmetatable(mt) or nil
  end
  if exceptions.is(value, class) then
    return true, nil, with(message, ("it is a %s"):format(class_name(class)))
  end
  return false, with(message, ("want a %s, got %s"):format(class_name(class), show(value)))
end, "instance", "instance_of")

-- ---- numbers and texts ----

register(function(want, got, tolerance, message)
  if tolerance == nil then
    error(exceptions.TypeError "assert.near(wanted, got, tolerance): how far may it be off?", 4)
  end
  local ok, off = pcall(function()
    local d = want - got
    return d < d - d and -d or d
  end)
  if not ok then
    return false, with(message, ("want about %s, got %s"):format(show(want), show(got)))
  end
  return off <= tolerance, with(message, ("want %s ± %s, got %s"):format(show(want), show(tolerance), show(got))),
    with(message, ("%s is within %s of %s"):format(show(got), show(tolerance), show(want)))
end, "near")

register(function(pattern, text, message)
  if type(text) == "string" and text:find(pattern) then
    return true, nil, with(message, ("%s matches %s"):format(show(text), show(pattern)))
  end
  return false, with(message, ("want a text that matches %s, got %s"):format(show(pattern), show(text)))
end, "matches", "match")

-- ---- errors ----

local function text_of(err)
  return exceptions.is(err, "Exception") and tostring(err.message) or tostring(err)
end

-- Does an error fit what is wanted: nothing, a part of its text, a class, or an equal value?
local function fits(err, want)
  if want == nil then
    return true
  elseif type(want) == "string" then
    return tostring(err):find(want, 1, true) ~= nil or exceptions.is(err, want)
  elseif type(want) == "table" and type(want.ancestors) == "table" then
    return exceptions.is(err, want)
  end
  return same(want, exceptions.is(err, "Error") and err.value ~= nil and err.value or err, {})
end

local function described(want)
  return want == nil and "an error" or type(want) == "string" and ("an error with %s"):format(show(want)) or ("a %s"):format(class_name(want))
end

-- What a failed assertion inside of fn says is for the author, unless it is what is wanted.
local function run(fn, what, expected)
  if type(fn) ~= "function" and not (getmetatable(fn) or {}).__call then
    error(exceptions.TypeError(("%s takes a function, not a %s: assert.has_error(function() … end)"):format(what, type(fn))), 5)
  end
  local ok, err = database.try(fn)
  if not ok and exceptions.is(err, asserts.AssertionError) and not expected(err) then
    error(err, 0)
  end
  return ok, err
end

register(function(fn, want, message)
  local ok, err = run(fn, "assert.has_error", function(e) return want ~= nil and fits(e, want) end)
  if not ok and fits(err, want) then
    return true, nil, with(message, ("it raised %s"):format(tostring(err))), err
  end
  return false, with(message, ok and ("want %s, and nothing was raised"):format(described(want)) or ("want %s, got %s"):format(described(want), tostring(err)))
end, "error", "errors")

register(function(fn, pattern, message)
  local ok, err = run(fn, "assert.error_matches", function(e) return text_of(e):find(pattern) end)
  if not ok and text_of(err):find(pattern) then
    return true, nil, with(message, ("it raised %s"):format(tostring(err))), err
  end
  return false, with(message, ok and ("want an error that matches %s, and nothing was raised"):format(show(pattern)) or ("want an error that matches %s, got %s"):format(show(pattern), tostring(err)))
end, "error_matches", "error_match")

register(function(class, fn, text, message)
  if type(class) == "function" and type(fn) ~= "function" then -- raises(function, [text])
    class, fn, text, message = exceptions.Exception, class, fn, text
  end
  local ok, err = run(fn, "assert.raises", function(e) return text ~= nil and text_of(e):find(text, 1, true) end)
  if ok then
    return false, with(message, ("want %s, and nothing was raised"):format(described(class)))
  elseif not exceptions.is(err, class) then
    return false, with(message, ("want a %s, got %s"):format(class_name(class), tostring(err)))
  elseif text ~= nil and not text_of(err):find(text, 1, true) then
    return false, with(message, ("want a %s with %s, got %s"):format(class_name(class), show(text), tostring(err)))
  end
  return true, nil, with(message, ("it raised %s"):format(tostring(err))), err
end, "raises")

--- The error that fn raises; for looking at it.
function asserts.catch(fn)
  local ok, err = run(fn, "test.catch", function() return true end)
  if ok then
    asserts.fail "nothing was raised"
  end
  return err
end

return { same = same, plain = plain, with = with }
