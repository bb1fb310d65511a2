-- SPDX-License-Identifier: MIT
-- Fields that came, went, changed, or have another name.
local compare = require "perilune._migrations.autodetector.compare"
local dependencies = require "perilune._migrations.autodetector.dependencies"
local operations = require "perilune._migrations.operations"

local M = {}

-- Pairs of a state in the order of their names.
local function sorted(model)
  local list = { table.unpack(model.fields) }
  table.sort(list, function(a, b)
    return a[1] < b[1]
  end)
  return list
end

-- ---- renamed ----

-- The gone field that the new one is, by the author's word; and whether its column stays.
local function find_renamed(self, old_state, new_state, name, field)
  for _, pair in ipairs(sorted(old_state)) do
    local old_name, old_field = pair[1], pair[2]
    if not new_state:find(old_name) then
      local same = compare.same_field(old_field, field, new_state.app_label, new_state.name)
      local column_stays = not same and field.db_column == old_field.column
        and compare.same_field(old_field:clone_with { db_column = old_field.column }, field, new_state.app_label, new_state.name)
      if (same or column_stays) and self.questioner:rename_field(new_state, old_name, name, field) then
        return old_name, column_stays and old_field:clone_with { db_column = old_field.column }
      end
    end
  end
  return nil
end

--- Writes them down and changes the state that the others compare with.
function M.renamed(self, old_state, new_state)
  local app_label = new_state.app_label
  local function apply(operation)
    self:add(app_label, operation)
    operation:state_forwards(app_label, self.from)
  end
  for _, pair in ipairs(sorted(new_state)) do
    if not old_state:find(pair[1]) then
      local old_name, with_column = find_renamed(self, old_state, new_state, pair[1], pair[2])
      if with_column then -- the database must not see the rename
        apply(operations.AlterField { model_name = new_state.name_lower, name = old_name, field = with_column })
      end
      if old_name then
        apply(operations.RenameField { model_name = new_state.name_lower, old_name = old_name, new_name = pair[1] })
      end
    end
  end
end

-- ---- removed and added ----

-- A field stays until it is no part of the key any more.
local function remove(self, model, name)
  local waits = { { model.app_label, model.name_lower, name, "unset order" }, { model.app_label, model.name_lower, name, "together" } }
  if name ~= "pk" then
    waits[3], waits[4] = { model.app_label, model.name_lower, "pk", "alter" }, { model.app_label, model.name_lower, "pk", "remove" }
  end
  self:add(model.app_label, operations.RemoveField { model_name = model.name_lower, name = name }, waits)
end

-- Rows that are there get something without being asked for it.
local function needs_no_value(field)
  return field:has_default() or field.null or field.many or field.db_default ~= nil or field.generated or field.composite or field.auto
    or field.blank and field.empty_strings_allowed or field.auto_now or field.auto_now_add
end

local function add(self, model, name, field)
  local preserve
  if not needs_no_value(field) then
    field, preserve = field:clone_with { default = self.questioner:default_for_new(model, name, field) }, false
  end
  if field.unique and not field.many and (field:has_default() and preserve ~= false or type(field.default) == "function") then
    self.questioner:unique_default(model, name, field)
  end
  self:add(model.app_label, operations.AddField { model_name = model.name_lower, name = name, field = field, preserve_default = preserve }, dependencies.of_field(self.to, model, field))
end

function M.removed(self, old_state, new_state)
  for _, pair in ipairs(sorted(old_state)) do
    if not new_state:find(pair[1]) then
      remove(self, new_state, pair[1])
    end
  end
end

function M.added(self, old_state, new_state)
  for _, pair in ipairs(sorted(new_state)) do
    if not old_state:find(pair[1]) then
      add(self, new_state, pair[1], pair[2])
    end
  end
end

-- ---- altered ----

local function alter(self, model, name, old, field)
  if (old.many or false) ~= (field.many or false) then -- a column and a join table have nothing in common
    remove(self, model, name)
    add(self, model, name, field)
    return
  end
  local preserve
  if old.null and not field.null and not needs_no_value(field) then
    local value = self.questioner:default_for_not_null(model, name, field)
    if value ~= nil then
      field, preserve = field:clone_with { default = value }, false
    end
  end
  self:add(model.app_label, operations.AlterField { model_name = model.name_lower, name = name, field = field, preserve_default = preserve }, dependencies.of_field(self.to, model, field))
end

function M.altered(self, old_state, new_state)
  for _, pair in ipairs(sorted(new_state)) do
    local old = old_state:find(pair[1])
    if old and not compare.same_field(old, pair[2], new_state.app_label, new_state.name) then
      alter(self, new_state, pair[1], old, pair[2])
    end
  end
end

return M
