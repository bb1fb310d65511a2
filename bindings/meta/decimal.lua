-- SPDX-License-Identifier: MIT
---@meta perilune.decimal

---Exact decimal numbers, as Python's `decimal` with its default context: values keep up to 1,000 digits and their zeros
---(`1.50`), results are rounded to 28 digits, half to even. Finite only.
---@class perilune.decimal
---@field ROUND_HALF_EVEN string to the nearest, ties to the even digit (the default)
---@field ROUND_HALF_UP string to the nearest, ties away from zero
---@field ROUND_HALF_DOWN string to the nearest, ties towards zero
---@field ROUND_UP string away from zero
---@field ROUND_DOWN string towards zero
---@field ROUND_CEILING string towards infinity
---@field ROUND_FLOOR string towards minus infinity
---@field ROUND_05UP string away from zero when the last digit kept is 0 or 5
---@overload fun(value: string|number|perilune.decimal.Decimal): perilune.decimal.Decimal `ValueError` for other text; a float gives all of its binary digits
local decimal = {}

---Is the value a decimal?
---@param value any
---@return boolean
function decimal.is(value) end

---Are two decimals or integers the same number? `==` says so for two decimals; between a decimal and a number Lua's `==`
---is always false. Raises `TypeError` for a float.
---@param a perilune.decimal.Decimal|integer
---@param b perilune.decimal.Decimal|integer
---@return boolean
function decimal.equal(a, b) end

---Calculates and compares with decimals and integers; a float raises `TypeError`, division by zero `ZeroDivisionError`,
---a result beyond E±1000 `OverflowError`. `//` and `%` cut towards zero: `decimal(-7) // 2` is -3. `^` takes whole exponents.
---@class perilune.decimal.Decimal
---@operator add(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator sub(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator mul(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator div(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator idiv(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator mod(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator pow(perilune.decimal.Decimal|integer): perilune.decimal.Decimal
---@operator unm: perilune.decimal.Decimal
---@operator concat(string|number|perilune.decimal.Decimal): string
local Decimal = {}

---Without its sign.
---@return perilune.decimal.Decimal
function Decimal:abs() end

---The power of ten of the first digit: 2 for 123.45.
---@return integer
function Decimal:adjusted() end

---@param other perilune.decimal.Decimal|integer
---@return -1|0|1
function Decimal:compare(other) end

---How many digits the coefficient has: 4 for 10.50, 1 for 0.00.
---@return integer
function Decimal:digits() end

---`a // b` and `a % b` at once.
---@param other perilune.decimal.Decimal|integer
---@return perilune.decimal.Decimal quotient
---@return perilune.decimal.Decimal rest
function Decimal:divmod(other) end

---The power of ten of the last digit: -2 for 10.50.
---@return integer
function Decimal:exponent() end

---Is it a whole number? 5.00 is.
---@return boolean
function Decimal:is_integer() end

---@return boolean # less than zero
function Decimal:is_negative() end

---@return boolean
function Decimal:is_zero() end

---Without trailing zeros: 1.50 becomes 1.5, 100 becomes 1E+2.
---@return perilune.decimal.Decimal
function Decimal:normalize() end

---With as many decimal places as `exponent` has: `price:quantize("0.01", "ROUND_HALF_UP")`. Raises `OverflowError` past 28 digits.
---@param exponent string|integer|perilune.decimal.Decimal
---@param rounding? string default `ROUND_HALF_EVEN`
---@return perilune.decimal.Decimal
function Decimal:quantize(exponent, rounding) end

---Rounded to a number of decimal places, which may be negative.
---@param places? integer default 0
---@param rounding? string default `ROUND_HALF_EVEN`
---@return perilune.decimal.Decimal
function Decimal:round(places, rounding) end

---@return -1|0|1
function Decimal:sign() end

---To 28 digits. Raises `ValueError` for a negative number.
---@return perilune.decimal.Decimal
function Decimal:sqrt() end

---Text without an exponent, rounded when `places` is given: `decimal "1E+3":to_fixed(2)` is "1000.00".
---@param places? integer
---@param rounding? string default `ROUND_HALF_EVEN`
---@return string
function Decimal:to_fixed(places, rounding) end

---Raises `ValueError` unless it is a whole number, `OverflowError` beyond 64 bits.
---@return integer
function Decimal:to_integer() end

---The nearest float. Raises `OverflowError` beyond the largest.
---@return number
function Decimal:to_number() end

return decimal
