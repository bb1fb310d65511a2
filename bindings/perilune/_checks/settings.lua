-- SPDX-License-Identifier: MIT
-- Settings that no project can do without, in development as in production.
local checks = require "perilune.checks"
local settings = require "perilune.settings"

checks.register(function()
  local found = {}
  if settings.get("secret_key", "") == "" then
    found[1] = checks.Error("secret_key is not set: nothing can be signed", {
      hint = "settings.lua: secret_key = env(\"SECRET_KEY\"), and a line SECRET_KEY=… in .env",
      id = "settings.E001",
    })
  end
  return found
end, { tags = { "settings" } })

checks.register(function(options)
  if settings.debug or #settings.allowed_hosts > 0 or options.deploy then
    return {} -- with --deploy security.W020 says it
  end
  return { checks.Warning("debug is off and allowed_hosts is empty: every request is answered with 400", {
    hint = "settings.lua: allowed_hosts = { \"example.com\" }",
    id = "settings.W002",
  }) }
end, { tags = { "settings" } })
