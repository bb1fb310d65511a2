-- SPDX-License-Identifier: MIT
-- `perilune audit_report --days 7`: who changed how much, and the last changes.
local models = require "shop.models"
local perilune_models = require "perilune.models"
local time = require "perilune.time"

local Count = perilune_models.Count

local function natural(given)
  local n = given:match "^%d+$" and math.tointeger(tonumber(given))
  if not n or n > 36500 then
    return nil, "a whole number"
  end
  return n
end

local function change_text(entry)
  local parts = {}
  for field, pair in pairs(entry.changes) do
    parts[#parts + 1] = ("%s: %s → %s"):format(field, tostring(pair[1]), tostring(pair[2]))
  end
  table.sort(parts)
  return #parts > 0 and " (" .. table.concat(parts, ", ") .. ")" or ""
end

return {
  help = "Shows what the audit log says of the last days.",
  arguments = {
    { "--days", type = natural, default = 7 },
    { "--model", help = "only changes of this model: Product" },
    { "--last", type = natural, default = 20, help = "how many of the last changes to show" },
  },
  handle = function(options, command)
    local log = models.AuditLog.objects:filter { timestamp__gte = time.now() - time.timedelta { days = options.days } }
    if options.model then
      log = log:filter { model_name__iexact = options.model }
    end
    command:write(command.style.heading(("The last %d days"):format(options.days)))
    local groups = log:order_by():values("model_name", "action", "actor"):annotate({ n = Count "id" }):order_by("model_name", "action", "-n")
    for _, row in ipairs(groups) do
      command:write(("%6d  %-10s %-8s by %s"):format(row.n, row.model_name, row.action, row.actor ~= "" and row.actor or "unknown"))
    end
    command:write(command.style.heading "Last changes")
    for _, entry in ipairs(log:limit(options.last)) do
      command:write(("%s  %s by %s%s"):format(time.format(entry.timestamp, "Y-m-d H:i"), entry.details, entry.actor, change_text(entry)))
    end
  end,
}
