-- SPDX-License-Identifier: MIT
-- `perilune maintenance on`: 503 for everybody but staff, until `off`.
local commands = require "perilune.commands"
local settings = require "perilune.settings"

local function switch(flag, on)
  if not on then
    os.remove(flag)
    return
  end
  local file, why = io.open(flag, "w")
  if not file then
    error(commands.CommandError(("cannot write '%s': %s"):format(flag, why)))
  end
  file:close()
end

return {
  help = "Switches the maintenance page on or off, or says which it is.",
  arguments = { { "state", choices = { "on", "off", "show" }, help = "on, off or show" } },
  handle = function(options, command)
    local flag = settings.data_dir .. "/maintenance"
    if options.state ~= "show" then
      switch(flag, options.state == "on")
    end
    local file <close> = io.open(flag)
    command:write("maintenance is " .. (file and "on" or "off"))
  end,
}
