-- SPDX-License-Identifier: MIT
-- The Lua in docs/: each block is Lua (a file, a few lines, or entries of a table; … stands for
-- what is left out), and the modules that it asks for exist.
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function files()
  local pipe <close> = assert(io.popen "ls ../../README.md ../../docs/*.md ../../docs/guide/*.md")
  local list = {}
  for name in pipe:lines() do
    list[#list + 1] = name
  end
  return list
end

local function read(name)
  local file <close> = assert(io.open(name))
  return file:read "a"
end

-- { { line =, text = }, … }
local function blocks(text)
  local list, inside, line = {}, nil, 0
  for row in (text .. "\n"):gmatch "([^\n]*)\n" do
    line = line + 1
    if row == "```lua" then
      inside = { line = line, text = "" }
    elseif row == "```" and inside then
      list[#list + 1], inside = inside, nil
    elseif inside then
      inside.text = inside.text .. row .. "\n"
    end
  end
  return list
end

-- Something with a place for values and statements alike where the text has an ellipsis.
local function filled(text)
  return (text:gsub("…", " __left_out() "):gsub("%({%s*__left_out%(%)%s*}%)", "({})"))
end

local function compiles(text)
  local source = filled(text)
  local chunk, err = load(source, "=block", "t")
  return chunk or load("return {\n" .. source .. "\n}", "=block", "t") or load("return " .. source, "=block", "t"), err
end

describe("the documentation", function()
  it("has Lua that is Lua", function()
    local n, wrong = 0, {}
    for _, name in ipairs(files()) do
      for _, block in ipairs(blocks(read(name))) do
        n = n + 1
        local shown = block.text:find("-->", 1, true) -- values beside expressions: models_guide_test runs those
        local chunk, err = compiles(block.text)
        if not chunk and not shown then
          wrong[#wrong + 1] = ("%s:%d: %s"):format(name, block.line, err)
        end
      end
    end
    assert.equal("", table.concat(wrong, "\n"))
    assert.is_true(n > 50)
  end)

  it("asks for modules that exist", function()
    local wrong = {}
    for _, name in ipairs(files()) do
      for _, block in ipairs(blocks(read(name))) do
        for module in block.text:gmatch [[require%s*%(?%s*"(perilune[%w_.]*)"]] do
          local ok, err = pcall(require, module)
          -- What needs a project says so; what does not exist is not found.
          if not ok and tostring(err):find("module '" .. module .. "'", 1, true) then
            wrong[#wrong + 1] = ("%s:%d: %s"):format(name, block.line, module)
          end
        end
      end
    end
    assert.equal("", table.concat(wrong, "\n"))
  end)
end)

t.finish()
