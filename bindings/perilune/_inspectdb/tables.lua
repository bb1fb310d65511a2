-- SPDX-License-Identifier: MIT
-- What SQLite knows of a table or view: columns, keys, foreign keys, indexes.
local definitions = require "perilune._inspectdb.definitions"

local M = {}

local function quoted(name)
  return '"' .. name:gsub('"', '""') .. '"'
end

--- Names and types ("table", "view") of all of them, sorted; without those of SQLite and of
--- migrations.
function M.list(connection)
  local list = {}
  for _, row in ipairs(connection:query "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@' AND name <> 'django_migrations' ORDER BY name") do
    list[#list + 1] = row
  end
  return list
end

-- Column → { table =, column = }; foreign keys of several columns are left out.
local function foreign_keys(connection, name)
  local by_id, foreign = {}, {}
  for _, row in ipairs(connection:query("PRAGMA foreign_key_list(" .. quoted(name) .. ")")) do
    by_id[row.id] = by_id[row.id] or {}
    table.insert(by_id[row.id], row)
  end
  for _, list in pairs(by_id) do
    if #list == 1 then
      foreign[list[1].from] = { table = list[1].table, column = list[1].to }
    end
  end
  return foreign
end

-- Columns of an index: { name, descending }; nil when it holds an expression.
local function index_columns(connection, name)
  local list = {}
  for _, part in ipairs(connection:query("PRAGMA index_xinfo(" .. quoted(name) .. ")")) do
    if part.key == 1 then
      if part.name == nil then
        return nil
      end
      list[#list + 1] = { part.name, part.desc == 1 }
    end
  end
  return list
end

-- Columns whose values a CHECK holds to be JSON.
local function json_columns(sql)
  local found = {}
  for column in sql:gmatch '[Jj][Ss][Oo][Nn]_[Vv][Aa][Ll][Ii][Dd]%s*%(%s*["`%[]?([^"`%])]+)' do
    found[column] = true
  end
  return found
end

--- { name, view, columns, keys (names in order), foreign, unique (a set of columns), together,
--- indexes (other ones: { name, columns, unique, note }), single (columns with an index), json,
--- definitions (of definitions.lua) }
function M.describe(connection, name, is_view)
  local master = connection:query("SELECT sql FROM sqlite_master WHERE name = ?", { name })[1]
  local sql = not is_view and master and master.sql or ""
  local t = {
    definitions = definitions(sql),
    name = name, view = is_view, columns = {}, foreign = foreign_keys(connection, name), json = json_columns(sql), unique = {}, together = {},
    indexes = {}, single = {}, keys = {},
  }
  for _, c in ipairs(connection:query("PRAGMA table_xinfo(" .. quoted(name) .. ")")) do
    if c.hidden ~= 1 then
      t.columns[#t.columns + 1] = c
    end
    if c.pk > 0 then
      t.keys[c.pk] = c.name
    end
  end
  for _, index in ipairs(connection:query("PRAGMA index_list(" .. quoted(name) .. ")")) do
    local columns = index.origin ~= "pk" and index_columns(connection, index.name)
    local whole = columns and index.partial == 0
    if columns and whole and index.unique == 1 and #columns == 1 then
      t.unique[columns[1][1]] = true
    elseif columns and whole and index.unique == 1 then
      table.insert(t.together, 1, columns)
    elseif columns and whole and #columns == 1 and not columns[1][2] then
      t.single[columns[1][1]] = true
    elseif index.origin ~= "pk" then
      table.insert(t.indexes, 1, { name = index.name, columns = columns or nil, unique = index.unique == 1, partial = index.partial == 1 })
    end
  end
  return t
end

return M
