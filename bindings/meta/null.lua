-- SPDX-License-Identifier: MIT
---@meta perilune.null

---One value that is none: JSON's null and SQL's NULL where a Lua table could not hold a nil. It is true in conditions,
---equals itself alone, and prints `null`; reading a field of it raises `TypeError`.
---@class perilune.null: userdata
local null = {}

return null
