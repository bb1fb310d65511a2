-- SPDX-License-Identifier: MIT
-- Values as bytes and back: every table comes out as it went in.
local json = require "perilune.json"
local pack = require "perilune._pack"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function back(value)
  return pack.unpack(pack.pack(value))
end

describe("tables", function()
  it("with holes, and with items that came in any order", function()
    local holes = { 1, nil, 3, nil, 5 }
    local backwards = {}
    for i = 40, 1, -1 do
      backwards[i] = i * i
    end
    local mixed = { x = 1, y = 2, z = 3 }
    mixed[1], mixed[2] = "a", "b"
    for _, value in ipairs { holes, backwards, mixed, {}, { {}, { {} } }, { [2] = 1 }, { [-1] = 0, [0] = 1, [1] = 2 } } do
      assert.same(value, back(value))
      assert.equal(#value, #back(value))
    end
  end)

  it("of every size", function()
    for _, n in ipairs { 1, 15, 16, 17, 127, 128, 129, 16383, 16384 } do
      local list, names = {}, {}
      for i = 1, n do
        list[i] = i
        names["k" .. i] = i
      end
      assert.same({ list, names, list = list }, back { list, names, list = list })
    end
  end)

  it("whose keys look alike, more of them than are remembered", function()
    local value = {}
    for length = 0, 40 do
      for i = 1, 30 do
        value[("a"):rep(length) .. i .. "z"] = i
        value["a" .. ("\0"):rep(length) .. i] = -i
      end
    end
    value[""], value[true], value[1.5], value[-7] = "", "yes", "number", "negative"
    for _ = 1, 3 do
      assert.same(value, back(value))
    end
  end)

  it("do not share what they hold", function()
    local bytes = pack.pack { row = { id = 1 } }
    local one, other = pack.unpack(bytes), pack.unpack(bytes)
    one.row.id = 2
    assert.equal(1, other.row.id)
  end)

  it("nested to the limit, and no further", function()
    local value = 1
    for _ = 1, 100 do
      value = { value }
    end
    assert.same(value, back(value))
    assert.raises(function() pack.pack { value } end, "deeper than 100 levels")
    assert.raises(function() pack.unpack(("\xc1"):rep(101) .. "\1") end, "nested too deep")
  end)

  it("that are marked as lists stay that", function()
    assert.is_true(json.is_array(back(json.array {})))
    assert.is_true(json.is_array(back(json.array { 1, 2 })))
    assert.is_false(json.is_array(back {}))
  end)
end)

describe("damaged bytes", function()
  it("are refused at every end, and with every byte changed", function()
    local bytes = pack.pack { id = 300, name = "Lamp", tags = { "a", "b" }, price = 1.5, deep = { { x = { 1 } } } }
    for n = 0, #bytes - 1 do
      assert.raises(function() pack.unpack(bytes:sub(1, n)) end, "packed data")
    end
    for i = 1, #bytes do
      for byte = 0, 255 do
        pcall(pack.unpack, bytes:sub(1, i - 1) .. string.char(byte) .. bytes:sub(i + 1))
      end
    end
    assert.raises(function() pack.unpack(bytes .. "\0") end, "goes on after its end")
  end)
end)

t.finish()
