-- SPDX-License-Identifier: MIT
-- QuerySet methods that change rows: create, get_or_create, update, delete, bulk_*.
local check_options = require "perilune._options"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local Field = require "perilune._models.field"
local instance = require "perilune._models.instance"
local null = require "perilune.null"
local orm = require "perilune._orm"
local QuerySet = require "perilune._models.queryset"
local send = require "perilune._models.signals"

local write_db, world_of = QuerySet._write_db, QuerySet._world

-- ---- one row ----

--- create{ name = "x" } → the saved instance
function QuerySet:create(values)
  local object = self._model(values)
  object:save { force_insert = true, using = write_db(self) }
  return object
end

-- The lookups and what a new row is made of: values with "__" in their names are conditions
-- only, functions among the defaults are called.
local function params(self, values, defaults)
  local lookup, create = {}, {}
  for k, v in pairs(values) do
    lookup[k] = v
    if not k:find("__", 1, true) then
      create[k] = v
    end
  end
  local descriptors = self._model._descriptors
  for k, v in pairs(defaults or {}) do
    if not descriptors[k] and self._model[k] == nil then
      self._model(setmetatable({ [k] = v }, nil)) -- raises with the nearest name
    end
    if type(v) == "function" then
      v = v()
    end
    create[k] = v
  end
  return lookup, create
end

