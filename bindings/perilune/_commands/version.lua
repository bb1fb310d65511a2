-- SPDX-License-Identifier: MIT
-- `perilune version` is answered before anything is loaded (engine/cli/cli.c).
local core = require "perilune._core"

return {
  help = "print the version",
  handle = function(_, command)
    command:write(core.version)
  end,
}
