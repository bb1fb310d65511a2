-- SPDX-License-Identifier: MIT
-- Calls of methods that a model's objects and classes do not have. Reading an unknown name
-- gives nil, as with any table; only when the call has failed is it looked at what was called.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

-- The class of an instance, or the class itself; nil for what is no model's.
local function class_of(value)
  if type(value) ~= "table" then
    return nil
  end
  local mt = getmetatable(value)
  if rawget(value, "_meta") and rawget(value, "_bases") then
    return value
  end
  return type(mt) == "table" and rawget(mt, "_meta") and rawget(mt, "_bases") and mt or nil
end

-- The function that called: the innermost that is not C, beyond the message handler.
local function level_of_call()
  local level = 3
  while true do
    local info = debug.getinfo(level, "S")
    if not info or info.what ~= "C" then
      return info and level - 1
    end
    level = level + 1
  end
end

-- `object:method(…)` puts what it called and the object side by side into registers without a
-- name. Other pairs may look like it: then nothing is said.
local function find_object(level, kind, method)
  local found, before, was_temporary
  local i = 1
  while true do
    local name, value = debug.getlocal(level, i)
    if not name then
      return found
    end
    local class = was_temporary and name:sub(1, 1) == "(" and type(before) == kind and class_of(value)
    if class and rawequal(value[method], before) then
      if found and class_of(found) ~= class then
        return nil
      end
      found = value
    end
    before, was_temporary, i = value, name:sub(1, 1) == "(", i + 1
  end
end

local function add_methods(names, seen, from)
  for k, v in next, from do
    if type(k) == "string" and type(v) == "function" and not k:find "^_" and not seen[k] then
      seen[k] = true
      names[#names + 1] = k
    end
  end
end

-- Methods of the class and those above it, and of all models.
local function method_names(class)
  local names, seen = {}, {}
  local function visit(c)
    add_methods(names, seen, c)
    for _, parent in ipairs(rawget(c, "_bases") or {}) do
      visit(parent)
    end
  end
  visit(class)
  add_methods(names, seen, require("perilune._models.model").base)
  table.sort(names)
  return names
end

local function absent(class, method, of_class)
  local name, QuerySet = class._meta.object_name, require "perilune._models.queryset"
  local manager = type(QuerySet[method]) == "function" and method or of_class and core.suggest(method, QuerySet._method_names(QuerySet)):match "'(.-)'"
  if manager then
    return exceptions.AttributeError(("%s has no method '%s', its managers do: %s.objects:%s(…)"):format(name, method, name, manager))
  end
  return exceptions.AttributeError(("%s has no method '%s'%s"):format(name, method, core.suggest(method, method_names(class))))
end

--- The error for what Lua says of a call, while the stack is as it was; nil when the call was
--- not one of a model's.
return function(text)
  local kind, method = text:match "attempt to call a (%a+) value %(method '([^']*)'%)"
  local level = kind and level_of_call()
  local object = level and find_object(level + 1, kind, method)
  local class = object and class_of(object)
  if not class then
    return nil
  elseif kind == "nil" then
    return absent(class, method, object == class)
  end
  return exceptions.TypeError(("'%s' of %s is no method but a value: read it without parentheses, object.%s"):format(method, class._meta.object_name, method))
end
