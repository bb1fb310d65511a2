-- SPDX-License-Identifier: MIT
-- perilune startproject NAME [DIR]
local commands = require "perilune.commands"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local project = require "perilune._skeleton_project"
local skeleton = require "perilune._skeleton"
local system = require "perilune._system"

local function handle(options, command)
  local name, dir = options.name, options.directory or options.name
  skeleton.check_name(name, "project")
  if not options.directory and system.kind(dir) then
    error(exceptions.CommandError(("'%s' exists already; choose another name, or name the folder: %s startproject %s DIR"):format(dir, core.program, name)), 0)
  end
  local files = table.move(project.files, 1, #project.files, 1, {})
  files[#files + 1] = project.env_file(commands.get_random_secret_key())
  skeleton.write(dir, files, name)
  if options.verbosity > 0 then
    command:write(command.style.success(("The project %s is in %s."):format(name, dir)))
    local shown = core.moved_to and dir:sub(1, 1) ~= "/" and core.moved_to:gsub("/*$", "/") .. dir or dir
    if shown == "." then
      command:write(("Next: %s runserver"):format(core.program))
    else
      command:write(("Next: cd %s && %s runserver"):format(shown, core.program))
    end
  end
end

return {
  help = "start a new project",
  description = "Writes a project that runs: settings with a database, routes, a first app with a page, its\n"
    .. "templates and a command, and a .env with a new secret key.",
  arguments = {
    { "name", help = "its name" },
    { "directory", nargs = "?", metavar = "DIR", help = "where it goes; a new folder of that name when it is left out" },
  },
  handle = handle,
}
