-- SPDX-License-Identifier: MIT
-- SQLite's schema editor. Almost every change of a column makes the table anew: a table
-- "new__…" is made, the rows are copied, the old one dropped, the new one renamed, and
-- indexes and triggers made again. Foreign keys are off meanwhile (the executor sees to it:
-- with them on, dropping the table would delete what points at it), and are checked at the
-- end.
local exceptions = require "perilune.exceptions"
local Schema = require "perilune._migrations.schema"

local Sqlite = setmetatable({}, { __index = Schema })
Sqlite.__index = Sqlite
Sqlite.max_name = 200

function Sqlite.new(connection, collect)
  return Schema.new(Sqlite, connection, collect)
end

-- ---- making a table anew ----

local function rows(self, sql, params)
  return self.connection:query(sql, params)
end

-- What an author has hung on the table with SQL of his own is kept: triggers, and indexes that
-- the models do not know. (Views name the table and stay by themselves.)
local function hangs_on(self, kind, table_name)
  if self.collect then
    return {}
  end
  return rows(self, "SELECT name, sql FROM sqlite_master WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL ORDER BY rowid", { kind, table_name })
end

-- What an index is on, without its name: Django leaves indexes the names of old columns.
local function without_name(sql)
  return (sql:gsub('INDEX ".-" ON', "INDEX ON"))
end

-- The indexes that the state makes, by their names and by what they are on.
local function note_indexes(self, model, known)
  for _, sql in ipairs(model and self:table_indexes(model) or {}) do
    known[sql:match 'INDEX "(.-)" ON'] = true
    known[without_name(sql)] = true
  end
end

-- Whether the index is on a column that is no more, with which it goes.
local function lost_column(self, name, model)
  local columns = {}
  for _, field in ipairs(self.local_columns(model)) do
    columns[field.column] = true
  end
  for _, part in ipairs(rows(self, "SELECT name FROM pragma_index_info(?)", { name })) do
    if part.name ~= nil and not columns[part.name] then
      return true
    end
  end
  return false
end

