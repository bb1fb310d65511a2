-- SPDX-License-Identifier: MIT
-- order_with_respect_to: rows have a place among those of the same owner, in the column
-- _order; owners get get_step_order() and set_step_order(), rows get_next_in_order().
local exceptions = require "perilune.exceptions"
local state_of = require("perilune._models.state").of

local M = {}

local function siblings(instance, class, using)
  local owner = class._meta.fields_by_name[class._meta.order_with_respect_to]
  local key = rawget(instance, owner.attname)
  return class._meta.base_manager:using(using):filter { [owner.name] = key == nil and require "perilune.null" or key }
end

--- The place of a new row: behind the last one.
function M.next_place(instance, class, using)
  local last = siblings(instance, class, using):order_by("-_order"):values_list("_order", { flat = true }):first()
  return last and last + 1 or 0
end

local function neighbour(descending)
  return function(self)
    local class = getmetatable(self)
    local using = state_of(self).db
    local found = siblings(self, class, using):filter { ["_order__" .. (descending and "lt" or "gt")] = self._order }
    local row = found:order_by(descending and "-_order" or "_order"):first()
    if not row then
      error(class.DoesNotExist(("%s matching query does not exist."):format(class._meta.object_name)), 2)
    end
    return row
  end
end

--- Gives a class that has the option, and its owner, their methods.
function M.install(class)
  local meta = class._meta
  local owner = meta.fields_by_name[meta.order_with_respect_to]
  if not owner or not owner.remote_model then
    error(exceptions.ImproperlyConfigured(("%s: order_with_respect_to names no relation: '%s'"):format(meta.label, tostring(meta.order_with_respect_to))), 0)
  end
  rawset(class, "get_next_in_order", neighbour(false))
  rawset(class, "get_previous_in_order", neighbour(true))
  local target = owner.remote_model
  local function rows(instance, using)
    return meta.base_manager:using(using or state_of(instance).db):filter { [owner.name] = instance }
  end
  rawset(target, ("get_%s_order"):format(meta.model_name), function(self)
    local keys = {}
    for i, key in ipairs(rows(self):order_by("_order"):values_list("pk", { flat = true })) do
      keys[i] = key
    end
    return keys
  end)
  rawset(target, ("set_%s_order"):format(meta.model_name), function(self, keys, options)
    local using = options and options.using or state_of(self).db or "default"
    local placed = {}
    for i, key in ipairs(keys) do
      placed[i] = class { pk = key, _order = i - 1 }
    end
    rows(self, using):bulk_update(placed, { "_order" })
  end)
end

return M
