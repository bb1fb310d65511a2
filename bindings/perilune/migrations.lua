-- SPDX-License-Identifier: MIT
-- perilune.migrations: the operations that migration files are made of.
local operations = require "perilune._migrations.operations"

local M = {}

for name, value in pairs(operations) do
  if type(value) == "table" and rawget(value, "class") then
    M[name] = value
  end
end

return setmetatable(M, {
  __index = function(_, name)
    local names = {}
    for k in pairs(M) do
      names[#names + 1] = k
    end
    table.sort(names)
    error(require("perilune.exceptions").AttributeError(("perilune.migrations has no operation '%s'%s"):format(tostring(name), require("perilune._core").suggest(tostring(name), names))), 2)
  end,
})
