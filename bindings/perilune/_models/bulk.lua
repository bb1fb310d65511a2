-- SPDX-License-Identifier: MIT
-- bulk_create and bulk_update: one prepared statement that is run for each object, in one
-- transaction. Objects with expressions among their values are written in the statements of
-- many rows that Django would send.
local check_options = require "perilune._options"
local db = require "perilune.db"
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local instance = require "perilune._models.instance"
local null = require "perilune.null"
local orm = require "perilune._orm"
local plans = require "perilune._models.row_plans"
local QuerySet = require "perilune._models.queryset"
local send = require "perilune._models.signals"

local MAX_PARAMETERS = 32000

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

local function check_batch_size(options)
  local size = options and options.batch_size
  if size ~= nil and (math.type(size) ~= "integer" or size <= 0) then
    error(exceptions.ValueError "Batch size must be a positive integer.", 3)
  end
  return size or math.maxinteger // 2
end

-- The list and what is known of all that are in it (orm.survey): how many have a key, whether no
-- two have the same one, whether fields were left out of some.
local function check_objects(self, objects, what)
  if type(objects) ~= "table" then
    error(exceptions.TypeError(("%s takes a list of instances"):format(what)), 3)
  elseif type(objects.to_list) == "function" then
    objects = objects:to_list() -- a QuerySet
  end
  local columns = plans.columns(self._model._meta.concrete_model)
  local wrong, keyed, distinct, partial = orm.survey(objects, self._model, not columns.composite and columns.attname)
  if wrong then
    error(exceptions.TypeError(("%s: item %d is no %s"):format(what, wrong, self._model._meta.object_name)), 3)
  end
  return objects, keyed, distinct, partial
end

local function load_deferred(plan, objects, first, last)
  for i = first, last do
    plans.load_deferred(plan, objects[i])
  end
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

-- ---- bulk_create ----

local function check_conflicts(options, meta)
  if options.ignore_conflicts and options.update_conflicts then
    error(exceptions.ValueError "ignore_conflicts and update_conflicts are mutually exclusive.", 3)
  end
  if not options.update_conflicts then
    return options.ignore_conflicts and "ignore" or "plain"
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
  return "update"
end

local function field_names(meta, names)
  local list = {}
  for i, name in ipairs(names or {}) do
    list[i] = name == "pk" and meta.pk.name or meta:get_field(name).name
  end
  return #list > 0 and list or nil
end

