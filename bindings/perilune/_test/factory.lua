-- SPDX-License-Identifier: MIT
-- Rows for tests, with what a test does not care about filled in.
--
--   local product = test.factory(Product, { price = "12.50" })      a row, saved
--   local Orders = test.Factory(Order, {                           a factory of one's own
--     number = function(n) return "A-" .. n end,
--     traits = { paid = { status = "paid" } },
--   })
--   Orders{ customer = ada }   Orders("paid", { … })   Orders:build{ … }   Orders:batch(3, { … })
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local values = require "perilune._test.values"

local M = {}

local counters = setmetatable({}, { __mode = "k" }) -- model -> how many there were
local own = setmetatable({}, { __mode = "k" }) -- model -> the author's factory

local function is_model(value)
  return type(value) == "table" and rawget(value, "_meta") ~= nil
end

local function next_number(model)
  counters[model] = (counters[model] or 0) + 1
  return counters[model]
end

local Factory = { __name = "perilune.test.Factory" }

local make

local MAX_DEPTH = 12

-- A row that a required relation can point at.
local function related(field, depth)
  if depth >= MAX_DEPTH then
    error(exceptions.RuntimeError(("test.factory: %s needs a %s, which needs others, without an end; give one"):format(field.name, field.remote_model._meta.label)), 0)
  end
  local model = field.remote_model
  return make(own[model] or { model = model, fields = {} }, {}, true, depth + 1)
end

-- Given values over those of the factory; both may be functions of the number.
local function merge(factory, given)
  local out = {}
  for name, value in pairs(factory.fields) do
    out[name] = value
  end
  for name, value in pairs(given) do
    out[name] = value
  end
  return out
end

local function evaluate(value, n, saved)
  if type(value) == "function" then
    return value(n)
  elseif getmetatable(value) == Factory then
    return saved and value() or value:build()
  end
  return value
end

local function known_names(meta)
  local names = { "pk" }
  for name in pairs(meta.fields_by_name) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function check_names(model, fields)
  local meta = model._meta
  for name in pairs(fields) do
    if name ~= "pk" and not (meta.fields_by_name[name] or meta.fields_by_attname[name]) then
      error(exceptions.TypeError(("test.factory: %s has no field '%s'%s"):format(meta.label, tostring(name), core.suggest(tostring(name), known_names(meta)))), 0)
    end
  end
end

function make(factory, given, saved, depth)
  local model = factory.model
  local meta, n = model._meta, next_number(model)
  local fields, many = merge(factory, given), {}
  check_names(model, fields)
  for name, value in pairs(fields) do
    fields[name] = evaluate(value, n, saved)
    local field = meta.fields_by_name[name]
    if field and field.many then
      many[name], fields[name] = fields[name], nil
    end
  end
  for _, field in ipairs(meta.concrete_fields) do
    if fields[field.name] == nil and fields[field.attname] == nil and not values.optional(field) then
      if field.remote_model then
        fields[field.name] = related(field, depth)
      else
        fields[field.name] = values.of(field, n)
      end
    end
  end
  local instance = model(fields)
  if saved then
    instance:save()
    for name, list in pairs(many) do
      instance[name]:set(list)
    end
  elseif next(many) then
    error(exceptions.ValueError(("test.factory: %s cannot be given to a row that is not saved"):format(next(many))), 0)
  end
  return instance
end

-- ---- factories of authors ----

-- ("trait", …, fields)
local function arguments(self, ...)
  local given = {}
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    if type(part) == "string" then
      local trait = self.traits[part]
      if not trait then
        local names = {}
        for name in pairs(self.traits) do
          names[#names + 1] = name
        end
        error(exceptions.TypeError(("the factory of %s has no trait '%s'%s"):format(self.model._meta.label, part, core.suggest(part, names))), 3)
      end
      part = trait
    elseif part ~= nil and type(part) ~= "table" then
      error(exceptions.TypeError(("a factory takes names of traits and a table of fields, not a %s"):format(type(part))), 3)
    end
    for name, value in pairs(part or {}) do
      given[name] = value
    end
  end
  return given
end

function Factory.__call(self, ...)
  return make(self, arguments(self, ...), true, 0)
end

local methods = {}
Factory.__index = methods

--- A row that is saved; as calling the factory.
function methods:create(...)
  return make(self, arguments(self, ...), true, 0)
end

--- A row that is not saved; those it points at are.
function methods:build(...)
  return make(self, arguments(self, ...), false, 0)
end

--- A list of n rows.
function methods:batch(n, ...)
  if math.type(n) ~= "integer" or n < 0 then
    error(exceptions.TypeError(("factory:batch(n, …): a number of rows, not %s"):format(tostring(n))), 2)
  end
  local list, given = {}, arguments(self, ...)
  for i = 1, n do
    list[i] = make(self, given, true, 0)
  end
  return list
end

local function check_model(what, model)
  if not is_model(model) then
    error(exceptions.TypeError(("%s(Model, fields): a model comes first, not a %s"):format(what, type(model))), 3)
  end
end

--- A factory: fields are values, functions of the number of the row, or factories; those that
--- are not there get a value that fits. Rows that others need are made by it from now on.
function M.Factory(model, fields)
  check_model("test.Factory", model)
  local factory = { model = model, fields = {}, traits = {} }
  for name, value in pairs(fields or {}) do
    if name == "traits" and type(value) == "table" and not model._meta.fields_by_name.traits then
      factory.traits = value
    else
      factory.fields[name] = value
    end
  end
  check_names(model, factory.fields)
  own[model] = setmetatable(factory, Factory)
  return factory
end

--- A row of the model, saved: fields that it needs and that are not given get values that fit,
--- related rows are made.
function M.factory(model, fields)
  check_model("test.factory", model)
  if fields ~= nil and type(fields) ~= "table" then
    error(exceptions.TypeError(("test.factory(Model, fields): the fields are a table, not a %s"):format(type(fields))), 2)
  end
  return make(own[model] or { model = model, fields = {} }, fields or {}, true, 0)
end

return M
