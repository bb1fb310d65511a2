-- SPDX-License-Identifier: MIT
---@meta perilune.utils.text

---Text utilities; lengths are in characters.
---@class perilune.utils.text
local text = {}

---Lower-case words with hyphens between them.
---@param value any
---@param opts? { allow_unicode?: boolean } false: ASCII only
---@return string
function text.slugify(value, opts) end

---@class perilune.utils.text.TruncateOpts
---@field truncate? string the mark, "…"; may hold "%(truncated_text)s"
---@field html? boolean false; true counts the text between tags and closes what is open

---The first `n` characters, the mark among them.
---@param value any
---@param n integer
---@param opts? perilune.utils.text.TruncateOpts
---@return string
function text.truncate_chars(value, n, opts) end

---The first `n` words.
---@param value any
---@param n integer
---@param opts? perilune.utils.text.TruncateOpts
---@return string
function text.truncate_words(value, n, opts) end

---@class perilune.utils.text.Truncator
local Truncator = {}

---@param n integer
---@param opts? perilune.utils.text.TruncateOpts
---@return string
function Truncator:chars(n, opts) end

---@param n integer
---@param opts? perilune.utils.text.TruncateOpts
---@return string
function Truncator:words(n, opts) end

---@param value any
---@return perilune.utils.text.Truncator
function text.Truncator(value) end

---Random text from the kernel's generator.
---@param length integer
---@param allowed_chars? string letters and digits
---@return string
function text.get_random_string(length, allowed_chars) end

---With its first letter in upper case; nil stays nil.
---@param value any
---@return string?
function text.capfirst(value) end

---Lines of at most `width` characters, cut at spaces; longer words stay whole. Raises `ValueError` for a width below 1.
---@param value any
---@param width integer
---@return string
function text.wrap(value, width) end

---A name that a file can have. Raises `SuspiciousFileOperation` when nothing is left of it.
---@param name any
---@return string
function text.get_valid_filename(name) end

---"a, b or c".
---@param list any[]
---@param last_word? string "or"
---@return string
function text.get_text_list(list, last_word) end

---CRLF and CR as LF.
---@param value any
---@return string
function text.normalize_newlines(value) end

---Letters as the digits of a telephone's keys.
---@param phone any
---@return string
function text.phone2numeric(phone) end

---The parts of a text, cut at white space but not inside of quotes, which stay.
---@param value any
---@return string[]
function text.smart_split(value) end

---What a quoted literal stands for. Raises `ValueError` when it is none.
---@param s any
---@return string
function text.unescape_string_literal(s) end

---"CamelCase" as "camel case".
---@param value any
---@return string
function text.camel_case_to_spaces(value) end

---Is it text that is HTML already?
---@param value any
---@return boolean
function text.is_safe(value) end

return text
