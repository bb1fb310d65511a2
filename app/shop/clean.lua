-- SPDX-License-Identifier: MIT
-- What visitors and programs send, checked: texts, whole numbers, amounts of money. Each
-- reader gives the value (nil for nothing), or raises a ValidationError for its field; all()
-- collects those of several fields.
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"

local M = {}

local function wrong(field, text, ...)
  error(exceptions.ValidationError { [field] = { text:format(...) } })
end

-- Forms send text, JSON what it likes.
local function given(data, field)
  local value = data[field]
  if type(value) == "string" then
    value = value:match "^%s*(.-)%s*$"
    return value ~= "" and value or nil
  end
  return value
end

--- A text of at most `longest` characters.
function M.text(data, field, longest, required)
  local value = given(data, field)
  if value == nil then
    return required and wrong(field, "This field is required.") or nil
  elseif type(value) ~= "string" then
    wrong(field, "This must be text.")
  end
  local length = utf8.len(value)
  if not length or value:find "\0" then
    wrong(field, "This is not valid text.")
  elseif length > longest then
    wrong(field, "At most %d characters, please (these are %d).", longest, length)
  end
  return value
end

--- A whole number between `least` and `most`.
function M.integer(data, field, least, most, required)
  local value = given(data, field)
  if value == nil then
    return required and wrong(field, "This field is required.") or nil
  end
  local n = value
  if type(value) == "string" then
    n = value:match "^[+-]?%d+$" and #value < 19 and math.tointeger(tonumber(value)) or nil
  end
  if math.type(n) ~= "integer" then
    wrong(field, "Enter a whole number.")
  elseif n < least or n > most then
    wrong(field, "Enter a number from %d to %d.", least, most)
  end
  return n
end

--- An amount of money, with a point and at most two digits behind it.
function M.money(data, field, required)
  local value = given(data, field)
  if value == nil then
    return required and wrong(field, "This field is required.") or nil
  end
  if type(value) == "number" then
    value = math.type(value) == "integer" and tostring(value) or ("%.2f"):format(value)
  end
  if type(value) ~= "string" or not (value:match "^%d+$" or value:match "^%d*%.%d%d?$") or #value > 11 then
    wrong(field, "Enter an amount such as 12.50.")
  end
  return decimal((value:gsub("^%.", "0.")))
end

--- One of the words, or `default`.
function M.choice(data, field, words, default)
  local value = given(data, field)
  if value == nil then
    return default
  end
  for _, word in ipairs(words) do
    if (type(word) == "table" and word[1] or word) == value then
      return value
    end
  end
  wrong(field, "“%s” is none of the choices.", tostring(value):sub(1, 40))
end

--- Is it ticked?
function M.flag(data, field)
  local value = given(data, field)
  return value == true or value == "1" or value == "on" or value == "true" or value == "yes"
end

--- Runs each reader: { name = function() … end }. Gives the values by name, or raises one
--- ValidationError with the errors of all.
function M.all(readers)
  local values, errors = {}, {}
  for name, read in pairs(readers) do
    local ok, value = pcall(read)
    if ok then
      values[name] = value
    elseif exceptions.is(value, "ValidationError") and value.error_dict then
      for field, list in pairs(value.message_dict) do
        errors[field] = list
      end
    else
      error(value, 0)
    end
  end
  if next(errors) then
    error(exceptions.ValidationError(errors))
  end
  return values
end

return M
