-- SPDX-License-Identifier: MIT
-- What the tests of an app are written with: `perilune test` runs them.
--
--   local test = require "perilune.test"
--   describe("products", function()
--     it("lists them", function()
--       local response = test.client:get "/products/"
--       assert.equal(200, response.status_code)
--     end)
--   end)
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"

-- name -> module and its field; loaded when it is first asked for
local MEMBERS = {}
for module, names in pairs {
  suite = { "describe", "it", "pending", "before_each", "after_each", "setup", "teardown" },
  clock = { "freeze_time" },
  double = { "spy", "stub" },
  factory = { "factory", "Factory" },
  live = { "live_server" },
  client = { "client", "Client" },
  log = { "capture_logs" },
  request = { "RequestFactory" },
  tools = { "override_settings", "call_command", "capture_on_commit", "register_assertion", "outbox", "catch", "fail", "finally" },
} do
  for _, name in ipairs(names) do
    MEMBERS[name] = { "perilune._test." .. module, name }
  end
end
MEMBERS.assert = { "perilune._test.assert", "assert" }

local M = {}

return setmetatable(M, {
  __index = function(_, name)
    local entry = MEMBERS[name]
    if not entry then
      local names = sorted_keys(MEMBERS)
      error(exceptions.AttributeError(("perilune.test has no '%s'%s"):format(tostring(name), core.suggest(tostring(name), names))), 2)
    end
    return require(entry[1])[entry[2]]
  end,
})
