-- SPDX-License-Identifier: MIT
-- The URLs that CSS and JavaScript files name: found, and replaced by what a function
-- gives for each. What is written instead is what Django's ManifestStaticFilesStorage
-- writes, because the hash in the name of such a file is taken over it.
local M = {}

-- Each finder gets the text and where it may begin, and gives the end of the match, the
-- URL, and the format of what takes its place; nothing when it does not begin there.

local function css_url(text, at)
  local inside = select(2, text:find("^[uU][rR][lL]%(%s*", at))
  if not inside then
    return
  end
  local quote = text:match("^['\"]", inside + 1) or ""
  local _, last, url = text:find("^([^\n]-)" .. quote .. "%s*%)", inside + 1 + #quote)
  if last then
    return last, url:match("^%s*(.-)%s*$"), 'url("%s")'
  end
end

local function css_import(text, at)
  local _, last, url = text:find("^@[iI][mM][pP][oO][rR][tT]%s*[\"']%s*([^\n\"']*)[\"']", at)
  if last then
    return last, url:match("^(.-)%s*$"), '@import url("%s")'
  end
end

local function at_line_start(text, at)
  return at == 1 or text:sub(at - 1, at - 1) == "\n"
end

-- A comment: what it says stays, but for the name of a source map.
local function css_comment(text, at, state)
  if text:sub(at, at + 1) ~= "/*" or state.no_more_comments then
    return
  end
  local _, last = text:find("*/", at + 2, true)
  if not last then
    state.no_more_comments = true
    return
  end
  local whole = text:sub(at, last)
  local url = whole:match("^/%*#[ \t]sourceMappingURL=([^\n]-)[ \t]*%*/$")
  local ends_line = last == #text or text:sub(last + 1, last + 1) == "\n"
  if url and ends_line and at_line_start(text, at) then
    return last, url, "/*# sourceMappingURL=%s */"
  end
  return last
end

local function js_source_map(text, at)
  local _, last, url = text:find("^//# sourceMappingURL=([^\n]*)", at)
  if last and at_line_start(text, at) then
    return last, url:match("^%s*(.-)%s*$"), "//# sourceMappingURL=%s"
  end
end

local KINDS = {
  css = { starts = "[uU@/]", finders = { css_url, css_import, css_comment } },
  js = { starts = "/", finders = { js_source_map } },
}

local function try(finders, text, at, state)
  for _, find in ipairs(finders) do
    local last, url, format = find(text, at, state)
    if last then
      return last, url, format
    end
  end
end

--- Can a file of that name hold URLs?
function M.adjustable(name)
  return KINDS[name:match("%.([^./]*)$") or ""] ~= nil
end

--- The text with every URL replaced that resolve(url) gives another one for.
function M.rewrite(name, text, resolve)
  local kind = KINDS[name:match("%.([^./]*)$")]
  local out, from, at, state = {}, 1, 1, {}
  while true do
    at = text:find(kind.starts, at)
    if not at then
      break
    end
    local last, url, format = try(kind.finders, text, at, state)
    local instead = url and resolve(url)
    if instead then
      out[#out + 1] = text:sub(from, at - 1)
      out[#out + 1] = format:gsub("%%s", (instead:gsub("%%", "%%%%")))
      from = last + 1
    end
    at = (last or at) + 1
  end
  out[#out + 1] = text:sub(from)
  return table.concat(out)
end

return M
