-- SPDX-License-Identifier: MIT
-- Loggers: `local logger = require("perilune.log").get("shop.views")`, and the reading
-- of settings.logging, which has the shape of Django's LOGGING.
--
-- What is read here becomes plain lists for the engine, which owns handlers and files;
-- it is put in force as a whole or, when anything is wrong with it, not at all.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local native = require "perilune._log"
local sorted = require "perilune._names"

local M = { get = native.get, records = native.records, clear = native.clear }

local OUTPUT = { stderr = 0, stdout = 1, file = 2, memory = 3, null = 4 }
local STYLE = { ["{"] = 0, ["%"] = 1, ["$"] = 2, json = 3 }
local NEVER = 2147483647 -- a level that no record has

-- Django's and Python's names lead to ours.
local CLASSES = {
  console = "stderr",
  stderr = "stderr",
  stdout = "stdout",
  file = "file",
  memory = "memory",
  null = "null",
  ["logging.StreamHandler"] = "stderr",
  ["logging.FileHandler"] = "file",
  ["logging.handlers.WatchedFileHandler"] = "file",
  ["logging.handlers.RotatingFileHandler"] = "file",
  ["logging.NullHandler"] = "null",
}
local STREAMS = { stderr = "stderr", stdout = "stdout", ["ext://sys.stderr"] = "stderr", ["ext://sys.stdout"] = "stdout" }
local FILTERS = {
  require_debug_true = "require_debug_true",
  require_debug_false = "require_debug_false",
  ["django.utils.log.RequireDebugTrue"] = "require_debug_true",
  ["django.utils.log.RequireDebugFalse"] = "require_debug_false",
}

-- ---- checking ----

local function wrong(text, ...)
  local place = require("perilune.settings")._place("logging")
  error(exceptions.ImproperlyConfigured(("%s: setting 'logging': %s"):format(place, text:format(...))), 0)
end

local function check_table(where, value)
  if type(value) ~= "table" then
    wrong("%s must be a table, not a %s", where, type(value))
  end
end

-- known: name -> type ("any" for all)
local function check_keys(where, t, known)
  check_table(where, t)
  for _, name in ipairs(sorted(t)) do
    local want = known[name]
    if not want then
      wrong("%s has an unknown key '%s'%s", where, name, core.suggest(name, sorted(known)))
    end
    if want ~= "any" and type(t[name]) ~= want then
      wrong("%s.%s must be a %s, not a %s", where, name, want, type(t[name]))
    end
  end
end

local function level_of(where, value)
  if value == nil then
    return nil
  end
  local ok, level = pcall(native.level, value)
  if not ok then
    wrong("%s.level: %s", where, exceptions.is(level, "Exception") and level.message or tostring(level))
  end
  return level
end

local function whole(where, key, value)
  if value ~= nil and (math.type(value) ~= "integer" or value < 0) then
    wrong("%s.%s must be a whole number, not %s", where, key, tostring(value))
  end
  return value
end

-- ---- formatters ----

local formatter_keys = { format = "string", style = "string", datefmt = "string", class = "string", ["()"] = "string", validate = "boolean", traceback = "string" }

local function guess_style(format)
  if format:find("%(", 1, true) then
    return "%"
  end
  return format:find("{", 1, true) and not format:find("${", 1, true) and "{" or format:find("$", 1, true) and "$" or "{"
end

local function is_json(name)
  return name ~= nil and name:lower():find("json", 1, true) ~= nil
end

local function read_formatter(name, f, debug)
  local where = "formatters." .. name
  if f == "json" then
    f = { class = "json" }
  end
  check_keys(where, f, formatter_keys)
  local class = f.class or f["()"]
  if class and not is_json(class) and class ~= "logging.Formatter" and class ~= "django.utils.log.ServerFormatter" then
    wrong("%s: unknown class '%s'; leave it out, or say \"json\"", where, class)
  end
  local style = is_json(class) and "json" or f.format == "json" and "json" or f.style or guess_style(f.format or "")
  if not STYLE[style] then
    wrong("%s.style is '%s'; it must be '{', '%%' or '$'", where, style)
  end
  if f.traceback and f.traceback ~= "lines" and f.traceback ~= "escaped" then
    wrong("%s.traceback is '%s'; it must be \"lines\" or \"escaped\"", where, f.traceback)
  end
  local multiline = debug
  if f.traceback then
    multiline = f.traceback == "lines"
  end
  return { name = name, style = STYLE[style], format = f.format, datefmt = f.datefmt, multiline = multiline }
