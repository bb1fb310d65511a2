-- SPDX-License-Identifier: MIT
-- Operations on indexes and constraints: what Meta holds under names.
local base = require "perilune._migrations.operations.base"
local exceptions = require "perilune.exceptions"
local define, model_of = base.define, base.model_of

local M = {}

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
    if self.permits(schema, to_model) then
      doing(schema, model_of(from_state, app_label, self.model_name), to_model, item)
    end
  end
  define(M, "Add" .. kind, { "model_name", kind:lower() }, {}, {
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
      return self.model_name:lower() .. "_" .. self[kind:lower()].name:lower()
    end,
  })
  define(M, "Remove" .. kind, { "model_name", "name" }, {}, {
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
      return ("remove_%s_%s"):format(self.model_name:lower(), self.name:lower())
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

define(M, "RenameIndex", { "model_name", "new_name" }, { "old_name", "old_fields" }, {
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
    if self.permits(schema, model) then
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
    if self.permits(schema, model) then
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
    return ("rename_%s_%s"):format((self.old_name or table.concat(self.old_fields, "_")):lower(), self.new_name:lower())
  end,
})

define(M, "AlterConstraint", { "model_name", "name", "constraint" }, {}, {
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
    return ("alter_%s_%s"):format(self.model_name:lower(), self.constraint.name:lower())
  end,
})

return M
