-- SPDX-License-Identifier: MIT
-- QuerySet methods that change rows: create, get_or_create, update, delete, bulk_*.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local instance = require "perilune._models.instance"
local null = require "perilune.null"
local orm = require "perilune._orm"
local plans = require "perilune._models.row_plans"
local QuerySet = require "perilune._models.queryset"
local send = require "perilune._models.signals"
local suggest = require("perilune._core").suggest

local write_db, world_of = QuerySet._write_db, QuerySet._world

-- ---- one row ----

-- An object of these values, saved.
local function create_one(model, values, using)
  local object = model(values)
  if not instance.insert(object, using) then
    object:save { force_insert = true, using = using }
  end
  return object
end
QuerySet._create = create_one

--- create{ name = "x" } → the saved instance
function QuerySet:create(values)
  local object = create_one(self._model, values, write_db(self))
  return object
end

-- A name without "__" is one of a field or of a relation; `default` means something else.
local function check_names(self, values)
  local descriptors = self._model._descriptors
  for name in pairs(values) do
    if type(name) == "string" and not descriptors[name] and not name:find("__", 1, true) then
      local names = { "defaults", "create_defaults" }
      for known in pairs(descriptors) do
        names[#names + 1] = known
      end
      table.sort(names)
      error(exceptions.FieldError(("%s has no field named '%s'%s"):format(self._model._meta.object_name, name, suggest(name, names))), 3)
    end
  end
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
  check_names(self, rest)
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
  check_names(self, rest)
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

-- Rows of an heir: those of its own table, and those of the tables above it by their keys.
local function update_tables(self, own, above, using)
  return db.atomic({ using = using, savepoint = false }, function()
    local keys = self:using(using):order_by():values_list("pk", { flat = true }):to_list()
    local rows = 0
    if next(own) ~= nil then
      rows = self:using(using):_update_quietly(own)
    end
    for class, values in pairs(above) do
      local n = 0
      for first = 1, #keys, 500 do
        local part = table.move(keys, first, math.min(first + 499, #keys), 1, {})
        n = n + class._meta.base_manager:using(using):filter({ pk__in = part }):_update_quietly(values)
      end
      rows = next(own) == nil and n or rows
    end
    return rows
  end)
end

--- update{ stock = F "stock" - 1 } → rows that matched. No save(), no signals.
function QuerySet:update(values)
  no_slice(self, "update")
  if type(values) ~= "table" or next(values) == nil then
    error(exceptions.TypeError "update{…} takes the fields to set; perilune.null sets NULL", 2)
  end
  local using = write_db(self)
  local meta = self._model._meta
  local prepared, above = {}, nil -- above: by class, what is in the tables of parents
  for name, value in pairs(values) do
    local field = meta.fields_by_name[name] or meta.fields_by_attname[name]
    if field and field.get_prep_value and value ~= null and type(value) ~= "userdata" then
      value = field:get_prep_value(value)
    end
    local owner = field and #meta.concrete_model._meta.parent_links > 0 and plans.owner(meta.concrete_model, field) or nil
    if owner and owner ~= meta.concrete_model then
      above = above or {}
      above[owner] = above[owner] or {}
      above[owner][field.name] = value
    else
      prepared[field and field.name or name] = value
    end
  end
  local rows
  if above then
    rows = update_tables(self, prepared, above, using)
  else
    local code = orm.check(world_of(self), orm.update(self._code, prepared, nil, meta.object_name))
    rows = orm.change(world_of(self), using, code)
  end
  rawset(self, "_result", nil)
  send.post_queryset_update(self._model, self, values, rows, using)
  return rows
end

--- delete() → total, { ["shop.OrderItem"] = 3 }: with what hangs on the rows.
function QuerySet:delete()
  no_slice(self, "delete")
  if rawget(self, "_combined") then
    error(exceptions.NotSupportedError "Calling QuerySet.delete() after union(), intersection() or difference() is not supported.", 2)
  end
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

function QuerySet:_update_quietly(values)
  return (orm.change(world_of(self), write_db(self), orm.check(world_of(self), orm.update(self._code, values, nil, self._model._meta.object_name))))
end

require "perilune._models.bulk"

return require("perilune._models.marks").all(QuerySet)
