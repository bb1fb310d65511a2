-- SPDX-License-Identifier: MIT
-- perilune inspectdb: models for tables that are there.
local db = require "perilune.db"

local reserved = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while pk"):gmatch "%a+" do
  reserved[word] = true
end

-- "order items" → "order_items"; whether it had to change.
local function field_name(column, is_relation)
  local name = column:lower():gsub("[^%w_]", "_"):gsub("__+", "_"):gsub("^_+", ""):gsub("_+$", "")
  if is_relation then
    name = name:gsub("_id$", "")
  end
  if name == "" or name:match "^%d" then
    name = "number_" .. name
  end
  if reserved[name] then
    name = name .. "_field"
  end
  return name
end

local function class_name(table_name)
  local name = table_name:gsub("[^%w]+", " "):gsub("(%a)(%w*)", function(a, b)
    return a:upper() .. b
  end):gsub(" ", "")
  return name:match "^%a" and name or "Table" .. name
end

-- Class and options of a column's type.
local function field_type(column, only_key)
  local kind = column.type:lower()
  local base, length = kind:match "^([%a ]+)%s*%((%d+)", tonumber(kind:match "%((%d+)")
  base = (base or kind:match "^[%a ]*" or ""):gsub("%s+$", "")
  if only_key and base == "integer" then
    return "AutoField"
  end
  local simple = {
    bigint = "BigIntegerField", ["bigint unsigned"] = "PositiveBigIntegerField", blob = "BinaryField", bool = "BooleanField",
    boolean = "BooleanField", date = "DateField", datetime = "DateTimeField", timestamp = "DateTimeField", double = "FloatField",
    ["double precision"] = "FloatField", float = "FloatField", real = "FloatField", integer = "IntegerField", int = "IntegerField",
    ["integer unsigned"] = "PositiveIntegerField", smallint = "SmallIntegerField", ["smallint unsigned"] = "PositiveSmallIntegerField",
    text = "TextField", time = "TimeField",
  }
  if base == "char" and length == 32 then
    return "UUIDField"
  elseif base == "char" and length == 39 then
    return "GenericIPAddressField"
  elseif (base == "varchar" or base == "char" or base == "nvarchar") and length then
    return "CharField", { "max_length = " .. length }
  elseif base == "decimal" or base == "numeric" then
    local digits, places = kind:match "%((%d+)%s*,%s*(%d+)"
    return "DecimalField", { "max_digits = " .. (digits or 10), "decimal_places = " .. (places or 5) }, not digits and "digits are guessed" or nil
  end
  return simple[base] or "TextField", {}, not simple[base] and "the type is guessed: " .. (column.type == "" and "none" or column.type) or nil
end

-- What SQLite knows of a table: columns, keys, foreign keys, sets of unique columns.
local function describe(connection, name)
  local quoted = '"' .. name:gsub('"', '""') .. '"'
  local t = { name = name, columns = connection:query("PRAGMA table_xinfo(" .. quoted .. ")"), foreign = {}, unique = {}, together = {}, keys = {} }
  for _, row in ipairs(connection:query("PRAGMA foreign_key_list(" .. quoted .. ")")) do
    t.foreign[row.from] = { table = row.table, column = row.to }
  end
  for _, c in ipairs(t.columns) do
    if c.pk > 0 then
      t.keys[c.pk] = c.name
    end
  end
  for _, index in ipairs(connection:query("PRAGMA index_list(" .. quoted .. ")")) do
    if index.unique == 1 and index.partial == 0 and index.origin ~= "pk" then
      local set = {}
      for _, part in ipairs(connection:query('PRAGMA index_info("' .. index.name:gsub('"', '""') .. '")')) do
        set[#set + 1] = part.name
      end
      if #set == 1 then
        t.unique[set[1]] = true
      elseif #set > 1 then
        table.insert(t.together, 1, set)
      end
    end
  end
  return t
end

local function field_line(t, column, names)
  local foreign = t.foreign[column.name]
  local options, note = {}, nil
  local single = #t.keys == 1 and t.keys[1] == column.name
  local kind, more
  if foreign then
    kind = (single or t.unique[column.name]) and "OneToOneField" or "ForeignKey"
    options[1] = "on_delete = models.DO_NOTHING"
  else
    kind, more, note = field_type(column, single)
    for _, option in ipairs(more or {}) do
      options[#options + 1] = option
    end
  end
  local name = field_name(column.name, foreign)
  while names[name] do
    name = name .. "_1"
  end
  names[name], names["column:" .. column.name] = true, name
  local expected = foreign and name .. "_id" or name
  if column.name ~= expected then
    options[#options + 1] = ("db_column = %q"):format(column.name)
  end
  if single then
    options[#options + 1] = "primary_key = true"
  elseif t.unique[column.name] and not foreign then
    options[#options + 1] = "unique = true"
  end
  if column.notnull == 0 and column.pk == 0 then
    options[#options + 1] = "blank = true"
    options[#options + 1] = "null = true"
  end
  if foreign then
    options[#options + 1] = 'related_name = "+"'
  end
  local text = #options == 0 and "{}" or "{ " .. table.concat(options, ", ") .. " }"
  local call = foreign and ("models.%s(%q, %s)"):format(kind, foreign.table == t.name and "self" or class_name(foreign.table), text) or ("models.%s%s"):format(kind, text)
  return ("  %s = %s,%s"):format(name, call, note and " -- " .. note or "")
end

local function model_text(t, is_view)
  local lines, names = {}, {}
  for _, column in ipairs(t.columns) do
    if column.hidden ~= 1 then
      lines[#lines + 1] = field_line(t, column, names)
    end
  end
  if #t.keys > 1 then
    local parts = {}
    for i, key in ipairs(t.keys) do
      parts[i] = ("%q"):format(names["column:" .. key])
    end
    table.insert(lines, 1, ("  key = models.CompositePrimaryKey(%s),"):format(table.concat(parts, ", ")))
  end
  local together = {}
  for i, set in ipairs(t.together) do
    local parts = {}
    for k, column in ipairs(set) do
      parts[k] = ("%q"):format(names["column:" .. column] or column)
    end
    together[i] = "{ " .. table.concat(parts, ", ") .. " }"
  end
  lines[#lines + 1] = ("  Meta = { managed = false, db_table = %q%s },%s"):format(t.name, #together > 0 and ", unique_together = { " .. table.concat(together, ", ") .. " }" or "", is_view and " -- a view" or "")
  local name = class_name(t.name)
  return ("M.%s = models.Model(%q, {\n%s\n})\n"):format(name, name, table.concat(lines, "\n"))
end

return {
  help = "write models for the tables of a database",
  description = "Prints a models.lua: names, types and relations are those of the tables; look at what is guessed. The models have managed = false: migrations leave these tables alone.",
  requires = "project",
  arguments = {
    { "table", nargs = "*", help = "of these tables only" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--include-views", flag = true, help = "views, too" },
  },
  handle = function(options, command)
    local connection = db.connection(options.database)
    local wanted = {}
    for _, name in ipairs(options.table) do
      wanted[name] = true
    end
    command:write 'local models = require "perilune.models"\n\nlocal M = {}\n'
    for _, row in ipairs(connection:query "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' AND name <> 'django_migrations' ORDER BY name") do
      local chosen = next(wanted) and wanted[row.name] or not next(wanted) and (row.type == "table" or options.include_views)
      if chosen then
        command:write(model_text(describe(connection, row.name), row.type == "view"))
      end
    end
    command:write "return M"
  end,
}
