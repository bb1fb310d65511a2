-- SPDX-License-Identifier: MIT
-- perilune showmigrations
local db = require "perilune.db"
local loaders = require "perilune._migrations.loader"
local recorders = require "perilune._migrations.recorder"

local function show_list(loader, labels, command)
  for _, app in ipairs(require("perilune.apps").all()) do
    local label = app.label
    if (not labels or labels[label]) and (loader.by_app[label] or labels) then
      command:write(label)
      local shown = false
      for _, key in ipairs(loader.graph:sorted()) do
        local m = loader.graph.nodes[key]
        if m.app_label == label then
          local squashed = m.replaces and (" (%d squashed migrations)"):format(#m.replaces) or ""
          command:write((" [%s] %s%s"):format(loader.applied[key] and "X" or " ", m.name, squashed))
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
  for _, key in ipairs(loader.graph:sorted()) do
    local m = loader.graph.nodes[key]
    if not labels or labels[m.app_label] then
      local needs = ""
      if verbosity >= 2 and #loader.graph.parents[key] > 0 then
        needs = " ... (" .. table.concat(loader.graph.parents[key], ", ") .. ")"
      end
      command:write(("[%s]  %s%s"):format(loader.applied[key] and "X" or " ", key, needs))
    end
  end
end

return {
  help = "list the migrations and which are applied",
  requires = "project",
  arguments = {
    { "app_label", nargs = "*", help = "of these apps only" },
    { "--database", default = "default", help = "the alias of the database" },
    { "--list", "-l", flag = true, help = "by app (the default)" },
    { "--plan", "-p", flag = true, help = "in the order in which they are applied" },
  },
  handle = function(options, command)
    local labels = require("perilune._commands.makemigrations")._make.check_labels(options.app_label)
    local loader = loaders.load(recorders.new(db.connection(options.database)):applied())
    if options.plan then
      show_plan(loader, labels, command, options.verbosity)
    else
      show_list(loader, labels, command)
    end
  end,
}
