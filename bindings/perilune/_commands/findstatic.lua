-- SPDX-License-Identifier: MIT
-- perilune findstatic NAME…
local exceptions = require "perilune.exceptions"
local static = require "perilune.static"

local function handle(options, command)
  local missing = {}
  for _, name in ipairs(options.name) do
    local found = static.finders.find(name, { all = true })
    if #found == 0 then
      missing[#missing + 1] = "'" .. name .. "'"
    end
    for i, path in ipairs(found) do
      command:write(i == 1 and path or options.verbosity > 0 and "  hides " .. path or nil)
    end
  end
  if #missing > 0 then
    local dirs = {}
    for i, dir in ipairs(static.finders.dirs()) do
      dirs[i] = "'" .. dir.path .. "'"
    end
    error(exceptions.CommandError(("no static file %s in %s"):format(table.concat(missing, ", "), table.concat(dirs, ", "))), 0)
  end
end

return {
  help = "show where static files come from",
  requires = "settings",
  arguments = { { "name", nargs = "+", help = "a file as pages name it: css/site.css" } },
  handle = handle,
}
