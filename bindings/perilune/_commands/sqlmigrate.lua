-- SPDX-License-Identifier: MIT
-- perilune sqlmigrate
local exceptions = require "perilune.exceptions"
local executors = require "perilune._migrations.executor"

return {
  help = "print the SQL of a migration",
  requires = "project",
  arguments = {
    { "app_label", help = "the app" },
    { "migration_name", help = "the migration (the beginning of its name will do)" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--backwards", flag = true, help = "the SQL that undoes it" },
  },
  handle = function(options, command)
    local executor = executors.new(options.database)
    local migration = executor.loader:by_prefix(options.app_label, options.migration_name)
    if not executor.loader.graph.nodes[migration.key] then
      error(exceptions.CommandError(("'%s' is not among the migrations that would be applied: '%s' stands for it"):format(migration.name, executor.loader.standing(migration.key))), 0)
    end
    local statements = executor:sql(migration, options.backwards)
    if #statements == 0 then
      command.stderr:write "No operations found."
      return
    end
    if migration.atomic ~= false then
      command:write "BEGIN;"
    end
    for _, sql in ipairs(statements) do
      command:write(sql)
    end
    if migration.atomic ~= false then
      command:write "COMMIT;"
    end
  end,
}
