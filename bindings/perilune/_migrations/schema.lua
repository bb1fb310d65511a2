-- SPDX-License-Identifier: MIT
-- The schema editor: tables, columns, indexes and constraints as SQL, with Django's names
-- and words. What follows from a whole statement (indexes of a new table) waits in `deferred`
-- until the migration's operations have run.
--
-- Models are classes of a historical state (state.lua). A database that cannot alter columns
-- (SQLite) rebuilds the table: schema_sqlite.lua.
local names = require "perilune._migrations.names"
local split_sql = require "perilune._migrations.split_sql"

local Schema = {}
Schema.__index = Schema

--- options: connection (perilune.db's), collect (only gather the statements: sqlmigrate)
function Schema.new(class, connection, collect)
  return setmetatable({ connection = connection, collect = collect, collected = {}, deferred = {} }, class)
end

-- ---- running ----

function Schema:execute(sql)
  if self.collect then
    self.collected[#self.collected + 1] = sql .. ";"
    return
  end
  self.connection:execute((sql:gsub("%?", "??")))
end

--- In what is gathered: words between the statements.
function Schema:comment(text)
  self.collected[#self.collected + 1] = ("--" .. (" " .. text):gsub("\n", "\n-- ")):gsub(" +\n", "\n"):gsub(" +$", "")
end

--- A statement with values for its placeholders.
function Schema:execute_with(sql, params)
  if self.collect then
    local values = {}
    for i, value in ipairs(params or {}) do
      values[i] = tostring(value)
    end
    self.collected[#self.collected + 1] = ("%s; -- with %s"):format(sql, table.concat(values, ", "))
    return
  end
  self.connection:execute(sql, params)
end

--- Several statements with semicolons between them.
function Schema:script(text)
  for _, statement in ipairs(split_sql(text)) do
    self:execute(statement)
  end
end

--- Deferred statements, at the end.
function Schema:finish()
  for _, item in ipairs(self.deferred) do
    self:execute(item.sql)
  end
  self.deferred = {}
end

function Schema:defer(table_name, sql)
  self.deferred[#self.deferred + 1] = { table_name = table_name, sql = sql }
end

-- Statements for a table that is gone.
function Schema:forget_deferred(table_name)
  local rest = {}
  for _, item in ipairs(self.deferred) do
    if item.table_name ~= table_name then
      rest[#rest + 1] = item
    end
  end
  self.deferred = rest
end

-- ---- words ----

function Schema.quote(name)
  if name:match '^".*"$' then
    return name
  end
  return '"' .. name:gsub('"', '""') .. '"'
end

local function quoted(self, list)
  local out = {}
  for i, name in ipairs(list) do
    out[i] = self.quote(name)
  end
  return table.concat(out, ", ")
end
Schema.quoted = quoted

local function world_of(model)
  return model._meta.registry:world()
end

--- The type of a field's column, and what must hold for its values.
function Schema.column_type(model, field)
  return world_of(model):column(model._meta.world_id, field.name)
end

--- A condition or expression with its values written in.
function Schema.expression_sql(model, expression)
  if type(expression) == "table" then
    expression = require("perilune._models.expressions").Q(expression)
  end
  return world_of(model):schema_sql(model._meta.world_id, expression)
end

--- The literal of a default, for rows that are there when a column comes.
function Schema.literal(model, field, value)
  local expressions = require "perilune._models.expressions"
  return Schema.expression_sql(model, expressions.Value(value == nil and require "perilune.null" or value, { output_field = field.target_field or field }))
end

-- ---- columns ----

--- What a column is in CREATE TABLE; nil for fields without one.
function Schema:column_sql(model, field)
  local type_, check = self.column_type(model, field)
  if not type_ then
    return nil
  end
  local parts = { self.quote(field.column), type_ }
  if field.db_collation then
    parts[#parts + 1] = "COLLATE " .. self.quote(field.db_collation)
  end
  if field.generated then
    parts[#parts + 1] = ("GENERATED ALWAYS AS (%s) %s"):format(self.expression_sql(model, field.expression), field.db_persist and "STORED" or "VIRTUAL")
  elseif field.db_default ~= nil then
    local default = field.db_default
    local is_code = type(default) == "userdata" and getmetatable(default) == "perilune.models.Expression"
    local sql = is_code and self.expression_sql(model, default) or self.literal(model, field, default)
    parts[#parts + 1] = "DEFAULT " .. (is_code and "(" .. sql .. ")" or sql)
  end
  parts[#parts + 1] = field.null and "NULL" or "NOT NULL"
  if field.primary_key then
    parts[#parts + 1] = "PRIMARY KEY"
    if field.auto then
      parts[#parts + 1] = "AUTOINCREMENT"
    end
  elseif field.unique then
    parts[#parts + 1] = "UNIQUE"
  end
  if check then
    parts[#parts + 1] = "CHECK (" .. check .. ")"
  end
  if field.remote_model and field.db_constraint ~= false and not field.many then
    parts[#parts + 1] = self:references(field)
  end
  return table.concat(parts, " ")
end

function Schema:references(field)
  local target = field.remote_model._meta
  return ("REFERENCES %s (%s) DEFERRABLE INITIALLY DEFERRED"):format(self.quote(target.db_table), self.quote(field.target_field.column))
end

-- ---- indexes and constraints ----

Schema.max_name = 200

function Schema:index_name(table_name, columns, suffix)
  return names.index_name(table_name, columns, suffix, self.max_name)
end

function Schema:create_index(table_name, name, columns_sql, options)
  options = options or {}
  return ("CREATE %sINDEX %s ON %s (%s)%s"):format(options.unique and "UNIQUE " or "", self.quote(name), self.quote(table_name), columns_sql, options.condition and " WHERE " .. options.condition or "")
end

-- An index of one field: of db_index and ForeignKeys.
function Schema:field_index_sql(model, field)
  if field.unique or field.primary_key or not (field.db_index or field.remote_model and field.kind == "fk" and field.db_index ~= false) then
    return nil
  end
  local table_name = model._meta.db_table
  return self:create_index(table_name, self:index_name(table_name, { field.column }), self.quote(field.column))
end

local function columns_of(model, fields)
  local list = {}
  for i, name in ipairs(fields) do
    list[i] = model._meta:get_field(name).column
  end
  return list
end

function Schema:index_sql(model, index)
  local parts = {}
  for i, pair in ipairs(index:field_orders()) do
    parts[i] = self.quote(model._meta:get_field(pair[1]).column) .. (pair[2] and " DESC" or "")
  end
  for _, expression in ipairs(index.expressions) do
    parts[#parts + 1] = "(" .. self.expression_sql(model, expression) .. ")"
  end
  return self:create_index(model._meta.db_table, index.name, table.concat(parts, ", "), { condition = index.condition and self.expression_sql(model, index.condition) })
end

function Schema:unique_together_sql(model, fields)
  local columns = columns_of(model, fields)
  local table_name = model._meta.db_table
  return self:create_index(table_name, self:index_name(table_name, columns, "_uniq"), quoted(self, columns), { unique = true })
end

--- Whether the database can hold it; what it cannot is left out (models.W038, W047).
function Schema.supports(constraint)
  return not constraint.deferrable and constraint.nulls_distinct == nil
end

--- A constraint inside of CREATE TABLE; nil when it is an index of its own.
function Schema:constraint_inline(model, constraint)
  if not self.supports(constraint) then
    return nil
  end
  local name = self.quote(constraint.name)
  if constraint.class_name == "CheckConstraint" then
    return ("CONSTRAINT %s CHECK (%s)"):format(name, self.expression_sql(model, constraint.condition))
  elseif not constraint.condition and #constraint.expressions == 0 then
    return ("CONSTRAINT %s UNIQUE (%s)"):format(name, quoted(self, columns_of(model, constraint.fields)))
  end
  return nil
end

function Schema:constraint_index(model, constraint)
  local parts = {}
  for i, column in ipairs(columns_of(model, constraint.fields)) do
    parts[i] = self.quote(column)
  end
  for _, expression in ipairs(constraint.expressions) do
    parts[#parts + 1] = "(" .. self.expression_sql(model, expression) .. ")"
  end
  return self:create_index(model._meta.db_table, constraint.name, table.concat(parts, ", "), { unique = true, condition = constraint.condition and self.expression_sql(model, constraint.condition) })
end

-- ---- tables ----

local function local_columns(model)
  local list = {}
  for _, field in ipairs(model._meta.local_fields) do
    list[#list + 1] = field
  end
  return list
end
Schema.local_columns = local_columns

function Schema:table_sql(model, table_name)
  local parts = {}
  local meta = model._meta
  for _, field in ipairs(local_columns(model)) do
    parts[#parts + 1] = self:column_sql(model, field)
  end
  if meta.pk.composite and meta.local_by_name[meta.pk.name] then
    parts[#parts + 1] = ("PRIMARY KEY (%s)"):format(quoted(self, columns_of(model, meta.pk.parts)))
  end
  for _, constraint in ipairs(meta.constraints) do
    parts[#parts + 1] = self:constraint_inline(model, constraint)
  end
  return ("CREATE TABLE %s (%s)"):format(self.quote(table_name or meta.db_table), table.concat(parts, ", "))
end

--- Statements for the indexes of a table, in Django's order.
function Schema:table_indexes(model)
  local list = {}
  local meta = model._meta
  for _, fields in ipairs(meta.unique_together) do
    list[#list + 1] = self:unique_together_sql(model, fields)
  end
  for _, constraint in ipairs(meta.constraints) do
    if constraint.class_name == "UniqueConstraint" and self.supports(constraint) and not self:constraint_inline(model, constraint) then
      list[#list + 1] = self:constraint_index(model, constraint)
    end
  end
  for _, field in ipairs(local_columns(model)) do
    list[#list + 1] = self:field_index_sql(model, field)
  end
  for _, index in ipairs(meta.indexes) do
    list[#list + 1] = self:index_sql(model, index)
  end
  return list
end

function Schema:create_model(model)
  self:execute(self:table_sql(model))
  for _, sql in ipairs(self:table_indexes(model)) do
    self:defer(model._meta.db_table, sql)
  end
  for _, field in ipairs(model._meta.many_to_many) do
    if field.relation_info.auto_created and model._meta.local_by_name[field.name] then
      self:create_model(field.through_model)
    end
  end
end

function Schema:delete_model(model)
  for _, field in ipairs(model._meta.many_to_many) do
    if field.relation_info.auto_created and model._meta.local_by_name[field.name] then
      self:delete_model(field.through_model)
    end
  end
  self:execute("DROP TABLE " .. self.quote(model._meta.db_table))
  self:forget_deferred(model._meta.db_table)
end

function Schema:alter_db_table(_, old, new)
  if old == new then
    return
  end
  self:execute(("ALTER TABLE %s RENAME TO %s"):format(self.quote(old), self.quote(new)))
  for _, item in ipairs(self.deferred) do
    if item.table_name == old then
      item.table_name = new
      item.sql = item.sql:gsub(self.quote(old):gsub("%p", "%%%0"), (self.quote(new):gsub("%%", "%%%%")))
    end
  end
end

-- What is deferred under a name of an index, if it is.
local function deferred_index(self, name)
  for i, item in ipairs(self.deferred) do
    if item.sql:find("INDEX " .. self.quote(name) .. " ", 1, true) then
      return i
    end
  end
  return nil
end

--- Puts `sql` in the place of the deferred statement that makes the index; whether there is one.
function Schema:replace_deferred(name, sql)
  local waiting = deferred_index(self, name)
  if waiting then
    self.deferred[waiting].sql = sql
  end
  return waiting ~= nil
end

--- A table's new name, and those of its indexes that follow.
function Schema:rename_table(from_model, to_model)
  self:alter_db_table(to_model, from_model._meta.db_table, to_model._meta.db_table)
  self:rename_indexes(from_model, to_model)
end

function Schema:add_index(model, index)
  self:execute(self:index_sql(model, index))
end

function Schema:remove_index(_, index)
  local waiting = deferred_index(self, index.name)
  if waiting then
    table.remove(self.deferred, waiting)
  else
    self:execute("DROP INDEX " .. self.quote(index.name))
  end
end

return Schema
