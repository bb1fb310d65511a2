-- SPDX-License-Identifier: MIT
-- The methods of product.tags and tag.products: managers of the other side of a
-- ManyToManyField, whose pairs are rows of the join table.
local check_options = require "perilune._options"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local parts = require "perilune._models.related_parts"
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local state_of = require("perilune._models.state").of

local many = {}

-- Rows of the join table that belong to the instance.
local function through_rows(self)
  return self.through._meta.base_manager:using(routing.write(self.through, self.instance)):filter { [self.source] = self.instance }
end

-- What is true of the others of an instance; a relation whose other side is hidden ("+") has
-- no name in queries and is looked up in the join table.
local function condition(self)
  if self.query_name:sub(-1) ~= "+" then
    return { [self.query_name] = self.instance }
  end
  return { pk__in = self.through._meta.base_manager:filter({ [self.source] = self.instance }):values(self.through._meta:get_field(self.target).attname) }
end

local function need_key(self)
  if self.instance.pk == nil then
    error(parts.no_key(self, self.cache_name), 3)
  end
end

function many:get_queryset()
  if self.instance.pk == nil then
    error(parts.no_key(self, self.cache_name), 0)
  end
  return parts.ready(self, self._super_get_queryset(self):filter(condition(self)))
end

-- A key as the database has it: forms give "5".
local function plain_key(target, key)
  local ok, converted = pcall(target.to_python, target, key)
  return ok and converted or key -- what is wrong with it the query says
end

-- The key of an object that is to be a row of the join table. `new`: it is not in it yet.
local function key_of(self, object, i, what, attname, new)
  parts.check_instances(self, { object }, what, 5)
  local key = object[attname]
  if key == nil then
    error(exceptions.ValueError(("Cannot add \"%s\": it needs to be saved first (item %d)"):format(tostring(object), i)), 5)
  elseif new and not routing.allow_relation(self.instance, object) then
    local own, other = state_of(self.instance).db, state_of(object).db
    error(exceptions.ValueError(("Cannot add \"%s\": instance is on database \"%s\", value is on database \"%s\""):format(tostring(object), own, other)), 5)
  end
  return key
end

