-- SPDX-License-Identifier: MIT
-- Receivers that wait for a class that nobody defines.
local checks = require "perilune.checks"

checks.register(function()
  local found = {}
  local signals = package.loaded["perilune.signals"]
  for i, waits in ipairs(signals and signals._pending() or {}) do
    found[i] = checks.Error(("a receiver of %s waits for the sender '%s', which no installed app defines"):format(waits.signal, waits.label), {
      hint = "the sender is \"label of the app.Name of the model\"; is its app in installed_apps?",
      obj = signals._name_of(waits.receiver),
      id = "signals.E001",
    })
  end
  return found
end, { tags = { "signals" } })
