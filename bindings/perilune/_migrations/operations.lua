-- SPDX-License-Identifier: MIT
-- The operations of migrations: each changes the state (forwards), and the database between
-- the state before and the one after. A table of Lua in a migration file is an operation:
--
--     migrations.AddField{ model_name = "product", name = "sku", field = models.CharField{ … } }
local M = {}

for _, part in ipairs { "models", "fields", "named", "special" } do
  for name, value in pairs(require("perilune._migrations.operations." .. part)) do
    M[name] = value
  end
end

return M
