-- SPDX-License-Identifier: MIT
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local json = require "perilune.json"
local null = require "perilune.null"
local decimal = require "perilune.decimal"
local time = require "perilune.time"
local fiber = require "perilune.fiber"
local exceptions = require "perilune.exceptions"

local function raises(class, text, fn)
  local err = assert.raises(fn, text)
  assert.equal(class, exceptions.is(err, "Exception") and err.name or type(err))
  return err
end

local function encodes(want, value, options)
  assert.equal(want, json.encode(value, options))
end

local function refuses(class, text, value, options)
  return raises(class, text, function()
    json.encode(value, options)
  end)
end

describe("null", function()
  it("is one value with a name", function()
    assert.equal("null", tostring(null))
    assert.is_true(null == json.null)
    assert.is_true(null ~= nil and null and true)
    local counts = { [null] = 2 }
    assert.equal(2, counts[null])
  end)

  it("has no fields", function()
    raises("TypeError", "perilune.null has no fields, so no 'name'; compare with == first", function()
      return null.name
    end)
    raises("TypeError", "perilune.null has no fields", function()
      null.name = 1
    end)
    assert.equal("perilune.null", getmetatable(null))
  end)
end)

describe("encode", function()
  it("writes scalars", function()
    encodes("null", null)
    encodes("null", nil)
    encodes("true", true)
    encodes("false", false)
    encodes("0", 0)
    encodes("-9223372036854775808", math.mininteger)
    encodes("1.0", 1.0)
    encodes("-0.0", -0.0)
    encodes("0.1", 0.1)
    encodes("0.30000000000000004", 0.1 + 0.2)
    encodes("1e+22", 1e22)
    encodes('"text"', "text")
    raises("string", "value expected", function()
      json.encode()
    end)
  end)

  it("writes strings in ASCII, or as they are", function()
    encodes([["\"\\/\b\f\n\r\t\u0000\u001f\u007f"]], "\"\\/\b\f\n\r\t\0\x1f\x7f")
    encodes([["caf\u00e9 \u20ac \ud83c\udf19"]], "café € 🌙")
    encodes('"café € 🌙"', "café € 🌙", { ensure_ascii = false })
    encodes('{"\\u00e9":"\\u00e9"}', { ["é"] = "é" })
  end)

  it("tells lists from objects", function()
    encodes("{}", {})
    encodes("[]", json.array {})
    encodes("[1,2,3]", { 1, 2, 3 })
    encodes("[null,[[]],{}]", { null, { json.array() }, {} })
    encodes('{"a":{"b":[{"c":1}]}}', { a = { b = { { c = 1 } } } })
    local list = {}
    for i = 1, 1000 do
      list[i] = i % 10
    end
    encodes("[" .. table.concat(list, ",") .. "]", list)
  end)

  it("sorts keys by their bytes", function()
    encodes('{"A":1,"B":2,"a":3,"aa":4,"b":5,"\\u00e9":6}', { b = 5, a = 3, aa = 4, B = 2, A = 1, ["é"] = 6 })
    encodes('{"":0}', { [""] = 0 })
    local object, want = {}, {}
    for i = 1, 200 do
      local key = ("k%03d"):format(i)
      object[key] = i
      want[i] = ('"%s":%d'):format(key, i)
    end
    encodes("{" .. table.concat(want, ",") .. "}", object)
    assert.same(object, json.decode(json.encode(object, { sort_keys = false })))
    local deep = {}
    for i = 1, 40 do
      deep[("o%02d"):format(i)] = { x = { z = i, y = {} }, a = 1 }
    end
    assert.same(deep, json.decode(json.encode(deep)))
  end)

  it("takes separators and indent", function()
    local value = { a = { 1, 2 }, b = {}, c = json.array {} }
    encodes('{"a": [1, 2], "b": {}, "c": []}', value, { separators = { ", ", ": " } })
    encodes('{\n  "a": [\n    1,\n    2\n  ],\n  "b": {},\n  "c": []\n}', value, { indent = 2 })
    encodes('{\n"a": [\n1,\n2\n],\n"b": {},\n"c": []\n}', value, { indent = 0 })
    encodes('{\n "a"=[\n  1;\n  2\n ];\n "b"={};\n "c"=[]\n}', value, { indent = 1, separators = { ";", "=" } })
  end)

  it("writes decimals, dates and what has __tojson", function()
    encodes('{"price":"19.90"}', { price = decimal "19.90" })
    encodes('["2026-01-31","2026-01-31T12:05:00Z"]', { time.date(2026, 1, 31), time.datetime { year = 2026, month = 1, day = 31, hour = 12, minute = 5, tz = "UTC" } })
    local Point = { __name = "Point" }
    function Point.__tojson(p)
      return { x = p.x, y = p.y }
    end
    encodes('[{"x":1,"y":{"x":2,"y":null}}]', { setmetatable({ x = 1, y = setmetatable({ x = 2, y = null }, Point) }, Point) })
    encodes('{"a":1}', setmetatable({ a = 1 }, { __index = { b = 2 } }))
  end)

  it("survives hooks that change what is being written", function()
    local object = {}
    local hook = setmetatable({}, { __tojson = function()
      for k in pairs(object) do
        object[k] = nil
      end
      collectgarbage()
      return json.encode { inner = string.rep("x", 300) }
    end })
    for i = 1, 50 do
      object[("key %03d"):format(i)] = "value " .. i
    end
    object["a hook"] = hook
    local text = json.encode(object)
    assert.is_true(text:find('"key 050":"value 50"}', 1, true) ~= nil)
    assert.equal('{"inner":"' .. string.rep("x", 300) .. '"}', json.decode(text)["a hook"])
    local list = { hook, 2, 3 }
    hook = setmetatable({}, { __tojson = function()
      list[2], list[3] = nil, nil
      return "gone"
    end })
    list[1] = hook
    encodes('["gone",null,null]', list)
    local options = { separators = { (", "):rep(2), ": " } }
    hook = setmetatable({}, { __tojson = function()
      options.separators = nil
      collectgarbage()
      return 1
    end })
    encodes('{"a": 1, , "b": 2}', { a = hook, b = 2 }, options)
  end)

  it("raises what a hook raises, and works on", function()
    local failing = setmetatable({}, { __tojson = function()
      error(exceptions.ValueError "not today")
    end })
    raises("ValueError", "not today", function()
      json.encode { a = { failing } }
    end)
    assert.equal("plain", select(2, pcall(json.encode, setmetatable({}, { __tojson = function()
      error("plain", 0)
    end }))))
    encodes("[1]", { 1 })
  end)

  it("waits in hooks without mixing texts", function()
    local function writer(name, seconds)
      return function()
        local slow = setmetatable({}, { __tojson = function()
          time.sleep(seconds)
          return name
        end })
        return json.encode { slow, { slow }, name }
      end
    end
    local a, b = fiber.gather { writer("a", 0.004), writer("b", 0.001) }
    assert.equal('["a",["a"],"a"]', a)
    assert.equal('["b",["b"],"b"]', b)
  end)

  it("names the place of what it cannot write", function()
    refuses("TypeError", "cannot encode a function at $.a[3]", { a = { 1, 2, print } })
    refuses("TypeError", "cannot encode a thread at $", coroutine.create(print))
    refuses("TypeError", "cannot encode a FILE* (it has no __tojson) at $[\"my file\"]", { ["my file"] = io.stdout })
    refuses("TypeError", "cannot encode a Shop (it has no __tojson) at $[1]", { setmetatable({}, { __name = "Shop" }) })
    refuses("TypeError", "cannot encode a table with both list items and the key 'x'; use one kind of keys at $", { 1, x = 2 })
    refuses("TypeError", "cannot encode a key of type boolean (keys are strings) in the table at $.flags", { flags = { [true] = 1 } })
    refuses("TypeError", "cannot encode a table with the key 7, but no 1", { [7] = "seven" })
    refuses("TypeError", "cannot encode a list with holes", { 1, 2, nil, 4 })
    refuses("TypeError", "cannot encode a table with both list items and the key 'a'", json.array { a = 1 })
    refuses("ValueError", "cannot encode the number NaN, which JSON does not have, at $.x", { x = 0 / 0 })
    refuses("ValueError", "the number -Infinity", -math.huge)
    refuses("ValueError", "cannot encode a string that is not valid UTF-8 (byte 3: 0xff) at $.s", { s = "ab\xff" })
    refuses("ValueError", "cannot encode a key: a string that is not valid UTF-8", { ["\xff"] = 1 })
  end)

  it("says where it was called", function()
    local err = refuses("TypeError", "a function", print)
    assert.is_true(tostring(err.where):find("json_test.lua:", 1, true) ~= nil)
  end)

  it("finds cycles by their depth", function()
    local cycle = {}
    cycle.me = cycle
    refuses("ValueError", "nested deeper than 200 levels, or contains itself, at $....", cycle)
    local list = {}
    list[1] = list
    refuses("ValueError", "contains itself", list)
    local ok = {}
    for _ = 1, 199 do
      ok = { ok }
    end
    assert.equal(("["):rep(199) .. "{}" .. ("]"):rep(199), json.encode(ok))
    refuses("ValueError", "contains itself", { { ok } })
    local forever = setmetatable({}, { __tojson = function(v)
      return v
    end })
    refuses("ValueError", "what __tojson gives, deeper than 200 levels", forever)
  end)

  it("knows its options", function()
    refuses("TypeError", "json.encode: unknown option 'sort_key'; did you mean 'sort_keys'?", {}, { sort_key = true })
    refuses("TypeError", "option 'indent' is a number of spaces from 0 to 16, not 99", {}, { indent = 99 })
    refuses("TypeError", "option 'separators' is a table of two strings", {}, { separators = { "," } })
    refuses("TypeError", "option 'sort_keys' is a boolean, not yes", {}, { sort_keys = "yes" })
    raises("string", "table expected", function()
      json.encode({}, 2)
    end)
  end)
end)

