-- SPDX-License-Identifier: MIT
-- The operations of migrations: each changes the state (forwards), and the database between
-- the state before and the one after. A table of Lua in a migration file is an operation:
--
--     migrations.AddField{ model_name = "product", name = "sku", field = models.CharField{ … } }
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local renames = require "perilune._migrations.renames"
local states = require "perilune._migrations.state"

local M = {}

-- ---- classes ----

local Operation = { reversible = true, reduces_to_sql = true, elidable = false, atomic = nil }
Operation.__index = Operation
M.Operation = Operation

-- An operation class: names of its options, those that it cannot do without, methods.
local function define(name, required, optional, methods)
  local class = setmetatable(methods, { __index = Operation })
  class.__index, class.class_name = class, name
  class.option_names, class.required = {}, {}
  for _, option in ipairs(required) do
    class.required[option] = true
  end
  local known = {}
  for _, list in ipairs { required, optional } do
    for _, option in ipairs(list) do
      known[option] = true
      class.option_names[#class.option_names + 1] = option
    end
  end
  M[name] = setmetatable({ class = class }, {
    __call = function(_, options)
      options = check_options(name, options, known)
      for _, option in ipairs(required) do
        if options[option] == nil then
          error(exceptions.TypeError(("migrations.%s{…} needs '%s'"):format(name, option)), 2)
        end
      end
      local self = setmetatable({}, class)
      for k, v in pairs(options) do
        self[k] = v
      end
      if self.init then
        self:init()
      end
      return self
    end,
  })
  return class
end

--- Whether a database may have the model's tables: routers' allow_migrate.
function Operation.allowed(schema, app_label, model_name)
  local router = require("perilune.db").router
  if router and router.allow_migrate then
    return router.allow_migrate(schema.alias or "default", app_label, { model_name = model_name }) ~= false
  end
  return true
end

function Operation:describe()
  return self.class_name
end

function Operation:migration_name_fragment()
  return nil
end

local function lower(name)
  return name:lower()
end

local function model_of(state, app_label, name)
  return state:apps():get_model(app_label, name)
end

local function managed(model)
  return model._meta.managed ~= false and not model._meta.proxy
end

-- ---- models ----

define("CreateModel", { "name", "fields" }, { "options", "bases", "managers" }, {
  state_forwards = function(self, app_label, state)
    local fields = {}
    for i, pair in ipairs(self.fields) do
      fields[i] = { pair[1], pair[2] }
      if not pair[2].name then
        pair[2]:set_name(pair[1])
      end
    end
    local options = {}
    for k, v in pairs(self.options or {}) do
      options[k] = v
    end
    options.indexes = { table.unpack(options.indexes or {}) }
    options.constraints = { table.unpack(options.constraints or {}) }
    state:add_model(states.model_state(app_label, self.name, fields, options, { table.unpack(self.bases or {}) }))
  end,
  database_forwards = function(self, app_label, schema, _, to_state)
    local model = model_of(to_state, app_label, self.name)
    if managed(model) and self.allowed(schema, app_label, lower(self.name)) then
      schema:create_model(model)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state)
    local model = model_of(from_state, app_label, self.name)
    if managed(model) and self.allowed(schema, app_label, lower(self.name)) then
      schema:delete_model(model)
    end
  end,
  describe = function(self)
    return ("Create %smodel %s"):format(self.options and self.options.proxy and "proxy " or "", self.name)
  end,
  migration_name_fragment = function(self)
    return lower(self.name)
  end,
  references_model = true,
})

define("DeleteModel", { "name" }, {}, {
  state_forwards = function(self, app_label, state)
    state:remove_model(app_label, self.name)
  end,
  database_forwards = function(self, app_label, schema, from_state)
    local model = model_of(from_state, app_label, self.name)
    if managed(model) and self.allowed(schema, app_label, lower(self.name)) then
      schema:delete_model(model)
    end
  end,
  database_backwards = function(self, app_label, schema, _, to_state)
    local model = model_of(to_state, app_label, self.name)
    if managed(model) and self.allowed(schema, app_label, lower(self.name)) then
      schema:create_model(model)
    end
  end,
  describe = function(self)
    return "Delete model " .. self.name
  end,
  migration_name_fragment = function(self)
    return "delete_" .. lower(self.name)
  end,
})

