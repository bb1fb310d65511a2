-- SPDX-License-Identifier: MIT
-- How rows of a class are written: one prepared statement, and where the value of each of its
-- parameters is found. Both are made once for a class and a set of fields; orm.write then
-- takes the values from the instances itself.
local Field = require "perilune._models.field"
local hooks = require "perilune._models.hooks"
local null = require "perilune.null"
local orm = require "perilune._orm"

local M = {}

local MAX_SETS = 64 -- of fields, for each class: update_fields may be made up as one goes

-- ---- values ----

function M.is_code(value)
  return type(value) == "userdata" and getmetatable(value) == "perilune.models.Expression"
end

--- The value of a field as it goes to the database; raw: as the attribute is.
function M.prepared(object, field, adding, raw)
  local value
  if raw then
    value = rawget(object, field.attname)
  else
    value = field:pre_save(object, adding)
  end
  if value == null then
    value = nil
  end
  if field.get_prep_value and value ~= nil and not M.is_code(value) then
    value = field:get_prep_value(value)
  end
  return value
end

-- { sources: attributes, false for what is asked; asked: places of fields that have a say in
-- their values; stamps: fields that set their attribute first }
local function plan_of(fields, keys)
  local plan = { fields = fields, keys = keys or {}, sources = {}, asked = {}, stamps = {} }
  for i, field in ipairs(fields) do
    local direct = Field.plain_pre_save[field.pre_save] and not field.get_prep_value
    plan.sources[i] = direct and field.attname or false
    if not direct then
      plan.asked[#plan.asked + 1] = i
    elseif field.auto_now or field.auto_now_add then
      plan.stamps[#plan.stamps + 1] = field
    end
  end
  for i, field in ipairs(plan.keys) do
    plan.sources[#fields + i] = not field.get_prep_value and field.attname
    if field.get_prep_value then
      plan.asked[#plan.asked + 1] = #fields + i
    end
  end
  return plan
end

--- Fields of the plan that were left out by only() or defer() are loaded now: C does not.
function M.load_deferred(plan, object)
  local state = rawget(object, "_orm")
  local loaded, fields = state and state.loaded, plan.fields
  for i = 1, loaded and #fields or 0 do
    if not loaded[fields[i].attname] then
      local _ = object[fields[i].attname]
    end
  end
end

--- The sources for orm.write of objects[first … last], from which no field of the plan was left
--- out. raw: attributes are written as they are, but for get_prep_value().
function M.sources(plan, objects, first, last, adding, raw)
  if plan.stamps[1] and not raw then
    for _, field in ipairs(plan.stamps) do
      for i = first, last do
        field:pre_save(objects[i], adding)
      end
    end
  end
  if not plan.asked[1] then
    return plan.sources
  end
  local sources = table.move(plan.sources, 1, #plan.sources, 1, {})
  for _, j in ipairs(plan.asked) do
    local field, column = plan.fields[j], {}
    local key = not field
    field = field or plan.keys[j - #plan.fields]
    for i = first, last do
      column[i] = M.prepared(objects[i], field, adding, raw or key)
    end
    sources[j] = column
  end
  return sources
end

--- The same values of one object as a list, for statements that take expressions too.
function M.row(plan, sources, objects, i)
  local row = {}
  for j = 1, #plan.fields do
    local source = sources[j]
    if type(source) == "table" then
      row[j] = source[i]
    else
      row[j] = rawget(objects[i], source)
    end
    if row[j] == null then
      row[j] = nil
    end
  end
  return row
end

-- ---- plans of a class ----

local function kept(class, set)
  local meta = class._meta
  local plans = rawget(meta, "row_plans")
  if not plans or plans.of ~= meta.fields or plans.n >= MAX_SETS then
    plans = { of = meta.fields, n = 0 }
    meta.row_plans = plans
  end
  return plans[set], plans
end

local function keep(plans, set, plan)
  plans[set], plans.n = plan, plans.n + 1
  return plan
end

--- A plan of others for a class under a name of theirs, until its fields change.
function M.kept(class, set)
  return (kept(class, set))
end

function M.keep(class, set, plan)
  local _, plans = kept(class, set)
  return keep(plans, set, plan)
end

local function names_of(fields)
  local names = {}
  for i, field in ipairs(fields) do
    names[i] = field.name
  end
  return names
end

--- Whether the database computes columns of the class's table.
function M.generates(class)
  for _, field in ipairs(class._meta.local_fields) do
    if field.generated then
      return true
    end
  end
  return false
end

--- What save() needs of a class, found once: columns of its own table (all that are written;
--- the others, without those of the key; those of the key; those that the database may fill),
--- and the relations among all its fields. Looking for what a field has not costs a walk
--- through its classes.
function M.columns(class)
  local meta = class._meta
  local columns = meta.row_columns
  if columns and columns.of == meta.fields then
    return columns
  end
  local in_key = {}
  local pk = meta.pk
  columns = {
    of = meta.fields, all = {}, others = {}, key = {}, optional = {}, relations = {},
    composite = pk.composite or false, attname = pk.attname, auto = pk.auto or false,
    makes_key = not pk.remote_model and (pk:has_default() or pk.db_default ~= nil),
    ordered = meta.order_with_respect_to ~= nil,
    alone = #meta.parent_links == 0 and not meta.auto_created,
  }
  for _, field in ipairs(meta.fields) do
    if field.remote_model then
      columns.relations[#columns.relations + 1] = field
    end
  end
  for i, field in ipairs(meta.pk_fields) do
    in_key[field.name] = true
    columns.key[i] = field
  end
  for _, field in ipairs(meta.local_fields) do
    if not field.generated and not field.composite then
      columns.all[#columns.all + 1] = field
      if not in_key[field.name] then
        columns.others[#columns.others + 1] = field
      end
      if field.auto or field.db_default ~= nil then
        columns.optional[#columns.optional + 1] = field
      end
    end
  end
  columns.generates = M.generates(class)
  meta.row_columns = columns
  return columns
end

-- Which of the optional columns the object has nothing for.
local function missing(columns, object, raw)
  local set, list
  for _, field in ipairs(columns.optional) do
    local direct = raw or Field.plain_pre_save[field.pre_save]
    local value
    if direct then
      value = rawget(object, field.attname)
    else
      value = M.prepared(object, field, true)
    end
    if value == nil and (raw or not (field.auto_now or field.auto_now_add)) then
      set = (set or "") .. field.name .. ","
      list = list or {}
      list[field] = true
    end
  end
  return set or "", list
end

--- The plan for inserting this object: columns that the database fills are not named. columns:
--- what M.columns() gave, if it is at hand.
function M.insert(class, object, raw, columns)
  columns = columns or M.columns(class)
  local simple = columns.auto and not columns.optional[2] and rawget(object, columns.attname) == nil
  if simple and columns.insert then
    return columns.insert
  end
  local set, without = missing(columns, object, raw)
  local plan, plans = kept(class, "insert-" .. set)
  if plan then
    return plan
  end
  local fields, returning = {}, columns.generates
  for _, field in ipairs(columns.all) do
    if not (without and without[field]) then
      fields[#fields + 1] = field
    elseif not field.auto then
      returning = true
    end
  end
  plan = plan_of(fields)
  plan.names, plan.returning, plan.set = names_of(fields), returning, set
  if fields[1] then
    plan.code = orm.insert_each(class._meta.world_id, plan.names, "plain", nil, nil, returning)
  end
  local pk = class._meta.pk
  plan.key = without and without[pk] and pk.attname or false -- the database makes it
  columns.insert = simple and plan or nil
  return keep(plans, "insert-" .. set, plan)
end

--- The same plan with what is done about conflicts.
function M.insert_or(class, plan, how, unique, update)
  local own = setmetatable({ how = how, unique = unique, update = update }, { __index = plan })
  own.returning = how ~= "ignore" and plan.returning or how == "update" and plan.key ~= false
  own.made_key = how ~= "ignore" and plan.key
  own.key = how == "plain" and plan.key
  own.code = plan.names[1] and orm.insert_each(class._meta.world_id, plan.names, how, unique, update, own.returning) or nil
  return own
end

--- The plan for updating these fields of one row by its key.
function M.update(class, fields)
  local names = names_of(fields)
  local set = "update-" .. table.concat(names, ",")
  local plan, plans = kept(class, set)
  if plan then
    return plan
  end
  local columns = M.columns(class)
  plan = plan_of(fields, columns.key)
  plan.names = names
  plan.code = orm.update_each(class._meta.world_id, names, names_of(columns.key), columns.generates)
  return keep(plans, set, plan)
end

--- The plan for updating all columns.
function M.update_all(class)
  local columns = M.columns(class)
  columns.update = columns.update or columns.others[1] and M.update(class, columns.others) or nil
  return columns.update
end

--- The class in whose table the field is: this one or one above it.
function M.owner(class, field)
  for _, own in ipairs(class._meta.local_fields) do
    if own == field then
      return class
    end
  end
  for _, link in ipairs(class._meta.parent_links) do
    local owner = M.owner(link.remote_model, field)
    if owner then
      return owner
    end
  end
  return nil
end

-- ---- writing ----

--- Writes objects[first … last]: the number of rows that changed. nil: nothing was written, a
--- row has an expression.
function M.write(class, plan, sources, objects, first, last, using)
  if not plan.code then
    return nil
  end
  local registry = class._meta.registry
  local world = registry.dirty and registry:world() or registry.made
  local changes, converted = orm.write(world, using, plan.code, sources, objects, first, last, plan.key)
  if converted then
    hooks.rows(first == 1 and last == #objects and objects or table.move(objects, first, last, 1, {}), converted, false, using)
  end
  return changes
end

return M
