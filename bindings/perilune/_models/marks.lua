-- SPDX-License-Identifier: MIT
-- Methods that change data: templates do not call them, nor an author's methods of the same
-- names.
local alters_data = require("perilune._template").alters_data

local M = {}

local names = {
  save = true, delete = true, update = true, create = true, get_or_create = true, update_or_create = true, bulk_create = true,
  bulk_update = true, add = true, remove = true, set = true, clear = true,
}

--- The value; marked when it is a function of such a name.
function M.method(name, value)
  if names[name] and type(value) == "function" then
    return alters_data(value)
  end
  return value
end

--- Marks the functions of a table.
function M.all(methods)
  for name in pairs(names) do
    local value = rawget(methods, name)
    if type(value) == "function" then
      alters_data(value)
    end
  end
  return methods
end

return M
