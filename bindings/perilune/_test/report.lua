-- SPDX-License-Identifier: MIT
-- What a run shows: a line for each file with a sign for each test, what failed with the
-- author's line and the two values, and the sum.
local M = {}

local SIGNS = { passed = ".", failed = "F", error = "E", pending = "-" }
local STYLES = { passed = "success", failed = "error", error = "error", pending = "warning" }

local Report = {}
Report.__index = Report

--- command: of the run; options: verbosity, durations.
function M.new(command, options)
  return setmetatable({
    command = command, options = options, counts = { passed = 0, failed = 0, error = 0, pending = 0 },
    failures = {}, all = {}, width = 0,
  }, Report)
end

function Report:write(text, ending)
  if self.options.verbosity > 0 and not self.options.tap then
    self.command:write(text, ending)
    self.command.stdout:flush()
  end
end

function Report:file_begins(file)
  self.file, self.shown = file, false
end

-- The file's line, once there is something to show behind it.
local function begin_line(self)
  if self.shown then
    return
  end
  self.shown = true
  if self.options.verbosity == 1 then
    self:write(self.file.shown .. " ", "")
    self.width = 0
  elseif self.options.verbosity > 1 then
    self:write(self.command.style.label(self.file.shown))
  end
end

local function seconds_text(s)
  return s >= 1 and ("%.2f s"):format(s) or ("%.0f ms"):format(s * 1000)
end

function Report:result(r)
  begin_line(self)
  r.file = r.file or self.file and self.file.shown
  self.counts[r.status] = self.counts[r.status] + 1
  self.all[#self.all + 1] = r
  if r.status == "failed" or r.status == "error" then
    self.failures[#self.failures + 1] = r
  end
  local style = self.command.style[STYLES[r.status]]
  if self.options.verbosity == 1 then
    if self.width == 60 then
      self:write("\n  ", "")
      self.width = 0
    end
    self.width = self.width + 1
    self:write(style(SIGNS[r.status]), "")
  elseif self.options.verbosity > 1 then
    self:write(("  %s %s (%s)"):format(style(r.status == "passed" and "ok" or r.status), r.name, seconds_text(r.seconds)))
  end
end

function Report:file_ends()
  if self.options.verbosity == 1 and self.shown then
    self:write ""
  end
end

local function indented(text)
  return "    " .. text:gsub("\n", "\n    ")
end

-- The traceback's lines that are the author's.
local function trace_of(text)
  local out = {}
  for line in tostring(text or ""):gmatch "\n%s*([^\n]+)" do
    if line:find "^[^%[%(%.]" and not line:find "^perilune/" and not line:find "^stack traceback" then
      out[#out + 1] = line
    end
  end
  return #out > 0 and table.concat(out, "\n") or nil
end

local function show(self, r)
  local style = self.command.style
  local title = r.status == "error" and "ERROR" or "FAILED"
  self.command:write(("\n%s %s"):format(style.error(title .. ":"), style.label(r.name)))
  self.command:write(("  %s"):format(r.where or r.defined or r.file or ""))
  if r.source and r.source ~= "" then
    self.command:write(("    > %s"):format(r.source))
  end
  self.command:write(indented(r.message))
  local trace = r.status == "error" and trace_of(r.traceback)
  if trace then
    self.command:write(indented("called from:\n  " .. trace:gsub("\n", "\n  ")))
  end
  if r.log and r.log ~= "" then
    self.command:write(indented("logged meanwhile:\n  " .. r.log:gsub("\n$", ""):gsub("\n", "\n  ")))
  end
end

local function slowest(self)
  local list = table.move(self.all, 1, #self.all, 1, {})
  table.sort(list, function(a, b)
    return a.seconds > b.seconds
  end)
  self.command:write(("\nslowest %d:"):format(math.min(self.options.durations, #list)))
  for i = 1, math.min(self.options.durations, #list) do
    self.command:write(("  %8.3f s  %s  %s"):format(list[i].seconds, list[i].file or "", list[i].name))
  end
end

--- The end: failures, durations, the sum. `seconds` is how long all of it took.
function Report:finish(seconds, note)
  if self.options.tap then
    self.command:write(require("perilune._test.junit").tap(self.all))
    return
  end
  for _, r in ipairs(self.failures) do
    show(self, r)
  end
  if self.options.durations then
    slowest(self)
  end
  local c = self.counts
  local bad = c.failed + c.error
  if #self.all == 0 then
    self.command:write(self.command.style.error "no test was selected")
  end
  local text = ("%d passed, %d failed%s in %s%s"):format(c.passed, bad, c.pending > 0 and (", %d pending"):format(c.pending) or "", seconds_text(seconds), note and "; " .. note or "")
  self.command:write((#self.failures > 0 and "\n" or "") .. self.command.style[bad > 0 and "error" or "success"](text))
end

function Report:ran()
  return #self.all
end

return M
