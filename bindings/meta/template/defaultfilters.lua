-- SPDX-License-Identifier: MIT
---@meta perilune.template.defaultfilters

---The built-in filters as functions: `filters.upper("a")`, `filters.floatformat(3.14159, 2)`.
---They give what the filter gives in a template; text that is HTML is a safe string, None is
---nil. An unknown name raises `AttributeError`.
---@class perilune.template.defaultfilters
---@field [string] fun(value: any, arg?: any, autoescape?: boolean): any
local defaultfilters = {}

return defaultfilters
