-- SPDX-License-Identifier: MIT
-- The command line behind the global options, and commands called from code:
--
--   local commands = require "perilune.commands"
--   commands.call("import_csv", "users.csv", "--update", { verbosity = 0 })
--
-- A command is a table that a file commands/NAME.lua of an installed app returns; see
-- _arguments.lua for `arguments`. handle(options, command) does the work; what it raises
-- ends the command with status 1, a CommandError with its text alone.
local arguments = require "perilune._arguments"
local console = require "perilune._console"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local registry = require "perilune._commands"
local settings = require "perilune.settings"
local system = require "perilune._system"

local M = { CommandError = exceptions.CommandError }

-- ---- what handle() gets ----

local Command = {}

function Command.__index(_, name)
  local member = Command[name]
  if member == nil then
    local names = { "write", "style", "progress", "stdout", "stderr", "name" }
    error(exceptions.AttributeError(("a command has no '%s'%s"):format(tostring(name), core.suggest(tostring(name), names))), 2)
  end
  return member
end

--- Writes a line to standard output.
function Command.write(self, text, ending)
  if getmetatable(self) ~= Command then
    error(exceptions.TypeError("call it with a colon: command:write(text)"), 2)
  end
  self.stdout:write(text, ending)
end

--- Shows how far something of `total` steps has come; :step(n) goes on.
function Command.progress(self, total, label)
  if getmetatable(self) ~= Command then
    error(exceptions.TypeError("call it with a colon: command:progress(total)"), 2)
  end
  if total ~= nil and (type(total) ~= "number" or total < 0) then
    error(exceptions.ValueError(("command:progress(total): the number of steps, not %s"):format(tostring(total))), 2)
  end
  local progress = console.progress(self.stderr, total and math.ceil(total), label, self._verbosity == 0)
  table.insert(self._bars, progress)
  return progress
end

local function new_command(name, options)
  local color = not options.no_color and options.stdout == nil and console.has_color("stdout")
  return setmetatable({
    name = name,
    stdout = console.stream(options.stdout or "stdout"),
    stderr = console.stream(options.stderr or "stderr"),
    style = console.style(color),
    _verbosity = options.verbosity,
    _bars = {},
  }, Command)
end

-- ---- running ----

local function need_project(name)
  if not settings.configured() then
    local folder = core.moved_to and (" in '%s'"):format(core.moved_to) or ""
    local why = core.settings_file and "" or (" (no settings.lua%s)"):format(folder)
    error(exceptions.CommandError(("%s needs a project, and there is none here%s; go to its folder or say '%s -C DIR %s'"):format(name, why, core.program, name)), 0)
  end
end

--- Loads apps, routes and middleware, unless that has been done. Raises what is wrong.
local function load_project()
  if system.prepare() then
    require("perilune._project").load()
  end
end

-- The table of a command and the reader of its arguments, with what it needs loaded.
local function open(name)
  if registry.owner(name) then
    load_project()
  end
  local spec = registry.load(name)
  local where = registry.owner(name) and registry.owner(name):gsub("%.", "/") .. "/commands/" .. name .. ".lua" or name
  return spec, arguments.new(spec.arguments, where)
end

local function execute(name, spec, options)
  if spec.requires then
    need_project(name)
  end
  if spec.requires == "project" then
    load_project()
  end
  local command = new_command(name, options)
  local result = table.pack(core.call(spec.handle, options, command))
  for _, bar in ipairs(command._bars) do
    bar:finish()
  end
  if not result[1] then
    error(result[2], 0)
  end
  return command, table.unpack(result, 2, result.n)
end

local function common(options)
  if options.verbosity == nil then
    options.verbosity = core.verbosity
  end
  if options.traceback == nil then
    options.traceback = core.show_traceback
  end
  if options.no_color == nil then
    options.no_color = not core.color
  end
  if options.settings == nil then
    options.settings = core.settings_file
  end
  return options
end