local function split(values, ...)
  local rest, out = {}, {}
  local special = { ... }
  for k, v in pairs(values or {}) do
    local found
    for i, name in ipairs(special) do
      if k == name then
        out[i], found = v, true
      end
    end
    if not found then
      rest[k] = v
    end
  end
  return rest, table.unpack(out, 1, #special)
end

local function create_or_get(self, lookup, create)
  local using = write_db(self)
  local ok, object = pcall(db.atomic, { using = using }, function()
    return self:create(create)
  end)
  if ok then
    return object, true
  elseif not exceptions.is(object, "IntegrityError") then
    error(object, 0)
  end
  local found = self:using(using):get_or_nil(lookup)
  if not found then
    error(object, 0)
  end
  return found, false
end

--- get_or_create{ slug = "x", defaults = { name = "X" } } → object, created
function QuerySet:get_or_create(values)
  local rest, defaults = split(values, "defaults")
  local queryset = self:using(write_db(self))
  local object = queryset:get_or_nil(rest)
  if object then
    return object, false
  end
  local lookup, create = params(self, rest, defaults)
  return create_or_get(self, lookup, create)
end

--- update_or_create{ slug = "x", defaults = { … }, create_defaults = { … } } → object, created
function QuerySet:update_or_create(values)
  local rest, defaults, create_defaults = split(values, "defaults", "create_defaults")
  local using = write_db(self)
  return db.atomic({ using = using }, function()
    local object = self:using(using):select_for_update():get_or_nil(rest)
    if not object then
      local lookup, create = params(self, rest, create_defaults or defaults)
      local created
      object, created = create_or_get(self, lookup, create)
      if created then
        return object, true
      end
    end
    local names = {}
    local meta = self._model._meta
    for k, v in pairs(defaults or {}) do
      if type(v) == "function" then
        v = v()
      end
      object[k] = v
      if v == null then
        local field = meta.fields_by_name[k]
        rawset(object, field and field.attname or k, nil)
      end
      names[#names + 1] = k
    end
    local concrete = true
    for _, name in ipairs(names) do
      local field = meta.fields_by_name[name] or meta.fields_by_attname[name]
      concrete = concrete and field ~= nil and not field.many and not field.primary_key
    end
    if concrete and #names > 0 then
      for _, field in ipairs(meta.fields) do
        if field.auto_now then
          names[#names + 1] = field.name
        end
      end
      object:save { using = using, update_fields = names }
    else
      object:save { using = using }
    end
    return object, false
  end)
end

-- ---- all rows ----

local function no_slice(self, what)
  if self._code.high >= 0 or self._code.low > 0 then
    error(exceptions.TypeError(("Cannot %s a query once a slice has been taken."):format(what)), 3)
  end
end

--- update{ stock = F "stock" - 1 } → rows that matched. No save(), no signals.
function QuerySet:update(values)
  no_slice(self, "update")
  if type(values) ~= "table" or next(values) == nil then
    error(exceptions.TypeError "update{…} takes the fields to set; perilune.null sets NULL", 2)
  end
  local using = write_db(self)
  local meta = self._model._meta
  local prepared = {}
  for name, value in pairs(values) do
    local field = meta.fields_by_name[name] or meta.fields_by_attname[name]
    if field and field.get_prep_value and value ~= null and type(value) ~= "userdata" then
      value = field:get_prep_value(value)
    end
    prepared[field and field.name or name] = value
  end
  local code = world_of(self):check(orm.update(self._code, prepared))
  local function run()
    return (orm.change(world_of(self), using, code))
  end
  local rows = #meta.parent_links > 0 and db.atomic({ using = using, savepoint = false }, run) or run()
  rawset(self, "_result", nil)
  send.post_queryset_update(self._model, self, values, rows, using)
  return rows
end

--- delete() → total, { ["shop.OrderItem"] = 3 }: with what hangs on the rows.
function QuerySet:delete()
  no_slice(self, "delete")
  if self._values then
    error(exceptions.TypeError "Cannot call delete() after .values() or .values_list()", 2)
  end
  local Collector = require "perilune._models.deletion"
  local collector = Collector(write_db(self), self)
  collector:collect(self:order_by():select_related(nil):using(write_db(self)))
  rawset(self, "_result", nil)
  return collector:delete()
end

--- Without looking at what hangs on the rows.
function QuerySet:_raw_delete(using)
  return (orm.change(world_of(self), using or write_db(self), orm.delete(orm.order_by(self._code))))
end

--- Rows of the model's own table only.
function QuerySet:_delete_own(using)
  return self:_raw_delete(using)
end

-- ---- many rows at once ----

local MAX_PARAMETERS = 32000

local bulk_options = { batch_size = true, ignore_conflicts = true, update_conflicts = true, update_fields = true, unique_fields = true }

local function check_conflicts(options, meta)
  if options.ignore_conflicts and options.update_conflicts then
    error(exceptions.ValueError "ignore_conflicts and update_conflicts are mutually exclusive.", 3)
  end
  if not options.update_conflicts then
    return
  end
  if not options.update_fields or #options.update_fields == 0 then
    error(exceptions.ValueError "Fields that will be updated when a row insertion fails on conflicts must be provided.", 3)
  elseif not options.unique_fields or #options.unique_fields == 0 then
    error(exceptions.ValueError "Unique fields that can trigger the upsert must be provided.", 3)
  end
  for _, name in ipairs(options.update_fields) do
    if meta:get_field(name).primary_key then
      error(exceptions.ValueError "bulk_create() cannot be used with primary keys in update_fields.", 3)
    end
  end
end

local function field_names(meta, names)
  local list = {}
  for i, name in ipairs(names or {}) do
    list[i] = name == "pk" and meta.pk.name or meta:get_field(name).name
  end
  return #list > 0 and list or nil
end

local function batches(n, size)
  local from = 1
  return function()
    if from > n then
      return nil
    end
    local first = from
    from = math.min(from + size, n + 1)
    return first, from - 1
  end
end

-- The attributes of fields that are stored as they are; false for those that are asked.
local function direct_columns(fields)
  local list = {}
  for j, field in ipairs(fields) do
    list[j] = field.pre_save == Field.pre_save and not field.get_prep_value and field.attname
  end
  return list
end

local function row_of(object, fields, direct)
  local row = {}
  for j = 1, #direct do
    local attname = direct[j]
    local value
    if attname then
      value = object[attname]
    else
      value = instance.prepared(object, fields[j], true)
    end
    row[j] = value
  end
  return row
end

-- `attname`: the key's attribute, nil for one of several columns.
local function key_of(object, attname)
  if attname then
    return rawget(object, attname)
  end
  return object.pk
end

-- Whether the database makes more than the key.
local function generates(meta)
  for _, field in ipairs(meta.local_fields) do
    if field.generated then
      return true
    end
  end
  return false
end

local function relations(fields)
  local list = {}
  for _, field in ipairs(fields) do
    if field.remote_model then
      list[#list + 1] = field
    end
  end
  return list
end

-- Inserts objects whose key is (or is not) given; keys come back where the database gives
-- them.
local function insert_objects(self, objects, with_key, using, options)
  local meta = self._model._meta
  local concrete = meta.concrete_model
  local pk = meta.pk
  local fields, names = {}, {}
  for _, field in ipairs(meta.fields) do
    if not field.generated and (with_key or not field.primary_key or not field.auto) then
      fields[#fields + 1], names[#names + 1] = field, field.name
    end
  end
  local how = options.ignore_conflicts and "ignore" or options.update_conflicts and "update" or "plain"
  local size = math.max(1, math.min(options.batch_size or math.huge, MAX_PARAMETERS // math.max(1, #fields)))
  local wants_keys = not with_key and pk.auto and how ~= "ignore"
  local direct = direct_columns(fields)
  local keys_only = wants_keys and not generates(concrete._meta)
  for first, last in batches(#objects, size) do
    local rows = {}
    for i = first, last do
      rows[i - first + 1] = row_of(objects[i], fields, direct)
    end
    local code = orm.insert(concrete._meta.world_id, names, rows, how, field_names(meta, options.unique_fields), field_names(meta, options.update_fields), wants_keys)
    local _, _, keys = orm.change(world_of(self), using, code, keys_only)
    for i = first, wants_keys and keys and last or 0 do
      local key = keys[i - first + 1]
      if key then
        rawset(objects[i], pk.attname, keys_only and key or key[pk.attname])
      end
    end
  end
end

--- bulk_create({ Product{…}, … }[, { batch_size =, ignore_conflicts =, update_conflicts =,
--- update_fields =, unique_fields = }]) → the list. No save(), no signals but post_bulk_create.
function QuerySet:bulk_create(objects, options)
  options = check_options("bulk_create", options, bulk_options)
  local meta = self._model._meta
  if type(objects) ~= "table" then
    error(exceptions.TypeError "bulk_create takes a list of instances", 2)
  elseif options.batch_size and options.batch_size <= 0 then
    error(exceptions.ValueError "Batch size must be a positive integer.", 2)
  end
  for _, link in ipairs(meta.concrete_model._meta.parent_links) do
    if link then
      error(exceptions.ValueError "Can't bulk create a multi-table inherited model", 2)
    end
  end
  check_conflicts(options, meta)
  if #objects == 0 then
    return objects
  end
  local using = write_db(self)
  local with_key, without, related = {}, {}, relations(meta.fields)
  local attname, auto = not meta.pk.composite and meta.pk.attname or nil, meta.pk.auto
  for i, object in ipairs(objects) do
    if getmetatable(object) ~= self._model then
      error(exceptions.TypeError(("bulk_create: item %d is no %s"):format(i, meta.object_name)), 2)
    end
    if related[1] then
      instance.check_related(object, related, "bulk_create()")
    end
    local key = key_of(object, attname)
    if key == nil and not auto then
      key = meta.pk:get_default()
      key = key ~= "" and key or nil
      rawset(object, meta.pk.attname, key)
    end
    local list = key ~= nil and with_key or without
    list[#list + 1] = object
  end
  db.atomic({ using = using, savepoint = false }, function()
    if #with_key > 0 then
      insert_objects(self, with_key, true, using, options)
    end
    if #without > 0 then
      insert_objects(self, without, false, using, options)
    end
  end)
  local descriptors = require "perilune._models.descriptors"
  for _, object in ipairs(objects) do
    local state = descriptors.own_state(object)
    state.adding, state.db = false, using
  end
  send.post_bulk_create(self._model, objects, using)
  return objects
end

--- bulk_update(objects, { "price" }[, { batch_size = }]) → rows: CASE WHEN for each field.
function QuerySet:bulk_update(objects, names, options)
  options = check_options("bulk_update", options, { batch_size = true })
  local meta = self._model._meta
  if options.batch_size and options.batch_size <= 0 then
    error(exceptions.ValueError "Batch size must be a positive integer.", 2)
  elseif type(names) ~= "table" or #names == 0 then
    error(exceptions.ValueError "Field names must be given to bulk_update().", 2)
  end
  local fields = {}
  for i, name in ipairs(names) do
    local field = meta:get_field(name)
    if field.many or not field.attname or field.generated then
      error(exceptions.ValueError "bulk_update() can only be used with concrete fields.", 2)
    elseif field.primary_key then
      error(exceptions.ValueError "bulk_update() cannot be used with primary key fields.", 2)
    end
    fields[i] = field
  end
  local keys, related = {}, relations(fields)
  local attname = not meta.pk.composite and meta.pk.attname or nil
  for i, object in ipairs(objects) do
    keys[i] = key_of(object, attname)
    if keys[i] == nil then
      error(exceptions.ValueError "All bulk_update() objects must have a primary key set.", 2)
    end
    if related[1] then
      instance.check_related(object, related, "bulk_update()")
    end
  end
  if #objects == 0 then
    return 0
  end
  local e = require "perilune._models.expressions"
  local using = write_db(self)
  local size = math.max(1, math.min(options.batch_size or math.huge, MAX_PARAMETERS // (2 * #fields + 1), 500))
  local rows = 0
  db.atomic({ using = using, savepoint = false }, function()
    for first, last in batches(#objects, size) do
      local ids, values = table.move(keys, first, last, 1, {}), {}
      for _, field in ipairs(fields) do
        local results = {}
        for i = first, last do
          local value = instance.prepared(objects[i], field, false, true)
          if value == nil then
            value = null
          end
          results[i - first + 1] = value
        end
        values[field.name] = orm.case_by_key(ids, results, e._output(field.target_field or field, "bulk_update"))
      end
      rows = rows + self:using(using):filter({ pk__in = ids }):order_by():_update_quietly(values)
    end
  end)
  send.post_bulk_update(self._model, objects, names, using)
  return rows
end

function QuerySet:_update_quietly(values)
  return (orm.change(world_of(self), write_db(self), world_of(self):check(orm.update(self._code, values))))
end

return require("perilune._models.marks").all(QuerySet)
