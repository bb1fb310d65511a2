-- SPDX-License-Identifier: MIT
-- How dates and numbers are shown and read, as django.utils.formats. English has its
-- formats here; every other language, and no language, goes by the settings.
local dateformat = require "perilune.utils.dateformat"
local numberformat = require "perilune.utils.numberformat"
local settings = require "perilune.settings"
local time = require "perilune.time"

local M = {}

local INPUTS = {
  DATE_INPUT_FORMATS = {
    "%Y-%m-%d", "%m/%d/%Y", "%m/%d/%y", "%b %d %Y", "%b %d, %Y", "%d %b %Y", "%d %b, %Y",
    "%B %d %Y", "%B %d, %Y", "%d %B %Y", "%d %B, %Y",
  },
  TIME_INPUT_FORMATS = { "%H:%M:%S", "%H:%M:%S.%f", "%H:%M" },
  DATETIME_INPUT_FORMATS = {
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M",
    "%m/%d/%y %H:%M:%S", "%m/%d/%y %H:%M:%S.%f", "%m/%d/%y %H:%M",
  },
}

local ENGLISH = {
  DATE_FORMAT = "N j, Y",
  TIME_FORMAT = "P",
  DATETIME_FORMAT = "N j, Y, P",
  YEAR_MONTH_FORMAT = "F Y",
  MONTH_DAY_FORMAT = "F j",
  SHORT_DATE_FORMAT = "m/d/Y",
  SHORT_DATETIME_FORMAT = "m/d/Y P",
  FIRST_DAY_OF_WEEK = 0,
  DECIMAL_SEPARATOR = ".",
  THOUSAND_SEPARATOR = ",",
  NUMBER_GROUPING = 3,
}

-- What holds where the settings say nothing.
local FALLBACKS = setmetatable({ NUMBER_GROUPING = 0 }, { __index = ENGLISH })

--- Language of the moment; false: none. Translations replace it.
function M._language()
  return "en"
end

local function language(lang, use_l10n)
  if use_l10n == false then
    return false
  elseif lang == nil then
    return M._language()
  end
  return lang
end

local function is_english(lang)
  return lang == "en" or lang == "en-us"
end

--- A format by its name ("DATE_FORMAT"); any other text is a format itself.
--- opts: lang ("en"; false: what the settings say), use_l10n.
function M.get_format(name, opts)
  opts = opts or {}
  if INPUTS[name] then
    return table.move(INPUTS[name], 1, #INPUTS[name], 1, {})
  elseif FALLBACKS[name] == nil then
    return name
  elseif is_english(language(opts.lang, opts.use_l10n)) then
    return ENGLISH[name]
  end
  return settings.get(name:lower(), FALLBACKS[name])
end

--- date_format(value), date_format(value, "SHORT_DATE_FORMAT"), date_format(value, "j F")
function M.date_format(value, format, opts)
  return dateformat.format(value, M.get_format(format or "DATE_FORMAT", opts))
end

function M.time_format(value, format, opts)
  return dateformat.time_format(value, M.get_format(format or "TIME_FORMAT", opts))
end

--- opts: decimal_pos, use_l10n, force_grouping
function M.number_format(value, opts)
  opts = opts or {}
  return numberformat.format(value, M.get_format("DECIMAL_SEPARATOR", opts), {
    decimal_pos = opts.decimal_pos,
    grouping = M.get_format("NUMBER_GROUPING", opts),
    thousand_sep = M.get_format("THOUSAND_SEPARATOR", opts),
    force_grouping = opts.force_grouping,
    use_l10n = opts.use_l10n,
  })
end

-- By its class's name, so that numbers can be shown without the decimal module.
local function is_decimal(value)
  local mt = type(value) == "userdata" and getmetatable(value)
  local name = type(mt) == "table" and mt.__name or mt
  return type(name) == "string" and name:lower():find("decimal", 1, true) ~= nil
end

local function python_bool(value)
  return value and "True" or "False"
end

--- The value as it is shown: numbers, dates and times as text, everything else as it is.
function M.localize(value, opts)
  local kind = time.kind(value)
  if type(value) == "boolean" then
    return python_bool(value)
  elseif type(value) == "number" or is_decimal(value) then
    if opts and opts.use_l10n == false then
      return numberformat.format(value, ".", { use_l10n = false })
    end
    return M.number_format(value, opts)
  elseif kind == "datetime" then
    return M.date_format(value, "DATETIME_FORMAT", opts)
  elseif kind == "date" then
    return M.date_format(value, "DATE_FORMAT", opts)
  elseif kind == "time" then
    return M.time_format(value, "TIME_FORMAT", opts)
  end
  return value
end

local INPUT_OF = {
  datetime = "DATETIME_INPUT_FORMATS", date = "DATE_INPUT_FORMATS", time = "TIME_INPUT_FORMATS",
}

--- The value as a form field has it; `default` is a strftime format for dates and times.
function M.localize_input(value, default)
  local input = INPUT_OF[time.kind(value)]
  if type(value) == "boolean" then
    return python_bool(value)
  elseif type(value) == "number" or is_decimal(value) then
    return M.number_format(value)
  elseif input then
    return value:strftime(default or M.get_format(input)[1])
  end
  return value
end

local function remove(text, part)
  if part == "" then
    return text
  end
  return (text:gsub(part:gsub("%p", "%%%0"), ""))
end

--- A number as it was typed, with a point and without separators: "1,001.10" to "1001.10".
function M.sanitize_separators(value)
  if type(value) ~= "string" then
    return value
  end
  local separator, decimals = M.get_format("DECIMAL_SEPARATOR"), nil
  local at, last = value:find(separator, 1, true)
  if at then
    value, decimals = value:sub(1, at - 1), value:sub(last + 1)
  end
  if settings.get("use_thousand_separator", false) then
    local thousand = M.get_format("THOUSAND_SEPARATOR")
    local _, dots = value:gsub("%.", "")
    -- "1.5" where the point groups thousands was surely meant as one and a half.
    if not (thousand == "." and dots == 1 and #value:match("[^.]*$") ~= 3) then
      value = remove(value, thousand)
      if thousand == "\u{a0}" or thousand == "\u{202f}" then
        value = remove(value, " ")
      end
    end
  end
  return decimals and value .. "." .. decimals or value
end

return M
