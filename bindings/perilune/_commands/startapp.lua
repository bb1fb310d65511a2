-- SPDX-License-Identifier: MIT
-- perilune startapp NAME
local app = require "perilune._skeleton_app"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local skeleton = require "perilune._skeleton"
local system = require "perilune._system"

local function handle(options, command)
  local name = options.name
  skeleton.check_name(name, "app")
  local base = (core.project_dir or ".") .. "/" .. name
  local shown = core.project_dir == system.absolute(".") and name or base
  if system.kind(base) then
    error(exceptions.CommandError(("'%s' exists already; choose another name"):format(shown)), 0)
  elseif core.module_exists(name) then
    error(exceptions.CommandError(("there is a module '%s' already, which the app would hide; choose another name"):format(name)), 0)
  end
  skeleton.write(base, app.files, name)
  if options.verbosity > 0 then
    command:write(command.style.success(("The app %s is in %s."):format(name, shown)))
    command:write(("Next: in settings.lua add %q to installed_apps,\n      in urls.lua add urls.path(\"%s/\", urls.include \"%s.urls\")\nModels go into %s/models.lua; then: %s makemigrations && %s migrate"):format(name, name, name, shown, core.program, core.program))
    if not core.project_dir then
      command.stderr:write(command.style.warning("There is no project here (no settings.lua): an app belongs into the folder of one."))
    end
  end
end

return {
  help = "add a new app to the project",
  description = "Writes the folder of an app: models, views, routes, a template and a test. It is part of the\n"
    .. "project once settings.lua has its name in installed_apps.",
  arguments = { { "name", help = "its name, which is that of its folder" } },
  handle = handle,
}
