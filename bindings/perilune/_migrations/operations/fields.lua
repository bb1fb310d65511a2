-- SPDX-License-Identifier: MIT
-- Operations on fields.
local base = require "perilune._migrations.operations.base"
local renames = require "perilune._migrations.renames"
local define, model_of = base.define, base.model_of

local M = {}

local function field_of(model, name)
  return model._meta.local_by_name[name]
end

-- The field as the state keeps it: a default for the rows that are there is no part of it.
local function kept(self)
  local field = self.field
  if self.preserve_default == false then
    field = field:clone()
    field.default, field.options_given.default = nil, nil
  end
  if not field.name then
    field:set_name(self.name)
  end
  return field
end

-- A model of the state that is about to change, its field and where that is; an error when there
-- is none of the name.
local function existing(self, app_label, state, name)
  local model = state:change(app_label, self.model_name)
  local field, i = model:find(name)
  return model, field or model:get_field(name), i
end

-- Calls change(from_model, to_model) when migrations look after the table here. `all`: the
-- classes among all others of their states.
local function change(self, app_label, schema, from_state, to_state, all, fn)
  local to_model = model_of(to_state, app_label, self.model_name, all)
  if self.permits(schema, to_model) then
    fn(model_of(from_state, app_label, self.model_name, all), to_model)
  end
end

local function add_field(self, app_label, schema, from_state, to_state)
  change(self, app_label, schema, from_state, to_state, false, function(from_model, to_model)
    schema:add_field(from_model, to_model, field_of(to_model, self.name))
  end)
end

local function remove_field(self, app_label, schema, from_state, to_state)
  change(self, app_label, schema, from_state, to_state, false, function(from_model, to_model)
    schema:remove_field(from_model, to_model, field_of(from_model, self.name))
  end)
end

define(M, "AddField", { "model_name", "name", "field" }, { "preserve_default" }, {
  state_forwards = function(self, app_label, state)
    local model = state:change(app_label, self.model_name)
    model.fields[#model.fields + 1] = { self.name, kept(self) }
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
    return self.model_name:lower() .. "_" .. self.name:lower()
  end,
})

define(M, "RemoveField", { "model_name", "name" }, {}, {
  state_forwards = function(self, app_label, state)
    local model, _, i = existing(self, app_label, state, self.name)
    table.remove(model.fields, i)
  end,
  database_forwards = remove_field,
  database_backwards = add_field,
  describe = function(self)
    return ("Remove field %s from %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return ("remove_%s_%s"):format(self.model_name:lower(), self.name:lower())
  end,
})

local function alter_field(self, app_label, schema, from_state, to_state)
  change(self, app_label, schema, from_state, to_state, true, function(from_model, to_model)
    local new = field_of(to_model, self.name)
    local default = new.default
    if self.preserve_default == false then
      new.default = self.field.default
    end
    schema:alter_field(from_model, to_model, field_of(from_model, self.name), new)
    new.default = default
  end)
end

define(M, "AlterField", { "model_name", "name", "field" }, { "preserve_default" }, {
  state_forwards = function(self, app_label, state)
    local model, _, i = existing(self, app_label, state, self.name)
    model.fields[i] = { self.name, kept(self) }
  end,
  database_forwards = alter_field,
  database_backwards = alter_field,
  describe = function(self)
    return ("Alter field %s on %s"):format(self.name, self.model_name)
  end,
  migration_name_fragment = function(self)
    return ("alter_%s_%s"):format(self.model_name:lower(), self.name:lower())
  end,
})

local function rename_field(self, app_label, schema, from_state, to_state, old, new)
  change(self, app_label, schema, from_state, to_state, true, function(from_model, to_model)
    schema:alter_field(from_model, to_model, field_of(from_model, old), field_of(to_model, new))
  end)
end

define(M, "RenameField", { "model_name", "old_name", "new_name" }, {}, {
  state_forwards = function(self, app_label, state)
    local model, field, i = existing(self, app_label, state, self.old_name)
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
    return ("rename_%s_%s_%s"):format(self.old_name:lower(), self.model_name:lower(), self.new_name:lower())
  end,
})

return M
