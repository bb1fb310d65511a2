-- SPDX-License-Identifier: MIT
-- django.utils.http under Django's names.  Where Python returns a tuple there are two
-- results; keyword arguments come in one table at the end, or by position as in Django.
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"
local util = require "perilune._http_util"

local M = {}

-- The option `name` of a trailing argument that is a table of options or its value.
local function option(arg, name)
  if type(arg) == "table" then
    return arg[name]
  end
  return arg
end

-- The names in a list, a set ({ name = true }), one string, or nothing.
local function names_of(value)
  if value == nil or type(value) == "string" then
    return { value }
  end
  local names = {}
  for k, v in pairs(value) do
    names[#names + 1] = type(k) == "number" and v or k
  end
  return names
end

-- ---- queries ----

local function text_of(key, value)
  if value == nil or value == package.loaded["perilune.null"] then
    error(exceptions.TypeError(
      ("cannot encode nil for key '%s' in a query string; pass an empty string or omit the value"):format(key)), 4)
  end
  return tostring(value)
end

local function add(parts, key, value)
  parts[#parts + 1] = util.quote_plus(tostring(key)) .. "=" .. util.quote_plus(text_of(key, value))
end

local function add_pair(parts, key, value, doseq)
  if type(value) ~= "table" or (getmetatable(value) or {}).__tostring then
    add(parts, key, value)
  elseif doseq then
    for i = 1, #value do
      add(parts, key, value[i])
    end
  else
    error(exceptions.TypeError(
      ("the value of key '%s' is a list; urlencode(query, { doseq = true }) writes its items"):format(key)), 3)
  end
end

--- A query string of a map (in the order of its keys), a list of { key, value }, or a
--- QueryDict.  `doseq`: a value that is a list gives one pair for each of its items.
function M.urlencode(query, doseq)
  local parts = {}
  doseq = option(doseq, "doseq")
  if type(query) == "userdata" then
    for _, pair in ipairs(query:lists()) do
      add_pair(parts, pair[1], #pair[2] == 1 and pair[2][1] or pair[2], doseq)
    end
  elseif type(query) ~= "table" then
    error(exceptions.TypeError("urlencode() takes a table or a QueryDict, not a " .. type(query)), 2)
  elseif query[1] ~= nil then
    for i, pair in ipairs(query) do
      if type(pair) ~= "table" then
        error(exceptions.TypeError(("item %d of urlencode()'s list is no { key, value }"):format(i)), 2)
      end
      add_pair(parts, pair[1], pair[2], doseq)
    end
  else
    for _, key in ipairs(sorted_keys(query)) do
      add_pair(parts, key, query[key], doseq)
    end
  end
  return table.concat(parts, "&")
end

--- Percent-encodes what is not a letter, a digit, one of "_.-~" or in `safe` ("/").
function M.quote(text, safe)
  return util.quote(text, safe)
end

--- The same with "+" for a space, and "/" encoded.
function M.quote_plus(text, safe)
  return util.quote_plus(text, safe)
end

--- Decodes %XX; invalid UTF-8 becomes U+FFFD.
function M.unquote(text)
  return util.unquote(text)
end

function M.unquote_plus(text)
  return util.unquote(text, true)
end

-- ---- dates and tags ----

--- "Sun, 06 Nov 1994 08:49:37 GMT" of seconds since 1970, or of now.
M.http_date = util.http_date

--- Seconds of a date in one of the three formats of HTTP; raises ValueError.
function M.parse_http_date(date)
  local seconds = util.parse_http_date(date)
  if not seconds then
    error(exceptions.ValueError(("'%s' is not in a valid HTTP date format"):format(date)), 2)
  end
  return seconds
end

--- The same, or nil.
function M.parse_http_date_safe(date)
  return util.parse_http_date(date)
end

--- The entity tags of If-Match or If-None-Match as a list; { "*" } for any.
M.parse_etags = util.parse_etags

--- A text as an entity tag, in quotes unless it is one.
M.quote_etag = util.quote_etag

-- ---- numbers and bytes ----

--- The number as lower-case text in base 36.
function M.int_to_base36(number)
  if math.type(number) ~= "integer" then
    error(exceptions.TypeError("int_to_base36() takes an integer, not a " .. type(number)), 2)
  end
  return util.int_to_base36(number)
end

--- The number of such a text; raises ValueError past 13 digits or on other characters.
M.base36_to_int = util.base36_to_int

--- Base 64 for URLs, without padding.
M.urlsafe_base64_encode = util.base64_encode

--- The bytes again; raises ValueError.
M.urlsafe_base64_decode = util.base64_decode

-- ---- URLs and hosts ----

--- Whether a host is the pattern, or below it when that starts with a dot.
function M.is_same_domain(host, pattern)
  return util.is_same_domain(host, pattern)
end

--- Whether a redirect to `url` stays on `allowed_hosts` (one, a list, a set) and on http
--- or https.  Options: require_https.
function M.url_has_allowed_host_and_scheme(url, allowed_hosts, opts)
  if type(allowed_hosts) == "table" and (allowed_hosts.allowed_hosts ~= nil
    or type(allowed_hosts.require_https) == "boolean") then
    opts = opts or allowed_hosts
    allowed_hosts = allowed_hosts.allowed_hosts
  end
  return util.url_is_safe(url, names_of(allowed_hosts), option(opts, "require_https"))
end

--- "//x" as "/%2Fx", which no browser takes for a host.
M.escape_leading_slashes = util.escape_leading_slashes

-- ---- headers ----

--- The value before the parameters in lower case, and the parameters as a map.
--- `max_length` bytes are read (10000), false or null for all; raises ValueError past them.
function M.parse_header_parameters(line, max_length)
  max_length = option(max_length, "max_length")
  if max_length == package.loaded["perilune.null"] then
    max_length = false
  end
  return util.parse_header_parameters(line, max_length)
end

--- The value of Content-Disposition, or nil when there is nothing to say.
function M.content_disposition_header(as_attachment, filename)
  return util.content_disposition(as_attachment, filename)
end

return M
