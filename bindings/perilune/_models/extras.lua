-- SPDX-License-Identifier: MIT
-- Methods that fields give their models: get_status_display, get_next_by_created_at.
local exceptions = require "perilune.exceptions"
local state_of = require("perilune._models.state").of
local kinds_of_date = { DateField = true, DateTimeField = true }

local M = {}

local function display(field)
  return function(self)
    local value = self[field.attname]
    local shown = field:display(value)
    return shown ~= nil and tostring(shown) or nil
  end
end

-- The neighbour in the order of (field, key).
local function neighbour(class, field, forward)
  local op, sign = forward and "gt" or "lt", forward and "" or "-"
  return function(self, conditions)
    if self.pk == nil then
      error(exceptions.ValueError "get_next/get_previous cannot be used on unsaved objects.", 2)
    end
    local models = require "perilune.models"
    local value = self[field.attname]
    local found = class._meta.default_manager
      :using(state_of(self).db)
      :filter(models.Q { [field.name .. "__" .. op] = value } | models.Q { [field.name] = value, ["pk__" .. op] = self.pk })
    if conditions then
      found = found:filter(conditions)
    end
    found = found:order_by(sign .. field.name, sign .. "pk"):first()
    if not found then
      error(class.DoesNotExist(("%s matching query does not exist."):format(class._meta.object_name)), 2)
    end
    return found
  end
end

local function add_method(class, name, fn)
  if rawget(class, name) == nil then
    rawset(class, name, fn)
  end
end

function M.install(class)
  for _, field in ipairs(class._meta.fields) do
    if field.choices then
      add_method(class, "get_" .. field.name .. "_display", display(field))
    end
    if kinds_of_date[field:get_internal_type()] and not field.null then
      add_method(class, "get_next_by_" .. field.name, neighbour(class, field, true))
      add_method(class, "get_previous_by_" .. field.name, neighbour(class, field, false))
    end
  end
end

return M
