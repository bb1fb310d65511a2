-- SPDX-License-Identifier: MIT
-- perilune middleware
local core = require "perilune._core"
local pipeline = require "perilune._pipeline"
local project = require "perilune._project"
local settings = require "perilune.settings"

-- Where the factory of a layer stands: "shop/middleware.lua:12".
local function place_of(name)
  local factory
  if core.module_exists(name) then
    factory = require(name)
  else
    local module, field = name:match "^(.+)%.([^.]+)$"
    local index = name:match "^middleware%[(%d+)%]$"
    if index then
      factory = settings.middleware[tonumber(index)]
    elseif module and core.module_exists(module) then
      factory = require(module)[field]
    end
  end
  if type(factory) ~= "function" then
    return "in C"
  end
  local info = debug.getinfo(factory, "S")
  return ("%s:%d"):format(info.source:gsub("^@", ""), info.linedefined)
end

local function handle(_, command)
  local chain, width = pipeline.chain(), #"LAYER"
  for _, name in ipairs(chain) do
    width = math.max(width, #name)
  end
  local function row(name, place)
    return name .. (" "):rep(width - #name + 2) .. place
  end
  command:write(command.style.label(row("LAYER", "WHERE")))
  for _, name in ipairs(chain) do
    command:write(row(name, place_of(name)))
  end
  for i = #project.left_out, 1, -1 do
    command:write(("%s took itself out: nothing in the settings asks for it"):format(project.left_out[i]))
  end
end

return {
  help = "list the middleware that runs, outermost first",
  description = "The layers every request goes through, in their order, and where each is written: what is left of\n"
    .. "settings.middleware after those with nothing to do took themselves out.",
  requires = "project",
  handle = handle,
}
