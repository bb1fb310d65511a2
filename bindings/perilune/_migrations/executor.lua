-- SPDX-License-Identifier: MIT
-- Applying and undoing migrations. Each runs in a transaction with its record; foreign keys
-- are off while SQLite's tables are made anew, and checked before the commit. The lock of the
-- transaction makes a second runner wait for the first, however long that takes.
local core = require "perilune._core"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local recorders = require "perilune._migrations.recorder"
local Sqlite = require "perilune._migrations.schema_sqlite"

local Executor = {}
Executor.__index = Executor

--- progress(executor, what, migration, fake) is told of each step: "apply_start", "apply_success",
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

-- ---- transactions ----

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

local PATIENCE = 600 -- seconds that a runner waits for another one's migration

-- Runs fn in a transaction, when no other runner has one any more.
local function locked(self, fn)
  local began = os.time()
  while true do
    local started = false
    local ok, err = pcall(db.atomic, { using = self.alias }, function()
      self.connection:query "SELECT 1 AS one" -- the transaction begins with its first statement
      started = true
      fn()
    end)
    if ok then
      return
    elseif started or not exceptions.is(err, "OperationalError") or not tostring(err.message):find "locked" or os.time() - began > PATIENCE then
      error(err, 0)
    end
  end
end

-- Runs fn in a transaction with foreign keys off, as rebuilding tables needs it. A migration
-- that is not atomic has a transaction for each table that is made anew (schema_sqlite.lua).
local function in_transaction(self, migration, schema, fn)
  without_foreign_keys(self.connection, function()
    if migration.atomic == false then
      fn()
      schema:check_constraints()
      return
    end
    locked(self, function()
      fn()
      schema:check_constraints()
    end)
  end)
end

-- ---- operations ----

local function blame(err, migration, operation)
  err = exceptions.wrap(err)
  err.message = ("migration %s, %s: %s"):format(migration.key, operation:describe(), err.message)
  return err
end

-- One step of an operation. Code cannot be shown as SQL: when that is wanted it is not run.
local function run_operation(self, migration, operation, method, schema, before, after)
  local function run()
    operation[method](operation, migration.app_label, schema, before, after)
  end
  if schema.collect then
    schema:comment("\n" .. operation:describe() .. "\n")
    if not operation.reduces_to_sql then
      schema:comment "THIS OPERATION CANNOT BE WRITTEN AS SQL"
      return
    end
  end
  local own = migration.atomic == false and operation.atomic and not schema.collect
  local ok, err = core.call(own and function() -- with the author's line, when it is his code
    locked(self, run)
  end or run)
  if not ok then
    error(blame(err, migration, operation), 0)
  elseif schema.collect and schema.collected[#schema.collected]:sub(1, 2) == "--" then
    schema:comment "(no-op)"
  end
end

local function run_forwards(self, migration, schema, state)
  for _, operation in ipairs(migration.operations) do
    local before = state:clone()
    operation:state_forwards(migration.app_label, state)
    run_operation(self, migration, operation, "database_forwards", schema, before, state)
  end
  schema:finish()
end

local function check_reversible(migration)
  for _, operation in ipairs(migration.operations) do
    if not operation.reversible then
      local cure = operation.class_name == "RunLua" and "give it a second function (migrations.RunLua.noop does nothing)" or "give it something to do backwards (migrations.RunSQL.noop does nothing)"
      error(exceptions.IrreversibleError(("Operation %s in %s is not reversible: %s"):format(operation:describe(), migration.key, cure)), 0)
    end
  end
end

local function run_backwards(self, migration, schema, state)
  check_reversible(migration)
  local states = { state:clone() }
  for i, operation in ipairs(migration.operations) do
    states[i + 1] = states[i]:clone()
    operation:state_forwards(migration.app_label, states[i + 1])
  end
  for i = #migration.operations, 1, -1 do
    run_operation(self, migration, migration.operations[i], "database_backwards", schema, states[i + 1], states[i])
  end
  schema:finish()
end

-- ---- one migration ----

-- A squashed migration is recorded with all that it stands for.
local function record(self, migration, backwards)
  local recorded = self.recorder:applied()
  local function one(m, app_label, name)
    local key = app_label .. "." .. name
    if backwards then
      self.recorder:record_unapplied(app_label, name)
    elseif not recorded[key] then
      self.recorder:record_applied(app_label, name)
    end
    for _, pair in ipairs(m and m.replaces or {}) do
      one(self.loader.by_key[pair[1] .. "." .. pair[2]], pair[1], pair[2])
    end
  end
  one(migration, migration.app_label, migration.name)
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
  return self.loader:state(keys, true)
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

-- Whether the other runner, for which this one has waited, has done it.
local function is_recorded(self, migration)
  return self.recorder:applied()[migration.key] ~= nil
end

-- Applies it; `state` is the one before, and becomes the one after.
local function apply(self, migration, state, options)
  local fake = options.fake
  self:progress("apply_start", migration, fake)
  if not fake and options.fake_initial and already_there(self, migration, state) then
    fake = true
  end
  if fake then
    locked(self, function()
      record(self, migration, false)
    end)
    for _, operation in ipairs(migration.operations) do
      operation:state_forwards(migration.app_label, state)
    end
  else
    local schema = schema_editor(self)
    in_transaction(self, migration, schema, function()
      if is_recorded(self, migration) then
        for _, operation in ipairs(migration.operations) do
          operation:state_forwards(migration.app_label, state)
        end
        return
      end
      run_forwards(self, migration, schema, state)
      record(self, migration, false)
    end)
  end
  self.loader.applied[migration.key] = true
  self:progress("apply_success", migration, fake)
end

local function unapply(self, migration, options)
  local applied = self.loader.applied
  self:progress("unapply_start", migration, options.fake)
  if options.fake then
    locked(self, function()
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
      if is_recorded(self, migration) then
        run_backwards(self, migration, schema, state)
        record(self, migration, true)
      end
    end)
  end
  applied[migration.key] = nil
  self:progress("unapply_success", migration, options.fake)
end

-- Squashed migrations all of whose parts are applied are applied.
local function record_squashed(self)
  for _, m in ipairs(self.loader.all) do
    if m.replaces and self.loader.applied[m.key] and self.loader.graph.nodes[m.key] and not is_recorded(self, m) then
      locked(self, function()
        record(self, m, false)
      end)
    end
  end
end

--- Carries out a plan. options: fake, fake_initial
function Executor:run(plan, options)
  options = options or {}
  self.recorder:ensure_table()
  for _, step in ipairs(options.fake and {} or plan) do
    if step.backwards then -- before any of them is undone
      check_reversible(step.migration)
    end
  end
  local state
  for _, step in ipairs(plan) do
    if step.backwards then
      state = nil
      unapply(self, step.migration, options)
    else
      state = state or state_before(self, step.migration, self.loader.applied)
      local all_there = true -- a state goes on to the next step when it has what that one needs
      for _, key in ipairs(self.loader.graph.parents[step.migration.key]) do
        all_there = all_there and self.loader.applied[key]
      end
      if not all_there then
        state = state_before(self, step.migration, self.loader.applied)
      end
      apply(self, step.migration, state, options)
    end
  end
  record_squashed(self)
end

--- The SQL of a migration, as a list of statements with comments. Nothing is run.
function Executor:sql(migration, backwards)
  local schema = schema_editor(self, true)
  local state = state_before(self, migration, {})
  if backwards then
    run_backwards(self, migration, schema, state)
  else
    run_forwards(self, migration, schema, state)
  end
  return schema.collected
end

return { new = new }
