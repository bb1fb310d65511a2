-- SPDX-License-Identifier: MIT
-- migrate --prune: records of migrations whose files are gone.
local exceptions = require "perilune.exceptions"

-- Squashed migrations that still name what they replace: without the records nobody would know
-- that they are applied.
local function refuse_squashed(loader, label, gone)
  local names = {}
  for _, m in ipairs(loader.by_app[label] or {}) do
    for _, pair in ipairs(m.replaces or {}) do
      if gone[pair[1] .. "." .. pair[2]] then
        names[#names + 1] = m.key
        break
      end
    end
  end
  if #names > 0 then
    error(exceptions.CommandError(("Cannot use --prune because the following squashed migrations have their 'replaces' attributes and may not be recorded as applied: %s. Re-run 'perilune migrate' if they are not marked as applied, and remove 'replaces' from their files."):format(table.concat(names, ", "))), 0)
  end
end

--- Deletes the records of an app; log(text) is told of each.
return function(executor, label, log)
  local loader, gone, list = executor.loader, {}, {}
  for key in pairs(loader.recorded) do
    local app, name = key:match "^([^.]+)%.(.+)$"
    if app == label and not loader.by_key[key] then
      gone[key] = true
      list[#list + 1] = name
    end
  end
  refuse_squashed(loader, label, gone)
  log "Pruning migrations:"
  if #list == 0 then
    log "  No migrations to prune."
  end
  table.sort(list)
  for _, name in ipairs(list) do
    executor.recorder:record_unapplied(label, name)
    log(("  Pruning %s.%s OK"):format(label, name))
  end
end
