-- SPDX-License-Identifier: MIT
-- Applying and undoing migrations. Each runs in a transaction with its record; foreign keys
-- are off while SQLite's tables are made anew, and checked before the commit. A lock in the
-- database makes a second runner wait for the first.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local recorders = require "perilune._migrations.recorder"
local Sqlite = require "perilune._migrations.schema_sqlite"

local Executor = {}
Executor.__index = Executor

--- progress(what, migration, fake) is told of each step: "apply_start", "apply_success",
--- "unapply_start", "unapply_success". source: of the migrations (loader.lua).
local function new(alias, progress, source)
  local connection = db.connection(alias)
  local recorder = recorders.new(connection)
  return setmetatable({
    alias = alias, connection = connection, recorder = recorder, progress = progress or function() end,
    source = source, loader = loaders.load(recorder:applied(), source),
  }, Executor)
end

--- Reads files and records again: another runner may have been at work.
function Executor:reload()
  self.loader = loaders.load(self.recorder:applied(), self.source)
end

-- ---- plans ----

--- Steps for targets, a list of { app_label, name or nil (undo all) }: { migration, backwards }.
function Executor:plan(targets)
  local graph, applied = self.loader.graph, self.loader.applied
  local plan, planned = {}, {}
  local function apply(key)
    for _, k in ipairs(graph:forwards_plan(key)) do
      if not applied[k] and not planned[k] then
        planned[k] = true
        plan[#plan + 1] = { migration = graph.nodes[k], backwards = false }
      end
    end
  end
  local function undo(key)
    for _, k in ipairs(graph:backwards_plan(key)) do
      if applied[k] and not planned[k] then
        planned[k] = true
        plan[#plan + 1] = { migration = graph.nodes[k], backwards = true }
      end
    end
  end
  for _, target in ipairs(targets) do
    if target[2] == nil then
      for _, root in ipairs(graph:roots(target[1])) do
        undo(root)
      end
    else
      local key = target[1] .. "." .. target[2]
      if applied[key] then
        -- Back to this one: everything of the app that comes after it.
        for _, child in ipairs(graph.children[key]) do
          if graph.nodes[child].app_label == target[1] then
            undo(child)
          end
        end
      else
        apply(key)
      end
    end
  end
  return plan
end

--- All last migrations.
function Executor:leaf_targets(app_label)
  local targets = {}
  for _, key in ipairs(self.loader.graph:leaves(app_label)) do
    local m = self.loader.graph.nodes[key]
    targets[#targets + 1] = { m.app_label, m.name }
  end
  return targets
end

-- ---- one migration ----

local function schema_editor(self, collect)
  local schema = Sqlite.new(self.connection, collect)
  schema.alias = self.alias
  return schema
end

-- The switch is one of the connection, and has no effect inside of a transaction.
local function without_foreign_keys(connection, fn)
  connection:pinned(function()
    connection:execute "PRAGMA foreign_keys = OFF"
    local ok, err = pcall(fn)
    connection:execute "PRAGMA foreign_keys = ON"
    if not ok then
      error(err, 0)
    end
  end)
end

-- Runs fn in a transaction with foreign keys off, as rebuilding tables needs it.
local function in_transaction(self, migration, schema, fn)
  local function work()
    fn()
    schema:finish()
  end
  if migration.atomic == false then
    work()
    return
  end
  without_foreign_keys(self.connection, function()
    db.atomic({ using = self.alias }, function()
      work()
      schema:check_constraints()
    end)
  end)
end

local function blame(err, migration, operation)
  err = exceptions.wrap(err)
  err.message = ("migration %s, %s: %s"):format(migration.key, operation:describe(), err.message)
  return err
end

local function run_forwards(migration, schema, state)
  for _, operation in ipairs(migration.operations) do
    local before = state:clone()
    operation:state_forwards(migration.app_label, state)
    local ok, err = pcall(operation.database_forwards, operation, migration.app_label, schema, before, state)
    if not ok then
      error(blame(err, migration, operation), 0)
    end
  end
end

local function run_backwards(migration, schema, state)
  local states = { state:clone() }
  for i, operation in ipairs(migration.operations) do
    if not operation.reversible then
      error(exceptions.IrreversibleError(("Operation %s in %s is not reversible"):format(operation:describe(), migration.key)), 0)
    end
    states[i + 1] = states[i]:clone()
    operation:state_forwards(migration.app_label, states[i + 1])
  end
  for i = #migration.operations, 1, -1 do
    local operation = migration.operations[i]
    local ok, err = pcall(operation.database_backwards, operation, migration.app_label, schema, states[i + 1], states[i])
    if not ok then
      error(blame(err, migration, operation), 0)
    end
  end
end

local function record(self, migration, backwards)
  local names = { { migration.app_label, migration.name } }
  if migration.replaces then
    for _, pair in ipairs(migration.replaces) do
      names[#names + 1] = pair
    end
  end
  for _, pair in ipairs(names) do
    if backwards then
      self.recorder:record_unapplied(pair[1], pair[2])
    elseif not self.recorder:applied()[pair[1] .. "." .. pair[2]] then
      self.recorder:record_applied(pair[1], pair[2])
    end
  end
end

-- The state before the migration: of all that are applied and come before it.
local function state_before(self, migration, applied)
  local keys = {}
  local needed = {}
  for _, key in ipairs(self.loader.graph:forwards_plan(migration.key)) do
    needed[key] = true
  end
  for _, key in ipairs(self.loader.graph:sorted()) do
    if key ~= migration.key and (applied[key] or needed[key]) then
      keys[#keys + 1] = key
    end
  end
  return self.loader:state(keys)
end

-- Whether the tables and columns that an initial migration makes are there already.
local function already_there(self, migration, state)
  if migration.initial == nil and #migration.dependencies > 0 then
    for _, d in ipairs(migration.dependencies) do
      if d[1] == migration.app_label then
        return false
      end
    end
  elseif migration.initial == false then
    return false
  end
  local tables = {}
  for row in self.connection:query "SELECT name FROM sqlite_master WHERE type = 'table'" do
    tables[row.name] = true
  end
  local after = state:clone()
  local found = false
  for _, operation in ipairs(migration.operations) do
    operation:state_forwards(migration.app_label, after)
  end
  for _, operation in ipairs(migration.operations) do
    if operation.class_name == "CreateModel" then
      local model = after:apps():get_model(migration.app_label, operation.name)
      if model._meta.managed and not model._meta.proxy then
        if not tables[model._meta.db_table] then
          return false
        end
        found = true
      end
    end
  end
  return found
end

function Executor:apply(migration, options)
  local fake = options.fake
  local applied = self.loader.applied
  self.progress("apply_start", migration, fake)
  local state = state_before(self, migration, applied)
  if not fake and options.fake_initial and already_there(self, migration, state) then
    fake = true
  end
  if fake then
    db.atomic({ using = self.alias }, function()
      record(self, migration, false)
    end)
  else
    local schema = schema_editor(self)
    in_transaction(self, migration, schema, function()
      if self.recorder:applied()[migration.key] then
        return -- another runner was faster; we have waited for it
      end
      run_forwards(migration, schema, state)
      schema:finish()
      record(self, migration, false)
    end)
  end
  applied[migration.key] = true
  self.progress("apply_success", migration, fake)
end

function Executor:unapply(migration, options)
  self.progress("unapply_start", migration, options.fake)
  local applied = self.loader.applied
  if options.fake then
    db.atomic({ using = self.alias }, function()
      record(self, migration, true)
    end)
  else
    local schema = schema_editor(self)
    local before = {}
    for key in pairs(applied) do
      before[key] = key ~= migration.key or nil
    end
    local state = state_before(self, migration, before)
    in_transaction(self, migration, schema, function()
      run_backwards(migration, schema, state)
      schema:finish()
      record(self, migration, true)
    end)
  end
  applied[migration.key] = nil
  self.progress("unapply_success", migration, options.fake)
end

--- Carries out a plan.
function Executor:run(plan, options)
  options = options or {}
  if not options.no_table then
    self.recorder:ensure_table()
  end
  for _, step in ipairs(plan) do
    if step.backwards then
      self:unapply(step.migration, options)
    else
      self:apply(step.migration, options)
    end
  end
end

--- The SQL of a migration, as a list of statements.
function Executor:sql(migration, backwards)
  local schema = schema_editor(self, true)
  local state = state_before(self, migration, {})
  if backwards then
    run_backwards(migration, schema, state)
  else
    run_forwards(migration, schema, state)
  end
  schema:finish()
  return schema.collected
end

return { new = new }
