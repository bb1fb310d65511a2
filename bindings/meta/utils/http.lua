-- SPDX-License-Identifier: MIT
---@meta perilune.utils.http

---Helpers for URLs and headers, under the names of django.utils.http.
---@class perilune.utils.http
local http = {}

---A query string: a map is written in the order of its keys. Raises `TypeError` for nil and null, and for lists without `doseq`.
---@param query table<string, any>|{[1]: string, [2]: any}[]|perilune.http.QueryDict
---@param doseq? boolean|{doseq: boolean} a list gives one pair for each of its items; default false
---@return string
function http.urlencode(query, doseq) end

---Percent-encodes all but letters, digits, "_.-~" and `safe`.
---@param text string
---@param safe? string default "/"
---@return string
function http.quote(text, safe) end

---The same with "+" for a space.
---@param text string
---@param safe? string default ""
---@return string
function http.quote_plus(text, safe) end

---Decodes %XX; invalid UTF-8 becomes U+FFFD.
---@param text string
---@return string
function http.unquote(text) end

---The same with a space for "+".
---@param text string
---@return string
function http.unquote_plus(text) end

---"Sun, 06 Nov 1994 08:49:37 GMT"
---@param seconds? number since 1970; default now
---@return string
function http.http_date(seconds) end

---Seconds of a date in one of the three formats of HTTP. Raises `ValueError`.
---@param date string
---@return integer
function http.parse_http_date(date) end

---The same, or nil.
---@param date string
---@return integer?
function http.parse_http_date_safe(date) end

---The entity tags of If-Match or If-None-Match; `{ "*" }` for any.
---@param etags string
---@return string[]
function http.parse_etags(etags) end

---A text as an entity tag, in quotes unless it is one.
---@param etag string
---@return string
function http.quote_etag(etag) end

---Raises `ValueError` for a negative number, `TypeError` for what is no integer.
---@param number integer
---@return string
function http.int_to_base36(number) end

---Raises `ValueError` past 13 digits and on other characters.
---@param text string
---@return integer
function http.base36_to_int(text) end

---Base 64 for URLs, without padding.
---@param bytes string
---@return string
function http.urlsafe_base64_encode(bytes) end

---The bytes again. Raises `ValueError`.
---@param text string
---@return string
function http.urlsafe_base64_decode(text) end

---Whether a host is the pattern, or below it when that starts with a dot.
---@param host string
---@param pattern? string
---@return boolean
function http.is_same_domain(host, pattern) end

---Whether a redirect to `url` stays on the hosts, with http or https.
---@param url string?
---@param allowed_hosts? string|string[]|table<string, true>
---@param opts? boolean|{require_https: boolean} default false
---@return boolean
function http.url_has_allowed_host_and_scheme(url, allowed_hosts, opts) end

---"//x" as "/%2Fx", which no browser takes for a host.
---@param url string
---@return string
function http.escape_leading_slashes(url) end

---The value before the parameters, in lower case, and the parameters. Raises `ValueError` when the line is too long.
---@param line string
---@param max_length? integer|false default 10000; false: no limit
---@return string value
---@return table<string, string> parameters
function http.parse_header_parameters(line, max_length) end

---The value of Content-Disposition; nil when there is nothing to say.
---@param as_attachment boolean
---@param filename? string
---@return string?
function http.content_disposition_header(as_attachment, filename) end

return http
