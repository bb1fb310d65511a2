-- SPDX-License-Identifier: MIT
-- Deleting rows with what hangs on them: Django's Collector. First everything is collected,
-- then signals, updates and deletes run in one transaction, children before parents.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local plain_key = require("perilune._models.descriptors").plain_key
local relations = require "perilune._models.relations"
local send = require "perilune._models.signals"

local Collector = {}
Collector.__index = Collector

local function new(_, using, origin)
  return setmetatable({
    using = using, origin = origin,
    instances = {}, -- class → list; proxies have lists of their own
    seen = {}, -- class → pk → true
    order = {}, -- classes as they were met
    updates = {}, -- { field, value, objects }
    fast = {}, -- QuerySets that are deleted in one statement
    dependencies = {}, -- class with a table → set of such classes, whose rows must go before
    restricted = {}, -- class → list of { field, objects }
  }, Collector)
end

local function concrete(class)
  return class._meta.concrete_model
end

-- The key as a key of tables.
local function key_of(object)
  return plain_key(object.pk)
end

-- ---- what can go without being loaded ----

local function listened(class)
  return send.listens("pre_delete", class) or send.listens("post_delete", class)
end

-- Rows that nobody listens for and nothing hangs on.
local function can_fast_delete(class, from_field)
  if listened(class) then
    return false
  end
  for _, link in ipairs(class._meta.concrete_model._meta.parent_links) do
    if link ~= from_field then
      return false
    end
  end
  for _, r in ipairs(concrete(class)._meta.related_objects) do
    if r.kind ~= "many" and r.field.on_delete ~= relations.DO_NOTHING then
      return false
    end
  end
  return true
end

-- ---- collecting ----

