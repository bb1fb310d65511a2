-- SPDX-License-Identifier: MIT
---@meta perilune.utils.dateformat

---Dates and times by Django's format letters; a backslash makes a letter text.
---@class perilune.utils.dateformat
local dateformat = {}

---Raises `TypeError` when the value has not what a letter asks for.
---@param value perilune.time.date|perilune.time.time|perilune.time.datetime
---@param format string
---@return string
function dateformat.format(value, format) end

---The same without the letters of dates.
---@param value perilune.time.time|perilune.time.datetime
---@param format string
---@return string
function dateformat.time_format(value, format) end

return dateformat
