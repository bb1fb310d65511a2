-- SPDX-License-Identifier: MIT
-- What Lua's io cannot say of files.
local M = {}

--- Bytes that are free on the file system of `folder`, or nil where `df` is missing.
function M.free_bytes(folder)
  local quoted = "'" .. folder:gsub("'", "'\\''") .. "'"
  local pipe <close> = io.popen("df -Pk " .. quoted .. " 2>/dev/null")
  local text = pipe and pipe:read "a" or ""
  local kilobytes = text:match "\n%S+%s+%d+%s+%d+%s+(%d+)"
  return kilobytes and math.tointeger(tonumber(kilobytes)) * 1024
end

return M
