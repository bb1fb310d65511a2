-- SPDX-License-Identifier: MIT
-- perilune.models.lookups: lookups as expressions, for what has no field's name on its left:
-- filter(GreaterThan(F "stock" * 2, F "sold")), annotate{ dear = GreaterThan("price", 100) }.
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local suggest = require("perilune._core").suggest

local M = {}

for name, lookup in pairs {
  Exact = "exact", IExact = "iexact", GreaterThan = "gt", GreaterThanOrEqual = "gte", LessThan = "lt", LessThanOrEqual = "lte",
  In = "in", Contains = "contains", IContains = "icontains", StartsWith = "startswith", IStartsWith = "istartswith",
  EndsWith = "endswith", IEndsWith = "iendswith", Range = "range", IsNull = "isnull", Regex = "regex", IRegex = "iregex",
} do
  --- GreaterThan(left, right): text on the left is the name of a field, on the right it is text.
  M[name] = function(...)
    if select("#", ...) ~= 2 then
      error(exceptions.TypeError(("%s takes 2 arguments (%d given)"):format(name, select("#", ...))), 2)
    end
    return orm.compare(lookup, ...)
  end
end

return setmetatable(M, {
  __index = function(_, name)
    if type(name) ~= "string" or name:find "^_" then
      return nil
    end
    local names = {}
    for known in pairs(M) do
      names[#names + 1] = known
    end
    table.sort(names)
    error(exceptions.AttributeError(("perilune.models.lookups has no '%s'%s"):format(name, suggest(name, names))), 2)
  end,
})
