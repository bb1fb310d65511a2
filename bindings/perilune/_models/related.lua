-- SPDX-License-Identifier: MIT
-- Related objects: loading them for one instance or for all of its batch, and the managers
-- category.products, product.tags.
local ahead = require "perilune._models.ahead"
local check_options = require "perilune._options"
local db = require "perilune.db"
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local Manager = require("perilune._models.manager").Manager
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local state_of = require("perilune._models.state").of

local M = {}

-- ---- one object ----

--- The object that a ForeignKey points at: one query for all instances of the batch.
function M.load_forward(instance, d, id)
  local remote = d.field.remote_model
  local peers = descriptors.peers_of(instance, function(peer)
    return rawget(peer, d.attname) ~= nil and descriptors.cached(peer, d.name) == nil
  end)
  local ids, wanted = {}, {}
  for _, peer in ipairs(peers) do
    local key = rawget(peer, d.attname)
    if not wanted[key] then
      wanted[key] = {}
      ids[#ids + 1] = key
    end
    table.insert(wanted[key], peer)
  end
  local using = routing.read(remote, instance)
  local state = state_of(instance)
  local target = d.field.target_field
  local query = remote._meta.base_manager:using(using)
  if state.fetch_mode then
    query = query:fetch_mode(state.fetch_mode)
  end
  local rows
  if #ids == 1 then
    rows = { query:get_or_nil { [target.name] = id } }
  else
    rows = query:filter({ [target.name .. "__in"] = ids }):to_list()
  end
  local found
  if #ids == 1 and rows[1] and rows[1][d.target] ~= id then -- given as text, or in another form
    id = rows[1][d.target]
    for _, peer in ipairs(wanted[ids[1]]) do
      rawset(peer, d.attname, id)
    end
    wanted[id] = wanted[ids[1]]
  end
  for _, row in ipairs(rows) do
    local key = row[d.target]
    for _, peer in ipairs(wanted[key] or {}) do
      descriptors.set_cached(peer, d.name, row)
    end
    if d.field.kind == "one" and d.accessor and wanted[key] then
      descriptors.set_cached(row, d.accessor, wanted[key][1])
    end
    if key == id then
      found = row
    end
  end
  if not found then
    error(remote.DoesNotExist(("%s matching query does not exist."):format(remote._meta.object_name)), 0)
  end
  return found
end

--- The object of a reverse OneToOneField, false for none.
function M.load_reverse_one(instance, d)
  local pk = instance[d.field.target_attname]
  if pk == nil then
    return false
  end
  local target = d.field.target_attname
  local peers = descriptors.peers_of(instance, function(peer)
    return rawget(peer, target) ~= nil and descriptors.cached(peer, d.name) == nil
  end)
  local ids, by_id = {}, {}
  for _, peer in ipairs(peers) do
    local id = rawget(peer, target)
    ids[#ids + 1] = id
    by_id[id] = peer
    descriptors.set_cached(peer, d.name, false)
  end
  for _, row in ipairs(d.remote._meta.base_manager:using(routing.read(d.remote, instance)):filter({ [d.field.name .. "__in"] = ids }):to_list()) do
    local peer = by_id[rawget(row, d.field.attname)]
    if peer then
      descriptors.set_cached(peer, d.name, row)
      descriptors.set_cached(row, d.field.name, peer)
    end
  end
  return descriptors.cached(instance, d.name) or false
end

-- ---- managers ----

-- A class of managers below the related model's default one, with the methods of the kind.
local function manager_class(remote, kind_methods)
  local default = getmetatable(remote._meta.default_manager)
  local members = {}
  for k, v in pairs(kind_methods) do
    members[k] = v -- marked by extend
  end
  members._super_get_queryset = default.get_queryset or Manager.get_queryset
  return default.extend(default, members)
end

local function no_key(self, what)
  return exceptions.ValueError(("\"%s\" needs to have a value for field \"%s\" before this relationship can be used (%s)."):format(tostring(self.instance), self.key_name or "id", what))
end

local function prefetched(self)
  local cache = rawget(self.instance, "_prefetched")
  return cache and cache[self.cache_name]
end

local function forget_prefetched(self)
  ahead.forget(self.instance, self.name)
  local cache = rawget(self.instance, "_prefetched")
  if cache then
    cache[self.cache_name] = nil
  end
end

-- The manager's rows are fetched as the instance was.
local function with_mode(self, queryset)
  local mode = state_of(self.instance).fetch_mode
  return mode and queryset:fetch_mode(mode) or queryset
end

local function using_of(self)
  return rawget(self, "_db") or routing.read(self.model, self.instance)
end

-- The manager's QuerySet: with its rows, when they are there already; what is read for a whole
-- batch is read when somebody looks.
local function ready(self, queryset)
  local rows = prefetched(self)
  if rows then
    queryset = queryset:all()
    rawset(queryset, "_result", rows)
  elseif ahead.may(self) then
    rawset(queryset, "_related", self)
  end
  return queryset
end

local function check_instances(self, objects, what)
  for i, object in ipairs(objects) do
    local class = type(object) == "table" and getmetatable(object)
    if type(class) ~= "table" or not rawget(class, "_meta") or not class._meta:is_a(self.model._meta.concrete_model) then
      error(exceptions.TypeError(("'%s' instance expected in %s, item %d is %s"):format(self.model._meta.object_name, what, i, tostring(object))), 3)
    end
  end
end

local function list_of(...)
  local n = select("#", ...)
  local first = ...
  if n == 1 and type(first) == "table" and (getmetatable(first) == nil or rawget(first, "_code")) then
    local list = {}
    for i, v in ipairs(first) do
      list[i] = v
    end
    return list
  end
  return { ... }
end

local function check_list(objects)
  if type(objects) ~= "table" or getmetatable(objects) ~= nil and rawget(objects, "_code") == nil then
    error(exceptions.TypeError(("set takes a list, as in set{ a, b }, or a QuerySet, not %s"):format(tostring(objects))), 3)
  end
end

-- ---- category.products ----

local reverse = {}

function reverse:get_queryset()
  local queryset = self._super_get_queryset(self)
  if self.instance.pk == nil and rawget(self.instance, self.target) == nil then
    error(no_key(self, self.cache_name), 0)
  end
  queryset = with_mode(self, queryset:using(using_of(self)):filter { [self.field.name] = self.instance })
  rawset(queryset, "_known", { self.field.name, self.instance })
  return ready(self, queryset)
end

function reverse:create(values)
  local all = { [self.field.name] = self.instance }
  for k, v in pairs(values or {}) do
    all[k] = v
  end
  forget_prefetched(self)
  return self.model._meta.default_manager:using(routing.write(self.model, self.instance)):create(all)
end

local function with_self(self, values, ...)
  local all = { [self.field.name] = self.instance }
  for k, v in pairs(values or {}) do
    all[k] = v
  end
  forget_prefetched(self)
  return self._super_get_queryset(self):using(routing.write(self.model, self.instance)), all, ...
end

function reverse:get_or_create(values)
  local queryset, all = with_self(self, values)
  return queryset:get_or_create(all)
end

function reverse:update_or_create(values)
  local queryset, all = with_self(self, values)
  return queryset:update_or_create(all)
end

--- add(object, …[, bulk]): sets their ForeignKey; one UPDATE, or save() with { bulk = false }.
function reverse:add(...)
  local objects = { ... }
  local options = {}
  local last = objects[#objects]
  if type(last) == "table" and getmetatable(last) == nil and last.bulk ~= nil then
    options = table.remove(objects)
  end
  objects = list_of(table.unpack(objects))
  check_instances(self, objects, "add")
  forget_prefetched(self)
  local using = routing.write(self.model, self.instance)
  if options.bulk == false then
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
      error(exceptions.ValueError(("%s instance isn't saved. Use bulk=False or save the object first."):format(tostring(object))), 2)
    end
    ids[i] = object.pk
    object[self.field.name] = self.instance
  end
  if #ids > 0 then
    self.model._meta.base_manager:using(using):filter({ pk__in = ids }):update { [self.field.name] = self.instance }
  end
end

-- Only where the ForeignKey may be NULL.
local function detach(self, queryset)
  forget_prefetched(self)
  return queryset:update { [self.field.name] = require "perilune.null" }
end

function reverse:remove(...)
  local objects = list_of(...)
  check_instances(self, objects, "remove")
  if not self.field.null then
    error(exceptions.AttributeError(("'%s' cannot be NULL: delete the objects, or give them another %s"):format(self.field.name, self.field.name)), 2)
  end
  local ids = {}
  local key = self.instance[self.target]
  for i, object in ipairs(objects) do
    if rawget(object, self.field.attname) ~= key then
      error(self.field.remote_model.DoesNotExist(("%s is not related to %s."):format(tostring(object), tostring(self.instance))), 2)
    end
    ids[i] = object.pk
    object[self.field.name] = nil
  end
  detach(self, self:get_queryset():filter { pk__in = ids })
end

function reverse:clear()
  if not self.field.null then
    error(exceptions.AttributeError(("'%s' cannot be NULL: delete the objects instead"):format(self.field.name)), 2)
  end
  detach(self, self:get_queryset())
end

function reverse:set(objects, options)
  check_list(objects)
  options = check_options("set", options, { bulk = true, clear = true })
  objects = list_of(objects)
  check_instances(self, objects, "set")
  db.atomic({ using = routing.write(self.model, self.instance), savepoint = false }, function()
    if not self.field.null then
      self:add(table.unpack(objects))
      return
    end
    local wanted, gone = {}, {}
    for _, object in ipairs(objects) do
      wanted[object.pk or object] = true
    end
    for _, old in ipairs(self:get_queryset():to_list()) do
      if not wanted[old.pk] or options.clear then
        gone[#gone + 1] = old
      end
    end
    if #gone > 0 then
      self:remove(table.unpack(gone))
    end
    if #objects > 0 then
      objects[#objects + 1] = { bulk = options.bulk ~= false }
      self:add(table.unpack(objects))
    end
  end)
end

-- ---- product.tags, tag.products ----

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
    error(no_key(self, self.cache_name), 3)
  end
end

function many:get_queryset()
  if self.instance.pk == nil then
    error(no_key(self, self.cache_name), 0)
  end
  return ready(self, self._super_get_queryset(self):using(using_of(self)):filter(condition(self)))
end

-- Keys of objects (or keys themselves), of which new ones are to be added.
local function keys_of(self, objects, what)
  local keys, seen = {}, {}
  for i, object in ipairs(objects) do
    local key = object
    if type(object) == "table" then
      check_instances(self, { object }, what)
      key = object.pk
      if key == nil then
        error(exceptions.ValueError(("Cannot add \"%s\": it needs to be saved first (item %d)"):format(tostring(object), i)), 3)
      elseif what == "add" and not routing.allow_relation(self.instance, object) then
        local own, other = state_of(self.instance).db, state_of(object).db
        error(exceptions.ValueError(("Cannot add \"%s\": instance is on database \"%s\", value is on database \"%s\""):format(tostring(object), own, other)), 3)
      end
    elseif type(object) == "boolean" or type(object) == "function" then -- what get_or_create gives behind the object
      error(exceptions.TypeError(("%s takes objects of %s or their keys; item %d is %s%s"):format(what, self.model._meta.object_name, i, tostring(object),
        type(object) == "boolean" and " (a call that gives two values, such as get_or_create, wants parentheses around it)" or "")), 3)
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

local function add_keys(self, keys, through_defaults)
  if #keys == 0 then
    return
  end
  local using = routing.write(self.through, self.instance)
  forget_prefetched(self)
  db.atomic({ using = using, savepoint = false }, function()
    local new = missing(self, keys, self.source, self.target, self.instance)
    notify(self, "pre_add", new, using)
    if #new > 0 then
      insert_rows(self, new, self.source, self.target, through_defaults, using)
      if self.symmetrical then
        local back = {}
        for _, key in ipairs(new) do
          if key ~= self.instance.pk then
            back[#back + 1] = key
          end
        end
        local mirror = setmetatable({ source = self.target, target = self.source }, { __index = self })
        insert_rows(mirror, missing(mirror, back, mirror.source, mirror.target, self.instance), mirror.source, mirror.target, through_defaults, using)
      end
    end
    notify(self, "post_add", new, using)
  end)
end

local function with_defaults(...)
  local objects = { ... }
  local last = objects[#objects]
  if type(last) == "table" and getmetatable(last) == nil and last.through_defaults ~= nil then
    table.remove(objects)
    return list_of(table.unpack(objects)), last.through_defaults
  end
  return list_of(table.unpack(objects)), nil
end

--- add(tag, 5, …[, { through_defaults = { … } }])
function many:add(...)
  need_key(self)
  local objects, through_defaults = with_defaults(...)
  add_keys(self, keys_of(self, objects, "add"), through_defaults)
end

function many:remove(...)
  need_key(self)
  local keys = keys_of(self, list_of(...), "remove")
  local using = routing.write(self.through, self.instance)
  forget_prefetched(self)
  if #keys == 0 then
    return
  end
  db.atomic({ using = using, savepoint = false }, function()
    notify(self, "pre_remove", keys, using)
    through_rows(self):filter({ [self.target .. "__in"] = keys }):_raw_delete(using)
    if self.symmetrical then
      self.through._meta.base_manager:using(using):filter({ [self.target] = self.instance, [self.source .. "__in"] = keys }):_raw_delete(using)
    end
    notify(self, "post_remove", keys, using)
  end)
end

function many:clear()
  need_key(self)
  local using = routing.write(self.through, self.instance)
  forget_prefetched(self)
  db.atomic({ using = using, savepoint = false }, function()
    notify(self, "pre_clear", nil, using)
    through_rows(self):_raw_delete(using)
    if self.symmetrical then
      self.through._meta.base_manager:using(using):filter({ [self.target] = self.instance }):_raw_delete(using)
    end
    notify(self, "post_clear", nil, using)
  end)
end

function many:set(objects, options)
  need_key(self)
  check_list(objects)
  options = check_options("set", options, { clear = true, through_defaults = true })
  local using = routing.write(self.through, self.instance)
  local keys = keys_of(self, list_of(objects), "set")
  db.atomic({ using = using, savepoint = false }, function()
    if options.clear then
      self:clear()
      add_keys(self, keys, options.through_defaults)
      return
    end
    local wanted, gone, new = {}, {}, {}
    for _, key in ipairs(keys) do
      wanted[key] = true
    end
    for _, key in ipairs(through_rows(self):values_list(self.through._meta:get_field(self.target).attname, { flat = true }):to_list()) do
      if wanted[key] then
        wanted[key] = nil
      else
        gone[#gone + 1] = key
      end
    end
    for _, key in ipairs(keys) do
      if wanted[key] then
        new[#new + 1] = key
      end
    end
    self:remove(table.unpack(gone))
    add_keys(self, new, options.through_defaults)
  end)
end

function many:create(values, options)
  need_key(self)
  options = check_options("create", options, { through_defaults = true })
  local object = self._super_get_queryset(self):using(routing.write(self.model, self.instance)):create(values)
  add_keys(self, { object.pk }, options.through_defaults)
  return object
end

local function get_or(method)
  return function(self, values, options)
    options = check_options(method, options, { through_defaults = true })
    local queryset = self._super_get_queryset(self):using(routing.write(self.model, self.instance))
    local object, created = queryset[method](queryset, values)
    if created then
      add_keys(self, { object.pk }, options.through_defaults)
    end
    return object, created
  end
end
many.get_or_create = get_or "get_or_create"
many.update_or_create = get_or "update_or_create"

-- ---- making them ----

local function fields_of(d)
  local info = d.field.relation_info
  if d.kind == "reverse" then
    return { model = d.remote, field = d.field, target = d.field.target_attname, methods = reverse, key_name = d.field.target_attname }
  end
  local backwards = d.kind == "reverse_many"
  return {
    model = d.remote, field = d.field, through = d.through, methods = many, reverse = backwards,
    source = backwards and info.target or info.source,
    target = backwards and info.source or info.target,
    query_name = (backwards or info.symmetrical) and d.field.name or info.query_name,
    symmetrical = info.symmetrical, auto = info.auto_created,
  }
end

--- The manager behind `instance.name`.
function M.manager(instance, d)
  local spec = d.spec
  if not spec then
    spec = fields_of(d)
    spec.manager_class = manager_class(d.remote, spec.methods)
    spec.cache_name = d.name
    d.spec = spec
  end
  local manager = spec.manager_class()
  for k, v in pairs(spec) do
    if k ~= "methods" and k ~= "manager_class" then
      manager[k] = v
    end
  end
  manager.instance, manager.name = instance, d.name
  return manager
end

return M
