-- SPDX-License-Identifier: MIT
---@meta perilune.env

---The environment and the project's file `.env`; what is really in the environment wins. All of them raise `ImproperlyConfigured`
---when the variable is not set and no default is given, and when it does not fit.
---@class perilune.env
---@overload fun(name: string, default?: any): string
local env = {}

---1, true, yes, on, y, t are true; 0, false, no, off, n, f and an empty value are false.
---@param name string
---@param default? any
---@return boolean
function env.bool(name, default) end

---@param name string
---@param default? any
---@return integer
function env.int(name, default) end

---@param name string
---@param default? any
---@return number
function env.float(name, default) end

---`"a, b"` as `{ "a", "b" }`.
---@param name string
---@param default? any
---@return string[]
function env.list(name, default) end

---@param name string
---@param default? any
---@return any
function env.json(name, default) end

---A path; a relative one is taken from the project's folder.
---@param name string
---@param default? any
---@return string
function env.path(name, default) end

return env
