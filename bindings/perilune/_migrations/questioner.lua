-- SPDX-License-Identifier: MIT
-- Questions of makemigrations: asked at a terminal; without one, or with --noinput, answered
-- on the safe side (nothing was renamed, a default that is missing is an error).
local exceptions = require "perilune.exceptions"
local system = require "perilune._system"

local Questioner = {}
Questioner.__index = Questioner

--- ask(text) → the answer, or nil at the end of the input; nil: nobody is there.
local function new(ask, write)
  return setmetatable({ ask = ask, write = write }, Questioner)
end

local function yes(self, question)
  if not self.ask then
    return false
  end
  while true do
    local answer = self.ask(question .. " [y/N] ")
    if answer == nil or answer == "" or answer:lower():match "^n" then
      return false
    elseif answer:lower():match "^y" then
      return true
    end
    self.write "Please answer yes or no."
  end
end

function Questioner:rename_model(old, new_state)
  return yes(self, ("Was the model %s.%s renamed to %s?"):format(old.app_label, old.name, new_state.name))
end

function Questioner:rename_field(state, old_name, new_name, field)
  return yes(self, ("Was %s.%s renamed to %s.%s (a %s)?"):format(state.name_lower, old_name, state.name_lower, new_name, field.class_name))
end

-- A value typed as an expression of Lua, with models, time and decimal at hand.
local function typed_value(self)
  local env = {
    models = require "perilune.models", time = require "perilune.time", decimal = require "perilune.decimal",
    null = require "perilune.null",
  }
  while true do
    local text = self.ask "value (an expression of Lua, or exit): "
    if text == nil or text == "exit" or text == "quit" then
      error(exceptions.CommandError "nothing was written", 0)
    end
    local chunk, problem = load("return " .. text, "=value", "t", env)
    if chunk then
      local ok, value = pcall(chunk)
      if ok and value ~= nil then
        return value
      end
      problem = ok and "nil is no value; use null" or tostring(value)
    end
    self.write(tostring(problem))
  end
end

-- "'tag.name' (shop/models.lua:12)"
local function title(state, name, field)
  local place = field.where ~= "" and field.where or nil
  return ("'%s.%s'%s"):format(state.name_lower, name, place and " (" .. place .. ")" or "")
end

--- A value for the rows that are there.
function Questioner:default_for_new(state, name, field)
  local where = title(state, name, field)
  if not self.ask then
    error(exceptions.CommandError(("field %s is new and NOT NULL: rows that are there need a value. Give it a default, db_default or null = true; or run makemigrations at a terminal, which asks for a value for these rows alone; or write default = …, preserve_default = false into an AddField of your own (makemigrations --empty)"):format(where)), 0)
  end
  self.write(("It is impossible to add a non-nullable field %s without a default: rows that are there need a value."):format(where))
  self.write " 1) give a value for them now\n 2) quit and add a default to the model"
  if self.ask "Select an option: " ~= "1" then
    error(exceptions.CommandError "nothing was written", 0)
  end
  return typed_value(self)
end

--- A unique field with a default, which all rows would get (functions are called once).
function Questioner:unique_default(state, name, field)
  local text = ("field %s is unique, and its default is one value for all rows that are there: with more than one row the migration fails. Make it null = true first, fill it in a RunLua, then take null away"):format(title(state, name, field))
  self.write("Warning: " .. text)
  if self.ask and not yes(self, "Continue making this migration?") then
    error(exceptions.CommandError "nothing was written", 0)
  end
end

--- nil: rows with NULL are taken care of in another way.
function Questioner:default_for_not_null(state, name, field)
  local where = title(state, name, field)
  if not self.ask then
    return nil
  end
  self.write(("The field %s becomes NOT NULL: rows that hold NULL need a value."):format(where))
  self.write " 1) give a value for them now\n 2) ignore: I have no such rows, or handle them in a RunLua before\n 3) quit"
  local answer = self.ask "Select an option: "
  if answer == "1" then
    return typed_value(self)
  elseif answer == "2" then
    return nil
  end
  error(exceptions.CommandError "nothing was written", 0)
end

--- A function that asks at the terminal; nil with --no-input, or when nobody is there.
local function ask_function(options)
  if options.no_input or not system.isatty(0) then
    return nil
  end
  local out = options.scriptable and io.stderr or io.stdout
  return function(text)
    out:write(text)
    out:flush()
    return io.read "l"
  end
end

local function for_command(options, write)
  return new(ask_function(options), write)
end

return { new = new, ask_function = ask_function, for_command = for_command }