local function list_of(self, class)
  if not self.instances[class] then
    self.instances[class], self.seen[class] = {}, {}
    self.order[#self.order + 1] = class
  end
  return self.instances[class], self.seen[class]
end

-- Rows of `first` must go before those of `class`.
local function depend(self, class, first)
  local set = self.dependencies[concrete(class)] or {}
  self.dependencies[concrete(class)] = set
  set[concrete(first)] = true
  list_of(self, first)
end

function Collector:add(objects, options)
  if #objects == 0 then
    return {}
  end
  local new_objects = {}
  local class = getmetatable(objects[1])
  local list, seen = list_of(self, class)
  for _, object in ipairs(objects) do
    local key = key_of(object)
    if not seen[key] then
      seen[key] = true
      list[#list + 1] = object
      new_objects[#new_objects + 1] = object
    end
  end
  if options.child then
    depend(self, class, options.child)
  elseif options.source and not options.nullable then
    depend(self, options.source, class)
  end
  return new_objects
end

local CHUNK = 900

local function chunks(objects)
  local i = 1
  return function()
    if i > #objects then
      return nil
    end
    local part = table.move(objects, i, math.min(i + CHUNK - 1, #objects), 1, {})
    i = i + CHUNK
    return part
  end
end

local function related_rows(self, r, objects)
  local ids = {}
  for i, object in ipairs(objects) do
    ids[i] = object[r.field.target_attname]
  end
  return r.model._meta.base_manager:using(self.using):filter { [r.field.name .. "__in"] = ids }
end

local function protect(kind, r, objects)
  local names = {}
  for i = 1, math.min(#objects, 3) do
    names[i] = tostring(objects[i])
  end
  local text = ("Cannot delete some instances of model '%s' because they are referenced through %s foreign keys: '%s.%s'. (%s%s)"):format(
    r.field.remote_model._meta.object_name, kind == "ProtectedError" and "protected" or "restricted", r.model._meta.object_name, r.field.name, table.concat(names, ", "), #objects > 3 and ", …" or "")
  return exceptions[kind](text, { protected_objects = kind == "ProtectedError" and objects or nil, restricted_objects = kind == "RestrictedError" and objects or nil })
end

local function collect_related(self, r, objects, protected)
  local how = r.field.on_delete or relations.CASCADE
  if how == relations.DO_NOTHING then
    return
  end
  for part in chunks(objects) do
    local rows = related_rows(self, r, part)
    if how == relations.CASCADE and can_fast_delete(r.model, r.field) then
      self.fast[#self.fast + 1] = rows
    else
      local list = rows:to_list()
      if #list > 0 and how == relations.CASCADE then
        self:collect(list, { source = r.field.remote_model, nullable = r.field.null, source_field = r.field })
        if r.field.null then
          self:update_later(r.field, nil, list)
        end
      elseif #list > 0 then
        self:other_action(r, how, list, protected)
      end
    end
  end
end

-- What is to be done with objects that hang on others and do not go with them.
function Collector:other_action(r, how, list, protected)
  if how == relations.PROTECT then
    protected[#protected + 1] = { r, list }
  elseif how == relations.RESTRICT then
    self.restricted[#self.restricted + 1] = { r, list }
    depend(self, r.field.remote_model, r.model)
  elseif how == relations.SET_NULL then
    self:update_later(r.field, nil, list)
  elseif how == relations.SET_DEFAULT then
    self:update_later(r.field, r.field:get_default(), list)
  else
    local value = how.value
    if type(value) == "function" then
      value = value()
    end
    self:update_later(r.field, value, list)
  end
end

function Collector:update_later(field, value, objects)
  self.updates[#self.updates + 1] = { field, value, objects }
end

-- The models above a class that have tables.
local function parents_of(class, set)
  set = set or {}
  for _, link in ipairs(concrete(class)._meta.parent_links) do
    set[concrete(link.remote_model)] = true
    parents_of(link.remote_model, set)
  end
  return set
end

--- Objects (a list or QuerySet) and, over all relations, what hangs on them; with the rows of the
--- tables above, and what hangs on those, unless `keep_parents`.
function Collector:collect(objects, options)
  options = options or {}
  local class = rawget(objects, "_model") or objects[1] and getmetatable(objects[1])
  if not class then
    return
  end
  if rawget(objects, "_code") then
    if not options.keep_parents and can_fast_delete(class) and #class._meta.concrete_model._meta.parent_links == 0 then
      self.fast[#self.fast + 1] = objects
      return
    end
    objects = objects:to_list()
  end
  local added = self:add(objects, options)
  if #added == 0 then
    return
  end
  local meta = concrete(class)._meta
  if not options.keep_parents then
    for _, link in ipairs(meta.parent_links) do
      local parents = {}
      for i, object in ipairs(added) do
        parents[i] = object[link.name]
      end
      self:collect(parents, { source = class, child = class, alone = true })
    end
  end
  if options.alone then -- what hangs on a parent's row are relations of its heir, too
    return
  end
  local protected, kept = {}, options.keep_parents and parents_of(class) or {}
  for _, r in ipairs(meta.related_objects) do
    local own = r.parent_link and meta:is_a(concrete(r.model)) -- the object itself, as its heir
    if r.kind ~= "many" and not own and not kept[concrete(r.field.remote_model)] then
      collect_related(self, r, added, protected)
    end
  end
  if #protected > 0 then
    local all = {}
    for _, p in ipairs(protected) do
      for _, object in ipairs(p[2]) do
        all[#all + 1] = object
      end
    end
    error(protect("ProtectedError", protected[1][1], all), 0)
  end
  if not options.source then
    self:check_restricted()
  end
end

-- Without the objects that a query deletes which nobody had to read.
local function without_fast(self, class, objects)
  for _, rows in ipairs(self.fast) do
    if #objects > 0 and concrete(rows._model) == class then
      local keys, gone, left = {}, {}, {}
      for i, object in ipairs(objects) do
        keys[i] = object.pk
      end
      for _, row in ipairs(rows:filter { pk__in = keys }) do
        gone[key_of(row)] = true
      end
      for _, object in ipairs(objects) do
        if not gone[key_of(object)] then
          left[#left + 1] = object
        end
      end
      objects = left
    end
  end
  return objects
end

-- Restricted objects that go anyway, over another path, do not stand in the way.
function Collector:check_restricted()
  for _, r in ipairs(self.restricted) do
    local left = {}
    for _, object in ipairs(r[2]) do
      local seen = self.seen[getmetatable(object)]
      if not (seen and seen[key_of(object)]) then
        left[#left + 1] = object
      end
    end
    left = without_fast(self, concrete(r[1].model), left)
    if #left > 0 then
      error(protect("RestrictedError", r[1], left), 0)
    end
  end
end

-- ---- deleting ----

-- Whether nothing that must go before the class is left.
local function is_free(self, class, done)
  for other in pairs(self.dependencies[concrete(class)] or {}) do
    if not done[other] and other ~= concrete(class) then
      return false
    end
  end
  return true
end

-- Classes so that those on which others hang come last; as they were met where they form a
-- circle.
local function sorted_classes(self)
  local done, taken, list = {}, {}, {}
  while #list < #self.order do
    local progress = false
    for _, class in ipairs(self.order) do
      if not taken[class] and is_free(self, class, done) then
        taken[class], done[concrete(class)], progress = true, true, true
        list[#list + 1] = class
      end
    end
    if not progress then
      return self.order
    end
  end
  return list
end

local function by_key(a, b)
  local ok, less = pcall(function()
    return a.pk < b.pk
  end)
  return ok and less
end

local function count(counts, class, n)
  local label = class._meta.label
  if n > 0 then
    counts[label] = (counts[label] or 0) + n
  end
end

local function run(self, counts)
  local classes = sorted_classes(self)
  for _, class in ipairs(classes) do
    if not class._meta.auto_created then
      for _, object in ipairs(self.instances[class]) do
        send.pre_delete(getmetatable(object), object, self.using, self.origin or object)
      end
    end
  end
  for _, queryset in ipairs(self.fast) do
    count(counts, queryset._model, queryset:_raw_delete(self.using))
  end
  for _, u in ipairs(self.updates) do
    local field, value, objects = u[1], u[2], u[3]
    for part in chunks(objects) do
      local ids = {}
      for i, object in ipairs(part) do
        ids[i] = object.pk
      end
      getmetatable(objects[1])._meta.base_manager:using(self.using):filter({ pk__in = ids }):_update_quietly { [field.name] = value == nil and null or value }
    end
  end
  for _, class in ipairs(classes) do
    table.sort(self.instances[class], by_key)
  end
  for _, class in ipairs(classes) do
    local objects = self.instances[class]
    -- Children come in the reverse order of their keys, as Django has it.
    local ids = {}
    for i = #objects, 1, -1 do
      ids[#ids + 1] = objects[i].pk
    end
    local n = 0
    for part in chunks(ids) do
      n = n + concrete(class)._meta.base_manager:using(self.using):filter({ pk__in = part }):_delete_own(self.using)
    end
    count(counts, class, n)
    if not class._meta.auto_created then
      for i = #objects, 1, -1 do
        send.post_delete(getmetatable(objects[i]), objects[i], self.using, self.origin or objects[i])
      end
    end
  end
end

--- → total, { label = number }
function Collector:delete()
  local counts = {}
  db.atomic({ using = self.using, savepoint = false }, function()
    run(self, counts)
  end)
  for _, u in ipairs(self.updates) do
    for _, object in ipairs(u[3]) do
      rawset(object, u[1].attname, u[2])
    end
  end
  for class, objects in pairs(self.instances) do
    for _, object in ipairs(objects) do
      for _, attname in ipairs(class._meta.pk_attnames) do
        rawset(object, attname, nil)
      end
    end
  end
  local total = 0
  for _, n in pairs(counts) do
    total = total + n
  end
  return total, counts
end

return setmetatable({}, { __call = new })
