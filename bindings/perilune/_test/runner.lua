-- SPDX-License-Identifier: MIT
-- Runs test files one after the other, each with databases and globals of its own.
local asserts = require "perilune._test.assert"
require "perilune._test.assertions"
require "perilune._test.assertions_db"
require "perilune._test.assertions_web"
local core = require "perilune._core"
local database = require "perilune._test.database"
local exceptions = require "perilune.exceptions"
local leaks = require "perilune._test.leaks"
local order = require "perilune._test.order"
local place = require "perilune._test.place"
local receivers = require "perilune._test.receivers"
local run = require "perilune._test.run"
local scope = require "perilune._test.scope"
local suite = require "perilune._test.suite"
local system = require "perilune._system"

local M = {}

-- ---- the globals of a test file ----

local NAMES = {
  describe = suite.describe, context = suite.describe, insulate = suite.describe,
  it = suite.it, spec = suite.it, test = suite.it, pending = suite.pending,
  before_each = suite.before_each, after_each = suite.after_each, setup = suite.setup, teardown = suite.teardown,
  assert = asserts.assert,
}

function NAMES.finally(fn)
  if not scope.defer(fn) then
    error(exceptions.TypeError "finally(fn) stands inside of a test", 2)
  end
end

local function undeclared(_, name)
  error(exceptions.Error(("assignment to undeclared global '%s'; write 'local %s'"):format(tostring(name), tostring(name))), 2)
end

local function environment()
  return setmetatable({}, {
    __index = function(_, name)
      local value = NAMES[name]
      if value == nil then
        return _G[name]
      end
      return value
    end,
    __newindex = undeclared,
  })
end

-- The file's tree; raises what is wrong with it.
local function load_file(file)
  local f, why = io.open(file.path, "rb")
  if not f then
    error(exceptions.CommandError(why), 0)
  end
  local text = f:read "a"
  f:close()
  local chunk, message = load(text, "@" .. file.shown, "t", environment())
  if not chunk then
    error(exceptions.SyntaxError(message), 0)
  end
  return suite.collect(file.shown, chunk)
end

-- ---- which tests ----

-- -k: words with `and`, `or`, `not`, each a part of the name (without regard to case).
local function matcher(text)
  local tokens, at = {}, 1
  for word in text:gmatch "%S+" do
    tokens[#tokens + 1] = word
  end
  local function word(name)
    local t = tokens[at]
    at = at + 1
    return t ~= nil and name:lower():find(t:lower(), 1, true) ~= nil
  end
  local function unary(name)
    if tokens[at] == "not" then
      at = at + 1
      return not unary(name)
    end
    return word(name)
  end
  local function all(name)
    local value = unary(name)
    while tokens[at] and tokens[at] ~= "or" do
      if tokens[at] == "and" then
        at = at + 1
      end
      local right = unary(name)
      value = value and right
    end
    return value
  end
  return function(name)
    at = 1
    local value = all(name)
    while tokens[at] == "or" do
      at = at + 1
      local right = all(name)
      value = value or right
    end
    return value
  end
end

local function tags_of(node)
  local tags = {}
  local up = node
  while up do
    for _, tag in ipairs(up.options.tags or {}) do
      tags[tag] = true
    end
    for tag in up.name:gmatch "#([%w_-]+)" do
      tags[tag] = true
    end
    up = up.parent
  end
  return tags
end

local function has_tag(node, list)
  local tags = tags_of(node)
  for _, tag in ipairs(list) do
    if tags[tag] then
      return true
    end
  end
  return false
end

-- The test that a line stands in: the last that begins at it or before; of a line in front
-- of all tests of a describe, the whole block.
local function at_line(root, line)
  local best, best_line
  local function look(node)
    for _, child in ipairs(node.children) do
      local begins = tonumber((child.where or ""):match ":(%d+)$")
      if begins and begins <= line and (not best_line or begins >= best_line) then
        best, best_line = child, begins
      end
      look(child)
    end
  end
  look(root)
  return best
end

local function inside(node, block)
  while node do
    if node == block then
      return true
    end
    node = node.parent
  end
  return false
end

local function filter(root, file, options)
  local pattern = options.pattern and matcher(options.pattern)
  local own = file.pattern and file.pattern:lower()
  local block = file.line and (at_line(root, file.line) or root)
  return function(node)
    local name = suite.full_name(node)
    return not (pattern and not pattern(file.shown .. " " .. name))
      and not (own and not name:lower():find(own, 1, true))
      and not (block and not inside(node, block))
      and not (options.tag and not has_tag(node, options.tag))
      and not (options.exclude_tag and has_tag(node, options.exclude_tag))
  end
end

-- ---- running ----

--- Runs one file. sink: { started(node), result(result) }.
function M.file(file, options, sink)
  local level = scope.open()
  local ok, err = core.call(function()
    receivers.watch(file.shown)
    database.fresh()
    local root = load_file(file)
    leaks.begin()
    run.tree(root, {
      wanted = filter(root, file, options),
      order = order.of(options.seed, file.shown),
      started = sink.started or function() end,
      report = sink.result,
      stop = options.stop or function() return false end,
    })
  end)
  local left = scope.close(level)
  if not ok or left then
    local o = run.outcome(err or left)
    o.name, o.seconds = ok and "(at the end of the file)" or "(loading the file)", 0
    o.where = o.where or file.shown .. ":1"
    o.source = o.source or place.line(o.where)
    sink.result(o)
  end
end

M.load_file = load_file
M.exists = system.kind

return M