--- Runs a command from code: texts as on the command line, and at the end a table of
--- options by name. Gives what its handle returned. What is wrong is raised: UsageError
--- for arguments that do not fit, and whatever the command raises, as it is.
function M.call(name, ...)
  if type(name) ~= "string" then
    error(exceptions.TypeError(("commands.call(name, …): the name of a command, not a %s"):format(type(name))), 2)
  end
  local argv, given, n = {}, nil, select("#", ...)
  for i = 1, n do
    local value = select(i, ...)
    if type(value) == "table" and getmetatable(value) == nil and i == n then
      given = value
    elseif type(value) == "string" or type(value) == "number" then
      argv[#argv + 1] = tostring(value)
    else
      error(exceptions.TypeError(("commands.call('%s'): argument %d is a %s; arguments are texts and numbers, and options one table at the end"):format(name, i, type(value))), 2)
    end
  end
  if registry.owner(name) == nil then
    error(exceptions.CommandError(registry.unknown(name)), 2)
  end
  local spec, parser = open(name)
  if spec._native then
    error(exceptions.CommandError(("'%s' cannot be called from code: it is the server itself"):format(name)), 2)
  end
  local options = parser:parse(argv, parser:check_given("command '" .. name .. "'", given or {}))
  return select(2, execute(name, spec, common(options)))
end

-- ---- errors on the command line ----

-- "shop/views.lua:12" of the innermost frame that is the author's.
local function place_of(err)
  if type(err.where) == "string" and err.where ~= "" then
    return (err.where:gsub(": ?$", ""))
  end
  for line in tostring(err.traceback or ""):gmatch("\n%s*([^\n]+)") do
    local file, number = line:match("^(.-):(%d+): in ")
    if file and not file:find("^perilune/") and not file:find("^%[") then
      return file .. ":" .. number
    end
  end
end

--- The cause of an error in one line, with its place where that is known; of a CommandError what
--- its author wrote, whole.
function M._cause(err)
  if not exceptions.is(err, "Exception") then
    err = exceptions.wrap(err)
  end
  if exceptions.is(err, "CommandError") then
    return ("CommandError: %s"):format(tostring(err.message))
  end
  local text = tostring(err)
  if err.name == "Error" or exceptions.is(err, "ImproperlyConfigured") then
    local message = tostring(err.message)
    local own = message:find "%.lua:%d" and not message:find "^perilune/" -- it names a line of the author's
    local where = not own and type(err.where) == "string" and err.where or ""
    text = where .. message -- a text raised as it is (Lua has put the place in front), or one that names it
  end
  text = text:match("^%s*([^\n]*)"):gsub(":$", "")
  if exceptions.is(err, "ImproperlyConfigured") or text:find("^[^%s:]+:%d+: ") then
    return text
  end
  local hint = exceptions.is(err, "DatabaseError") and require("perilune._db_hints").of(err)
  if hint then
    text = ("%s (%s)"):format(text, hint)
  end
  local place = place_of(err)
  return place and not text:find(place, 1, true) and ("%s: %s"):format(place, text) or text
end

local function complain(text)
  console.stream("stderr"):write(console.style(console.has_color("stderr")).error(text))
end

local function report(name, err, options)
  local command_error = exceptions.is(err, "CommandError")
  if options and options.traceback and exceptions.is(err, "Exception") then
    complain(("%s: %s\n%s"):format(core.program, tostring(err), err.traceback or ""))
  elseif exceptions.is(err, "SystemCheckError") then
    console.stream("stderr"):write(tostring(err)) -- a list of what was found
  elseif command_error then
    complain(M._cause(err))
  else
    complain(("%s %s: %s"):format(core.program, name, M._cause(err)))
  end
  local status = command_error and math.tointeger(err.returncode) or 1
  return status >= 0 and status <= 255 and status or 1
end

local function wrong_usage(name, parser, message)
  local stderr = console.stream("stderr")
  stderr:write(("%s %s: %s"):format(core.program, name, message))
  stderr:write("usage: " .. parser:usage(name))
  return 2
end

-- ---- the command line ----

--- The help text of one command.
function M._help(name)
  local spec, parser = open(name)
  local width = math.min(system.columns(1) or 80, 100)
  local parts = { "usage: " .. parser:usage(name), spec.description or spec.help or "", parser:help(width) }
  parts[#parts + 1] = "options of every command: --settings FILE, --verbosity 0..3, --no-color, --traceback"
  return (table.concat(parts, "\n\n"):gsub("\n\n\n+", "\n\n"))
end

local function main(name, argv)
  if registry.owner(name) == nil then
    local stderr = console.stream("stderr")
    stderr:write(("%s: %s"):format(core.program, registry.unknown(name)))
    stderr:write(("'%s help' lists the commands"):format(core.program))
    return 2
  end
  local spec, parser = open(name)
  local ok, options = pcall(parser.parse, parser, argv)
  if not ok then
    if not exceptions.is(options, "UsageError") then
      error(options, 0)
    elseif options.help then
      console.stream("stdout"):write(M._help(name))
      return 0
    end
    return wrong_usage(name, parser, options.message)
  end
  local command, result = execute(name, spec, common(options))
  if type(result) == "string" then
    command:write(result)
  end
  return spec._gives_status and result or 0
end

M._load_project = load_project

--- Runs argv[1] with the rest of argv; gives the exit status. Called once by the engine.
function M.main(argv)
  local name = argv[1]
  if name == "--help" or name == "-h" then
    name = "help"
  end
  rawset(os, "exit", system.exit)
  local ok, status = core.call(main, name, table.move(argv, 2, #argv, 1, {}))
  if not ok then
    status = report(name, status, { traceback = core.show_traceback })
  end
  console.stream("stdout"):flush()
  return status
end

--- A new secret for settings.secret_key: 50 random characters.
function M.get_random_secret_key()
  local crypto = require "perilune.utils.crypto"
  return crypto.get_random_string(50, "abcdefghijklmnopqrstuvwxyz0123456789!@#%^&*(-_=+)")
end

return setmetatable(M, {
  __index = function(_, name)
    error(exceptions.AttributeError(("perilune.commands has no '%s'%s"):format(tostring(name), core.suggest(tostring(name), { "call", "CommandError", "get_random_secret_key" }))), 2)
  end,
})
