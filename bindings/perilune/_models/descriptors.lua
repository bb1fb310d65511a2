-- SPDX-License-Identifier: MIT
-- Attributes of instances that are more than a value in a table: the key, fields that were
-- left out by only() or defer(), related objects, managers of related objects.
--
-- They stand in class._descriptors under their name: { get = fn(instance, d), set = fn }.
-- A name that is one of them is never a raw key of an instance (but for plain fields, whose
-- descriptor is only met when the value is NULL or was not loaded).
local base = require("perilune._models.model").base
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local routing = require "perilune._models.routing"
local related -- perilune._models.related: loaded when needed, it needs QuerySets

local M = {}

local function read_only(_, _, d)
  error(exceptions.AttributeError(("'%s' cannot be set; %s"):format(d.name, d.hint or "use its methods")), 3)
end

-- ---- cached related objects ----

--- nil: not known; false: known to be none.
function M.cached(instance, name)
  local cache = rawget(instance, "_cache")
  if cache then
    return cache[name]
  end
  return nil
end

function M.set_cached(instance, name, value)
  local cache = rawget(instance, "_cache")
  if not cache then
    cache = {}
    rawset(instance, "_cache", cache)
  end
  cache[name] = value
end

function M.forget(instance, name)
  local cache = rawget(instance, "_cache")
  if cache then
    cache[name] = nil
  end
end

--- Whether the object that the relation was set to had no key then, which save() is to take over.
function M.is_pending(instance, name)
  local pending = rawget(instance, "_pending")
  return pending ~= nil and pending[name] == true
end

function M.set_pending(instance, name, value)
  local pending = rawget(instance, "_pending")
  if pending then
    pending[name] = value
  elseif value then
    rawset(instance, "_pending", { [name] = value })
  end
end

--- Forgets what is known of a relation (nil: of all), objects and lists alike.
function M.forget_all(instance, name)
  for _, known in ipairs { "_cache", "_prefetched", "_ahead" } do
    if name == nil then
      rawset(instance, known, nil)
    elseif rawget(instance, known) then
      rawget(instance, known)[name] = nil
    end
  end
end

M.own_state = require("perilune._models.state").own

