-- SPDX-License-Identifier: MIT
---@meta perilune.http
-- luacheck: ignore 241 (the class below is only there to be read)

---The fields of a query string or form: names with lists of values, in order. `q.name` and `q["name"]` give the last value or
---nil; a name that is also a method is reached by `q:get(name)`. `pairs(q)` gives names and last values, `#q` their number.
---One of a request is immutable: changing it raises `AttributeError`; `q:copy()` can be changed, also by `q.name = "value"`,
---a list of values, or nil.
---@class perilune.http.QueryDict
---@field [string] string?
local QueryDict = {}

---The last value.
---@param key string
---@param default? any default nil
---@return any
function QueryDict:get(key, default) end

---All values; an empty list when there are none.
---@param key string
---@param default? any instead of the empty list, when there is no such key
---@return string[]
function QueryDict:getlist(key, default) end

---@param key string
---@return boolean
function QueryDict:has_key(key) end

---@return string[]
function QueryDict:keys() end

---The last value of each key.
---@return string[]
function QueryDict:values() end

---A list of `{ key, last value }`.
---@return {[1]: string, [2]: string}[]
function QueryDict:items() end

---A list of `{ key, values }`.
---@return {[1]: string, [2]: string[]}[]
function QueryDict:lists() end

---Keys and last values as a plain table.
---@return table<string, string>
function QueryDict:dict() end

---A copy that can be changed.
---@return perilune.http.QueryDict
function QueryDict:copy() end

---The query string. With `safe`, its characters stay as they are and a space is "%20".
---@param safe? string
---@return string
function QueryDict:urlencode(safe) end

---@param key string
---@param list string[]
function QueryDict:setlist(key, list) end

---@param key string
---@param value string
function QueryDict:appendlist(key, value) end

---Sets the value unless the key is there; gives the one that it has then.
---@param key string
---@param value string
---@return string
function QueryDict:setdefault(key, value) end

---Sets the list unless the key is there; gives the one that it has then.
---@param key string
---@param list? string[] default {}
---@return string[]
function QueryDict:setlistdefault(key, list) end

---Adds to the lists of values.
---@param other perilune.http.QueryDict|table<string, string|string[]>
function QueryDict:update(other) end

---Removes a key and gives its values. Raises `KeyError` without a default.
---@param key string
---@param default? any
---@return string[]
function QueryDict:pop(key, default) end

---Removes the newest key. Raises `KeyError` when there is none.
---@return string key
---@return string[] values
function QueryDict:popitem() end

function QueryDict:clear() end

return QueryDict
