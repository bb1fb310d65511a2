-- SPDX-License-Identifier: MIT
-- perilune sqlflush
local db = require "perilune.db"
local flush = require "perilune._commands.flush"

return {
  help = "print the SQL that flush runs",
  requires = "project",
  arguments = { { "--database", default = "default", help = "the alias of the database" } },
  handle = function(options, command)
    command:write "BEGIN;"
    for _, sql in ipairs(flush._statements(db.connection(options.database))) do
      command:write(sql .. ";")
    end
    command:write "COMMIT;"
  end,
}