define("RenameModel", { "old_name", "new_name" }, {}, {
  state_forwards = function(self, app_label, state)
    state:rename_model(app_label, self.old_name, self.new_name)
  end,
  database_forwards = function(self, app_label, schema, from_state, to_state)
    local old, new = model_of(from_state, app_label, self.old_name), model_of(to_state, app_label, self.new_name)
    if managed(new) and self.allowed(schema, app_label, lower(self.new_name)) then
      schema:rename_model(old, new)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state, to_state)
    local old, new = model_of(from_state, app_label, self.new_name), model_of(to_state, app_label, self.old_name)
    if managed(new) and self.allowed(schema, app_label, lower(self.old_name)) then
      schema:rename_model(old, new)
    end
  end,
  describe = function(self)
    return ("Rename model %s to %s"):format(self.old_name, self.new_name)
  end,
  migration_name_fragment = function(self)
    return ("rename_%s_%s"):format(lower(self.old_name), lower(self.new_name))
  end,
})

-- Operations that set one option of Meta, and what the database makes of it.
local function option_operation(name, option, describe, fragment, database)
  local change = database or function() end
  define(name, { "name", option }, {}, {
    state_forwards = function(self, app_label, state)
      local value = self[option]
      state:change(app_label, self.name).options[option] = value ~= false and value or nil
    end,
    database_forwards = function(self, app_label, schema, from_state, to_state)
      local old, new = model_of(from_state, app_label, self.name), model_of(to_state, app_label, self.name)
      if managed(new) and self.allowed(schema, app_label, lower(self.name)) then
        change(schema, old, new)
      end
    end,
    database_backwards = function(self, app_label, schema, from_state, to_state)
      return self:database_forwards(app_label, schema, from_state, to_state)
    end,
    describe = describe,
    migration_name_fragment = fragment,
  })
end

option_operation("AlterModelTable", "table", nil, nil)
M.AlterModelTable.class.state_forwards = function(self, app_label, state)
  state:change(app_label, self.name).options.db_table = self.table ~= "" and self.table or nil
end
M.AlterModelTable.class.database_forwards = function(self, app_label, schema, from_state, to_state)
  local old, new = model_of(from_state, app_label, self.name), model_of(to_state, app_label, self.name)
  if managed(new) and self.allowed(schema, app_label, lower(self.name)) then
    schema:rename_table(old, new)
    for _, field in ipairs(new._meta.many_to_many) do
      local before = old._meta.local_by_name[field.name]
      if before and field.relation_info.auto_created then
        schema:rename_table(before.through_model, field.through_model)
      end
    end
  end
end
M.AlterModelTable.class.describe = function(self)
  return ("Rename table for %s to %s"):format(self.name, self.table ~= "" and self.table or "(default)")
end
M.AlterModelTable.class.migration_name_fragment = function(self)
  return "alter_" .. lower(self.name) .. "_table"
end

option_operation("AlterModelTableComment", "table_comment", function(self)
  return ("Alter %s table comment"):format(self.name)
end, function(self)
  return "alter_" .. lower(self.name) .. "_table_comment"
end)

M.AlterModelTableComment.class.state_forwards = function(self, app_label, state)
  state:change(app_label, self.name).options.db_table_comment = self.table_comment ~= "" and self.table_comment or nil
end

option_operation("AlterUniqueTogether", "unique_together", function(self)
  return ("Alter unique_together for %s"):format(self.name)
end, function(self)
  return "alter_" .. lower(self.name) .. "_unique_together"
end, function(schema, old, new)
  schema:alter_unique_together(old, new)
end)

