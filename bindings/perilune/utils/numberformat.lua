-- SPDX-License-Identifier: MIT
-- Numbers with separators, as django.utils.numberformat. Digits that are not shown are
-- cut off, not rounded: whoever wants another value rounds it first.
local settings = require "perilune.settings"

local M = {}

local LONGEST = 200 -- digits; numbers beyond it are shown with an exponent

--- The shortest text that reads back as the float n.
local function float_text(n)
  if n ~= n then
    return "nan"
  elseif n == math.huge or n == -math.huge then
    return n < 0 and "-inf" or "inf"
  end
  for precision = 15, 17 do
    local text = ("%." .. precision .. "g"):format(n)
    if tonumber(text) == n then
      return text
    end
  end
end

--- Sign, digits and power of ten of a decimal number; nil when text is none.
local function split(text)
  local sign, int, frac, exp = text:match("^([+-]?)(%d*)%.?(%d*)[eE]?([+-]?%d*)$")
  if not sign or int .. frac == "" or (exp == "" and text:find("[eE]")) then
    return nil
  end
  local digits = (int .. frac):gsub("^0+", "")
  return sign == "-" and "-" or "", digits == "" and "0" or digits, (tonumber(exp) or 0) - #frac
end

--- Digits times a power of ten without an exponent: "0.00012", "1200".
local function positional(digits, exp)
  if exp >= 0 then
    return digits == "0" and "0" or digits .. ("0"):rep(exp)
  end
  if #digits <= -exp then
    digits = ("0"):rep(1 - exp - #digits) .. digits
  end
  return digits:sub(1, exp - 1) .. "." .. digits:sub(exp)
end

--- What the number looks like without separators: text, exponent ("e+999" or "").
local function plain(number, decimal_pos)
  local is_float = math.type(number) == "float"
  local text = is_float and float_text(number) or tostring(number)
  local sign, digits, exp = split(text)
  if type(number) == "string" or not sign then
    return text, ""
  end
  local point = #digits + exp -- where it stands, from the first digit
  if is_float and point > -4 and point <= 16 then
    text = sign .. positional(digits, exp)
    return exp >= 0 and text .. ".0" or text, ""
  end
  if decimal_pos and (digits == "0" or point <= -math.max(decimal_pos, 1)) then
    return "0", "" -- too small to be seen; and then it has no sign
  end
  if math.abs(exp) + #digits > LONGEST then
    local power = point - 1
    local mantissa = #digits > 1 and digits:sub(1, 1) .. "." .. digits:sub(2) or digits
    return sign .. mantissa, ("e%s%d"):format(power < 0 and "-" or "+", math.abs(power))
  end
  return sign .. positional(digits, exp), ""
end

local function group(int, grouping, separator)
  local intervals = type(grouping) == "table" and { table.unpack(grouping) } or { grouping, 0 }
  local groups, size = {}, table.remove(intervals, 1)
  while size > 0 and #int > size do
    table.insert(groups, 1, int:sub(-size))
    int = int:sub(1, -size - 1)
    local next_size = table.remove(intervals, 1)
    size = next_size and next_size ~= 0 and next_size or size
  end
  table.insert(groups, 1, int)
  return table.concat(groups, separator)
end

local function grouped(opts)
  local wanted = opts.force_grouping
    or (opts.use_l10n ~= false and settings.get("use_thousand_separator", false))
  local grouping = opts.grouping or 0
  return wanted and grouping ~= 0 and grouping or nil
end

--- format(number, ".", { decimal_pos = 2, grouping = 3, thousand_sep = ",", force_grouping = true })
--- `grouping` may be a list of sizes from the right, ended by 0: { 3, 2, 0 }.
function M.format(number, decimal_sep, opts)
  opts = opts or {}
  if number == nil then
    return "None"
  elseif number == "" then
    return ""
  end
  local decimal_pos = opts.decimal_pos
  local text, exponent = plain(number, decimal_pos)
  local sign, int, frac = text:match("^(%-?)([^.]*)%.?(.*)$")
  if decimal_pos then
    frac = frac:sub(1, decimal_pos)
    frac = frac .. ("0"):rep(decimal_pos - #frac)
  end
  local grouping = grouped(opts)
  if grouping then
    int = group(int, grouping, opts.thousand_sep or "")
  end
  return sign .. int .. (frac ~= "" and decimal_sep .. frac or "") .. exponent
end

return M
