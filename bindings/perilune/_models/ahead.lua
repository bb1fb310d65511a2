-- SPDX-License-Identifier: MIT
-- Rows of related managers, read for a whole batch at once: the first `category.products:all()`
-- of a loop over categories reads the products of all of them. What is for the others waits
-- with them, until they ask for it: once, and they ask the database again the next time.
--
-- Rows that wait are as good as those of a query of one's own, or they are not used: they are
-- for the fiber that read them, are gone after a second, and after any change to the tables
-- that this worker makes through models, by db.execute() or by a rollback. A loop that changes
-- what it reads goes on with a query for each of its objects.
local databases = require "perilune._databases"
local db = require "perilune.db"
local descriptors = require "perilune._models.descriptors"
local native = require "perilune._db"
local monotonic = require("perilune.time").monotonic
local routing = require "perilune._models.routing"
local state_of = require("perilune._models.state").of

local M = {}

local SECONDS, PEERS_MAX = 1, 2000

-- What tells whether somebody has changed the rows that a manager gives.
local function changes(manager, alias)
  local world = manager.model._meta.registry:world()
  local n = world:changes(manager.model._meta.world_id) + db._disturbances(alias)
  if manager.through then
    n = n + world:changes(manager.through._meta.world_id)
  end
  return n, world
end

local function alias_of(manager)
  return routing.read(manager.model, manager.instance)
end

-- Whether rows that wait may still be used; the second value: no, for they were changed.
local function is_good(manager, batch)
  local n, world = changes(manager, batch.alias)
  if n ~= batch.changes or world ~= batch.world then
    return false, true
  end
  return batch.fiber == native.fiber() and monotonic() - batch.at <= SECONDS and batch.atomic == native.in_atomic(databases.get(batch.alias).handle)
end

local function entry_of(manager)
  local waiting = rawget(manager.instance, "_ahead")
  return waiting and waiting[manager.name]
end

--- Rows that wait for the manager's instance, which go on waiting; nil when there are none.
function M.waiting(manager)
  local entry = entry_of(manager)
  return entry and is_good(manager, entry.batch) and entry.rows or nil
end

--- Forgets what waits for the manager's instance.
function M.forget(instance, name)
  local waiting = rawget(instance, "_ahead")
  if waiting then
    waiting[name] = nil
  end
end

-- Those of the batch that have not asked yet.
local function peers_of(manager, d)
  local key, name = d.kind == "reverse" and d.field.target_attname or d.class._meta.pk.attname, manager.name
  local peers = descriptors.peers_of(manager.instance, function(peer)
    local prefetched = rawget(peer, "_prefetched")
    return rawget(peer, key) ~= nil and not (prefetched and prefetched[name])
  end)
  return #peers <= PEERS_MAX and peers or table.move(peers, 1, PEERS_MAX, 1, {})
end

local function read(manager, peers, alias)
  local d = getmetatable(manager.instance)._descriptors[manager.name]
  local batch = { alias = alias, fiber = native.fiber(), at = monotonic(), atomic = native.in_atomic(databases.get(alias).handle) }
  batch.changes, batch.world = changes(manager, alias) -- before: others may write meanwhile
  local lists = require("perilune._models.prefetch").lists(peers, d)
  for _, peer in ipairs(peers) do
    if peer ~= manager.instance then
      local waiting = rawget(peer, "_ahead")
      if not waiting then
        waiting = {}
        rawset(peer, "_ahead", waiting)
      end
      waiting[manager.name] = { rows = lists[peer] or {}, batch = batch }
    end
  end
  return lists[manager.instance] or {}
end

--- The rows that the manager's all() gives, out of those that wait or read for the batch; nil:
--- the instance is on its own.
function M.rows(manager)
  local instance, name, alias = manager.instance, manager.name, alias_of(manager)
  local state = state_of(instance)
  local entry = entry_of(manager)
  if entry then
    M.forget(instance, name)
    local good, changed = is_good(manager, entry.batch)
    if good then
      return entry.rows
    elseif changed then
      state.alone = state.alone or {}
      state.alone[name] = true
    end
  end
  if state.alone and state.alone[name] then
    return nil
  end
  local d = getmetatable(instance)._descriptors[name]
  local peers = peers_of(manager, d)
  return #peers > 1 and read(manager, peers, alias) or nil
end

--- Whether the manager's rows may be read for a batch: by default, when there is one.
function M.may(manager)
  local state = state_of(manager.instance)
  local mode = state and state.fetch_mode
  return state and state.peers and (mode == nil or mode == "peers") and rawget(manager, "_db") == nil
end

return M
