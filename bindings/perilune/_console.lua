-- SPDX-License-Identifier: MIT
-- Where commands write. `M.stdout` and `M.stderr` may be anything with a write method:
-- whoever wants to capture what commands print puts something else there.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"
local system = require "perilune._system"

local M = { stdout = io.stdout, stderr = io.stderr }

-- ---- colours ----

local CODES = { success = "1;32", error = "1;31", warning = "1;33", notice = "31", heading = "1;36", label = "1" }

local names = sorted_keys(CODES)

local function unknown_style(_, name)
  error(exceptions.AttributeError(("there is no style '%s'%s (%s)"):format(tostring(name), core.suggest(tostring(name), names), table.concat(names, ", "))), 2)
end

--- A table of functions from text to text: style.success("done").
function M.style(color)
  local style = {}
  for name, code in pairs(CODES) do
    style[name] = function(text, more)
      if text == style then
        text = more -- called with a colon
      end
      text = tostring(text)
      return color and ("\27[%sm%s\27[0m"):format(code, text) or text
    end
  end
  return setmetatable(style, { __index = unknown_style })
end

--- Are colours wanted on that stream? The engine has looked at --no-color, NO_COLOR and
--- standard output already.
function M.has_color(stream)
  local target = M[stream]
  return core.color and target == io[stream] and system.isatty(stream == "stdout" and 1 or 2)
end

-- ---- streams ----

local Stream = {}
Stream.__index = Stream

--- "stdout" or "stderr", or anything with a write method.
function M.stream(target)
  return setmetatable({ _target = target }, Stream)
end

--- Writes the text and a line end, unless it has one (or another `ending` is given).
function Stream:write(text, ending)
  if getmetatable(self) ~= Stream then
    error(exceptions.TypeError("call it with a colon: stdout:write(text)"), 2)
  end
  text = tostring(text)
  ending = ending or "\n"
  if ending ~= "" and text:sub(-#ending) ~= ending then
    text = text .. ending
  end
  local target = self._target
  target = type(target) == "string" and M[target] or target
  target:write(text)
end

--- Sends on at once what is still in a buffer.
function Stream:flush()
  local target = self._target
  target = type(target) == "string" and M[target] or target
  if io.type(target) == "file" then
    target:flush()
  end
end

--- Is it a terminal?
function Stream:isatty()
  local target = type(self._target) == "string" and M[self._target] or self._target
  return target == io.stdout and system.isatty(1) or target == io.stderr and system.isatty(2) or false
end

-- ---- progress ----

local Progress = {}
Progress.__index = Progress

local BAR = 30

--- How far something of `total` steps has come, on the stream: a bar on a terminal, a line
--- for every ten per cent elsewhere. `quiet`: nothing at all. total nil: steps are counted.
function M.progress(stream, total, label, quiet)
  return setmetatable({ done = 0, total = total, _stream = stream, _label = label, _quiet = quiet, _terminal = not quiet and stream:isatty(), _shown = -1 }, Progress)
end

function Progress:_draw(percent, last)
  local text
  if not self.total then
    text = tostring(self.done)
  elseif self._terminal then
    local filled = BAR * percent // 100
    text = ("[%s%s] %3d%% %d/%d"):format(("#"):rep(filled), ("-"):rep(BAR - filled), percent, self.done, self.total)
  else
    text = ("%d%% (%d/%d)"):format(percent, self.done, self.total)
  end
  if self._label then
    text = self._label .. ": " .. text
  end
  if self._terminal then
    self._stream:write("\r" .. text .. (last and "\n" or ""), "")
    self._stream:flush()
  else
    self._stream:write(text)
  end
end

--- One step more, or n.
function Progress:step(n)
  if getmetatable(self) ~= Progress then
    error(exceptions.TypeError("call it with a colon: progress:step()"), 2)
  end
  self.done = self.done + (n or 1)
  if self._quiet or self._finished then
    return
  end
  local percent = self.total and (self.total > 0 and math.min(100 * self.done // self.total, 100) or 100) or self.done // 100
  local last = self.total ~= nil and self.done >= self.total
  local mark = (self._terminal or not self.total) and percent or percent // 10
  if mark > self._shown or last then
    self._shown = mark
    self._finished = last
    self:_draw(percent, last)
  end
end

--- Ends the line of a bar that did not reach its end.
function Progress:finish()
  if not (self._finished or self._quiet) and self._shown >= 0 then
    self._finished = true
    if self._terminal then
      self._stream:write("\n", "")
    end
  end
end

return M
