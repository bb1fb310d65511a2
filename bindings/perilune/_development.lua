-- SPDX-License-Identifier: MIT
-- What runserver tells on the terminal at its start and when the code has been loaded anew: what
-- the system checks find, and migrations that are not applied. The project is served all the
-- same: a mistake in one place is no reason to see none of the others.
local checks = require "perilune.checks"
local console = require "perilune._console"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

local M = {}

-- What a command writes with (_commands/check.lua), on standard error.
local function voice()
  local stderr = console.stream "stderr"
  return {
    stdout = stderr, stderr = stderr, style = console.style(console.has_color "stderr"),
    write = function(_, text)
      stderr:write(text)
    end,
  }
end

local function system_checks(command)
  local check = require "perilune._commands.check"
  local ok, err = pcall(function()
    check._report(checks.run {}, command, "ERROR")
  end)
  if not ok then
    command:write(tostring(exceptions.wrap(err)))
  end
end

-- Labels of apps with migrations that are not applied, sorted, and how many there are.
local function unapplied()
  local loader = require("perilune._migrations.loader").load()
  if next(loader.by_app) == nil then
    return {}, 0
  end
  local executor = require("perilune._migrations.executor").new(require("perilune.db").DEFAULT_ALIAS)
  local labels, seen, plan = {}, {}, executor:plan(executor:leaf_targets())
  for _, step in ipairs(plan) do
    local label = step.migration.app_label
    labels[#labels + 1] = not seen[label] and label or nil
    seen[label] = true
  end
  table.sort(labels)
  return labels, #plan
end

local function migrations(command)
  if next(settings.get("databases", {})) == nil then
    return
  end
  local ok, labels, n = pcall(unapplied)
  if not ok then
    command:write(command.style.error(("The migrations cannot be looked at: %s"):format(tostring(exceptions.wrap(labels).message))))
  elseif n > 0 then
    command:write(command.style.notice(("You have %d unapplied migration(s). Your project may not work properly until you apply the migrations for app(s): %s.\nRun 'perilune migrate' to apply them."):format(n, table.concat(labels, ", "))))
  end
end

--- Called once the project is loaded. Never raises.
function M.report()
  if core.verbosity == 0 then
    return
  end
  local command = voice()
  system_checks(command)
  migrations(command)
end

return M
