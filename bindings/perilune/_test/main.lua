-- SPDX-License-Identifier: MIT
-- A run of `perilune test`, from its options to its status.
local commands = require "perilune.commands"
local core = require "perilune._core"
local database = require "perilune._test.database"
local discover = require "perilune._test.discover"
local order = require "perilune._test.order"
local reports = require "perilune._test.report"
local runner = require "perilune._test.runner"
local scope = require "perilune._test.scope"
local settings_of_test = require "perilune._test.settings"
local time = require "perilune.time"

local M = {}

-- What is so in every test, as in Django's.
local function prepare(options)
  local settings = require "perilune.settings"
  local changes = {}
  if not options.debug_mode then
    changes.debug = false
  end
  local hosts = table.move(settings.allowed_hosts, 1, #settings.allowed_hosts, 1, {})
  hosts[#hosts + 1] = "testserver"
  changes.allowed_hosts = hosts
  for name, value in pairs(require("perilune._test.log").settings()) do
    changes[name] = value
  end
  return settings_of_test.push(changes)
end

local function migrate(alias)
  commands.call("migrate", { database = alias, verbosity = 0, no_input = true })
  if #require("perilune._caches").tables() > 0 then
    commands.call("createcachetable", { database = alias, verbosity = 0 })
  end
end

local function seed_of(options)
  if options.shuffle == -1 then
    return require("perilune._system").pid() * 7919 % 1000000
  end
  return options.shuffle
end

local function run_all(files, options, report)
  for _, file in ipairs(files) do
    if options.stop() then
      return
    end
    report:file_begins(file)
    runner.file(file, options, {
      result = function(r)
        report:result(r)
      end,
    })
    report:file_ends()
  end
end

--- Runs the tests; gives the exit status.
function M.run(options, command, load_project)
  local start = time.monotonic()
  database.configure { keep = options.keepdb }
  require("perilune._test.caches").configure(database.folder)
  local level = scope.open()
  local report
  local ok, err = core.call(function()
    load_project()
    scope.defer(prepare(options))
    local files = discover.files(options.paths)
    local seed = seed_of(options)
    files = order.of(seed, "files")(files)
    report = reports.new(command, { verbosity = options.verbosity, durations = options.durations })
    database.create(options.verbosity, migrate)
    run_all(files, {
      pattern = options.pattern, tag = options.tag, exclude_tag = options.exclude_tag, seed = seed,
      stop = function()
        return options.failfast and #report.failures > 0
      end,
    }, report)
    report:finish(time.monotonic() - start, seed and ("--shuffle %d"):format(seed) or nil)
  end)
  local left = scope.close(level)
  database.clean()
  if not ok or left then
    error(err or left, 0)
  end
  return (#report.failures > 0 or report:ran() == 0) and 1 or 0
end

return M
