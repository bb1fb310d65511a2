-- SPDX-License-Identifier: MIT
-- Migrations that are new, as files: their numbers, names, dependencies and paths.
local apps = require "perilune.apps"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local loaders = require "perilune._migrations.loader"
local settings = require "perilune.settings"
local system = require "perilune._system"
local time = require "perilune.time"
local writer = require "perilune._migrations.writer"

local M = {}

-- ---- names ----

--- The number that a migration's name begins with; 0 without one.
function M.number(name)
  return math.tointeger(tonumber(name:match "^%d+" or "")) or 0
end

--- The next free number of an app's migrations.
function M.next_number(list)
  local last = 0
  for _, m in ipairs(list or {}) do
    last = math.max(last, M.number(m.name))
  end
  return last + 1
end

function M.timestamp()
  return (time.now():strftime "%Y%m%d_%H%M")
end

--- What the operations do, as Django names it: "initial", "product_sku", "tag_a_tag_b_and_more".
function M.suggest_name(operations, initial)
  if initial then
    return "initial"
  end
  local name
  for i, operation in ipairs(operations) do
    local fragment = operation:migration_name_fragment()
    fragment = fragment and fragment:gsub("[^%w_]+", "_")
    local longer = i == 1 and fragment or fragment and name .. "_" .. fragment
    if not longer then
      return "auto_" .. M.timestamp()
    elseif i > 1 and #longer > 52 then
      return name .. "_and_more"
    end
    name = longer
  end
  return name or "auto_" .. M.timestamp()
end

-- ---- dependencies ----

-- A set of dependencies in the order of their names.
local function new_dependencies()
  local list, seen = {}, {}
  local function depend(d)
    local key = d.setting or d[1] .. "." .. d[2]
    if not seen[key] then
      seen[key] = true
      list[#list + 1] = d
      table.sort(list, function(a, b)
        return (a.setting or a[1] .. a[2]) < (b.setting or b[1] .. b[2])
      end)
    end
  end
  return list, depend
end

local function depend_on_leaves(loader, label, depend)
  for _, leaf in ipairs(loader.graph:leaves(label)) do
    depend { label, loader.graph.nodes[leaf].name }
  end
end

local function depend_on_others(loader, chunk, depend)
  for _, need in ipairs(chunk.needs or {}) do
    if need.setting then
      local named = settings.get(need.setting)
      depend { need[1], "__first__", setting = need.setting, swappable = named }
    elseif need.chunk and need.chunk.file_name then
      depend { need[1], need.chunk.file_name }
    elseif loader.by_app[need[1]] then
      depend_on_leaves(loader, need[1], depend)
    end
  end
end

--- What to write for chunks of operations (autodetector/arrange.lua): a list of
--- { app_label, name, operations, dependencies, initial }. `word` is the name behind the number.
function M.plan(loader, chunks, word)
  local numbers, last, files = {}, {}, {}
  for _, chunk in ipairs(chunks) do
    local label = chunk.app_label
    local initial = not loader.by_app[label] or nil
    numbers[label] = numbers[label] or M.next_number(loader.by_app[label])
    local name = ("%04d_%s"):format(numbers[label], word or M.suggest_name(chunk.operations, initial))
    local dependencies, depend = new_dependencies()
    if last[label] then
      depend { label, last[label] }
    else
      depend_on_leaves(loader, label, depend)
    end
    depend_on_others(loader, chunk, depend)
    numbers[label], last[label], chunk.file_name = numbers[label] + 1, name, name
    files[#files + 1] = { app_label = label, name = name, operations = chunk.operations, dependencies = dependencies, initial = initial }
  end
  return files
end

-- ---- files ----

--- The path of a file, and what to call it in messages.
function M.path(file)
  local path = loaders.folder(apps.get(file.app_label)) .. "/" .. file.name .. ".lua"
  return path, (path:gsub("^" .. (core.project_dir or "."):gsub("%p", "%%%0") .. "/", ""))
end

--- Writes it; the folder is made when it is missing. options: no_header, replace (the path of
--- a file whose place it takes), dry_run (write nothing). Gives the text, and a list of the
--- migrations whose functions it uses.
function M.write(file, options)
  local path = M.path(file)
  local text, ported = writer.text(file, { header = not options.no_header })
  if options.dry_run then
    return text, ported
  end
  system.mkdir(loaders.folder(apps.get(file.app_label)))
  if options.replace then
    for _, name in ipairs(ported) do
      if options.replace:sub(-#name - 4) == name .. ".lua" then
        error(exceptions.CommandError(("%s holds functions that cannot be written anew: move them to a module and require them, or edit the file by hand"):format(name)), 0)
      end
    end
  end
  local fs = require "perilune._fs"
  local temporary = options.replace and path .. ".new" or path
  if options.replace then
    os.remove(temporary)
  end
  local ok, problem = system.write_new(temporary, text)
  if not ok then
    error(exceptions.CommandError("cannot write " .. tostring(problem)), 0)
  end
  if options.replace then
    assert(os.rename(temporary, path))
    if options.replace ~= path and fs.stat(options.replace) then
      os.remove(options.replace)
    end
  end
  return text, ported
end

return M
