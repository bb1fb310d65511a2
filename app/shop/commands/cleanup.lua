-- SPDX-License-Identifier: MIT
-- `perilune cleanup`: what nobody will ask for again.
local db = require "perilune.db"
local models = require "shop.models"
local time = require "perilune.time"

local function natural(given)
  local n = given:match "^%d+$" and math.tointeger(tonumber(given))
  if not n or n > 36500 then
    return nil, "a number of days"
  end
  return n
end

local function before(days)
  return time.now() - time.timedelta { days = days }
end

return {
  help = "Deletes old lines of the audit log and orders that nobody paid for.",
  arguments = {
    { "--audit-days", type = natural, default = 365, help = "age from which lines of the log go" },
    { "--pending-days", type = natural, default = 30, help = "age from which unpaid orders go" },
    { "--dry-run", flag = true, help = "only say what would go" },
  },
  handle = function(options, command)
    local old = {
      { "lines of the audit log", models.AuditLog.objects:filter { timestamp__lt = before(options.audit_days) } },
      { "unpaid orders", models.Order.objects:filter { status = "pending", created_at__lt = before(options.pending_days) } },
    }
    db.atomic(function()
      for _, row in ipairs(old) do
        local n = row[2]:count()
        if not options.dry_run then
          row[2]:delete()
        end
        command:write(("%s %d %s"):format(options.dry_run and "would delete" or "deleted", n, row[1]))
      end
    end)
  end,
}
