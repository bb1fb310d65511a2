-- SPDX-License-Identifier: MIT
-- perilune migrate
local apps = require "perilune.apps"
local conflicts = require "perilune._migrations.conflicts"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local executors = require "perilune._migrations.executor"
local loaders = require "perilune._migrations.loader"
local registry = require("perilune._models.registry").project
local settings = require "perilune.settings"
local signals = require "perilune.signals"
local sorted_keys = require "perilune._sorted_keys"
local tables = require "perilune._migrations.tables"

local function check_app(label)
  local known = {}
  for i, app in ipairs(apps.all()) do
    known[i] = app.label
  end
  if not pcall(apps.get, label) then
    error(exceptions.CommandError(("no installed app has the label '%s'%s"):format(label, core.suggest(label, known))), 0)
  end
end

-- What the name means: a squashed migration of which only some parts are applied is its last
-- part; a part of one that stands for all is an error.
local function find_target(loader, options)
  local m = loader:by_prefix(options.app_label, options.migration_name)
  if loader.graph.nodes[m.key] then
    return { m.app_label, m.name }
  elseif loader.hidden[m.key] then
    return m.replaces[#m.replaces]
  end
  local name = loader.standing(m.key):match "%.(.+)$"
  error(exceptions.CommandError(("'%s' is part of the squashed migration '%s', which stands for it: 'perilune migrate %s %s'"):format(m.name, name, m.app_label, name)), 0)
end

local function targets_of(executor, options)
  if not options.app_label then
    return executor:leaf_targets()
  end
  check_app(options.app_label)
  if not executor.loader.by_app[options.app_label] and options.run_syncdb then
    if options.migration_name then
      error(exceptions.CommandError(("Can't use run_syncdb with app '%s' as it has no migrations: leave out '%s'"):format(options.app_label, options.migration_name)), 0)
    end
    return {}
  elseif not executor.loader.by_app[options.app_label] then
    error(exceptions.CommandError(("App '%s' does not have migrations."):format(options.app_label)), 0)
  elseif options.migration_name == "zero" then
    return { { options.app_label } }
  elseif options.migration_name then
    return { find_target(executor.loader, options) }
  end
  return executor:leaf_targets(options.app_label)
end

local function show_plan(plan, command)
  command:write "Planned operations:"
  if #plan == 0 then
    command:write "  No planned migration operations."
  end
  for _, step in ipairs(plan) do
    command:write(step.migration.key)
    for _, operation in ipairs(step.migration.operations) do
      command:write(("    %s%s"):format(step.backwards and "Undo " or "", operation:describe()))
    end
  end
end

local function progress(command, verbosity)
  return function(executor, what, migration, fake)
    executor.busy = what == "apply_start" or what == "unapply_start"
    if verbosity < 1 then
      return
    end
    if what == "apply_start" then
      command:write(("  Applying %s..."):format(migration.key), "")
    elseif what == "unapply_start" then
      command:write(("  Unapplying %s..."):format(migration.key), "")
    else
      command:write(command.style.success(fake and " FAKED" or " OK"))
    end
  end
end

local function emit(name, plan, alias, verbosity)
  local signal = signals[name]
  for _, app in ipairs(apps.all()) do
    if signal:has_listeners(app) or signal:has_listeners(app.label) then
      signal:send(app, { app_config = app, verbosity = verbosity, interactive = false, using = alias, plan = plan, apps = registry })
    end
  end
end

local function describe_targets(options, executor, command, unmigrated)
  local labels = {}
  for _, target in ipairs(targets_of(executor, options)) do
    labels[#labels + 1] = target[1]
  end
  table.sort(labels)
  command:write(command.style.heading "Operations to perform:")
  if next(unmigrated) then
    command:write("  Synchronize unmigrated apps: " .. table.concat(sorted_keys(unmigrated), ", "))
  end
  if options.app_label and options.migration_name then
    command:write(("  Target specific migration: %s, from %s"):format(options.migration_name, options.app_label))
  else
    command:write("  Apply all migrations: " .. (#labels > 0 and table.concat(labels, ", ") or "(none)"))
  end
end

-- Apps without migrations whose tables are to be made; with --run-syncdb only.
local function unmigrated_apps(executor, options)
  local wanted = {}
  for label in pairs(options.run_syncdb and executor.loader.unmigrated or {}) do
    if (not options.app_label or options.app_label == label) and #registry:models(label) > 0 then
      wanted[label] = true
    end
  end
  return wanted
end

local function synchronize(labels, options, command)
  local function log(text)
    if options.verbosity > 0 then
      command:write(text)
    end
  end
  log(command.style.heading "Synchronizing apps without migrations:")
  log "  Creating tables..."
  tables.sync(options.database, labels, function(name)
    log("    Creating table " .. name)
  end)
end

local function prune(executor, options, command)
  if not options.app_label then
    error(exceptions.CommandError "Migrations can be pruned only when an app is specified.", 0)
  end
  check_app(options.app_label)
  require "perilune._migrations.prune"(executor, options.app_label, function(text)
    if options.verbosity > 0 then
      command:write(text)
    end
  end)
end

-- Models that have changed since their last migration.
local function warn_of_changes(command)
  local autodetector = require "perilune._migrations.autodetector"
  local states = require "perilune._migrations.state"
  local ok, chunks = pcall(function()
    local quiet = require("perilune._migrations.questioner").new(nil, function() end)
    quiet.default_for_new = function()
      return ""
    end
    return autodetector.new(loaders.load():state(), states.from_registry(registry), quiet):changes()
  end)
  if ok and #chunks > 0 then
    command:write(command.style.notice "  Your models have changes that are not yet reflected in a migration, and so won't be applied.")
    command:write(command.style.notice "  Run 'perilune makemigrations' to make new migrations, and then re-run 'perilune migrate' to apply them.")
  end
end

-- A project that keeps nothing in a database: no setting, no migrations.
local function without_database(options)
  local databases = settings.get "databases"
  if options.app_label or databases and next(databases) then
    return false
  end
  return next(loaders.load().by_app) == nil
end

local function handle(options, command)
  registry:world()
  if without_database(options) then
    if options.verbosity > 0 then
      command:write "Nothing to migrate: the setting 'databases' is not set, and no app has migrations."
    end
    return
  end
  require("perilune._commands.check")._require(options, command)
  local executor = executors.new(options.database, progress(command, options.verbosity))
  executor.loader:check_consistency(options.database)
  conflicts.refuse(executor.loader)
  if options.prune then
    prune(executor, options, command)
    return
  end
  local plan = executor:plan(targets_of(executor, options))
  if options.plan then
    show_plan(plan, command)
    if options.check and #plan > 0 then
      error(exceptions.CommandError(("%d migrations are not applied"):format(#plan)), 0)
    end
    return
  elseif options.check then
    if #plan > 0 then
      show_plan(plan, command)
      error(exceptions.CommandError(("%d migrations are not applied"):format(#plan)), 0)
    end
    return
  end
  local unmigrated = unmigrated_apps(executor, options)
  if options.verbosity > 0 then
    describe_targets(options, executor, command, unmigrated)
  end
  emit("pre_migrate", plan, options.database, options.verbosity)
  if next(unmigrated) then
    synchronize(unmigrated, options, command)
  end
  if options.verbosity > 0 then
    command:write(command.style.heading "Running migrations:")
  end
  if #plan == 0 and options.verbosity > 0 then
    command:write "  No migrations to apply."
    warn_of_changes(command)
  end
  local ok, err = core.call(executor.run, executor, plan, { fake = options.fake, fake_initial = options.fake_initial })
  if not ok then
    if executor.busy and options.verbosity > 0 then
      command:write "" -- the line of what it was doing ends here
    end
    error(err, 0)
  end
  emit("post_migrate", plan, options.database, options.verbosity)
end

return {
  help = "bring the database to the state of the migrations",
  description = "Applies all migrations, those of an app, or goes to one of them: forwards or back (zero: all undone).",
  requires = "project",
  arguments = {
    { "app_label", nargs = "?", help = "this app only" },
    { "migration_name", nargs = "?", help = "go to this migration (the beginning of its name will do), or zero" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--plan", flag = true, help = "show what would be done" },
    { "--fake", flag = true, help = "only record that it is done" },
    { "--fake-initial", flag = true, help = "record initial migrations whose tables are there already" },
    { "--check", flag = true, help = "do nothing; status 1 when migrations are not applied" },
    { "--run-syncdb", flag = true, help = "make the tables of apps that have no migrations" },
    { "--prune", flag = true, help = "delete the records of migrations of the app whose files are gone" },
    { "--skip-checks", flag = true, help = "without the system checks" },
    { "--no-input", "--noinput", flag = true, dest = "no_input", help = "ask nothing" },
  },
  handle = handle,
}