end

-- ---- filters ----

local function read_filters(filters)
  local known = { require_debug_true = "require_debug_true", require_debug_false = "require_debug_false" }
  for _, name in ipairs(sorted(filters)) do
    local where = "filters." .. name
    check_keys(where, filters[name], { ["()"] = "string", class = "string" })
    local class = filters[name]["()"] or filters[name].class
    known[name] = FILTERS[class]
    if not known[name] then
      wrong("%s: unknown filter '%s'%s", where, tostring(class), core.suggest(tostring(class), sorted(FILTERS)))
    end
  end
  return known
end

-- Do the filters let anything pass? They look at nothing but settings.debug.
local function passes(where, names, known, debug)
  if names == nil then
    return true
  end
  check_table(where .. ".filters", names)
  local open = true
  for _, name in ipairs(names) do
    if not known[name] then
      wrong("%s.filters: there is no filter '%s'%s", where, tostring(name), core.suggest(tostring(name), sorted(known)))
    end
    open = open and (known[name] == "require_debug_true") == debug
  end
  return open
end

-- ---- handlers ----

local handler_keys = {
  class = "string", level = "any", formatter = "string", filters = "table", stream = "string", filename = "string",
  max_bytes = "any", backup_count = "any", maxBytes = "any", backupCount = "any", capacity = "any",
  mode = "string", encoding = "string", delay = "boolean",
}

local function read_file(where, h, out)
  if not h.filename or h.filename == "" then
    wrong("%s writes to a file: it needs a filename", where)
  end
  if h.mode and h.mode ~= "a" then
    wrong("%s.mode is '%s'; log files are appended to (\"a\")", where, h.mode)
  end
  if h.encoding and h.encoding:lower():gsub("[-_]", "") ~= "utf8" then
    wrong("%s.encoding is '%s'; log files are UTF-8", where, h.encoding)
  end
  out.path = h.filename
  if out.path:sub(1, 1) ~= "/" and core.project_dir then
    out.path = core.project_dir .. "/" .. out.path
  end
  out.max_bytes = whole(where, "max_bytes", h.max_bytes or h.maxBytes)
  out.backups = whole(where, "backup_count", h.backup_count or h.backupCount)
  if (out.max_bytes or 0) > 0 and (out.backups or 0) == 0 then
    wrong("%s has max_bytes but no backup_count: say how many old files are kept", where)
  end
end

local function read_handler(name, h, known)
  local where = "handlers." .. name
  check_keys(where, h, handler_keys)
  if not h.class then
    wrong("%s has no class: console, stdout, file, memory or null", where)
  end
  local class = CLASSES[h.class]
  if not class then
    wrong("%s: unknown class '%s'%s (console, stdout, file, memory or null)", where, h.class, core.suggest(h.class, sorted(CLASSES)))
  end
  if h.stream then
    class = STREAMS[h.stream]
    if not class then
      wrong("%s.stream is '%s'; it must be \"stdout\" or \"stderr\"", where, h.stream)
    end
  end
  local out = { name = name, output = OUTPUT[class], level = level_of(where, h.level), multiline = known.debug }
  if class == "file" then
    read_file(where, h, out)
  elseif h.filename then
    wrong("%s has a filename, but its class is '%s', not \"file\"", where, h.class)
  end
  out.capacity = whole(where, "capacity", h.capacity)
  if h.formatter then
    out.formatter = known.formatters[h.formatter]
    if not out.formatter then
      wrong("%s: there is no formatter '%s'%s", where, h.formatter, core.suggest(h.formatter, sorted(known.formatters)))
    end
  end
  if not passes(where, h.filters, known.filters, known.debug) then
    out.level = NEVER
  end
  return out
end

-- ---- loggers ----

local function read_logger(where, name, l, known)
  check_keys(where, l, { level = "any", handlers = "table", propagate = "boolean", filters = "table" })
  local out = { name = name, level = level_of(where, l.level), propagate = l.propagate ~= false, handlers = {} }
  for i, handler in ipairs(l.handlers or {}) do
    out.handlers[i] = known.handlers[handler]
    if not out.handlers[i] then
      wrong("%s: there is no handler '%s'%s", where, tostring(handler), core.suggest(tostring(handler), sorted(known.handlers)))
    end
  end
  if #out.handlers > 60 then
    wrong("%s has more than 60 handlers", where)
  end
  out.disabled = not passes(where, l.filters, known.filters, known.debug)
  return out
