-- SPDX-License-Identifier: MIT
-- The command line behind the global options: finds a command, reads its arguments,
-- runs it. (Grows with the framework's own commands.)
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

local M = {}

local function run_file(argv)
  local path = argv[2]
  if not path then
    io.stderr:write("perilune run: which file?\nusage: perilune run FILE.lua [args]\n")
    return 2
  end
  local chunk, message = core.loadfile(path)
  if not chunk then
    io.stderr:write("perilune run: ", message, "\n")
    return 1
  end
  rawset(_G, "arg", table.move(argv, 3, #argv, 1, { [0] = path }))
  -- Modules beside the script are found as well.
  local dir = path:match("^(.*)/[^/]*$") or "."
  table.insert(package.searchers, 4, function(name)
    local file = dir .. "/" .. name:gsub("%.", "/") .. ".lua"
    local f, why = core.loadfile(file)
    return f or ("no file '" .. file .. "'" .. (why and not why:find("^cannot open") and ": " .. why or ""))
  end)
  local ok, err = core.call(chunk, table.unpack(argv, 3))
  if not ok then
    io.stderr:write(tostring(err), "\n", exceptions.is(err, "Exception") and err.traceback or "", "\n")
    return 1
  end
  return 0
end

function M.main(argv)
  if argv[1] == "run" then
    return run_file(argv)
  end
  io.stderr:write("perilune: unknown command '", tostring(argv[1]), "'\n")
  return 2
end

return M
