-- SPDX-License-Identifier: MIT
-- The small parts of perilune.test.
local asserts = require "perilune._test.assert"
local core = require "perilune._core"
local database = require "perilune._test.database"
local exceptions = require "perilune.exceptions"
local scope = require "perilune._test.scope"

local M = { catch = asserts.catch, fail = asserts.fail }

local function check_function(what, fn, level)
  if type(fn) ~= "function" and not (getmetatable(fn) or {}).__call then
    error(exceptions.TypeError(("%s takes a function, not a %s"):format(what, type(fn))), level + 1)
  end
end

--- Replaces settings while fn runs; without fn, until the test ends. Gives what fn gives.
function M.override_settings(changes, fn, ...)
  local undo = require("perilune._test.settings").push(changes)
  if fn == nil then
    if not scope.defer(undo) then
      undo()
      error(exceptions.TypeError "test.override_settings(settings) without a function stands inside of a test", 2)
    end
    return
  end
  local result = table.pack(core.call(fn, ...))
  undo()
  if not result[1] then
    error(result[2], 0)
  end
  return table.unpack(result, 2, result.n)
end

--- Runs a command as commands.call does; gives what it wrote. What it writes to standard error
--- goes to the option stderr, an object with a method write, or nowhere.
function M.call_command(name, ...)
  local out = {}
  local function sink(list)
    return {
      write = function(_, text)
        list[#list + 1] = text
      end,
    }
  end
  local arguments = table.pack(...)
  local last = arguments[arguments.n]
  local options = {}
  if arguments.n > 0 and type(last) == "table" and getmetatable(last) == nil then
    for k, v in pairs(last) do
      options[k] = v
    end
    arguments.n = arguments.n - 1
  end
  options.stdout, options.stderr = options.stdout or sink(out), options.stderr or sink {}
  arguments[arguments.n + 1] = options
  require("perilune.commands").call(name, table.unpack(arguments, 1, arguments.n + 1))
  return table.concat(out)
end

local capture_options = { using = true, execute = true }

--- Runs fn and gives the functions that it gave to db.on_commit(): they do not run by
--- themselves, since the test is never committed. With { execute = true } they do, in order,
--- when fn has returned.
function M.capture_on_commit(fn, options)
  check_function("test.capture_on_commit", fn, 2)
  options = require "perilune._options"("test.capture_on_commit", options, capture_options)
  local list, taken = {}, nil
  repeat
    taken = database.capture_on_commit(options.using or "default", function()
      if not taken then
        fn()
        return
      end
      for _, hook in ipairs(taken) do -- which may register others
        if hook[2] then
          pcall(hook[1])
        else
          hook[1]()
        end
      end
    end)
    for _, hook in ipairs(taken) do
      list[#list + 1] = hook[1]
    end
  until not options.execute or #taken == 0
  return list
end

--- An assertion of your own: fn(…) gives true, or false and what to say.
function M.register_assertion(name, fn)
  if type(name) ~= "string" or not name:find "^%l[%l%d_]*$" then
    error(exceptions.TypeError "test.register_assertion(name, fn): the name is of small letters, digits and _", 2)
  end
  check_function("test.register_assertion", fn, 2)
  asserts.register(fn, name)
end

--- fn runs when the test ends, whatever comes of it.
function M.finally(fn)
  check_function("test.finally", fn, 2)
  if not scope.defer(fn) then
    error(exceptions.TypeError "test.finally(fn) stands inside of a test", 2)
  end
end

-- What was mailed: that of perilune.mail, where there is one; empty when a test begins.
M.outbox = core.module_exists "perilune.mail" and require("perilune.mail").outbox or {}

require("perilune._test.environment").before_every(function()
  for i = #M.outbox, 1, -1 do
    M.outbox[i] = nil
  end
end)

return M
