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
local routing = require "perilune._models.routing"

-- _attributes: functions of the QuerySet, by name, that are no methods but read as values.
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
      local attribute = class._attributes[key]
      if attribute then
        return attribute(self)
      end
      local member = class[key]
      if member == nil and type(key) == "number" then
        return class._fetch(self)[key]
      end
      return member
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

local kept = {
  _db = true, _prefetch = true, _hints = true, _fetch_mode = true, _flat = true, _for_write = true, _known = true, _values = true, _combined = true, _whole = true,
  _sliced = true,
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
  return chain(self, world_of(self):check(code))
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

-- The code with conditions more.
local function restricted(model, code, exclude, what, ...)
  local registry = model._meta.registry
  if registry.preparing then
    return registry:world():check(orm.filter(code, exclude, what, conditions_of(model, ...)))
  end
  return registry:world():check(orm.filter(code, exclude, what, ...))
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

function QuerySet:none()
  return chain(self, orm.none(self._code))
end

QuerySet._checked, QuerySet._with, QuerySet._conditions, QuerySet._conditions_of = checked, with, conditions, conditions_of
QuerySet._read_db, QuerySet._write_db, QuerySet._world, QuerySet._all_code = read_db, write_db, world_of, all_code

return QuerySet
