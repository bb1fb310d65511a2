-- SPDX-License-Identifier: MIT
-- prefetch_related: for each step of a path one query for all instances, whose rows are
-- sorted out in Lua.
local check_options = require "perilune._options"
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local Manager = require("perilune._models.manager").Manager
local orm = require "perilune._orm"
local routing = require "perilune._models.routing"
local suggest = require("perilune._core").suggest
local state_of = require("perilune._models.state").of

local M = {}

local Prefetch = { __name = "perilune.models.Prefetch" }
Prefetch.__index = Prefetch

--- Prefetch("books", { queryset = Book.objects:filter{…}, to_attr = "cheap" })
function M.Prefetch(lookup, options)
  options = check_options("Prefetch", options, { queryset = true, to_attr = true })
  if type(lookup) ~= "string" then
    error(exceptions.TypeError "Prefetch takes the path of a relation: Prefetch(\"books\", …)", 2)
  end
  local queryset = options.queryset
  if queryset ~= nil and type(queryset) ~= "table" then
    error(exceptions.TypeError(("Prefetch: queryset is a QuerySet, not a %s"):format(type(queryset))), 2)
  elseif queryset and rawget(queryset, "raw_query") then
    error(exceptions.ValueError "Prefetch querysets cannot use raw(), values(), and values_list().", 2)
  end
  if queryset and rawget(queryset, "_code") == nil and type(queryset.all) == "function" then
    queryset = queryset:all()
  end
  if queryset and queryset._values then
    error(exceptions.ValueError "Prefetch querysets cannot use raw(), values(), and values_list().", 2)
  end
  return setmetatable({ lookup = lookup, queryset = queryset, to_attr = options.to_attr }, Prefetch)
end

-- ---- one step ----

