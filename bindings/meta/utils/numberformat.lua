-- SPDX-License-Identifier: MIT
---@meta perilune.utils.numberformat

---Numbers with separators.
---@class perilune.utils.numberformat
local numberformat = {}

---@class perilune.utils.numberformat.Opts
---@field decimal_pos? integer digits behind the separator; more are cut off
---@field grouping? integer|integer[] digits in a group, 0; a list goes from the right and ends with 0
---@field thousand_sep? string ""
---@field force_grouping? boolean group even when `settings.use_thousand_separator` is off
---@field use_l10n? boolean false: the setting does not count

---@param number number|string|perilune.decimal.Decimal|nil nil gives "None"
---@param decimal_sep string
---@param opts? perilune.utils.numberformat.Opts
---@return string
function numberformat.format(number, decimal_sep, opts) end

return numberformat
