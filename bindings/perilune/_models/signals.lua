-- SPDX-License-Identifier: MIT
-- The signals of models, at Django's points. A model that nobody listens to pays for a look.
local signals = require "perilune.signals"

local M = {}

local function sender(name, make)
  local signal = signals[name]
  local listens = signal._listens
  M[name] = function(class, ...)
    if listens(class) then
      signal:send(class, make(...))
    end
  end
end

sender("pre_save", function(instance, raw, using, update_fields)
  return { instance = instance, raw = raw, using = using, update_fields = update_fields }
end)
sender("post_save", function(instance, created, raw, using, update_fields)
  return { instance = instance, created = created, raw = raw, using = using, update_fields = update_fields }
end)
sender("pre_delete", function(instance, using, origin)
  return { instance = instance, using = using, origin = origin }
end)
sender("post_delete", function(instance, using, origin)
  return { instance = instance, using = using, origin = origin }
end)
sender("m2m_changed", function(action, instance, reverse, model, pk_set, using)
  return { action = action, instance = instance, reverse = reverse, model = model, pk_set = pk_set, using = using }
end)
sender("pre_init", function(values)
  return { args = {}, kwargs = values or {} }
end)
sender("post_init", function(instance)
  return { instance = instance }
end)
sender("post_bulk_create", function(instances, using)
  return { instances = instances, using = using }
end)
sender("post_bulk_update", function(instances, fields, using)
  return { instances = instances, fields = fields, using = using }
end)
sender("post_queryset_update", function(queryset, values, rows, using)
  return { queryset = queryset, values = values, rows = rows, using = using }
end)

function M.listens(name, class)
  return signals[name]._listens(class)
end

return M
