-- SPDX-License-Identifier: MIT
-- perilune.models.functions: Django's database functions. Text arguments name fields;
-- Value("text") is text. A table at the end holds options ({ output_field = … }).
local check_options = require "perilune._options"
local closed = require "perilune._closed"
local exceptions = require "perilune.exceptions"
local expressions = require "perilune._models.expressions"
local orm = require "perilune._orm"

local M = { Cast = expressions.Cast, Collate = expressions.Collate }

local with_output = { output_field = true }

local function arity(name, n, least, most)
  if n < least or (most and n > most) then
    local wanted = most == least and tostring(least) or most and ("%d to %d"):format(least, most) or ("at least %d"):format(least)
    error(exceptions.TypeError(("%s takes %s argument%s (%d given)"):format(name, wanted, wanted == "1" and "" or "s", n)), 3)
  end
end

-- Functions whose arguments are expressions and nothing else: name, least, most.
local function plain(name, least, most)
  M[name] = function(...)
    local options, args = expressions._split_options(...)
    check_options(name, options, with_output)
    arity(name, args.n, least, most)
    return orm.func(name, expressions._output(options.output_field, name), table.unpack(args, 1, args.n))
  end
end

-- Arguments after the first are values: numbers, and text that is no field's name.
local function value_of(v)
  return type(v) == "string" and orm.value(v) or v
end
local function with_values(name, least, most)
  M[name] = function(...)
    local options, args = expressions._split_options(...)
    check_options(name, options, with_output)
    arity(name, args.n, least, most)
    for i = 2, args.n do
      args[i] = value_of(args[i])
    end
    return orm.func(name, expressions._output(options.output_field, name), table.unpack(args, 1, args.n))
  end
end

for _, name in ipairs {
  "Abs", "ACos", "ASin", "ATan", "Ceil", "Cos", "Cot", "Degrees", "Exp", "Floor", "Ln", "Radians", "Sign", "Sin",
  "Sqrt", "Tan", "Chr", "Length", "Lower", "LTrim", "MD5", "Ord", "Reverse", "RTrim", "SHA1", "SHA224", "SHA256", "SHA384",
  "SHA512", "Trim", "Upper", "FirstValue", "LastValue",
} do
  plain(name, 1, 1)
end
for _, name in ipairs { "Now", "Pi", "Random", "CumeDist", "DenseRank", "PercentRank", "Rank", "RowNumber" } do
  plain(name, 0, 0)
end
plain("Coalesce", 2)
plain("Greatest", 2)
plain("Least", 2)
plain("NullIf", 2, 2)
plain("Concat", 2)
plain("ATan2", 2, 2)
plain("Log", 2, 2)
plain("Mod", 2, 2)
plain("Power", 2, 2)
plain("StrIndex", 2, 2)
plain("JSONArray", 0)
with_values("Left", 2, 2)
with_values("Right", 2, 2)
with_values("Repeat", 2, 2)
with_values("Substr", 2, 3)
with_values("Lag", 1, 3)
with_values("Lead", 1, 3)
with_values("NthValue", 2, 2)
with_values("Ntile", 1, 1)

-- LPad("name", 10, Value "*"), Replace("name", Value "a", Value "b"): text fills and parts
-- are expressions in Django; plain text is taken for text here too, a field would be F "x".
with_values("LPad", 2, 3)
with_values("RPad", 2, 3)
with_values("Replace", 2, 3)

M.ConcatPair = M.Concat

--- Round("price", 1) or Round("price", { precision = 1 })
function M.Round(...)
  local options, args = expressions._split_options(...)
  check_options("Round", options, { output_field = true, precision = true })
  if options.precision ~= nil and args.n == 1 then
    args[2], args.n = options.precision, 2
  end
  arity("Round", args.n, 1, 2)
  args[2] = value_of(args[2])
  return orm.func("Round", expressions._output(options.output_field, "Round"), table.unpack(args, 1, args.n))
end

--- JSONObject{ name = Lower "name", … }: keys in their order.
function M.JSONObject(fields)
  local names, args = {}, {}
  for name in pairs(fields or {}) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    args[#args + 1] = orm.value(name)
    args[#args + 1] = fields[name]
  end
  return orm.func("JSONObject", nil, table.unpack(args))
end

-- ---- dates ----

local function zone_word(options)
  local zone = expressions._zone(options.tzinfo, 3)
  return zone and { word = zone } or nil
end

local dates = { tzinfo = true, output_field = true }

--- Extract("created_at", "week_day"[, { tzinfo = "Europe/Paris" }])
function M.Extract(expression, kind, options)
  if type(kind) ~= "string" then
    error(exceptions.ValueError "lookup_name must be provided: Extract(\"created_at\", \"year\")", 2)
  end
  options = check_options("Extract", options, dates)
  return orm.func("Extract", expressions._output(options.output_field, "Extract"), expression, { word = kind }, zone_word(options))
end

local function extract(name, kind)
  M[name] = function(expression, options)
    options = check_options(name, options, dates)
    return orm.func("Extract", nil, expression, { word = kind }, zone_word(options))
  end
end
for name, kind in pairs {
  ExtractYear = "year", ExtractIsoYear = "iso_year", ExtractMonth = "month", ExtractDay = "day", ExtractWeek = "week",
  ExtractWeekDay = "week_day", ExtractIsoWeekDay = "iso_week_day", ExtractQuarter = "quarter", ExtractHour = "hour",
  ExtractMinute = "minute", ExtractSecond = "second",
} do
  extract(name, kind)
end

--- Trunc("created_at", "month"[, { tzinfo =, output_field = }])
function M.Trunc(expression, kind, options)
  options = check_options("Trunc", options, dates)
  return orm.func("Trunc", expressions._output(options.output_field, "Trunc"), expression, { word = kind }, zone_word(options))
end

for _, kind in ipairs { "Year", "Quarter", "Month", "Week", "Day", "Hour", "Minute", "Second" } do
  M["Trunc" .. kind] = function(expression, options)
    options = check_options("Trunc" .. kind, options, dates)
    return orm.func("Trunc", expressions._output(options.output_field, "Trunc" .. kind), expression, { word = kind:lower() }, zone_word(options))
  end
end
for _, name in ipairs { "TruncDate", "TruncTime" } do
  M[name] = function(expression, options)
    options = check_options(name, options, dates)
    return orm.func(name, nil, expression, zone_word(options))
  end
end

return closed(M, "perilune.models.functions")
