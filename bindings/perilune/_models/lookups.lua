-- SPDX-License-Identifier: MIT
-- Lookups, transforms and functions of authors: SQL with places for its operands, known to all
-- models from the next query on.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local expressions = require "perilune._models.expressions"
local orm = require "perilune._orm"

local M = {}

local NONE = {} -- nil, in the middle of a list
local registered = {} -- { name of the world's method, arguments … }

local function add(entry)
  registered[#registered + 1] = entry
  require("perilune._models.registry").project:changed()
end

-- The name of a field class, which may be the class, a field or its name.
local function class_name(field, what)
  if field == nil or type(field) == "string" then
    return field
  elseif type(field) == "table" and type(field.get_internal_type) == "function" then
    return rawget(field, "type_name") or field:get_internal_type()
  end
  error(exceptions.TypeError(what .. " is a field class: models.CharField"), 4)
end

local function text(value, what, level)
  if type(value) ~= "string" or value == "" then
    error(exceptions.TypeError(("%s is text, not a %s"):format(what, type(value))), level + 1)
  end
  return value
end

-- A throw-away world finds mistakes at the author's line.
local function try(entry, level)
  local ok, err = pcall(M.apply, orm.world("BigAutoField", true), { entry })
  if not ok then
    error(exceptions.ValueError(exceptions.wrap(err).message), level + 1)
  end
end

local lookup_options = { sql = true, transform = true, field = true, output_field = true }

--- register_lookup("ne", { sql = "%(lhs)s <> %(rhs)s" }): filter{ name__ne = "x" }.
--- register_lookup("abs", { transform = "ABS", field = models.IntegerField }): filter{ n__abs__gt = 2 }.
function M.register_lookup(name, options)
  options = check_options("register_lookup", options, lookup_options)
  text(name, "register_lookup: the name", 2)
  local field = class_name(options.field, "register_lookup: field")
  local entry
  if options.transform then
    entry = { "add_transform", name, field or NONE, text(options.transform, "register_lookup: transform", 2), class_name(options.output_field, "register_lookup: output_field") or NONE }
  else
    entry = { "add_lookup", name, field or NONE, text(options.sql, "register_lookup: sql", 2) }
  end
  try(entry, 2)
  add(entry)
end

local function_options = { arity = true, aggregate = true, output_field = true }

--- Func("Soundex", "SOUNDEX", { arity = 1, output_field = models.CharField }) → a function that
--- makes expressions: Soundex "name". The SQL is a function's name, or has %(expressions)s.
function M.Func(name, sql, options)
  options = check_options("Func", options, function_options)
  text(name, "Func: the name", 2)
  local arity = options.arity == nil and -1 or math.tointeger(options.arity)
  if not arity or arity < -1 then
    error(exceptions.TypeError "Func: arity is a whole number", 2)
  end
  local entry = { "add_function", name, text(sql, "Func: the SQL", 2), arity, options.aggregate or false, class_name(options.output_field, "Func: output_field") or NONE }
  try(entry, 2)
  add(entry)
  if options.aggregate then
    return function(...)
      return orm.aggregate(name, nil, {}, ...)
    end
  end
  return function(...)
    return expressions._func(name, nil, ...)
  end
end

--- Tells a world of all of them.
function M.apply(world, list)
  for _, entry in ipairs(list or registered) do
    local args = {}
    for i = 2, #entry do
      args[i - 1] = entry[i] ~= NONE and entry[i] or nil
    end
    world[entry[1]](world, table.unpack(args, 1, #entry - 1))
  end
end

return M
