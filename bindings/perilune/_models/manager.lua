-- SPDX-License-Identifier: MIT
-- Managers: `Product.objects`. A manager has the methods of its QuerySet class and those it
-- was extended with; get_queryset() is where they begin.
local exceptions = require "perilune.exceptions"
local marks = require "perilune._models.marks"
local orm = require "perilune._orm"
local QuerySet = require "perilune._models.queryset"
local registries = require "perilune._models.registry"
local routing = require "perilune._models.routing"
local suggest = require("perilune._core").suggest

local M = {}

local created = 0

-- ---- classes ----

local Manager = { __name = "perilune.models.Manager", _is_manager_class = true, queryset_class = QuerySet }
M.Manager = Manager

-- Methods of QuerySets that a manager passes on; the private ones and those that make no
-- sense on everything are left out.
local hidden = { delete = true, as_manager = true, extend = true, iter = false }

local function no_colon(key, level)
  error(exceptions.TypeError(("%s is a method: call it with a colon, objects:%s(…)"):format(key, key)), level or 3)
end

-- All rows, as a QuerySet: the method to override. It stands in no class, though all have it
-- (find() and root_mt): an author's is then a new key wherever it is assigned, and seen.
local function get_queryset(self)
  local class = self.queryset_class
  return class._new(class, self.model, rawget(self, "_db"))
end

-- get() is what views do most. Where nobody has a say in it, it is done in C for { pk = n }
-- (bindings/orm/by_key.c), and without a QuerySet for other conditions: by manager what answers
-- the former, false when there is no such thing.
local getters, beginnings = registries.getters, registries.beginnings

-- An author who has a say in it later.
local function assign(target, key, value)
  rawset(target, key, value)
  if key == "get_queryset" then
    registries.forget_kept()
  end
end

-- Whether an assignment to the manager or its classes would be seen.
local function untouched(self)
  local class = getmetatable(self)
  local free = rawget(self, "get_queryset") == nil
  while class and free do
    free = rawget(class, "get_queryset") == nil
    class = rawget(class, "_parent")
  end
  return free
end

local function direct_get(self, ...)
  local begin = type(self) == "table" and self.get_queryset or no_colon("get", 4)
  if begin ~= get_queryset then
    local queryset = begin(self)
    return queryset.get(queryset, ...)
  end
  local model, using = self.model, rawget(self, "_db") or routing.always()
  local row = QuerySet._get_of_all(model, rawget(self, "_db"), 3, ...)
  if getters[self] == nil then
    getters[self] = using and untouched(self) and QuerySet._getter(model, using) or false
  end
  return row
end

local function missing(self)
  error(QuerySet._not_found(self.model), 3)
end

-- filter(), exclude() and all(), with which most queries begin, are done in C, too
-- (bindings/orm/begin.c): here is what that cannot do, and what it needs.
local function keep_beginning(self, class, model, using)
  if beginnings[self] == nil then
    beginnings[self] = untouched(self) and QuerySet._beginning(class, model, using)
  end
end

local function direct_all(self, condition)
  local begin = type(self) == "table" and self.get_queryset or no_colon("all")
  if condition ~= nil then
    QuerySet._no_arguments("all", condition)
  end
  local queryset = begin(self)
  if begin == get_queryset then
    keep_beginning(self, self.queryset_class, self.model, rawget(self, "_db"))
  end
  return queryset
end

local function direct_filter(key, exclude)
  return function(self, ...)
    local begin = type(self) == "table" and self.get_queryset or no_colon(key)
    if begin ~= get_queryset then
      local queryset = begin(self)
      return queryset[key](queryset, ...)
    end
    local class, model, using = self.queryset_class, self.model, rawget(self, "_db")
    local queryset = QuerySet._restricted(class, model, using, exclude, key, ...)
    keep_beginning(self, class, model, using)
    return queryset
  end
end

-- create() needs no QuerySet.
local function direct_create(self, values)
  local begin = type(self) == "table" and self.get_queryset or no_colon("create")
  local object
  if begin == get_queryset then
    object = QuerySet._create(self.model, values, rawget(self, "_db") or routing.write(self.model))
  else
    object = begin(self):create(values)
  end
  return object
end

local get

