-- SPDX-License-Identifier: MIT
-- A field of a model's state has a new name: every place that names it, in Meta, in
-- conditions and expressions, in relations of other models.
local M = {}

local function word(name, old, new)
  if name == old then
    return new
  elseif name == "-" .. old then
    return "-" .. new
  end
  return name
end

local function words(list, old, new)
  local out = {}
  for i, name in ipairs(list) do
    out[i] = type(name) == "string" and word(name, old, new) or name
  end
  return out
end

local function expression(code, old, new)
  return require("perilune._models.source").renamed(code, old, new)
end

-- A copy of an index or constraint.
local function named(item, old, new)
  local copy = setmetatable({}, getmetatable(item))
  for k, v in pairs(item) do
    copy[k] = v
  end
  copy.fields = item.fields and words(item.fields, old, new)
  copy.include = item.include and words(item.include, old, new)
  copy.condition = item.condition and expression(item.condition, old, new)
  if item.expressions then
    copy.expressions = {}
    for i, e in ipairs(item.expressions) do
      copy.expressions[i] = expression(e, old, new)
    end
  end
  return copy
end

local function in_options(options, old, new)
  if type(options.ordering) == "table" then
    options.ordering = words(options.ordering, old, new)
  end
  if options.unique_together then
    local sets = {}
    for i, set in ipairs(type(options.unique_together[1]) == "string" and { options.unique_together } or options.unique_together) do
      sets[i] = words(set, old, new)
    end
    options.unique_together = sets
  end
  for _, key in ipairs { "indexes", "constraints" } do
    local list = {}
    for i, item in ipairs(options[key] or {}) do
      list[i] = named(item, old, new)
    end
    options[key] = list
  end
  options.order_with_respect_to = word(options.order_with_respect_to, old, new)
  if type(options.get_latest_by) == "string" then
    options.get_latest_by = word(options.get_latest_by, old, new)
  elseif options.get_latest_by then
    options.get_latest_by = words(options.get_latest_by, old, new)
  end
end

-- Fields of the same model that name another: generated ones, keys of several columns.
local function in_fields(model, old, new)
  for _, pair in ipairs(model.fields) do
    local field = pair[2]
    if field.generated then
      pair[2] = field:clone_with { expression = expression(field.options_given.expression, old, new) }
    elseif field.composite then
      local copy = field:clone()
      copy.parts = words(field.parts, old, new)
      pair[2] = copy
    end
  end
end

-- Relations that name a field of the model they point at or go through.
local function in_relations(state, model, old, new)
  local states = require "perilune._migrations.state"
  for _, key in ipairs(state.order) do
    local other = state.models[key]
    for _, pair in ipairs(other.fields) do
      local given = pair[2].relation and pair[2].options_given
      local changes = {}
      if given and given.to_field == old and states.target_key(given.to, other.app_label, other.name) == model:key() then
        changes.to_field = new
      end
      if given and type(given.through) == "string" and given.through_fields and states.target_key(given.through, other.app_label, other.name) == model:key() then
        changes.through_fields = words(given.through_fields, old, new)
      end
      if next(changes) then
        pair[2] = pair[2]:clone_with(changes)
      end
    end
  end
end

--- Of a model's state, after the field itself has its new name.
function M.field(state, model, old, new)
  in_options(model.options, old, new)
  in_fields(model, old, new)
  in_relations(state, model, old, new)
end

return M
