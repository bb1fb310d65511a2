-- SPDX-License-Identifier: MIT
-- Operations on whole models: their tables, and what Meta says of them.
local base = require "perilune._migrations.operations.base"
local states = require "perilune._migrations.state"
local define, model_of = base.define, base.model_of

local M = {}

define(M, "CreateModel", { "name", "fields" }, { "options", "bases", "managers" }, {
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
    state:add_model(states.model_state(app_label, self.name, fields, options, { table.unpack(self.bases or {}) }, self.managers))
  end,
  database_forwards = function(self, app_label, schema, _, to_state)
    local model = model_of(to_state, app_label, self.name)
    if self.permits(schema, model) then
      schema:create_model(model)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state)
    local model = model_of(from_state, app_label, self.name)
    if self.permits(schema, model) then
      schema:delete_model(model)
    end
  end,
  describe = function(self)
    return ("Create %smodel %s"):format(self.options and self.options.proxy and "proxy " or "", self.name)
  end,
  migration_name_fragment = function(self)
    return self.name:lower()
  end,
  references_model = true,
})

define(M, "DeleteModel", { "name" }, {}, {
  state_forwards = function(self, app_label, state)
    state:remove_model(app_label, self.name)
  end,
  database_forwards = function(self, app_label, schema, from_state)
    local model = model_of(from_state, app_label, self.name)
    if self.permits(schema, model) then
      schema:delete_model(model)
    end
  end,
  database_backwards = function(self, app_label, schema, _, to_state)
    local model = model_of(to_state, app_label, self.name)
    if self.permits(schema, model) then
      schema:create_model(model)
    end
  end,
  describe = function(self)
    return "Delete model " .. self.name
  end,
  migration_name_fragment = function(self)
    return "delete_" .. self.name:lower()
  end,
})

define(M, "RenameModel", { "old_name", "new_name" }, {}, {
  state_forwards = function(self, app_label, state)
    state:rename_model(app_label, self.old_name, self.new_name)
  end,
  database_forwards = function(self, app_label, schema, from_state, to_state)
    local old, new = model_of(from_state, app_label, self.old_name, true), model_of(to_state, app_label, self.new_name, true)
    if self.permits(schema, new) then
      schema:rename_model(old, new)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state, to_state)
    local old, new = model_of(from_state, app_label, self.new_name, true), model_of(to_state, app_label, self.old_name, true)
    if self.permits(schema, new) then
      schema:rename_model(old, new)
    end
  end,
  describe = function(self)
    return ("Rename model %s to %s"):format(self.old_name, self.new_name)
  end,
  migration_name_fragment = function(self)
    return ("rename_%s_%s"):format(self.old_name:lower(), self.new_name:lower())
  end,
})

-- Operations that set one option of Meta, and what the database makes of it.
local function option_operation(name, option, describe, fragment, database)
  local change = database or function() end
  define(M, name, { "name", option }, {}, {
    state_forwards = function(self, app_label, state)
      local value = self[option]
      state:change(app_label, self.name).options[option] = value ~= false and value or nil
    end,
    database_forwards = function(self, app_label, schema, from_state, to_state)
      local old, new = model_of(from_state, app_label, self.name), model_of(to_state, app_label, self.name)
      if self.permits(schema, new) then
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
  if self.permits(schema, new) then
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
  return "alter_" .. self.name:lower() .. "_table"
end

option_operation("AlterModelTableComment", "table_comment", function(self)
  return ("Alter %s table comment"):format(self.name)
end, function(self)
  return "alter_" .. self.name:lower() .. "_table_comment"
end)

M.AlterModelTableComment.class.state_forwards = function(self, app_label, state)
  state:change(app_label, self.name).options.db_table_comment = self.table_comment ~= "" and self.table_comment or nil
end

option_operation("AlterUniqueTogether", "unique_together", function(self)
  return ("Alter unique_together for %s"):format(self.name)
end, function(self)
  return "alter_" .. self.name:lower() .. "_unique_together"
end, function(schema, old, new)
  schema:alter_unique_together(old, new)
end)

option_operation("AlterOrderWithRespectTo", "order_with_respect_to", function(self)
  return ("Set order_with_respect_to on %s to %s"):format(self.name, tostring(self.order_with_respect_to))
end, function(self)
  return "alter_" .. self.name:lower() .. "_order_with_respect_to"
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

define(M, "AlterModelOptions", { "name", "options" }, {}, {
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
    return "alter_" .. self.name:lower() .. "_options"
  end,
})

define(M, "AlterModelManagers", { "name" }, { "managers" }, {
  reduces_to_sql = false,
  state_forwards = function(self, app_label, state)
    state:change(app_label, self.name).managers = self.managers or {}
  end,
  database_forwards = function() end,
  database_backwards = function() end,
  describe = function(self)
    return "Change managers on " .. self.name
  end,
  migration_name_fragment = function(self)
    return "alter_" .. self.name:lower() .. "_managers"
  end,
})

return M
