-- SPDX-License-Identifier: MIT
-- QuerySets: what comes back and in which order. Every call gives a new QuerySet.
local check_options = require "perilune._options"
local databases = require "perilune._databases"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local QuerySet = require "perilune._models.queryset"
local sorted_keys = require "perilune._sorted_keys"

local chain, checked, with = QuerySet._chain, QuerySet._checked, QuerySet._with

-- ---- order, annotations ----

-- What it is ordered by is kept for & and |, which make a query of their own.
function QuerySet:order_by(...)
  local new = checked(self, orm.order_by(self._code, ...))
  rawset(new, "_ordered", select("#", ...) == 1 and (...) or { ... })
  return new
end

function QuerySet:reverse()
  local new = checked(self, orm.reverse(self._code))
  rawset(new, "_reversed", not rawget(self, "_reversed"))
  return new
end

function QuerySet:distinct(...)
  return checked(self, orm.distinct(self._code, ...))
end

-- Names and expressions of annotate() and aggregate(): { name = expression }, or
-- expressions that have a name of their own (Count "id" is id__count).
local function no_expression(what, name, value)
  local shown = type(value) == "string" and ("%q"):format(value) or tostring(value)
  local hint = type(value) == "string" and ("; F %s is the field, Value %s the text"):format(shown, shown) or ("; Value(%s) is one"):format(shown)
  if type(value) == "table" then
    shown, hint = "a table", ""
  end
  return exceptions.TypeError(("%s{ %s = … } takes an expression, not %s%s"):format(what, name, shown, hint))
end

local function named(what, ...)
  local aliases = require("perilune._models.expressions")._default_aliases
  local filtered = require "perilune._models.filtered"
  local all = {}
  for i = 1, select("#", ...) do
    local arg = select(i, ...)
    if type(arg) == "table" and getmetatable(arg) == nil then
      for k, v in pairs(arg) do
        if math.type(k) == "integer" then
          if not aliases[v] then
            error(exceptions.TypeError(what .. ": complex annotations require an alias: { name = expression }"), 3)
          end
          all[aliases[v]] = v
        elseif type(v) ~= "userdata" and not filtered.is(v) and not (type(v) == "table" and rawget(v, "_code")) then
          error(no_expression(what, tostring(k), v), 3)
        else
          all[k] = v
        end
      end
    elseif aliases[arg] then
      all[aliases[arg]] = arg
    else
      error(exceptions.TypeError(what .. ": complex annotations require an alias: { name = expression }"), 3)
    end
  end
  return all
end

function QuerySet:annotate(...)
  local rest, base = QuerySet._filtered(self, named("annotate", ...))
  if next(rest) == nil then
    return checked(base, base._code)
  end
  return checked(base, orm.annotate(base._code, false, rest))
end

function QuerySet:alias(...)
  return checked(self, orm.annotate(self._code, true, named("alias", ...)))
end

-- FilteredRelations among annotations are joins with a condition, not columns.
function QuerySet._filtered(self, all)
  local filtered = require("perilune._models.filtered")
  local rest = {}
  for name, value in pairs(all) do
    if filtered.is(value) then
      self = filtered.apply(self, name, value)
    else
      rest[name] = value
    end
  end
  return rest, self
end
-- ---- columns ----

local function names_and_options(known, what, ...)
  local n = select("#", ...)
  local last = n > 0 and (select(n, ...))
  if type(last) == "table" and getmetatable(last) == nil then
    return check_options(what, last, known), { table.unpack({ ... }, 1, n - 1) }
  end
  return {}, { ... }
end

