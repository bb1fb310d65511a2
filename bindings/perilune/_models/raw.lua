-- SPDX-License-Identifier: MIT
-- Product.objects:raw(sql, params): rows of an author's SQL as instances; columns that are
-- no fields become attributes, fields that are missing are deferred.
local check_options = require "perilune._options"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local routing = require "perilune._models.routing"

local mt = { __name = "perilune.models.RawQuerySet" }
local methods = {}

local function run(self)
  local class = self.model
  local meta = class._meta
  local translations = {}
  for k, v in pairs(self.translations) do
    translations[k] = v
  end
  local by_column = {}
  for _, field in ipairs(meta.fields) do
    by_column[field.column] = field
  end
  local state
  local rows = {}
  local connection = db.connection(self.using_db or routing.read(class))
  for row in connection:query(self.raw_query, self.params) do
    local object, loaded = {}, {}
    for column, value in pairs(row) do
      local name = translations[column] or column
      local field = by_column[name] or meta.fields_by_attname[name]
      if field then
        loaded[field.attname] = true
        object[field.attname] = field:to_python(value)
      else
        object[name] = value
      end
    end
    if not state then
      state = { db = self.using_db or routing.read(class), adding = false, peers = setmetatable({}, { __mode = "v" }) }
      for _, column in ipairs(self:columns_of(row)) do
        local field = by_column[translations[column] or column]
        if field then
          loaded[field.attname] = true
        end
      end
      state.loaded = loaded
      if not loaded[meta.pk.attname] then
        error(exceptions.FieldDoesNotExist "Raw query must include the primary key", 0)
      end
    end
    object._state = state
    rows[#rows + 1] = setmetatable(object, class)
    state.peers[#rows] = rows[#rows]
  end
  return rows
end

function methods.columns_of(_, row)
  local list = {}
  for column in pairs(row) do
    list[#list + 1] = column
  end
  return list
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

function methods:using(alias)
  return setmetatable({ model = self.model, raw_query = self.raw_query, params = self.params, translations = self.translations, using_db = alias }, mt)
end

function methods:to_list()
  return { table.unpack(self:rows()) }
end

mt.__index = function(self, key)
  if type(key) == "number" then
    return self:rows()[key]
  end
  return methods[key]
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

return function(model, sql, params, options, using)
  options = check_options("raw", options, { translations = true, using = true })
  return setmetatable({ model = model, raw_query = sql, params = params or {}, translations = options.translations or {}, using_db = options.using or using }, mt)
end
