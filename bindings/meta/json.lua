-- SPDX-License-Identifier: MIT
---@meta perilune.json

---JSON (RFC 8259) from and to Lua values. `null` is `perilune.null`, integers stay integers, floats have a point or an exponent.
---@class perilune.json
---@field null perilune.null the same value as `require "perilune.null"`
local json = {}

---@class perilune.json.EncodeOptions
---@field indent? integer spaces of a level, 0 to 16, one item a line; all on one line when left out
---@field separators? string[] between items and after keys; default `{ ",", ":" }`, with `indent` `{ ",", ": " }`
---@field sort_keys? boolean default true: Lua tables have no order of their own
---@field ensure_ascii? boolean default true: everything beyond ASCII as `\uXXXX`

---The text of a value. A table is a list when its keys are 1..n, an object when they are strings; `{}` is an object,
---`json.array {}` a list. Decimals become strings, dates and times ISO 8601; any type may have a metamethod `__tojson`
---that gives the value to write in its place. Raises `TypeError` for functions and other types without a JSON form, for
---holes and for mixed keys, `ValueError` for text that is not UTF-8, NaN and infinities, cycles and more than 200 levels;
---the message names the place: `cannot encode a function at $.items[3]`.
---@param value any
---@param options? perilune.json.EncodeOptions
---@return string
function json.encode(value, options) end

---@class perilune.json.DecodeOptions
---@field max_depth? integer lists and objects in each other, 1 to 1024; default 64

---The value of a text. Lists are marked as by `json.array`, so an empty one stays a list; of equal keys the last one
---counts. Raises `ValueError` with line and column for anything else than JSON, and for numbers that Lua cannot hold
---(integers beyond 64 bits: send them as strings).
---@param text string UTF-8
---@param options? perilune.json.DecodeOptions
---@return any
function json.decode(text, options) end

---Marks a table as a list and gives it back: it is written as `[]` when it is empty, and may have no other keys.
---Raises `TypeError` for a table with a metatable of its own.
---@generic T: table
---@param list? T a new table when left out
---@return T
function json.array(list) end

---Is the value a table that `json.array` or `json.decode` has marked as a list?
---@param value any
---@return boolean
function json.is_array(value) end

return json
