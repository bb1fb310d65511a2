-- SPDX-License-Identifier: MIT
-- What Meta says: indexes, constraints, unique_together, tables, and what only the state knows.
local compare = require "perilune._migrations.autodetector.compare"
local operations = require "perilune._migrations.operations"

local M = {}

-- ---- options and managers ----

function M.options(self, old_state, new_state)
  local changed, options = false, {}
  for _, option in ipairs(operations.state_only_options) do
    options[option] = new_state.options[option]
    changed = changed or not compare.same(old_state.options[option], new_state.options[option])
  end
  if changed then
    self:add(new_state.app_label, operations.AlterModelOptions { name = new_state.name_lower, options = options })
  end
end

function M.managers(self, old_state, new_state)
  if not compare.same(old_state.managers, new_state.managers) then
    self:add(new_state.app_label, operations.AlterModelManagers { name = new_state.name_lower, managers = new_state.managers })
  end
end

-- ---- indexes and constraints ----

local function by_name(list)
  local map = {}
  for _, item in ipairs(list) do
    map[item.name] = item
  end
  return map
end

-- What of a constraint no table shows.
local function only_state_differs(old, new)
  if getmetatable(old) ~= getmetatable(new) or old.class_name == "Index" then
    return false
  end
  local copy = compare.renamed(old, new.name)
  copy.violation_error_code, copy.violation_error_message = new.violation_error_code, new.violation_error_message
  return compare.same(copy, new)
end

-- The index that the new one was under another name.
local function find_old_name(old_list, gone, item)
  for _, candidate in ipairs(old_list) do
    if gone[candidate.name] and compare.same(compare.renamed(candidate, item.name), item) then
      return candidate.name
    end
  end
  return nil
end

--- { removed, added, altered, renamed } of indexes or constraints.
function M.named(old_state, new_state, key)
  local old_list, new_list = old_state.options[key] or {}, new_state.options[key] or {}
  local old, new_ones = by_name(old_list), by_name(new_list)
  local found = { removed = {}, added = {}, altered = {}, renamed = {} }
  local gone = {}
  for _, item in ipairs(old_list) do
    gone[item.name] = not new_ones[item.name] or nil
  end
  for _, item in ipairs(new_list) do
    local before = old[item.name]
    local old_name = not before and key == "indexes" and find_old_name(old_list, gone, item)
    if old_name then
      gone[old_name] = nil
      found.renamed[#found.renamed + 1] = { old_name, item.name }
    elseif not before then
      found.added[#found.added + 1] = item
    elseif not compare.same(before, item) then
      if only_state_differs(before, item) then
        found.altered[#found.altered + 1] = item
      else
        gone[item.name] = true
        found.added[#found.added + 1] = item
      end
    end
  end
  for _, item in ipairs(old_list) do
    found.removed[#found.removed + 1] = gone[item.name] and item.name or nil
  end
  return found
end

function M.remove_named(self, model, kind, found)
  for _, name in ipairs(found.removed) do
    self:add(model.app_label, operations["Remove" .. kind] { model_name = model.name_lower, name = name })
  end
end

function M.rename_indexes(self, model, found)
  for _, pair in ipairs(found.renamed) do
    self:add(model.app_label, operations.RenameIndex { model_name = model.name_lower, old_name = pair[1], new_name = pair[2] })
  end
end

function M.add_named(self, model, kind, found)
  for _, item in ipairs(found.added) do
    self:add(model.app_label, operations["Add" .. kind] { model_name = model.name_lower, [kind:lower()] = item })
  end
  for _, item in ipairs(found.altered) do
    self:add(model.app_label, operations.AlterConstraint { model_name = model.name_lower, name = item.name, constraint = item })
  end
end

-- ---- unique_together ----

local function joined(set)
  return table.concat(set, "\0")
end

-- Sets that are there before and after: fields of the others may go in between.
local function kept_sets(old, new)
  local wanted, list = {}, {}
  for _, set in ipairs(new) do
    wanted[joined(set)] = true
  end
  for _, set in ipairs(old) do
    list[#list + 1] = wanted[joined(set)] and set or nil
  end
  return list
end

function M.remove_together(self, old_state, new_state)
  local old, new = old_state.options.unique_together or {}, new_state.options.unique_together or {}
  if #old > 0 and not compare.same(old, new) then
    self:add(new_state.app_label, operations.AlterUniqueTogether { name = new_state.name_lower, unique_together = kept_sets(old, new) })
  end
end

function M.add_together(self, old_state, new_state)
  local old, new = old_state.options.unique_together or {}, new_state.options.unique_together or {}
  if not compare.same(old, new) and not compare.same(kept_sets(old, new), new) then
    self:add(new_state.app_label, operations.AlterUniqueTogether { name = new_state.name_lower, unique_together = new })
  end
end

-- ---- order, table ----

function M.order(self, old_state, new_state)
  local old, new = old_state.options.order_with_respect_to, new_state.options.order_with_respect_to
  if old ~= new then
    local app_label, name = new_state.app_label, new_state.name_lower
    self:add(app_label, operations.AlterOrderWithRespectTo { name = name, order_with_respect_to = new or false }, new and { { app_label, name, new, "create" } })
  end
end

function M.table(self, old_state, new_state)
  local old, new = old_state.options, new_state.options
  local app_label, name = new_state.app_label, new_state.name_lower
  if (old.db_table or "") ~= (new.db_table or "") then
    self:add(app_label, operations.AlterModelTable { name = name, table = new.db_table or "" })
  end
  if (old.db_table_comment or "") ~= (new.db_table_comment or "") then
    self:add(app_label, operations.AlterModelTableComment { name = name, table_comment = new.db_table_comment or "" })
  end
end

return M