end

-- ---- all of it ----

local top_keys = {
  version = "number", disable_existing_loggers = "boolean", formatters = "table", filters = "table", handlers = "table",
  loggers = "table", root = "table",
}

-- Without settings.logging everything goes to standard error: in development from INFO
-- on, in production warnings and errors, and what the server itself has to tell.
local function defaults(debug)
  local level = debug and "INFO" or "WARNING"
  return {
    handlers = { ["perilune.console"] = { class = "console" } },
    loggers = { ["perilune.server"] = { level = "INFO" } },
    root = { level = level, handlers = { "perilune.console" } },
  }
end

local function is_below(name, config)
  for named in pairs(config.loggers or {}) do
    if name == named or name:sub(1, #named + 1) == named .. "." then
      return true
    end
  end
  return false
end

-- The project's configuration over the defaults: the framework's own records go where
-- the root logger's go, or to standard error when the root has no handler.
local function merge(config, debug)
  local own = defaults(debug)
  local all = { formatters = config.formatters or {}, handlers = {}, loggers = {}, root = config.root or (config.loggers or {})[""] or {}, disabled = {} }
  for _, part in ipairs { "handlers", "loggers" } do
    for name, value in pairs(config[part] or {}) do
      all[part][name] = value
    end
  end
  all.loggers[""] = nil
  local server, framework = own.loggers["perilune.server"], { level = own.root.level }
  if not (type(all.root) == "table" and type(all.root.handlers) == "table" and all.root.handlers[1]) then
    framework.handlers = own.root.handlers
    all.handlers["perilune.console"] = all.handlers["perilune.console"] or own.handlers["perilune.console"]
  end
  for name, logger in pairs { perilune = framework, ["perilune.server"] = server } do
    if not all.loggers[name] then
      all.loggers[name] = logger
      all.disabled[name] = config.disable_existing_loggers == true and not is_below(name, config)
    end
  end
  return all
end

local function numbered(names)
  local list = {}
  for i, name in ipairs(names) do
    list[name] = i
  end
  return list
end

local function read(config, debug)
  local known = { debug = debug, filters = read_filters(config.filters or {}) }
  local all = config.default and config or merge(config, debug)
  local spec = { formatters = {}, handlers = {}, loggers = {} }
  for i, name in ipairs(sorted(all.formatters or {})) do
    spec.formatters[i] = read_formatter(name, all.formatters[name], debug)
  end
  known.formatters = numbered(sorted(all.formatters or {}))
  for i, name in ipairs(sorted(all.handlers)) do
    spec.handlers[i] = read_handler(name, all.handlers[name], known)
  end
  known.handlers = numbered(sorted(all.handlers))
  spec.loggers[1] = read_logger("root", "", all.root, known)
  for _, name in ipairs(sorted(all.loggers)) do
    local logger = read_logger(("loggers[%q]"):format(name), name, all.loggers[name], known)
    logger.disabled = logger.disabled or (all.disabled or {})[name] or false
    spec.loggers[#spec.loggers + 1] = logger
  end
  return spec
end

--- Puts settings.logging in force; nil: the defaults. Raises ImproperlyConfigured.
function M._configure(config, debug)
  if config == nil then
    config = defaults(debug)
    config.default = true
  else
    check_keys("it", config, top_keys)
    if config.version ~= nil and config.version ~= 1 then
      wrong("version is %s; it must be 1", tostring(config.version))
    end
  end
  local ok, err = pcall(native.configure, read(config, debug))
  if not ok then
    wrong("%s", exceptions.is(err, "Exception") and err.message or tostring(err))
  end
end

local methods = { debug = true, info = true, warning = true, error = true, critical = true, exception = true, log = true }

return setmetatable(M, {
  __index = function(_, name)
    if methods[name] then
      error(exceptions.AttributeError(("perilune.log has no '%s': get a logger first, as in log.get(\"shop.views\"):%s(…)"):format(name, name)), 2)
    end
    error(exceptions.AttributeError(("perilune.log has no '%s'%s"):format(tostring(name), core.suggest(tostring(name), sorted(M)))), 2)
  end,
})
