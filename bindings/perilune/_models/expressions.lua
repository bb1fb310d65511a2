-- SPDX-License-Identifier: MIT
-- F, Q, Value, Case, Subquery, aggregates, windows: Django's names over the engine's
-- expressions (perilune._orm), which combine with + - * / % ^ .. and, as conditions, with
-- & | ~.
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"
local null = require "perilune.null"
local orm = require "perilune._orm"
local time = require "perilune.time"

local M = {}

--- The type of a result from a field object; nil for nil.
local function output(field, what)
  if field == nil then
    return nil
  end
  if type(field) ~= "table" or not field.get_internal_type then
    error(exceptions.TypeError(what .. ": output_field is a field, models.IntegerField{}"), 3)
  end
  return {
    name = field.type_name or field:get_internal_type(),
    max_length = field.max_length,
    max_digits = field.max_digits,
    decimal_places = field.decimal_places,
  }
end
M._output = output

--- The name of a zone, which there must be; nil for nil. `level` is that of the caller's line.
function M._zone(zone, level)
  if zone == nil then
    return nil
  end
  local ok, err = pcall(time.override, zone, function() end)
  if not ok then
    error(exceptions.ValueError(("tzinfo: %s"):format(err.message or tostring(err))), level + 1)
  end
  return tostring(zone)
end

-- Options at the end of the arguments: a plain table with string keys.
local function split_options(...)
  local args = table.pack(...)
  local last = args[args.n]
  if args.n > 0 and type(last) == "table" and getmetatable(last) == nil and #last == 0 then
    args[args.n] = nil
    args.n = args.n - 1
    return last, args
  end
  return {}, args
end
M._split_options = split_options

--- The code of a QuerySet (or manager).
local function query_of(value, what)
  if type(value) == "table" then
    local code = rawget(value, "_code")
    if code == nil and type(value.all) == "function" then
      code = rawget(value:all(), "_code")
    end
    if code then
      return code
    end
  end
  error(exceptions.TypeError(("%s takes a QuerySet, not a %s"):format(what, type(value))), 3)
end

-- ---- names and values ----

--- F "price"
function M.F(name)
  if type(name) ~= "string" or name == "" then
    error(exceptions.TypeError(("F takes the name of a field, not a %s"):format(type(name))), 2)
  end
  return orm.f(name)
end

local outer = setmetatable({}, { __mode = "k" }) -- OuterRefs: { name, depth }

--- OuterRef "pk"; OuterRef(OuterRef "pk") of the query around that.
function M.OuterRef(name)
  local inner = outer[name] or { name, 0 }
  if type(inner[1]) ~= "string" or name == "" then
    error(exceptions.TypeError(("OuterRef takes the name of a field or another OuterRef, not a %s"):format(type(name))), 2)
  end
  local ref = orm.outer(inner[1], inner[2] + 1)
  outer[ref] = { inner[1], inner[2] + 1 }
  return ref
end

--- Value(1), Value("x", { output_field = models.CharField{ max_length = 5 } })
function M.Value(value, options)
  options = check_options("Value", options, { output_field = true })
  return orm.value(value, output(options.output_field, "Value"))
end

--- Q{ a = 1 }, Q({ a = 1 }, Q{ b = 2 }): all of them; combine with & | and ~.
function M.Q(...)
  return orm.q("AND", false, ...)
end

--- A Q of another connector: "OR", "XOR".
function M.q_connected(connector, negated, ...)
  if connector ~= "AND" and connector ~= "OR" and connector ~= "XOR" then
    error(exceptions.ValueError(("the connector of a Q is \"AND\", \"OR\" or \"XOR\", not %s"):format(type(connector) == "string" and ("%q"):format(connector) or "a " .. type(connector))), 2)
  end
  return orm.q(connector, negated, ...)
end

-- ---- case, cast, wrappers ----

local When = { __name = "perilune.models.When" }

--- When({ status = "done" }, 1): of Case. Text is the name of a field; Value("text") is text.
function M.When(condition, result)
  if condition == nil or result == nil then
    error(exceptions.TypeError "When(condition, result) takes a condition and what it gives", 2)
  end
  return setmetatable({ condition, result }, When)
end

--- Case{ When(…), When(…), default = 0, output_field = … } or Case(When(…), …, { default = 0 })
function M.Case(...)
  local first = ...
  local whens, options
  if getmetatable(first) == When then
    options, whens = split_options(...)
  else
    options, whens = {}, {}
    for k, v in pairs(first or {}) do
      if math.type(k) == "integer" then
        whens[k] = v
      else
        options[k] = v
      end
    end
  end
  check_options("Case", options, { default = true, output_field = true })
  for i, w in ipairs(whens) do
    if getmetatable(w) ~= When then
      error(exceptions.TypeError(("Case: item %d is no When(condition, result)"):format(i)), 2)
    end
  end
  return orm.case(whens, options.default, output(options.output_field, "Case"))
end

--- Cast("price", models.IntegerField{})
function M.Cast(expression, field)
  return orm.cast(expression, output(field, "Cast"))
end

function M.ExpressionWrapper(expression, options)
  if type(options) == "table" and options.get_internal_type then
    options = { output_field = options }
  end
  options = check_options("ExpressionWrapper", options, { output_field = true })
  if options.output_field == nil then
    error(exceptions.TypeError "ExpressionWrapper needs { output_field = models.IntegerField{} }", 2)
  end
  return orm.wrap(expression, output(options.output_field, "ExpressionWrapper"))
end

