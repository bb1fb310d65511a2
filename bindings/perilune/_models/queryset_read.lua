-- SPDX-License-Identifier: MIT
-- QuerySets: reading their rows, and what else is asked of a query.
local ahead = require "perilune._models.ahead"
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local from_db = require "perilune._models.from_db"
local orm = require "perilune._orm"
local post_init = require("perilune.signals").post_init
local QuerySet = require "perilune._models.queryset_parts"
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local descriptors = require "perilune._models.descriptors"
local plain_key, set_cached = descriptors.plain_key, descriptors.set_cached
local state_of = require("perilune._models.state").of

local all_code, conditions, conditions_of = QuerySet._all_code, QuerySet._conditions, QuerySet._conditions_of
local no_arguments = QuerySet._no_arguments
local read_db, whole, world_of = QuerySet._read_db, QuerySet._whole, QuerySet._world

-- ---- rows ----

-- The mode is that of the objects that came along, too.
local function set_fetch_mode(rows, mode)
  for _, row in ipairs(rows) do
    state_of(row).fetch_mode = mode
    for _, object in pairs(rawget(row, "_cache") or {}) do
      if object and state_of(object).fetch_mode ~= mode then
        set_fetch_mode({ object }, mode)
      end
    end
  end
end


-- Columns of a composite key as one list, in rows of values() and values_list().
local function fold_keys(rows, fold)
  local n = #fold.parts
  for i, row in ipairs(rows) do
    local key = {}
    if fold.list then
      table.move(row, fold.at, fold.at + n - 1, 1, key)
      row[fold.at] = key
      table.move(row, fold.at + n, row.n + n, fold.at + 1)
      row.n = row.n - n + 1
    else
      for k, part in ipairs(fold.parts) do
        key[k] = row[part]
        if fold.extra[part] then
          row[part] = nil
        end
      end
      row.pk = key
    end
    rows[i] = fold.flat and key or row
  end
  return rows
end

-- What follows the reading of rows: what is known of them, signals, prefetches.
local function finish(self, rows)
  if #rows == 0 or rawget(self, "_values") then
    return rawget(self, "_fold") and fold_keys(rows, rawget(self, "_fold")) or rows
  end
  if from_db.any() then
    rows = from_db.rows(rows, read_db(self))
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
  if post_init._listens(model) then
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
    local manager = rawget(self, "_related")
    rows = manager and ahead.rows(manager) or run_rows(self, self._code)
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
  return orm.copy_list(QuerySet._fetch(self))
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

-- ---- one row ----

local function not_found(model)
  return model.DoesNotExist(("%s matching query does not exist."):format(model._meta.object_name))
end

local function too_many(model, n)
  return model.MultipleObjectsReturned(("get() returned more than one %s -- it returned %s!"):format(model._meta.object_name, n == 21 and "more than 20" or n))
end

QuerySet._not_found = not_found

-- A row that was read alone, with what follows.
local function whole_row(self, row, hooks, flat, using)
  local rows = { row }
  if hooks then
    require("perilune._models.hooks").rows(rows, hooks, flat, using)
  end
  return finish(self, rows)[1]
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
  return whole_row(self, row, hooks, flat, using)
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
  if from_db.own(model) then
    row = from_db.rows({ row }, using)[1]
  end
  send.post_init(model, row)
  return row
end

--- What answers get{ pk = n } of all rows of a model; nil when an author's field converts.
function QuerySet._getter(model, using)
  local meta = model._meta
  local world = meta.registry:world()
  if meta.registry.preparing or from_db.own(model) then
    return nil
  end
  return orm.getter(world, using, orm.filter(all_code(meta), false, "get", { pk = 0 }))
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

-- The first row of a query that has nothing but its code, and perhaps a database.
local function first_of(self, using)
  local model = self._model
  using = using or routing.read(model)
  local row, n, hooks = orm.first_row(world_of(self), using, self._code)
  if n == 0 then
    return nil
  elseif hooks or from_db.any() or post_init._listens(model) then
    return whole_row(self, row, hooks, nil, using)
  end
  return row
end

function QuerySet:first(condition)
  if condition ~= nil then
    no_arguments("first", condition)
  end
  local bare, db = orm.is_bare(self)
  if bare then
    return first_of(self, db)
  end
  local rows = rawget(self, "_result")
  if rows then
    return rows[1]
  end
  local flat, using = rawget(self, "_flat"), read_db(self)
  local row, n, hooks = orm.first_row(world_of(self), using, self._code, flat)
  if n == 0 then
    return nil
  end
  return whole_row(self, row, hooks, flat, using)
end

function QuerySet:last(...)
  no_arguments("last", ...)
  if self._code.high >= 0 or self._code.low > 0 then
    error(exceptions.TypeError "Cannot reverse a query once a slice has been taken.", 2)
  end
  return run_rows(self, orm.check(world_of(self), orm.last(self._code)))[1]
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
    local row = run_rows(self, orm.check(world_of(self), make(self._code, table.unpack(names))))[1]
    if row == nil then
      error(not_found(self._model), 2)
    end
    return row
  end
end
QuerySet.earliest = extreme(orm.earliest)
QuerySet.latest = extreme(orm.latest)

-- ---- one answer ----

local function single(self, code)
  local using = read_db(self)
  local value, hooks = orm.single(world_of(self), using, code)
  if hooks then
    require("perilune._models.hooks").rows({ value }, hooks, nil, using)
  end
  return value
end

-- The rows, when no query is needed for them.
local function rows_at_hand(self)
  local manager = rawget(self, "_related")
  return rawget(self, "_result") or manager and ahead.waiting(manager) or nil
end

function QuerySet:count(...)
  no_arguments("count", ...)
  local rows = rows_at_hand(self)
  return rows and #rows or orm.count_rows(world_of(self), read_db(self), self._code)
end

function QuerySet:exists(...)
  no_arguments("exists", ...)
  local rows = rows_at_hand(self)
  if rows then
    return #rows > 0
  end
  return orm.any_rows(world_of(self), read_db(self), self._code)
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
  local all = QuerySet._named("aggregate", ...)
  if next(all) == nil then
    return {}
  end
  return single(self, orm.check(world_of(self), orm.aggregation(self._code, all)))
end

-- Lists are keys by what is in them: found[{ 1, "a" }].
local by_parts = {
  __index = function(found, key)
    local wanted = plain_key(key)
    for known, row in next, found do
      if plain_key(known) == wanted then
        return row
      end
    end
    return nil
  end,
}

--- in_bulk({ 1, 2 }[, { field_name = "slug" }]) → { [1] = …, [2] = … }; without ids all.
function QuerySet:in_bulk(ids, options)
  options = check_options("in_bulk", options, { field_name = true })
  if ids ~= nil and (type(ids) ~= "table" or getmetatable(ids) ~= nil and rawget(ids, "_code") == nil) then
    error(exceptions.TypeError(("in_bulk takes a list of keys, as in { 1, 2 }, not %s"):format(tostring(ids))), 2)
  end
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
    if name == "pk" then
      found[row.pk] = row
    else
      found[row[field.attname]] = row
    end
  end
  return meta.pk.composite and name == "pk" and setmetatable(found, by_parts) or found
end

QuerySet._run_rows = run_rows

return QuerySet
