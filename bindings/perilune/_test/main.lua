-- SPDX-License-Identifier: MIT
-- A run of `perilune test`, from its options to its status.
local commands = require "perilune.commands"
local core = require "perilune._core"
local database = require "perilune._test.database"
local discover = require "perilune._test.discover"
local exceptions = require "perilune.exceptions"
local order = require "perilune._test.order"
local parallel = require "perilune._test.parallel"
local reports = require "perilune._test.report"
local runner = require "perilune._test.runner"
local scope = require "perilune._test.scope"
local settings_of_test = require "perilune._test.settings"
local system = require "perilune._system"
local time = require "perilune.time"

local M = {}

-- What is so in every test, as in Django's.
local function prepare(options)
  local settings = require "perilune.settings"
  local changes = require("perilune._test.log").settings()
  if not options.debug_mode then
    changes.debug = false
  end
  local hosts = table.move(settings.allowed_hosts, 1, #settings.allowed_hosts, 1, {})
  hosts[#hosts + 1] = "testserver"
  changes.allowed_hosts = hosts
  return settings_of_test.push(changes)
end

local function migrate(alias)
  commands.call("migrate", { database = alias, verbosity = 0, no_input = true })
  require("perilune._test.unmigrated").create(alias)
  if #require("perilune._caches").tables() > 0 then
    commands.call("createcachetable", { database = alias, verbosity = 0 })
  end
end

local function seed_of(options)
  if options.shuffle == -1 then
    return system.pid() * 7919 % 1000000
  end
  return options.shuffle
end

local function processes_of(options)
  local n = options.parallel
  if n == 0 then
    n = system.processors()
  elseif n and (n < 1 or n > 64) then
    error(exceptions.CommandError(("--parallel %d: a number of processes from 1 to 64"):format(n)), 0)
  end
  return n or 1
end

-- Ctrl-C is an error of the test that runs; the run ends behind it.
local function interrupted(r)
  return r.status == "error" and tostring(r.message):find "interrupted$" ~= nil
end

local function run_here(files, options, report)
  for _, file in ipairs(files) do
    if options.stop() then
      return
    end
    report:file_begins(file)
    runner.file(file, options, {
      result = function(r)
        report:result(r)
        options.interrupted = options.interrupted or interrupted(r)
      end,
    })
    report:file_ends()
  end
end

local function show_coverage(counts, options, command)
  local coverage = require "perilune._test.coverage"
  local report = coverage.report(counts)
  local text, share = coverage.text(report)
  coverage.write_lcov(report, core.project_dir .. "/coverage.lcov")
  coverage.write_html(report, core.project_dir .. "/htmlcov")
  command:write("\n" .. text)
  command:write "written: coverage.lcov, htmlcov/index.html"
  if options.coverage_min and share < options.coverage_min then
    command:write(command.style.error(("%.1f%% of the lines ran; --coverage-min asks for %g%%"):format(share, options.coverage_min)))
    return false
  end
  return true
end

-- Runs the files in this process or in several; gives the counts of lines.
local function run_files(files, options, report)
  if options.processes > 1 then
    options.parallel = options.processes
    return parallel.run(database.folder, files, options, report)
  end
  require("perilune._readline").interruptible(run_here, files, options, report)
  return options.coverage and { require("perilune._test.coverage").stop() } or {}
end

local function run_tests(options, command, start)
  local files = discover.files(options.paths)
  local seed = seed_of(options)
  files = order.of(seed, "files")(files)
  local report = reports.new(command, { verbosity = options.verbosity, durations = options.durations, tap = options.tap })
  database.create(options.verbosity, migrate)
  local o = {
    pattern = options.pattern, tag = options.tag, exclude_tag = options.exclude_tag, seed = seed, failfast = options.failfast,
    coverage = options.coverage, debug_mode = options.debug_mode, processes = processes_of(options),
  }
  function o.stop()
    return o.interrupted or options.failfast and #report.failures > 0
  end
  local counts = run_files(files, o, report)
  local seconds = time.monotonic() - start
  local note = o.interrupted and "interrupted" or seed and ("--shuffle %d"):format(seed) or nil
  report:finish(seconds, note)
  if options.junit then
    require("perilune._test.junit").write(options.junit, report.all, seconds)
  end
  local ok = #report.failures == 0 and report:ran() > 0
  if options.coverage then
    ok = show_coverage(counts, options, command) and ok
  end
  return ok and 0 or 1
end

-- A process of a run with --parallel.
local function run_worker(folder, number, options)
  parallel.work(folder, number, { covered = options.coverage and require("perilune._test.coverage").stop })
  return 0
end

--- Runs the tests; gives the exit status.
function M.run(options, command, load_project)
  local start = time.monotonic()
  local folder, number = parallel.role()
  database.configure { keep = options.keepdb, templates = folder }
  require("perilune._test.caches").configure(database.folder, number)
  local level = scope.open()
  local status
  local ok, err = core.call(function()
    if options.coverage then
      require("perilune._test.coverage").start() -- what modules do when they are loaded counts
    end
    load_project()
    scope.defer(prepare(options))
    status = folder and run_worker(folder, number, options) or run_tests(options, command, start)
  end)
  local left = scope.close(level)
  database.clean()
  if not ok or left then
    error(err or left, 0)
  end
  return status
end

return M
