-- SPDX-License-Identifier: MIT
---@meta perilune.utils.duration

---Durations as text and number.
---@class perilune.utils.duration
local duration = {}

---"[-]D HH:MM:SS[.ffffff]"
---@param d perilune.time.timedelta
---@return string
function duration.duration_string(d) end

---"P1DT02H03M04.000005S"
---@param d perilune.time.timedelta
---@return string
function duration.duration_iso_string(d) end

---Raises `OverflowError` past 64 bits.
---@param d perilune.time.timedelta
---@return integer
function duration.duration_microseconds(d) end

return duration
