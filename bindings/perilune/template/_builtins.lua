-- SPDX-License-Identifier: MIT
-- Built-in tags that are written in Lua.
local html = require "perilune.utils.html"
local pretty = require "perilune._pretty"
local settings = require "perilune.settings"

local register = require "perilune.template._library"()
local sorted_keys = require "perilune._sorted_keys"

--- {% debug %}: the variables and the modules that are loaded; nothing unless
--- settings.debug is on.
register:tag("debug", function()
  return function(context)
    if not settings.get("debug", false) then
      return ""
    end
    local modules = sorted_keys(package.loaded)
    return tostring(html.escape(pretty.show(context:flatten()) .. "\n\n" .. table.concat(modules, "\n")))
  end
end)

return register