-- Expressions among the names of values(): annotated first, under the names they are given.
local function split_expressions(self, names, named_expressions)
  local list = {}
  local annotations = {}
  local aliases = require("perilune._models.expressions")._default_aliases
  for i, name in ipairs(names) do
    if type(name) == "userdata" then
      local alias = aliases[name] or "expr" .. i
      annotations[alias] = name
      list[i] = alias
    else
      list[i] = name
    end
  end
  for name, expression in pairs(named_expressions or {}) do
    if type(expression) ~= "userdata" then
      error(no_expression("values", tostring(name), expression), 3)
    end
    annotations[name] = expression
  end
  local more = sorted_keys(named_expressions or {})
  for _, name in ipairs(more) do
    list[#list + 1] = name
  end
  local code = self._code
  if next(annotations) then
    code = orm.annotate(code, false, annotations)
  end
  return code, list
end

-- A composite key is selected by its parts, which the rows get back as one list: where in the
-- row, and how many (queryset_read.lua folds them).
local function with_parts(self, names, list)
  local meta = self._model._meta
  local pk, parts = meta.pk, meta.pk_attnames
  local expanded, fold = {}, nil
  for _, name in ipairs(names) do
    if name == "pk" and pk.composite then
      fold = fold or { at = #expanded + 1, parts = parts, list = list, extra = {} }
      for _, part in ipairs(parts) do
        local given = false
        for _, other in ipairs(names) do
          given = given or other == part
        end
        fold.extra[part] = not given
        if list or not given then
          expanded[#expanded + 1] = part
        end
      end
    else
      expanded[#expanded + 1] = name
    end
  end
  return expanded, fold
end

--- values("id", "category__name"[, { lower = Lower "name" }])
function QuerySet:values(...)
  local n = select("#", ...)
  local names, expressions = { ... }, nil
  if n > 0 and type(names[n]) == "table" and getmetatable(names[n]) == nil then
    expressions = table.remove(names)
  end
  local fold
  names, fold = with_parts(self, names, false)
  local code, list = split_expressions(self, names, expressions)
  local new = checked(self, orm.values(code, false, table.unpack(list)))
  rawset(new, "_fold", fold)
  rawset(new, "_flat", nil)
  rawset(new, "_values", true)
  return new
end

--- values_list("id", "name"), values_list("id", { flat = true })
function QuerySet:values_list(...)
  local options, names = names_and_options({ flat = true, named = true }, "values_list", ...)
  if options.flat and #names > 1 then
    error(exceptions.TypeError "'flat' is not valid when values_list is called with more than one field.", 2)
  end
  if options.flat and #names == 0 then
    names[1] = self._model._meta.pk.name
  end
  if options.named then
    return self:values(table.unpack(names))
  end
  local fold
  names, fold = with_parts(self, names, true)
  local code, list = split_expressions(self, names)
  local new = checked(self, orm.values(code, true, table.unpack(list)))
  if fold then
    fold.flat = options.flat
    rawset(new, "_fold", fold)
  end
  rawset(new, "_flat", not fold and options.flat or nil)
  rawset(new, "_values", true)
  return new
end

local function check_kind(kind, kinds)
  for _, k in ipairs(kinds) do
    if k == kind then
      return
    end
  end
  error(exceptions.ValueError(("'kind' must be one of %s, not '%s'"):format(table.concat(kinds, ", "), tostring(kind))), 3)
end

local function check_order(order)
  if order ~= nil and order ~= "ASC" and order ~= "DESC" then
    error(exceptions.ValueError(("'order' must be either 'ASC' or 'DESC', not '%s'"):format(tostring(order))), 3)
  end
end

--- dates("created", "month"[, "DESC"])
function QuerySet:dates(field, kind, order)
  check_kind(kind, { "year", "month", "week", "day" })
  check_order(order)
  local new = checked(self, orm.dates(self._code, field, kind, order == "DESC"))
  rawset(new, "_flat", true)
  rawset(new, "_values", true)
  return new
end

function QuerySet:datetimes(field, kind, order, options)
  check_kind(kind, { "year", "month", "week", "day", "hour", "minute", "second" })
  if type(order) == "table" and options == nil then
    order, options = nil, order
  end
  check_order(order)
  options = check_options("datetimes", options, { tzinfo = true })
  local zone = require("perilune._models.expressions")._zone(options.tzinfo, 2)
  local new = checked(self, orm.datetimes(self._code, field, kind, order == "DESC", zone))
  rawset(new, "_flat", true)
  rawset(new, "_values", true)
  return new
end

function QuerySet:only(...)
  return checked(self, orm.only(self._code, ...))
end

--- defer(nil) takes all back.
function QuerySet:defer(...)
  if select("#", ...) > 0 and (...) == nil then
    return chain(self, orm.defer(self._code))
  end
  return checked(self, orm.defer(self._code, ...))
end

-- ---- related objects, locks ----

--- select_related("category", "author__profile"); without names all that cannot be NULL;
--- select_related(nil) none.
function QuerySet:select_related(...)
  if self._values then
    error(exceptions.TypeError "Cannot call select_related() after .values() or .values_list()", 2)
  end
  if select("#", ...) > 0 and (...) == nil then
    return chain(self, orm.no_related(self._code))
  end
  return checked(self, orm.select_related(self._code, ...))
end

--- prefetch_related("items", models.Prefetch("books", { queryset = …, to_attr = … }));
--- prefetch_related(nil) none.
function QuerySet:prefetch_related(...)
  if select("#", ...) > 0 and (...) == nil then
    return with(self, "_prefetch", nil)
  end
  local all = {}
  for _, p in ipairs(self._prefetch or {}) do
    all[#all + 1] = p
  end
  for i = 1, select("#", ...) do
    all[#all + 1] = (select(i, ...))
    require("perilune._models.prefetch").check(self._model, all, 2)
  end
  return with(self, "_prefetch", all)
end

function QuerySet:using(alias)
  if alias ~= nil then
    databases.get(alias, 2) -- there must be one
  end
  return with(self, "_db", alias)
end

--- "peers" (the default): what is missing on one row is loaded for all rows of its result;
--- "one": for the row alone; "raise": not at all.
function QuerySet:fetch_mode(mode)
  if mode ~= "one" and mode ~= "peers" and mode ~= "raise" then
    error(exceptions.ValueError(("fetch_mode is \"one\", \"peers\" or \"raise\", not %s"):format(tostring(mode))), 2)
  end
  return with(self, "_fetch_mode", mode)
end

local lock_options = { nowait = true, skip_locked = true, no_key = true, of = true }

function QuerySet:select_for_update(options)
  options = check_options("select_for_update", options, lock_options)
  if options.nowait and options.skip_locked then
    error(exceptions.ValueError "The nowait option cannot be used with skip_locked.", 2)
  end
  local new = checked(self, orm.lock(self._code, options.nowait, options.skip_locked, options.no_key, table.unpack(options.of or {})))
  rawset(new, "_for_write", true)
  return new
end

QuerySet._named = named

return QuerySet
