-- SPDX-License-Identifier: MIT
-- What a test file declares: a tree of describe blocks with hooks, and tests at its leaves.
-- Nothing of it runs here; see run.lua.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local place = require "perilune._test.place"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local current -- the block whose function runs

local OPTIONS = { transaction = "boolean", settings = "table", fixtures = "table", tags = "table" }

local function wrong(level, text, ...)
  error(exceptions.TypeError(text:format(...)), level + 1)
end

local function check_options(what, options, level)
  local names = sorted_keys(OPTIONS)
  for name, value in pairs(options) do
    local want = OPTIONS[name]
    if not want then
      wrong(level + 1, "%s: unknown option '%s'%s", what, tostring(name), core.suggest(tostring(name), names))
    elseif type(value) ~= want then
      wrong(level + 1, "%s: option '%s' is a %s, not a %s", what, name, want, type(value))
    end
  end
end

-- describe(name, [options], fn)
local function arguments(what, name, options, fn, level)
  if type(name) ~= "string" then
    wrong(level + 1, "%s(name, function): the name is a text, not a %s", what, type(name))
  end
  if fn == nil then
    options, fn = nil, options
  end
  if options ~= nil and type(options) ~= "table" then
    wrong(level + 1, "%s(name, options, function): options are a table, not a %s", what, type(options))
  end
  if type(fn) ~= "function" then
    wrong(level + 1, "%s %q has no function%s", what, name, fn == nil and "" or ", but a " .. type(fn))
  end
  check_options(what, options or {}, level + 1)
  return options or {}, fn
end

local function block_for(what, level)
  if not current then
    wrong(level + 1, "%s stands in a test file, which `perilune test` runs; a test that runs declares nothing", what)
  end
  return current
end

local function new(kind, name, options, parent)
  return {
    kind = kind, name = name, options = options, parent = parent, children = {}, where = place.caller(),
    transaction = options.transaction or (parent and parent.transaction) or false,
  }
end

--- The names from the outermost block to this one: "products lists them".
function M.full_name(node)
  local names = {}
  while node and node.parent do
    table.insert(names, 1, node.name)
    node = node.parent
  end
  return table.concat(names, " ")
end

function M.describe(name, options, fn)
  local parent = block_for("describe", 2)
  options, fn = arguments("describe", name, options, fn, 2)
  local node = new("describe", name, options, parent)
  if node.transaction and not parent.transaction then
    for up in function(_, n) return n and n.parent end, nil, node do
      if up.setup or up.fixtures then
        wrong(2, "describe %q has the option transaction, and stands in a block with setup() or fixtures, whose rows are in a transaction; give that one the option instead", name)
      end
      up.holds_transaction = true
    end
  end
  parent.children[#parent.children + 1] = node
  current = node
  fn()
  current = parent
end

function M.it(name, options, fn)
  local parent = block_for("it", 2)
  options, fn = arguments("it", name, options, fn, 2)
  if options.transaction and not parent.transaction then
    wrong(2, "it %q: the option transaction is one of describe", name)
  end
  local node = new("it", name, options, parent)
  node.fn = fn
  parent.children[#parent.children + 1] = node
end

--- A test that is still to be written, or not to be run now.
function M.pending(name)
  local parent = block_for("pending", 2)
  local node = new("it", type(name) == "string" and name or "pending", {}, parent)
  node.pending = true
  parent.children[#parent.children + 1] = node
end

for _, hook in ipairs { "before_each", "after_each", "setup", "teardown" } do
  M[hook] = function(fn)
    local node = block_for(hook, 2)
    if type(fn) ~= "function" then
      wrong(2, "%s takes a function, not a %s", hook, type(fn))
    end
    if hook == "setup" and node.holds_transaction and not node.transaction then
      wrong(2, "setup() stands in a block that holds one with the option transaction; give the outer one the option too")
    end
    node[hook] = node[hook] or {}
    table.insert(node[hook], fn)
  end
end

--- Runs fn with a new tree around it; gives its root.
function M.collect(name, fn)
  local root = new("describe", name, {}, nil)
  local before = current
  current = root
  local ok, err = core.call(fn)
  current = before
  if not ok then
    error(err, 0)
  end
  return root
end

--- The tests below a node, in order.
function M.tests(node, list)
  list = list or {}
  for _, child in ipairs(node.children) do
    if child.kind == "it" then
      list[#list + 1] = child
    else
      M.tests(child, list)
    end
  end
  return list
end

return M
