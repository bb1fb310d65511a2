-- SPDX-License-Identifier: MIT
-- QuerySets: lazy, immutable, every call gives a new one. What is asked for is query code
-- (`_code`, a value of perilune._orm); rows are read once, when somebody looks, and kept.
--
-- Here: the classes, how one query comes out of another, where it runs, its conditions. What
-- else QuerySets do: queryset_shape.lua, queryset_parts.lua, queryset_read.lua,
-- queryset_text.lua, writing.lua.
local exceptions = require "perilune.exceptions"
local marks = require "perilune._models.marks"
local orm = require "perilune._orm"
local check = orm.check
local routing = require "perilune._models.routing"
local suggest = require("perilune._core").suggest

-- _attributes: functions of the QuerySet, by name, that are no methods but read as values.
local QuerySet = { __name = "perilune.models.QuerySet", _attributes = {} }

-- The world of the model, which knows all names.
local function world_of(self)
  local registry = self._model._meta.registry
  return registry.dirty and registry:world() or registry.made
end

-- ---- classes and instances ----

local function method_names(class)
  local names, seen = {}, {}
  while class do
    for k, v in next, class do
      if type(k) == "string" and type(v) == "function" and k:sub(1, 1) ~= "_" and not seen[k] then
        seen[k] = true
        names[#names + 1] = k
      end
    end
    local mt = getmetatable(class)
    class = mt and mt.__index
  end
  table.sort(names)
  return names
end
QuerySet._method_names = method_names

-- What a QuerySet gives for a key that is no name of its class: rows for numbers.
local function row_or_nothing(self, class, key)
  if math.type(key) == "integer" and key > 0 then
    return class._fetch(self)[key]
  elseif type(key) == "number" then
    error(exceptions.ValueError(("[%s]: the rows of a QuerySet are counted from 1; order_by(…):reverse() and last() begin at the end"):format(key)), 3)
  elseif type(key) == "string" and not key:find "^[_%d]" then -- templates ask for "0"
    error(exceptions.AttributeError(("a QuerySet of %s has no '%s'%s"):format(self._model._meta.object_name, key, suggest(key, method_names(class)))), 3)
  end
  return nil
end

-- The metatable of the instances of a class: names are methods, numbers are rows.
local function instance_mt(class)
  return {
    __name = class.__name,
    __nojson = "a QuerySet (a list of values() is data: queryset:values(\"id\", …):to_list())",
    _class = class,
    __index = orm.queryset_index(class, function(self, key)
      local attribute = class._attributes[key]
      if attribute then
        return attribute(self)
      end
      return row_or_nothing(self, class, key)
    end),
    __pairs = function(self)
      return ipairs(self)
    end,
    __call = function()
      error(exceptions.TypeError "a QuerySet is no function: for i, row in ipairs(queryset) do, or for row in queryset:iter() do", 2)
    end,
    __len = function(self)
      return #class._fetch(self)
    end,
    __tostring = function(self)
      return class._repr(self)
    end,
    __pack = function(self)
      return require("perilune._models.packing").pack_queryset(self)
    end,
    __band = function(a, b) return QuerySet._merge(a, b, "AND") end,
    __bor = function(a, b) return QuerySet._merge(a, b, "OR") end,
    __bxor = function(a, b) return QuerySet._merge(a, b, "XOR") end,
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
  local registry = meta.registry
  local world = registry.dirty and registry:world() or registry.made
  if meta.all_in ~= world then -- made anew when a model came later
    meta.all_in, meta.all_code = world, orm.all(meta.world_id)
  end
  return meta.all_code
end

--- All rows of a model.
function QuerySet._new(class, model, using)
  return setmetatable({ _model = model, _code = all_code(model._meta), _db = using }, class._mt)
end

local kept = {
  _db = true, _prefetch = true, _hints = true, _fetch_mode = true, _flat = true, _for_write = true, _known = true, _values = true, _combined = true, _whole = true,
  _sliced = true, _fold = true, _ordered = true, _reversed = true,
}

--- A QuerySet like this one with other code.
local function chain(self, code)
  local new = { _model = self._model, _code = code }
  for k, v in next, self do
    if kept[k] then
      new[k] = v
    end
  end
  return setmetatable(new, getmetatable(self))
end
QuerySet._chain = chain

-- The same, once the engine has found that the code makes sense.
local function checked(self, code)
  return chain(self, check(world_of(self), code))
end

-- The same query with something else about it.
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

-- first{ id = 5 } would be the first of all rows.
local function no_arguments(name, ...)
  if select("#", ...) > 0 and (...) ~= nil then
    error(exceptions.TypeError(("%s() takes no conditions: filter{…}:%s()"):format(name, name)), 3)
  end
end

function QuerySet:all(...)
  no_arguments("all", ...)
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

-- The code with conditions more.
local function restricted(model, code, exclude, what, ...)
  local registry = model._meta.registry
  if registry.preparing then
    return check(registry:world(), orm.filter(code, exclude, what, conditions_of(model, ...)))
  end
  return check(registry:world(), orm.filter(code, exclude, what, ...))
end

function QuerySet:filter(...)
  return chain(self, restricted(self._model, self._code, false, "filter", ...))
end

function QuerySet:exclude(...)
  return chain(self, restricted(self._model, self._code, true, "exclude", ...))
end

--- filter() and exclude() of all rows, as managers call them: no other QuerySet is made first.
function QuerySet._restricted(class, model, using, exclude, what, ...)
  return setmetatable({ _model = model, _code = restricted(model, all_code(model._meta), exclude, what, ...), _db = using }, class._mt)
end

--- What managers need to do the same in C; false when fields have a say in conditions.
function QuerySet._beginning(class, model, using)
  local registry = model._meta.registry
  return not registry.preparing and orm.beginning(registry:world(), all_code(model._meta), class._mt, model, using)
end

function QuerySet:none()
  return chain(self, orm.none(self._code))
end

QuerySet._no_arguments = no_arguments
QuerySet._checked, QuerySet._with, QuerySet._conditions, QuerySet._conditions_of = checked, with, conditions, conditions_of
QuerySet._read_db, QuerySet._write_db, QuerySet._world, QuerySet._all_code = read_db, write_db, world_of, all_code

return QuerySet
