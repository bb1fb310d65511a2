-- SPDX-License-Identifier: MIT
---@meta perilune.utils.html

---HTML utilities. What gives HTML gives a safe string.
---@class perilune.utils.html
local html = {}

---@alias perilune.SafeString perilune.utils.safestring.SafeString

---@param value any
---@return perilune.SafeString
function html.mark_safe(value) end

---@param value any
---@return perilune.SafeString
function html.SafeString(value) end

---@param value any
---@return boolean
function html.is_safe(value) end

---& < > " ' as references, whether the value is safe or not.
---@param value any
---@return perilune.SafeString
function html.escape(value) end

---The same for what is not safe yet.
---@param value any
---@return perilune.SafeString
function html.conditional_escape(value) end

---The characters that references stand for.
---@param value any
---@return string
function html.unescape(value) end

---Text for a JavaScript string literal.
---@param value any
---@return perilune.SafeString
function html.escapejs(value) end

---A <script> element that holds the value as JSON.
---@param value any
---@param element_id? string
---@return perilune.SafeString
function html.json_script(value, element_id) end

---"{}", "{0}" and "{name}" filled in, escaped unless safe; names come from a table given last. Raises `TypeError` without values, `IndexError`, `KeyError`, `ValueError` for a wrong format.
---@param format string
---@param ... any
---@return perilune.SafeString
function html.format_html(format, ...) end

---The format filled in for each row: a list of values, a table of names, or one value.
---@param separator string
---@param format string
---@param rows any[]
---@return perilune.SafeString
function html.format_html_join(separator, format, rows) end

---Attributes for a tag, in the order of their names: true gives a name alone, false nothing.
---@param attrs table<string, any>
---@return perilune.SafeString
function html.flatatt(attrs) end

---Lines as <br>, empty lines as the ends of <p>.
---@param value any
---@param opts? { autoescape?: boolean } false
---@return string
function html.linebreaks(value, opts) end

---Without tags; not a sanitizer. Raises `SuspiciousOperation` for input made to take long.
---@param value any
---@return string
function html.strip_tags(value) end

---Without the white space between tags.
---@param value any
---@return string
function html.strip_spaces_between_tags(value) end

---A URL with what may not stand in one percent-encoded.
---@param url any
---@return string
function html.smart_urlquote(url) end

---URLs, domains and mail addresses as links; safe with autoescape or when the value was.
---@param value any
---@param opts? { trim_url_limit?: integer, nofollow?: boolean, autoescape?: boolean }
---@return string|perilune.SafeString
function html.urlize(value, opts) end

---With no-break spaces.
---@param value any
---@return string
function html.avoid_wrapping(value) end

return html
