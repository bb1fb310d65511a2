-- SPDX-License-Identifier: MIT
-- Lines of the author's: where something was called from, and how they read.
local core = require "perilune._core"

local M = {}

local function is_ours(source)
  return source:find("^@perilune/") ~= nil or source:sub(1, 1) ~= "@"
end

--- "shop/tests/test_models.lua:12", of the innermost function on the stack that is not the
--- framework's; nil when there is none.
function M.caller()
  for level = 2, 60 do
    local info = debug.getinfo(level, "Sl")
    if not info then
      return nil
    elseif info.currentline > 0 and not is_ours(info.source) then
      return info.source:sub(2) .. ":" .. info.currentline
    end
  end
end

local files = {}

local function lines_of(path)
  if files[path] == nil then
    local absolute = path:sub(1, 1) == "/" and path or core.project_dir and core.project_dir .. "/" .. path or path
    local file = io.open(absolute, "r")
    local lines = {}
    for line in file and file:lines() or function() end do
      lines[#lines + 1] = line
    end
    if file then
      file:close()
    end
    files[path] = lines
  end
  return files[path]
end

--- The text of the line that a place names, without white space around it; nil when it
--- cannot be read.
function M.line(where)
  local path, number = tostring(where):match("^(.-):(%d+)$")
  local line = path and lines_of(path)[tonumber(number)]
  return line and line:match("^%s*(.-)%s*$")
end

--- "file:line" of the innermost line of the author's in a traceback.
function M.of_traceback(text)
  for line in tostring(text or ""):gmatch("\n%s*([^\n]+)") do
    local where = line:match("^(.-:%d+): in ")
    if where and not where:find("^perilune/") and not where:find("^%[") then
      return where
    end
  end
end

return M
