-- SPDX-License-Identifier: MIT
---@meta perilune.utils.dateparse

---Texts to dates and times: nil when the text has another form, `ValueError` when the value is impossible.
---@class perilune.utils.dateparse
local dateparse = {}

---@param text string
---@return perilune.time.date?
function dateparse.parse_date(text) end

---@param text string
---@return perilune.time.time?
function dateparse.parse_time(text) end

---@param text string
---@return perilune.time.datetime?
function dateparse.parse_datetime(text) end

---@param text string
---@return perilune.time.timedelta?
function dateparse.parse_duration(text) end

return dateparse
