-- SPDX-License-Identifier: MIT
-- perilune shell
local commands = require "perilune.commands"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local repl = require "perilune._repl"
local settings = require "perilune.settings"
local system = require "perilune._system"

local function load_project(command)
  if not settings.configured() then
    return
  end
  local ok, err = core.call(commands._load_project)
  if not ok then -- it may be the very thing to look at
    command.stderr:write(command.style.warning("the project does not load: " .. commands._cause(err)))
  end
end

-- What a session begins with.
local function preload(session)
  local names = session.names
  names.settings = settings
  names.urls = require "perilune.urls"
  names.apps = require "perilune.apps"
  names.reverse = names.urls.reverse
end

-- Runs a text as a whole: -c, or standard input.
local function run_text(session, text, name)
  local chunk, message = load("return " .. text, "=" .. name, "t", session.names)
  if not chunk then
    chunk, message = load(text, "=" .. name, "t", session.names)
  end
  if not chunk then
    error(exceptions.CommandError(message), 0)
  end
  local ok, err = session:run(chunk, core.call)
  if not ok then
    error(err, 0)
  end
end

-- ~/.local/state/perilune/history, or nil when there is no home.
local function history_file()
  local state, home = os.getenv("XDG_STATE_HOME"), os.getenv("HOME")
  if not state or state:sub(1, 1) ~= "/" then
    if not home or home == "" then
      return nil
    end
    system.mkdir(home .. "/.local")
    state = home .. "/.local/state"
  end
  system.mkdir(state)
  return system.mkdir(state .. "/perilune") ~= nil and state .. "/perilune/history" or nil
end

-- Lines until they make a whole: a function and its text; nil at the end of input; false
-- when the text was given up (Ctrl-C) or is wrong.
local function read_chunk(session, readline, complain)
  local text
  while true do
    local line = readline.read(text and ".. " or "> ")
    if line == nil then
      return nil
    elseif line == false then
      return false
    end
    text = text and text .. "\n" .. line or line
    if not text:find("%S") then
      return false
    end
    local chunk, message = session:compile(text)
    if chunk or message then
      readline.add((text:gsub("%s+$", "")))
    end
    if chunk then
      return chunk
    elseif message then
      complain(message)
      return false
    end
  end
end

local function banner(command)
  local project = core.project_dir and "project " .. core.project_dir or "no project here"
  command:write(("Perilune %s, %s, %s. Ctrl-D ends."):format(core.version, _VERSION, project))
end

local function interactive(session, command)
  local readline = require "perilune._readline"
  local file = history_file()
  local function complain(text)
    command.stderr:write(command.style.error(text))
  end
  if file then
    readline.load(file)
  end
  readline.completer(function(line)
    return session:complete(line)
  end)
  banner(command)
  while true do
    local chunk = read_chunk(session, readline, complain)
    if chunk == nil then
      break
    elseif chunk then
      local ok, err = session:run(chunk, readline.interruptible)
      if not ok then
        complain(exceptions.is(err, "Exception") and commands._cause(err) or tostring(err))
      end
      command.stdout:flush()
    end
  end
  command:write("")
  if file then
    readline.save(file)
  end
end

local function handle(options, command)
  local session = repl.new(function(text)
    command:write(text)
  end)
  load_project(command)
  preload(session)
  if options.command then
    run_text(session, options.command, "-c")
  elseif command.stdout:isatty() and system.isatty(0) then
    interactive(session, command)
  else
    run_text(session, io.read("a"), "stdin")
  end
end

return {
  help = "try Lua out, with the project loaded when there is one",
  description = "Reads Lua, runs it and prints what comes of it. Names stay from line to line, with or without\n"
    .. "local; `_` is the last value. settings, urls, apps and reverse are there from the start. Without a\n"
    .. "terminal, what stands on standard input is run.",
  arguments = { { "-c", "--command", metavar = "CODE", help = "run this instead and end" } },
  handle = handle,
}
