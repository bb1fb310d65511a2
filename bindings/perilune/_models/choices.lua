-- SPDX-License-Identifier: MIT
-- TextChoices and IntegerChoices: Status = models.TextChoices{ { "DRAFT", "draft", "Draft" }, … }
-- gives Status.DRAFT == "draft", Status.choices, .labels, .values, .names.
local exceptions = require "perilune.exceptions"

local M = {}

local function words(name)
  return (name:lower():gsub("_", " "):gsub("^%l", string.upper):gsub(" %l", string.upper))
end

local function enumeration(kind, check)
  return function(spec)
    local self = { choices = {}, labels = {}, values = {}, names = {} }
    local by_value = {}
    for i, row in ipairs(spec) do
      local name, value, label = row[1], row[2], row[3]
      if value == nil then
        value = kind == "TextChoices" and name or i
      end
      if type(name) ~= "string" or not check(value) then
        error(exceptions.TypeError(("%s: item %d is { name, value, label }"):format(kind, i)), 2)
      elseif by_value[value] ~= nil then
        error(exceptions.ValueError(("%s: the value of '%s' is that of '%s' too"):format(kind, name, by_value[value])), 2)
      end
      label = label or words(name)
      by_value[value] = name
      self[name] = value
      self.names[i], self.values[i], self.labels[i] = name, value, label
      self.choices[i] = { value, label }
    end
    if spec.empty then
      table.insert(self.choices, 1, { "", spec.empty })
    end
    return setmetatable(self, {
      __name = "perilune.models." .. kind,
      __index = function(_, key)
        error(exceptions.AttributeError(("%s has no '%s'"):format(kind, tostring(key))), 2)
      end,
    })
  end
end

M.TextChoices = enumeration("TextChoices", function(v)
  return type(v) == "string"
end)
M.IntegerChoices = enumeration("IntegerChoices", function(v)
  return math.type(v) == "integer"
end)
M.Choices = enumeration("Choices", function(v)
  return v ~= nil
end)

return M