--- RawSQL("a + ?", { 1 })
function M.RawSQL(sql, params, options)
  if type(sql) ~= "string" then
    error(exceptions.TypeError(("RawSQL(sql, params) takes SQL as a string, not a %s"):format(type(sql))), 2)
  elseif params ~= nil and type(params) ~= "table" then
    error(exceptions.TypeError(("RawSQL(sql, params) takes a list of parameters, not a %s"):format(type(params))), 2)
  end
  options = check_options("RawSQL", options, { output_field = true })
  return orm.raw(sql, params or {}, output(options.output_field, "RawSQL"))
end

function M.Collate(expression, collation)
  return orm.collate(expression, collation)
end

--- KT "data__owner__name": a key of a JSONField as text, to be ordered by, grouped by, or put into functions.
function M.KT(path)
  if type(path) ~= "string" or not path:find("__", 1, true) then
    error(exceptions.ValueError "KT takes a path with a key in it: KT \"data__owner\"", 2)
  end
  return orm.wrap(orm.f(path), { name = "TextField" })
end

-- ---- subqueries ----

--- Subquery(queryset:values("id"):limit(1))
function M.Subquery(queryset, options)
  options = check_options("Subquery", options, { output_field = true })
  return orm.subquery(query_of(queryset, "Subquery"), output(options.output_field, "Subquery"))
end

--- Exists(queryset); ~Exists(queryset)
function M.Exists(queryset)
  return orm.exists(query_of(queryset, "Exists"))
end

-- ---- functions ----

--- Func("name", { function = "LOWER" }) is for what models.functions has not: a function of
--- the database by its name.
function M._func(name, type_, ...)
  return orm.func(name, type_, ...)
end

-- ---- aggregates ----

local aggregate_options = { distinct = true, filter = true, default = true, order_by = true, output_field = true }

local function list(value)
  if type(value) == "table" and getmetatable(value) == nil then
    return value
  end
  return value ~= nil and { value } or nil
end

--- Name and arguments of an aggregate that annotate() and aggregate() may give a name of its
--- own ("price__avg"); beside the expression, which is a userdata.
M._default_aliases = setmetatable({}, { __mode = "k" })

local function aggregate(name, known)
  known = known or aggregate_options
  return function(...)
    local options, args = split_options(...)
    check_options(name, options, known)
    if args.n == 0 then
      error(exceptions.TypeError(("%s(expression) takes a field or an expression"):format(name)), 2)
    end
    local engine = { distinct = options.distinct, filter = options.filter, default = options.default, order_by = list(options.order_by) }
    local extra = known.delimiter and options.delimiter or nil
    local function make(...)
      return orm.aggregate(name, output(options.output_field, name), engine, ...)
    end
    local expression
    if extra ~= nil then
      expression = make(args[1], type(extra) == "string" and orm.value(extra) or extra)
    else
      local kind = name
      if (name == "StdDev" or name == "Variance") and options.sample then
        kind = name .. "Sample"
      end
      expression = orm.aggregate(kind, output(options.output_field, name), engine, table.unpack(args, 1, args.n))
    end
    if args.n == 1 and type(args[1]) == "string" and args[1] ~= "*" then
      M._default_aliases[expression] = args[1] .. "__" .. name:lower()
    end
    return expression
  end
end

local function with(more)
  local known = {}
  for k in pairs(aggregate_options) do
    known[k] = true
  end
  known[more] = true
  return known
end

for _, name in ipairs { "Count", "Sum", "Avg", "Min", "Max", "AnyValue" } do
  M[name] = aggregate(name)
end
M.StdDev = aggregate("StdDev", with "sample")
M.Variance = aggregate("Variance", with "sample")
M.StringAgg = aggregate("StringAgg", with "delimiter")

-- ---- windows ----

local function bound(what, name, n)
  if n == nil or n == null then
    return nil -- unbounded
  elseif not math.tointeger(n) then
    error(exceptions.ValueError(("%s: %s is a whole number (below 0 before, above 0 behind the current row) or nil for no end, not %s"):format(what, name, type(n) == "string" and ("%q"):format(n) or tostring(n))), 4)
  end
  return math.tointeger(n)
end

local exclusions = { current_row = "CURRENT ROW", group = "GROUP", ties = "TIES", no_others = "NO OTHERS" }

local function exclusion_of(what, word)
  local found = type(word) == "string" and exclusions[word:lower():gsub(" ", "_")]
  if word ~= nil and not found then
    error(exceptions.ValueError(("%s: exclusion is \"current_row\", \"group\", \"ties\" or \"no_others\", not %s"):format(what, tostring(word))), 3)
  end
  return found or nil
end

local function frame(rows, what)
  return function(options)
    options = check_options(what, options, { start = true, finish = true, exclusion = true })
    local exclusion = exclusion_of(what, options.exclusion)
    local start, finish = bound(what, "start", options.start), bound(what, "finish", options.finish)
    if start and finish and start > finish then
      error(exceptions.ValueError(("%s: start cannot be greater than finish"):format(what)), 2)
    end
    return { rows = rows, start = start, finish = finish, exclusion = exclusion }
  end
end
M.RowRange = frame(true, "RowRange")
M.ValueRange = frame(false, "ValueRange")

--- Window{ Rank(), partition_by = { F "category" }, order_by = F "total":desc(), frame = … }
function M.Window(spec, more)
  if type(spec) == "userdata" then
    local full = { spec }
    for k, v in pairs(more or {}) do
      full[k] = v
    end
    spec = full
  end
  local options = {}
  for k, v in pairs(spec) do
    if k ~= 1 then
      options[k] = v
    end
  end
  check_options("Window", options, { expression = true, partition_by = true, order_by = true, frame = true, output_field = true })
  local expression = spec[1] or spec.expression
  if expression == nil then
    error(exceptions.TypeError "Window needs an expression: Window{ Rank(), order_by = … }", 2)
  end
  return orm.window(expression, list(options.partition_by), list(options.order_by), options.frame, output(options.output_field, "Window"))
end

return M
