-- SPDX-License-Identifier: MIT
-- Names of modules that are not there, and the ones they must mean.
local core = require "perilune._core"
local inspect = require "perilune._inspect"

local M = {}

--- "; did you mean 'shop.views'?" or "".
function M.suggest(name)
  return core.suggest(name, inspect.modules())
end

return M
