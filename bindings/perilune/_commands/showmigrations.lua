-- SPDX-License-Identifier: MIT
-- perilune showmigrations
local apps = require "perilune.apps"
local db = require "perilune.db"
local loaders = require "perilune._migrations.loader"
local recorders = require "perilune._migrations.recorder"

-- "X"; "-": all that a squashed migration stands for is applied, but nobody has said so yet.
local function mark(loader, key)
  return loader.recorded[key] and "X" or loader.applied[key] and "-" or " "
end

local function show_list(loader, labels, command, verbosity)
  for _, app in ipairs(apps.all()) do
    local label = app.label
    if not labels or labels[label] then
      command:write(command.style.label(label))
      local shown = false
      for _, key in ipairs(loader.graph:sorted()) do
        local m = loader.graph.nodes[key]
        if m.app_label == label then
          local squashed = m.replaces and (" (%d squashed migrations)"):format(#m.replaces) or ""
          local when = verbosity >= 2 and loader.recorded[key] and (" (applied at %s)"):format(tostring(loader.recorded[key])) or ""
          local hint = mark(loader, key) == "-" and " run 'perilune migrate' to finish recording." or ""
          command:write((" [%s] %s%s%s%s"):format(mark(loader, key), m.name, squashed, when, hint))
          shown = true
        end
      end
      if not shown then
        command:write " (no migrations)"
      end
    end
  end
end

local function show_plan(loader, labels, command, verbosity)
  local wanted
  for label in pairs(labels or {}) do -- of these apps, and what they need
    wanted = wanted or {}
    for _, leaf in ipairs(loader.graph:leaves(label)) do
      for _, key in ipairs(loader.graph:forwards_plan(leaf)) do
        wanted[key] = true
      end
    end
  end
  local shown = false
  for _, key in ipairs(loader.graph:sorted()) do
    if not labels or wanted and wanted[key] then
      shown = true
      local parents = verbosity >= 2 and #loader.graph.parents[key] > 0 and " ... (" .. table.concat(loader.graph.parents[key], ", ") .. ")" or ""
      command:write(("[%s]  %s%s"):format(mark(loader, key), key, parents))
    end
  end
  if not shown then
    command:write "(no migrations)"
  end
end

return {
  help = "list the migrations and which are applied",
  requires = "project",
  arguments = {
    { "app_label", nargs = "*", help = "of these apps only" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--list", "-l", flag = true, help = "by app (the default); --verbosity 2 tells when they were applied" },
    { "--plan", "-p", flag = true, help = "in the order in which they are applied; --verbosity 2 tells what each needs" },
  },
  handle = function(options, command)
    local labels = require("perilune._commands.makemigrations")._make.check_labels(options.app_label)
    local loader = loaders.load(recorders.new(db.connection(options.database)):applied())
    local show = options.plan and not options.list and show_plan or show_list
    show(loader, labels, command, options.verbosity)
  end,
}
