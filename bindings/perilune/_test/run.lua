-- SPDX-License-Identifier: MIT
-- Runs the tree of a test file. What a test or a hook raises is a result, never the end of the
-- run.
--
-- Every test runs in a transaction that is rolled back; what setup() of its block wrote stays
-- until the block ends, in a transaction around. In blocks with the option transaction nothing
-- is wrapped: after each test the database files are put back as they were before.
local asserts = require "perilune._test.assert"
local core = require "perilune._core"
local database = require "perilune._test.database"
local environment = require "perilune._test.environment"
local exceptions = require "perilune.exceptions"
local leaks = require "perilune._test.leaks"
local place = require "perilune._test.place"
local scope = require "perilune._test.scope"
local suite = require "perilune._test.suite"
local time = require "perilune.time"

local M = {}

-- ---- results ----

-- A failed assertion is a failure, anything else an error; both with the line to look at.
local function outcome(err, what)
  local assertion = exceptions.is(err, asserts.AssertionError)
  err = exceptions.wrap(err)
  local where = err.place or err.where and tostring(err.where):match("^(.-:%d+)") or place.of_traceback(err.traceback)
  local message = assertion and tostring(err.message) or tostring(err)
  return {
    status = assertion and "failed" or "error",
    message = what and what .. ": " .. message or message,
    where = where,
    source = where and place.line(where),
    traceback = not assertion and err.traceback or nil,
  }
end

local function result_of(node, fields)
  fields.name, fields.defined = suite.full_name(node), node.where
  fields.seconds = fields.seconds or 0
  return fields
end

-- ---- one test ----

local function hooks(node, name, outermost_first)
  local list = {}
  local up = node.parent
  while up do
    local own = up[name]
    for i = 1, own and #own or 0 do
      if outermost_first then
        table.insert(list, i, own[i])
      else
        list[#list + 1] = own[i]
      end
    end
    up = up.parent
  end
  return list
end

local function call_all(list, what, report)
  for _, fn in ipairs(list) do
    local ok, err = core.call(fn)
    if not ok then
      report(outcome(err, what))
      return false
    end
  end
  return true
end

-- The test with its hooks; gives what went wrong first, nil when nothing did.
local function body(node)
  local first
  local function report(o)
    first = first or o
  end
  if call_all(hooks(node, "before_each", true), "before_each", report) then
    local ok, err = core.call(node.fn)
    if not ok then
      report(outcome(err))
    end
  end
  call_all(hooks(node, "after_each", false), "after_each", report)
  if not first and not node.transaction then
    local text = database.unresolved()
    if text then
      report { status = "failed", message = text, where = node.where, source = place.line(node.where) }
    end
  end
  return first
end

local function in_scope(settings, fn)
  local level = scope.open()
  local first
  local ok, err = core.call(function()
    environment.begin(settings)
    first = fn()
  end)
  if not ok then
    first = first or outcome(err)
  end
  local left = scope.close(level)
  if left and not first then
    first = outcome(left, "at the end of the test")
  end
  return first
end

local function run_test(node, run)
  if node.pending then
    run.report(result_of(node, { status = "pending" }))
    return
  end
  local start = time.monotonic()
  run.started(node)
  local first
  local before = leaks.snapshot()
  local ok, err = core.call(function()
    first = in_scope(node.options.settings, function()
      if node.transaction then
        return body(node)
      end
      local inner
      database.in_block(function()
        inner = body(node)
      end)
      return inner
    end)
    if node.transaction then
      database.restore(run.saved)
    end
  end)
  if not ok then
    first = first or outcome(err)
  end
  local left = not first and leaks.compare(before)
  if left then
    first = { status = "failed", message = left, where = node.where, source = place.line(node.where) }
  end
  first = first or { status = "passed" }
  first.seconds = time.monotonic() - start
  first.log = environment.take_log(first.status ~= "passed")
  run.report(result_of(node, first))
end

-- ---- blocks ----

local run_children

local function all_fail(node, run, what)
  for _, test in ipairs(suite.tests(node)) do
    if run.wanted(test) then
      local fields = {}
      for k, v in pairs(what) do
        fields[k] = v
      end
      run.report(result_of(test, fields))
    end
  end
end

-- setup, the children, teardown.
local function block_body(node, run)
  local failed
  local function report(o)
    failed = failed or o
  end
  local ready = call_all(node.setup or {}, "setup", report)
  if ready then
    local saved = run.saved
    if node.transaction then
      run.saved = database.save()
    end
    run_children(node, run)
    if node.transaction then
      database.forget(run.saved)
      run.saved = saved
    end
  else
    all_fail(node, run, failed)
  end
  if not call_all(node.teardown or {}, "teardown", report) and ready then
    failed.name, failed.defined, failed.seconds = suite.full_name(node) .. " (teardown)", node.where, 0
    run.report(failed)
  end
end

local function run_block(node, run)
  if not run.any(node) then
    return
  end
  local level = scope.open()
  local ok, err = core.call(function()
    environment.override(node.options.settings)
    local function work()
      environment.load_fixtures(node.options.fixtures)
      block_body(node, run)
    end
    if node.transaction then
      local outer = run.saved
      local before = database.save()
      work()
      database.restore(before)
      database.forget(before)
      run.saved = outer
    elseif node.setup or node.options.fixtures then
      database.in_block(work)
    else
      work()
    end
  end)
  local left = scope.close(level)
  if not ok or left then
    all_fail(node, run, outcome(err or left))
  end
end

function run_children(node, run)
  for _, child in ipairs(run.order(node.children)) do
    if run.stop() then
      return
    elseif child.kind == "it" then
      if run.wanted(child) then
        run_test(child, run)
      end
    else
      run_block(child, run)
    end
  end
end

--- Runs the tests below root that are wanted. `run` has report(result), started(node),
--- wanted(test), order(list), stop().
function M.tree(root, run)
  function run.any(node)
    for _, test in ipairs(suite.tests(node)) do
      if run.wanted(test) then
        return true
      end
    end
    return false
  end
  run_block(root, run)
end

M.outcome = outcome

return M
