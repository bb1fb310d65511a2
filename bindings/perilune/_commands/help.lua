-- SPDX-License-Identifier: MIT
-- perilune help [command]
local arguments = require "perilune._arguments"
local commands = require "perilune.commands"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local registry = require "perilune._commands"
local settings = require "perilune.settings"
local system = require "perilune._system"

local LEFT = 14 -- columns of the names

-- The one-line help of a command; a file that does not load must not hide the others.
local function line_of(name)
  local ok, spec = pcall(registry.load, name)
  if ok then
    return spec.help or ""
  end
  return "(does not load: " .. commands._cause(spec) .. ")"
end

local function rows_of(names)
  local rows = {}
  for i, name in ipairs(names) do
    rows[i] = { name, (line_of(name):match("^[^\n]*")) }
  end
  return rows
end

-- Commands of apps may need the models; what is wrong with the project is said once.
local function load_project(command)
  if not settings.configured() then
    return
  end
  local ok, err = core.call(commands._load_project)
  if not ok then
    command.stderr:write(("%s: note: the project does not load: %s"):format(core.program, commands._cause(err)))
  end
end

local function framework(name)
  return registry.owner(name) == false
end

local function overview(command)
  local width = math.min(system.columns(1) or 80, 100)
  command:write(("usage: %s [-C DIR] COMMAND [ARGUMENTS]\n       %s DIR     serve the project in DIR"):format(core.program, core.program), "\n\n")
  for _, group in ipairs(registry.builtin) do
    local names = {}
    for _, name in ipairs(group[2]) do
      names[#names + 1] = framework(name) and name or nil
    end
    command:write(command.style.label(group[1] .. ":") .. "\n" .. arguments.columns(rows_of(names), width, LEFT), "\n\n")
  end
  for _, app in ipairs(registry._installed_apps()) do
    local names = {}
    for _, name in ipairs(registry.of_app(app)) do
      names[#names + 1] = registry.owner(name) == app and name or nil
    end
    if #names > 0 then
      command:write(command.style.label(app .. ":") .. "\n" .. arguments.columns(rows_of(names), width, LEFT), "\n\n")
    end
  end
  if not core.settings_file then
    command:write("There is no project here (no settings.lua); -C DIR names the folder of one.", "\n\n")
  end
  command:write(("options of every command: --settings FILE, --verbosity 0..3, --no-color, --traceback\n'%s help COMMAND' says more about one."):format(core.program))
end

local function handle(options, command)
  if options.command == nil then
    load_project(command)
    overview(command)
    return
  end
  if registry.owner(options.command) == nil then
    error(exceptions.CommandError(registry.unknown(options.command)), 0)
  end
  command:write(commands._help(options.command))
end

return {
  help = "list the commands, or say more about one",
  arguments = { { "command", nargs = "?", help = "the command to explain" } },
  handle = handle,
}