-- Keys of objects (or keys themselves) for the join table's column of the other side. `there`:
-- the set of those that are in it, if they matter.
local function keys_of(self, objects, what, there)
  local field = self.through._meta:get_field(self.target)
  local keys, seen = {}, {}
  for i, object in ipairs(objects) do
    local key
    if type(object) == "table" then
      local new = there and not there[object[field.target_attname]]
      key = key_of(self, object, i, what, field.target_attname, new)
    elseif type(object) == "boolean" or type(object) == "function" then -- what get_or_create gives behind the object
      error(exceptions.TypeError(("%s takes objects of %s or their keys; item %d is %s%s"):format(what, self.model._meta.object_name, i, tostring(object),
        type(object) == "boolean" and " (a call that gives two values, such as get_or_create, wants parentheses around it)" or "")), 3)
    else
      key = plain_key(field.target_field, object)
    end
    if not seen[key] then
      seen[key] = true
      keys[#keys + 1] = key
    end
  end
  return keys
end

local function sorted(keys)
  local copy = { table.unpack(keys) }
  pcall(table.sort, copy)
  return copy
end

local function notify(self, action, keys, using)
  if send.listens("m2m_changed", self.through) then
    send.m2m_changed(self.through, action, self.instance, self.reverse, self.model, keys and sorted(keys), using)
  end
end

local function missing(self, keys, source, target, instance)
  local there = {}
  local found = self.through._meta.base_manager:using(routing.write(self.through, self.instance)):filter { [source] = instance, [target .. "__in"] = keys }
  for _, key in ipairs(found:values_list(self.through._meta:get_field(target).attname, { flat = true }):to_list()) do
    there[key] = true
  end
  local new = {}
  for _, key in ipairs(keys) do
    if not there[key] then
      new[#new + 1] = key
    end
  end
  return new
end

local function defaults_of(given)
  local values = {}
  for k, v in pairs(given or {}) do
    if type(v) == "function" then
      v = v()
    end
    values[k] = v
  end
  return values
end

local function insert_rows(self, keys, source, target, through_defaults, using)
  local rows = {}
  local target_attname = self.through._meta:get_field(target).attname
  for i, key in ipairs(keys) do
    local values = defaults_of(through_defaults)
    values[source] = self.instance
    values[target_attname] = key
    rows[i] = self.through(values)
  end
  self.through._meta.base_manager:using(using):bulk_create(rows, { ignore_conflicts = self.auto and not next(through_defaults or {}) or nil })
end

-- Keys of those that the join table does not have; all of them where it ignores what it has and
-- nobody is told which those are.
local function keys_to_add(self, keys)
  if self.auto and not send.listens("m2m_changed", self.through) then
    return keys
  end
  return missing(self, keys, self.source, self.target, self.instance)
end

local function add_keys(self, keys, through_defaults)
  if #keys == 0 then
    return
  end
  local using = routing.write(self.through, self.instance)
  parts.forget_prefetched(self)
  db.atomic({ using = using, savepoint = false }, function()
    local new = keys_to_add(self, keys)
    notify(self, "pre_add", new, using)
    if #new > 0 then
      insert_rows(self, new, self.source, self.target, through_defaults, using)
      if self.symmetrical then
        local back, own = {}, self.instance[self.through._meta:get_field(self.source).target_attname]
        for _, key in ipairs(new) do
          if key ~= own then
            back[#back + 1] = key
          end
        end
        local mirror = setmetatable({ source = self.target, target = self.source }, { __index = self })
        insert_rows(mirror, keys_to_add(mirror, back), mirror.source, mirror.target, through_defaults, using)
      end
    end
    notify(self, "post_add", new, using)
  end)
end

local defaults_option = { through_defaults = true }

--- add(tag, 5, …[, { through_defaults = { … } }])
function many:add(...)
  need_key(self)
  local objects, options = parts.arguments("add", ...)
  options = check_options("add", options, defaults_option)
  add_keys(self, keys_of(self, objects, "add", {}), options.through_defaults)
end

local function remove_keys(self, keys)
  local using = routing.write(self.through, self.instance)
  parts.forget_prefetched(self)
  db.atomic({ using = using, savepoint = false }, function()
    notify(self, "pre_remove", keys, using)
    through_rows(self):filter({ [self.target .. "__in"] = keys }):_raw_delete(using)
    if self.symmetrical then
      self.through._meta.base_manager:using(using):filter({ [self.target] = self.instance, [self.source .. "__in"] = keys }):_raw_delete(using)
    end
    notify(self, "post_remove", keys, using)
  end)
end

--- remove(tag, 5, …): the pairs, not the objects.
function many:remove(...)
  need_key(self)
  local objects, options = parts.arguments("remove", ...)
  check_options("remove", options, {})
  local keys = keys_of(self, objects, "remove")
  if #keys > 0 then
    remove_keys(self, keys)
  end
end

--- clear(): all pairs of the instance.
function many:clear()
  need_key(self)
  local using = routing.write(self.through, self.instance)
  parts.forget_prefetched(self)
  db.atomic({ using = using, savepoint = false }, function()
    notify(self, "pre_clear", nil, using)
    through_rows(self):_raw_delete(using)
    if self.symmetrical then
      self.through._meta.base_manager:using(using):filter({ [self.target] = self.instance }):_raw_delete(using)
    end
    notify(self, "post_clear", nil, using)
  end)
end

-- Keys that the join table has of the instance: a list.
local function present(self)
  return through_rows(self):values_list(self.through._meta:get_field(self.target).attname, { flat = true }):to_list()
end

--- set(objects[, { clear = true, through_defaults = { … } }]): takes away and adds what differs.
function many:set(objects, options)
  need_key(self)
  parts.check_list(objects)
  options = check_options("set", options, { clear = true, through_defaults = true })
  objects = parts.arguments("set", objects)
  db.atomic({ using = routing.write(self.through, self.instance), savepoint = false }, function()
    if options.clear then
      local keys = keys_of(self, objects, "set", {})
      self:clear()
      add_keys(self, keys, options.through_defaults)
      return
    end
    local old, there, gone = present(self), {}, {}
    for _, key in ipairs(old) do
      there[key] = true
    end
    local keys, wanted, new = keys_of(self, objects, "set", there), {}, {}
    for _, key in ipairs(keys) do
      wanted[key] = true
      new[#new + 1] = not there[key] and key or nil
    end
    for _, key in ipairs(old) do
      gone[#gone + 1] = not wanted[key] and key or nil
    end
    if #gone > 0 then
      remove_keys(self, gone)
    end
    add_keys(self, new, options.through_defaults)
  end)
end

-- create() and its like, and the pair of what they made. What get_or_create() finds belongs to the
-- instance: another object is made beside those that do not.
local function making(method)
  return function(self, values, options)
    need_key(self)
    options = check_options(method, options, defaults_option)
    local object, created = parts.super(self, method, routing.write(self.model, self.instance), method == "create", values)
    if created ~= false then
      add_keys(self, { object[self.through._meta:get_field(self.target).target_attname] }, options.through_defaults)
    end
    if created == nil then
      return object
    end
    return object, created
  end
end
many.create, many.get_or_create, many.update_or_create = making "create", making "get_or_create", making "update_or_create"

return many
