-- SPDX-License-Identifier: MIT
-- HTML utilities: django.utils.html. What gives HTML gives a safe string, which
-- templates and the functions here do not escape again.
local html = require "perilune._html"
local exceptions = require "perilune.exceptions"
local safestring = require "perilune.utils.safestring"
local settings = require "perilune.settings"
local text = require "perilune.utils.text"
local check_options = require "perilune._options"

local mark_safe, is_safe = safestring.mark_safe, safestring.is_safe

local M = { mark_safe = mark_safe, SafeString = mark_safe, is_safe = is_safe }

local function is_null(value)
  local kind = type(value)
  return (kind == "userdata" or kind == "table") and value == require "perilune.null"
end

--- A value as text, with Python's words for what is no text, as in templates.
local function to_text(value)
  if type(value) == "string" then
    return value
  elseif value == nil then
    return "None"
  elseif type(value) == "boolean" then
    return value and "True" or "False"
  elseif is_null(value) then
    return "None"
  end
  return tostring(value)
end

local function plain(value)
  return (type(value) == "string" or is_safe(value)) and value or to_text(value)
end

--- The value with & < > " ' as references, as a safe string; also when it is safe already.
function M.escape(value)
  return html.escape(plain(value))
end

--- Like escape, but safe strings stay as they are.
function M.conditional_escape(value)
  if is_safe(value) then
    return value
  end
  return html.escape(to_text(value))
end

--- The characters that references stand for.
function M.unescape(value)
  return html.unescape(plain(value))
end

--- Text for a JavaScript string literal, as a safe string.
function M.escapejs(value)
  return html.escapejs(plain(value))
end

--- A <script> element that holds `value` as JSON; `element_id` may be left out.
function M.json_script(value, element_id)
  local json = require("perilune.json").encode(value, { ensure_ascii = true, separators = { ", ", ": " } })
  local body = html.escape_json(json)
  local id = element_id and (' id="%s"'):format(tostring(M.conditional_escape(element_id))) or ""
  return mark_safe(('<script%s type="application/json">%s</script>'):format(id, body))
end

-- ---- format_html ----

-- Formats are few, being written in source; a program that makes them up as it goes
-- must not fill the memory.
local COMPILED_MAX = 1000
local compiled, compiled_count = {}, 0

