-- SPDX-License-Identifier: MIT
-- How Django names indexes and constraints (interop: the same names, or two sites that share
-- a database would make two of each).
local crypto = require "perilune._crypto"

local M = {}

local function digest(length, ...)
  return crypto.hex(crypto.digest("md5", table.concat { ... })):sub(1, length)
end
M.digest = digest

--- <table>_<columns>_<digest><suffix>, cut to `max` characters.
function M.index_name(table_name, columns, suffix, max)
  suffix = suffix or ""
  local name = table_name:gsub('^.*"%."', ""):gsub('"', "")
  local tail = digest(8, name, table.unpack(columns)) .. suffix
  local joined = table.concat(columns, "_")
  local full = name .. "_" .. joined .. "_" .. tail
  if #full <= max then
    return full
  end
  if #tail > max // 3 then
    tail = tail:sub(1, max // 3)
  end
  local n = (max - #tail) // 2 - 1
  full = ("%s_%s_%s"):format(name:sub(1, n), joined:sub(1, n), tail)
  if full:match "^[_%d]" then
    full = "D" .. full:sub(1, -2)
  end
  return full
end

return M
