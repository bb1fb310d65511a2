-- SPDX-License-Identifier: MIT
-- What instances do: save, delete, refresh_from_db.
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local base = require("perilune._models.model").base
local check_options = require "perilune._options"
local db = require "perilune.db"
local hooks = require "perilune._models.hooks"
local null = require "perilune.null"
local orm = require "perilune._orm"
local plans = require "perilune._models.row_plans"
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local state_of = require("perilune._models.state").of

local M = {}

-- ---- helpers ----

local function class_of(self)
  return getmetatable(self)
end

-- Related objects that were set must have keys by now, which the columns then have.
local function check_related(self, fields, what)
  for _, field in ipairs(fields) do
    local object = field.remote_model and descriptors.cached(self, field.name)
    if object then
      local key = object[field.target_attname]
      if key == nil then
        error(exceptions.ValueError(("%s prohibited to prevent data loss due to unsaved related object '%s'."):format(what, field.name)), 3)
      elseif descriptors.is_pending(self, field.name) then -- saved since it was set
        descriptors.set_pending(self, field.name, nil)
        rawset(self, field.attname, key)
      elseif rawget(self, field.attname) ~= key then
        descriptors.forget(self, field.name)
      end
    end
  end
end
M.check_related = check_related

local function name_set(self, names)
  local meta = class_of(self)._meta
  local set, wrong = {}, {}
  for _, name in ipairs(names) do
    local field = meta.fields_by_name[name] or meta.fields_by_attname[name]
    if field and not field.primary_key and not field.many and not field.generated then
      set[field.name] = true
    else
      wrong[#wrong + 1] = name
    end
  end
  if #wrong > 0 then
    error(exceptions.ValueError(("The following fields do not exist in this model, are m2m fields, primary keys, or are non-concrete fields: %s"):format(table.concat(wrong, ", "))), 3)
  end
  return set
end

-- ---- saving ----

local function table_query(class, pk_name, pk)
  return orm.filter(orm.all(class._meta.world_id), false, "save", { [pk_name] = pk })
end

-- What RETURNING gave, for statements that plans.write() cannot do.
local function take(self, class, rows, converted, using)
  for name, value in pairs(rows and rows[1] or {}) do
    local d = type(name) == "string" and class._descriptors[name]
    if d and d.plain then
      rawset(self, name, value)
    end
  end
  if converted and rows and rows[1] then
    hooks.rows({ self }, converted, false, using)
  end
end

-- With expressions among the values: the columns that they give come back.
local function update_expressions(self, class, plan, row, using)
  local values, returning = {}, {}
  for i, name in ipairs(plan.names) do
    values[name] = row[i] == nil and null or row[i]
    if plans.is_code(row[i]) then
      returning[#returning + 1] = name
      rawset(self, plan.fields[i].attname, nil)
    end
  end
  for _, field in ipairs(plans.columns(class).generates and class._meta.local_fields or {}) do
    returning[#returning + 1] = field.generated and field.name or nil
  end
  local meta = class._meta
  local query = table_query(class, meta.pk.name, meta.pk.composite and self.pk or rawget(self, meta.pk.attname))
  local changed, _, rows, converted = orm.change(meta.registry:world(), using, orm.update(query, values, returning, meta.object_name))
  take(self, class, rows, converted, using)
  return changed
end

local function has_row(self, class, using)
  local meta = class._meta
  local pk = meta.pk
  return orm.single(meta.registry:world(), using, orm.has_rows(table_query(class, pk.name, pk.composite and self.pk or rawget(self, pk.attname))))
end

local function update_row(self, class, plan, using, opts)
  if not plan then -- nothing to write: is the row there?
    return opts.update_set ~= nil or has_row(self, class, using)
  end
  local raw = opts.raw
  local look = class._meta.select_on_save and not opts.force_update and not opts.update_set
  if look and not has_row(self, class, using) then
    return false
  end
  local one = { self }
  plans.load_deferred(plan, self)
  local sources = plans.sources(plan, one, 1, 1, false, raw)
  local changed = plans.write(class, plan, sources, one, 1, 1, using)
  if changed == nil then
    changed = update_expressions(self, class, plan, plans.row(plan, sources, one, 1), using)
  end
  return changed > 0 or look and has_row(self, class, using) or false
end

local function insert_row(self, class, using, raw, columns)
  local plan = plans.insert(class, self, raw, columns)
  local one = { self }
  local state = rawget(self, "_orm")
  if state and state.loaded then
    plans.load_deferred(plan, self)
  end
  local sources = plans.sources(plan, one, 1, 1, true, raw)
  if plans.write(class, plan, sources, one, 1, 1, using) ~= nil then
    return
  end
  local meta = class._meta
  local row = plans.row(plan, sources, one, 1)
  local returning = plan.returning
  for i, field in ipairs(plan.fields) do
    if plans.is_code(row[i]) then
      returning = true
      rawset(self, field.attname, nil)
    end
  end
  local code = orm.insert(meta.world_id, plan.names, { row }, "plain", nil, nil, returning)
  local _, last_id, rows, converted = orm.change(meta.registry:world(), using, code)
  take(self, class, rows, converted, using)
  if plan.key and rawget(self, plan.key) == nil then
    rawset(self, plan.key, last_id)
  end
end

-- The key of an object that is about to be saved, made up if need be.
local function key_of(self, class, columns)
  local key = rawget(self, columns.attname)
  if columns.composite then
    return self.pk -- nil while a part is missing
  elseif key == nil and not columns.auto then
    key = class._meta.pk:get_default()
    if key == "" then
      key = nil
    end
    rawset(self, columns.attname, key)
  end
  return key
end

local function update_plan(class, set)
  if not set then
    return plans.update_all(class)
  end
  local fields = {}
  for _, field in ipairs(plans.columns(class).others) do
    if set[field.name] then
      fields[#fields + 1] = field
    end
  end
  return fields[1] and plans.update(class, fields) or nil
end

-- The columns of one table: insert or update.  Gives whether the row was there.
local function save_table(self, class, using, opts)
  local columns = plans.columns(class)
  local key = key_of(self, class, columns)
  if key == nil and (opts.force_update or opts.update_set) then
    error(exceptions.ValueError "Cannot force an update in save() with no primary key.", 0)
  end
  local force_insert = opts.force_insert
  if columns.makes_key and not opts.raw and not force_insert and not opts.force_update and state_of(self).adding then
    force_insert = true
  end
  local updated = false
  if key ~= nil and not force_insert then
    updated = update_row(self, class, update_plan(class, opts.update_set), using, opts)
    if not updated and opts.force_update then
      error(class.NotUpdated "Forced update did not affect any rows.", 0)
    elseif not updated and opts.update_set then
      error(class.NotUpdated "Save with update_fields did not affect any rows.", 0)
    end
  end
  if not updated then
    if columns.ordered and not (opts.raw and rawget(self, "_order")) then
      rawset(self, "_order", require("perilune._models.order").next_place(self, class, using))
    end
    insert_row(self, class, using, opts.raw, columns)
  end
  return updated
end

-- save{ force_insert = { Place } }: the tables of parents in which a row is to be made, too.
local function is_forced(parent, classes)
  for _, class in ipairs(classes or {}) do
    if parent._meta:is_a(class._meta.concrete_model) then
      return true
    end
  end
  return false
end

-- Parents first; gives whether any of them was inserted.
local function save_parents(self, class, using, opts)
  local inserted = false
  for _, link in ipairs(class._meta.parent_links) do
    local parent = link.remote_model
    local target = parent._meta.pk.attname
    if rawget(self, target) == nil and rawget(self, link.attname) ~= nil then
      rawset(self, target, rawget(self, link.attname))
    end
    local above = save_parents(self, parent, using, opts)
    local updated = save_table(self, parent, using, { raw = opts.raw, update_set = opts.update_set, force_insert = above or is_forced(parent, opts.force_parents), force_update = opts.force_update })
    if not updated then
      inserted = true
    end
    rawset(self, link.attname, rawget(self, target))
    descriptors.forget(self, link.name)
  end
  return inserted
end

local function save_rows(self, class, using, opts)
  if opts.raw or #class._meta.parent_links == 0 then
    return save_table(self, class, using, opts)
  end
  return db.atomic({ using = using, savepoint = false }, function()
    local inserted = save_parents(self, class, using, opts)
    local own = setmetatable({ force_insert = inserted or opts.force_insert }, { __index = opts })
    return save_table(self, class, using, own)
  end)
end

--- What save() does after its checks; loaddata calls it with raw.
function M.save_base(self, opts)
  local class = class_of(self)
  local concrete = class._meta.concrete_model
  local using = opts.using
  local names
  if opts.update_set then
    names = {}
    for name in pairs(opts.update_set) do
      names[#names + 1] = name
    end
    table.sort(names)
  end
  if not class._meta.auto_created then
    send.pre_save(class, self, opts.raw or false, using, names)
  end
  local updated = save_rows(self, concrete, using, opts)
  local state = descriptors.own_state(self)
  state.db, state.adding = using, false
  if not class._meta.auto_created then
    send.post_save(class, self, not updated, opts.raw or false, using, names)
  end
end

--- What create() does with a new object: save{ force_insert = true }, without looking for what
--- it is not. false: the class has a save() of its own, or more than one table.
function M.insert(self, using)
  local class = class_of(self)
  local concrete = class._meta.concrete_model
  local columns = plans.columns(concrete)
  if not columns.alone or class.save ~= base.save then
    return false
  end
  if columns.relations[1] then
    check_related(self, columns.relations, "save()")
  end
  send.pre_save(class, self, false, using)
  if not columns.auto then
    key_of(self, concrete, columns)
  end
  if columns.ordered then
    rawset(self, "_order", require("perilune._models.order").next_place(self, concrete, using))
  end
  insert_row(self, concrete, using, nil, columns)
  local state = rawget(self, "_orm")
  if not state or state.shared ~= false then
    state = descriptors.own_state(self)
  end
  state.db, state.adding = using, false
  send.post_save(class, self, true, false, using)
  return true
end

-- The classes that force_insert names; nil when it is a boolean.
local function forced_parents(class, given)
  if given == nil or type(given) == "boolean" then
    return nil
  elseif type(given) ~= "table" or getmetatable(given) ~= nil then
    error(exceptions.TypeError(("force_insert is true, false or a list of models, not a %s"):format(type(given))), 3)
  end
  for _, member in ipairs(given) do
    if type(member) ~= "table" or not rawget(member, "_meta") then
      error(exceptions.TypeError(("Invalid force_insert member. %s must be a model subclass."):format(tostring(member))), 3)
    elseif not member._meta.concrete_model or not class._meta:is_a(member._meta.concrete_model) then
      error(exceptions.TypeError(("Invalid force_insert member. %s must be a base of %s."):format(member._meta.object_name, class._meta.object_name)), 3)
    end
  end
  return given
end

local no_options = {}
local save_options = { force_insert = true, force_update = true, using = true, update_fields = true }

--- save{ update_fields = { "name" }, force_insert =, force_update =, using = }; force_insert =
--- { Place } makes rows in the tables of these parents, too.
function base.save(self, options)
  options = options and check_options("save", options, save_options) or no_options
  local class = class_of(self)
  local meta = class._meta
  meta.registry:world()
  local related = plans.columns(meta.concrete_model).relations
  if related[1] then
    check_related(self, related, "save()")
  end
  local using = options.using or routing.write(class, self)
  if options.force_insert and (options.force_update or options.update_fields) then
    error(exceptions.ValueError "Cannot force both insert and updating in model saving.", 2)
  end
  local update_set
  if options.update_fields then
    if type(options.update_fields) ~= "table" then
      error(exceptions.TypeError(("update_fields is a list of names, not a %s"):format(type(options.update_fields))), 2)
    end
    if #options.update_fields == 0 then
      return
    end
    update_set = name_set(self, options.update_fields)
  else
    local state = state_of(self)
    if state.loaded and not options.force_insert and using == state.db then
      update_set = {}
      for _, field in ipairs(meta.fields) do
        if not field.primary_key and (state.loaded[field.attname] or rawget(self, field.attname) ~= nil) then
          update_set[field.name] = true
        end
      end
    end
  end
  M.save_base(self, {
    using = using, force_insert = options.force_insert, force_update = options.force_update, update_set = update_set,
    force_parents = options.force_insert and forced_parents(class, options.force_insert),
  })
end

--- delete{ using =, keep_parents = } → total, { ["shop.OrderItem"] = 3 }
function base.delete(self, options)
  options = check_options("delete", options, { using = true, keep_parents = true })
  if self.pk == nil then
    error(exceptions.ValueError(("%s object can't be deleted because its %s attribute is set to None."):format(class_of(self)._meta.object_name, class_of(self)._meta.pk.attname)), 2)
  end
  local Collector = require "perilune._models.deletion"
  local collector = Collector(options.using or routing.write(class_of(self), self), self)
  collector:collect({ self }, { keep_parents = options.keep_parents })
  return collector:delete()
end

-- The columns that refresh_from_db{ fields = … } reads; what is known of relations among them is
-- forgotten.
local function columns_to_read(self, class, fields)
  local meta, columns = class._meta, {}
  for _, name in ipairs(fields) do
    local field = meta.fields_by_name[name] or meta.fields_by_attname[name]
    if type(name) == "string" and name:find("__", 1, true) then
      error(exceptions.ValueError(("Found \"%s\" in fields argument. Relations and transforms are not allowed in fields."):format(name)), 3)
    elseif field and not field.many then
      columns[#columns + 1] = field.attname
    elseif class._descriptors[name] then
      descriptors.forget_all(self, name)
    else
      meta:get_field(name)
    end
  end
  return columns
end

-- Takes the values of `fresh`, as far as it has them, and what it knows of related objects.
local function take_fresh(self, fresh, meta)
  local loaded, known = state_of(fresh).loaded, rawget(fresh, "_cache")
  for _, field in ipairs(meta.fields) do
    if not loaded or loaded[field.attname] then
      rawset(self, field.attname, rawget(fresh, field.attname))
      descriptors.forget(self, field.name)
      if field.relation and known and known[field.name] ~= nil then
        descriptors.set_cached(self, field.name, known[field.name])
      end
    end
  end
end

--- refresh_from_db{ fields = { "name" }, using =, from_queryset = }: what only() or defer() left
--- out stays so, unless it is named; all related objects are forgotten, or those of the fields.
function base.refresh_from_db(self, options)
  if type(options) == "table" and #options > 0 then
    options = { fields = options }
  end
  options = check_options("refresh_from_db", options, { fields = true, using = true, from_queryset = true })
  local class = class_of(self)
  local meta = class._meta
  if self.pk == nil then
    error(class.DoesNotExist(("%s has no key yet: it is in no database that it could be read from again"):format(meta.object_name)), 2)
  end
  local columns = options.fields and columns_to_read(self, class, options.fields)
  if columns and #columns == 0 then
    return
  end
  local queryset = options.from_queryset or meta.base_manager:using(options.using or routing.read(class, self))
  queryset = options.using and queryset:using(options.using) or queryset
  queryset = queryset:filter { pk = self.pk }
  local state = descriptors.own_state(self)
  if columns then
    queryset = queryset:only(table.unpack(columns))
  elseif state.loaded then
    queryset = queryset:defer(table.unpack(self:get_deferred_fields()))
  end
  local fresh = queryset:get()
  if not columns then
    descriptors.forget_all(self)
  end
  take_fresh(self, fresh, meta)
  for _, name in ipairs(state.loaded and columns or {}) do
    state.loaded[name] = true
  end
  state.db = state_of(fresh).db
end

--- Names of fields that only() or defer() left out.
function base.get_deferred_fields(self)
  local state = state_of(self)
  local list = {}
  for _, field in ipairs(class_of(self)._meta.fields) do
    if state.loaded and not state.loaded[field.attname] and rawget(self, field.attname) == nil then
      list[#list + 1] = field.attname
    end
  end
  return list
end

--- The value of the field under its attribute: the key of a relation.
function base.serializable_value(self, name)
  local field = class_of(self)._meta.fields_by_name[name]
  return self[field and field.attname or name]
end

require("perilune._models.marks").all(base)

return M
