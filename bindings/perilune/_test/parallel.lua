-- SPDX-License-Identifier: MIT
-- Test files over several processes. They share a folder and nothing else: the list of the
-- files, the templates of the databases, a file claim-N for each test file that somebody has
-- taken, result-N with what came of it. The first process deals nothing out and runs no test:
-- it shows the results in order, and tells of a process that died.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local fs = require "perilune._fs"
local runner = require "perilune._test.runner"
local system = require "perilune._system"
local time = require "perilune.time"

local M = {}

local VARIABLE = "PERILUNE_TEST_WORKER"

-- ---- values as files ----

local function source(value)
  if type(value) == "table" then
    local parts = {}
    for k, v in pairs(value) do
      parts[#parts + 1] = ("[%s]=%s"):format(source(k), source(v))
    end
    return "{" .. table.concat(parts, ",") .. "}"
  elseif type(value) == "string" or type(value) == "number" then
    return ("%q"):format(value)
  elseif type(value) == "boolean" then
    return tostring(value)
  end
  return "nil"
end

local function write(path, value)
  fs.write(path, "return " .. source(value)) -- at once, or not at all
end

local function read(path)
  local chunk = assert(load(fs.read(path), "=" .. path, "t", {}))
  return chunk()
end

-- ---- a worker ----

--- The folder and number of this process when it is a worker; nil otherwise.
function M.role()
  local number, folder = (os.getenv(VARIABLE) or ""):match "^(%d+):(.+)$"
  return folder, tonumber(number)
end

--- Runs files until none is left. `prepared` runs once before the first.
function M.work(folder, number, options)
  local job = read(folder .. "/jobs")
  local bad = false
  local function stopped()
    return job.failfast and (bad or system.kind(folder .. "/stop") ~= nil)
  end
  for i, file in ipairs(job.files) do
    if stopped() then
      break
    end
    if system.write_new(("%s/claim-%d"):format(folder, i), tostring(number)) then
      local results = {}
      runner.file(file, {
        pattern = job.pattern, tag = job.tag, exclude_tag = job.exclude_tag, seed = job.seed, stop = stopped,
      }, {
        result = function(r)
          results[#results + 1] = r
          if r.status == "failed" or r.status == "error" then
            bad = true
            if job.failfast then
              fs.write(folder .. "/stop", "")
            end
          end
        end,
      })
      write(("%s/result-%d"):format(folder, i), results)
    end
  end
  if options.covered then
    write(("%s/covered-%d"):format(folder, number), options.covered())
  end
end

-- ---- the first process ----

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function start(folder, number, options)
  local parts = { ("%s=%s"):format(VARIABLE, quoted(("%d:%s"):format(number, folder))), quoted(system.absolute "/proc/self/exe") }
  parts[#parts + 1] = "-C " .. quoted(core.project_dir)
  if core.settings_file then
    parts[#parts + 1] = "--settings " .. quoted(core.settings_file)
  end
  parts[#parts + 1] = "test --verbosity 0"
  for _, flag in ipairs { "debug_mode", "coverage" } do
    if options[flag] then
      parts[#parts + 1] = "--" .. flag:gsub("_", "-")
    end
  end
  local out, ended = ("%s/output-%d"):format(folder, number), ("%s/ended-%d"):format(folder, number)
  local command = ("( %s ) >%s 2>&1 </dev/null; echo $? >%s"):format(table.concat(parts, " "), quoted(out), quoted(ended))
  return { number = number, pipe = assert(io.popen(command, "r")), output = out, ended = ended }
end

local function status_of(worker)
  local text = system.kind(worker.ended) and fs.read(worker.ended) or ""
  return tonumber((text:match "%d+"))
end

local function tail(path)
  local text = system.kind(path) and fs.read(path) or ""
  return #text > 2000 and "…" .. text:sub(-2000) or text
end

local function death(worker)
  local status = worker.status
  local how = status and status > 128 and ("was ended by signal %d"):format(status - 128) or ("ended with status %s"):format(tostring(status))
  local text = tail(worker.output)
  return ("worker %d %s while it ran this file%s"):format(worker.number, how, text ~= "" and "\n" .. text or "")
end

local function claimed_by(folder, i, workers)
  local path = ("%s/claim-%d"):format(folder, i)
  local number = system.kind(path) and tonumber(fs.read(path))
  return number and workers[number]
end

-- Results of one file, or what became of it; nil while it runs or waits.
local function outcome(folder, i, file, workers, all_ended)
  local path = ("%s/result-%d"):format(folder, i)
  if system.kind(path) then
    return read(path)
  end
  local worker = claimed_by(folder, i, workers)
  if worker and worker.status then
    return { { status = "error", name = "(the whole file)", seconds = 0, where = file.shown .. ":1", message = death(worker) } }
  elseif all_ended and system.kind(folder .. "/stop") then
    return {}
  elseif all_ended and not worker then
    return { { status = "error", name = "(the whole file)", seconds = 0, where = file.shown .. ":1", message = "it was not run: all workers had ended" } }
  end
end

local function reap(workers)
  local all = true
  for _, worker in ipairs(workers) do
    if not worker.status then
      worker.status = status_of(worker)
      if worker.status then
        worker.pipe:close()
      else
        all = false
      end
    end
  end
  return all
end

local function covered_lines(folder, workers)
  local list = {}
  for _, worker in ipairs(workers) do
    local path = ("%s/covered-%d"):format(folder, worker.number)
    if system.kind(path) then
      list[#list + 1] = read(path)
    end
  end
  return list
end

--- Runs the files in options.parallel processes and reports; gives what each covered.
function M.run(folder, files, options, report)
  local n = math.min(options.parallel, #files)
  if n < 1 then
    error(exceptions.UsageError "--parallel N: a number of processes from 1", 0)
  end
  write(folder .. "/jobs", {
    files = files, pattern = options.pattern, tag = options.tag, exclude_tag = options.exclude_tag, seed = options.seed, failfast = options.failfast,
  })
  local workers = {}
  for i = 1, n do
    workers[i] = start(folder, i, options)
  end
  local at = 1
  while at <= #files do
    local all_ended = reap(workers)
    local results = outcome(folder, at, files[at], workers, all_ended)
    if results then
      report:file_begins(files[at])
      for _, r in ipairs(results) do
        report:result(r)
      end
      report:file_ends()
      at = at + 1
    else
      time.sleep(0.01)
    end
  end
  while not reap(workers) do
    time.sleep(0.005)
  end
  for _, worker in ipairs(workers) do
    if worker.status ~= 0 and report:ran() == 0 then
      error(exceptions.CommandError(("worker %d could not start:\n%s"):format(worker.number, tail(worker.output))), 0)
    end
  end
  return covered_lines(folder, workers)
end

return M
