-- SPDX-License-Identifier: MIT
-- Which database a query of a model runs on: settings.database_routers, else "default".
local db = require "perilune.db"

local M = {}

local router = db.router

--- For reading; `instance` is a hint to the routers.
function M.read(class, instance)
  if router and router.db_for_read then
    return router.db_for_read(class, { instance = instance }) or "default"
  end
  return "default"
end

function M.write(class, instance)
  local state = instance and rawget(instance, "_state")
  if router and router.db_for_write then
    return router.db_for_write(class, { instance = instance }) or state and state.db or "default"
  end
  return state and state.db or "default"
end

return M
