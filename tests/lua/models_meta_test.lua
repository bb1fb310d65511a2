-- SPDX-License-Identifier: MIT
-- What editors are told of perilune.models is what there is.
local t = require "harness"
local models = require "perilune.models"
local describe, it, assert = t.describe, t.it, t.assert

local function read(name)
  local file = assert(io.open("../../bindings/meta/" .. name))
  local text = file:read "a"
  file:close()
  return text
end

-- Public names of a table that are not described, and described ones that are not there.
local function differences(object, described)
  local list = {}
  for name in pairs(object) do
    if name:sub(1, 1) ~= "_" and not described[name] then
      list[#list + 1] = "not described: " .. name
    end
  end
  for name in pairs(described) do
    if object[name] == nil then
      list[#list + 1] = "not there: " .. name
    end
  end
  table.sort(list)
  return list
end

local function names(text, ...)
  local found = {}
  for _, pattern in ipairs { ... } do
    for name in text:gmatch(pattern) do
      found[name] = true
    end
  end
  return found
end

describe("perilune.models", function()
  local text = read "models.lua"

  it("is described for editors, name by name", function()
    local fields = text:match "@class perilune.models\n(.-)\nlocal models"
    local described = names(text, "\nfunction models%.([%w_]+)")
    for name in pairs(names(fields, "@field ([%w_]+)")) do
      described[name] = true
    end
    assert.same({}, differences(models, described))
  end)

  it("so are QuerySets, instances and functions", function()
    assert.same({}, differences(models.QuerySet, names(text, "\nfunction QuerySet:([%w_]+)")))
    assert.same({}, differences(require("perilune._models.model").base, names(text, "\nfunction Instance:([%w_]+)")))
    assert.same({}, differences(models.functions, names(read "functions.lua", "@field ([%w_]+)")))
  end)
end)

t.finish()
