-- SPDX-License-Identifier: MIT
-- What two operations that follow one another make: a list that does the same, true when they
-- can change places, false when they cannot.
local operations -- perilune._migrations.operations, which is loaded later
local states = require "perilune._migrations.state"

-- ---- who names whom ----

local function label_of(to)
  return type(to) == "table" and to._meta.label or to
end

-- Whether the relation of a field of `owner` points at the model, or goes through it.
local function points_at(field, owner, name, app_label)
  for _, option in ipairs(field and field.relation and { "to", "through" } or {}) do
    local to = label_of(field.options_given[option])
    if type(to) == "string" and states.target_key(to, app_label, owner) == app_label .. "." .. name:lower() then
      return true
    end
  end
  return false
end

local on_fields = { AddField = true, RemoveField = true, AlterField = true, RenameField = true }
local on_names = {
  AddIndex = true, RemoveIndex = true, RenameIndex = true, AddConstraint = true, RemoveConstraint = true, AlterConstraint = true,
}
local on_options = {
  AlterModelTable = true, AlterModelTableComment = true, AlterUniqueTogether = true, AlterOrderWithRespectTo = true,
  AlterModelOptions = true, AlterModelManagers = true,
}

local function create_names(op, name, app_label)
  if op.name:lower() == name:lower() then
    return true
  end
  for _, base in ipairs(op.bases or {}) do
    if base:lower() == app_label .. "." .. name:lower() then
      return true
    end
  end
  for _, pair in ipairs(op.fields) do
    if points_at(pair[2], op.name, name, app_label) then
      return true
    end
  end
  return false
end

-- Whether the operation has to do with the model; when in doubt it has.
local function names_model(op, name, app_label)
  local kind = op.class_name
  if kind == "CreateModel" then
    return create_names(op, name, app_label)
  elseif kind == "RenameModel" then
    return op.old_name:lower() == name:lower() or op.new_name:lower() == name:lower()
  elseif on_fields[kind] then
    return op.model_name:lower() == name:lower() or points_at(op.field, op.model_name, name, app_label)
  elseif on_options[kind] then
    return op.name:lower() == name:lower()
  end
  return true -- DeleteModel too: its fields may point at the model
end

local function names_field(op, model_name, name, app_label)
  if not on_fields[op.class_name] then
    return names_model(op, model_name, app_label)
  elseif op.model_name:lower() == model_name:lower() then
    local given = op.field and op.field.options_given or {}
    if op.name == name or op.old_name == name or op.new_name == name then
      return true
    elseif op.field and (op.field.generated or op.field.composite) then
      return true
    elseif given.to_field == name and points_at(op.field, op.model_name, model_name, app_label) then
      return true
    end
    return false
  end
  return points_at(op.field, op.model_name, model_name, app_label)
end

-- ---- copies ----

local function changed(op, changes)
  local new = setmetatable({}, getmetatable(op))
  for k, v in pairs(op) do
    new[k] = v
  end
  for k, v in pairs(changes) do
    new[k] = v
  end
  return new
end

local function with_options(create, set)
  local options = {}
  for k, v in pairs(create.options or {}) do
    options[k] = v
  end
  set(options)
  return { changed(create, { options = options }) }
end

local function same_model(op, name)
  local own = op.model_name or op.name
  return type(own) == "string" and own:lower() == name:lower()
end

local function field_named(field, name)
  local copy = field:clone()
  copy:set_name(name)
  return copy
end

-- The fields of a creation with item i replaced (nil: taken out).
local function fields_with(create, i, pair)
  local fields = { table.unpack(create.fields) }
  if pair then
    fields[i] = pair
  else
    table.remove(fields, i)
  end
  return fields
end

local function index_of(fields, name)
  for i, pair in ipairs(fields) do
    if pair[1] == name then
      return i
    end
  end
  return nil
end

-- ---- what becomes part of a creation ----

