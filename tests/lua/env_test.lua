-- SPDX-License-Identifier: MIT
local env = require "perilune.env"
local exceptions = require "perilune.exceptions"
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert

local function parse(text)
  return env._parse(text, ".env")
end

describe(".env", function()
  it("has keys and values", function()
    assert.same({ A = "1", B_2 = "two words", C = "" }, parse "A=1\nB_2 = two words  \nC=\n")
  end)

  it("may use export, comments, empty lines and other line ends", function()
    assert.same({ A = "1", B = "x#y", C = "#c", D = "" }, parse "\239\187\191# first\r\n\r\n  export A=1 # why\r\nB=x#y\nC=#c\nD= # nothing")
  end)

  it("keeps single quotes as they are", function()
    assert.same({ A = [[a "b" \n # $c]] }, parse [[A='a "b" \n # $c' # comment]])
  end)

  it("reads escapes in double quotes", function()
    assert.same({ A = "a\n\t\"b\"\\ $c \\d" }, parse [[A="a\n\t\"b\"\\ \$c \d"]])
  end)

  it("lets quoted values go over lines", function()
    assert.same({ KEY = "-----\nabc\n-----", B = "2" }, parse "KEY=\"-----\nabc\n-----\"\nB=2")
  end)

  it("takes the last of two", function()
    assert.same({ A = "2" }, parse "A=1\nA=2")
  end)

  it("replaces nothing inside of values", function()
    assert.same({ A = "1", B = "${A} $A" }, parse "A=1\nB=${A} $A")
  end)

  it("names the line that is wrong", function()
    assert.raises(function() parse "A=1\nnonsense" end, ".env:2: 'nonsense' is no assignment; lines are KEY=value")
    assert.raises(function() parse "KEY: value" end, "separated by '='")
    assert.raises(function() parse "A=1\n\n1B=2" end, ".env:3: ")
    assert.raises(function() parse "A=1\nB='x\ny\n" end, ".env:2: the quote ' is never closed")
    assert.raises(function() parse "A='x\ny' z\n" end, ".env:2: unexpected text behind the closing quote of A: ' z'")
    local err = assert.raises(function() parse "=" end)
    assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
  end)

  it("is linear in its length", function()
    local text = ("KEY='" .. ("x"):rep(50) .. "' # y\n"):rep(20000)
    local start = os.clock()
    parse(text)
    assert.is_true(os.clock() - start < 2)
  end)
end)

describe("env", function()
  it("reads the environment", function()
    assert.equal(os.getenv "PATH", env "PATH")
    assert.equal(os.getenv "PATH", env("PATH", "default"))
  end)

  it("gives the default, nil included", function()
    assert.equal("d", env("PERILUNE_NOT_SET", "d"))
    assert.is_nil(env("PERILUNE_NOT_SET", nil))
    assert.is_nil(env.int("PERILUNE_NOT_SET", nil))
    assert.same({ "a" }, env.list("PERILUNE_NOT_SET", { "a" }))
    assert.equal(false, env.bool("PERILUNE_NOT_SET", false))
  end)

  it("says what is missing, and where it was asked for", function()
    local err = assert.raises(function() env "PERILUNE_NOT_SET" end, "environment variable 'PERILUNE_NOT_SET' is not set and has no default")
    assert.is_true(exceptions.is(err, "ImproperlyConfigured"))
    assert.is_true(err.message:find("^[^:]*env_test.lua:%d+: ") ~= nil)
    assert.raises(function() env.bool "PERILUNE_NOT_SET" end, "'PERILUNE_NOT_SET' is not set")
  end)

  it("refuses what does not fit", function()
    assert.raises(function() env.int "PATH" end, "it must be a whole number")
    assert.raises(function() env.float "PATH" end, "it must be a number")
    assert.raises(function() env.bool "PATH" end, "it must be true or false")
    assert.raises(function() env.json "PATH" end, "it must be JSON")
  end)

  it("knows its names", function()
    assert.raises(function() return env.bol "X" end, "env has no 'bol'; did you mean 'bool'?")
    assert.raises(function() env() end, "env() takes the name of a variable")
  end)
end)

t.finish()