local function no_such(class, name, path)
  local names = {}
  for k, d in pairs(class._descriptors) do
    if not d.plain and k ~= "pk" then
      names[#names + 1] = k
    end
  end
  table.sort(names)
  return exceptions.AttributeError(("Cannot find '%s' on %s object, '%s' is an invalid parameter to prefetch_related()%s"):format(name, class._meta.object_name, path, suggest(name, names)))
end

local function no_prefetching(name)
  return exceptions.ValueError(("'%s' does not resolve to an item that supports prefetching - this is an invalid parameter to prefetch_related()."):format(name))
end

--- Whether the last of the lookups begins with a relation of the class, or with the to_attr of
--- an earlier one; raises at the level.
function M.check(class, lookups, level)
  local last = lookups[#lookups]
  if type(last) ~= "string" and getmetatable(last) ~= Prefetch then
    error(exceptions.TypeError(("prefetch_related takes names and Prefetch(…), not a %s%s"):format(type(last), type(last) == "table" and ": (\"a\", \"b\"), not { \"a\", \"b\" }" or "")), level + 1)
  end
  local path = type(last) == "string" and last or last.lookup
  local name = path:match "^(.-)__" or path
  class._meta.registry:world()
  local d = class._descriptors[name]
  for i = 1, #lookups - 1 do
    if type(lookups[i]) == "table" and lookups[i].to_attr == name then
      return
    end
  end
  if not d then
    error(no_such(class, name, path), level + 1)
  elseif d.plain or name == "pk" then
    error(no_prefetching(name), level + 1)
  end
end

local function keep(instance, d, rows, to_attr)
  if to_attr then
    rawset(instance, to_attr, rows)
    return
  end
  local cache = rawget(instance, "_prefetched")
  if not cache then
    cache = {}
    rawset(instance, "_prefetched", cache)
  end
  cache[d.name] = rows
end

local function collect(instances, attname)
  local ids, groups = {}, {}
  for _, instance in ipairs(instances) do
    local id = instance[attname]
    if id ~= nil then
      if not groups[id] then
        groups[id] = {}
        ids[#ids + 1] = id
      end
      table.insert(groups[id], instance)
    end
  end
  return ids, groups
end

-- Rows of all instances at once, fetched as the instances were.
local function base_queryset(class, queryset, instances)
  local state = state_of(instances[1])
  local rows = queryset or class._meta.base_manager:all()
  if state.fetch_mode and not rawget(rows, "_fetch_mode") then
    rows = rows:fetch_mode(state.fetch_mode)
  end
  return rows:using(queryset and queryset._db or routing.read(class, instances[1]))
end

-- A slice of a Prefetch's QuerySet is one for each object: the database numbers the rows of
-- each owner in the order they come in, and gives those that the slice holds.
local function windowed(rows, conditions, owner)
  local code = rows._code
  local low, high = code.low, code.high
  if high < 0 and low == 0 then
    return rows:filter(conditions)
  end
  local whole = rawget(rows, "_sliced") == code and rawget(rows, "_whole")
  if not whole then
    error(exceptions.ValueError "Prefetch: the slice must come last, when all else is asked of the QuerySet", 0)
  end
  local models = require "perilune.models"
  rows = rows._chain(rows, whole):filter(conditions)
  local number = orm.window(models.functions.RowNumber(), { models.F(owner) }, {}, nil, nil, true)
  rows = rows._chain(rows, orm.annotate(rows._code, true, { _prefetch_row = number }))
  conditions = { _prefetch_row__gt = low }
  if high >= 0 then
    conditions._prefetch_row__lte = high
  end
  return rows:filter(conditions)
end

local function forward(instances, d, queryset, to_attr)
  local ids, groups = collect(instances, d.attname)
  local rows = {}
  if #ids > 0 then
    rows = base_queryset(d.field.remote_model, queryset, instances):filter({ [d.field.target_field.name .. "__in"] = ids }):to_list()
  end
  for _, row in ipairs(rows) do
    for _, instance in ipairs(groups[row[d.target]] or {}) do
      if to_attr then
        rawset(instance, to_attr, row)
      else
        descriptors.set_cached(instance, d.name, row)
      end
      if d.field.kind == "one" and d.accessor then
        descriptors.set_cached(row, d.accessor, instance)
      end
    end
  end
  return rows
end

local function reverse_one(instances, d, queryset, to_attr)
  local ids, groups = collect(instances, d.field.target_attname)
  for _, instance in ipairs(instances) do
    descriptors.set_cached(instance, d.name, false)
  end
  if #ids == 0 then
    return {}
  end
  local rows = base_queryset(d.remote, queryset, instances):filter({ [d.field.name .. "__in"] = ids }):to_list()
  for _, row in ipairs(rows) do
    for _, instance in ipairs(groups[row[d.field.attname]] or {}) do
      if to_attr then
        rawset(instance, to_attr, row)
      else
        descriptors.set_cached(instance, d.name, row)
      end
      descriptors.set_cached(row, d.field.name, instance)
    end
  end
  return rows
end

-- Rows into a list for each instance, in the rows' order.
local function distribute(rows, owners_of)
  local lists = {}
  for _, row in ipairs(rows) do
    for _, owner in ipairs(owners_of(row) or {}) do
      lists[owner] = lists[owner] or {}
      table.insert(lists[owner], row)
    end
  end
  return lists
end

-- category.products: lists by category, and all rows.
local function reverse_lists(instances, d, queryset)
  local ids, groups = collect(instances, d.field.target_attname)
  if #ids == 0 then
    return {}, {}
  end
  local base = base_queryset(d.remote, queryset or d.remote._meta.default_manager:all(), instances)
  local rows = windowed(base, { [d.field.name .. "__in"] = ids }, d.field.name):to_list()
  for _, row in ipairs(rows) do
    local owners = groups[row[d.field.attname]]
    if owners then
      descriptors.set_cached(row, d.field.name, owners[1])
    end
  end
  return distribute(rows, function(row)
    return groups[row[d.field.attname]]
  end), rows
end

-- product.tags in one query: an annotation carries the owner's key on each row.
local function joined_lists(base, name, ids, groups)
  local models = require "perilune.models"
  local rows = windowed(base, { [name .. "__in"] = ids }, name)
  rows = rows:annotate({ _prefetch_owner = models.F(name) }):to_list()
  local owners = {}
  for _, row in ipairs(rows) do
    owners[row] = groups[rawget(row, "_prefetch_owner")]
    rawset(row, "_prefetch_owner", nil)
  end
  return distribute(rows, function(row)
    return owners[row]
  end), rows
end

-- In two: the pairs of the join table, then the rows, each of them once. A QuerySet that counts
-- over joins counts right.
local function paired_lists(base, d, source, target, ids, groups, using)
  local join = d.through
  local pairs_of = join._meta.base_manager
    :using(using)
    :filter({ [source .. "__in"] = ids })
    :values_list(join._meta:get_field(source).attname, join._meta:get_field(target).attname)
    :to_list()
  local owners, targets = {}, {}
  for _, pair in ipairs(pairs_of) do
    if not owners[pair[2]] then
      owners[pair[2]] = {}
      targets[#targets + 1] = pair[2]
    end
    for _, instance in ipairs(groups[pair[1]] or {}) do
      table.insert(owners[pair[2]], instance)
    end
  end
  local to = join._meta:get_field(target)
  local rows = #targets > 0 and base:filter({ [to.target_field.name .. "__in"] = targets }):to_list() or {}
  return distribute(rows, function(row)
    return owners[row[to.target_attname]]
  end), rows
end

-- product.tags, tag.products: lists by the instances, and all rows.
local function through_lists(instances, d, queryset)
  local info = d.field.relation_info
  local backwards = d.kind == "reverse_many"
  local name = (backwards or info.symmetrical) and d.field.name or info.query_name
  local source, target = backwards and info.target or info.source, backwards and info.source or info.target
  local ids, groups = collect(instances, d.through._meta:get_field(source).target_attname) -- not the key, with a to_field
  if #ids == 0 then
    return {}, {}
  end
  local manager = d.remote._meta.default_manager
  local base = base_queryset(d.remote, queryset or manager:all(), instances)
  local hidden = name:sub(-1) == "+" -- has no name in queries
  local part = base._code.high >= 0 or base._code.low > 0
  if not hidden and (part or not queryset and getmetatable(manager).get_queryset == Manager.get_queryset) then
    return joined_lists(base, name, ids, groups)
  elseif part then
    error(exceptions.NotSupportedError(("Prefetch: '%s' has no name on the other side (related_name = \"+\"), so rows cannot be numbered for each object; give it a related_name, or take the slice in Lua"):format(d.name)), 0)
  end
  return paired_lists(base, d, source, target, ids, groups, routing.read(d.through, instances[1]))
end

local function keep_lists(lists_of)
  return function(instances, d, queryset, to_attr)
    local lists, rows = lists_of(instances, d, queryset)
    for _, instance in ipairs(instances) do
      keep(instance, d, lists[instance] or {}, to_attr)
    end
    return rows
  end
end
local reverse_many, through = keep_lists(reverse_lists), keep_lists(through_lists)

--- What the manager behind `d` gives for each of the instances: lists by instance.
function M.lists(instances, d)
  return ((d.kind == "reverse" and reverse_lists or through_lists)(instances, d))
end

local steps = { forward = forward, reverse_one = reverse_one, reverse = reverse_many, many = through, reverse_many = through }

local function kind_of(d)
  if d.kind then
    return d.kind
  elseif d.attname then
    return "forward"
  end
  return "reverse_one"
end

-- What is there already, from select_related or an earlier prefetch; nil when something is
-- missing.
local function present(instances, d)
  local rows = {}
  for _, instance in ipairs(instances) do
    if d.kind then
      local cache = rawget(instance, "_prefetched")
      local list = cache and cache[d.name]
      if not list then
        return nil
      end
      for _, row in ipairs(list) do
        rows[#rows + 1] = row
      end
    else
      local object = descriptors.cached(instance, d.name)
      if object == nil and not (d.attname and rawget(instance, d.attname) == nil) then
        return nil
      end
      if object then
        rows[#rows + 1] = object
      end
    end
  end
  return rows
end

local function step(instances, name, path, queryset, to_attr)
  local class = getmetatable(instances[1])
  local d = class._descriptors[name]
  if not d or d.plain or name == "pk" then
    local extra = rawget(instances[1], name)
    if type(extra) == "table" then -- an earlier to_attr
      local rows = {}
      for _, instance in ipairs(instances) do
        for _, row in ipairs(rawget(instance, name) or {}) do
          rows[#rows + 1] = row
        end
      end
      return rows
    end
    error(d and no_prefetching(name) or no_such(class, name, path), 0)
  end
  local taken = to_attr and class._descriptors[to_attr]
  if taken then
    error(exceptions.ValueError(("to_attr=%s conflicts with a field on the %s model."):format(to_attr, class._meta.object_name)), 0)
  end
  if not queryset and not to_attr then
    local rows = present(instances, d)
    if rows then
      return rows
    end
  end
  return steps[kind_of(d)](instances, d, queryset, to_attr)
end

--- Loads what the lookups name for the instances, all of one model.
function M.run(instances, lookups)
  for _, lookup in ipairs(lookups) do
    local p = type(lookup) == "string" and { lookup = lookup } or lookup
    if getmetatable(p) ~= Prefetch and type(lookup) ~= "string" then
      error(exceptions.TypeError(("prefetch_related takes names and Prefetch(…), not a %s"):format(type(lookup))), 0)
    end
    local names = {}
    for name in (p.lookup .. "__"):gmatch "(.-)__" do
      names[#names + 1] = name
    end
    local rows = instances
    for i, name in ipairs(names) do
      if #rows == 0 then
        break
      end
      local last = i == #names
      rows = step(rows, name, p.lookup, last and p.queryset or nil, last and p.to_attr or nil)
    end
  end
end

--- prefetch_related_objects(list, "items", …)
function M.prefetch_related_objects(list, ...)
  local instances = {}
  for i, v in ipairs(list) do
    instances[i] = v
  end
  if #instances > 0 then
    M.run(instances, { ... })
  end
end

return M
