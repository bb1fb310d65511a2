-- SPDX-License-Identifier: MIT
---@meta perilune.checks
-- luacheck: ignore 241 (the classes below are only there to be read)

---System checks, which `perilune check` runs.
---@class perilune.checks
---@field DEBUG integer 10
---@field INFO integer 20
---@field WARNING integer 30
---@field ERROR integer 40
---@field CRITICAL integer 50
local checks = {}

---@class perilune.checks.MessageOptions
---@field hint? string the cure
---@field obj? any what it is about: a place such as `"urls.lua:3"`, or anything with a label
---@field id? string `"shop.E001"`; settings.silenced_system_checks names such

---@class perilune.checks.Message
---@field level integer
---@field msg string
---@field hint string?
---@field obj any
---@field id string?
local Message = {}

---@param level? integer `checks.ERROR`
---@return boolean
function Message:is_serious(level) end

---@return boolean
function Message:is_silenced() end

---@param msg string
---@param opts? perilune.checks.MessageOptions
---@return perilune.checks.Message
function checks.Debug(msg, opts) end

---@param msg string
---@param opts? perilune.checks.MessageOptions
---@return perilune.checks.Message
function checks.Info(msg, opts) end

---@param msg string
---@param opts? perilune.checks.MessageOptions
---@return perilune.checks.Message
function checks.Warning(msg, opts) end

---@param msg string
---@param opts? perilune.checks.MessageOptions
---@return perilune.checks.Message
function checks.Error(msg, opts) end

---@param msg string
---@param opts? perilune.checks.MessageOptions
---@return perilune.checks.Message
function checks.Critical(msg, opts) end

---@class perilune.checks.RegisterOptions
---@field tags? string[] for `perilune check --tag`
---@field deploy? boolean only with `perilune check --deploy`

---Adds a check: a function that gives a list of messages, or nothing.
---@param fn fun(options: { apps: string[]?, deploy: boolean }): perilune.checks.Message[]?
---@param opts? perilune.checks.RegisterOptions
---@return function fn
function checks.register(fn, opts) end

---@class perilune.checks.RunOptions
---@field tags? string[]
---@field deploy? boolean
---@field apps? string[]

---Runs the checks.
---@param opts? perilune.checks.RunOptions
---@return perilune.checks.Message[]
function checks.run(opts) end

---@param deploy? boolean with those of the checks for production
---@return string[]
function checks.tags_available(deploy) end

return checks
