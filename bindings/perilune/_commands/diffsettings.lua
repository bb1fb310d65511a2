-- SPDX-License-Identifier: MIT
-- perilune diffsettings
local pretty = require "perilune._pretty"
local settings = require "perilune.settings"
local values = require "perilune._debug_values"

local MASK = pretty.quoted(values.MASK)

local function mask(name, value)
  if value == nil or value == "" or type(value) == "boolean" or type(value) == "number" then
    return nil
  end
  local secret = values.is_secret_setting(name, settings._row(name) ~= nil)
  if secret and not (type(value) == "table" and next(value) == nil) then
    return MASK
  end
end

local function shown(name, value)
  return mask(name, value) or pretty.show(value, { mask = mask, text = values.mask_urls })
end

local function handle(options, command)
  for _, name in ipairs(settings.names()) do
    local row = settings._row(name)
    local set = settings.is_overridden(name)
    local line = ("%s = %s"):format(name, shown(name, settings.get(name)))
    if options.output == "unified" then
      if set and row then
        command:write(("- %s = %s"):format(name, shown(name, row.default)))
        command:write("+ " .. line)
      elseif set then
        command:write("+ " .. line)
      elseif options.all then
        command:write("  " .. line)
      end
    elseif set then
      command:write(line .. (row and "" or "  ###"))
    elseif options.all then
      command:write("### " .. line)
    end
  end
end

return {
  help = "show what settings.lua changes",
  description = "Lists the settings that settings.lua sets; those behind ### are the project's own.\n"
    .. "With --all also the defaults, behind ###. Secrets are masked.",
  requires = "settings",
  arguments = {
    { "--all", flag = true, help = "the defaults as well" },
    { "--output", choices = { "hash", "unified" }, default = "hash", help = "unified: default and value below each other, as in a diff" },
  },
  handle = handle,
}
