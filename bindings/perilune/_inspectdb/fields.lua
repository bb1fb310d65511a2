-- SPDX-License-Identifier: MIT
-- Names and classes of fields for columns.
local base = require("perilune._models.model").base

local M = {}

local reserved = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while pk Meta objects bases"):gmatch "%a+" do
  reserved[word] = true
end

--- "Order Items" → "order_items": the name that Django would give the field, or one that Lua
--- and models allow.
function M.name(column, is_relation)
  local name = column:lower()
  if is_relation then
    name = name:gsub("_id$", "")
  end
  name = name:gsub("[^%w_]", "_"):gsub("__+", "_"):gsub("^_", "field_"):gsub("_$", "_field")
  if reserved[name] or type(rawget(base, name)) == "function" then
    name = name .. "_field"
  elseif name:match "^%d" then
    name = "number_" .. name
  end
  return name
end

local simple = {
  bigint = "BigIntegerField", ["bigint unsigned"] = "PositiveBigIntegerField", blob = "BinaryField", bool = "BooleanField", boolean = "BooleanField",
  date = "DateField", datetime = "DateTimeField", timestamp = "DateTimeField", double = "FloatField", ["double precision"] = "FloatField",
  float = "FloatField", real = "FloatField", integer = "IntegerField", int = "IntegerField", ["integer unsigned"] = "PositiveIntegerField",
  smallint = "SmallIntegerField", smallinteger = "SmallIntegerField", ["smallint unsigned"] = "PositiveSmallIntegerField", tinyint = "SmallIntegerField", text = "TextField",
  clob = "TextField", time = "TimeField",
}

local whole = { integer = true, int = true, bigint = true, smallint = true, smallinteger = true }

-- What Django keeps in text of this length, and others may keep something else in.
local hints = { [32] = "models.UUIDField, if it holds UUIDs", [39] = "models.GenericIPAddressField, if it holds addresses" }

--- Class, options and a note of a column's type. only_key: it is the table's key.
function M.type(column, only_key, is_json)
  local kind = column.type:lower()
  local name, length = kind:match "^([%a ]+)%s*%((%d+)", tonumber(kind:match "%((%d+)")
  name = (name or kind:match "^[%a ]*" or ""):gsub("%s+$", "")
  if only_key and whole[name] then
    return "AutoField"
  elseif is_json then
    return "JSONField", {}
  elseif (name == "varchar" or name == "char" or name == "nvarchar" or name == "character varying") and length then
    return "CharField", { "max_length = " .. length }, name == "char" and hints[length] or nil
  elseif name == "decimal" or name == "numeric" then
    local digits, places = kind:match "%((%d+)%s*,%s*(%d+)"
    return "DecimalField", { "max_digits = " .. (digits or 10), "decimal_places = " .. (places or 5) }, not digits and "max_digits and decimal_places are guessed" or nil
  end
  return simple[name] or "TextField", {}, not simple[name] and "the type is guessed: " .. (column.type == "" and "none" or column.type) or nil
end

--- A column's DEFAULT as an option: text of Lua, or nil and a note.
function M.default(text, class)
  if text == nil or text:upper() == "NULL" then
    return nil
  end
  local inner = text:match "^'(.*)'$"
  if inner then
    return ("db_default = %q"):format((inner:gsub("''", "'")))
  elseif class == "BooleanField" and (text == "0" or text == "1") then
    return "db_default = " .. (text == "1" and "true" or "false")
  elseif tonumber(text) then
    return "db_default = " .. text
  elseif text:upper() == "CURRENT_TIMESTAMP" then
    return "db_default = models.functions.Now()"
  end
  return nil, "DEFAULT " .. text
end

return M
