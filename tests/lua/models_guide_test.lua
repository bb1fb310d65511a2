-- SPDX-License-Identifier: MIT
-- The examples of docs/guide/models.md and queries.md: they run, and what stands behind --> is
-- what comes out.
local t = require "harness"
local models = require "perilune.models"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local function read(name)
  local file = assert(io.open("../../docs/guide/" .. name))
  local text = file:read "a"
  file:close()
  return text
end

-- "expression   --> text" as a check; an "end)" closes an expression that began above.
local function line_of(line)
  local code, want = line:match "^(.-)%s+%-%->%s(.*)$"
  if not code then
    return line
  elseif code == "end)" then
    return ("end), %q)"):format(want)
  end
  return ("__check(%s, %q)"):format(code:find("^Product.objects:filter.*delete%(%)$") and "(" .. code .. ")" or code, want)
end

local function source_of(text)
  local out = {}
  for block in text:gmatch "```lua\n(.-)```" do
    local lines = {}
    for line in block:gmatch "([^\n]*)\n" do
      lines[#lines + 1] = line_of(line)
    end
    out[#out + 1] = table.concat(lines, "\n"):gsub("\n#db%.capture", "\n__check(#db.capture")
    out[#out + 1] = #out == 1 and "__create(Category, Tag, Product)" or ""
  end
  return table.concat(out, "\n")
end

describe("the guide", function()
  it("shows what happens", function()
    local checked = 0
    local real = models.Model
    local env = setmetatable({
      __check = function(got, want)
        checked = checked + 1
        assert.equal(want, tostring(got))
      end,
      __create = world.create,
      __model = function(name, members)
        members.Meta = members.Meta or {}
        members.Meta.app_label = "shop"
        return real(name, members)
      end,
    }, { __index = _G })
    local source = (source_of(read "models.md") .. "\n" .. source_of(read "queries.md"):gsub("__create%(.-%)", "")):gsub("models%.Model%(", "__model(")
    assert(load(source, "=guide", "t", env))()
    assert.is_true(checked > 30)
  end)
end)

t.finish()
