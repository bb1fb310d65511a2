-- SPDX-License-Identifier: MIT
-- Models: expressions that become part of a table (constraints, indexes, generated columns,
-- db_default) and cannot. Django's ids; schema.E001 is what Django leaves to the database.
local checks = require "perilune.checks"
local classes_of = require "perilune._checks.classes"
local exceptions = require "perilune.exceptions"

local function is_expression(value)
  return type(value) == "userdata" and getmetatable(value) == "perilune.models.Expression"
end

-- ids by the beginning of what the engine says
local IDS = {
  { "Joined field", "models.E041" },
  { "Cannot resolve", "models.E012" },
}

local function report(err, where, options, found)
  local message = exceptions.wrap(err).message
  options.id = "schema.E001"
  for _, pair in ipairs(IDS) do
    options.id = message:sub(1, #pair[1]) == pair[1] and pair[2] or options.id
  end
  found[#found + 1] = checks.Error(where .. ": " .. message, options)
end

-- Tells of the first of the expressions that the table cannot have.
local function check_list(class, list, where, options, found)
  local meta = class._meta
  for _, expression in ipairs(list) do
    if type(expression) == "table" then
      expression = require("perilune._models.expressions").Q(expression)
    end
    local ok, err = pcall(meta.registry:world().schema_sql, meta.registry:world(), meta.world_id, expression)
    if not ok then
      return report(err, where, options, found)
    end
  end
end

local function check_meta(class, found)
  for _, kind in ipairs { "constraints", "indexes" } do
    for _, item in ipairs(class._meta[kind]) do
      local list = { table.unpack(item.expressions or {}) }
      list[#list + 1] = item.condition
      check_list(class, list, ("'%s' '%s'"):format(kind, item.name or "?"), { obj = class }, found)
    end
  end
end

local ROW = { f = true, outer = true }

-- What a value that the database gives on its own cannot name: the row; nil.
local function of_row(part)
  if ROW[part.op] then
    return part.op == "f" and ("F(%q)"):format(part.text) or ("OuterRef(%q)"):format(part.text)
  end
  for _, child in ipairs(part) do
    local found = of_row(child)
    if found then
      return found
    end
  end
  return nil
end

local function check_default(class, field, found)
  local tree = require("perilune._orm").tree(field.db_default)
  local named = tree and of_row(tree)
  if named then
    found[#found + 1] = checks.Error(("%s cannot be used in db_default. (%s)"):format(named, field.where), {
      obj = { label = class._meta.label .. "." .. field.name }, id = "fields.E012",
      hint = "The database gives it before there is a row: use a value or a function, or models.GeneratedField for what follows from other fields.",
    })
  else
    check_list(class, { field.db_default }, ("db_default (%s)"):format(field.where), { obj = { label = class._meta.label .. "." .. field.name } }, found)
  end
end

checks.register(function(options)
  local found = {}
  for _, class in ipairs(classes_of(options)) do
    check_meta(class, found)
    for _, field in ipairs(class._meta.local_all_fields) do
      if field.generated then
        check_list(class, { field.expression }, ("the expression of the GeneratedField (%s)"):format(field.where), { obj = { label = class._meta.label .. "." .. field.name } }, found)
      elseif is_expression(field.db_default) then
        check_default(class, field, found)
      end
    end
  end
  return found
end, { tags = { "models" } })