local function own_indexes(self, table_name, from_model, to_model)
  local known, kept = {}, {}
  note_indexes(self, from_model, known)
  note_indexes(self, to_model, known)
  for _, index in ipairs(hangs_on(self, "index", table_name)) do
    if not known[index.name] and not known[without_name(index.sql)] and not lost_column(self, index.name, to_model) then
      kept[#kept + 1] = index
    end
  end
  return kept
end

local function hang_again(self, list, table_name)
  for _, item in ipairs(list) do
    local ok, err = pcall(self.execute, self, item.sql)
    if not ok then
      err = exceptions.wrap(err)
      err.message = ("'%s', which hangs on table '%s', does not fit any more: drop it in a RunSQL before this operation, or make it anew after it (%s)"):format(item.name, table_name, err.message)
      error(err, 0)
    end
  end
end

local function count(self, table_name)
  return self.connection:query(("SELECT COUNT(*) AS n FROM %s"):format(self.quote(table_name)))[1].n
end

-- The highest key that a table has ever given: keys of rows that are gone do not come again.
local function sequence(self, table_name)
  if self.collect or #rows(self, "SELECT 1 AS one FROM sqlite_master WHERE name = 'sqlite_sequence'") == 0 then
    return nil
  end
  local found = rows(self, "SELECT seq FROM sqlite_sequence WHERE name = ?", { table_name })
  return found[1] and found[1].seq
end

local function keep_sequence(self, table_name, last)
  if last and (sequence(self, table_name) or -1) < last then
    self.connection:execute("DELETE FROM sqlite_sequence WHERE name = ?", { table_name })
    self.connection:execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", { table_name, last })
  end
end

-- Gives the new table its name, and leaves triggers, views and other tables as they are: they
-- mean the table that is gone, not this one. With the switch SQLite does not look at them.
local function rename_only(self, from, to)
  local sql = ("ALTER TABLE %s RENAME TO %s"):format(self.quote(from), self.quote(to))
  if self.collect then
    self:execute(sql)
    return
  end
  self.connection:execute "PRAGMA legacy_alter_table = ON"
  local ok, err = pcall(self.execute, self, sql)
  self.connection:execute "PRAGMA legacy_alter_table = OFF"
  if not ok then
    error(err, 0)
  end
end

local function copy_rows(self, model, mapping, table_name, temporary)
  local columns, sources = {}, {}
  for _, field in ipairs(self.local_columns(model)) do
    local source = mapping[field.column]
    if source and not field.generated then
      columns[#columns + 1] = self.quote(field.column)
      sources[#sources + 1] = source
    end
  end
  local before = not self.collect and count(self, table_name)
  self:execute(("INSERT INTO %s (%s) SELECT %s FROM %s"):format(self.quote(temporary), table.concat(columns, ", "), table.concat(sources, ", "), self.quote(table_name)))
  if before and count(self, temporary) ~= before then
    error(exceptions.IntegrityError(("rebuilding table '%s' would lose rows"):format(table_name)), 0)
  end
end

local function remake(self, from_model, model, mapping, table_name)
  local meta = model._meta
  local temporary = "new__" .. meta.db_table:gsub('"', "")
  local triggers = hangs_on(self, "trigger", table_name)
  local indexes = own_indexes(self, table_name, from_model, model)
  self:execute(self:table_sql(model, temporary))
  copy_rows(self, model, mapping, table_name, temporary)
  local last = meta.pk.auto and sequence(self, table_name)
  self:execute("DROP TABLE " .. self.quote(table_name))
  rename_only(self, temporary, meta.db_table)
  keep_sequence(self, meta.db_table, last)
  self:forget_deferred(table_name)
  self:forget_deferred(meta.db_table)
  for _, sql in ipairs(self:table_indexes(model)) do
    self:execute(sql)
  end
  hang_again(self, indexes, meta.db_table)
  hang_again(self, triggers, meta.db_table)
end

--- Makes the table of `model` (the state after the change) from the one of `from_model`.
--- `mapping`: new column → SQL that its values come from; `old_table`: its name, when it is not
--- that of `model`. In a transaction of its own when there is none.
function Sqlite:remake(from_model, model, mapping, old_table)
  local table_name = old_table or model._meta.db_table
  local function run()
    remake(self, from_model, model, mapping, table_name)
  end
  if self.collect then
    run()
    return
  end
  local ok, err = pcall(function()
    if self.connection:in_atomic() then
      run()
    else
      self.connection:atomic(run)
    end
  end)
  if not ok then -- nobody knows the table on the way
    err = exceptions.wrap(err)
    err.message = tostring(err.message):gsub("new__", "")
    error(err, 0)
  end
end

-- Each column from the one of the same name in the state before.
local function same_columns(self, from_model, to_model)
  local mapping, there = {}, {}
  for _, field in ipairs(self.local_columns(from_model)) do
    there[field.column] = true
  end
  for _, field in ipairs(self.local_columns(to_model)) do
    if there[field.column] then
      mapping[field.column] = self.quote(field.column)
    end
  end
  return mapping
end

-- ---- fields ----

-- Calls fn while `key`, if it is one, is the only primary key of the model: the one before it is
-- an ordinary column until the next operation changes it or takes it away.
local function as_only_key(model, key, fn)
  local others = {}
  for _, field in ipairs(key.primary_key and not key.composite and model._meta.local_fields or {}) do
    if field ~= key and field.primary_key then
      others[#others + 1], field.primary_key = field, false
    end
  end
  local ok, err = pcall(fn)
  for _, field in ipairs(others) do
    field.primary_key = true
  end
  if not ok then
    error(err, 0)
  end
end

-- What rows that are there get in a new column.
local function effective_default(field)
  if field:has_default() then
    local value = field.auto_now and nil or field:get_default()
    if type(value) == "table" and getmetatable(value) then
      value = value.pk
    end
    return value
  elseif field.auto_now or field.auto_now_add then
    local time = require "perilune.time"
    local kind = field:get_internal_type()
    local now = time.now()
    return kind == "DateField" and time.today() or kind == "TimeField" and time.localtime(now):time() or now
  elseif not field.null and field.blank and field.empty_strings_allowed then
    return ""
  end
  return nil
end

function Sqlite:add_field(from_model, to_model, field)
  if field.many then
    if field.relation_info.auto_created then
      self:create_model(field.through_model)
    end
    return
  end
  local mapping = same_columns(self, from_model, to_model)
  if field.composite then -- the key of rows that are there: two of the same are an IntegrityError
    self:remake(from_model, to_model, mapping)
    return
  end
  local default = effective_default(field)
  local simple = field.null and default == nil and not field.unique and not field.primary_key and not field.generated and field.db_default == nil
  if simple and not (field.remote_model and field.db_constraint ~= false) then
    self:execute(("ALTER TABLE %s ADD COLUMN %s"):format(self.quote(to_model._meta.db_table), self:column_sql(to_model, field)))
    local index = self:field_index_sql(to_model, field)
    if index then
      self:defer(to_model._meta.db_table, index)
    end
    return
  end
  if not field.generated and field.db_default == nil then
    mapping[field.column] = self.literal(to_model, field, default)
  end
  local ok, err = pcall(as_only_key, to_model, field, function()
    self:remake(from_model, to_model, mapping)
  end)
  if not ok then
    if default == nil and tostring(err.message):find("NOT NULL constraint failed", 1, true) then
      err.message = err.message .. (" (the rows that are there have no value for '%s', which has no default: give them one in a RunLua or RunSQL while it is null = true)"):format(field.name)
    end
    error(err, 0)
  end
end

function Sqlite:remove_field(from_model, to_model, field)
  if field.many then
    if field.relation_info.auto_created then
      self:delete_model(field.through_model)
    end
    return
  end
  self:remake(from_model, to_model, same_columns(self, from_model, to_model))
end

local function quiet_option(old, new)
  local ignored = {
    blank = true, choices = true, db_comment = true, editable = true, error_messages = true, help_text = true,
    limit_choices_to = true, on_delete = true, related_name = true, related_query_name = true, validators = true,
    verbose_name = true, default = true, auto_now = true, auto_now_add = true, unique_for_date = true,
    unique_for_month = true, unique_for_year = true, serialize = true, upload_to = true, storage = true,
  }
  local a, b = old.options_given, new.options_given
  for _, pair in ipairs { { a, b }, { b, a } } do
    for name, value in pairs(pair[1]) do
      if not ignored[name] and pair[2][name] ~= value then
        return false
      end
    end
  end
  return old.class_name == new.class_name and old.column == new.column
end

-- Whether the column has another name and nothing else: SQLite can do that, and takes along
-- what names it (constraints, indexes, triggers, views, columns that point at it).
local function only_name(self, from_model, to_model, old, new)
  if old.column == new.column or old.generated or new.generated then
    return false
  end
  local a, b = self:column_sql(from_model, old), self:column_sql(to_model, new)
  local target = old.remote_model and self:references(old)
  return a:gsub(self.quote(old.column):gsub("%p", "%%%0"), "") == b:gsub(self.quote(new.column):gsub("%p", "%%%0"), "") and (not target or target == self:references(new))
end

function Sqlite:alter_field(from_model, to_model, old, new)
  local join_tables = old.many and new.many and old.relation_info.auto_created == new.relation_info.auto_created
  if join_tables then
    self:alter_many(old, new)
    return
  elseif old.many or new.many then
    error(exceptions.ValueError(("Cannot alter field %s into %s: they are not compatible types (you cannot alter to or from M2M fields, or add or remove through= on M2M fields). To keep the rows of the join table, write SeparateDatabaseAndState (docs/guide/migrations.md, \"A through model for a relation that is there\"); else remove the field and add it again"):format(old.name, new.name)), 0)
  elseif old.composite and new.composite then
    if table.concat(old.parts, " ") ~= table.concat(new.parts, " ") then
      self:remake(from_model, to_model, same_columns(self, from_model, to_model))
    end
    return
  elseif quiet_option(old, new) and not new.generated then
    return
  end
  if only_name(self, from_model, to_model, old, new) then
    self:execute(("ALTER TABLE %s RENAME COLUMN %s TO %s"):format(self.quote(to_model._meta.db_table), self.quote(old.column), self.quote(new.column)))
    self:rename_indexes(from_model, to_model)
    return
  end
  local mapping = same_columns(self, from_model, to_model)
  local source = self.quote(old.column)
  if old.null and not new.null then
    local default = effective_default(new)
    if default ~= nil or new.db_default ~= nil then
      source = ("coalesce(%s, %s)"):format(source, self.literal(to_model, new, default))
    end
  end
  if not new.generated then
    mapping[new.column] = source
  end
  as_only_key(to_model, new, function()
    self:remake(from_model, to_model, mapping)
  end)
  if old.unique or old.primary_key then
    self:remake_referrers(from_model, to_model, new)
  end
end

-- All classes with tables of a state, those of join tables too.
local function all_models(registry)
  local list = {}
  for _, class in ipairs(registry:models()) do
    if class._meta.managed ~= false and not class._meta.proxy then
      list[#list + 1] = class
      for _, field in ipairs(class._meta.many_to_many) do
        if field.relation_info.auto_created and class._meta.local_by_name[field.name] then
          list[#list + 1] = field.through_model
        end
      end
    end
  end
  return list
end

local function by_table(list, name)
  for _, class in ipairs(list) do
    if class._meta.db_table == name then
      return class
    end
  end
  return nil
end

--- Columns that point at a key whose type has changed are made anew as well, and those that
--- point at them.
function Sqlite:remake_referrers(from_model, to_model, key)
  local before = all_models(from_model._meta.registry)
  for _, class in ipairs(all_models(to_model._meta.registry)) do
    for _, field in ipairs(self.local_columns(class)) do
      local old_class = field.target_field == key and field.remote_model == to_model and by_table(before, class._meta.db_table)
      local old = old_class and old_class._meta.local_by_name[field.name]
      if old and old ~= field and self.column_type(old_class, old) ~= self.column_type(class, field) then
        self:remake(old_class, class, same_columns(self, class, class))
        if field.unique or field.primary_key then
          self:remake_referrers(from_model, class, field)
        end
      end
    end
  end
end

-- A join table that follows its relation: name, columns, what they point at.
local function follow(self, from, to)
  if from._meta.db_table ~= to._meta.db_table then
    self:alter_db_table(to, from._meta.db_table, to._meta.db_table)
  end
  if self:table_sql(from, "x") ~= self:table_sql(to, "x") then
    self:remake_renamed(from, to)
  else
    self:rename_indexes(from, to)
  end
end

function Sqlite:alter_many(old, new)
  if new.relation_info.auto_created then
    follow(self, old.through_model, new.through_model)
  end
end

-- ---- what is part of the table ----

function Sqlite:alter_unique_together(from_model, to_model)
  self:remake(from_model, to_model, same_columns(self, from_model, to_model))
end

function Sqlite:add_constraint(from_model, to_model, constraint)
  if not self.supports(constraint) then
    return
  elseif constraint.class_name == "UniqueConstraint" and not self:constraint_inline(to_model, constraint) then
    self:execute(self:constraint_index(to_model, constraint))
    return
  end
  self:remake(from_model, to_model, same_columns(self, from_model, to_model))
end

function Sqlite:remove_constraint(from_model, to_model, constraint)
  if not self.supports(constraint) then
    return
  elseif constraint.class_name == "UniqueConstraint" and not self:constraint_inline(from_model, constraint) then
    self:execute("DROP INDEX " .. self.quote(constraint.name))
    return
  end
  self:remake(from_model, to_model, same_columns(self, from_model, to_model))
end

--- A table's new name, also in the join tables that bear it or the name of the model.
function Sqlite:rename_model(from_model, to_model)
  self:rename_table(from_model, to_model)
  local before = from_model._meta.registry
  for _, class in ipairs(to_model._meta.registry:models()) do
    local old_class = class == to_model and from_model or before:find(class._meta.label)
    for _, field in ipairs(class._meta.many_to_many) do
      local old = old_class and old_class._meta.local_by_name[field.name]
      if old and field.relation_info.auto_created and class._meta.local_by_name[field.name] == field then
        follow(self, old.through_model, field.through_model)
      end
    end
  end
end

-- The name that an index really has.
local function real_name(self, table_name, name, sql)
  local like
  for _, index in ipairs(hangs_on(self, "index", table_name)) do
    if index.name == name then
      return name
    elseif without_name(index.sql) == without_name(sql) then
      like = index.name
    end
  end
  return like
end

--- Indexes whose names are made of those of table and columns get their new names.
function Sqlite:rename_indexes(from_model, to_model)
  local old, new = self:table_indexes(from_model), self:table_indexes(to_model)
  for i, sql in ipairs(new) do
    local old_name, new_name = old[i]:match 'INDEX "(.-)" ON', sql:match 'INDEX "(.-)" ON'
    if not self:replace_deferred(old_name, sql) and old_name ~= new_name then
      local real = self.collect and old_name or real_name(self, to_model._meta.db_table, old_name, sql)
      if real and real ~= new_name then
        self:execute("DROP INDEX " .. self.quote(real))
      end
      if real ~= new_name then
        self:execute(sql)
      end
    end
  end
end

-- Columns in the order of their places: of a join table whose ForeignKeys changed their names.
function Sqlite:remake_renamed(from_model, to_model)
  local mapping = {}
  local from = self.local_columns(from_model)
  for i, field in ipairs(self.local_columns(to_model)) do
    mapping[field.column] = self.quote(from[i].column)
  end
  self:remake(from_model, to_model, mapping)
end

--- Rows that point at nothing: IntegrityError names the first.
function Sqlite:check_constraints()
  local bad = rows(self, "PRAGMA foreign_key_check")
  if #bad == 0 then
    return
  end
  local row = bad[1]
  error(exceptions.IntegrityError(("The row in table '%s' with rowid %s has an invalid foreign key: it points at a row of '%s' that does not exist (%d such rows)"):format(tostring(row.table), tostring(row.rowid), tostring(row.parent), #bad)), 0)
end

return Sqlite