describe("array", function()
  it("marks a table as a list", function()
    local list = {}
    assert.is_true(json.array(list) == list)
    assert.is_true(json.array(list) == list)
    assert.is_true(json.is_array(list))
    assert.is_false(json.is_array {})
    assert.is_false(json.is_array(1))
    list[1] = "a"
    encodes('["a"]', list)
    list[1] = nil
    encodes("[]", list)
  end)

  it("keeps what the table is", function()
    raises("TypeError", "the table has a metatable", function()
      json.array(setmetatable({}, { __index = {} }))
    end)
    raises("string", "table expected", function()
      json.array "text"
    end)
  end)
end)

describe("decode", function()
  it("reads values", function()
    assert.is_true(json.decode "null" == null)
    assert.is_true(json.decode " true ")
    assert.equal(-12, json.decode "-12")
    assert.equal("integer", math.type(json.decode "12"))
    assert.equal("float", math.type(json.decode "12.0"))
    assert.equal(0.1, json.decode "0.1")
    assert.equal(math.mininteger, json.decode "-9223372036854775808")
    assert.equal('a"\\/\b\f\n\r\té€🌙', json.decode [["a\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83c\udf19"]])
    assert.equal(("x"):rep(1000) .. "\n", json.decode('"' .. ("x"):rep(1000) .. '\\n"'))
    local value = json.decode '{"a": [1, {"b": null}], "c": {}, "d": ""}'
    assert.same({ a = json.array { 1, { b = null } }, c = {}, d = "" }, value)
  end)

  it("keeps empty lists and objects apart", function()
    for _, text in ipairs { "[]", "{}", '{"a":[],"b":{},"c":[[],{}]}', "[1]" } do
      encodes(text, json.decode(text))
    end
    assert.is_true(json.is_array(json.decode "[1,2]"))
  end)

  it("takes the last of equal keys", function()
    assert.same({ a = 3, b = 2 }, json.decode '{"a":1,"b":2,"a":3}')
    local members = {}
    for i = 1, 100 do
      members[i] = ('"k":%d'):format(i)
    end
    assert.same({ k = 100 }, json.decode("{" .. table.concat(members, ",") .. "}"))
  end)

  it("reads long lists and objects", function()
    for _, n in ipairs { 1, 31, 32, 33, 63, 64, 65, 1000 } do
      local list, object = json.array {}, {}
      for i = 1, n do
        list[i] = { ["k" .. i] = i }
        object["k" .. i] = i
      end
      assert.same(list, json.decode(json.encode(list)))
      assert.same(object, json.decode(json.encode(object)))
    end
  end)

  it("says where it went wrong", function()
    for text, message in pairs {
      [""] = "invalid JSON: line 1 column 1: expected a value, found the end of the text",
      ['{"a":1,}'] = "line 1 column 8: expected a key in double quotes after ',', found '}'",
      ["[1,\n2,\n x]"] = "line 3 column 2: expected a value, found 'x'",
      ["{'a':1}"] = "line 1 column 2: expected a key in double quotes or '}', found '''",
      ["[1] 2"] = "line 1 column 5: expected the end of the text, found '2'",
      ['{"a":[{"b":tru}]}'] = "line 1 column 12: expected a value, found 't'",
      ["\xef\xbb\xbf1"] = "byte order mark",
      ["1e999"] = "too large",
      ["18446744073709551615"] = "the integer does not fit 64 bits; send it as a string",
      ['"\\ud800"'] = "lone surrogate",
      ['"\xff"'] = "invalid UTF-8",
      ["[NaN]"] = "NaN and Infinity are not JSON",
    } do
      raises("ValueError", message, function()
        json.decode(text)
      end)
    end
    raises("string", "string expected, got nil", function()
      json.decode(nil)
    end)
  end)

  it("limits the depth", function()
    local function nested(n)
      return ("["):rep(n) .. ("]"):rep(n)
    end
    assert.equal(nested(64), json.encode(json.decode(nested(64))))
    raises("ValueError", "nested deeper than 64 levels (json_max_depth)", function()
      json.decode(nested(65))
    end)
    json.decode(nested(1024), { max_depth = 1024 })
    json.decode(('{"a":'):rep(1024) .. "1" .. ("}"):rep(1024), { max_depth = 1024 })
    raises("ValueError", "nested deeper than 3 levels", function()
      json.decode(nested(1000000), { max_depth = 3 })
    end)
    raises("TypeError", "option 'max_depth' is a number from 1 to 1024, not 0", function()
      json.decode("1", { max_depth = 0 })
    end)
    raises("TypeError", "json.decode: unknown option 'depth'", function()
      json.decode("1", { depth = 3 })
    end)
  end)
end)

