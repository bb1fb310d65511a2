-- SPDX-License-Identifier: MIT
-- perilune test
local commands = require "perilune.commands"
local exceptions = require "perilune.exceptions"
local settings = require "perilune.settings"

local function handle(options, command)
  if not settings.configured() then
    error(exceptions.CommandError "test needs a project, and there is none here (no settings.lua); go to its folder or say 'perilune -C DIR test'", 0)
  end
  return require("perilune._test.main").run(options, command, commands._load_project)
end

return {
  help = "run the tests of the project",
  description = "Runs tests/test_*.lua of the installed apps and of the project, or what is named: files, folders, apps,\n"
    .. "modules, FILE:LINE for the test at that line, FILE::TEXT for those whose names have the text. Each file has\n"
    .. "databases of its own, made by the migrations; each test runs in a transaction that is rolled back.\n"
    .. "Status: 0 all passed, 1 some failed, 2 wrong usage.",
  _gives_status = true,
  arguments = {
    { "paths", nargs = "*", help = "which tests; without: all of them" },
    { "-k", dest = "pattern", metavar = "WORDS", help = "only tests whose file and name have the words; and, or, not" },
    { "--tag", multiple = true, help = "only tests with this tag (#slow in the name, or option tags)" },
    { "--exclude-tag", multiple = true, help = "none with this tag" },
    { "--failfast", "-x", flag = true, help = "stop at the first failure" },
    { "--keepdb", flag = true, help = "keep the migrated test database for the next run" },
    { "--parallel", "-j", type = "int", nargs = "?", const = 0, metavar = "N", help = "in N processes, each with its own databases; as many as there are processors without N" },
    { "--coverage", flag = true, help = "which lines of the project ran: a table, coverage.lcov and htmlcov/" },
    { "--coverage-min", type = "float", metavar = "PERCENT", help = "fail when less than this share of the lines ran" },
    { "--junit", metavar = "FILE", help = "write the results as JUnit's XML" },
    { "--tap", flag = true, help = "print the results in the Test Anything Protocol" },
    { "--shuffle", type = "int", nargs = "?", const = -1, metavar = "SEED", help = "in another order; the seed gives the same one again" },
    { "--durations", type = "int", nargs = "?", const = 10, metavar = "N", help = "show the N slowest tests" },
    { "--debug-mode", flag = true, help = "leave the setting debug as it is; it is false otherwise" },
  },
  handle = handle,
}
