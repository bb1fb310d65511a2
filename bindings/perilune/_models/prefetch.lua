-- SPDX-License-Identifier: MIT
-- prefetch_related: for each step of a path one query for all instances, whose rows are
-- sorted out in Lua.
local check_options = require "perilune._options"
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local suggest = require("perilune._core").suggest

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

-- Rows of all instances at once; without the slice of a Prefetch's QuerySet, which is for each
-- instance alone. Fetched as the instances were.
local function base_queryset(class, queryset, instances)
  local state = rawget(instances[1], "_state")
  local rows = queryset or class._meta.base_manager:all()
  local unsliced = rawget(rows, "_unsliced")
  if unsliced then
    rows = rows._chain(rows, unsliced)
  elseif rows._code.high >= 0 or rows._code.low > 0 then
    error(exceptions.ValueError "Prefetch: a slice of a slice cannot be taken for each object; slice once", 0)
  end
  if state.fetch_mode and not rawget(rows, "_fetch_mode") then
    rows = rows:fetch_mode(state.fetch_mode)
  end
  return rows:using(queryset and queryset._db or state.db)
end

-- What the slice of a Prefetch's QuerySet leaves of one instance's rows.
local function sliced(list, queryset)
  local low, limit = queryset and rawget(queryset, "_low"), queryset and rawget(queryset, "_limit")
  if not low then
    return list
  end
  return table.move(list, low + 1, limit and math.min(#list, low + limit) or #list, 1, {})
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
local function distribute(instances, d, rows, owner_of, to_attr, queryset)
  local lists = {}
  for _, row in ipairs(rows) do
    for _, owner in ipairs(owner_of(row) or {}) do
      lists[owner] = lists[owner] or {}
      table.insert(lists[owner], row)
    end
  end
  for _, instance in ipairs(instances) do
    keep(instance, d, sliced(lists[instance] or {}, queryset), to_attr)
  end
end

local function reverse_many(instances, d, queryset, to_attr)
  local ids, groups = collect(instances, d.field.target_attname)
  local rows = {}
  if #ids > 0 then
    rows = base_queryset(d.remote, queryset or d.remote._meta.default_manager:all(), instances):filter({ [d.field.name .. "__in"] = ids }):to_list()
  end
  for _, row in ipairs(rows) do
    local owners = groups[row[d.field.attname]]
    if owners then
      descriptors.set_cached(row, d.field.name, owners[1])
    end
  end
  distribute(instances, d, rows, function(row)
    return groups[row[d.field.attname]]
  end, to_attr, queryset)
  return rows
end

-- Through the join table: an annotation carries the owner's key on each row.
local function through(instances, d, queryset, to_attr)
  local models = require "perilune.models"
  local info = d.field.relation_info
  local backwards = d.kind == "reverse_many"
  local source = backwards and info.target or info.source
  local owner_pk = d.class._meta.pk.attname
  local ids, groups = collect(instances, owner_pk)
  local rows = {}
  if #ids > 0 then
    local join = d.through
    local pairs_of = join._meta.base_manager
      :using(rawget(instances[1], "_state").db)
      :filter({ [source .. "__in"] = ids })
      :values_list(join._meta:get_field(source).attname, join._meta:get_field(backwards and info.source or info.target).attname)
      :to_list()
    local owners, targets, seen = {}, {}, {}
    for _, pair in ipairs(pairs_of) do
      owners[pair[2]] = owners[pair[2]] or {}
      for _, instance in ipairs(groups[pair[1]] or {}) do
        table.insert(owners[pair[2]], instance)
      end
      if not seen[pair[2]] then
        seen[pair[2]] = true
        targets[#targets + 1] = pair[2]
      end
    end
    if #targets > 0 then
      rows = base_queryset(d.remote, queryset or d.remote._meta.default_manager:all(), instances):filter(models.Q { pk__in = targets }):to_list()
    end
    distribute(instances, d, rows, function(row)
      return owners[row.pk]
    end, to_attr, queryset)
  else
    distribute(instances, d, rows, function() end, to_attr)
  end
  return rows
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
    error(no_such(class, name, path), 0)
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
