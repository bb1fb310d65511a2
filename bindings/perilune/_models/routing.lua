-- SPDX-License-Identifier: MIT
-- Which database a query of a model runs on: settings.database_routers, else "default".
local router = require "perilune._db_router"
local settings = require "perilune.settings"
local states = require "perilune._models.state"

local M = {}

-- Without routers everything runs on "default": asked once, for only tests change settings.
local none

local function no_routers()
  if none == nil then
    local list = settings.configured() and settings.database_routers
    none = not list or #list == 0
  end
  return none
end

--- The database of all queries when nobody decides for each; else nil.
function M.always()
  return no_routers() and "default" or nil
end

--- For reading; `instance` is a hint to the routers.
function M.read(class, instance)
  local state = instance and rawget(instance, "_orm")
  if none or no_routers() then
    return state and state.db or "default"
  end
  return router.db_for_read(class, { instance = instance }) or state and state.db or "default"
end

--- For writing: where the routers say, else where the instance came from.
function M.write(class, instance)
  local state = instance and rawget(instance, "_orm")
  if none or no_routers() then
    return state and state.db or "default"
  end
  return router.db_for_write(class, { instance = instance }) or state and state.db or "default"
end

-- The database of an object that has none yet: that of what it is related to.
local function settle(object, other)
  local state = states.of(object)
  if not state.db then
    state = states.own(object)
    state.db = M.write(getmetatable(object), other)
  end
  return state.db
end

--- Whether `a` and `b` may be related; objects that were never saved get their database.
function M.allow_relation(a, b)
  local own, other = settle(a, b), settle(b, a)
  if none or no_routers() then
    return own == other
  end
  return router.allow_relation(a, b)
end

--- The routers are others from now on: a test has replaced the setting.
function M._reset()
  none = nil
  router._reset()
  require("perilune._models.registry").forget_kept()
  router._load()
end

return M
