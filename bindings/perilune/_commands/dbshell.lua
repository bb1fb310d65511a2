-- SPDX-License-Identifier: MIT
-- perilune dbshell
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

-- For sh: nothing in it means anything.
local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function file_of(alias)
  local known = {}
  for name in pairs(settings.databases) do
    known[#known + 1] = name
  end
  local found = settings.databases[alias]
  if not found then
    error(exceptions.CommandError(("there is no database '%s'%s"):format(alias, core.suggest(alias, known))), 0)
  elseif found.name == ":memory:" then
    error(exceptions.CommandError(("the database '%s' is in memory: no other program can open it"):format(alias)), 0)
  end
  local path = tostring(found.name)
  return path:sub(1, 1) == "/" and path or (core.project_dir or ".") .. "/" .. path
end

return {
  help = "open the database in sqlite3",
  requires = "project",
  arguments = {
    { "parameters", nargs = "*", help = "for sqlite3, behind --: dbshell -- .tables" },
    { "--database", default = "default", help = "the alias of the database" },
  },
  handle = function(options)
    local parts = { "exec sqlite3", quote(file_of(options.database)) }
    for _, p in ipairs(options.parameters) do
      parts[#parts + 1] = quote(p)
    end
    local ok, _, status = os.execute(table.concat(parts, " "))
    if not ok then
      error(exceptions.CommandError(status == 127 and "sqlite3 is not installed (Debian: sqlite3)" or ("sqlite3 ended with status %d"):format(status), { status = status }), 0)
    end
  end,
}
