-- SPDX-License-Identifier: MIT
-- FilteredRelation("items", { condition = Q{…} }): a join with a condition of its own,
-- named by annotate().
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"

local M = {}

local mt = { __name = "perilune.models.FilteredRelation" }

function M.FilteredRelation(relation, options)
  options = check_options("FilteredRelation", options, { condition = true })
  if type(relation) ~= "string" or relation == "" then
    error(exceptions.ValueError "relation_name cannot be empty.", 2)
  elseif options.condition == nil then
    error(exceptions.ValueError "FilteredRelation needs { condition = Q{…} }", 2)
  end
  return setmetatable({ relation = relation, condition = options.condition }, mt)
end

function M.is(value)
  return getmetatable(value) == mt
end

function M.apply(queryset, alias, filtered)
  return queryset._chain(queryset, orm.filtered_relation(queryset._code, alias, filtered.relation, filtered.condition))
end

return M
