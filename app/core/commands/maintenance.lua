-- SPDX-License-Identifier: MIT
-- `perilune maintenance on`: 503 for everybody but staff, until `off`. A flag in the cache,
-- which the running server shares: without one, it is gone when the command ends.
local cache = require "perilune.cache"
local middleware = require "core.middleware"

return {
  help = "Switches the maintenance page on or off, or says which it is.",
  arguments = { { "state", choices = { "on", "off", "show" }, help = "on, off or show" } },
  handle = function(options, command)
    if options.state == "on" then
      cache:set(middleware.MAINTENANCE, true, cache.forever)
    elseif options.state == "off" then
      cache:delete(middleware.MAINTENANCE)
    end
    command:write("maintenance is " .. (cache:has_key(middleware.MAINTENANCE) and "on" or "off"))
  end,
}
