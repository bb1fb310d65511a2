-- SPDX-License-Identifier: MIT
-- perilune inspectdb: models for tables that are there.
local core = require "perilune._core"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local fields = require "perilune._inspectdb.fields"
local tables = require "perilune._inspectdb.tables"

local HEAD = [[
-- Models for tables that are there, as far as the database tells. Look through them:
--   * the order of models, and names that were made of those of tables and columns;
--   * on_delete = models.DO_NOTHING of relations: what should happen?
--   * what is marked as guessed.
-- With managed = false migrations leave the tables alone; take it out to let them look after them.
local models = require "perilune.models"

local M = {}
]]

-- "shop_productTags" → "ShopProducttags", as Django does it.
local function class_name(table_name, taken)
  local name = table_name:lower():gsub("%f[%a]%a", string.upper):gsub("%W", ""):gsub("_", "")
  name = name:match "^%a" and name or "Table" .. name
  local unique, n = name, 1
  while taken[unique:lower()] do
    n = n + 1
    unique = name .. n
  end
  taken[unique:lower()] = true
  return unique
end

-- ---- one model ----

local Model = {}
Model.__index = Model

-- The key of a table without one: a column called id or else the first.
local function guess_key(t)
  for _, column in ipairs(t.columns) do
    if column.name:lower() == "id" then
      return column.name
    end
  end
  return t.columns[1] and t.columns[1].name
end

-- A name that no other field of the model has.
function Model:field_name(column, foreign)
  local name = fields.name(column.name, foreign)
  local taken, n = name, 0
  while self.names[name] do
    name, n = ("%s_%d"):format(taken, n), n + 1
  end
  self.names[name], self.by_column[column.name] = true, name
  return name
end

