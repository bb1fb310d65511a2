-- SPDX-License-Identifier: MIT
-- perilune optimizemigration
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local optimizer = require "perilune._migrations.optimizer"
local writer = require "perilune._migrations.writer"

-- The optimized migration; one that replaces it when it holds functions, which stay where
-- they are.
local function optimized(m, operations)
  local file = {
    app_label = m.app_label, name = m.name, operations = operations, dependencies = m.dependencies, run_before = m.run_before,
    replaces = m.replaces, initial = m.initial, atomic = m.atomic,
  }
  local _, ported = writer.text(file)
  if #ported == 0 then
    return file, m.path
  elseif m.replaces then
    error(exceptions.CommandError(("'%s' holds functions, and is a squashed migration already: transition it to a normal one first"):format(m.key)), 0)
  end
  file.name, file.replaces = m.name .. "_optimized", { { m.app_label, m.name } }
  return file, nil
end

return {
  help = "fewer operations with the same result, in the file of a migration",
  description = "A migration that holds functions of its own is left as it is: the new one, whose name ends with _optimized, replaces it.",
  requires = "project",
  arguments = {
    { "app_label", help = "the app" },
    { "migration_name", help = "the migration (the beginning of its name will do)" },
    { "--check", flag = true, help = "write nothing; status 1 when it can be optimized" },
    { "--no-header", flag = true, help = "without the comment that says what made the file" },
  },
  handle = function(options, command)
    local make = require("perilune._commands.makemigrations")._make
    make.check_labels { options.app_label }
    local m = loaders.load():by_prefix(options.app_label, options.migration_name)
    local operations = optimizer(m.operations, m.app_label)
    if #operations == #m.operations then
      make.log(command, { verbosity = options.verbosity }, "No optimizations possible.")
      return
    end
    make.log(command, { verbosity = options.verbosity }, ("Optimizing from %d operations to %d operations."):format(#m.operations, #operations))
    if options.check then
      error(exceptions.CommandError(("migration %s can be optimized"):format(m.key), { status = 1 }), 0)
    end
    local file, replace = optimized(m, operations)
    make.write(file, command, { verbosity = options.verbosity, no_header = options.no_header }, replace)
  end,
}
