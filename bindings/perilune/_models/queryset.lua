-- SPDX-License-Identifier: MIT
-- QuerySets: lazy, immutable, every call gives a new one. What is asked for is query code
-- (`_code`, a value of perilune._orm); rows are read once, when somebody looks, and kept.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local marks = require "perilune._models.marks"
local orm = require "perilune._orm"
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local set_cached = require("perilune._models.descriptors").set_cached
local post_init = require("perilune.signals").post_init

local QuerySet = { __name = "perilune.models.QuerySet", _attributes = {} }

-- The world of the model, which knows all names.
local function world_of(self)
  return self._model._meta.registry:world()
end

-- ---- classes and instances ----

-- The metatable of the instances of a class: names are methods, numbers are rows.
local function instance_mt(class)
  return {
    __name = class.__name,
    _class = class,
    __index = function(self, key)
      if type(key) == "number" then
        return class._fetch(self)[key]
      end
      local attribute = class._attributes[key]
      if attribute then
        return attribute(self)
      end
      return class[key]
    end,
    __len = function(self)
      return #class._fetch(self)
    end,
    __tostring = function(self)
      return class._repr(self)
    end,
    __band = function(a, b) return QuerySet._merge(a, b, "AND") end,
    __bor = function(a, b) return QuerySet._merge(a, b, "OR") end,
    __newindex = function(_, key)
      error(exceptions.AttributeError(("a QuerySet cannot be changed: '%s'"):format(tostring(key))), 2)
    end,
  }
end

function QuerySet.extend(parent, members)
  local class = { __name = parent.__name }
  for k, v in pairs(members or {}) do
    class[k] = marks.method(k, v)
  end
  setmetatable(class, { __index = parent })
  class._mt = instance_mt(class)
  return class
end
QuerySet._mt = instance_mt(QuerySet)

-- The code of all rows of a model.
local function all_code(meta)
  local world = meta.registry:world()
  if meta.all_in ~= world then -- made anew when a model came later
    meta.all_in, meta.all_code = world, orm.all(meta.world_id)
  end
  return meta.all_code
end

--- All rows of a model.
function QuerySet._new(class, model, using)
  return setmetatable({ _model = model, _code = all_code(model._meta), _db = using }, class._mt)
end

local kept = { "_model", "_db", "_prefetch", "_hints", "_fetch_mode", "_flat", "_for_write", "_known", "_values", "_combined" }

--- A QuerySet like this one with other code.
local function chain(self, code)
  local new = { _code = code }
  for i = 1, #kept do
    local k = kept[i]
    local v = rawget(self, k)
    if v ~= nil then
      new[k] = v
    end
  end
  return setmetatable(new, getmetatable(self))
end
QuerySet._chain = chain

-- The same, once the engine has found that the code makes sense.
local function checked(self, code)
  return chain(self, world_of(self):check(code))
end

local function with(self, key, value)
  local new = chain(self, self._code)
  rawset(new, key, value)
  return new
end

-- ---- where it runs ----

local function read_db(self)
  return rawget(self, "_db") or rawget(self, "_for_write") and routing.write(self._model) or routing.read(self._model, rawget(self, "_hints"))
end

local function write_db(self)
  return rawget(self, "_db") or routing.write(self._model, rawget(self, "_hints"))
end

--- The database that it would run on.
function QuerySet:db()
  return read_db(self)
end

-- ---- conditions ----

function QuerySet:all()
  return chain(self, self._code)
end

-- Conditions as they are sent: fields of authors may have get_prep_value().
local function conditions_of(model, ...)
  if model._meta.registry.preparing then
    return require("perilune._models.hooks").conditions(model, ...)
  end
  return ...
end

local function conditions(self, ...)
  return conditions_of(self._model, ...)
end

function QuerySet:filter(...)
  return checked(self, orm.filter(self._code, false, "filter", conditions(self, ...)))
end