-- ForeignKey("Tag", …): class, first argument, options.
function Model:relation(column, foreign, single)
  local t = self.table
  local kind = (single or t.unique[column.name]) and "OneToOneField" or "ForeignKey"
  local options, target = { "on_delete = models.DO_NOTHING" }, self.all[foreign.table]
  if foreign.column and not (target.keys[1] == foreign.column and #target.keys == 1) then
    options[#options + 1] = ("to_field = %q"):format(fields.name(foreign.column))
  end
  if self.pointed[foreign.table] then -- a second one needs another name on the other side
    options[#options + 1] = ("related_name = %q"):format(("%s_%s_set"):format(self.name:lower(), fields.name(column.name, true)))
  end
  self.pointed[foreign.table] = true
  if kind == "ForeignKey" and not t.single[column.name] and not t.view then
    options[#options + 1] = "db_index = false"
  end
  return kind, foreign.table == t.name and "self" or self.classes[foreign.table], options
end

function Model:field_line(column)
  local t = self.table
  local foreign = t.foreign[column.name]
  foreign = foreign and self.all[foreign.table] and foreign or nil
  local key = #t.keys == 1 and t.keys[1] or #t.keys == 0 and guess_key(t)
  local single = key == column.name
  local kind, target, options, notes
  local name = self:field_name(column, foreign)
  if foreign then
    kind, target, options = self:relation(column, foreign, single)
    notes = {}
  else
    local note
    kind, options, note = fields.type(column, single and #t.keys == 1, t.json[column.name])
    options, notes = options or {}, { note }
  end
  if column.name ~= (foreign and name .. "_id" or name) then
    options[#options + 1] = ("db_column = %q"):format(column.name)
  end
  if single then
    options[#options + 1] = "primary_key = true"
    notes[#notes + 1] = #t.keys == 0 and "the key is guessed: there is none" or nil
  elseif t.unique[column.name] and not foreign then
    options[#options + 1] = "unique = true"
  elseif t.single[column.name] and not foreign then
    options[#options + 1] = "db_index = true"
  end
  if column.notnull == 0 and column.pk == 0 and not single then
    options[#options + 1] = "blank = true"
    options[#options + 1] = "null = true"
  end
  local collation = t.definitions[column.name:lower()] and t.definitions[column.name:lower()].collation
  if collation and (kind == "CharField" or kind == "TextField") then
    options[#options + 1] = ("db_collation = %q"):format(collation)
  end
  local default, note = fields.default(column.dflt_value, kind)
  options[#options + 1] = default
  notes[#notes + 1] = note
  local text = #options == 0 and "{}" or "{ " .. table.concat(options, ", ") .. " }"
  local call = foreign and ("models.%s(%q, %s)"):format(kind, target, text) or ("models.%s%s"):format(kind, text)
  return ("  %s = %s,%s"):format(name, call, #notes > 0 and " -- " .. table.concat(notes, "; ") or "")
end

-- The expression is SQL; for queries it does not matter.
function Model:generated_line(column)
  local class, options, note = fields.type(column)
  local sql = self.table.definitions[column.name:lower()].expression
  local name = self:field_name(column)
  local text = ("expression = models.RawSQL(%q), output_field = models.%s{ %s }, db_persist = %s"):format(
    (sql:gsub("%s+", " "):gsub("%?", "??")), class, table.concat(options or {}, ", "), column.hidden == 3)
  if name ~= column.name then
    text = text .. (", db_column = %q"):format(column.name)
  end
  return ("  %s = models.GeneratedField{ %s },%s"):format(name, (text:gsub("{  }", "{}")), note and " -- " .. note or "")
end

-- { "a", "-b" } of columns as an index has them.
function Model:column_list(columns)
  local parts = {}
  for i, pair in ipairs(columns) do
    parts[i] = ("%q"):format((pair[2] and "-" or "") .. (self.by_column[pair[1]] or pair[1]))
  end
  return table.concat(parts, ", ")
end

function Model:meta_lines()
  local t = self.table
  local lines = { ("    managed = false, db_table = %q,%s"):format(t.name, t.view and " -- a view" or "") }
  local together, indexes, notes = {}, {}, {}
  for i, columns in ipairs(t.together) do
    together[i] = "{ " .. self:column_list(columns) .. " }"
  end
  if #together > 0 then
    lines[#lines + 1] = "    unique_together = { " .. table.concat(together, ", ") .. " },"
  end
  for _, index in ipairs(t.indexes) do
    if index.columns and not index.partial and not index.unique and #index.name <= 30 then
      indexes[#indexes + 1] = ("      models.Index{ %s, name = %q },"):format(self:column_list(index.columns), index.name)
    else
      notes[#notes + 1] = ("    -- there is also the %sindex %s"):format(index.unique and "unique " or "", index.name)
    end
  end
  if #indexes > 0 then
    lines[#lines + 1] = "    indexes = {\n" .. table.concat(indexes, "\n") .. "\n    },"
  end
  return table.concat(table.move(notes, 1, #notes, #lines + 1, lines), "\n")
end

function Model:text()
  local lines, t = {}, self.table
  for _, column in ipairs(t.columns) do
    if column.hidden == 2 or column.hidden == 3 then
      lines[#lines + 1] = self:generated_line(column)
    else
      lines[#lines + 1] = self:field_line(column)
    end
  end
  if #t.keys > 1 then
    local parts = {}
    for i, key in ipairs(t.keys) do
      parts[i] = { key }
    end
    table.insert(lines, 1, ("  pk = models.CompositePrimaryKey(%s),"):format(self:column_list(parts)))
  end
  return ("M.%s = models.Model(%q, {\n%s\n  Meta = {\n%s\n  },\n})\n"):format(self.name, self.name, table.concat(lines, "\n"), self:meta_lines())
end

-- ---- the command ----

local function check_names(wanted, list)
  local known, there = {}, {}
  for i, row in ipairs(list) do
    known[i], there[row.name] = row.name, true
  end
  for _, name in ipairs(wanted) do
    if not there[name] then
      error(exceptions.CommandError(("there is no table '%s'%s"):format(name, core.suggest(name, known))), 0)
    end
  end
end

local function handle(options, command)
  local connection = db.connection(options.database)
  local list, all, classes, taken, wanted = tables.list(connection), {}, {}, {}, {}
  check_names(options.table, list)
  for _, name in ipairs(options.table) do
    wanted[name] = true
  end
  for _, row in ipairs(list) do
    all[row.name] = tables.describe(connection, row.name, row.type == "view")
    classes[row.name] = class_name(row.name, taken)
  end
  command:write(HEAD .. "\n")
  for _, row in ipairs(list) do
    local chosen = #options.table > 0 and wanted[row.name] or #options.table == 0 and (row.type == "table" or options.include_views)
    if chosen then
      local model = { table = all[row.name], all = all, name = classes[row.name], classes = classes, names = {}, by_column = {}, pointed = {} }
      command:write(setmetatable(model, Model):text())
    end
  end
  command:write "return M"
end

return {
  help = "write models for the tables of a database",
  description = "Prints a models.lua: names, types and relations are those of the tables; look at what is guessed. The models have managed = false: migrations leave these tables alone.",
  requires = "project",
  arguments = {
    { "table", nargs = "*", help = "of these tables (and views) only" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--include-views", flag = true, help = "views, too" },
  },
  handle = handle,
}
