-- SPDX-License-Identifier: MIT
-- QuerySets: parts of them and several of them together: slices, unions, & and |.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local QuerySet = require "perilune._models.queryset"

local chain, checked = QuerySet._chain, QuerySet._checked

-- ---- slices ----

local function whole(n, what, least)
  if math.type(n) ~= "integer" or n < least then
    error(exceptions.ValueError(("%s is a whole number from %d up, not %s"):format(what, least, type(n) == "string" and ("%q"):format(n) or tostring(n))), 3)
  end
  return n
end

-- A part of the query. What it is a part of is kept for Prefetch, which takes such a part for
-- each of many objects; it counts as long as nothing is asked of the part (_sliced).
local function sliced(self, code, from, to)
  local new = chain(self, orm.slice(code, from, to))
  local whole_code = code
  if code.high >= 0 or code.low > 0 then
    whole_code = rawget(self, "_sliced") == code and rawget(self, "_whole") or nil
  end
  rawset(new, "_whole", whole_code)
  rawset(new, "_sliced", new._code)
  return new
end

--- Rows first..last, from 1, both included.
function QuerySet:slice(first, last)
  whole(first, "slice(first, last): first", 1)
  if last ~= nil then
    whole(last, "slice(first, last): last", 0)
  end
  local new = sliced(self, self._code, first - 1, last and math.max(last, first - 1))
  if self._code.high < 0 and self._code.low == 0 then
    rawset(new, "_unsliced", self._code)
    rawset(new, "_limit", last and math.max(last - first + 1, 0))
    rawset(new, "_offset", first - 1)
  end
  return new
end

-- limit and offset may come in any order: both are applied to the query before them.
local function window(self, limit, offset)
  local code = self._unsliced or self._code
  local new = sliced(self, code, offset or 0, limit and (offset or 0) + limit or nil)
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

local function ordered_as(queryset, model)
  local order = rawget(model, "_ordered")
  if type(order) == "table" then
    queryset = queryset:order_by(table.unpack(order))
  elseif order ~= nil then
    queryset = queryset:order_by(order)
  end
  return rawget(model, "_reversed") and queryset:reverse() or queryset
end

--- a & b, a | b, a ~ b: rows of one model that both conditions, one of them, or just one let
--- through, in the order of b, or else of a.
function QuerySet._merge(a, b, connector)
  if type(a) ~= "table" or type(b) ~= "table" or rawget(a, "_model") == nil or rawget(a, "_model") ~= rawget(b, "_model") then
    error(exceptions.TypeError "only QuerySets of one model combine with &, | and ~", 3)
  end
  for _, part in ipairs { a, b } do
    local code = part._code
    if code.high >= 0 or code.low > 0 then
      error(exceptions.TypeError "Cannot combine queries once a slice has been taken.", 3)
    end
  end
  local ordered = rawget(b, "_ordered") ~= nil and b or a
  local of_b = orm.q("AND", false, { pk__in = b:values "pk" })
  if connector == "AND" then
    local both = chain(a, orm.filter(a._code, false, "filter", of_b))
    return ordered == b and ordered_as(both, b) or both
  end
  local either = orm.q(connector, false, orm.q("AND", false, { pk__in = a:values "pk" }), of_b)
  return ordered_as(chain(a, orm.filter(orm.all(a._model._meta.world_id), false, "filter", either)), ordered)
end

QuerySet._whole = whole

return QuerySet