option_operation("AlterOrderWithRespectTo", "order_with_respect_to", function(self)
  return ("Set order_with_respect_to on %s to %s"):format(self.name, tostring(self.order_with_respect_to))
end, function(self)
  return "alter_" .. lower(self.name) .. "_order_with_respect_to"
end, function(schema, old, new)
  local before, after = old._meta.local_by_name._order, new._meta.local_by_name._order
  if after and not before then
    after.default = 0 -- for the rows that are there
    schema:add_field(old, new, after)
    after.default = nil
  elseif before and not after then
    schema:remove_field(old, new, before)
  end
end)

-- Options that no database knows.
local state_only = {
  "base_manager_name", "default_manager_name", "default_related_name", "get_latest_by", "managed", "ordering", "permissions",
  "default_permissions", "select_on_save", "verbose_name", "verbose_name_plural",
}
M.state_only_options = state_only

define("AlterModelOptions", { "name", "options" }, {}, {
  reduces_to_sql = false,
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.name)
    for _, option in ipairs(state_only) do
      model.options[option] = self.options[option]
    end
  end,
  database_forwards = function() end,
  database_backwards = function() end,
  describe = function(self)
    return "Change Meta options on " .. self.name
  end,
  migration_name_fragment = function(self)
    return "alter_" .. lower(self.name) .. "_options"
  end,
})

define("AlterModelManagers", { "name" }, { "managers" }, {
  state_forwards = function() end,
  database_forwards = function() end,
  database_backwards = function() end,
  describe = function(self)
    return "Change managers on " .. self.name
  end,
  migration_name_fragment = function(self)
    return "alter_" .. lower(self.name) .. "_managers"
  end,
})

-- ---- fields ----

local function field_of(model, name)
  return model._meta.local_by_name[name]
end

local function add_field(self, app_label, schema, from_state, to_state)
  local to_model = model_of(to_state, app_label, self.model_name)
  if managed(to_model) and self.allowed(schema, app_label, lower(self.model_name)) then
    local from_model = model_of(from_state, app_label, self.model_name)
    schema:add_field(from_model, to_model, field_of(to_model, self.name))
  end
end

local function remove_field(self, app_label, schema, from_state, to_state)
  local from_model = model_of(from_state, app_label, self.model_name)
  if managed(from_model) and self.allowed(schema, app_label, lower(self.model_name)) then
    schema:remove_field(from_model, model_of(to_state, app_label, self.model_name), field_of(from_model, self.name))
  end
end

