-- SPDX-License-Identifier: MIT
-- What a test finds, and what is put back behind it: settings, caches, time, logs. Everything
-- that a test changes through perilune.test is undone by its scope.
local scope = require "perilune._test.scope"

local M = {}

-- Functions that run before every test: those of the parts that are in use.
local starters = {}

--- fn() runs before every test from now on.
function M.before_every(fn)
  starters[#starters + 1] = fn
end

--- Puts settings in force until the scope ends.
function M.override(settings)
  if settings and next(settings) ~= nil then
    local undo = require("perilune._test.settings").push(settings)
    scope.defer(undo)
  end
end

--- A test begins.
function M.begin(settings)
  M.override(settings)
  for _, fn in ipairs(starters) do
    fn()
  end
end

--- Loads fixtures by name into the block's transaction.
function M.load_fixtures(names)
  if names and #names > 0 then
    local arguments = { "loaddata", table.unpack(names) }
    arguments[#arguments + 1] = { verbosity = 0 }
    require("perilune.commands").call(table.unpack(arguments))
  end
end

-- ---- logs ----

--- What was logged since the last time, when it is `wanted`.
function M.take_log(wanted)
  local log = package.loaded["perilune._test.log"]
  return log and log.take(wanted) or nil
end

return M
