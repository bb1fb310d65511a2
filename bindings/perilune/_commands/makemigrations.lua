-- SPDX-License-Identifier: MIT
-- perilune makemigrations
local apps = require "perilune.apps"
local autodetector = require "perilune._migrations.autodetector"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local questioners = require "perilune._migrations.questioner"
local registry = require("perilune._models.registry").project
local states = require "perilune._migrations.state"
local system = require "perilune._system"
local time = require "perilune.time"
local writer = require "perilune._migrations.writer"

local M = {}

local function check_labels(labels)
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

local function next_number(list)
  local last = 0
  for _, m in ipairs(list or {}) do
    last = math.max(last, tonumber(m.name:match "^(%d+)" or "") or 0)
  end
  return last + 1
end

-- "initial", "product_sku", "auto_20260131_1200"
local function suggest_name(chunk, initial)
  if initial then
    return "initial"
  end
  local fragments = {}
  for _, operation in ipairs(chunk.operations) do
    local fragment = operation:migration_name_fragment()
    fragments[#fragments + 1] = fragment and fragment:gsub("[^%w_]+", "_") or nil
  end
  if #fragments == 0 or #fragments ~= #chunk.operations then
    return "auto_" .. time.now():strftime "%Y%m%d_%H%M"
  end
  local name = fragments[1]
  for i = 2, #fragments do
    local longer = name .. "_" .. fragments[i]
    if #longer > 52 then
      return name .. "_and_more"
    end
    name = longer
  end
  return name
end

-- Files for the chunks: number, name, dependencies.
local function plan_files(loader, chunks, options)
  local numbers, last, files = {}, {}, {}
  for _, chunk in ipairs(chunks) do
    local label = chunk.app_label
    local existing = loader.by_app[label]
    numbers[label] = numbers[label] or next_number(existing)
    local initial = not existing
    local name = ("%04d_%s"):format(numbers[label], options.name or suggest_name(chunk, initial))
    numbers[label] = numbers[label] + 1
    local dependencies, seen = {}, {}
    local function depend(app, migration)
      local key = app .. "." .. migration
      if not seen[key] then
        seen[key] = true
        dependencies[#dependencies + 1] = { app, migration }
      end
    end
    if last[label] then
      depend(label, last[label])
    else
      for _, leaf in ipairs(loader.graph:leaves(label)) do
        depend(label, loader.graph.nodes[leaf].name)
      end
    end
    for other in pairs(chunk.after or {}) do
      if other.file_name and other.app_label ~= label then
        depend(other.app_label, other.file_name)
      end
    end
    for _, d in ipairs(chunk.dependencies) do
      local made = false
      for other in pairs(chunk.after or {}) do
        made = made or other.app_label == d[1]
      end
      if not made and loader.by_app[d[1]] and d[1] ~= label then
        for _, leaf in ipairs(loader.graph:leaves(d[1])) do
          depend(d[1], loader.graph.nodes[leaf].name)
        end
      end
    end
    table.sort(dependencies, function(a, b)
      return a[1] .. a[2] < b[1] .. b[2]
    end)
    chunk.file_name, last[label] = name, name
    files[#files + 1] = { app_label = label, name = name, operations = chunk.operations, dependencies = dependencies, initial = initial or nil }
  end
  return files
end

local function path_of(file)
  return loaders.folder(apps.get(file.app_label)) .. "/" .. file.name .. ".lua"
end

--- Writes the file; the folder is made when it is missing.
function M.write(file, command, options)
  local path = path_of(file)
  local text = writer.text(file)
  local relative = path:gsub("^" .. (core.project_dir or "."):gsub("%p", "%%%0") .. "/", "")
  if not options.dry_run then
    system.mkdir(loaders.folder(apps.get(file.app_label)))
    local ok, problem = system.write_new(path, text)
    if not ok then
      error(exceptions.CommandError("cannot write " .. tostring(problem)), 0)
    end
  end
  if options.verbosity > 0 then
    command:write(command.style.heading and command.style.heading(("Migrations for '%s':"):format(file.app_label)) or ("Migrations for '%s':"):format(file.app_label))
    command:write("  " .. relative)
    for _, operation in ipairs(file.operations) do
      command:write("    - " .. operation:describe())
    end
    if options.dry_run and options.verbosity >= 3 then
      command:write(text)
    end
  end
end

local function ask_function(options)
  if options.no_input or not system.isatty(0) then
    return nil
  end
  return function(text)
    io.stdout:write(text)
    io.stdout:flush()
    return io.read "l"
  end
end

local function merge(loader, conflicts, command, options)
  for label, leaves in pairs(conflicts) do
    local names, dependencies = {}, {}
    for i, key in ipairs(leaves) do
      local m = loader.graph.nodes[key]
      names[i] = m.name
      dependencies[i] = { label, m.name }
    end
    if not options.no_input then
      local ask = ask_function(options)
      local answer = ask and ask(("Merging will only work if the operations do not conflict. Merge %s of '%s'? [y/N] "):format(table.concat(names, ", "), label))
      if not answer or not answer:lower():match "^y" then
        error(exceptions.CommandError "nothing was written", 0)
      end
    end
    local short = {}
    for i, name in ipairs(names) do
      short[i] = i == 1 and name:gsub("^%d+_", "") or name
    end
    M.write({
      app_label = label, operations = {}, dependencies = dependencies,
      name = ("%04d_%s"):format(next_number(loader.by_app[label]), options.name or ("merge_" .. table.concat(short, "_")):sub(1, 60)),
    }, command, options)
  end
end

local function conflict_text(loader, conflicts)
  local parts = {}
  for label, leaves in pairs(conflicts) do
    local names = {}
    for i, key in ipairs(leaves) do
      names[i] = loader.graph.nodes[key].name
    end
    parts[#parts + 1] = ("(%s in %s)"):format(table.concat(names, ", "), label)
  end
  table.sort(parts)
  return table.concat(parts, "; ")
end
M.conflict_text = conflict_text

local function only(chunks, wanted)
  if not wanted then
    return chunks
  end
  local list = {}
  for _, chunk in ipairs(chunks) do
    if wanted[chunk.app_label] then
      list[#list + 1] = chunk
      for other in pairs(chunk.after or {}) do -- what it needs comes too
        wanted[other.app_label] = true
      end
    end
  end
  return list
end

local function handle(options, command)
  local wanted = check_labels(options.app_label)
  if options.name and not options.name:match "^[%w_]+$" then
    error(exceptions.CommandError "the name of a migration is made of letters, digits and _", 0)
  end
  local loader = loaders.load()
  local conflicts = loader:conflicts()
  if options.merge then
    if not next(conflicts) then
      command:write "No conflicts detected to merge."
      return
    end
    merge(loader, conflicts, command, options)
    return
  elseif next(conflicts) then
    error(exceptions.CommandError("Conflicting migrations detected; multiple leaf nodes in the migration graph: " .. conflict_text(loader, conflicts) .. ". To fix them run `perilune makemigrations --merge`"), 0)
  end
  if options.empty then
    if not wanted then
      error(exceptions.CommandError "--empty needs the label of an app", 0)
    end
    for label in pairs(wanted) do
      local files = plan_files(loader, { { app_label = label, operations = {}, dependencies = {} } }, { name = options.name or "custom" })
      files[1].initial = nil
      M.write(files[1], command, options)
    end
    return
  end
  local questioner = questioners.new(ask_function(options), function(text)
    command:write(text)
  end)
  local detector = autodetector.new(loader:state(), states.from_registry(registry), questioner)
  local chunks = only(detector:changes(), wanted)
  if #chunks == 0 then
    if options.verbosity > 0 then
      command:write(wanted and "No changes detected in these apps" or "No changes detected")
    end
    return
  end
  local check_only = options.check
  for _, file in ipairs(plan_files(loader, chunks, options)) do
    M.write(file, command, setmetatable({ dry_run = options.dry_run or check_only }, { __index = options }))
  end
  if check_only then
    error(exceptions.CommandError("models have changes that no migration has", { status = 1 }), 0)
  end
end

M.help = "write migrations for what has changed in the models"
M.requires = "project"
M.arguments = {
  { "app_label", nargs = "*", help = "of these apps only" },
  { "--name", "-n", help = "the name of the migration, without its number" },
  { "--empty", flag = true, help = "an empty migration, to be filled by hand" },
  { "--check", flag = true, help = "write nothing; status 1 when something has changed" },
  { "--dry-run", flag = true, help = "show what would be written (--verbosity 3: the files)" },
  { "--merge", flag = true, help = "join migrations that were made side by side" },
  { "--no-input", flag = true, help = "ask nothing" },
}
M.handle = handle
M.check_labels, M.next_number = check_labels, next_number

return setmetatable({ _make = M, help = M.help, requires = M.requires, arguments = M.arguments, handle = handle }, nil)
