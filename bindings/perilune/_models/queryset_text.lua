-- SPDX-License-Identifier: MIT
-- QuerySets as text: for people, for the database's EXPLAIN; raw().
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local QuerySet = require "perilune._models.queryset"

local read_db, world_of = QuerySet._read_db, QuerySet._world

function QuerySet._repr(self)
  local shown = {}
  local rows = rawget(self, "_result") or QuerySet._run_rows(self, self._code.high < 0 and orm.slice(self._code, 0, 21) or self._code)
  for i = 1, math.min(#rows, 20) do
    local row = rows[i]
    shown[i] = type(row) == "table" and rawget(self, "_values") and require("perilune.json").encode(row) or ("<%s: %s>"):format(self._model._meta.object_name, tostring(row))
  end
  if #rows > 20 then
    shown[#shown + 1] = "...(remaining elements truncated)..."
  end
  return "<QuerySet [" .. table.concat(shown, ", ") .. "]>"
end

local function get_query(self)
  return setmetatable({}, {
    __tostring = function()
      return orm.text(world_of(self), read_db(self), self._code)
    end,
  })
end

--- SQL and its parameters.
function QuerySet:sql()
  local sql, params = orm.sql(world_of(self), read_db(self), self._code)
  return sql, params
end

-- SQLite cannot tell what a query has cost: it is run, and looked at from outside.
local function analyzed(self)
  local rows
  local seen = db.capture(function()
    rows = #QuerySet._run_rows(self:all(), self._code)
  end)
  local ms = 0
  for _, statement in ipairs(seen) do
    ms = ms + statement.ms
  end
  return ("%d row%s in %.3f ms"):format(rows, rows == 1 and "" or "s", ms)
end

--- explain{ format = "text", analyze = true } → text. analyze runs the query, and says how many
--- rows there were and how long it took.
function QuerySet:explain(options)
  options = options or {}
  local names = {}
  for k in pairs(options) do
    if k ~= "format" and k ~= "analyze" then
      names[#names + 1] = k
    end
  end
  table.sort(names)
  if names[1] then
    error(exceptions.ValueError(("Unknown options: %s (explain takes format and analyze)"):format(table.concat(names, ", "))), 2)
  end
  local lines = {}
  for _, row in ipairs(orm.rows(world_of(self), read_db(self), orm.explain(self._code, options.format))) do
    local parts = {}
    for i = 1, row.n or #row do
      parts[i] = tostring(row[i])
    end
    lines[#lines + 1] = table.concat(parts, " ")
  end
  if options.analyze then
    lines[#lines + 1] = analyzed(self)
  end
  return table.concat(lines, "\n")
end

--- Product.objects:raw("SELECT … WHERE x > ?", { 3 })
function QuerySet:raw(sql, params, options)
  return require("perilune._models.raw")(self._model, sql, params, options, self._db)
end

-- Attributes of Django's that are no methods: qs.query, qs.model.
QuerySet._attributes.query = get_query
--- Whether order_by() or the model's Meta puts the rows in an order.
QuerySet._attributes.ordered = function(self)
  local _, _, ordered = orm.sql(world_of(self), read_db(self), self._code)
  return ordered
end
QuerySet._attributes.model = function(self)
  return rawget(self, "_model")
end

return QuerySet
