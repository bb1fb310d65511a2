-- SPDX-License-Identifier: MIT
-- perilune check
local checks = require "perilune.checks"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

local LEVELS = { "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG" }
local TITLES = { CRITICAL = "CRITICALS", ERROR = "ERRORS", WARNING = "WARNINGS", INFO = "INFOS", DEBUG = "DEBUGS" }
local STYLES = { CRITICAL = "error", ERROR = "error", WARNING = "warning", INFO = "notice", DEBUG = "notice" }

-- "ERROR" for everything from ERROR up to the next level.
local function level_name(level)
  for _, name in ipairs(LEVELS) do
    if level >= checks[name] then
      return name
    end
  end
  return "DEBUG"
end

local function body(messages, style)
  local parts = {}
  for _, name in ipairs(LEVELS) do
    local texts = {}
    for _, message in ipairs(messages) do
      if level_name(message.level) == name then
        texts[#texts + 1] = style[STYLES[name]](tostring(message))
      end
    end
    table.sort(texts)
    if #texts > 0 then
      parts[#parts + 1] = "\n" .. TITLES[name] .. ":\n" .. table.concat(texts, "\n") .. "\n"
    end
  end
  return table.concat(parts)
end

local function count_text(n, silenced)
  local issues = n == 0 and "no issues" or n == 1 and "1 issue" or n .. " issues"
  return ("System check identified %s (%d silenced)."):format(issues, silenced)
end

local function check_apps(labels)
  local apps = require "perilune.apps"
  local known = {}
  for i, app in ipairs(apps.all()) do
    known[i] = app.label
  end
  for _, label in ipairs(labels) do
    if not pcall(apps.get, label) then
      error(exceptions.CommandError(("no installed app has the label '%s'%s"):format(label, core.suggest(label, known))), 0)
    end
  end
end

-- Shows the messages that are not silenced, raises SystemCheckError when one is of `fail_level`.
-- quiet: says nothing when there are none; "errors": nor when none is of that level.
local function report(messages, command, fail_level, quiet)
  local visible, silenced, failed = {}, 0, false
  for _, message in ipairs(messages) do
    if message:is_silenced() then
      silenced = silenced + 1
    else
      visible[#visible + 1] = message
      failed = failed or message:is_serious(checks[fail_level])
    end
  end
  if #visible == 0 then
    if not quiet then
      command:write(count_text(0, silenced))
    end
    return
  end
  local text = "System check identified some issues:\n" .. body(visible, command.style) .. "\n" .. count_text(#visible, silenced)
  if failed then
    error(exceptions.SystemCheckError(text), 0)
  elseif quiet ~= "errors" then
    command.stderr:write(text)
  end
end

-- Of commands that had better not run when the models are wrong: Django's --skip-checks.
local function require_models(options, command)
  if not options.skip_checks then
    report(checks.run { tags = { "models" } }, command, "ERROR", options.verbosity == 0 and "errors" or true)
  end
end

local function handle(options, command)
  if options.list_tags then
    command:write(table.concat(checks.tags_available(options.deploy), "\n"))
    return
  end
  check_apps(options.app_label)
  report(checks.run { tags = options.tag, deploy = options.deploy, apps = options.app_label }, command, options.fail_level)
end

return {
  _require = require_models,
  _report = report,
  help = "look for mistakes in settings, routes and middleware",
  description = "Runs the system checks. --deploy adds those for a site in production: run it with the settings\n"
    .. "of production. settings.silenced_system_checks is a list of ids that are not reported.",
  requires = "project",
  arguments = {
    { "app_label", nargs = "*", help = "check these apps only (for the checks that look at apps)" },
    { "--tag", "-t", multiple = true, help = "only the checks with this tag; may be repeated" },
    { "--list-tags", flag = true, help = "print the tags there are" },
    { "--deploy", flag = true, help = "also what matters in production" },
    { "--fail-level", choices = { "CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG" }, default = "ERROR", help = "the lowest level that ends with status 1" },
  },
  handle = handle,
}
