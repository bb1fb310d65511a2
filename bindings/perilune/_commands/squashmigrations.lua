-- SPDX-License-Identifier: MIT
-- perilune squashmigrations
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local optimizer = require "perilune._migrations.optimizer"

local function gather(loader, label, first, last)
  local inside, list = first == nil, {}
  for _, key in ipairs(loader.graph:forwards_plan(last.key)) do
    local m = loader.graph.nodes[key]
    if m.app_label == label then
      inside = inside or m == first
      if inside then
        list[#list + 1] = m
      end
    end
  end
  return list
end

return {
  help = "join several migrations of an app into one",
  requires = "project",
  arguments = {
    { "app_label", help = "the app" },
    { "start_or_end", help = "the last migration, or with a second one the first" },
    { "last", nargs = "?", help = "the last migration" },
    { "--no-optimize", flag = true, help = "leave the operations as they are" },
    { "--squashed-name", help = "the name of the new migration" },
    { "--no-input", flag = true, help = "ask nothing" },
  },
  handle = function(options, command)
    local make = require("perilune._commands.makemigrations")._make
    make.check_labels { options.app_label }
    local loader = loaders.load()
    local first = options.last and loader:by_prefix(options.app_label, options.start_or_end) or nil
    local last = loader:by_prefix(options.app_label, options.last or options.start_or_end)
    local list = gather(loader, options.app_label, first, last)
    if #list == 0 then
      error(exceptions.CommandError(("'%s' does not come after '%s'"):format(last.name, first.name)), 0)
    end
    local operations, dependencies, replaces, seen = {}, {}, {}, {}
    for _, m in ipairs(list) do
      if m.replaces then
        error(exceptions.CommandError(("You cannot squash squashed migrations! Please transition %s to a normal migration first."):format(m.name)), 0)
      end
      replaces[#replaces + 1] = { m.app_label, m.name }
      seen[m.key] = true
      for _, operation in ipairs(m.operations) do
        operations[#operations + 1] = operation
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
    local before = #operations
    if not options.no_optimize then
      operations = optimizer(operations, options.app_label)
    end
    if options.verbosity > 0 then
      command:write(("%d operations became %d."):format(before, #operations))
    end
    local name = options.squashed_name and ("%s_%s"):format(list[1].name:match "^%d+" or "0001", options.squashed_name) or ("%s_squashed_%s"):format(list[1].name:match "^%d+" or "0001", last.name)
    make.write({ app_label = options.app_label, name = name, operations = operations, dependencies = dependencies, replaces = replaces, initial = #list > 0 and list[1].dependencies and #list[1].dependencies == 0 or nil }, command, setmetatable({ dry_run = false }, { __index = options }))
    if options.verbosity > 0 then
      command:write "Apply it everywhere, then delete the files that it replaces and its `replaces`."
    end
  end,
}
