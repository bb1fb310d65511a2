-- SPDX-License-Identifier: MIT
-- Receivers that a test file connects end with the scope that they were connected in: the
-- test, or the block whose setup() did it. Those of the project's own modules stay.
local place = require "perilune._test.place"
local scope = require "perilune._test.scope"
local signals = require "perilune.signals"

local M = {}

--- From now on; `file` is the test file that runs, as places name it.
function M.watch(file)
  local methods = getmetatable(signals.request_started).__index
  local connect = methods.connect
  rawset(methods, "connect", function(self, ...)
    local off = connect(self, ...)
    local where = place.caller()
    if where and where:match "^(.*):%d+$" == file then
      scope.defer(off)
    end
    return off
  end)
  scope.defer(function()
    rawset(methods, "connect", connect)
  end)
end

return M