define("AddField", { "model_name", "name", "field" }, { "preserve_default" }, {
  state_forwards = function(self, app_label, state)
    local field = self.field
    if self.preserve_default == false then
      field = field:clone()
      field.default, field.options_given.default = nil, nil
    end
    if not field.name then
      field:set_name(self.name)
    end
    local model = state:change(app_label, self.model_name)
    model.fields[#model.fields + 1] = { self.name, field }
  end,
  database_forwards = function(self, app_label, schema, from_state, to_state)
    local to_model = model_of(to_state, app_label, self.model_name)
    local field = field_of(to_model, self.name)
    if self.preserve_default == false then
      field.default = self.field.default -- for the rows that are there
    end
    add_field(self, app_label, schema, from_state, to_state)
    if self.preserve_default == false then
      field.default = nil
    end
  end,
  database_backwards = remove_field,
  describe = function(self)
    return ("Add field %s to %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return lower(self.model_name) .. "_" .. lower(self.name)
  end,
})

define("RemoveField", { "model_name", "name" }, {}, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    local field, i = model:find(self.name)
    if not field then
      model:get_field(self.name)
    end
    table.remove(model.fields, i)
  end,
  database_forwards = remove_field,
  database_backwards = add_field,
  describe = function(self)
    return ("Remove field %s from %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return ("remove_%s_%s"):format(lower(self.model_name), lower(self.name))
  end,
})

local function alter_field(self, app_label, schema, from_state, to_state)
  local to_model = model_of(to_state, app_label, self.model_name)
  if managed(to_model) and self.allowed(schema, app_label, lower(self.model_name)) then
    local from_model = model_of(from_state, app_label, self.model_name)
    local new = field_of(to_model, self.name)
    local default = new.default
    if self.preserve_default == false then
      new.default = self.field.default
    end
    schema:alter_field(from_model, to_model, field_of(from_model, self.name), new)
    new.default = default
  end
end

define("AlterField", { "model_name", "name", "field" }, { "preserve_default" }, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    local _, i = model:find(self.name)
    if not i then
      model:get_field(self.name)
    end
    local field = self.field
    if self.preserve_default == false then
      field = field:clone()
      field.default, field.options_given.default = nil, nil
    end
    if not field.name then
      field:set_name(self.name)
    end
    model.fields[i] = { self.name, field }
  end,
  database_forwards = alter_field,
  database_backwards = alter_field,
  describe = function(self)
    return ("Alter field %s on %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return ("alter_%s_%s"):format(lower(self.model_name), lower(self.name))
  end,
})

local function rename_field(self, app_label, schema, from_state, to_state, old, new)
  local to_model = model_of(to_state, app_label, self.model_name)
  if managed(to_model) and self.allowed(schema, app_label, lower(self.model_name)) then
    local from_model = model_of(from_state, app_label, self.model_name)
    schema:alter_field(from_model, to_model, field_of(from_model, old), field_of(to_model, new))
  end
end

define("RenameField", { "model_name", "old_name", "new_name" }, {}, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    local field, i = model:find(self.old_name)
    if not field then
      model:get_field(self.old_name)
    end
    local copy = field:clone()
    copy:set_name(self.new_name)
    model.fields[i] = { self.new_name, copy }
    renames.field(state, model, self.old_name, self.new_name)
  end,
  database_forwards = function(self, app_label, schema, from_state, to_state)
    rename_field(self, app_label, schema, from_state, to_state, self.old_name, self.new_name)
  end,
  database_backwards = function(self, app_label, schema, from_state, to_state)
    rename_field(self, app_label, schema, from_state, to_state, self.new_name, self.old_name)
  end,
  describe = function(self)
    return ("Rename field %s on %s to %s"):format(self.old_name, self.model_name, self.new_name)
  end,
  migration_name_fragment = function(self)
    return ("rename_%s_%s_%s"):format(lower(self.old_name), lower(self.model_name), lower(self.new_name))
  end,
})

-- ---- indexes and constraints ----

local function remove_named(list, name, what, model)
  for i, item in ipairs(list) do
    if item.name == name then
      return table.remove(list, i), i
    end
  end
  error(exceptions.ValueError(("No %s named %s on model %s"):format(what, name, model)), 0)
end

local function find_named(list, name)
  for _, item in ipairs(list) do
    if item.name == name then
      return item
    end
  end
  return nil
end

-- Pairs of operations that add and remove a named thing of Meta.
local function named_operations(kind, key, add, remove)
  local function forwards(self, app_label, schema, from_state, to_state, doing, item)
    local to_model = model_of(to_state, app_label, self.model_name)
    if managed(to_model) and self.allowed(schema, app_label, lower(self.model_name)) then
      doing(schema, model_of(from_state, app_label, self.model_name), to_model, item)
    end
  end
  define("Add" .. kind, { "model_name", kind:lower() }, {}, {
    init = function(self)
      if not self[kind:lower()].name then
        error(exceptions.ValueError(("Indexes and constraints passed to Add%s operations require a name argument."):format(kind)), 3)
      end
    end,
    state_forwards = function(self, app_label, state)
      local model = state:change(app_label, self.model_name)
      model.options[key] = { table.unpack(model.options[key]) }
      table.insert(model.options[key], self[kind:lower()])
    end,
    database_forwards = function(self, app_label, schema, from_state, to_state)
      forwards(self, app_label, schema, from_state, to_state, add, self[kind:lower()])
    end,
    database_backwards = function(self, app_label, schema, from_state, to_state)
      forwards(self, app_label, schema, from_state, to_state, remove, self[kind:lower()])
    end,
    describe = function(self)
      return ("Create %s %s on model %s"):format(kind:lower(), self[kind:lower()].name, self.model_name)
    end,
    migration_name_fragment = function(self)
      return lower(self.model_name) .. "_" .. lower(self[kind:lower()].name)
    end,
  })
  define("Remove" .. kind, { "model_name", "name" }, {}, {
    state_forwards = function(self, app_label, state)
      local model = state:change(app_label, self.model_name)
      model.options[key] = { table.unpack(model.options[key]) }
      remove_named(model.options[key], self.name, kind:lower(), self.model_name)
    end,
    database_forwards = function(self, app_label, schema, from_state, to_state)
      local item = find_named(from_state:get(app_label, self.model_name).options[key], self.name)
      forwards(self, app_label, schema, from_state, to_state, remove, item)
    end,
    database_backwards = function(self, app_label, schema, from_state, to_state)
      local item = find_named(to_state:get(app_label, self.model_name).options[key], self.name)
      forwards(self, app_label, schema, from_state, to_state, add, item)
    end,
    describe = function(self)
      return ("Remove %s %s from %s"):format(kind:lower(), self.name, self.model_name)
    end,
    migration_name_fragment = function(self)
      return ("remove_%s_%s"):format(lower(self.model_name), lower(self.name))
    end,
  })
end

named_operations("Index", "indexes", function(schema, _, to_model, index)
  schema:add_index(to_model, index)
end, function(schema, from_model, _, index)
  schema:remove_index(from_model, index)
end)
named_operations("Constraint", "constraints", function(schema, from_model, to_model, constraint)
  schema:add_constraint(from_model, to_model, constraint)
end, function(schema, from_model, to_model, constraint)
  schema:remove_constraint(from_model, to_model, constraint)
end)

define("RenameIndex", { "model_name", "new_name" }, { "old_name", "old_fields" }, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    model.options.indexes = { table.unpack(model.options.indexes) }
    if self.old_fields then
      local models = require "perilune.models"
      table.insert(model.options.indexes, models.Index { fields = self.old_fields, name = self.new_name })
      return
    end
    local index, i = remove_named(model.options.indexes, self.old_name, "index", self.model_name)
    local copy = setmetatable({}, getmetatable(index))
    for k, v in pairs(index) do
      copy[k] = v
    end
    copy.name = self.new_name
    table.insert(model.options.indexes, i, copy)
  end,
  database_forwards = function(self, app_label, schema, from_state, to_state)
    local old = self.old_name and find_named(from_state:get(app_label, self.model_name).options.indexes, self.old_name)
    local new = find_named(to_state:get(app_label, self.model_name).options.indexes, self.new_name)
    local model = model_of(to_state, app_label, self.model_name)
    if managed(model) and self.allowed(schema, app_label, lower(self.model_name)) then
      if old then
        schema:remove_index(model, old)
      end
      schema:add_index(model, new)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state, to_state)
    local old = self.old_name and find_named(to_state:get(app_label, self.model_name).options.indexes, self.old_name)
    local new = find_named(from_state:get(app_label, self.model_name).options.indexes, self.new_name)
    local model = model_of(from_state, app_label, self.model_name)
    if managed(model) and self.allowed(schema, app_label, lower(self.model_name)) then
      schema:remove_index(model, new)
      if old then
        schema:add_index(model, old)
      end
    end
  end,
  describe = function(self)
    return ("Rename index %s on %s to %s"):format(self.old_name or "of " .. table.concat(self.old_fields, ", "), self.model_name, self.new_name)
  end,
  migration_name_fragment = function(self)
    return ("rename_%s_%s"):format(lower(self.old_name or table.concat(self.old_fields, "_")), lower(self.new_name))
  end,
})