-- Those with a key first, as Django does; then by the columns that the database is to fill.
-- Gives a list of { plan =, objects = }. n_keyed: as many have a key.
local function groups_of(class, objects, n_keyed)
  local pk, columns = class._meta.pk, plans.columns(class)
  local auto = columns.auto
  local attname = not columns.composite and columns.attname or nil
  local only_key = attname and #columns.optional == (auto and 1 or 0)
  if only_key and (n_keyed == #objects or n_keyed == 0 and auto) then -- all alike
    return { { plan = plans.insert(class, objects[1]), objects = objects } }
  end
  local keyed, others, by_plan = {}, {}, {}
  local plan_with, plan_without
  for i = 1, #objects do
    local object = objects[i]
    local has_key = not attname or rawget(object, attname) ~= nil
    if not has_key and not auto then
      local key = pk:get_default()
      has_key = key ~= nil and key ~= ""
      rawset(object, attname, has_key and key or nil)
    end
    local plan = only_key and (has_key and plan_with or not has_key and plan_without) or nil
    if not plan then
      plan = plans.insert(class, object)
      plan_with, plan_without = has_key and plan or plan_with, not has_key and plan or plan_without
    end
    local group = by_plan[plan]
    if not group then
      group = { plan = plan, objects = {} }
      by_plan[plan] = group
      local list = has_key and keyed or others
      list[#list + 1] = group
    end
    group.objects[#group.objects + 1] = object
  end
  return table.move(others, 1, #others, #keyed + 1, keyed)
end

-- In statements of many rows, which take expressions.
local function insert_rows(class, plan, sources, objects, first, last, using)
  local meta = class._meta
  local world = meta.registry:world()
  local wants_keys = plan.made_key
  for from, to in batches(last - first + 1, math.max(1, MAX_PARAMETERS // math.max(1, #plan.names))) do
    local rows = {}
    for i = from, to do
      rows[i - from + 1] = plans.row(plan, sources, objects, first + i - 1)
    end
    local code = orm.insert(meta.world_id, plan.names, rows, plan.how, plan.unique, plan.update, wants_keys)
    local _, _, made = orm.change(world, using, code)
    for i = from, wants_keys and made and to or 0 do
      local row = made[i - from + 1]
      if row then
        rawset(objects[first + i - 1], plan.made_key, row[plan.made_key])
      end
    end
  end
end

local function insert_group(class, group, using, size, partial)
  local plan, objects = group.plan, group.objects
  for first, last in batches(#objects, size) do
    if partial then
      load_deferred(plan, objects, first, last)
    end
    local sources = plans.sources(plan, objects, first, last, true)
    if plans.write(class, plan, sources, objects, first, last, using) == nil then
      insert_rows(class, plan, sources, objects, first, last, using)
    end
  end
end

local bulk_options = { batch_size = true, ignore_conflicts = true, update_conflicts = true, update_fields = true, unique_fields = true }

--- bulk_create({ Product{…}, … }[, { batch_size =, ignore_conflicts =, update_conflicts =,
--- update_fields =, unique_fields = }]) → the list. No save(), no signals but post_bulk_create.
function QuerySet:bulk_create(objects, options)
  options = check_options("bulk_create", options, bulk_options)
  local class = self._model
  local meta = class._meta
  local concrete = meta.concrete_model
  local size = check_batch_size(options)
  local keyed, partial, _
  objects, keyed, _, partial = check_objects(self, objects, "bulk_create")
  if #concrete._meta.parent_links > 0 then
    error(exceptions.ValueError "Can't bulk create a multi-table inherited model", 2)
  end
  local how = check_conflicts(options, meta)
  if #objects == 0 then
    return objects
  end
  local related = plans.columns(concrete).relations
  for i = 1, related[1] and #objects or 0 do
    instance.check_related(objects[i], related, "bulk_create()")
  end
  local unique, update = field_names(meta, options.unique_fields), field_names(meta, options.update_fields)
  local using = QuerySet._write_db(self)
  db._within(using, function()
    for _, group in ipairs(groups_of(concrete, objects, keyed)) do
      group.plan = plans.insert_or(concrete, group.plan, how, unique, update)
      insert_group(concrete, group, using, size, partial)
    end
  end)
  for i = 1, #objects do
    local state = rawget(objects[i], "_orm")
    if not state or state.shared ~= false then
      state = descriptors.own_state(objects[i])
    end
    state.adding, state.db = false, using
  end
  send.post_bulk_create(class, objects, using)
  return objects
end

-- ---- bulk_update ----

local function update_fields(meta, names)
  local fields = {}
  for i, name in ipairs(names) do
    local field = meta:get_field(name)
    if field.many or not field.attname or field.generated or field.composite then
      error(exceptions.ValueError "bulk_update() can only be used with concrete fields.", 4)
    elseif field.primary_key then
      error(exceptions.ValueError "bulk_update() cannot be used with primary key fields.", 4)
    end
    fields[i] = field
  end
  return fields
end

-- Lists of fields by the table they are in, the class's own first.
local function by_table(class, fields)
  local list, found = {}, {}
  for _, field in ipairs(fields) do
    local owner = plans.owner(class, field)
    local group = found[owner]
    if not group then
      group = { class = owner }
      found[owner] = group
      table.insert(list, owner == class and 1 or #list + 1, group)
    end
    group[#group + 1] = field
  end
  return list
end

-- What these fields come to, found once: { fields =, related = relations among them, tables = }.
local function update_plan(meta, names)
  if type(names) ~= "table" or #names == 0 then
    error(exceptions.ValueError "Field names must be given to bulk_update().", 3)
  end
  local plain = true
  for i = 1, #names do
    plain = plain and type(names[i]) == "string"
  end
  local class = meta.concrete_model
  local set = plain and "bulk-update-" .. table.concat(names, ",")
  local plan = set and plans.kept(class, set)
  if not plan then
    local fields = update_fields(meta, names)
    plan = { fields = fields, related = relations(fields), tables = by_table(class, fields) }
    if set then
      plans.keep(class, set, plan)
    end
  end
  return plan
end

-- Objects in batches. Of several with one key the first one in a batch counts, as in a CASE;
-- nil: keys that cannot be compared.
local function without_twins(objects, first, last, keys)
  local seen, list = {}, {}
  for i = first, last do
    local key = rawget(objects[i], keys[1].attname)
    for j = 2, #keys do
      key = ("%s\0%s"):format(key, rawget(objects[i], keys[j].attname))
    end
    local kind = type(key)
    if kind ~= "number" and kind ~= "string" then
      return nil
    elseif not seen[key] then
      seen[key] = true
      list[#list + 1] = objects[i]
    end
  end
  return list
end

-- The rows that a run of one statement for each object changes; nil when it cannot be done so.
local function update_each(tables, objects, first, last, using, partial)
  local rows
  for i = 1, #tables do
    local group = tables[i]
    local plan = group.plan or plans.update(group.class, group)
    group.plan = plan
    if partial then
      load_deferred(plan, objects, first, last)
    end
    local sources = plans.sources(plan, objects, first, last, false, true)
    local changed = plans.write(group.class, plan, sources, objects, first, last, using)
    if not changed then
      return nil
    end
    rows = rows or changed
  end
  return rows
end

-- One UPDATE for each object: a CASE knows no keys of several columns.
local function update_one(self, fields, object, using)
  local values = {}
  for _, field in ipairs(fields) do
    local _ = object[field.attname]
    local value = plans.prepared(object, field, false, true)
    values[field.name] = value == nil and null or value
  end
  return self:using(using):filter({ pk = object.pk }):order_by():_update_quietly(values)
end

-- UPDATE … SET x = CASE WHEN pk = … END WHERE pk IN (…): for expressions, for QuerySets with
-- conditions of their own.
local function update_case(self, fields, objects, first, last, using)
  local e = require "perilune._models.expressions"
  local rows = 0
  for i = first, self._model._meta.pk.composite and last or 0 do
    rows = rows + update_one(self, fields, objects[i], using)
  end
  if self._model._meta.pk.composite then
    return rows
  end
  for from, to in batches(last - first + 1, math.min(500, MAX_PARAMETERS // (2 * #fields + 1))) do
    local ids, values = {}, {}
    for i = from, to do
      ids[i - from + 1] = objects[first + i - 1].pk
    end
    for _, field in ipairs(fields) do
      local results = {}
      for i = from, to do
        local object = objects[first + i - 1]
        local _ = object[field.attname] -- loads it, if it was left out
        local value = plans.prepared(object, field, false, true)
        results[i - from + 1] = value == nil and null or value
      end
      values[field.name] = orm.case_by_key(ids, results, e._output(field.target_field or field, "bulk_update"))
    end
    rows = rows + self:using(using):filter({ pk__in = ids }):order_by():_update_quietly(values)
  end
  return rows
end

-- All objects; gives how many rows were found.
local function update_batches(self, plan, objects, size, using, distinct, partial)
  local n = #objects
  local plain = orm.is_plain(self._code)
  if plain and distinct and size >= n then
    return update_each(plan.tables, objects, 1, n, using, partial) or update_case(self, plan.fields, objects, 1, n, using)
  end
  local keys, rows = plans.columns(self._model._meta.concrete_model).key, 0
  for first, last in batches(n, size) do
    local changed
    if plain and distinct then
      changed = update_each(plan.tables, objects, first, last, using, partial)
    elseif plain then
      local own = without_twins(objects, first, last, keys)
      changed = own and update_each(plan.tables, own, 1, #own, using, partial)
    end
    rows = rows + (changed or update_case(self, plan.fields, objects, first, last, using))
  end
  return rows
end

local update_options = { batch_size = true }

--- bulk_update(objects, { "price" }[, { batch_size = }]) → rows that were found. No save(), no
--- signals but post_bulk_update.
function QuerySet:bulk_update(objects, names, options)
  local class = self._model
  local meta = class._meta
  local size = check_batch_size(options and check_options("bulk_update", options, update_options))
  local plan = update_plan(meta, names)
  local keyed, distinct, partial
  objects, keyed, distinct, partial = check_objects(self, objects, "bulk_update")
  if plans.columns(meta.concrete_model).composite then
    keyed = 0
    for i = 1, #objects do
      keyed = keyed + (objects[i].pk ~= nil and 1 or 0)
    end
  end
  if keyed < #objects then
    error(exceptions.ValueError "All bulk_update() objects must have a primary key set.", 2)
  end
  for i = 1, plan.related[1] and #objects or 0 do
    instance.check_related(objects[i], plan.related, "bulk_update()")
  end
  if #objects == 0 then
    return 0
  end
  local using = QuerySet._write_db(self)
  local rows = db._within(using, update_batches, self, plan, objects, size, using, distinct, partial)
  send.post_bulk_update(class, objects, names, using)
  return rows
end
