-- SPDX-License-Identifier: MIT
-- perilune makemigrations
local apps = require "perilune.apps"
local autodetector = require "perilune._migrations.autodetector"
local conflicts = require "perilune._migrations.conflicts"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local files = require "perilune._migrations.files"
local loaders = require "perilune._migrations.loader"
local questioners = require "perilune._migrations.questioner"
local registry = require("perilune._models.registry").project
local sorted_keys = require "perilune._sorted_keys"
local states = require "perilune._migrations.state"
local update = require "perilune._migrations.update"

local M = {}

--- A set of the labels (nil: none given); CommandError with the nearest for an unknown one.
function M.check_labels(labels)
  local known, wanted = {}, {}
  for i, app in ipairs(apps.all()) do
    known[i] = app.label
  end
  for _, label in ipairs(labels) do
    if not pcall(apps.get, label) then
      error(exceptions.CommandError(("no installed app has the label '%s'%s"):format(label, core.suggest(label, known))), 0)
    end
    wanted[label] = true
  end
  return next(wanted) and wanted or nil
end

--- Where a command that writes migrations talks: with --scriptable to stderr, paths to stdout.
function M.log(command, options, text)
  local stream = options.scriptable and command.stderr or command.stdout
  if options.verbosity > 0 then
    stream:write(text)
  end
end

--- Writes a file and says so.
function M.write(file, command, options, replace)
  local text, ported = files.write(file, { no_header = options.no_header, dry_run = options.dry_run, replace = replace })
  local _, shown = files.path(file)
  M.log(command, options, command.style.heading(("Migrations for '%s':"):format(file.app_label)))
  M.log(command, options, "  " .. shown)
  for _, operation in ipairs(file.operations) do
    M.log(command, options, "    - " .. operation:describe())
  end
  if options.scriptable then
    command:write(shown)
  end
  if options.dry_run and options.verbosity >= 3 then
    M.log(command, options, text)
  end
  if #ported > 0 then
    M.log(command, options, command.style.warning("  It uses functions of " .. table.concat(ported, ", ") .. ": copy them before you delete those files."))
  end
end

-- The chunks of wanted apps, and those that they need.
local function only(chunks, wanted)
  if not wanted then
    return chunks
  end
  local needed, list = {}, {}
  for i = #chunks, 1, -1 do
    local chunk = chunks[i]
    if wanted[chunk.app_label] or needed[chunk] then
      for _, need in ipairs(chunk.needs) do
        needed[need.chunk or chunk] = true
      end
      for k = 1, i - 1 do -- and those before it
        needed[chunks[k].app_label == chunk.app_label and chunks[k] or chunk] = true
      end
      table.insert(list, 1, chunk)
    end
  end
  return list
end

-- Options with another dry_run.
local function dry(options)
  return setmetatable({ dry_run = true }, { __index = options })
end

local function write_empty(loader, wanted, command, options)
  if not wanted then
    error(exceptions.CommandError "You must supply at least one app label when using --empty.", 0)
  end
  local labels = sorted_keys(wanted)
  for _, label in ipairs(labels) do
    M.write(files.plan(loader, { { app_label = label, operations = {}, needs = {} } }, options.name)[1], command, options)
  end
end

local function write_changes(loader, wanted, command, options)
  local questioner = questioners.for_command(options, function(text)
    M.log(command, setmetatable({ verbosity = 1 }, { __index = options }), text)
  end)
  local chunks = only(autodetector.new(loader:state(), states.from_registry(registry), questioner):changes(), wanted)
  if #chunks == 0 then
    local labels = options.app_label
    M.log(command, options, #labels == 0 and "No changes detected" or ("No changes detected in app%s '%s'"):format(#labels > 1 and "s" or "", table.concat(labels, "', '")))
    return
  end
  if options.update then
    for _, item in ipairs(update.latest(loader, files.plan(loader, chunks), options)) do
      M.write(item.file, command, options.check and dry(options) or options, item.replace)
    end
  else
    for _, file in ipairs(files.plan(loader, chunks, options.name)) do
      M.write(file, command, options.check and dry(options) or options)
    end
  end
  if options.check then
    error(exceptions.CommandError("models have changes that no migration has", { status = 1 }), 0)
  end
end

function M.handle(options, command)
  local wanted = M.check_labels(options.app_label)
  if options.name and not options.name:match "^[%a_][%w_]*$" then
    error(exceptions.CommandError("The migration name must be a valid identifier: letters, digits and _, not '" .. options.name .. "'"), 0)
  end
  require("perilune._commands.check")._require(options, command)
  local loader = loaders.load()
  if options.merge then
    conflicts.merge(loader, M, command, options)
    return
  end
  conflicts.refuse(loader)
  if options.empty then
    write_empty(loader, wanted, command, options)
  else
    write_changes(loader, wanted, command, options)
  end
end

M.arguments = {
  { "app_label", nargs = "*", help = "of these apps only" },
  { "--name", "-n", help = "the name of the migration, without its number" },
  { "--empty", flag = true, help = "an empty migration, to be filled by hand" },
  { "--check", flag = true, help = "write nothing; status 1 when something has changed" },
  { "--dry-run", flag = true, help = "show what would be written (--verbosity 3: the files)" },
  { "--merge", flag = true, help = "join migrations that were made side by side" },
  { "--update", flag = true, help = "put the changes into the last migration of the app, which is not applied yet" },
  { "--no-input", "--noinput", flag = true, dest = "no_input", help = "ask nothing" },
  { "--no-header", flag = true, help = "without the comment that says what made the file" },
  { "--scriptable", flag = true, help = "paths of the files to standard output, all else to standard error" },
  { "--skip-checks", flag = true, help = "without the system checks" },
}

return {
  _make = M,
  help = "write migrations for what has changed in the models",
  requires = "project",
  arguments = M.arguments,
  handle = M.handle,
}
