-- SPDX-License-Identifier: MIT
-- Expressions as source text, for migrations: models.Q{ price__gte = 0 }.
local orm = require "perilune._orm"

local M = {}

local OPERATORS = { [0] = "+", "-", "*", "/", "%", "^", "bitand", "bitor", "bitxor", "bitleftshift", "bitrightshift" }
local CONNECTORS = { [0] = "&", "|", "~" }
local write

-- A value where Value(…) is not needed: in lookups and among arguments.
local function plain(w, part)
  return w:value(part.value == nil and require "perilune.null" or part.value)
end

local function operand(w, part)
  if part.op == "value" then
    return plain(w, part)
  elseif part.op == "list" or part.op == "operands" then
    local items = {}
    for i, item in ipairs(part) do
      items[i] = operand(w, item)
    end
    return "{ " .. table.concat(items, ", ") .. " }"
  end
  return write(w, part)
end

local function key(name)
  return name:match "^[%a_][%w_]*$" and name or ("[%q]"):format(name)
end

-- Conditions of one Q: lookups together in its table, the others combined.
local function write_q(w, part)
  local only_lookups = part.arg == 0
  for _, child in ipairs(part) do
    only_lookups = only_lookups and child.op == "lookup"
  end
  local text
  if only_lookups then
    local fields = {}
    for i, child in ipairs(part) do
      fields[i] = key(child.text) .. " = " .. operand(w, child[1])
    end
    text = "models.Q{ " .. table.concat(fields, ", ") .. " }"
  else
    local parts = {}
    for i, child in ipairs(part) do
      parts[i] = child.op == "lookup" and "models.Q{ " .. key(child.text) .. " = " .. operand(w, child[1]) .. " }" or write(w, child)
    end
    text = #parts == 1 and parts[1] or "(" .. table.concat(parts, " " .. CONNECTORS[part.arg] .. " ") .. ")"
  end
  return part.negated and "~" .. text or text
end

local function field_of(w, type_)
  local options = {}
  for _, name in ipairs { "max_length", "max_digits", "decimal_places" } do
    if (type_[name] or 0) > 0 or name == "decimal_places" and type_.name == "DecimalField" then
      options[name] = type_[name]
    end
  end
  return "models." .. type_.name .. "(" .. w:value(options) .. ")"
end

-- An argument of a function: text is a value there, names are F.
local function argument(w, part)
  if part.op == "value" then
    return type(part.value) == "string" and "models.Value(" .. plain(w, part) .. ")" or plain(w, part)
  elseif part.op == "name" then
    return ("%q"):format(part.text)
  end
  return write(w, part)
end

local function arguments(w, part, n)
  local list = {}
  for i = 1, n do
    list[i] = argument(w, part[i])
  end
  return list
end

local with_zone = { Extract = true, Trunc = true, TruncDate = true, TruncTime = true }

