-- SPDX-License-Identifier: MIT
-- The log of changes: what a row was before it was saved, and what it is now.
--
-- shop/signals.lua connects these to the models. `actor` is whoever the running request
-- is of (core.middleware); commands and the shell are "system".
local decimal = require "perilune.decimal"
local json = require "perilune.json"
local models = require "shop.models"
local null = require "perilune.null"

local M = {}

-- instance -> the values its row had before the save that is under way
local before = setmetatable({}, { __mode = "k" })

-- Columns that every save changes, or that are no change worth a line.
local SKIP = { updated_at = true, view_count = true }

-- The name of who makes changes here; a fiber's own.
local actors = setmetatable({}, { __mode = "k" })

local function fiber_key()
  return (coroutine.running())
end

--- Runs fn with changes logged under `name`.
function M.as(name, fn, ...)
  local key = fiber_key()
  local outer = actors[key]
  actors[key] = name
  local function done(ok, ...)
    actors[key] = outer
    if not ok then
      error((...), 0)
    end
    return ...
  end
  return done(pcall(fn, ...))
end

local function actor()
  return actors[fiber_key()] or "system"
end

local function columns(model)
  local names = {}
  for _, field in ipairs(model._meta.concrete_fields) do
    names[#names + 1] = field.attname
  end
  return names
end

-- As JSON has it.
local function plain(value)
  if value == nil then
    return null
  elseif decimal.is(value) or type(value) == "table" or type(value) == "userdata" then
    return value == null and null or tostring(value)
  end
  return value
end

local function write(instance, action, changes)
  models.AuditLog.objects:create {
    model_name = instance._meta.object_name,
    object_id = instance.pk,
    action = action,
    actor = actor(),
    details = ("%s %s was %s"):format(instance._meta.object_name, tostring(instance), action),
    changes = changes,
  }
end

--- pre_save: the row as it is.
function M.remember(sender, event)
  local instance = event.instance
  before[instance] = nil
  if not event.raw and instance.pk ~= nil and not instance._state.adding then
    before[instance] = sender.objects:filter({ pk = instance.pk }):values(table.unpack(columns(sender))):first()
  end
end

--- What remember() found: the columns by name, or nil for a new row. Good while receivers of
--- post_save run, and until the next save.
function M.before(instance)
  return before[instance]
end

--- post_save: a line with what differs. A save that changed nothing leaves none.
function M.saved(sender, event)
  if event.raw then
    return -- loaddata: the fixture has its own
  end
  local old, instance = before[event.instance], event.instance
  if event.created then
    return write(instance, "created", {})
  end
  local changes = {}
  for _, name in ipairs(columns(sender)) do
    local was, is = plain(old and old[name]), plain(instance[name])
    if not SKIP[name] and was ~= is then
      changes[name] = json.array { was, is }
    end
  end
  if next(changes) then
    write(instance, "updated", changes)
  end
end

--- post_delete
function M.deleted(_, event)
  write(event.instance, "deleted", {})
end

return M
