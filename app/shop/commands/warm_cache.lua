-- SPDX-License-Identifier: MIT
-- `perilune warm_cache`: what the first visitors would wait for, before they come.
local analytics = require "shop.analytics"
local catalog = require "shop.catalog"
local time = require "perilune.time"

return {
  help = "Fills the cache with the catalog's featured products and the reports.",
  handle = function(_, command)
    local start = time.monotonic()
    local n = catalog.warm()
    analytics.warm()
    command:write(command.style.success(("%d entries of the catalog and the reports in %.1f s"):format(n, time.monotonic() - start)))
  end,
}
