-- SPDX-License-Identifier: MIT
-- Asking the database about constraints of an instance that is not saved. The conditions are
-- the SQL that the table has of them; the instance's values stand for the columns:
--
--   SELECT "price" >= 0 FROM (SELECT CAST(? AS NUMERIC) AS "price", …)
local databases = require "perilune.db"
local exceptions = require "perilune.exceptions"
local expressions = require "perilune._models.expressions"
local null = require "perilune.null"
local orm = require "perilune._orm"
local routing = require "perilune._models.routing"
local state_of = require("perilune._models.state").of

local M = {}

-- Columns of these convert what is stored in them, which a bare parameter does not.
local NUMBERS = {
  AutoField = true, BigAutoField = true, SmallAutoField = true, IntegerField = true, BigIntegerField = true,
  SmallIntegerField = true, PositiveIntegerField = true, PositiveBigIntegerField = true, PositiveSmallIntegerField = true,
  FloatField = true, DecimalField = true, BooleanField = true, DurationField = true,
}

local function quote(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

local function as_code(condition)
  return type(condition) == "table" and expressions.Q(condition) or condition
end

local function sql_of(model, expression)
  return model._meta.registry:world():schema_sql(model._meta.world_id, expression)
end

-- Adds the names of fields in an expression's tree to a set; false when it holds queries.
local function collect_names(part, names)
  if part.op == "f" or part.op == "lookup" then
    names[part.text:match "^(.-)__" or part.text] = true
  end
  for _, child in ipairs(part) do
    if type(child) == "table" then
      collect_names(child, names)
    end
  end
end

local function uses_excluded(model, expression, exclude)
  local tree = orm.tree(expression)
  if not tree then
    return true
  end
  local names = {}
  collect_names(tree, names)
  for name in pairs(names) do
    local field = name == "pk" and model._meta.pk or model._meta.fields_by_name[name] or model._meta.fields_by_attname[name]
    if field and exclude[field.name] then
      return true
    end
  end
  return false
end

-- What the database will put into the column.
local function default_sql(model, field)
  local default = field.db_default
  if type(default) ~= "userdata" or getmetatable(default) ~= "perilune.models.Expression" then
    default = expressions.Value(default, { output_field = field.target_field or field })
  end
  return sql_of(model, default)
end

-- A row of the instance's values as a FROM clause, and its parameters; nil when a value is no
-- value yet (an expression, or of the wrong kind: that is for clean_fields to say).
local function row_of(model, instance, using)
  local meta = model._meta
  local names, values, columns = {}, {}, {}
  for _, field in ipairs(meta.fields) do
    local value = instance[field.attname]
    if type(value) == "userdata" and getmetatable(value) == "perilune.models.Expression" then
      return nil
    elseif not field.generated and not field.composite then
      if value ~= nil and value ~= null and field.get_prep_value then
        value = field:get_prep_value(value)
      end
      local sql = "NULL"
      if value ~= nil and value ~= null then
        local kind = (field.target_field or field):get_internal_type()
        names[#names + 1], values[#values + 1] = field.name, value
        sql = NUMBERS[kind] and "CAST(? AS NUMERIC)" or "?"
      elseif field.db_default ~= nil and state_of(instance).adding then
        sql = "(" .. default_sql(model, field) .. ")"
      end
      columns[#columns + 1] = sql .. " AS " .. quote(field.column)
    end
  end
  -- An INSERT converts all values as they are stored.
  local ok, _, params = true, nil, {}
  if names[1] then
    ok, _, params = pcall(orm.sql, meta.registry:world(), using, orm.insert(meta.concrete_model._meta.world_id, names, { values }, "plain"))
  end
  if not ok then
    return nil
  end
  return "(SELECT " .. table.concat(columns, ", ") .. ")", params
end

local function using_of(model, instance)
  return routing.write(model, instance)
end

-- The first column of the first row; nil without one.
local function ask(using, sql, params)
  local row = databases.query(sql, params, { using = using })()
  return row and row.answer
end

--- Whether the condition holds for the instance: NULL counts as yes. nil when it cannot be
--- asked: it names excluded fields, or what only a table has.
function M.holds(model, instance, condition, exclude)
  condition = as_code(condition)
  if uses_excluded(model, condition, exclude) then
    return nil
  end
  local using = using_of(model, instance)
  local from, params = row_of(model, instance, using)
  if not from then
    return nil
  end
  local ok, answer = pcall(ask, using, ("SELECT (%s) AS answer FROM %s AS row"):format(sql_of(model, condition), from), params)
  if not ok then
    if exceptions.is(answer, "DatabaseError") then
      return nil
    end
    error(answer, 0)
  end
  return answer ~= 0
end

-- ---- unique ----

-- The key that the instance has in the table of the model, which may be one above its own.
local function key_in(model, instance)
  local pk = model._meta.pk
  if pk.composite then
    return instance.pk
  end
  return rawget(instance, pk.attname)
end

-- The rows that the constraint looks at, without the instance's own.
local function others(model, instance, constraint)
  local rows = model._meta.default_manager:all()
  if constraint.condition then
    rows = rows:filter(constraint.condition)
  end
  local pk = key_in(model, instance)
  if not state_of(instance).adding and pk ~= nil then
    rows = rows:exclude { pk = pk }
  end
  return rows
end

-- UNIQUE of expressions: each is made of the instance's values and looked for in the table.
local function unique_expressions(model, instance, constraint)
  local using = using_of(model, instance)
  local from, params = row_of(model, instance, using)
  if not from then
    return true
  end
  local meta = model._meta
  local wheres, all = {}, {}
  local function add(sql)
    wheres[#wheres + 1] = ("(%s) = (SELECT %s FROM %s AS row)"):format(sql, sql, from)
    table.move(params, 1, #params, #all + 1, all)
  end
  for _, name in ipairs(constraint.fields) do
    add(quote(meta:get_field(name).column))
  end
  for _, expression in ipairs(constraint.expressions) do
    add(sql_of(model, type(expression) == "userdata" and expression or expressions.F(expression)))
  end
  if constraint.condition then
    wheres[#wheres + 1] = "(" .. sql_of(model, as_code(constraint.condition)) .. ")"
  end
  local pk = key_in(model, instance)
  if not state_of(instance).adding and pk ~= nil then
    wheres[#wheres + 1] = quote(meta.pk.column) .. " <> ?"
    all[#all + 1] = pk
  end
  return ask(using, ("SELECT 1 AS answer FROM %s WHERE %s LIMIT 1"):format(quote(meta.db_table), table.concat(wheres, " AND ")), all) == nil
end

local function unique_fields(model, instance, constraint)
  local conditions = {}
  for _, name in ipairs(constraint.fields) do
    local field = model._meta:get_field(name)
    local value = instance[field.attname]
    if value == nil and constraint.nulls_distinct ~= false then
      return true
    end
    conditions[field.attname] = value == nil and null or value
  end
  return not others(model, instance, constraint):filter(conditions):exists()
end

--- Whether no other row has the same values; true when that cannot be asked.
function M.unique(model, instance, constraint, exclude)
  for _, name in ipairs(constraint.fields) do
    if exclude[model._meta:get_field(name).name] then
      return true
    end
  end
  for _, expression in ipairs(constraint.expressions) do
    if type(expression) == "userdata" and uses_excluded(model, expression, exclude) then
      return true
    end
  end
  if constraint.condition and M.holds(model, instance, constraint.condition, exclude) ~= true then
    return true
  end
  if #constraint.expressions > 0 then
    return unique_expressions(model, instance, constraint)
  end
  return unique_fields(model, instance, constraint)
end

return M