define("AlterConstraint", { "model_name", "name", "constraint" }, {}, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    model.options.constraints = { table.unpack(model.options.constraints) }
    local _, i = remove_named(model.options.constraints, self.name, "constraint", self.model_name)
    table.insert(model.options.constraints, i, self.constraint)
  end,
  database_forwards = function() end,
  database_backwards = function() end,
  describe = function(self)
    return ("Alter constraint %s on %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return ("alter_%s_%s"):format(lower(self.model_name), lower(self.constraint.name))
  end,
})

-- ---- special ----

local function irreversible(self)
  return exceptions.IrreversibleError(("operation %s is not reversible: give it something to do backwards"):format(self:describe()))
end

local function run_sql(schema, statements)
  if type(statements) == "string" then
    if statements ~= "" then
      schema:script(statements)
    end
    return
  end
  for _, item in ipairs(statements) do
    if type(item) == "table" then
      schema:execute_with(item[1], item[2])
    else
      schema:script(item)
    end
  end
end

define("RunSQL", { "sql" }, { "reverse_sql", "state_operations", "hints", "elidable" }, {
  init = function(self)
    self.reversible = self.reverse_sql ~= nil
  end,
  state_forwards = function(self, app_label, state)
    for _, operation in ipairs(self.state_operations or {}) do
      operation:state_forwards(app_label, state)
    end
  end,
  database_forwards = function(self, app_label, schema)
    if self.allowed(schema, app_label) then
      run_sql(schema, self.sql)
    end
  end,
  database_backwards = function(self, app_label, schema)
    if self.reverse_sql == nil then
      error(irreversible(self), 0)
    elseif self.allowed(schema, app_label) then
      run_sql(schema, self.reverse_sql)
    end
  end,
  describe = function()
    return "Raw SQL operation"
  end,
})


