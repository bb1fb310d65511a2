-- SPDX-License-Identifier: MIT
-- Is settings.caches in order? No server is asked.
local caches = require "perilune._caches"
local call = require("perilune._core").call
local checks = require "perilune.checks"

checks.register(function()
  local ok, err = call(caches.check)
  if ok then
    return {}
  end
  return { checks.Error(err.message or tostring(err), { id = "caches.E001" }) }
end, { tags = { "caches" } })
