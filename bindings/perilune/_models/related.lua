-- SPDX-License-Identifier: MIT
-- Related objects: loading them for one instance or for all of its batch, and the managers
-- category.products, product.tags, whose methods are in related_reverse.lua and related_many.lua.
local check_options = require "perilune._options"
local descriptors = require "perilune._models.descriptors"
local exceptions = require "perilune.exceptions"
local many = require "perilune._models.related_many"
local Manager = require("perilune._models.manager").Manager
local reverse = require "perilune._models.related_reverse"
local routing = require "perilune._models.routing"
local send = require "perilune._models.signals"
local suggest = require("perilune._core").suggest
local state_of = require("perilune._models.state").of

local M = {}

-- ---- one object ----

-- The row above an heir's, whose columns the heir has; nil when some were left out.
local function parent_of(instance, remote)
  local state, names, values = state_of(instance), {}, {}
  for i, field in ipairs(remote._meta.fields) do
    if state.loaded and not state.loaded[field.attname] then
      return nil
    end
    names[i], values[i] = field.attname, rawget(instance, field.attname)
  end
  local parent = remote:from_db(state.db, names, values)
  parent._state.adding = state.adding
  send.post_init(remote, parent)
  return parent
end

--- The object that a ForeignKey points at: one query for all instances of the batch; none for what
--- an heir is of its parent.
function M.load_forward(instance, d, id)
  local remote = d.field.remote_model
  local parent = d.field.parent_link and not remote._meta.pk.composite and rawget(instance, remote._meta.pk.attname) == id and parent_of(instance, remote)
  if parent then
    descriptors.set_cached(instance, d.name, parent)
    return parent
  end
  local peers = descriptors.peers_of(instance, function(peer)
    return rawget(peer, d.attname) ~= nil and descriptors.cached(peer, d.name) == nil
  end)
  local ids, wanted = {}, {}
  for _, peer in ipairs(peers) do
    local key = rawget(peer, d.attname)
    if not wanted[key] then
      wanted[key] = {}
      ids[#ids + 1] = key
    end
    table.insert(wanted[key], peer)
  end
  local using = routing.read(remote, instance)
  local state = state_of(instance)
  local target = d.field.target_field
  local query = remote._meta.base_manager:using(using)
  if state.fetch_mode then
    query = query:fetch_mode(state.fetch_mode)
  end
  local rows
  if #ids == 1 then
    rows = { query:get_or_nil { [target.name] = id } }
  else
    rows = query:filter({ [target.name .. "__in"] = ids }):to_list()
  end
  local found
  if #ids == 1 and rows[1] and rows[1][d.target] ~= id then -- given as text, or in another form
    id = rows[1][d.target]
    for _, peer in ipairs(wanted[ids[1]]) do
      rawset(peer, d.attname, id)
    end
    wanted[id] = wanted[ids[1]]
  end
  for _, row in ipairs(rows) do
    local key = row[d.target]
    for _, peer in ipairs(wanted[key] or {}) do
      descriptors.set_cached(peer, d.name, row)
    end
    if d.field.kind == "one" and d.accessor and wanted[key] then
      descriptors.set_cached(row, d.accessor, wanted[key][1])
    end
    if key == id then
      found = row
    end
  end
  if not found then
    error(remote.DoesNotExist(("%s matching query does not exist."):format(remote._meta.object_name)), 0)
  end
  return found
end

--- The object of a reverse OneToOneField, false for none.
function M.load_reverse_one(instance, d)
  local pk = instance[d.field.target_attname]
  if pk == nil then
    return false
  end
  local target = d.field.target_attname
  local peers = descriptors.peers_of(instance, function(peer)
    return rawget(peer, target) ~= nil and descriptors.cached(peer, d.name) == nil
  end)
  local ids, by_id = {}, {}
  for _, peer in ipairs(peers) do
    local id = rawget(peer, target)
    ids[#ids + 1] = id
    by_id[id] = peer
    descriptors.set_cached(peer, d.name, false)
  end
  for _, row in ipairs(d.remote._meta.base_manager:using(routing.read(d.remote, instance)):filter({ [d.field.name .. "__in"] = ids }):to_list()) do
    local peer = by_id[rawget(row, d.field.attname)]
    if peer then
      descriptors.set_cached(peer, d.name, row)
      descriptors.set_cached(row, d.field.name, peer)
    end
  end
  return descriptors.cached(instance, d.name) or false
end

-- ---- managers ----

local function no_manager(model, name)
  local names = {}
  for i, pair in ipairs(model._meta.managers) do
    names[i] = pair[1]
  end
  error(exceptions.AttributeError(("%s has no manager '%s'%s"):format(model._meta.object_name, tostring(name), suggest(tostring(name), names))), 4)
end

-- category.products{ manager = "published" }: the same objects by another manager of theirs.
local function choose(self, options)
  if type(options) ~= "table" or rawget(options, "manager") == nil then
    error(exceptions.TypeError "a manager is no list, its all() is: ipairs(objects:all()); another manager is named: objects{ manager = \"published\" }", 2)
  end
  check_options(self.name, options, { manager = true })
  for _, pair in ipairs(self.model._meta.managers) do
    if pair[1] == options.manager then
      return M.manager(self.instance, getmetatable(self.instance)._descriptors[self.name], pair[1], getmetatable(pair[2]))
    end
  end
  no_manager(self.model, options.manager)
end

-- A class of managers below one of the related model, with the methods of the kind.
local function manager_class(default, kind_methods)
  local members = {}
  for k, v in pairs(kind_methods) do
    members[k] = v -- marked by extend
  end
  members._super_get_queryset = default.get_queryset or Manager.get_queryset
  members._default_class = default
  local class = default.extend(default, members)
  class.__call = choose
  return class
end

local function fields_of(d)
  local info = d.field.relation_info
  if d.kind == "reverse" then
    return { model = d.remote, field = d.field, target = d.field.target_attname, key_name = d.field.target_attname }
  end
  local backwards = d.kind == "reverse_many"
  return {
    model = d.remote, field = d.field, through = d.through, reverse = backwards,
    source = backwards and info.target or info.source,
    target = backwards and info.source or info.target,
    query_name = (backwards or info.symmetrical) and d.field.name or info.query_name,
    symmetrical = info.symmetrical, auto = info.auto_created,
  }
end

--- The manager behind `instance.name`; with the methods of `class`, when another of the related
--- model's managers is `chosen` by name.
function M.manager(instance, d, chosen, class)
  local spec = d.spec
  if not spec then
    spec = { fields = fields_of(d), classes = {} }
    spec.fields.cache_name = d.name
    d.spec = spec
  end
  local fields, of = spec.fields, chosen or 1
  local own = spec.classes[of]
  if not own then
    own = manager_class(class or getmetatable(d.remote._meta.default_manager), d.kind == "reverse" and reverse or many)
    spec.classes[of] = own
  end
  local manager = { _is_manager = true, instance = instance, name = d.name, chosen = chosen or false }
  for k, v in next, fields do
    manager[k] = v
  end
  return setmetatable(manager, own) -- behind the assignments, which managers look at
end

return M
