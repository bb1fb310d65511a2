-- SPDX-License-Identifier: MIT
-- Values as people read them.
local M = {}

--- 1536 as "1.5 kB".
function M.size(bytes)
  local units = { "bytes", "kB", "MB", "GB" }
  local i = 1
  while bytes >= 1024 and i < #units do
    bytes, i = bytes / 1024, i + 1
  end
  return (i == 1 and "%d %s" or "%.1f %s"):format(bytes, units[i])
end

return M
