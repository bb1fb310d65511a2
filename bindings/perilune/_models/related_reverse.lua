-- SPDX-License-Identifier: MIT
-- The methods of category.products: managers of the objects whose ForeignKey points at one.
local check_options = require "perilune._options"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local parts = require "perilune._models.related_parts"
local routing = require "perilune._models.routing"
local state_of = require("perilune._models.state").of

local reverse = {}

function reverse:get_queryset()
  local queryset = self._super_get_queryset(self)
  if self.instance.pk == nil and rawget(self.instance, self.target) == nil then
    error(parts.no_key(self, self.cache_name), 0)
  end
  queryset = parts.with_mode(self, queryset:filter { [self.field.name] = self.instance })
  rawset(queryset, "_known", { self.field.name, self.instance })
  return parts.ready(self, queryset)
end

local function write_db(self)
  return routing.write(self.model, self.instance)
end

-- create() and its like: what is made belongs to the instance.
local function making(method)
  return function(self, values)
    local all = { [self.field.name] = self.instance }
    for k, v in pairs(values or {}) do
      all[k] = v
    end
    parts.forget_prefetched(self)
    return parts.super(self, method, write_db(self), true, all)
  end
end
reverse.create, reverse.get_or_create, reverse.update_or_create = making "create", making "get_or_create", making "update_or_create"

local bulk_option = { bulk = true }

local function add(self, objects, bulk)
  parts.forget_prefetched(self)
  local using = write_db(self)
  if bulk == false then
    db.atomic({ using = using, savepoint = false }, function()
      for _, object in ipairs(objects) do
        object[self.field.name] = self.instance
        object:save { using = using }
      end
    end)
    return
  end
  local ids = {}
  for i, object in ipairs(objects) do
    if object.pk == nil or state_of(object).adding then
      error(exceptions.ValueError(("%s instance isn't saved. Use bulk=False or save the object first."):format(tostring(object))), 3)
    end
    ids[i] = object.pk
    object[self.field.name] = self.instance
  end
  if #ids > 0 then
    self.model._meta.base_manager:using(using):filter({ pk__in = ids }):update { [self.field.name] = self.instance }
  end
end

--- add(object, …[, { bulk = false }]): sets their ForeignKey; one UPDATE, or save() of each.
function reverse:add(...)
  local objects, options = parts.arguments("add", ...)
  options = check_options("add", options, bulk_option)
  parts.check_instances(self, objects, "add")
  add(self, objects, options.bulk)
end

-- Only where the ForeignKey may be NULL.
local function detach(self, queryset, bulk)
  parts.forget_prefetched(self)
  local using, name = write_db(self), self.field.name
  queryset = queryset:using(using)
  if bulk ~= false then
    queryset:update { [name] = null }
    return
  end
  db.atomic({ using = using, savepoint = false }, function()
    for _, object in ipairs(queryset) do
      object[name] = nil
      object:save { update_fields = { name }, using = using }
    end
  end)
end

local function remove(self, objects, bulk)
  local ids = {}
  local key = self.instance[self.target]
  for i, object in ipairs(objects) do
    if rawget(object, self.field.attname) ~= key then
      error(self.field.remote_model.DoesNotExist(("%s is not related to %s."):format(tostring(object), tostring(self.instance))), 3)
    end
    ids[i] = object.pk
    object[self.field.name] = nil
  end
  detach(self, self:get_queryset():filter { pk__in = ids }, bulk)
end

--- remove(object, …[, { bulk = false }]): their ForeignKey becomes NULL.
function reverse:remove(...)
  local objects, options = parts.arguments("remove", ...)
  options = check_options("remove", options, bulk_option)
  parts.check_instances(self, objects, "remove")
  if not self.field.null then
    error(exceptions.AttributeError(("'%s' cannot be NULL: delete the objects, or give them another %s"):format(self.field.name, self.field.name)), 2)
  end
  remove(self, objects, options.bulk)
end

--- clear{ bulk = false }: nothing belongs to the instance any more.
function reverse:clear(options)
  options = check_options("clear", options, bulk_option)
  if not self.field.null then
    error(exceptions.AttributeError(("'%s' cannot be NULL: delete the objects instead"):format(self.field.name)), 2)
  end
  detach(self, self:get_queryset(), options.bulk)
end

-- Those of `objects` that do not belong to the instance yet, and those that do and are no more to.
local function differences(self, objects)
  local wanted, new, gone = {}, {}, {}
  for _, object in ipairs(objects) do
    wanted[object.pk or object] = object
  end
  for _, old in ipairs(self:get_queryset():using(write_db(self))) do
    local object = wanted[old.pk]
    if object then
      wanted[old.pk] = false
      object[self.field.name] = self.instance
    else
      gone[#gone + 1] = old
    end
  end
  for _, object in ipairs(objects) do
    if wanted[object.pk or object] then
      new[#new + 1] = object
    end
  end
  return new, gone
end

--- set(objects[, { bulk = false, clear = true }])
function reverse:set(objects, options)
  parts.check_list(objects)
  options = check_options("set", options, { bulk = true, clear = true })
  objects = parts.arguments("set", objects)
  parts.check_instances(self, objects, "set")
  db.atomic({ using = write_db(self), savepoint = false }, function()
    local new, gone = objects, {}
    if self.field.null and options.clear then
      self:clear { bulk = options.bulk }
    elseif self.field.null then
      new, gone = differences(self, objects)
    end
    if #gone > 0 then
      remove(self, gone, options.bulk)
    end
    if #new > 0 then
      add(self, new, options.bulk)
    end
  end)
end

return reverse
