-- SPDX-License-Identifier: MIT
-- perilune startcmodule NAME
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local skeleton = require "perilune._skeleton"
local system = require "perilune._system"

local function make_dir(path)
  local made, why = system.mkdir(path)
  if made == nil then
    error(exceptions.CommandError("cannot make the folder " .. why), 0)
  end
end

local function handle(options, command)
  local name = options.name
  skeleton.check_name(name, "C module")
  local ok, result = pcall(require("perilune._skeleton_cmodule").write, name, core.project_dir or ".", make_dir)
  if not ok then
    error(exceptions.is(result, "Exception") and exceptions.CommandError(result.message) or result, 0)
  end
  if options.verbosity > 0 then
    command:write(command.style.success(("The C module %s is in %s."):format(name, core.project_dir == system.absolute(".") and name or (core.project_dir or ".") .. "/" .. name)))
    command:write(("Next: build it (%s/README.md says how) and name it in settings.c_modules."):format(name))
  end
end

return {
  help = "add a new module in C to the project",
  arguments = { { "name", help = "its name" } },
  handle = handle,
}