-- The instances of the batch that `want` says yes to; at least this one.
local function peers_of(instance, want)
  local state = rawget(instance, "_orm")
  local list = { instance }
  if state and state.peers and state.fetch_mode ~= "one" then
    for _, peer in pairs(state.peers) do
      if peer ~= instance and rawget(peer, "_orm") == state and want(peer) then
        list[#list + 1] = peer
      end
    end
  end
  return list
end
M.peers_of = peers_of

local function may_fetch(instance, class, name)
  local state = rawget(instance, "_orm")
  if state and state.fetch_mode == "raise" then
    error(exceptions.FieldFetchBlocked(("fetching of %s.%s blocked: the QuerySet has fetch_mode(\"raise\")"):format(class._meta.object_name, name)), 4)
  end
end

-- ---- fields ----

-- Loads a deferred field for the instance and those of its batch that lack it too.
local function load_deferred(instance, d)
  local class, attname = getmetatable(instance), d.attname
  may_fetch(instance, class, attname)
  if class.refresh_from_db ~= base.refresh_from_db then -- an author's, who may load more
    class.refresh_from_db(instance, { fields = { attname } })
    return rawget(instance, attname)
  end
  local meta = class._meta
  local parts = meta.pk_attnames
  local peers = peers_of(instance, function(peer)
    return rawget(peer, attname) == nil and peer.pk ~= nil
  end)
  local state = rawget(instance, "_orm")
  local ids, by_id = {}, {}
  for _, peer in ipairs(peers) do
    local key = peer.pk
    ids[#ids + 1] = key
    local id = M.plain_key(key)
    by_id[id] = by_id[id] or {}
    table.insert(by_id[id], peer)
  end
  local names = { table.unpack(parts) }
  names[#names + 1] = attname
  for _, row in ipairs(meta.base_manager:using(routing.read(class, instance)):filter { pk__in = ids }:values(table.unpack(names)):to_list()) do
    local id = row[parts[1]]
    if meta.pk.composite then
      local key = {}
      for i, part in ipairs(parts) do
        key[i] = row[part]
      end
      id = M.plain_key(key)
    end
    for _, peer in ipairs(by_id[id] or {}) do
      if row[attname] ~= nil then
        rawset(peer, attname, row[attname])
      end
    end
  end
  if #peers > 1 then
    state.loaded[attname] = true -- of all that share the state
  else
    M.own_state(instance).loaded[attname] = true
  end
  return rawget(instance, attname)
end

-- A NULL, or a field that was not loaded.
local function get_field(instance, d)
  local state = rawget(instance, "_orm")
  local loaded = state and state.loaded
  if loaded and not loaded[d.attname] then
    return load_deferred(instance, d)
  end
  return nil
end

local function get_pk(instance, d)
  return instance[d.attname]
end

local function set_pk(instance, value, d)
  if value == null then
    value = nil
  end
  rawset(instance, d.attname, value)
end

-- A list of the parts; nil as long as one of them is missing.
local function get_composite(instance, d)
  local key = {}
  for i, name in ipairs(d.parts) do
    local part = instance[name]
    if part == nil then
      return nil
    end
    key[i] = part
  end
  return key
end

local function set_composite(instance, value, d)
  if value == null then
    value = nil
  end
  if value ~= nil and (type(value) ~= "table" or getmetatable(value) ~= nil or #value ~= #d.parts) then
    error(exceptions.ValueError(("'pk' must be a list of %d values, { %s }, not %s"):format(#d.parts, table.concat(d.parts, ", "), tostring(value))), 3)
  end
  for i, name in ipairs(d.parts) do
    instance[name] = value and value[i]
  end
end

--- The key of an instance as something that is equal to that of another one with the same key.
function M.plain_key(key)
  if type(key) ~= "table" or getmetatable(key) ~= nil then
    return key
  end
  local parts = {}
  for i, part in ipairs(key) do
    parts[i] = type(part) == "string" and ("%q"):format(part) or tostring(part)
  end
  return table.concat(parts, ", ")
end

-- ---- forward: category ----

local function get_forward(instance, d)
  local attname = d.attname
  local id = instance[attname]
  local object = M.cached(instance, d.name)
  if object and rawget(object, d.target) == id and id ~= nil then
    return object
  elseif object and id == nil and M.is_pending(instance, d.name) then
    return object -- set, the column has no key of it yet
  end
  if id == nil then
    if d.field.null then
      return nil
    end
    error(d.class[d.does_not_exist](("%s has no %s."):format(d.class._meta.object_name, d.name)), 3)
  end
  may_fetch(instance, d.class, d.name)
  related = related or require "perilune._models.related"
  return related.load_forward(instance, d, id)
end

-- Objects of two databases are not related, unless a router says so.
local function check_relation(value, instance, level)
  if not routing.allow_relation(value, instance) then
    error(exceptions.ValueError(("Cannot assign \"%s\": the current database router prevents this relation."):format(tostring(value))), level + 1)
  end
end

local function set_forward(instance, value, d)
  if value == null then
    value = nil
  end
  if value == nil then
    local old = d.field.kind == "one" and d.accessor and M.cached(instance, d.name)
    if old then
      M.set_cached(old, d.accessor, false)
    end
    rawset(instance, d.attname, nil)
    M.set_cached(instance, d.name, nil)
    M.set_pending(instance, d.name, nil)
    return
  end
  local remote = d.field.remote_model
  local class = type(value) == "table" and getmetatable(value) or nil
  if type(class) ~= "table" or not rawget(class, "_meta") or not class._meta:is_a(remote._meta.concrete_model) then
    local hint = (type(value) == "number" or type(value) == "string") and (" A key goes into '%s'."):format(d.attname) or ""
    error(exceptions.ValueError(("Cannot assign \"%s\": \"%s.%s\" must be a \"%s\" instance.%s"):format(tostring(value), d.class._meta.object_name, d.name, remote._meta.object_name, hint)), 3)
  end
  check_relation(value, instance, 3)
  local key = value[d.target]
  rawset(instance, d.attname, key)
  M.set_cached(instance, d.name, value)
  M.set_pending(instance, d.name, key == nil or nil)
  if d.field.parent_link then
    rawset(instance, d.target, key)
  end
  if d.field.kind == "one" and d.accessor then
    M.set_cached(value, d.accessor, instance)
  end
end

-- ---- reverse one-to-one: profile ----

local function get_reverse_one(instance, d)
  local object = M.cached(instance, d.name)
  if object == nil then
    may_fetch(instance, d.class, d.name)
    related = related or require "perilune._models.related"
    object = related.load_reverse_one(instance, d)
  end
  if not object then
    error(d.remote.RelatedObjectDoesNotExist(("%s has no %s."):format(d.class._meta.object_name, d.name)), 3)
  end
  return object
end

local function set_reverse_one(instance, value, d)
  if value == nil or value == null then
    local old = M.cached(instance, d.name)
    if old then
      old[d.field.name] = nil
    end
    M.set_cached(instance, d.name, nil)
    return
  end
  local class = type(value) == "table" and getmetatable(value) or nil
  if type(class) ~= "table" or not rawget(class, "_meta") or not class._meta:is_a(d.remote._meta.concrete_model) then
    error(exceptions.ValueError(("Cannot assign \"%s\": \"%s.%s\" must be a \"%s\" instance."):format(tostring(value), d.class._meta.object_name, d.name, d.remote._meta.object_name)), 3)
  end
  check_relation(instance, value, 3)
  value[d.field.name] = instance
  M.set_cached(instance, d.name, value)
end

-- ---- managers: items, tags ----

local function get_manager(instance, d)
  related = related or require "perilune._models.related"
  return related.manager(instance, d)
end

-- ---- installing ----

local function add(class, name, d)
  d.name, d.class = name, class
  class._descriptors[name] = d
end

local function add_field(class, field)
  add(class, field.attname, { get = get_field, attname = field.attname, field = field, plain = true })
  if field.remote_model then
    add(class, field.name, {
      get = get_forward, set = set_forward, field = field, attname = field.attname, target = field.target_attname,
      accessor = field.accessor, does_not_exist = "RelatedObjectDoesNotExist",
    })
  end
end

function M.install(class)
  local meta = class._meta
  class._descriptors = {}
  for _, field in ipairs(meta.fields) do
    add_field(class, field)
  end
  if meta.pk.composite then
    add(class, "pk", { get = get_composite, set = set_composite, parts = meta.pk_attnames })
  else
    add(class, "pk", { get = get_pk, set = set_pk, attname = meta.pk.attname })
  end
  for _, field in ipairs(meta.many_to_many) do
    add(class, field.name, { get = get_manager, set = read_only, kind = "many", field = field, remote = field.remote_model, through = field.through_model, hint = "use its set{…}" })
  end
  for _, r in ipairs(meta.related_objects) do
    if r.accessor and not r.hidden then
      if r.kind == "one" then
        add(class, r.accessor, { get = get_reverse_one, set = set_reverse_one, field = r.field, remote = r.model })
      elseif r.kind == "fk" then
        add(class, r.accessor, { get = get_manager, set = read_only, kind = "reverse", field = r.field, remote = r.model, hint = "use its set{…}" })
      elseif not (r.symmetrical and r.model == class) then
        add(class, r.accessor, { get = get_manager, set = read_only, kind = "reverse_many", field = r.field, remote = r.model, through = r.through, hint = "use its set{…}" })
      end
    end
  end
  require("perilune._models.extras").install(class, add)
end

return M