define("RunLua", { "code" }, { "reverse_code", "atomic", "hints", "elidable" }, {
  reduces_to_sql = false,
  init = function(self)
    self.reversible = self.reverse_code ~= nil
  end,
  state_forwards = function() end,
  database_forwards = function(self, app_label, schema, from_state)
    if self.allowed(schema, app_label) then
      self.code(from_state:apps(), schema)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state)
    if self.reverse_code == nil then
      error(irreversible(self), 0)
    elseif self.allowed(schema, app_label) then
      self.reverse_code(from_state:apps(), schema)
    end
  end,
  describe = function()
    return "Raw Lua operation"
  end,
})


--- RunSQL(sql, reverse, { state_operations = … }), RunLua(forward, backward, { elidable = … })
local function positional(class_name, first, second)
  local make = M[class_name]
  local class = make.class
  M[class_name] = setmetatable({ class = class, noop = class_name == "RunLua" and function() end or "" }, {
    __call = function(_, forward, backward, options)
      local all = {}
      if type(forward) == "table" and getmetatable(forward) == nil and forward[first] ~= nil then
        all = forward
      else
        for k, v in pairs(options or {}) do
          all[k] = v
        end
        all[first], all[second] = forward, backward
      end
      return make(all)
    end,
  })
end
positional("RunSQL", "sql", "reverse_sql")
positional("RunLua", "code", "reverse_code")

define("SeparateDatabaseAndState", {}, { "database_operations", "state_operations" }, {
  state_forwards = function(self, app_label, state)
    for _, operation in ipairs(self.state_operations or {}) do
      operation:state_forwards(app_label, state)
    end
  end,
  database_forwards = function(self, app_label, schema, from_state)
    for _, operation in ipairs(self.database_operations or {}) do
      local to_state = from_state:clone()
      operation:state_forwards(app_label, to_state)
      operation:database_forwards(app_label, schema, from_state, to_state)
      from_state = to_state
    end
  end,
  database_backwards = function(self, app_label, schema, _, to_state)
    local before = { to_state }
    local operations = self.database_operations or {}
    for i, operation in ipairs(operations) do
      before[i + 1] = before[i]:clone()
      operation:state_forwards(app_label, before[i + 1])
    end
    for i = #operations, 1, -1 do
      operations[i]:database_backwards(app_label, schema, before[i + 1], before[i])
    end
  end,
  describe = function()
    return "Custom state/database change combination"
  end,
})

return M
