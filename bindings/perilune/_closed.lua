-- SPDX-License-Identifier: MIT
-- Modules that are lists of names: one that is not among them would only fail as a nil that is
-- called, somewhere else.
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"
local suggest = require("perilune._core").suggest

--- The module, which raises AttributeError with the nearest name for those it does not have. What
--- begins with an underscore and keys that are no texts are nil, as of any table.
return function(module, called)
  return setmetatable(module, {
    __index = function(_, name)
      if type(name) ~= "string" or name:find "^_" then
        return nil
      end
      error(exceptions.AttributeError(("%s has no '%s'%s"):format(called, name, suggest(name, sorted_keys(module)))), 2)
    end,
  })
end
