-- SPDX-License-Identifier: MIT
-- A value for a field that nobody gave one: the n-th of its kind, so that unique fields are.
local exceptions = require "perilune.exceptions"
local time = require "perilune.time"

local M = {}

-- The limits that the field's validators set.
local function limits(field)
  local least, most
  for _, validator in ipairs(field.validators or {}) do
    local ok, code, limit = pcall(function()
      return validator.code, validator.limit_value
    end)
    limit = ok and (type(limit) == "function" and limit() or limit)
    limit = limit and tonumber(tostring(limit))
    if limit and code == "min_value" then
      least = limit
    elseif limit and code == "max_value" then
      most = limit
    end
  end
  return least, most
end

local function whole(field, n)
  local least, most = limits(field)
  least = math.ceil(least or 1)
  most = most and math.floor(most)
  if most then
    return least + (n - 1) % math.max(1, most - least + 1)
  end
  return least + n - 1
end

local function cut(text, tail, field)
  local room = field.max_length
  if room and #text + #tail > room then
    text = text:sub(1, math.max(0, room - #tail))
    tail = tail:sub(-room)
  end
  return text .. tail
end

local function uuid(n)
  return ("00000000-0000-4000-8000-%012x"):format(n)
end

-- by Django's name of the class
local MAKERS = {
  CharField = function(field, n) return cut(field.name:gsub("_", " "), (" %d"):format(n), field) end,
  TextField = function(field, n) return ("%s %d"):format(field.name:gsub("_", " "), n) end,
  SlugField = function(field, n) return cut(field.name:gsub("_", "-"), ("-%d"):format(n), field) end,
  EmailField = function(_, n) return ("user%d@example.com"):format(n) end,
  URLField = function(_, n) return ("https://example.com/%d/"):format(n) end,
  IntegerField = whole,
  FloatField = function(field, n) return whole(field, n) + 0.0 end,
  DecimalField = function(field, n)
    local digits = (field.max_digits or 10) - (field.decimal_places or 0)
    return require "perilune.decimal"(tostring(whole(field, n) % 10 ^ math.min(digits, 15) // 1 | 0))
  end,
  BooleanField = function() return false end,
  DateField = function() return time.today() end,
  DateTimeField = function() return time.now() end,
  TimeField = function() return time.time(12, 0) end,
  DurationField = function(_, n) return time.timedelta { seconds = n } end,
  UUIDField = function(_, n) return uuid(n) end,
  BinaryField = function(_, n) return "\1" .. n end,
  JSONField = function() return {} end,
  GenericIPAddressField = function(_, n) return ("192.0.2.%d"):format((n - 1) % 254 + 1) end,
  FileField = function(field, n) return ("%s-%d.txt"):format(field.name, n) end,
}

local function maker(field)
  local class = getmetatable(field)
  while class do
    local found = MAKERS[rawget(class, "class_name") or ""]
    if found then
      return found
    end
    class = rawget(class, "parent")
  end
end

--- Can the field do without a value of its own?
function M.optional(field)
  return field.null or field.auto_created or field.many or field:has_default() or field.db_default ~= nil
    or field.blank and field.empty_strings_allowed and not field.unique or field.primary_key and field:get_internal_type():find "AutoField" ~= nil
    or field.auto_now or field.auto_now_add or field.class_name == "GeneratedField" or field.parent_link
end

--- The n-th value of the field.
function M.of(field, n)
  if field.choices then
    local choices = field:flat_choices()
    if choices[1] then
      return choices[1][1]
    end
  end
  local make = maker(field)
  if not make then
    error(exceptions.TypeError(("test.factory: give a value for %s.%s: there is none for a %s"):format(field.model and field.model._meta.label or "?", field.name, field.class_name)), 0)
  end
  return make(field, n)
end

return M
