-- SPDX-License-Identifier: MIT
-- Text utilities: django.utils.text.
local text = require "perilune._text"
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local safestring = require "perilune.utils.safestring"
local check_options = require "perilune._options"

local M = {}

local function str(value)
  if type(value) == "string" then
    return value
  end
  return tostring(value)
end

local slugify_options = { allow_unicode = true }

--- Lower-case words with hyphens between them. Options: allow_unicode (false: ASCII).
function M.slugify(value, options)
  options = check_options("slugify", options, slugify_options)
  return text.slugify(str(value), options.allow_unicode)
end

local truncate_options = { truncate = true, html = true }

local function truncate(what, value, n, words, options)
  options = check_options(what, options, truncate_options)
  local length = math.tointeger(n)
  if not length then
    error(exceptions.TypeError(("%s: a whole number is wanted, not %s"):format(what, tostring(n))), 3)
  end
  return text.truncate(str(value), length, words, options.html, options.truncate)
end

--- The first `n` characters, the mark included. Options: truncate (the mark, "…"), html
--- (false: true counts the text between tags and closes what is open).
function M.truncate_chars(value, n, options)
  return truncate("truncate_chars", value, n, false, options)
end

--- The first `n` words. Options as for truncate_chars.
function M.truncate_words(value, n, options)
  return truncate("truncate_words", value, n, true, options)
end

local truncator = { __name = "perilune.utils.text.Truncator" }
truncator.__index = truncator

function truncator:chars(n, options)
  return truncate("Truncator.chars", self[1], n, false, options)
end

function truncator:words(n, options)
  return truncate("Truncator.words", self[1], n, true, options)
end

--- Truncator(value):chars(n, { truncate =, html = }), :words(…): Django's class.
function M.Truncator(value)
  return setmetatable({ str(value) }, truncator)
end

--- Random text of `length` characters of `allowed_chars` (letters and digits).
function M.get_random_string(length, allowed_chars)
  return crypto.random_string(length, allowed_chars)
end

--- With its first letter in upper case.
function M.capfirst(value)
  return value and text.capfirst(str(value))
end

--- Lines of at most `width` characters, cut at spaces; longer words stay whole.
function M.wrap(value, width)
  return text.wrap(str(value), width)
end

--- A name that a file can have: white space as "_", no other signs than "-", "_" and ".".
--- Raises SuspiciousFileOperation when nothing is left.
function M.get_valid_filename(name)
  return text.valid_filename(str(name))
end

--- "a, b or c"; `last_word` is "or".
function M.get_text_list(list, last_word)
  local n = #list
  if n == 0 then
    return ""
  end
  local parts = {}
  for i = 1, n do
    parts[i] = str(list[i])
  end
  if n == 1 then
    return parts[1]
  end
  return ("%s %s %s"):format(table.concat(parts, ", ", 1, n - 1), str(last_word or "or"), parts[n])
end

--- CRLF and CR as LF.
function M.normalize_newlines(value)
  return (str(value):gsub("\r\n?", "\n"))
end

--- Letters as the digits of a telephone's keys.
function M.phone2numeric(phone)
  return text.phone2numeric(str(phone))
end

--- List of the parts of a text, cut at white space but not inside of quotes, which stay.
function M.smart_split(value)
  return text.smart_split(str(value))
end

-- A string as Python's repr() shows it.
local function quoted(s)
  local quote = s:find("'", 1, true) and not s:find('"', 1, true) and '"' or "'"
  local body = s:gsub("[\\\n\r\t]", { ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" })
  return quote .. (quote == "'" and body:gsub("'", "\\'") or body) .. quote
end

--- What a quoted literal stands for. Raises ValueError when it is none.
function M.unescape_string_literal(s)
  s = str(s)
  local quote = s:sub(1, 1)
  if (quote ~= '"' and quote ~= "'") or s:sub(-1) ~= quote then
    error(exceptions.ValueError("Not a string literal: " .. quoted(s)), 2)
  end
  return (s:sub(2, -2):gsub("\\" .. quote, quote):gsub("\\\\", "\\"))
end

--- "CamelCase" as "camel case".
function M.camel_case_to_spaces(value)
  return text.camel_case_to_spaces(str(value))
end

--- Is it text that is HTML already? See perilune.utils.safestring.
M.is_safe = safestring.is_safe

return M
