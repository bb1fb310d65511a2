-- SPDX-License-Identifier: MIT
-- The caches of a test run: of its own, and empty when a test begins.
local caches = require "perilune._caches"
local environment = require "perilune._test.environment"

local M = {}

local CLEARED = { memory = true, file = true } -- those that nobody else has

--- From now on caches in memory and in files are this run's, below the folder; keys on servers
--- have a prefix of their own.
function M.configure(folder)
  caches.isolate(folder)
end

--- Empties them.
function M.clear()
  local cache = require "perilune.cache"
  for _, alias in ipairs(caches.aliases()) do
    local backend = caches.backend(alias)
    if CLEARED[backend] then
      cache.caches[alias]:clear()
    elseif rawget(cache.caches, alias) and backend ~= "dummy" and backend ~= "database" then
      cache.caches[alias]:delete_pattern "*"
    end
  end
end

environment.before_every(M.clear)

return M
