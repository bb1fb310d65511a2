-- SPDX-License-Identifier: MIT
---@meta perilune.utils.safestring

---Text that is HTML already.
---@class perilune.utils.safestring
local safestring = {}

---A safe string: `#s`, `s == other`, string methods (which give plain strings) and `..`, which is safe between two safe strings only.
---@class perilune.utils.safestring.SafeString : stringlib
---@operator concat(perilune.utils.safestring.SafeString): perilune.utils.safestring.SafeString
---@operator concat(string): string

---@param value any text, or what tostring makes text of
---@return perilune.utils.safestring.SafeString
function safestring.mark_safe(value) end

---The same as mark_safe.
---@param value any
---@return perilune.utils.safestring.SafeString
function safestring.SafeString(value) end

---@param value any
---@return boolean
function safestring.is_safe(value) end

return safestring
