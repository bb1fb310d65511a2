-- SPDX-License-Identifier: MIT
-- perilune flush
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local registry = require("perilune._models.registry").project
local system = require "perilune._system"

local function tables()
  local list, seen = {}, {}
  registry:world()
  for _, class in ipairs(registry:models()) do
    local meta = class._meta
    if not meta.abstract and not meta.proxy and meta.managed then
      for _, name in ipairs { meta.db_table } do
        if not seen[name] then
          seen[name] = true
          list[#list + 1] = name
        end
      end
      for _, field in ipairs(meta.many_to_many) do
        local name = field.through_model._meta.db_table
        if not seen[name] then
          seen[name] = true
          list[#list + 1] = name
        end
      end
    end
  end
  return list
end

local function confirm(options)
  if options.no_input or not system.isatty(0) then
    return true
  end
  io.stdout:write(("You have requested a flush of the database.\nThis will IRREVERSIBLY DESTROY all data in the database '%s'.\nAre you sure? Type 'yes' to continue, or 'no' to cancel: "):format(options.database))
  io.stdout:flush()
  return io.read "l" == "yes"
end

-- What empties the tables that are there, as SQL.
local function statements(connection)
  local there, list = {}, {}
  for _, row in ipairs(connection:query "SELECT name FROM sqlite_master WHERE type = 'table'") do
    there[row.name] = true
  end
  for _, name in ipairs(tables()) do
    if there[name] then
      list[#list + 1] = ('DELETE FROM "%s"'):format(name:gsub('"', '""'))
      if there.sqlite_sequence then
        list[#list + 1] = ("UPDATE \"sqlite_sequence\" SET \"seq\" = 0 WHERE \"name\" = '%s'"):format(name:gsub("'", "''"))
      end
    end
  end
  return list
end

return {
  _statements = statements,
  help = "delete all rows of all models' tables",
  requires = "project",
  arguments = {
    { "--database", default = "default", help = "the alias of the database" },
    { "--no-input", "--noinput", flag = true, dest = "no_input", help = "ask nothing" },
  },
  handle = function(options, command)
    if not confirm(options) then
      error(exceptions.CommandError "Flush cancelled.", 0)
    end
    local connection = db.connection(options.database)
    connection:pinned(function()
      connection:execute "PRAGMA foreign_keys = OFF"
      local ok, err = pcall(connection.atomic, connection, function()
        for _, sql in ipairs(statements(connection)) do
          connection:execute((sql:gsub("%?", "??")))
        end
      end)
      connection:execute "PRAGMA foreign_keys = ON"
      if not ok then
        error(err, 0)
      end
    end)
    if options.verbosity > 0 then
      command:write(command.style.success "All rows are deleted.")
    end
  end,
}
