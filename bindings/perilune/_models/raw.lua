-- SPDX-License-Identifier: MIT
-- Product.objects:raw(sql, params): rows of an author's SQL as instances; columns that are
-- no fields become attributes, fields that are missing are deferred.
local check_options = require "perilune._options"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local from_db = require "perilune._models.from_db"
local json = require "perilune.json"
local post_init = require("perilune.signals").post_init
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local sorted_keys = require "perilune._sorted_keys"
local suggest = require("perilune._core").suggest
local time = require "perilune.time"

local mt = { __name = "perilune.models.RawQuerySet" }
local methods = {}

-- ---- values ----

-- Types whose columns hold something else than to_python() takes.
local readers = {
  JSONField = function(_, value)
    return type(value) == "string" and json.decode(value) or value
  end,
  DurationField = function(_, value)
    return math.type(value) == "integer" and time.timedelta { microseconds = value } or value
  end,
  DecimalField = function(field, value)
    value = field:to_python(value)
    return value and value:quantize(decimal("1e-" .. field.decimal_places))
  end,
  FloatField = function(_, value)
    return value + 0.0
  end,
  BinaryField = function(_, value)
    return value
  end,
}

-- What the field makes of its column's value, as a QuerySet would.
local function read_value(field, value, using)
  field = field.output_field or field
  field = field.target_field or field
  local reader = readers[field:get_internal_type()]
  if reader then
    value = reader(field, value)
  elseif not field.from_db_value then
    value = field:to_python(value)
  end
  if field.from_db_value then
    value = field:from_db_value(value, using)
  end
  return value
end

-- ---- rows ----

-- The field that each column of the SQL is of; nil for those that are attributes.
local function fields_of(self, columns)
  local meta = self.model._meta
  local by_column, found = {}, {}
  for _, field in ipairs(meta.fields) do
    by_column[field.column] = field
  end
  for _, column in ipairs(columns) do
    local name = self.translations[column] or column
    found[column] = by_column[name] or meta.fields_by_name[name] or meta.fields_by_attname[name]
  end
  return found
end

local function shared_state(self, fields, using)
  local loaded = {}
  for _, field in pairs(fields) do
    loaded[field.attname] = true
  end
  local pk = self.model._meta.pk
  for _, part in ipairs(pk.parts or { pk.attname }) do
    if not loaded[part] then
      error(exceptions.FieldDoesNotExist "Raw query must include the primary key", 0)
    end
  end
  return { db = using, adding = false, loaded = loaded, peers = setmetatable({}, { __mode = "v" }) }
end

local function run(self)
  local class = self.model
  local using = self:db()
  local rows = {}
  local found, columns = db.connection(using):_query(self.raw_query, self.params)
  rawset(self, "columns", columns) -- empty when there are no rows
  if #found == 0 then
    return rows
  end
  local fields = fields_of(self, columns)
  local state = shared_state(self, fields, using)
  for row in found do
    local object = { _orm = state }
    for column, value in pairs(row) do
      local field = fields[column]
      if field then
        object[field.attname] = read_value(field, value, using)
      else
        object[self.translations[column] or column] = value
      end
    end
    rows[#rows + 1] = setmetatable(object, class)
    state.peers[#rows] = object
  end
  rows = from_db.rows(rows, using)
  if #rows > 0 and self.prefetch then
    require("perilune._models.prefetch").run(rows, self.prefetch)
  end
  if post_init:has_listeners(class) then
    for _, row in ipairs(rows) do
      send.post_init(class, row)
    end
  end
  return rows
end

-- ---- methods ----

local function changed(self, key, value)
  local copy = { [key] = value }
  for _, k in ipairs { "model", "raw_query", "params", "translations", "using_db", "prefetch" } do
    copy[k] = copy[k] or rawget(self, k)
  end
  return setmetatable(copy, mt)
end

--- The alias of the database that it runs on.
function methods:db()
  return rawget(self, "using_db") or routing.read(self.model)
end

function methods:rows()
  local rows = rawget(self, "_rows")
  if not rows then
    rows = run(self)
    rawset(self, "_rows", rows)
  end
  return rows
end

function methods:iter()
  local rows, i = self:rows(), 0
  return function()
    i = i + 1
    return rows[i]
  end
end
methods.iterator = methods.iter

function methods:using(alias)
  return changed(self, "using_db", alias)
end

--- As that of QuerySets.
function methods:prefetch_related(...)
  local all = { table.unpack(rawget(self, "prefetch") or {}) }
  for i = 1, select("#", ...) do
    all[#all + 1] = (select(i, ...))
    require("perilune._models.prefetch").check(self.model, all, 2)
  end
  return changed(self, "prefetch", all)
end

function methods:to_list()
  return { table.unpack(self:rows()) }
end

mt.__index = function(self, key)
  if type(key) == "number" then
    return self:rows()[key]
  end
  if key == "columns" then
    self:rows()
    return rawget(self, "columns")
  end
  local method = methods[key]
  if method == nil and type(key) == "string" and not key:find "^[_%d]" and key ~= "prefetch" and key ~= "using_db" then
    local names = sorted_keys(methods)
    error(exceptions.AttributeError(("raw(…) has no '%s', the SQL says which rows there are%s"):format(key, suggest(key, names))), 2)
  end
  return method
end
mt.__len = function(self)
  return #self:rows()
end
mt.__pack = function()
  error(exceptions.TypeError "a RawQuerySet cannot be kept as data: keep its rows, raw(…):to_list()", 0)
end
mt.__tostring = function(self)
  return "<RawQuerySet: " .. self.raw_query .. ">"
end

local function raw(model, sql, params, options, using)
  if type(sql) ~= "string" then
    error(exceptions.TypeError(("raw(sql, params) takes SQL as a string, not a %s"):format(type(sql))), 3)
  elseif params ~= nil and type(params) ~= "table" then
    error(exceptions.TypeError(("raw(sql, params) takes a list of parameters, not a %s"):format(type(params))), 3)
  end
  options = check_options("raw", options, { translations = true, using = true })
  return setmetatable({ model = model, raw_query = sql, params = params or {}, translations = options.translations or {}, using_db = options.using or using }, mt)
end

return raw
