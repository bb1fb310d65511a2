-- SPDX-License-Identifier: MIT
---@meta perilune.utils.timesince

---Time between two moments in words: "1 year, 1 month".
---@class perilune.utils.timesince
local timesince = {}

---@class perilune.utils.timesince.Opts
---@field depth? integer units at most, 2; less than 1 raises `ValueError`

---"0 minutes" when `d` is still to come.
---@param d perilune.time.date|perilune.time.datetime
---@param now? perilune.time.date|perilune.time.datetime the present
---@param opts? perilune.utils.timesince.Opts
---@return string
function timesince.timesince(d, now, opts) end

---"0 minutes" when `d` has passed.
---@param d perilune.time.date|perilune.time.datetime
---@param now? perilune.time.date|perilune.time.datetime the present
---@param opts? perilune.utils.timesince.Opts
---@return string
function timesince.timeuntil(d, now, opts) end

return timesince
