-- SPDX-License-Identifier: MIT
-- The table of members that an author writes for a model: what are fields, managers, and mistakes.
local exceptions = require "perilune.exceptions"

local M = {}

--- Whether the value is an object of a class of fields.
function M.is_field(value)
  return type(value) == "table" and rawget(value, "created") ~= nil and not rawget(value, "_is_manager") and type(value.get_internal_type) == "function"
end

-- What is wrong with a member that is a class where an object belongs, which would be no
-- field and no manager, and nobody would say so.
local function misplaced(key, value)
  if type(value) ~= "table" then
    return nil
  elseif rawget(value, "class_name") and rawget(value, "__index") == value then
    return ("models.%s is a class of fields: write models.%s{…}"):format(value.class_name, value.class_name)
  elseif (key == "meta" or key == "META") and getmetatable(value) == nil then
    return "the table of options is called Meta"
  elseif rawget(value, "_is_manager_class") then
    return "a class of managers is called, to make one: write Manager()"
  elseif rawget(value, "__name") == "perilune.models.QuerySet" then
    return "a class of QuerySets is no manager: write its :as_manager()"
  end
end

--- Members of an author's table: fields and managers as lists of { name, object } in the order in
--- which they were made, and a table of the rest. Errors are raised at the caller's level.
function M.sort(name, members, level)
  local fields, found, rest = {}, {}, {}
  for key, value in pairs(members) do
    if type(key) ~= "string" then
      error(exceptions.TypeError(("%s: fields have names; item %s has none"):format(name, tostring(key))), level + 1)
    elseif M.is_field(value) then
      fields[#fields + 1] = { key, value }
    elseif type(value) == "table" and rawget(value, "_is_manager") then
      found[#found + 1] = { key, value }
    elseif key ~= "Meta" and key ~= "bases" then
      local problem = misplaced(key, value)
      if problem then
        error(exceptions.TypeError(("%s.%s: %s"):format(name, key, problem)), level + 1)
      end
      rest[key] = value
    end
  end
  local function in_order(a, b)
    return a[2].created < b[2].created
  end
  table.sort(fields, in_order)
  table.sort(found, in_order)
  return fields, found, rest
end

--- The parents that a model's member `bases` names: a list of models. Errors are raised at the level.
function M.bases(name, bases, level)
  if bases == nil then
    return {}
  elseif type(bases) ~= "table" or rawget(bases, "_meta") or getmetatable(bases) then
    error(exceptions.TypeError(("%s: bases is a list of models, as in bases = { Base }, not %s"):format(name, tostring(bases))), level + 1)
  end
  for i, parent in ipairs(bases) do
    if type(parent) ~= "table" or not rawget(parent, "_meta") then
      error(exceptions.TypeError(("%s: bases is a list of models; item %d is a %s"):format(name, i, type(parent))), level + 1)
    end
  end
  return bases
end

--- Raises for what no field can be called; `base`: methods that all models have.
function M.check_name(model, name, field, base)
  local problem
  if name:sub(-1) == "_" then
    problem = "field names must not end with an underscore"
  elseif name:find("__", 1, true) then
    problem = "field names must not contain '__'"
  elseif name == "pk" and not field.composite then
    problem = "'pk' is a reserved word"
  elseif name:sub(1, 1) == "_" then
    problem = "field names must not begin with an underscore"
  elseif type(rawget(base, name)) == "function" then
    problem = ("'%s' is a method of all models; name the field otherwise, and give it db_column = \"%s\" if the column must be called so"):format(name, name)
  end
  if problem then
    error(exceptions.ImproperlyConfigured(("%s: %s.%s: %s"):format(field.where, model, name, problem)), 0)
  end
end

return M
