-- SPDX-License-Identifier: MIT
-- Asking the database about conditions on an instance that is not saved: its values stand
-- for the fields in a query that reads no table's rows.
local null = require "perilune.null"

local M = {}

-- { name = value } of the instance's columns, with the related lookups "category_id".
local function values_of(model, instance)
  local values = {}
  for _, field in ipairs(model._meta.fields) do
    if not field.generated then
      local value = rawget(instance, field.attname)
      values[field.name] = value == nil and null or value
    end
  end
  return values
end

--- Whether the condition holds for the instance: true, false, or nil when it cannot be asked
--- (it is NULL, or uses what only a table has).
function M.holds(model, instance, condition)
  local q = require "perilune._models.condition_values"
  return q.check(model, values_of(model, instance), condition)
end

--- Whether no other row has the same values.
function M.unique(model, instance, constraint)
  local conditions = {}
  for _, name in ipairs(constraint.fields) do
    local field = model._meta:get_field(name)
    local value = rawget(instance, field.attname)
    if value == nil and constraint.nulls_distinct ~= false then
      return true
    end
    conditions[field.attname] = value == nil and null or value
  end
  if next(conditions) == nil then
    return true -- of expressions: left to the database
  end
  if constraint.condition and M.holds(model, instance, constraint.condition) ~= true then
    return true
  end
  local rows = model._meta.default_manager:filter(conditions)
  if constraint.condition then
    rows = rows:filter(constraint.condition)
  end
  if not rawget(instance, "_state").adding and instance.pk ~= nil then
    rows = rows:exclude { pk = instance.pk }
  end
  return not rows:exists()
end

return M
