-- SPDX-License-Identifier: MIT
-- perilune.models: what authors write models and queries with. The parts are in _models/.
local core = require "perilune._core"
local choices = require "perilune._models.choices"
local constraints = require "perilune._models.constraints"
local exceptions = require "perilune.exceptions"
local expressions = require "perilune._models.expressions"
local fields = require "perilune._models.fields"
local filtered = require "perilune._models.filtered"
local manager = require "perilune._models.manager"
local model = require "perilune._models.model"
local prefetch = require "perilune._models.prefetch"
local relations = require "perilune._models.relations"
local QuerySet = require "perilune._models.queryset"
require "perilune._models.queryset_shape"
require "perilune._models.queryset_parts"
require "perilune._models.queryset_read"
require "perilune._models.queryset_text"
require "perilune._models.writing"
require "perilune._models.instance"
require "perilune._models.nulls"
require "perilune._models.packing"
require "perilune._models.validation"

local M = {}

for _, part in ipairs { fields, relations, choices, expressions } do
  for name, value in pairs(part) do
    if name:sub(1, 1) ~= "_" then
      M[name] = value
    end
  end
end

fields.Field.sealed = true -- classes made from now on are authors'

M.Index, M.CheckConstraint, M.UniqueConstraint = constraints.Index, constraints.CheckConstraint, constraints.UniqueConstraint
M.QuerySet, M.Manager = QuerySet, manager.Manager
M.Prefetch, M.prefetch_related_objects = prefetch.Prefetch, prefetch.prefetch_related_objects
M.FilteredRelation = filtered.FilteredRelation

--- Model("Product", { … }): a model; models.Model.save(self, opts) calls the base method.
M.Model = setmetatable({}, {
  __index = model.base,
  __call = function(_, name, members, more)
    if more ~= nil then
      error(exceptions.TypeError(("Model(\"%s\", {…}) takes a name and one table; an heir is made by the model above it: Base:extend(\"%s\", {…})"):format(tostring(name), tostring(name))), 2)
    end
    local class = model.model(name, members, 3) -- no tail call: it looks at how this was called
    return class
  end,
  __name = "perilune.models.Model",
})

--- The model of "shop.Product".
function M.get_model(label)
  return require("perilune._models.registry").project:get(label)
end

return setmetatable(M, {
  __index = function(_, name)
    if name == "functions" or name == "lookups" then
      M[name] = require("perilune.models." .. name)
      return M[name]
    elseif name == "register_lookup" or name == "Func" then
      local lookups = require "perilune._models.lookups"
      M.register_lookup, M.Func = lookups.register_lookup, lookups.Func
      return M[name]
    elseif type(name) ~= "string" or name:find "^_" then
      return nil
    end
    -- models.CharFeild{…} would call nil, on_delete = models.CASCDE be no option at all
    local names = { "functions", "lookups", "register_lookup", "Func" }
    for known in pairs(M) do
      names[#names + 1] = known
    end
    table.sort(names)
    error(exceptions.AttributeError(("perilune.models has no '%s'%s"):format(name, core.suggest(name, names))), 2)
  end,
})
