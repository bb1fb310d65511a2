-- SPDX-License-Identifier: MIT
-- Migrations that were made side by side: an app that has more than one last migration.
local exceptions = require "perilune.exceptions"
local files = require "perilune._migrations.files"
local questioners = require "perilune._migrations.questioner"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local function names_of(loader, leaves)
  local names = {}
  for i, key in ipairs(leaves) do
    names[i] = loader.graph.nodes[key].name
  end
  return names
end

--- CommandError when there are any.
function M.refuse(loader)
  local conflicts, parts = loader:conflicts(), {}
  for i, label in ipairs(sorted_keys(conflicts)) do
    parts[i] = ("%s in %s"):format(table.concat(names_of(loader, conflicts[label]), ", "), label)
  end
  if #parts > 0 then
    error(exceptions.CommandError("Conflicting migrations detected; multiple leaf nodes in the migration graph: (" .. table.concat(parts, "; ") .. "). To fix them run `perilune makemigrations --merge`"), 0)
  end
end

-- Keys of the app's migrations up to and with `leaf` which not all leaves have.
local function branch(loader, label, leaf, leaves)
  local counts = {}
  for _, other in ipairs(leaves) do
    for _, key in ipairs(loader.graph:forwards_plan(other)) do
      counts[key] = (counts[key] or 0) + 1
    end
  end
  local list = {}
  for _, key in ipairs(loader.graph:forwards_plan(leaf)) do
    if counts[key] < #leaves and loader.graph.nodes[key].app_label == label then
      list[#list + 1] = key
    end
  end
  return list
end

-- What an operation is about, for a look at two branches: "tag.name", "tag".
local function subject(operation)
  local model, name = operation.model_name, operation.new_name or operation.name
  if model and name then
    return model:lower() .. "." .. name:lower()
  end
  return type(name) == "string" and name:lower() or nil
end

-- Shows a branch; gives a note for what another branch has to do with as well.
local function show_branch(loader, m, keys, seen, log)
  local twice
  log(("  Branch %s"):format(m.name))
  for _, key in ipairs(keys) do
    for _, operation in ipairs(loader.graph.nodes[key].operations) do
      log("    - " .. operation:describe())
      local about = subject(operation)
      if about and seen[about] and seen[about] ~= m.name then
        twice = ("both %s and %s change '%s'"):format(seen[about], m.name, about)
      end
      if about then
        seen[about] = seen[about] or m.name
      end
    end
  end
  return twice
end

local function merge_name(names, word)
  local number = 0
  for _, name in ipairs(names) do
    number = math.max(number, files.number(name))
  end
  local sorted = { table.unpack(names) }
  table.sort(sorted)
  local joined = table.concat(sorted, "_")
  return ("%04d_%s"):format(number + 1, word or "merge_" .. (#joined > 47 and files.timestamp() or joined))
end

--- makemigrations --merge: an empty migration that depends on all last ones, for each app.
--- make: of the command, for its write() and log().
function M.merge(loader, make, command, options)
  local conflicts = loader:conflicts()
  local labels = sorted_keys(conflicts)
  if #labels == 0 then
    make.log(command, options, "No conflicts detected to merge.")
    return
  end
  local ask = questioners.ask_function(options)
  for _, label in ipairs(labels) do
    local leaves, dependencies, seen, problem = conflicts[label], {}, {}, nil
    local function log(text)
      make.log(command, options, text)
    end
    log(command.style.heading("Merging " .. label))
    for i, key in ipairs(leaves) do
      local m = loader.graph.nodes[key]
      dependencies[i] = { label, m.name }
      problem = show_branch(loader, m, branch(loader, label, key, leaves), seen, log) or problem
    end
    if problem then
      log(command.style.warning(("  %s: look at both before you go on"):format(problem)))
    end
    if ask then
      local answer = ask "\nMerging will only work if the operations printed above do not conflict\nwith each other (working on different fields or models)\nShould these migration branches be merged? [y/N] "
      if not (answer and answer:lower():match "^y") then
        error(exceptions.CommandError "nothing was written", 0)
      end
    elseif not options.no_input then
      error(exceptions.CommandError "nobody is there to be asked: run makemigrations --merge at a terminal, or with --no-input", 0)
    end
    make.write({ app_label = label, operations = {}, dependencies = dependencies, name = merge_name(names_of(loader, leaves), options.name) }, command, options)
  end
end

return M