local function begin_method(key, exclude)
  return orm.begin_method(beginnings, direct_filter(key, exclude), key)
end
local filters = {}

local function queryset_method(class, key)
  if type(key) ~= "string" or key:sub(1, 1) == "_" or hidden[key] then
    return nil
  end
  local method = class.queryset_class[key]
  if type(method) ~= "function" then
    return nil
  end
  if method == QuerySet.get then
    get = get or orm.get_method(getters, direct_get, missing)
    return get
  elseif method == QuerySet.create then
    return direct_create
  elseif method == QuerySet.filter or method == QuerySet.exclude then
    filters[key] = filters[key] or begin_method(key, method == QuerySet.exclude)
    return filters[key]
  end
  return marks.method(key, function(self, ...)
    local begin = type(self) == "table" and self.get_queryset or no_colon(key)
    local queryset = begin(self)
    return queryset[key](queryset, ...)
  end)
end

-- Methods that a class has only passed on, and keeps; those below it have QuerySets of their own.
local passed = setmetatable({}, { __mode = "k" })

local function find(class, key)
  local c = class
  while c do
    local v = rawget(c, key)
    if v ~= nil and not passed[v] then
      return v
    end
    c = rawget(c, "_parent")
  end
  return key == "get_queryset" and get_queryset or nil
end

--- The method of a class of managers when its author wrote it; nil for what is passed on.
function M.written(class, key)
  return find(class, key)
end

-- What a manager may have or not.
local optional = {
  model = true, name = true, created = true, instance = true, field = true, through = true, reverse = true, source = true, target = true,
  query_name = true, symmetrical = true, auto = true, key_name = true, cache_name = true, chosen = true, use_in_migrations = true,
}

local function not_a_list()
  error(exceptions.TypeError "a manager is no list, its all() is: ipairs(objects:all()), #objects:all(), {% for x in objects.all %} in templates", 3)
end

local function no_member(class, key)
  if type(key) == "number" then
    not_a_list()
  elseif type(key) == "string" and key:sub(1, 1) ~= "_" then
    local also = hidden[key] and QuerySet[key] and ("; a QuerySet has: objects:all():%s()"):format(key)
    error(exceptions.AttributeError(("a manager has no '%s'%s"):format(key, also or suggest(key, QuerySet._method_names(class.queryset_class)))), 3)
  end
end

local class_mt = {
  __index = function(class, key)
    local v = find(class, key)
    if v == nil and key ~= "queryset_class" then
      v = queryset_method(class, key)
      if v then
        passed[v] = true
        rawset(class, key, v)
      elseif not optional[key] then
        no_member(class, key)
      end
    end
    return v
  end,
  __newindex = assign,
  __call = function(class)
    created = created + 1
    return setmetatable({ created = created, _is_manager = true }, class)
  end,
  __tostring = function(class)
    return class.__name
  end,
}

local function prepare(class)
  class.__index, class.__newindex = class, assign
  class.__len, class.__pairs, class.__call = not_a_list, not_a_list, not_a_list
  class.__nojson = "a manager (a list of values() is data: objects:values(\"id\", …):to_list())"
  class.__tostring = function(self)
    return ("%s.%s"):format(rawget(self, "model") and self.model._meta.label or "?", rawget(self, "name") or "?")
  end
  function class.__pack(self)
    error(exceptions.TypeError(("%s is a manager and cannot be kept as data: keep a QuerySet, %s:all()"):format(tostring(self), tostring(self))), 0)
  end
  return setmetatable(class, class_mt)
end

-- The one that most managers are of finds it without a call.
local root = { get_queryset = get_queryset }
local root_mt = {
  __index = setmetatable(root, {
    __index = function(_, key)
      return class_mt.__index(Manager, key)
    end,
  }),
  __newindex = assign, __call = class_mt.__call, __tostring = class_mt.__tostring,
}
setmetatable(prepare(Manager), root_mt)

--- A class below this one: Manager:extend{ get_queryset = function(self) … end, … }
function Manager.extend(parent, members)
  local class = { _parent = parent, _is_manager_class = true, __name = parent.__name }
  for k, v in pairs(members or {}) do
    class[k] = marks.method(k, v)
  end
  return prepare(class)
end