function QuerySet:exclude(...)
  return checked(self, orm.filter(self._code, true, "exclude", conditions(self, ...)))
end

function QuerySet:none()
  return chain(self, orm.none(self._code))
end

-- ---- shape ----

function QuerySet:order_by(...)
  return checked(self, orm.order_by(self._code, ...))
end

function QuerySet:reverse()
  return checked(self, orm.reverse(self._code))
end

function QuerySet:distinct(...)
  return checked(self, orm.distinct(self._code, ...))
end

-- Names and expressions of annotate() and aggregate(): { name = expression }, or
-- expressions that have a name of their own (Count "id" is id__count).
local function named(what, ...)
  local aliases = require("perilune._models.expressions")._default_aliases
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
    return base
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

local function names_and_options(known, what, ...)
  local n = select("#", ...)
  local last = select(n, ...)
  if n > 0 and type(last) == "table" and getmetatable(last) == nil then
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
    annotations[name] = expression
  end
  local more = {}
  for name in pairs(named_expressions or {}) do
    more[#more + 1] = name
  end
  table.sort(more)
  for _, name in ipairs(more) do
    list[#list + 1] = name
  end
  local code = self._code
  if next(annotations) then
    code = orm.annotate(code, false, annotations)
  end
  return code, list
end

--- values("id", "category__name"[, { lower = Lower "name" }])
function QuerySet:values(...)
  local n = select("#", ...)
  local names, expressions = { ... }, nil
  if n > 0 and type(names[n]) == "table" and getmetatable(names[n]) == nil then
    expressions = table.remove(names)
  end
  local code, list = split_expressions(self, names, expressions)
  local new = checked(self, orm.values(code, false, table.unpack(list)))
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
  local code, list = split_expressions(self, names)
  local new = checked(self, orm.values(code, true, table.unpack(list)))
  rawset(new, "_flat", options.flat or nil)
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

--- dates("created", "month"[, "DESC"])
function QuerySet:dates(field, kind, order)
  check_kind(kind, { "year", "month", "week", "day" })
  local new = checked(self, orm.dates(self._code, field, kind, order == "DESC"))
  rawset(new, "_flat", true)
  rawset(new, "_values", true)
  return new
end

function QuerySet:datetimes(field, kind, order, options)
  check_kind(kind, { "year", "month", "week", "day", "hour", "minute", "second" })
  local new = checked(self, orm.datetimes(self._code, field, kind, order == "DESC", type(options) == "table" and options.tzinfo or nil))
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
  end
  return with(self, "_prefetch", all)
end

function QuerySet:using(alias)
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

-- ---- slices ----

local function whole(n, what, least)
  if math.type(n) ~= "integer" or n < least then
    error(exceptions.ValueError(("%s is a whole number from %d up, not %s"):format(what, least, tostring(n))), 3)
  end
  return n
end

--- Rows first..last, from 1, both included.
function QuerySet:slice(first, last)
  whole(first, "slice(first, last): first", 1)
  if last ~= nil then
    whole(last, "slice(first, last): last", 0)
  end
  local new = chain(self, orm.slice(self._code, first - 1, last and math.max(last, first - 1)))
  if self._code.high < 0 and self._code.low == 0 then
    rawset(new, "_unsliced", self._code)
    rawset(new, "_low", first - 1)
    rawset(new, "_limit", last and math.max(last - first + 1, 0))
    rawset(new, "_offset", first - 1)
  end
  return new
end

-- limit and offset may come in any order: both are applied to the query before them.
local function window(self, limit, offset)
  local code = self._unsliced or self._code
  local new = chain(self, orm.slice(code, offset or 0, limit and (offset or 0) + limit or nil))
  rawset(new, "_low", offset or 0)
  rawset(new, "_unsliced", code)
  rawset(new, "_limit", limit)
  rawset(new, "_offset", offset)
  return new
end

function QuerySet:limit(n)
  whole(n, "limit", 0)
  return window(self, n, self._offset)
end

function QuerySet:offset(n)
  whole(n, "offset", 0)
  return window(self, self._limit, n)
end

-- ---- combining ----

local function codes(what, ...)
  local list = {}
  for i = 1, select("#", ...) do
    local other = select(i, ...)
    local code = type(other) == "table" and rawget(other, "_code")
    if not code then
      error(exceptions.TypeError(("%s takes QuerySets, not a %s"):format(what, type(other))), 3)
    end
    list[i] = code
  end
  return list
end

local function combined(self, code)
  local new = checked(self, code)
  rawset(new, "_combined", true)
  return new
end

--- union(other, …[, { all = true }])
function QuerySet:union(...)
  local n = select("#", ...)
  local last = n > 0 and select(n, ...)
  local all, others = false, { ... }
  if type(last) == "table" and getmetatable(last) == nil then
    all = check_options("union", last, { all = true }).all
    others[n] = nil
  end
  return combined(self, orm.combine(self._code, all and "union_all" or "union", table.unpack(codes("union", table.unpack(others)))))
end

function QuerySet:intersection(...)
  return combined(self, orm.combine(self._code, "intersection", table.unpack(codes("intersection", ...))))
end

function QuerySet:difference(...)
  return combined(self, orm.combine(self._code, "difference", table.unpack(codes("difference", ...))))
end

--- a & b, a | b: rows of one model that both conditions, or one of them, let through.
function QuerySet._merge(a, b, connector)
  if type(a) ~= "table" or type(b) ~= "table" or a._model ~= b._model then
    error(exceptions.TypeError "only QuerySets of one model combine with & and |", 3)
  end
  local expressions = require "perilune._models.expressions"
  local left = orm.filter(orm.all(a._model._meta.world_id), false, "filter", expressions.Q { pk__in = a:values "pk" })
  local both = orm.q(connector, false, expressions.Q { pk__in = a:values "pk" }, expressions.Q { pk__in = b:values "pk" })
  return chain(a, left and orm.filter(orm.all(a._model._meta.world_id), false, "filter", both))
end

-- ---- reading ----

-- The mode is that of the objects that came along, too.
local function set_fetch_mode(rows, mode)
  for _, row in ipairs(rows) do
    rawget(row, "_state").fetch_mode = mode
    for _, object in pairs(rawget(row, "_cache") or {}) do
      if object and rawget(object, "_state").fetch_mode ~= mode then
        set_fetch_mode({ object }, mode)
      end
    end
  end
end

-- What follows the reading of rows: what is known of them, signals, prefetches.
local function finish(self, rows)
  if #rows == 0 or rawget(self, "_values") then
    return rows
  end
  local mode = rawget(self, "_fetch_mode")
  if mode then
    set_fetch_mode(rows, mode)
  end
  local known = rawget(self, "_known")
  if known then
    for _, row in ipairs(rows) do
      set_cached(row, known[1], known[2])
    end
  end
  local model = self._model
  if post_init:has_listeners(model) then
    for _, row in ipairs(rows) do
      send.post_init(model, row)
    end
  end
  local prefetch = rawget(self, "_prefetch")
  if prefetch then
    require("perilune._models.prefetch").run(rows, prefetch)
  end
  return rows
end

local function run_rows(self, code)
  local flat, using = rawget(self, "_flat"), read_db(self)
  local rows, hooks = orm.rows(world_of(self), using, code, flat)
  if hooks then
    require("perilune._models.hooks").rows(rows, hooks, flat, using)
  end
  return finish(self, rows)
end

--- The rows, read once. Not for authors: ipairs, #, [] and to_list() are.
function QuerySet._fetch(self)
  local rows = rawget(self, "_result")
  if rows == nil then
    rows = run_rows(self, self._code)
    rawset(self, "_result", rows)
  end
  return rows
end

--- for p in qs:iter() do … end
function QuerySet:iter()
  local rows, i = QuerySet._fetch(self), 0
  return function()
    i = i + 1
    return rows[i]
  end
end

--- A plain list of the rows, the caller's to change.
function QuerySet:to_list()
  return { table.unpack(QuerySet._fetch(self)) }
end

--- Streams: rows are read in chunks and not kept. iterator{ chunk_size = 2000 }
function QuerySet:iterator(options)
  options = check_options("iterator", options, { chunk_size = true })
  local size = options.chunk_size or 2000
  whole(size, "chunk_size", 1)
  return require("perilune._models.iterator")(self, size, function(code)
    return run_rows(self, code)
  end)
end

-- The values of a query of one column.
function QuerySet._keys(self, code)
  return (orm.rows(world_of(self), read_db(self), code, true))
end

function QuerySet._repr(self)
  local shown = {}
  local rows = rawget(self, "_result") or run_rows(self, self._code.high < 0 and orm.slice(self._code, 0, 21) or self._code)
  for i = 1, math.min(#rows, 20) do
    local row = rows[i]
    shown[i] = type(row) == "table" and not getmetatable(row) and require("perilune.json").encode(row) or ("<%s: %s>"):format(self._model._meta.object_name, tostring(row))
  end
  if #rows > 20 then
    shown[#shown + 1] = "...(remaining elements truncated)..."
  end
  return "<QuerySet [" .. table.concat(shown, ", ") .. "]>"
end

local function not_found(model)
  return model.DoesNotExist(("%s matching query does not exist."):format(model._meta.object_name))
end

local function too_many(model, n)
  return model.MultipleObjectsReturned(("get() returned more than one %s -- it returned %s!"):format(model._meta.object_name, n == 21 and "more than 20" or n))
end

-- One row or nil; raises when there are more.
local function single_row(self, ...)
  local flat, using = rawget(self, "_flat"), read_db(self)
  local row, n, hooks = orm.get_row(world_of(self), using, self._code, flat, conditions(self, ...))
  if n > 1 then
    error(too_many(self._model, n), 3)
  elseif n == 0 then
    return nil
  end
  local rows = { row }
  if hooks then
    require("perilune._models.hooks").rows(rows, hooks, flat, using)
  end
  return finish(self, rows)[1]
end

--- get() of all rows of a model, as managers call it: no QuerySet is made for it.
function QuerySet._get_of_all(model, using, level, ...)
  local code = all_code(model._meta)
  using = using or routing.read(model)
  local row, n, hooks = orm.get_row(model._meta.registry.made, using, code, nil, conditions_of(model, ...))
  if n == 0 then
    error(not_found(model), level + 1)
  elseif n > 1 then
    error(too_many(model, n), level + 1)
  end
  if hooks then
    require("perilune._models.hooks").rows({ row }, hooks, nil, using)
  end
  send.post_init(model, row)
  return row
end

--- The one row; DoesNotExist, MultipleObjectsReturned.
function QuerySet:get(...)
  local row = single_row(self, ...)
  if row == nil then
    error(not_found(self._model), 2)
  end
  return row
end

function QuerySet:get_or_nil(...)
  return single_row(self, ...)
end

function QuerySet:first()
  local rows = rawget(self, "_result")
  if rows then
    return rows[1]
  end
  return run_rows(self, world_of(self):check(orm.first(self._code)))[1]
end

function QuerySet:last()
  if self._code.high >= 0 or self._code.low > 0 then
    error(exceptions.TypeError "Cannot reverse a query once a slice has been taken.", 2)
  end
  return run_rows(self, world_of(self):check(orm.last(self._code)))[1]
end

local function extreme(make)
  return function(self, ...)
    local names = { ... }
    if #names == 0 then
      local by = self._model._meta.get_latest_by
      names = type(by) == "string" and { by } or by or {}
    end
    if #names == 0 then
      error(exceptions.ValueError "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the model's Meta.", 2)
    end
    local row = run_rows(self, world_of(self):check(make(self._code, table.unpack(names))))[1]
    if row == nil then
      error(not_found(self._model), 2)
    end
    return row
  end
end
QuerySet.earliest = extreme(orm.earliest)
QuerySet.latest = extreme(orm.latest)

local function single(self, code)
  local using = read_db(self)
  local value, hooks = orm.single(world_of(self), using, code)
  if hooks then
    require("perilune._models.hooks").rows({ value }, hooks, nil, using)
  end
  return value
end

function QuerySet:count()
  local rows = rawget(self, "_result")
  return rows and #rows or single(self, orm.count(self._code))
end

function QuerySet:exists()
  local rows = rawget(self, "_result")
  if rows then
    return #rows > 0
  end
  return single(self, orm.has_rows(self._code))
end

--- Whether the object is among the rows.
function QuerySet:contains(object)
  if self._values then
    error(exceptions.TypeError "Cannot call QuerySet.contains() after .values() or .values_list().", 2)
  end
  if type(object) ~= "table" or not getmetatable(object) or not rawget(getmetatable(object), "_meta") then
    error(exceptions.TypeError "'obj' must be a model instance.", 2)
  end
  if object.pk == nil then
    error(exceptions.ValueError "QuerySet.contains() cannot be used on unsaved objects.", 2)
  end
  if getmetatable(object)._meta.concrete_model ~= self._model._meta.concrete_model then
    return false
  end
  local rows = rawget(self, "_result")
  if rows then
    for _, row in ipairs(rows) do
      if row == object then
        return true
      end
    end
    return false
  end
  return self:filter({ pk = object.pk }):exists()
end

--- aggregate{ total = Sum "price" } → { total = … }
function QuerySet:aggregate(...)
  local all = named("aggregate", ...)
  return single(self, world_of(self):check(orm.aggregation(self._code, all)))
end

--- in_bulk({ 1, 2 }[, { field_name = "slug" }]) → { [1] = …, [2] = … }; without ids all.
function QuerySet:in_bulk(ids, options)
  options = check_options("in_bulk", options, { field_name = true })
  if self._values then
    error(exceptions.TypeError "in_bulk() cannot be used with values() or values_list().", 2)
  end
  local name = options.field_name or "pk"
  local meta = self._model._meta
  local field = name == "pk" and meta.pk or meta:get_field(name)
  if not field.unique and not field.primary_key then
    error(exceptions.ValueError(("in_bulk()'s field_name must be a unique field but '%s' isn't."):format(name)), 2)
  end
  if self._code.high >= 0 or self._code.low > 0 then
    error(exceptions.TypeError "Cannot use 'limit' or 'offset' with in_bulk().", 2)
  end
  local found = {}
  local queryset = self
  if ids then
    if #ids == 0 then
      return found
    end
    queryset = self:filter { [name .. "__in"] = ids }
  end
  for _, row in ipairs(QuerySet._fetch(queryset)) do
    found[row[field.attname]] = row
  end
  return found
end

-- ---- as text ----

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

--- explain{ format = "text", analyze = true } → text
function QuerySet:explain(options)
  options = options or {}
  local pairs_of = {}
  local names = {}
  for k in pairs(options) do
    if k ~= "format" then
      names[#names + 1] = k
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    pairs_of[#pairs_of + 1] = name
    pairs_of[#pairs_of + 1] = tostring(options[name])
  end
  local lines = {}
  for _, row in ipairs(orm.rows(world_of(self), read_db(self), orm.explain(self._code, options.format, table.unpack(pairs_of)))) do
    local parts = {}
    for i = 1, row.n or #row do
      parts[i] = tostring(row[i])
    end
    lines[#lines + 1] = table.concat(parts, " ")
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

QuerySet._read_db, QuerySet._write_db, QuerySet._named, QuerySet._world = read_db, write_db, named, world_of

return QuerySet
