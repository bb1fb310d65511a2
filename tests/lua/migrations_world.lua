-- SPDX-License-Identifier: MIT
-- Migrations without files, for tests: a history of operations on a database in memory, each
-- step held against what a fresh database with the same models has.
local databases = require "perilune._databases"
local db = require "perilune.db"
local executors = require "perilune._migrations.executor"
local loaders = require "perilune._migrations.loader"
local Schema = require "perilune._migrations.schema_sqlite"

databases.configure {
  default = { engine = "sqlite", name = ":memory:" },
  fresh = { engine = "sqlite", name = ":memory:" },
}

local M = {}

-- What stands between the outermost parentheses, at its commas, in order of the alphabet.
local function parts(text)
  local list, depth, start, quoted = {}, 0, 1, nil
  for i = 1, #text do
    local c = text:sub(i, i)
    if quoted then
      quoted = c ~= quoted and quoted or nil
    elseif c == "'" or c == '"' then
      quoted = c
    elseif c == "(" then
      depth = depth + 1
    elseif c == ")" then
      depth = depth - 1
    elseif c == "," and depth == 0 then
      list[#list + 1] = text:sub(start, i - 1):match "^%s*(.-)%s*$"
      start = i + 1
    end
  end
  list[#list + 1] = text:sub(start):match "^%s*(.-)%s*$"
  table.sort(list)
  return table.concat(list, "\n    ")
end

--- Everything that sqlite_master says, as one text; columns in order of their names.
function M.schema(alias)
  local lines = {}
  for row in db.connection(alias):query "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND name <> 'django_migrations' ORDER BY type, name" do
    local head, inner = row.sql:match "^(CREATE TABLE %S+) %((.*)%)$"
    lines[#lines + 1] = head and head .. "\n    " .. parts(inner) or row.sql
  end
  return table.concat(lines, "\n")
end

--- All rows of all tables as one text, columns in order of their names.
function M.rows(without)
  local connection, lines = db.connection(), {}
  for _, t in ipairs(connection:query "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'django_migrations' ORDER BY name") do
    for _, row in ipairs(connection:query("SELECT * FROM " .. Schema.quote(t.name))) do
      local cells = {}
      for k, v in pairs(row) do
        if not (without and without[k]) then
          cells[#cells + 1] = k .. "=" .. tostring(v)
        end
      end
      table.sort(cells)
      lines[#lines + 1] = t.name .. ": " .. table.concat(cells, ", ")
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- ---- a history ----

local History = {}
History.__index = History

--- An empty database and no migrations.
function M.history()
  local connection = db.connection()
  connection:execute "PRAGMA foreign_keys = OFF"
  for _, kind in ipairs { "view", "trigger", "table" } do
    for _, row in ipairs(connection:query("SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite_%'", { kind })) do
      connection:execute(("DROP %s IF EXISTS %s"):format(kind, Schema.quote(row.name)))
    end
  end
  connection:execute "PRAGMA foreign_keys = ON"
  return setmetatable({ list = {} }, History)
end

function History:executor()
  return executors.new("default", nil, function()
    local by_app, order = {}, {}
    for _, m in ipairs(self.list) do
      if not by_app[m.app_label] then
        by_app[m.app_label] = {}
        order[#order + 1] = { m.app_label, by_app[m.app_label] }
      end
      table.insert(by_app[m.app_label], m)
    end
    return order
  end)
end

--- Appends a migration with these operations; gives its name.
function History:add(operations, more)
  local last = self.list[#self.list]
  local name = ("%04d_step"):format(#self.list + 1)
  local m = {
    app_label = "shop", name = name, key = "shop." .. name, operations = operations, run_before = {},
    dependencies = last and { { last.app_label, last.name } } or {},
  }
  for k, v in pairs(more or {}) do
    m[k] = v
  end
  self.list[#self.list + 1] = m
  return name
end

function History:to(name)
  local executor = self:executor()
  executor:run(executor:plan { { "shop", name } })
end

--- The state after all of them.
function History:state()
  return loaders.load({}, self:executor().source):state()
end

--- The classes after all of them.
function History:apps()
  return self:state():apps()
end

-- The schema that the models of the state have in a database of their own.
function History:fresh()
  local connection = db.connection "fresh"
  connection:execute "PRAGMA foreign_keys = OFF"
  for _, row in ipairs(connection:query "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") do
    connection:execute("DROP TABLE " .. Schema.quote(row.name))
  end
  local schema = Schema.new(connection)
  for _, class in ipairs(self:apps():get_models()) do
    if class._meta.managed and not class._meta.proxy then
      schema:create_model(class)
    end
  end
  schema:finish()
  return M.schema "fresh"
end

local function same(want, got, what)
  if want ~= got then
    error(("%s\nwanted:\n%s\n\ngot:\n%s"):format(what, want, got), 3)
  end
end

local function sound()
  local connection = db.connection()
  assert(#connection:query "PRAGMA foreign_key_check" == 0)
  assert(connection:query "PRAGMA integrity_check"[1].integrity_check == "ok")
  assert(connection:query "PRAGMA foreign_keys"[1].foreign_keys == 1)
end

--- Runs operations forward (the schema must be that of a fresh database), back (schema and
--- rows must be as before; `lossy`: names of columns whose values cannot come back) and
--- forward again.
function History:step(operations, options)
  options = options or {}
  local before, rows = M.schema(), M.rows(options.lossy)
  local last = self.list[#self.list]
  local name = self:add(operations)
  self:to(name)
  sound()
  if not options.own_sql then
    same(self:fresh(), M.schema(), "forward: the schema")
  end
  if options.forward_only then
    return
  end
  self:to(last and last.name)
  sound()
  same(before, M.schema(), "back: the schema")
  same(rows, M.rows(options.lossy), "back: the rows")
  self:to(name)
  sound()
end

return M
