-- SPDX-License-Identifier: MIT
---@meta perilune.models.lookups
-- luacheck: ignore 241 212 (the classes below are only there to be read)

---Lookups as expressions, where the left side is more than the name of a field, or where a condition is a value:
---`filter(GreaterThan(F "stock" * 2, F "sold"))`, `annotate{ dear = GreaterThan("price", 100) }`. Text on the left is the name of a field,
---on the right it is text. They combine with `&`, `|` and `~`.
---@alias perilune.models.LookupExpression fun(left: perilune.models.Operand, right: any): perilune.models.Expression

---@class perilune.models.lookups
---@field Contains perilune.models.LookupExpression
---@field EndsWith perilune.models.LookupExpression
---@field Exact perilune.models.LookupExpression
---@field GreaterThan perilune.models.LookupExpression
---@field GreaterThanOrEqual perilune.models.LookupExpression
---@field IContains perilune.models.LookupExpression
---@field IEndsWith perilune.models.LookupExpression
---@field IExact perilune.models.LookupExpression
---@field IRegex perilune.models.LookupExpression
---@field IStartsWith perilune.models.LookupExpression
---@field In perilune.models.LookupExpression the right side is a list or a QuerySet
---@field IsNull perilune.models.LookupExpression the right side is a boolean
---@field LessThan perilune.models.LookupExpression
---@field LessThanOrEqual perilune.models.LookupExpression
---@field Range perilune.models.LookupExpression the right side is a list of two
---@field Regex perilune.models.LookupExpression
---@field StartsWith perilune.models.LookupExpression
local lookups = {}

return lookups
