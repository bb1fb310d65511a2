-- SPDX-License-Identifier: MIT
-- perilune.models.lookups: lookups as expressions, for what has no field's name on its left:
-- filter(GreaterThan(F "stock" * 2, F "sold")), annotate{ dear = GreaterThan("price", 100) }.
local closed = require "perilune._closed"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"

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

return closed(M, "perilune.models.lookups")
