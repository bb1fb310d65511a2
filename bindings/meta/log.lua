-- SPDX-License-Identifier: MIT
---@meta perilune.log
-- luacheck: ignore 241 (the classes below are only there to be read)

---Loggers, as Python's logging has them; `settings.logging` (Django's LOGGING) says where their records go.
---@class perilune.log
local log = {}

---@alias perilune.log.Level "DEBUG"|"INFO"|"WARNING"|"ERROR"|"CRITICAL"|integer

---A logger with a dotted name. Text is formatted as by `string.format`, and only when somebody wants the record and there are
---arguments; a format that does not fit is told in the record, never raised.
---@class perilune.log.Logger
---@field name string read-only
---@field level integer the level in force, its own or that of a logger above; read-only
local Logger = {}

---@param format any
---@param ... any
function Logger:debug(format, ...) end

---@param format any
---@param ... any
function Logger:info(format, ...) end

---@param format any
---@param ... any
function Logger:warning(format, ...) end

---@param format any
---@param ... any
function Logger:error(format, ...) end

---@param format any
---@param ... any
function Logger:critical(format, ...) end

---As `error`, with the traceback of the error object among the arguments (or of this call when there is none).
---@param format any a format, or the error object itself
---@param ... any
function Logger:exception(format, ...) end

---@param level perilune.log.Level
---@param format any
---@param ... any
function Logger:log(level, format, ...) end

---Would a record of that level go anywhere?
---@param level perilune.log.Level
---@return boolean
function Logger:enabled(level) end

---@param level perilune.log.Level
function Logger:set_level(level) end

---The logger of that name, `"shop.views"`; one object for a name.
---@param name? string nil: the root
---@return perilune.log.Logger
function log.get(name) end

---@class perilune.log.Record
---@field level string
---@field levelno integer
---@field name string
---@field message string
---@field time number seconds since 1970
---@field traceback string?
---@field file string?
---@field line integer
---@field request_id string?

---The records that a handler of class "memory" keeps, oldest first: for tests.
---@param handler? string its name, `"memory"`
---@return perilune.log.Record[]
function log.records(handler) end

---Forgets them. Raises `ValueError` when there is no such handler.
---@param handler? string
function log.clear(handler) end

return log
