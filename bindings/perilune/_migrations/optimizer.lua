-- SPDX-License-Identifier: MIT
-- Fewer operations with the same result: those of one model that follow its creation become
-- part of it, and what is made and taken away again vanishes. Operations that run code or
-- SQL are a wall that nothing is moved over.

local function same_model(op, name)
  local own = op.model_name or op.name
  return type(own) == "string" and own:lower() == name:lower()
end

local function is_wall(op)
  return op.class_name == "RunSQL" or op.class_name == "RunLua" or op.class_name == "SeparateDatabaseAndState"
end

local function points_at(field, name, app_label)
  local to = field and field.options_given and field.options_given.to
  if type(to) == "table" then
    to = to._meta.label
  end
  return type(to) == "string" and (to:lower() == name:lower() or to:lower() == app_label .. "." .. name:lower())
end

-- Whether an operation has to do with the model: names it, or points at it.
local function touches(op, name, app_label)
  if is_wall(op) or same_model(op, name) or op.class_name == "RenameModel" or points_at(op.field, name, app_label) then
    return true
  end
  for _, pair in ipairs(op.fields or {}) do
    if points_at(pair[2], name, app_label) then
      return true
    end
  end
  return false
end

local function index_of(fields, name)
  for i, pair in ipairs(fields) do
    if pair[1] == name then
      return i
    end
  end
  return nil
end

-- Whether the field points at a model that is only created in between.
local function too_early(field, between, app_label)
  for _, op in ipairs(between) do
    if op.class_name == "CreateModel" and points_at(field, op.name, app_label) then
      return true
    end
  end
  return false
end

local function copy(op)
  local new = setmetatable({}, getmetatable(op))
  for k, v in pairs(op) do
    new[k] = v
  end
  new.fields = op.fields and { table.unpack(op.fields) }
  if op.options then
    new.options = {}
    for k, v in pairs(op.options) do
      new.options[k] = v
    end
  end
  return new
end

local function with_item(list, item)
  list = { table.unpack(list or {}) }
  list[#list + 1] = item
  return list
end

local function without_item(list, name)
  local rest, found = {}, false
  for _, item in ipairs(list or {}) do
    if item.name == name then
      found = true
    else
      rest[#rest + 1] = item
    end
  end
  return found and rest or nil
end

-- What each operation makes of a creation before it: the new creation, nil when the two stay
-- apart, false when both vanish.
local into_create = {
  DeleteModel = function(_, _, between)
    return #between == 0 and false or nil
  end,
  RenameModel = function(new, op, between)
    new.name = op.new_name
    return #between == 0 and new or nil
  end,
  AddField = function(new, op, between, app_label)
    if too_early(op.field, between, app_label) then
      return nil
    end
    new.fields[#new.fields + 1] = { op.name, op.field }
    return new
  end,
  AlterField = function(new, op, between, app_label)
    local i = index_of(new.fields, op.name)
    if not i or too_early(op.field, between, app_label) then
      return nil
    end
    new.fields[i] = { op.name, op.field }
    return new
  end,
  RemoveField = function(new, op)
    local i = index_of(new.fields, op.name)
    if not i then
      return nil
    end
    table.remove(new.fields, i)
    return new
  end,
  RenameField = function(new, op)
    local i = index_of(new.fields, op.old_name)
    if not i then
      return nil
    end
    local field = new.fields[i][2]:clone()
    field:set_name(op.new_name)
    new.fields[i] = { op.new_name, field }
    return new
  end,
  AlterModelOptions = function(new, op)
    for k, v in pairs(op.options) do
      new.options[k] = v
    end
    return new
  end,
  AlterUniqueTogether = function(new, op)
    new.options.unique_together = op.unique_together
    return new
  end,
  AlterModelTable = function(new, op)
    new.options.db_table = op.table ~= "" and op.table or nil
    return new
  end,
  AlterOrderWithRespectTo = function(new, op)
    new.options.order_with_respect_to = op.order_with_respect_to or nil
    return new
  end,
  AddIndex = function(new, op)
    new.options.indexes = with_item(new.options.indexes, op.index)
    return new
  end,
  AddConstraint = function(new, op)
    new.options.constraints = with_item(new.options.constraints, op.constraint)
    return new
  end,
  RemoveIndex = function(new, op)
    new.options.indexes = without_item(new.options.indexes, op.name)
    return new.options.indexes and new
  end,
  RemoveConstraint = function(new, op)
    new.options.constraints = without_item(new.options.constraints, op.name)
    return new.options.constraints and new
  end,
}

local function reduce_create(create, op, between, app_label)
  local rule = into_create[op.class_name]
  if not rule then
    return nil
  end
  local new = copy(create)
  new.options = new.options or {}
  return rule(new, op, between, app_label)
end

local function reduce_field(first, op)
  local a, b = first.class_name, op.class_name
  if (a ~= "AddField" and a ~= "AlterField") or not same_model(op, first.model_name) or (op.name or op.old_name) ~= first.name then
    return nil
  end
  local new = copy(first)
  if b == "AlterField" then
    new.field, new.preserve_default = op.field, op.preserve_default
    return new
  elseif b == "RemoveField" then
    return a == "AddField" and false or op
  elseif b == "RenameField" and a == "AddField" then
    new.name, new.field = op.new_name, first.field:clone()
    new.field:set_name(op.new_name)
    return new
  end
  return nil
end

-- The list with item i replaced (left out for false) and item j gone.
local function joined(operations, i, j, result)
  local list = {}
  for k, op in ipairs(operations) do
    if k == i then
      list[#list + 1] = result or nil
    elseif k ~= j then
      list[#list + 1] = op
    end
  end
  return list
end

local function reduce_one(operations, i, app_label)
  local first, between = operations[i], {}
  local name = first.class_name == "CreateModel" and first.name or first.model_name or first.name or ""
  for j = i + 1, #operations do
    local op = operations[j]
    local result
    if first.class_name == "CreateModel" and same_model(op, first.name) then
      result = reduce_create(first, op, between, app_label)
    elseif first.field then
      result = reduce_field(first, op)
    end
    if result ~= nil then
      return joined(operations, i, j, result)
    elseif is_wall(op) or touches(op, name, app_label) and not (first.class_name == "CreateModel" and op.class_name == "CreateModel") then
      return nil
    end
    between[#between + 1] = op
  end
  return nil
end

local function pass(operations, app_label)
  for i, first in ipairs(operations) do
    local list = not is_wall(first) and reduce_one(operations, i, app_label)
    if list then
      return list, true
    end
  end
  return operations, false
end

return function(operations, app_label)
  local again = true
  while again do
    operations, again = pass(operations, app_label)
  end
  return operations
end
