-- SPDX-License-Identifier: MIT
-- perilune squashmigrations
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local optimizer = require "perilune._migrations.optimizer"
local questioners = require "perilune._migrations.questioner"

-- The app's migrations from `first` (nil: the first there is) to `last`, in order.
local function gather(loader, label, first, last)
  local inside, list = first == nil, {}
  for _, key in ipairs(loader.graph:forwards_plan(last.key)) do
    local m = loader.graph.nodes[key]
    if m.app_label == label then
      inside = inside or m == first
      list[#list + 1] = inside and m or nil
    end
  end
  return list
end

-- The migration of a prefix, as the graph has it.
local function find(loader, label, prefix)
  local m = loader:by_prefix(label, prefix)
  if not loader.graph.nodes[m.key] then
    error(exceptions.CommandError(("'%s' is part of the squashed migration '%s', which stands for it: name that one"):format(m.name, loader.standing(m.key))), 0)
  end
  return m
end

-- Operations, dependencies and replaces of all of them.
local function join(list)
  local operations, dependencies, replaces, seen = {}, {}, {}, {}
  for _, m in ipairs(list) do
    replaces[#replaces + 1] = { m.app_label, m.name }
    seen[m.key] = true
    for _, operation in ipairs(m.operations) do
      operations[#operations + 1] = not operation.elidable and operation or nil
    end
  end
  for _, m in ipairs(list) do
    for _, d in ipairs(m.dependencies) do
      local key = d[1] .. "." .. d[2]
      if not seen[key] then
        seen[key] = true
        dependencies[#dependencies + 1] = d
      end
    end
  end
  return operations, dependencies, replaces
end

local function confirm(list, options, log)
  log "Will squash the following migrations:"
  for _, m in ipairs(list) do
    log(" - " .. m.name)
  end
  local ask = questioners.ask_function(options)
  local answer = ask and ask "Do you wish to proceed? [y/N] "
  if ask and not (answer and answer:lower():match "^y") then
    error(exceptions.CommandError "nothing was written", 0)
  end
end

local function handle(options, command)
  local make = require("perilune._commands.makemigrations")._make
  local label = options.app_label
  make.check_labels { label }
  if options.squashed_name and not options.squashed_name:match "^[%w_]+$" then
    error(exceptions.CommandError "--squashed-name is made of letters, digits and _", 0)
  end
  local loader = loaders.load()
  local first = options.last and find(loader, label, options.start_or_end) or nil
  local last = find(loader, label, options.last or options.start_or_end)
  local list = gather(loader, label, first, last)
  if #list == 0 then
    error(exceptions.CommandError(("The migration '%s' cannot be found. Maybe it comes after the migration '%s'?"):format(first.key, last.key)), 0)
  end
  local function log(text)
    make.log(command, { verbosity = options.verbosity }, text)
  end
  confirm(list, options, log)
  local operations, dependencies, replaces = join(list)
  if not options.no_optimize then
    log "Optimizing..."
    local before = #operations
    operations = optimizer(operations, label)
    log(#operations == before and "  No optimizations possible." or ("  Optimized from %d operations to %d operations."):format(before, #operations))
  end
  local number = list[1].name:match "^%d+" or "0001"
  make.write({
    app_label = label, operations = operations, dependencies = dependencies, replaces = replaces,
    initial = (list[1].initial ~= false and #list[1].dependencies == 0 or list[1].initial) or nil,
    name = ("%s_%s"):format(number, options.squashed_name or "squashed_" .. last.name),
  }, command, { verbosity = options.verbosity, no_header = options.no_header })
  log "Apply it everywhere, then delete the files that it replaces, point migrations that depend on them at it, and delete its `replaces`."
end

return {
  help = "join several migrations of an app into one",
  requires = "project",
  arguments = {
    { "app_label", help = "the app" },
    { "start_or_end", help = "the last migration, or with a second one the first" },
    { "last", nargs = "?", help = "the last migration" },
    { "--no-optimize", flag = true, help = "leave the operations as they are" },
    { "--squashed-name", help = "the name of the new migration, without its number" },
    { "--no-input", "--noinput", flag = true, dest = "no_input", help = "ask nothing" },
    { "--no-header", flag = true, help = "without the comment that says what made the file" },
  },
  handle = handle,
}
