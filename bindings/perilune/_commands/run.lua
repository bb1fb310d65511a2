-- SPDX-License-Identifier: MIT
-- perilune run FILE.lua [args]
local commands = require "perilune.commands"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

-- Modules beside the script are found as well, after those of the project.
local function search_beside(path)
  local dir = path:match("^(.*)/[^/]*$") or "."
  table.insert(package.searchers, 4, function(name)
    local file = dir .. "/" .. name:gsub("%.", "/") .. ".lua"
    local chunk, why = core.loadfile(file)
    if not chunk and not why:find("^cannot open") then
      error(why, 0)
    end
    return chunk or ("no file '" .. file .. "'")
  end)
end

local function handle(options)
  local path, args = options.file, options.args
  if path:find("%.luac$") then
    error(exceptions.CommandError("only source is run, never bytecode"), 0)
  end
  local chunk, message = core.loadfile(path)
  if not chunk then
    error(exceptions.CommandError(message), 0)
  end
  if settings.configured() then
    commands._load_project()
  end
  rawset(_G, "arg", table.move(args, 1, #args, 1, { [0] = path }))
  search_beside(path)
  chunk(table.unpack(args))
end

return {
  help = "run a Lua script, with the project loaded when there is one",
  description = "Runs FILE.lua. Below a project its models, settings and modules are at hand; outside of one\n"
    .. "the rest of the library is. The arguments behind FILE are the script's: `...` and `arg`.",
  arguments = {
    { "file", metavar = "FILE.lua", help = "the script" },
    { "args", nargs = "...", help = "its arguments" },
  },
  handle = handle,
}
