-- SPDX-License-Identifier: MIT
-- The second half of making models: once the engine has resolved all relations, each class
-- learns its columns, its key, its relations and gets the attributes that come of them.
local descriptors = require "perilune._models.descriptors"

local M = {}

-- The field object for a description: the class's own, or that of the parent it comes from.
local function find_field(classes, info)
  local owner = classes[info.model]
  return owner._meta.local_by_name[info.name]
end

local function concrete_class(classes, info)
  return classes[info.concrete]
end

-- Join tables that relations made have no author: a class with the two ForeignKeys.
local function through_class(world, info, classes, registry)
  local relations = require "perilune._models.relations"
  local fields = require "perilune._models.fields"
  local model = require "perilune._models.model"
  local members, both = {}, {}
  for _, f in ipairs(info.local_fields) do
    if f.relation then
      both[#both + 1] = f.name
      members[f.name] = relations.ForeignKey(classes[f.relation.to] or f.relation.to, { on_delete = relations.CASCADE, related_name = f.relation.accessor or "+" })
    else
      members[f.name] = fields[f.type] { primary_key = true }
    end
  end
  local class = model.define(info.name, members, { app_label = info.app_label, db_table = info.table, unique_together = both }, { auto_created = true, registry = registry })
  class._meta.world_id = info.id
  world:bind(info.id, class)
  return class
end

local function set_fields(class, classes, info)
  local meta = class._meta
  meta.fields, meta.fields_by_name, meta.fields_by_attname = {}, {}, {}
  meta.concrete_fields, meta.many_to_many = {}, {}
  local own_pk
  for i, f in ipairs(info.fields) do
    local field = find_field(classes, f)
    meta.fields[i], meta.concrete_fields[i] = field, field
    meta.fields_by_name[f.name], meta.fields_by_attname[f.attname] = field, field
    field.attname, field.column = f.attname, f.column
    field.relation_info = f.relation
    if f.name == info.pk then
      own_pk = field
    end
  end
  for i, f in ipairs(info.many) do
    local field = find_field(classes, f)
    meta.many_to_many[i] = field
    meta.fields_by_name[f.name] = field
    field.relation_info = f.relation
  end
  meta.pk = own_pk or meta.local_by_name[info.pk]
  meta.pk_fields, meta.pk_attnames = {}, {}
  for i, part in ipairs(meta.pk.composite and meta.pk.parts or { meta.pk.name }) do -- "order" and "order_id" are the same
    meta.pk_fields[i] = meta.fields_by_name[part] or meta.fields_by_attname[part]
    meta.pk_attnames[i] = meta.pk_fields[i].attname
  end
  meta.local_fields = {}
  for i, f in ipairs(info.local_fields) do
    meta.local_fields[i] = find_field(classes, f)
  end
  meta.parent_links = {}
  for i, f in ipairs(info.links) do
    meta.parent_links[i] = find_field(classes, f)
  end
end

-- ForeignKeys know the class and the field they point at.
local function set_targets(classes, class)
  for _, field in ipairs(class._meta.local_all_fields) do
    local r = field.relation_info
    if r then
      field.remote_model = classes[r.to]
      if r.kind ~= "many" then
        field.target_attname = r.target
        field.target_field = field.remote_model._meta.fields_by_attname[r.target]
        field.accessor = r.accessor
      else
        field.through_model = classes[r.through]
      end
    end
  end
end

local function all_fields_known(meta, index)
  for _, pair in ipairs(index:field_orders()) do
    if not (meta.fields_by_name[pair[1]] or meta.fields_by_attname[pair[1]]) then
      return false -- `perilune check` tells of it
    end
  end
  return true
end

local function copy_with_name(item, name)
  local copy = {}
  for k, v in pairs(item) do
    copy[k] = v
  end
  copy.name = name
  return setmetatable(copy, getmetatable(item))
end

-- Indexes and constraints of an abstract model are shared by its heirs: each has copies with
-- names of its own.
local function name_all(meta, key)
  local list = {}
  for i, item in ipairs(meta[key]) do
    local name = item.name
    if not name and all_fields_known(meta, item) then
      item = copy_with_name(item, nil)
      item:set_name(meta)
    elseif name and name:find("%(", 1, true) then
      item = copy_with_name(item, (name:gsub("%%%(class%)s", meta.model_name):gsub("%%%(app_label%)s", meta.app_label)))
    end
    list[i] = item
  end
  meta[key] = list
end

--- `ids`: classes by their number in the world.
function M.finish(world, ids, registry)
  local classes, infos = {}, {}
  for id, class in pairs(ids) do
    classes[id] = class
    class._meta.world_id = id
    world:bind(id, class)
  end
  local n = world:count()
  for id = 0, n - 1 do
    infos[id] = world:describe(id)
  end
  for id = 0, n - 1 do
    if not classes[id] then
      classes[id] = through_class(world, infos[id], classes, registry)
    end
  end
  for id = 0, n - 1 do
    set_fields(classes[id], classes, infos[id])
    classes[id]._meta.concrete_model = concrete_class(classes, infos[id])
  end
  for id = 0, n - 1 do
    set_targets(classes, classes[id])
    for _, field in ipairs(classes[id]._meta.local_all_fields) do
      registry.preparing = registry.preparing or field.get_prep_value ~= nil or field.composite or false
    end
  end
  for id = 0, n - 1 do
    local meta = classes[id]._meta
    meta.related_objects = {}
    for i, r in ipairs(infos[id].reverse) do
      local field = classes[r.model]._meta.local_by_name[r.field]
      meta.related_objects[i] = {
        kind = r.kind, model = classes[r.model], field = field, accessor = r.accessor,
        query_name = r.query_name, hidden = r.hidden, parent_link = r.parent_link,
        through = r.through and classes[r.through], symmetrical = r.symmetrical,
      }
    end
    descriptors.install(classes[id])
    if meta.object_name and not meta.auto_created then
      name_all(meta, "indexes")
      name_all(meta, "constraints")
    end
  end
  for id = 0, n - 1 do
    local meta = classes[id]._meta
    if meta.order_with_respect_to and not meta.proxy then
      require("perilune._models.order").install(classes[id])
    end
  end
end

return M
