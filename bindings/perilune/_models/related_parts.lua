-- SPDX-License-Identifier: MIT
-- What the managers of related objects have in common: their QuerySet, their arguments.
local ahead = require "perilune._models.ahead"
local exceptions = require "perilune.exceptions"
local managers = require "perilune._models.manager"
local state_of = require("perilune._models.state").of

local M = {}

-- ---- the QuerySet ----

--- The error for an instance that cannot have related objects yet.
function M.no_key(self, what)
  return exceptions.ValueError(("\"%s\" needs to have a value for field \"%s\" before this relationship can be used (%s)."):format(tostring(self.instance), self.key_name or "id", what))
end

local function prefetched(self)
  local cache = rawget(self.instance, "_prefetched")
  return cache and cache[self.cache_name]
end

--- Forgets the rows that were read before, since they are about to change.
function M.forget_prefetched(self)
  ahead.forget(self.instance, self.name)
  local cache = rawget(self.instance, "_prefetched")
  if cache then
    cache[self.cache_name] = nil
  end
end

--- The QuerySet, whose rows are fetched as the instance was.
function M.with_mode(self, queryset)
  local mode = state_of(self.instance).fetch_mode
  return mode and queryset:fetch_mode(mode) or queryset
end

--- The manager's QuerySet: with its rows, when they are there already; what is read for a whole
--- batch is read when somebody looks. Where it runs is found out then, with the instance as hint.
function M.ready(self, queryset)
  local rows = not self.chosen and prefetched(self)
  rawset(queryset, "_hints", self.instance)
  if rows then
    queryset = queryset:all()
    rawset(queryset, "_result", rows)
  elseif not self.chosen and ahead.may(self) then
    rawset(queryset, "_related", self)
  end
  return queryset
end

--- What create() and its like of the model's manager give: the author's own method, when the
--- manager has one, else that of a QuerySet; `whole`: without the relation's condition.
function M.super(self, method, using, whole, ...)
  local own = managers.written(self._default_class, method)
  if own then
    return own(self:db_manager(using), ...)
  end
  local queryset = (whole and self._super_get_queryset(self) or self:get_queryset()):using(using)
  return queryset[method](queryset, ...)
end

-- ---- arguments ----

--- Raises for what is no instance of the related model, at the author's line.
function M.check_instances(self, objects, what, level)
  for i, object in ipairs(objects) do
    local class = type(object) == "table" and getmetatable(object)
    if type(class) ~= "table" or not rawget(class, "_meta") or not class._meta:is_a(self.model._meta.concrete_model) then
      error(exceptions.TypeError(("'%s' instance expected in %s, item %d is %s"):format(self.model._meta.object_name, what, i, tostring(object))), level or 3)
    end
  end
end

--- Objects given one by one, as a list or as a QuerySet, and the options behind them.
function M.arguments(what, ...)
  local list, options = table.pack(...), nil
  for i = 1, list.n do
    if list[i] == nil then
      error(exceptions.TypeError(("%s: item %d is nil"):format(what, i)), 3)
    end
  end
  local last = list[list.n]
  if type(last) == "table" and getmetatable(last) == nil and #last == 0 and next(last) ~= nil then
    options, list[list.n] = last, nil
    list.n = list.n - 1
  end
  local first = list[1]
  if list.n == 1 and type(first) == "table" and (getmetatable(first) == nil or rawget(first, "_code")) then
    list = {}
    for i, v in ipairs(first) do
      list[i] = v
    end
  end
  list.n = nil
  return list, options
end

--- set() takes a list or a QuerySet.
function M.check_list(objects)
  if type(objects) ~= "table" or getmetatable(objects) ~= nil and rawget(objects, "_code") == nil then
    error(exceptions.TypeError(("set takes a list, as in set{ a, b }, or a QuerySet, not %s"):format(tostring(objects))), 3)
  elseif getmetatable(objects) == nil and #objects == 0 and next(objects) ~= nil then
    error(exceptions.TypeError(("set takes a list, as in set{ a, b }; this table has no first item, but '%s'"):format(tostring(next(objects)))), 3)
  end
end

return M
