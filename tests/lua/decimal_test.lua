-- SPDX-License-Identifier: MIT
local t = require "harness"
local describe, it, assert = t.describe, t.it, t.assert
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"

local function raises(class, text, fn)
  local err = assert.raises(fn, text)
  assert.equal(class, exceptions.is(err, "Exception") and err.name or type(err))
end

local function is(want, value)
  assert.is_true(decimal.is(value))
  assert.equal(want, tostring(value))
end

describe("decimal", function()
  it("is made of text and numbers", function()
    is("10.50", decimal "10.50")
    is("10", decimal(10))
    is("-9223372036854775808", decimal(math.mininteger))
    is("1E+3", decimal " 1e3 ")
    is("0.5", decimal(0.5))
    is("0.1000000000000000055511151231257827021181583404541015625", decimal(0.1))
    local d = decimal "7"
    assert.is_true(rawequal(d, decimal(d)))
    local long = ("123456789"):rep(100) .. "." .. ("0"):rep(99) .. "1"
    is(long, decimal(long))
  end)

  it("is made of nothing else", function()
    raises("ValueError", "'ten' is not a decimal number", function()
      decimal "ten"
    end)
    raises("ValueError", "is not a decimal number", function()
      decimal "1\0"
    end)
    raises("ValueError", "a decimal is always finite", function()
      decimal "NaN"
    end)
    raises("ValueError", "an infinity is not a finite number", function()
      decimal(math.huge)
    end)
    raises("ValueError", "limited to 1000 digits, this one has 1001", function()
      decimal(("9"):rep(1001))
    end)
    raises("ValueError", "the exponent of a decimal is limited to 1000", function()
      decimal "1E+5000"
    end)
    raises("TypeError", "a decimal is made of a string or a number, not nil", function()
      decimal(nil)
    end)
    raises("TypeError", "not a table", function()
      decimal {}
    end)
  end)

  it("is told from everything else", function()
    assert.is_true(decimal.is(decimal "1"))
    assert.is_false(decimal.is "1")
    assert.is_false(decimal.is(1))
    assert.is_false(decimal.is(nil))
    assert.is_false(decimal.is(io.stdout))
    assert.equal("userdata", type(decimal "1"))
  end)

  it("calculates with decimals and integers", function()
    is("11.50", decimal "10.50" + 1)
    is("0.3", decimal "0.1" + decimal "0.2")
    is("-9.50", 1 - decimal "10.50")
    is("59.97", decimal "19.99" * 3)
    is("0.3333333333333333333333333333", 1 / decimal(3))
    is("3", decimal(7) // 2)
    is("-3", decimal(-7) // 2)
    is("-1", decimal(-7) % 2)
    is("1.2100", decimal "1.10" ^ 2)
    is("0.5", decimal(2) ^ -1)
    is("8", 2 ^ decimal(3))
    is("-10.50", -decimal "10.50")
    is("9223372036854775808", decimal(math.maxinteger) + 1)
    local q, r = decimal "17.5":divmod(4)
    is("4", q)
    is("1.5", r)
    local total = decimal(0)
    for _ = 1, 1000 do
      total = total + decimal "0.10"
    end
    is("100.00", total)
  end)

  it("refuses floats and other types", function()
    raises("TypeError", 'cannot add a decimal and the float 0.1: floats are not exact; write the number in quotes, decimal "0.1", or use :to_number()', function()
      return decimal "1" + 0.1
    end)
    raises("TypeError", "cannot multiply a decimal and the float 2.0", function()
      return 2.0 * decimal "1"
    end)
    raises("TypeError", "cannot compare a decimal and the float 0.5", function()
      return decimal "1" < 0.5
    end)
    raises("TypeError", "cannot subtract a decimal and the string '1'", function()
      return decimal "1" - "1"
    end)
    raises("TypeError", "cannot divide a decimal and nil", function()
      return decimal "1" / nil
    end)
    raises("TypeError", "cannot compare a decimal and a table", function()
      return decimal "1" <= {}
    end)
    raises("ValueError", "the exponent of a decimal is a whole number within 64 bits", function()
      return decimal "2" ^ decimal "0.5"
    end)
  end)

  it("says what cannot be calculated", function()
    for _, fn in ipairs {
      function() return decimal "1" / 0 end,
      function() return 1 // decimal "0.00" end,
      function() return decimal "1" % 0 end,
      function() return decimal "0" ^ -1 end,
    } do
      raises("ZeroDivisionError", "cannot divide a decimal by zero", fn)
    end
    raises("OverflowError", "the exponent of a decimal is limited to 1000", function()
      return decimal "1E+600" * decimal "1E+600"
    end)
    raises("OverflowError", "more than 28 digits", function()
      return decimal "1E+40" // 3
    end)
    raises("ValueError", "a negative decimal has no square root", function()
      decimal(-1):sqrt()
    end)
  end)

  it("compares by value", function()
    assert.is_true(decimal "1.0" == decimal "1.00")
    assert.is_true(decimal "1.0" ~= decimal "1.01")
    assert.is_true(decimal "-0" == decimal "0")
    assert.is_true(decimal "1" < decimal "1.5")
    assert.is_true(decimal "1" < 2 and 2 > decimal "1" and 1 <= decimal "1.0")
    assert.is_false(decimal "1" >= 2)
    assert.is_true(decimal "100" > decimal "1E+1")
    -- Lua itself never asks whether a number and another value are equal
    assert.is_false(decimal "1" == 1)
    assert.is_true(decimal.equal(decimal "1.00", 1))
    assert.is_true(decimal.equal(1, decimal "1.00"))
    assert.is_false(decimal.equal(decimal "1.01", 1))
    assert.is_false(decimal "1" == io.stdout)
    assert.equal(-1, decimal "1":compare(2))
    assert.equal(0, decimal "2.0":compare(2))
    assert.equal(1, decimal "3":compare(decimal "2.99"))
    raises("TypeError", "cannot compare a decimal and the float 1.0", function()
      decimal.equal(decimal "1", 1.0)
    end)
    local prices = { decimal "3", decimal "0.5", decimal "1E+1", decimal "-2" }
    table.sort(prices)
    assert.equal("-2 0.5 3 1E+1", table.concat({ tostring(prices[1]), tostring(prices[2]), tostring(prices[3]), tostring(prices[4]) }, " "))
  end)

  it("rounds", function()
    is("10.26", decimal "10.255":quantize("0.01", "ROUND_HALF_UP"))
    is("10.26", decimal "10.255":quantize(decimal "0.01"))
    is("10.24", decimal "10.245":quantize "0.01")
    is("10.24", decimal "10.249":quantize("0.01", decimal.ROUND_DOWN))
    is("11", decimal "10.249":quantize(1, decimal.ROUND_CEILING))
    is("2", decimal "2.5":round())
    is("3", decimal "2.5":round(0, "ROUND_HALF_UP"))
    is("2.35", decimal "2.345":round(2, "ROUND_HALF_UP"))
    is("1.2E+3", decimal "1234":round(-2))
    raises("ValueError", "unknown rounding 'ROUND_HALFUP'; did you mean 'ROUND_HALF_UP'?", function()
      decimal "1":quantize("0.1", "ROUND_HALFUP")
    end)
    raises("TypeError", 'quantize wants a decimal or a string such as "0.01", not the float 0.01', function()
      decimal "1":quantize(0.01)
    end)
    raises("OverflowError", "the number takes more than 28 digits", function()
      decimal "1E+30":quantize "0.01"
    end)
  end)

  it("becomes text and numbers", function()
    assert.equal("price: 10.50 €", "price: " .. decimal "10.50" .. " €")
    assert.equal("10.507", decimal "10.50" .. 7)
    assert.equal("10.50", ("%s"):format(decimal "10.50"))
    assert.equal(19.99, decimal "19.99":to_number())
    assert.equal("float", math.type(decimal "2":to_number()))
    assert.equal(1200, decimal "1.2E+3":to_integer())
    assert.equal("integer", math.type(decimal "2.00":to_integer()))
    assert.equal("0.0000001", decimal "1E-7":to_fixed())
    assert.equal("1000.00", decimal "1E+3":to_fixed(2))
    assert.equal("2.35", decimal "2.345":to_fixed(2, "ROUND_HALF_UP"))
    raises("ValueError", "the decimal is not a whole number", function()
      decimal "1.5":to_integer()
    end)
    raises("OverflowError", "does not fit an integer of 64 bits", function()
      decimal "1E+19":to_integer()
    end)
    raises("OverflowError", "too large for a float", function()
      decimal "1E+400":to_number()
    end)
    raises("TypeError", "cannot concatenate a decimal and nil", function()
      return decimal "1" .. nil
    end)
  end)

  it("knows its parts", function()
    local d = decimal "-123.450"
    is("123.450", d:abs())
    is("-123.45", d:normalize())
    is("1E+2", decimal "100":normalize())
    is("1.414213562373095048801688724", decimal(2):sqrt())
    assert.equal(-1, d:sign())
    assert.equal(0, decimal "-0.0":sign())
    assert.is_true(d:is_negative())
    assert.is_false(decimal "-0":is_negative())
    assert.is_true(decimal "0.00":is_zero())
    assert.is_false(d:is_integer())
    assert.is_true(decimal "5.00":is_integer())
    assert.equal(6, d:digits())
    assert.equal(-3, d:exponent())
    assert.equal(2, d:adjusted())
    raises("AttributeError", "perilune.decimal.Decimal has no field 'quantise'; did you mean 'quantize'?", function()
      return d.quantise
    end)
    raises("AttributeError", "perilune.decimal.Decimal", function()
      d.value = 1
    end)
  end)
end)

t.finish()
