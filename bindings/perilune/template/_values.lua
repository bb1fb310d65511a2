-- SPDX-License-Identifier: MIT
-- Lua values in templates: what C asks of Lua about objects that have a metatable.
local null = require "perilune.null"
local text = require "perilune.utils.text"
local native = require "perilune._text"

local M = {}

-- ---- loops ----

-- What is wrapped by iterate().
local iterators = setmetatable({}, { __mode = "k" })

--- An iterator function as something to loop over: names in templates call functions, so
--- that a bare one would be called once.
function M.iterate(fn)
  local wrapped = setmetatable({}, { __name = "iterator" })
  iterators[wrapped] = fn
  return wrapped
end

local function run(next_item)
  local list = {}
  while true do
    local item = next_item()
    if item == nil then
      return list
    end
    list[#list + 1] = item
  end
end

local function of_coroutine(co)
  return run(function()
    if coroutine.status(co) == "dead" then
      return nil
    end
    local ok, item = coroutine.resume(co)
    if not ok then
      error(item, 0)
    end
    return item
  end)
end

-- What pairs() gives: values when its keys count, keys otherwise.
local function of_pairs(object)
  local values, keys, counting = {}, {}, true
  for k, v in pairs(object) do
    keys[#keys + 1] = k
    counting = counting and k == #keys
    values[#keys] = v
  end
  return counting and values or keys
end

local function of_indexes(object)
  local list = {}
  for i = 1, #object do
    local item = object[i]
    list[i] = item == nil and null or item
  end
  return list
end

local function metamethod(object, name)
  local mt = debug.getmetatable(object)
  return type(mt) == "table" and rawget(mt, name) or nil
end

--- The items of an object as a list; nil when there is nothing to loop over.
function M.collect(object)
  local kind = type(object)
  if kind == "thread" then
    return of_coroutine(object)
  elseif kind == "function" then
    return run(object)
  elseif kind == "table" and iterators[object] then
    return run(iterators[object])
  elseif metamethod(object, "__keys") then
    return metamethod(object, "__keys")(object)
  elseif metamethod(object, "__pairs") then
    return of_pairs(object)
  elseif metamethod(object, "__len") then
    return of_indexes(object)
  elseif kind == "table" and rawlen(object) > 0 then
    return object
  end
end

--- object[start:stop] by the object itself (a QuerySet): nil when it cannot.
function M.slice(object, start, stop)
  local ok, method = pcall(function()
    return object.slice
  end)
  if not ok or type(method) ~= "function" or start < 0 or (stop < 0 and stop ~= -1) then
    return nil
  end
  return object:slice(start + 1, stop >= 0 and stop or nil)
end

-- ---- methods of text ----

-- Python's, as far as templates call them: without arguments.
local text_methods = {}
M.text_methods = text_methods

text_methods.upper = native.upper
text_methods.lower = native.lower
text_methods.capitalize = function(s)
  return text.capfirst(native.lower(s))
end
text_methods.strip = function(s)
  return s:match "^%s*(.-)%s*$"
end
text_methods.lstrip = function(s)
  return s:match "^%s*(.*)$"
end
text_methods.rstrip = function(s)
  return s:match "^(.-)%s*$"
end
text_methods.split = function(s)
  local words = {}
  for word in s:gmatch "%S+" do
    words[#words + 1] = word
  end
  return words
end
text_methods.splitlines = function(s)
  local lines = {}
  for line in (s:gsub("\r\n?", "\n") .. (s:sub(-1):find "[\r\n]" and "" or s == "" and "" or "\n")):gmatch "(.-)\n" do
    lines[#lines + 1] = line
  end
  return lines
end
text_methods.isdigit = function(s)
  return s:find "^%d+$" ~= nil
end
text_methods.isalpha = function(s)
  return s:find "^%a+$" ~= nil
end
text_methods.isalnum = function(s)
  return s:find "^%w+$" ~= nil
end
text_methods.isspace = function(s)
  return s:find "^%s+$" ~= nil
end
text_methods.isupper = function(s)
  return native.upper(s) == s and native.lower(s) ~= s
end
text_methods.islower = function(s)
  return native.lower(s) == s and native.upper(s) ~= s
end

return M
