-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local limits, streams, waits = require "limits", require "streams", require "waits"
local version = require "version"
local path = urls.path

-- The worker's process id, without a library for it.
local function pid()
  local f <close> = io.open "/proc/self/stat"
  return f:read "n" .. ""
end

local routes = {
  path("", function() return "ok" end),
  path("pid", pid),
  path("version", function() return version end),
}
-- Every function of these modules is a view under its name.
for prefix, module in pairs { limits = limits, streams = streams, waits = waits } do
  local names = {}
  for name in pairs(module) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    routes[#routes + 1] = path(prefix .. "/" .. name, module[name])
  end
end
return routes