-- The items of a list from `first` on: names ("-price") and expressions.
local function list_of(w, part, first, last)
  local items = {}
  for i = first, last do
    items[#items + 1] = part[i].op == "name" and ("%q"):format(part[i].text) or write(w, part[i])
  end
  return "{ " .. table.concat(items, ", ") .. " }"
end

local AGGREGATE = { distinct = 1, filter = 2, default = 4, order_by = 8 }
local SAMPLES = { StdDevSample = "StdDev", VarianceSample = "Variance" }

local function write_aggregate(w, part)
  local list, options, next_part = arguments(w, part, part.n), {}, part.n + 1
  local function option(name, text)
    options[#options + 1] = name .. " = " .. text
  end
  local function has(name)
    return part.arg & AGGREGATE[name] ~= 0
  end
  if part.text == "StringAgg" then
    option("delimiter", table.remove(list))
  elseif SAMPLES[part.text] then
    option("sample", "true")
  end
  if has "distinct" then
    option("distinct", "true")
  end
  for _, name in ipairs { "filter", "default", "order_by" } do
    if has(name) then
      local given = part[next_part]
      option(name, name == "order_by" and list_of(w, given, 1, given.n) or argument(w, given))
      next_part = next_part + 1
    end
  end
  if #options > 0 then
    list[#list + 1] = "{ " .. table.concat(options, ", ") .. " }"
  end
  return ("models.%s(%s)"):format(SAMPLES[part.text] or part.text, table.concat(list, ", "))
end

local function write_window(w, part)
  local frame, last_of_partition = part.frame, 1 + part.arg
  local text = { write(w, part[1]) }
  if part.arg > 0 then
    text[#text + 1] = "partition_by = " .. list_of(w, part, 2, last_of_partition)
  end
  if part.n > last_of_partition then
    text[#text + 1] = "order_by = " .. list_of(w, part, last_of_partition + 1, part.n)
  end
  if frame then
    local kind = frame.rows and "RowRange" or "ValueRange"
    frame.rows = nil
    text[#text + 1] = ("frame = models.%s%s"):format(kind, w:value(frame))
  end
  return "models.Window{ " .. table.concat(text, ", ") .. " }"
end

local writers = {
  value = function(w, part)
    return "models.Value(" .. plain(w, part) .. ")"
  end,
  q = write_q,
  lookup = function(w, part)
    return "models.Q{ " .. key(part.text) .. " = " .. operand(w, part[1]) .. " }"
  end,
  f = function(_, part)
    return ("models.F %q"):format(part.text)
  end,
  outer = function(_, part)
    return ("models.OuterRef("):rep(part.arg) .. ("%q"):format(part.text) .. (")"):rep(part.arg)
  end,
  star = function()
    return '"*"'
  end,
  combined = function(w, part)
    local sign = OPERATORS[part.arg]
    local left, right = argument(w, part[1]), argument(w, part[2])
    if part[1].op == "value" and (#sign > 1 or part[2].op == "value") then -- numbers would be added here
      left = write(w, part[1])
    end
    if #sign > 1 then
      return ("(%s):%s(%s)"):format(left, sign, right)
    end
    return ("(%s %s %s)"):format(left, sign, right)
  end,
  output = function(w, part)
    local inner = part[1]
    if inner.op == "value" then
      return ("models.Value(%s, { output_field = %s })"):format(plain(w, inner), field_of(w, part.type))
    end
    return ("models.ExpressionWrapper(%s, { output_field = %s })"):format(write(w, inner), field_of(w, part.type))
  end,
  cast = function(w, part)
    return ("models.Cast(%s, %s)"):format(argument(w, part[1]), field_of(w, part.type))
  end,
  ["function"] = function(w, part)
    local list = arguments(w, part, part.n)
    if part.text == "Slice" then
      local first, length = part[2].value, part[3] and part[3].value
      return ("(%s):slice(%d%s)"):format(write(w, part[1]), first, length and ", " .. first + length - 1 or "")
    end
    if with_zone[part.text] then -- the zone comes last, and is an option
      local zone = part[part.n]
      list[part.n] = (zone.op ~= "value" or zone.value ~= nil) and "{ tzinfo = " .. (zone.op == "value" and w:value(zone.value) or ("%q"):format(zone.text)) .. " }" or nil
    end
    return ("models.functions.%s(%s)"):format(part.text, table.concat(list, ", "))
  end,
  case = function(w, part)
    local list = {}
    for i = 1, part.n do
      list[i] = ("models.When(%s, %s)"):format(write(w, part[2 * i - 1]), argument(w, part[2 * i]))
    end
    if part.has_default then
      list[#list + 1] = "default = " .. argument(w, part[2 * part.n + 1])
    end
    return "models.Case{ " .. table.concat(list, ", ") .. " }"
  end,
  aggregate = write_aggregate,
  window = write_window,
  ["not"] = function(w, part)
    return "~" .. write(w, part[1])
  end,
  order = function(w, part)
    local options = part.arg & 2 ~= 0 and "{ nulls_first = true }" or part.arg & 4 ~= 0 and "{ nulls_last = true }" or ""
    return ("(%s):%s%s"):format(write(w, part[1]), part.arg & 1 ~= 0 and "desc" or "asc", options == "" and "()" or "(" .. options .. ")")
  end,
  raw = function(w, part)
    return ("models.RawSQL(%q, { %s })"):format(part.text, table.concat(arguments(w, part, part.n), ", "))
  end,
  collate = function(w, part)
    return ("models.Collate(%s, %q)"):format(write(w, part[1]), part.text)
  end,
}

function write(w, part)
  local writer = writers[part.op]
  return writer and writer(w, part) or error("'" .. part.op .. "' in an expression", 0)
end

--- A function that writes the expression with a writer's value(); nil when it holds a
--- query, which cannot be written: it would have to be run.
function M.of(code)
  local tree = orm.tree(code)
  if not tree then
    return nil
  end
  return function(w)
    return write(w, tree)
  end
end

-- "price__gte" → "cost__gte"
local function rename_path(text, old, new)
  if text == old or text:sub(1, #old + 2) == old .. "__" then
    return new .. text:sub(#old + 1)
  end
  return text
end

local NAMES = { lookup = true, f = true }

-- Names in an order ("-price"); elsewhere they are words: parts of dates, zones.
local function rename_in_order(part, old, new)
  for _, item in ipairs(part) do
    if item.op == "name" then
      local sign, name = item.text:match "^(-?)(.*)$"
      item.text = sign .. rename_path(name, old, new)
    end
  end
end

--- The expression with another name for a field of the model that it is about; itself when
--- it does not name it.
function M.renamed(code, old, new)
  if type(code) == "table" then
    local copy = {}
    for k, v in pairs(code) do
      copy[type(k) == "string" and rename_path(k, old, new) or k] = M.renamed(v, old, new)
    end
    return copy
  end
  local tree = type(code) == "userdata" and orm.tree(code)
  if not tree then
    return code
  end
  local found = false
  local function visit(part)
    if NAMES[part.op] and type(part.text) == "string" then
      local text = rename_path(part.text, old, new)
      found = found or text ~= part.text
      part.text = text
    end
    if part.op == "order_by" then
      rename_in_order(part, old, new)
      found = true
    end
    for _, child in ipairs(part) do
      visit(child)
    end
  end
  visit(tree)
  if not found then
    return code
  end
  -- The way through its text is the one that files of migrations go.
  local values = {}
  local writer = {}
  function writer:value(v)
    values[#values + 1] = v
    return "values[" .. #values .. "]"
  end
  local text = write(writer, tree)
  return assert(load("local models, values = ... return " .. text, "=renamed", "t", {}))(require "perilune.models", values)
end

return M
