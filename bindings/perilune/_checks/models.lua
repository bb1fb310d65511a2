-- SPDX-License-Identifier: MIT
-- Models: Django's checks of Meta and of fields, with Django's ids. What makes a model unusable
-- is an error when its file is loaded or when the relations are resolved, not a check.
local checks = require "perilune.checks"
local classes_of = require "perilune._checks.classes"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

local function field_label(class, field)
  return { label = class._meta.label .. "." .. field.name }
end

-- "shop/models.lua:12" behind the text, for a field.
local function at(field, text)
  return field.where and field.where ~= "" and ("%s (%s)"):format(text, field.where) or text
end

-- ---- names in Meta ----

local function find(class, name)
  local meta = class._meta
  return name == "pk" and meta.pk or meta.fields_by_name[name] or meta.fields_by_attname[name]
end

local function is_local(class, field)
  for _, own in ipairs(class._meta.local_fields) do
    if own == field then
      return true
    end
  end
  return field.composite or class._meta.proxy
end

local function named(class, option, name, found)
  local field = find(class, name)
  if not field then
    local _, err = pcall(class._meta.get_field, class._meta, name)
    local hint = exceptions.wrap(err).message:match "did you mean '.-'%??"
    found[#found + 1] = checks.Error(("'%s' refers to the nonexistent field '%s'."):format(option, name), { obj = class, id = "models.E012", hint = hint })
  elseif field.many then
    found[#found + 1] = checks.Error(("'%s' refers to a ManyToManyField '%s', but ManyToManyFields are not permitted in '%s'."):format(option, name, option), { obj = class, id = "models.E013" })
  elseif not is_local(class, field) then
    found[#found + 1] = checks.Error(("'%s' refers to field '%s' which is not local to model '%s'."):format(option, field.name, class._meta.object_name), {
      obj = class, id = "models.E016", hint = "This issue may be caused by multi-table inheritance.",
    })
  end
end

local function check_together(class, found)
  for _, names in ipairs(class._meta.unique_together) do
    if type(names) ~= "table" then
      found[#found + 1] = checks.Error("All 'unique_together' elements must be lists or tuples.", { obj = class, id = "models.E011" })
    else
      for _, name in ipairs(names) do
        named(class, "unique_together", name, found)
      end
    end
  end
end

local function check_indexes(class, found)
  for _, index in ipairs(class._meta.indexes) do
    for _, name in ipairs(index.fields) do
      named(class, "indexes", (name:gsub("^-", "")), found)
    end
    for _, name in ipairs(index.include or {}) do
      named(class, "indexes", name, found)
    end
    if index.name and index.name:match "^[_%d]" then
      found[#found + 1] = checks.Error(("The index name '%s' cannot start with an underscore or a number."):format(index.name), { obj = class, id = "models.E033" })
    end
  end
end

-- Whether there is SQL of the author's in an expression.
local function holds_sql(expression)
  local tree = type(expression) == "userdata" and require("perilune._orm").tree(expression)
  local function visit(part)
    if part.op == "raw" then
      return true
    end
    for _, child in ipairs(part) do
      if type(child) == "table" and visit(child) then
        return true
      end
    end
    return false
  end
  return tree and visit(tree) or false
end

local function check_constraints(class, found)
  for _, constraint in ipairs(class._meta.constraints) do
    for _, name in ipairs(constraint.fields or {}) do
      named(class, "constraints", name, found)
    end
    for _, name in ipairs(constraint.include or {}) do
      named(class, "constraints", name, found)
    end
    if holds_sql(constraint.condition) and constraint.class_name == "CheckConstraint" then
      found[#found + 1] = checks.Warning(("Check constraint '%s' contains RawSQL() expression and won't be validated during the model full_clean()."):format(constraint.name), { obj = class, id = "models.W045" })
    end
  end
end

local function check_ordering(class, found)
  local meta = class._meta
  if meta.ordering == nil then
    return
  elseif meta.order_with_respect_to and meta.given.ordering then
    found[#found + 1] = checks.Error("'ordering' and 'order_with_respect_to' cannot be used together.", { obj = class, id = "models.E021" })
    return
  end
  for _, item in ipairs(meta.ordering) do
    local ok, err = pcall(function()
      if type(item) == "string" and item ~= "?" then
        return class._meta.base_manager:values((item:gsub("^-", ""))) -- looks at all of the path
      end
      return class._meta.base_manager:order_by(item)
    end)
    if not ok then
      local name = type(item) == "string" and item:gsub("^-", "") or "expression"
      found[#found + 1] = checks.Error(("'ordering' refers to the nonexistent field, related field, or lookup '%s'."):format(name), {
        obj = class, id = "models.E015", hint = exceptions.wrap(err).message:match "did you mean .*",
      })
    end
  end
end

-- ---- names of columns, tables, models ----

local function check_columns(class, found)
  local seen = {}
  for _, field in ipairs(class._meta.local_fields) do
    if field.column and not field.composite then
      if seen[field.column] then
        found[#found + 1] = checks.Error(at(field, ("Field '%s' has column name '%s' that is used by another field."):format(field.name, field.column)), {
          obj = class, id = "models.E007", hint = "Specify a 'db_column' for the field.",
        })
      end
      seen[field.column] = true
    end
  end
end

local function check_keys(class, found)
  local keys = 0
  for _, field in ipairs(class._meta.local_fields) do
    if field.primary_key and not field.parent_link then
      keys = keys + 1
    end
  end
  if keys > 1 then
    found[#found + 1] = checks.Error("The model cannot have more than one field with 'primary_key = true'.", { obj = class, id = "models.E026" })
  end
end

local function check_name(class, found)
  local name = class._meta.object_name
  if name:match "^_" or name:match "_$" then
    found[#found + 1] = checks.Error(("The model name '%s' cannot start or end with an underscore as it collides with the query lookup syntax."):format(name), { obj = class, id = "models.E023" })
  elseif name:find("__", 1, true) then
    found[#found + 1] = checks.Error(("The model name '%s' cannot contain double underscores as it collides with the query lookup syntax."):format(name), { obj = class, id = "models.E024" })
  end
end

-- What two models may not share: tables, names of indexes and of constraints.
local function check_shared(classes, found)
  local tables, indexes, constraints = {}, {}, {}
  local function note(map, name, class)
    map[name] = map[name] or {}
    table.insert(map[name], class._meta.label)
  end
  for _, class in ipairs(classes) do
    local meta = class._meta
    if not meta.proxy and meta.managed then
      note(tables, meta.db_table, class)
      for _, field in ipairs(meta.many_to_many) do
        if field.model_label == meta.label and field.relation_info.auto_created then
          note(tables, field.through_model._meta.db_table, class)
        end
      end
    end
    for _, index in ipairs(meta.indexes) do
      note(indexes, index.name or "", class)
    end
    for _, constraint in ipairs(meta.constraints) do
      note(constraints, constraint.name, class)
    end
  end
  local function report(map, text, id, one, id_of_one, level)
    local names = {}
    for name, users in pairs(map) do
      if #users > 1 and name ~= "" then
        names[#names + 1] = name
      end
    end
    table.sort(names)
    for _, name in ipairs(names) do
      local users = map[name]
      if one and users[1] == users[#users] then
        found[#found + 1] = checks.Error(one:format(name, users[1]), { id = id_of_one })
      else
        found[#found + 1] = checks[level or "Error"](text:format(name, table.concat(users, ", ")), { id = id, hint = level and "You have configured database_routers. Verify that the models are correctly routed to separate databases." })
      end
    end
  end
  if #settings.get("database_routers", {}) > 0 then -- they may be in two databases
    report(tables, "db_table '%s' is used by multiple models: %s.", "models.W035", nil, nil, "Warning")
  else
    report(tables, "db_table '%s' is used by multiple models: %s.", "models.E028")
  end
  report(indexes, "index name '%s' is not unique among models: %s.", "models.E030", "index name '%s' is not unique for model %s.", "models.E029")
  report(constraints, "constraint name '%s' is not unique among models: %s.", "models.E032", "constraint name '%s' is not unique for model %s.", "models.E031")
end

-- ---- fields ----

local function choice_problem(field)
  local ok, pairs_of = pcall(field.flat_choices, field)
  if not ok then
    return "fields.E005", "'choices' must be a mapping of actual values to human readable names or an iterable containing (actual value, human readable name) tuples."
  end
  local longest = 0
  for _, pair in ipairs(pairs_of) do
    if type(pair) ~= "table" or pair[1] == nil or pair[2] == nil then
      return "fields.E005", "'choices' must be a mapping of actual values to human readable names or an iterable containing (actual value, human readable name) tuples."
    end
    longest = math.max(longest, type(pair[1]) == "string" and utf8.len(pair[1]) or 0)
  end
  if type(field.max_length) == "number" and longest > field.max_length then
    return "fields.E009", ("'max_length' is too small to fit the longest value in 'choices' (%d characters)."):format(longest)
  end
  return nil
end

local MOMENTS = { DateField = true, DateTimeField = true, TimeField = true }

local function check_value_options(class, field, found)
  local kind = field:get_internal_type()
  local function add(level, text, id, hint)
    found[#found + 1] = checks[level](at(field, text), { obj = field_label(class, field), id = id, hint = hint })
  end
  if field.choices ~= nil then
    local id, text = choice_problem(field)
    if id then
      add("Error", text, id)
    end
  end
  for i, validator in ipairs(field.validators or {}) do
    local mt = getmetatable(validator)
    if type(validator) ~= "function" and not (type(mt) == "table" and mt.__call) then
      add("Error", ("All 'validators' must be callable; item %d is a %s."):format(i, type(validator)), "fields.E008")
    end
  end
  if field.max_length and kind:find("Integer", 1, true) then
    add("Warning", ("'max_length' is ignored when used with %s."):format(field.class_name), "fields.W122", "Remove 'max_length' from field")
  end
  if MOMENTS[kind] and field.default ~= nil and type(field.default) == "userdata" and getmetatable(field.default) ~= "perilune.models.Expression" then
    add("Warning", "Fixed default value provided.", "fields.W161", "It is computed once, when the model is loaded; give the function itself: default = time.now")
  end
end

local function check_relation(class, field, found)
  local target = field.target_field
  local function add(level, text, id, hint)
    found[#found + 1] = checks[level](at(field, text), { obj = field_label(class, field), id = id, hint = hint })
  end
  if field.remote_model._meta.swapped then
    add("Error", ("Field defines a relation with the model '%s', which has been swapped out."):format(field.remote_model._meta.label), "fields.E301", ("Update the relation to point at 'settings.%s'."):format(field.remote_model._meta.swappable))
  end
  if target and not target.unique and not target.primary_key then
    add("Error", ("'%s.%s' must be unique because it is referenced by a foreign key."):format(field.remote_model._meta.object_name, target.name), "fields.E311",
      "Add unique = true to this field, or a UniqueConstraint (without condition) in the model's Meta.constraints.")
  end
  if field.kind == "fk" and field.options_given.unique and not field.primary_key then
    add("Warning", "Setting unique = true on a ForeignKey has the same effect as using a OneToOneField.", "fields.W342", "ForeignKey(unique = true) is usually better served by a OneToOneField.")
  end
end

local function check_fields(class, found)
  for _, field in ipairs(class._meta.local_all_fields) do
    if not field.auto_created then
      check_value_options(class, field, found)
      if field.relation then
        check_relation(class, field, found)
      end
    end
  end
end

local each = { check_name, check_keys, check_columns, check_together, check_indexes, check_constraints, check_ordering, check_fields }

checks.register(function(options)
  local found = {}
  for _, class in ipairs(classes_of(options)) do
    for _, check in ipairs(each) do
      check(class, found)
    end
  end
  check_shared(classes_of(), found)
  return found
end, { tags = { "models" } })
