-- SPDX-License-Identifier: MIT
-- Option tables: a name that a function does not know is an error, not a no-op.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"

--- Gives `options`, or an empty table for nil. Raises TypeError, at the caller's
--- caller, for anything else and for a name that is not in `known` (a set).
return function(what, options, known)
  if options == nil then
    return {}
  end
  if type(options) ~= "table" then
    error(exceptions.TypeError(("%s: options are a table, not a %s"):format(what, type(options))), 3)
  end
  for name in pairs(options) do
    if not known[name] then
      local names = sorted_keys(known)
      error(exceptions.TypeError(("%s: unknown option '%s'%s"):format(what, tostring(name), core.suggest(tostring(name), names))), 3)
    end
  end
  return options
end
