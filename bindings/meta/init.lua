-- SPDX-License-Identifier: MIT
---@meta perilune

---@class perilune
---@field version string of the framework, such as "0.1.0"
---@field null lightuserdata perilune.null: SQL's NULL and JSON's null
---@field settings perilune.settings the settings of the project
local perilune = {}

return perilune