--- The pieces of a format: strings, and { key } for "{}" (counted), "{0}" and "{name}".
local function pieces_of(format)
  local pieces = compiled[format]
  if pieces then
    return pieces
  end
  pieces = {}
  local from, counted, numbered = 1, 0, false
  while true do
    local at = format:find("[{}]", from)
    pieces[#pieces + 1] = format:sub(from, (at or 0) - 1)
    if not at then
      break
    end
    local sign = format:sub(at, at)
    if format:sub(at + 1, at + 1) == sign then
      pieces[#pieces + 1] = sign
      from = at + 2
    else
      local key = sign == "{" and format:match("^([%w_]*)}", at + 1)
      if not key then
        error(exceptions.ValueError(("format_html: '%s' at character %d; placeholders are {}, {0} and {name}, and {{ }} are braces"):format(format:sub(at, at + 10), at)), 4)
      end
      if key == "" then
        counted = counted + 1
        pieces[#pieces + 1] = { counted }
      else
        local number = math.tointeger(tonumber(key))
        numbered = numbered or number ~= nil
        pieces[#pieces + 1] = { number and number + 1 or key }
      end
      if counted > 0 and numbered then
        error(exceptions.ValueError("format_html: {} and {0} cannot stand in one format"), 4)
      end
      from = at + #key + 2
    end
  end
  if compiled_count >= COMPILED_MAX then
    compiled, compiled_count = {}, 0
  end
  compiled[format] = pieces
  compiled_count = compiled_count + 1
  return pieces
end

local function fill(format, positional, count, named)
  format = tostring(format)
  local out = {}
  for i, piece in ipairs(pieces_of(format)) do
    if type(piece) == "table" then
      local key, value = piece[1]
      if type(key) == "number" then
        if key > count then
          error(exceptions.IndexError(("format_html: no value for placeholder %d of '%s'"):format(key - 1, format)), 3)
        end
        value = positional[key]
      else
        value = named[key]
        if value == nil then
          error(exceptions.KeyError(("format_html: no value for placeholder '%s' of '%s'"):format(key, format)), 3)
        end
      end
      out[i] = tostring(M.conditional_escape(value))
    else
      out[i] = piece
    end
  end
  return mark_safe(table.concat(out))
end

local function is_plain_table(value)
  return type(value) == "table" and getmetatable(value) == nil
end

--- The format with its placeholders "{}", "{0}" and "{name}" filled in, escaped unless
--- they are safe. Values follow; names come from a table that follows last.
function M.format_html(format, ...)
  local count, named = select("#", ...), {}
  if count == 0 then
    error(exceptions.TypeError("args or kwargs must be provided."), 2)
  end
  local values = { ... }
  if is_plain_table(values[count]) then
    named = values[count]
    count = count - 1
  end
  return fill(format, values, count, named)
end

--- The format filled in for each row of a list, with `separator` between. A row is a
--- list of values, or a table of names, or both; one value alone needs no table.
function M.format_html_join(separator, format, rows)
  local out = {}
  for i, row in ipairs(rows) do
    if not is_plain_table(row) then
      row = { row }
    end
    out[i] = tostring(fill(format, row, row.n or #row, row))
  end
  return mark_safe(table.concat(out, tostring(M.conditional_escape(separator))))
end

--- Attributes for a tag, each behind a space, in the order of their names: true gives a
--- name without value, false nothing.
function M.flatatt(attrs)
  local names, out = {}, {}
  for name in pairs(attrs) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = attrs[name]
    if value == true then
      out[#out + 1] = " " .. name
    elseif value ~= false and not is_null(value) then
      out[#out + 1] = (' %s="%s"'):format(name, tostring(M.conditional_escape(value)))
    end
  end
  return mark_safe(table.concat(out))
end

-- ---- text to HTML and back ----

local linebreaks_options = { autoescape = true }

--- Lines as <br>, empty lines as the ends of <p>. Options: autoescape (false).
function M.linebreaks(value, options)
  options = check_options("linebreaks", options, linebreaks_options)
  local rest, out, from = text.normalize_newlines(tostring(plain(value))), {}, 1
  while true do
    local first, last = rest:find("\n\n+", from)
    local paragraph = rest:sub(from, (first or 0) - 1)
    if options.autoescape then
      paragraph = tostring(html.escape(paragraph))
    end
    out[#out + 1] = "<p>" .. paragraph:gsub("\n", "<br>") .. "</p>"
    if not first then
      return table.concat(out, "\n\n")
    end
    from = last + 1
  end
end

--- Without tags. Not a sanitizer: escape what comes out. Raises SuspiciousOperation for
--- input that is made to take long.
function M.strip_tags(value)
  return html.strip_tags(plain(value))
end

--- Without the white space between tags.
function M.strip_spaces_between_tags(value)
  return html.strip_spaces(plain(value))
end

--- A URL with what may not stand in one percent-encoded; what is encoded stays.
function M.smart_urlquote(url)
  return html.smart_urlquote(plain(url))
end

local urlize_options = { trim_url_limit = true, nofollow = true, autoescape = true }

--- URLs, domains and mail addresses as links. Options: trim_url_limit (characters of a
--- link's text), nofollow (false), autoescape (false).
function M.urlize(value, options)
  options = check_options("urlize", options, urlize_options)
  local http = settings.get("urlize_assume_https", true) == false
  local out = html.urlize(plain(value), options.trim_url_limit, options.nofollow, options.autoescape, http)
  if options.autoescape or is_safe(value) then
    return mark_safe(out)
  end
  return out
end

--- With no-break spaces, so that the phrase stays on one line.
function M.avoid_wrapping(value)
  return (tostring(plain(value)):gsub(" ", "\u{A0}"))
end

return M