-- Rows of one list share the texts and the order of their keys: held against an encoder that
-- knows nothing of it.
describe("rows", function()
  local function slowly(value, options, level)
    local indent = options.indent
    local function line(depth)
      return indent and "\n" .. (" "):rep(indent * depth) or ""
    end
    if type(value) ~= "table" then
      return json.encode(value)
    elseif getmetatable(value) then
      return slowly(getmetatable(value).__tojson(value), options, level)
    end
    local items = {}
    if value[1] ~= nil then
      for i, item in ipairs(value) do
        items[i] = line(level + 1) .. slowly(item, options, level + 1)
      end
      return "[" .. table.concat(items, ",") .. line(level) .. "]"
    end
    local names = {}
    for name in pairs(value) do
      names[#names + 1] = name
    end
    table.sort(names)
    for i, name in ipairs(names) do
      items[i] = line(level + 1) .. json.encode(name) .. (indent and ": " or ":") .. slowly(value[name], options, level + 1)
    end
    return "{" .. table.concat(items, ",") .. (items[1] and line(level) or "") .. "}"
  end

  local names = { "id", "name", "a", "b", "price", "größe", "with \"quotes\"", ("k"):rep(50), ("k"):rep(41) }
  for i = 1, 20 do
    names[#names + 1] = "column" .. i
  end

  local function scalar()
    local values = { math.random(-1000000, 1000000), math.random(), "text", "ü", true, false, math.mininteger, 7, 10, 99, 100, "" }
    return values[math.random(#values)]
  end

  local function row(shape)
    local one = {}
    for _, name in ipairs(shape) do
      one[name] = scalar()
    end
    if math.random(8) == 1 then
      one[names[math.random(#names)]] = scalar()
    elseif math.random(8) == 1 then
      one[shape[math.random(#shape)] or "x"] = nil
    elseif math.random(12) == 1 then
      one.nested = { scalar(), { a = scalar(), b = { scalar() } }, {} }
    elseif math.random(12) == 1 then
      one.hooked = setmetatable({}, { __tojson = function()
        collectgarbage()
        return { id = scalar and 1, name = ("k"):rep(3) .. "x" }
      end })
    end
    return one
  end

  it("are what they would be one by one", function()
    math.randomseed(7)
    for _ = 1, 400 do
      local list, shape = {}, {}
      for i = 1, math.random(0, 20) do
        shape[i] = names[math.random(#names)]
      end
      for i = 1, math.random(12) do
        list[i] = math.random(10) == 1 and { scalar(), scalar() } or math.random(20) == 1 and scalar() or row(shape)
      end
      local options = math.random(4) == 1 and { indent = 2 } or {}
      encodes(slowly(list, options, 0), list, options)
      encodes(slowly({ rows = list, n = 1 }, options, 0), { rows = list, n = 1 }, options)
    end
  end)

  it("say where they are wrong", function()
    refuses("TypeError", "a function at $[2].name", { { id = 1, name = "x" }, { id = 2, name = print } })
    refuses("ValueError", "a string that is not valid UTF-8 (byte 1: 0xff) at $[2].name", { { id = 1, name = "x" }, { id = 2, name = "\xff" } })
    refuses("ValueError", "the number NaN, which JSON does not have, at $[1][2]", { { 1, 0 / 0 } })
    refuses("TypeError", "a table with both list items and the key 'x'", { { 1, x = 2 } })
  end)
end)

t.finish()
