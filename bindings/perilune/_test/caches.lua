-- SPDX-License-Identifier: MIT
-- The caches of a test run: of its own, and empty when a test begins.
local caches = require "perilune._caches"
local environment = require "perilune._test.environment"

local M = {}

local CLEARED = { memory = true, file = true } -- those that nobody else has

--- From now on caches in memory and in files are the tests' own. The memory is the same from run
--- to run (each process of --parallel has another), so that no run leaves one behind.
function M.configure(folder, worker)
  caches.isolate(folder, ("%s:test-%d"):format(require("perilune._core").project_dir, worker or 0))
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
