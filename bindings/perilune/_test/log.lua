-- SPDX-License-Identifier: MIT
-- What is logged while tests run is kept, not written: it is shown below a test that fails,
-- and a test can look at it.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"
local settings = require "perilune.settings"
local time = require "perilune.time"

local M = {}

local HANDLER = "perilune.test"
local MAX_SHOWN = 50

-- The project's loggers and levels; every record ends in one handler.
local function configuration()
  local own = settings.get "logging"
  own = type(own) == "table" and own or {}
  local loggers = { ["perilune.server"] = { level = "INFO" } }
  for name, logger in pairs(own.loggers or {}) do
    if name ~= "" and type(logger) == "table" then
      loggers[name] = { level = logger.level, filters = logger.filters }
    end
  end
  loggers.perilune = loggers.perilune or {}
  local root = own.root or (own.loggers or {})[""] or {}
  return {
    filters = own.filters, loggers = loggers, handlers = { [HANDLER] = { class = "memory", capacity = 1000 } },
    root = { level = root.level or "WARNING", handlers = { HANDLER } },
  }
end

--- The settings that keep the logs.
function M.settings()
  return { logging = configuration() }
end

local function shown(record)
  local when = time.fromtimestamp(record.time)
  return ("%s %s %s: %s"):format(time.format(when, "H:i:s"), record.level, record.name or "root", record.message)
end

--- The lines since the last time, when they are wanted; they are forgotten.
function M.take(wanted)
  local records = wanted and log.records(HANDLER) or {}
  log.clear(HANDLER)
  local lines = {}
  for i = math.max(1, #records - MAX_SHOWN + 1), #records do
    lines[#lines + 1] = shown(records[i])
  end
  return #lines > 0 and table.concat(lines, "\n") or nil
end

local capture_options = { logger = true, level = true }
local LEVELS = { DEBUG = 10, INFO = 20, WARNING = 30, ERROR = 40, CRITICAL = 50 }

-- The level of a logger while fn runs, so that all that is asked for is there.
local function with_level(logger, level, fn)
  local target = log.get(logger)
  local before = target.level
  if level < before then
    target:set_level(level)
  end
  local result = table.pack(require("perilune._core").call(fn))
  if level < before then
    target:set_level(before)
  end
  if not result[1] then
    error(result[2], 0)
  end
end

--- Runs fn and gives the records that it logged: { level, levelno, name, message, … }; those of
--- `logger` and below, of `level` and above (INFO).
function M.capture_logs(fn, options)
  if type(fn) ~= "function" then
    error(exceptions.TypeError(("test.capture_logs takes a function, not a %s"):format(type(fn))), 2)
  end
  options = check_options("test.capture_logs", options, capture_options)
  local level = options.level or "INFO"
  level = LEVELS[level] or math.tointeger(level) or error(exceptions.ValueError(("test.capture_logs: there is no level '%s' (DEBUG, INFO, WARNING, ERROR, CRITICAL)"):format(tostring(level))), 2)
  local before = #log.records(HANDLER)
  with_level(options.logger or "", level, fn)
  local out, name = {}, options.logger
  for i, record in ipairs(log.records(HANDLER)) do
    local fits = not name or record.name == name or (record.name or ""):sub(1, #name + 1) == name .. "."
    if i > before and fits and record.levelno >= level then
      out[#out + 1] = record
    end
  end
  return out
end

return M
