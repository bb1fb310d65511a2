-- SPDX-License-Identifier: MIT
---@meta perilune.utils.formats

---How dates and numbers are shown and read.
---@class perilune.utils.formats
local formats = {}

---@class perilune.utils.formats.Opts
---@field lang? string|false the current language; false: what the settings say
---@field use_l10n? boolean false: what the settings say

---@class perilune.utils.formats.NumberOpts: perilune.utils.formats.Opts
---@field decimal_pos? integer
---@field force_grouping? boolean

---A format by its name ("DATE_FORMAT", "DECIMAL_SEPARATOR", "DATE_INPUT_FORMATS"); any other text is given back.
---@param name string
---@param opts? perilune.utils.formats.Opts
---@return string|integer|string[]
function formats.get_format(name, opts) end

---@param value perilune.time.date|perilune.time.datetime
---@param format? string a name or a format, "DATE_FORMAT"
---@param opts? perilune.utils.formats.Opts
---@return string
function formats.date_format(value, format, opts) end

---@param value perilune.time.time|perilune.time.datetime
---@param format? string a name or a format, "TIME_FORMAT"
---@param opts? perilune.utils.formats.Opts
---@return string
function formats.time_format(value, format, opts) end

---@param value number|perilune.decimal.Decimal
---@param opts? perilune.utils.formats.NumberOpts
---@return string
function formats.number_format(value, opts) end

---Numbers, booleans, dates and times as they are shown; everything else unchanged.
---@param value any
---@param opts? perilune.utils.formats.Opts
---@return any
function formats.localize(value, opts) end

---The same as a form field has it.
---@param value any
---@param default? string strftime format for dates and times
---@return any
function formats.localize_input(value, default) end

---A number as it was typed, with a point and without separators. Other values come back unchanged.
---@param value any
---@return any
function formats.sanitize_separators(value) end

return formats
