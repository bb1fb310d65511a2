-- SPDX-License-Identifier: MIT
---@meta perilune

---@class perilune
---@field version string of the framework, such as "0.1.0"
---@field worker? integer number of the worker process that runs this, 1 to settings.workers; nil in commands
---@field null lightuserdata perilune.null: SQL's NULL and JSON's null
---@field settings perilune.settings the settings of the project
local perilune = {}

return perilune
