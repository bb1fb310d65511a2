-- SPDX-License-Identifier: MIT
-- Rows of models as text, in pieces: a chunk of rows at a time, however many there are.
local serialize = require "perilune._models.serialize"

local CHUNK = 1000

-- Lists of rows in the order of their keys, each from where the last one ended.
local function chunks(queryset, meta)
  local pk = meta.pk
  if pk.composite then
    local rows = queryset:order_by "pk"
    return function()
      local list = rows
      rows = nil
      return list
    end
  end
  local last, done
  return function()
    if done then
      return nil
    end
    local part = queryset:order_by "pk"
    if last ~= nil then
      part = part:filter { pk__gt = last }
    end
    local list, n = {}, 0
    for i, object in ipairs(part:limit(CHUNK)) do
      list[i], n = object, i
    end
    done = n < CHUNK
    last = n > 0 and list[n].pk or last
    return n > 0 and list or nil
  end
end

-- Which rows the join tables of a chunk's rows name: field name → key → list of keys.
local function joins(list, meta, using)
  local many, keys = {}, {}
  for i, object in ipairs(list) do
    keys[i] = object.pk
  end
  for _, field in ipairs(meta.many_to_many) do
    if field.relation_info.auto_created and meta.local_by_name[field.name] then
      local map = {}
      local source, target = field.relation_info.source, field.relation_info.target
      for _, row in ipairs(field.through_model._meta.base_manager:using(using):filter { [source .. "__in"] = keys }:order_by(target):values_list(source, target)) do
        local key = tostring(row[1])
        map[key] = map[key] or {}
        table.insert(map[key], row[2])
      end
      many[field.name] = map
    end
  end
  return many
end

--- Calls put(text, first) for each row of a class. options: database, all, pks (a list),
--- natural_foreign, natural_primary, indent
return function(class, options, put)
  local meta = class._meta
  local manager = options.all and meta.base_manager or meta.default_manager
  local queryset = manager:using(options.database)
  if options.pks then
    queryset = queryset:filter { pk__in = options.pks }
  end
  local how = { natural_foreign = options.natural_foreign, natural_primary = options.natural_primary, indent = options.indent }
  local next_chunk = chunks(queryset, meta)
  local list = next_chunk()
  while list do
    how.many = not meta.pk.composite and joins(list, meta.concrete_model._meta, options.database) or nil
    for _, object in ipairs(list) do
      put(serialize.text(object, how))
    end
    list = next_chunk()
  end
end