--- Manager:from_queryset(ProductQuerySet): a manager class with its methods.
function Manager.from_queryset(parent, queryset_class)
  if type(queryset_class) ~= "table" or type(queryset_class._new) ~= "function" or rawget(queryset_class, "_model") then
    error(exceptions.TypeError(("from_queryset takes a class of QuerySets: models.Manager:from_queryset(models.QuerySet:extend{…}), not %s"):format(tostring(queryset_class))), 2)
  end
  return parent:extend { queryset_class = queryset_class }
end

--- A manager of the same kind on another database.
function Manager:db_manager(using)
  local copy = {}
  for k, v in next, self do
    copy[k] = v
  end
  copy._db = using
  return setmetatable(copy, getmetatable(self))
end

Manager.all = orm.begin_method(beginnings, direct_all, "all")

--- ProductQuerySet:as_manager()
function QuerySet.as_manager(class)
  return Manager:from_queryset(class)()
end

-- ---- managers of a model ----

local function bind(manager, class, name)
  local bound = {}
  for k, v in next, manager do
    bound[k] = v
  end
  bound.model, bound.name = class, name
  return setmetatable(bound, getmetatable(manager))
end

-- The class and those above it, each before what it is made of: Python's order.
local function line_of(class)
  local met, last = {}, {}
  local function visit(c)
    met[#met + 1] = c
    last[c] = #met
    for _, parent in ipairs(c._bases) do
      visit(parent)
    end
  end
  visit(class)
  local line = {}
  for i, c in ipairs(met) do
    if last[c] == i then
      line[#line + 1] = c
    end
  end
  return line
end

-- The managers of all of the line, bound to the class: those of a nearer one come first, and hide
-- others of their names.
local function collect(class, line)
  local list, seen = {}, {}
  for _, c in ipairs(line) do
    for _, pair in ipairs(c._meta.local_managers) do
      local name, manager = pair[1], pair[2]
      if not seen[name] then
        seen[name] = true
        list[#list + 1] = { name, bind(manager, class, name) }
      end
    end
  end
  return list
end

-- What parents say of their managers counts for heirs that say nothing: base_manager_name of any,
-- default_manager_name of the next one, unless the heir has managers of its own.
local function inherited_names(meta, line)
  local base, default = meta.base_manager_name, meta.default_manager_name
  for i = 2, #line do
    local above = line[i]._meta
    if not base and above.base_manager and above.base_manager.name ~= "_base_manager" then
      base = above.base_manager.name
    end
  end
  if not default and #meta.local_managers == 0 and line[2] then
    default = line[2]._meta.default_manager_name
  end
  return base, default
end

local function named(meta, wanted, option)
  for _, pair in ipairs(meta.managers) do
    if pair[1] == wanted then
      return pair[2]
    end
  end
  error(exceptions.ValueError(("%s has no manager named '%s' (Meta.%s)"):format(meta.object_name, wanted, option)), 0)
end

--- Gives the class its managers: those it declares, those of its parents, or `objects`. `level`: of
--- the author's line.
function M.install(class, own, level)
  local meta = class._meta
  meta.local_managers = {}
  for i, pair in ipairs(own) do
    meta.local_managers[i] = { pair[1], bind(pair[2], class, pair[1]) }
  end
  if meta.abstract then
    meta.managers = meta.local_managers
    return
  end
  local line = line_of(class)
  meta.managers = collect(class, line)
  local base, default = inherited_names(meta, line)
  if #meta.managers == 0 then
    if meta.local_by_name.objects then
      error(exceptions.ValueError(("Model %s must specify a custom Manager, because it has a field named 'objects'."):format(meta.object_name)), level + 1)
    end
    meta.local_managers[1] = { "objects", bind(Manager(), class, "objects") }
    meta.managers[1] = meta.local_managers[1]
  end
  for _, pair in ipairs(meta.swapped and {} or meta.managers) do
    rawset(class, pair[1], pair[2])
  end
  meta.base_manager = base and named(meta, base, "base_manager_name") or bind(Manager(), class, "_base_manager")
  meta.default_manager = default and named(meta, default, "default_manager_name") or meta.managers[1][2]
  rawset(class, "_base_manager", meta.base_manager)
  rawset(class, "_default_manager", meta.default_manager)
end

return M