local function list_without(list, name)
  local rest, found = {}, nil
  for _, item in ipairs(list or {}) do
    if item.name == name then
      found = item
    else
      rest[#rest + 1] = item
    end
  end
  return found and rest, found
end

local function add_named(key, what)
  return function(create, op)
    return with_options(create, function(options)
      options[key] = { table.unpack(options[key] or {}) }
      table.insert(options[key], op[what])
    end)
  end
end

local function remove_named(key)
  return function(create, op)
    local rest = list_without(create.options and create.options[key], op.name)
    return rest and with_options(create, function(options)
      options[key] = rest
    end)
  end
end

local function set_option(key, value_of)
  return function(create, op)
    return with_options(create, function(options)
      options[key] = value_of(op)
    end)
  end
end

local function replace_named(key, find, replacement)
  return function(create, op)
    local list = { table.unpack(create.options and create.options[key] or {}) }
    for i, item in ipairs(list) do
      if item.name == find(op) then
        list[i] = replacement(item, op)
        return with_options(create, function(options)
          options[key] = list
        end)
      end
    end
    return nil
  end
end

local function renamed_item(item, op)
  return changed(item, { name = op.new_name })
end

-- The name of a field in what Meta holds, as renames.lua does it for states.
local function renamed_in_meta(create, op, i)
  local state = states.new()
  state:add_model(states.model_state("x", create.name, create.fields, create.options or {}, {}):clone())
  local model = state:get("x", create.name)
  model.fields[i] = { op.new_name, field_named(model.fields[i][2], op.new_name) }
  require("perilune._migrations.renames").field(state, model, op.old_name, op.new_name)
  return { changed(create, { fields = model.fields, options = model.options }) }
end

local into_create = {
  DeleteModel = function(create)
    return not (create.options and create.options.proxy) and {} or nil
  end,
  RenameModel = function(create, op)
    return { changed(create, { name = op.new_name }) }
  end,
  AlterModelOptions = function(create, op)
    return with_options(create, function(options)
      for _, option in ipairs(operations.state_only_options) do
        options[option] = op.options[option]
      end
    end)
  end,
  AlterModelManagers = function(create, op)
    return { changed(create, { managers = op.managers }) }
  end,
  AlterUniqueTogether = set_option("unique_together", function(op)
    return #op.unique_together > 0 and op.unique_together or nil
  end),
  AlterOrderWithRespectTo = set_option("order_with_respect_to", function(op)
    return op.order_with_respect_to or nil
  end),
  AlterModelTable = set_option("db_table", function(op)
    return op.table ~= "" and op.table or nil
  end),
  AlterModelTableComment = set_option("db_table_comment", function(op)
    return op.table_comment ~= "" and op.table_comment or nil
  end),
  AddField = function(create, op)
    local fields = { table.unpack(create.fields) }
    fields[#fields + 1] = { op.name, op.field }
    return { changed(create, { fields = fields }) }
  end,
  AlterField = function(create, op)
    local i = index_of(create.fields, op.name)
    return i and { changed(create, { fields = fields_with(create, i, { op.name, op.field }) }) }
  end,
  RemoveField = function(create, op)
    local i = index_of(create.fields, op.name)
    return i and { changed(create, { fields = fields_with(create, i) }) }
  end,
  RenameField = function(create, op)
    local i = index_of(create.fields, op.old_name)
    return i and renamed_in_meta(create, op, i)
  end,
  AddIndex = add_named("indexes", "index"),
  AddConstraint = add_named("constraints", "constraint"),
  RemoveIndex = remove_named "indexes",
  RemoveConstraint = remove_named "constraints",
  RenameIndex = replace_named("indexes", function(op)
    return op.old_name
  end, renamed_item),
  AlterConstraint = replace_named("constraints", function(op)
    return op.name
  end, function(_, op)
    return op.constraint
  end),
}

-- ---- rules ----

local rules = {}

function rules.CreateModel(create, op)
  local rule = into_create[op.class_name]
  local name = op.old_name and op.class_name == "RenameModel" and op.old_name or op.model_name or op.name
  if not rule or type(name) ~= "string" or name:lower() ~= create.name:lower() then
    return nil
  end
  return rule(create, op)
end

function rules.RenameModel(first, op)
  if op.class_name == "RenameModel" and first.new_name:lower() == op.old_name:lower() then
    return { changed(first, { new_name = op.new_name }) }
  end
end

function rules.AddField(first, op)
  if not on_fields[op.class_name] or not same_model(op, first.model_name) or (op.name or op.old_name) ~= first.name then
    return nil
  elseif op.class_name == "AlterField" then
    return { changed(first, { field = op.field, preserve_default = op.preserve_default }) }
  elseif op.class_name == "RemoveField" then
    return {}
  elseif op.class_name == "RenameField" then
    return { changed(first, { name = op.new_name, field = field_named(first.field, op.new_name) }) }
  end
end

function rules.AlterField(first, op)
  if not on_fields[op.class_name] or not same_model(op, first.model_name) or (op.name or op.old_name) ~= first.name then
    return nil
  elseif op.class_name == "AlterField" or op.class_name == "RemoveField" then
    return { op }
  elseif op.class_name == "RenameField" and not first.field.db_column then
    return { op, changed(first, { name = op.new_name, field = field_named(first.field, op.new_name) }) }
  end
end

function rules.RemoveField(first, op)
  if op.class_name == "DeleteModel" and op.name:lower() == first.model_name:lower() then
    return { op }
  end
end

function rules.RenameField(first, op)
  if op.class_name == "RenameField" and same_model(op, first.model_name) and first.new_name == op.old_name then
    return { changed(first, { new_name = op.new_name }) }
  end
end

local function named_rule(kind, what, remove)
  rules["Add" .. kind] = function(first, op)
    if not on_names[op.class_name] or not same_model(op, first.model_name) then
      return nil
    elseif op.class_name == remove and op.name == first[what].name then
      return {}
    elseif op.class_name == "RenameIndex" and op.old_name == first[what].name then
      return { changed(first, { [what] = renamed_item(first[what], op) }) }
    elseif op.class_name == "AlterConstraint" and op.name == first[what].name then
      return { changed(first, { [what] = op.constraint }) }
    end
  end
end
named_rule("Index", "index", "RemoveIndex")
named_rule("Constraint", "constraint", "RemoveConstraint")

function rules.AlterConstraint(first, op)
  if (op.class_name == "AlterConstraint" or op.class_name == "RemoveConstraint") and same_model(op, first.model_name) and op.name == first.name then
    return { op }
  end
end

function rules.RenameIndex(first, op)
  if op.class_name == "RenameIndex" and same_model(op, first.model_name) and op.old_name == first.new_name then
    return { changed(first, { new_name = op.new_name }) }
  end
end

for kind in pairs(on_options) do
  rules[kind] = function(first, op)
    if (op.class_name == kind or op.class_name == "DeleteModel") and same_model(op, first.name) then
      return { op }
    end
  end
end

-- Whether `op` has nothing to do with what `first` is about.
local function passes(first, op, app_label)
  local kind = first.class_name
  if kind == "RenameModel" then
    return not (names_model(op, first.old_name, app_label) or names_model(op, first.new_name, app_label))
  elseif kind == "RenameField" then
    return not (names_field(op, first.model_name, first.old_name, app_label) or names_field(op, first.model_name, first.new_name, app_label))
  elseif on_fields[kind] then
    return not names_field(op, first.model_name, first.name, app_label)
  elseif on_options[kind] or kind == "CreateModel" or kind == "DeleteModel" then
    return not names_model(op, first.name, app_label)
  end
  return false
end

--- reduce(first, op, app_label): `op` comes right after `first`.
return function(first, op, app_label)
  operations = operations or require "perilune._migrations.operations"
  if first.elidable then
    return { op }
  elseif op.elidable then
    return { first }
  end
  local rule = rules[first.class_name]
  return rule and rule(first, op) or passes(first, op, app_label)
end
