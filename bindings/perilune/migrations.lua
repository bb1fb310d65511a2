-- SPDX-License-Identifier: MIT
-- perilune.migrations: the operations that migration files are made of.
local operations = require "perilune._migrations.operations"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

for name, value in pairs(operations) do
  if type(value) == "table" and rawget(value, "class") then
    M[name] = value
  end
end

--- The dependency on a model that a setting names (Meta.swappable): on the first migration of
--- its app. value: "app.Model".
function M.swappable_dependency(value)
  local app = type(value) == "string" and value:match "^([%w_]+)%.[%w_]+$"
  if not app then
    error(require("perilune.exceptions").ImproperlyConfigured(("swappable_dependency(value): the value of the setting is \"app.Model\", not %s"):format(tostring(value))), 2)
  end
  return { app, "__first__", swappable = value }
end

return setmetatable(M, {
  __index = function(_, name)
    local names = sorted_keys(M)
    error(require("perilune.exceptions").AttributeError(("perilune.migrations has no operation '%s'%s"):format(tostring(name), require("perilune._core").suggest(tostring(name), names))), 2)
  end,
})
