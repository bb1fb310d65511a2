-- SPDX-License-Identifier: MIT
-- HTML compared by what it means: white space between words counts as one blank, attributes
-- have no order, nor have the names in `class`; <input disabled> is <input disabled="">.
local exceptions = require "perilune.exceptions"
local html = require "perilune.utils.html"

local M = {}

local VOID = {}
for name in ("area base br col embed hr img input link meta param source track wbr"):gmatch "%a+" do
  VOID[name] = true
end
local RAW = { script = true, style = true, textarea = true, title = true, pre = false }
-- White space beside these means nothing.
local BLOCK = {}
for name in ("address article aside blockquote body br caption col colgroup dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li link main menu meta nav ol optgroup option p script section select source style summary table tbody td tfoot th thead title tr track ul"):gmatch "%w+" do
  BLOCK[name] = true
end

local ENTITIES = { lt = "<", gt = ">", amp = "&", quot = '"', apos = "'", nbsp = "\194\160" }

local function unescape(text)
  return (text:gsub("&(#?[%w]+);", function(name)
    local number = name:match "^#[xX](%x+)$"
    local code = number and tonumber(number, 16) or tonumber(name:match "^#(%d+)$" or "")
    if code then
      return code < 0x110000 and utf8.char(code) or nil
    end
    return ENTITIES[name]
  end))
end

-- ---- parsing ----

local function attributes(text)
  local list, at = {}, 1
  while true do
    local _, stop, name = text:find('^[%s/]*([^%s=/>"\']+)', at)
    if not name then
      return list
    end
    at = stop + 1
    local _, past, value = text:find('^%s*=%s*"([^"]*)"', at)
    if not past then
      _, past, value = text:find("^%s*=%s*'([^']*)'", at)
    end
    if not past then
      _, past, value = text:find("^%s*=%s*([^%s\"'>]+)", at)
    end
    at = (past or stop) + 1
    list[name:lower()] = unescape(value or "")
  end
end

local function normal_attributes(list)
  if list.class then
    local names = {}
    for name in list.class:gmatch "%S+" do
      names[#names + 1] = name
    end
    table.sort(names)
    list.class = table.concat(names, " ")
  end
  return list
end

local function add_text(node, text)
  text = unescape(text):gsub("[ \t\r\n\f]+", " ")
  local last = node.children[#node.children]
  if type(last) == "string" then
    node.children[#node.children] = (last .. text):gsub("  +", " ")
  elseif text ~= "" then
    node.children[#node.children + 1] = text
  end
end

-- Where a tag that begins at `at` ends: quotes may hold ">".
local function tag_end(text, at)
  local quote
  for i = at, #text do
    local c = text:sub(i, i)
    if quote then
      quote = c ~= quote and quote or nil
    elseif c == '"' or c == "'" then
      quote = c
    elseif c == ">" then
      return i
    end
  end
end

local function wrong(text, at, message)
  local line = select(2, text:sub(1, at):gsub("\n", "")) + 1
  error(exceptions.ValueError(("line %d: %s"):format(line, message)), 0)
end

local function close(stack, name, text, at)
  for i = #stack, 2, -1 do
    if stack[i].name == name then
      for j = #stack, i, -1 do
        stack[j] = nil
      end
      return
    end
  end
  wrong(text, at, ("</%s> closes nothing"):format(name))
end

-- Tags whose end may be left out, when one of these begins.
local IMPLIED = {
  li = { li = true }, dt = { dt = true, dd = true }, dd = { dt = true, dd = true }, option = { option = true },
  tr = { tr = true, td = true, th = true }, td = { td = true, th = true }, th = { td = true, th = true }, p = { p = true },
}

local function open(stack, name, tag)
  local implied = IMPLIED[name]
  while implied and implied[stack[#stack].name] do
    stack[#stack] = nil
  end
  local node = { name = name, attributes = normal_attributes(attributes(tag)), children = {} }
  local parent = stack[#stack]
  parent.children[#parent.children + 1] = node
  return node
end

local function one_tag(stack, text, at)
  local stop = tag_end(text, at) or wrong(text, at, "a tag that does not end")
  local tag = text:sub(at + 1, stop - 1)
  local closing = tag:match "^/%s*([%w:_-]+)"
  if closing then
    close(stack, closing:lower(), text, at)
    return stop + 1
  end
  local name, rest = tag:match "^([%w:_-]+)(.*)$"
  name = name:lower()
  local node = open(stack, name, rest)
  if VOID[name] or rest:find "/%s*$" then
    return stop + 1
  elseif RAW[name] then
    local from, to = text:lower():find("</" .. name .. "%s*>", stop)
    node.children[1] = text:sub(stop + 1, (from or #text + 1) - 1):match "^%s*(.-)%s*$"
    return (to or #text) + 1
  end
  stack[#stack + 1] = node
  return stop + 1
end

-- Blanks at the edges of blocks go.
local function trim(node)
  local out = {}
  for i, child in ipairs(node.children) do
    if type(child) == "string" then
      local before, after = node.children[i - 1], node.children[i + 1]
      if before == nil and (BLOCK[node.name] or node.name == "") or type(before) == "table" and BLOCK[before.name] then
        child = child:gsub("^ +", "")
      end
      if after == nil and (BLOCK[node.name] or node.name == "") or type(after) == "table" and BLOCK[after.name] then
        child = child:gsub(" +$", "")
      end
      if child ~= "" then
        out[#out + 1] = child
      end
    else
      trim(child)
      out[#out + 1] = child
    end
  end
  node.children = out
end

--- The tree of a text: { name, attributes, children }, children are nodes and texts. Raises
--- ValueError for tags that do not close.
function M.parse(text)
  local root = { name = "", attributes = {}, children = {} }
  local stack, at = { root }, 1
  while at <= #text do
    local from = text:find("<", at, true)
    if not from then
      add_text(stack[#stack], text:sub(at))
      break
    end
    if from > at then
      add_text(stack[#stack], text:sub(at, from - 1))
    end
    if text:find("^<!%-%-", from) then
      local _, to = text:find("-->", from, true)
      at = (to or #text) + 1
    elseif text:find("^<[!?]", from) then
      at = (tag_end(text, from) or #text) + 1
    elseif text:find("^</?%a", from) then
      at = one_tag(stack, text, from)
    else
      add_text(stack[#stack], "<")
      at = from + 1
    end
  end
  trim(root)
  return root
end

-- ---- comparing ----

local function attributes_text(list)
  local names, parts = {}, {}
  for name in pairs(list) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = (' %s="%s"'):format(name, html.escape(list[name]))
  end
  return table.concat(parts)
end

local function write(node, out, indent)
  for _, child in ipairs(node.children) do
    if type(child) == "string" then
      out[#out + 1] = indent .. html.escape(child)
    else
      out[#out + 1] = ("%s<%s%s>"):format(indent, child.name, attributes_text(child.attributes))
      write(child, out, indent .. "  ")
    end
  end
end

--- The tree as text in one way only: equal for trees that mean the same.
function M.canonical(node)
  local out = {}
  write(node, out, "")
  return table.concat(out, "\n")
end

local function equal(a, b)
  if type(a) ~= type(b) then
    return false
  elseif type(a) == "string" then
    return a == b
  end
  if a.name ~= b.name or #a.children ~= #b.children then
    return false
  end
  for name, value in pairs(a.attributes) do
    if b.attributes[name] ~= value then
      return false
    end
  end
  for name in pairs(b.attributes) do
    if a.attributes[name] == nil then
      return false
    end
  end
  for i, child in ipairs(a.children) do
    if not equal(child, b.children[i]) then
      return false
    end
  end
  return true
end

-- How often the run of nodes stands among the children of a node, and further down.
local function count(needle, node)
  local n, list = 0, needle.children
  if #list == 1 and type(list[1]) == "string" then
    for _, child in ipairs(node.children) do
      if type(child) == "string" then
        local at = 1
        while true do
          local from, to = child:find(list[1], at, true)
          if not from then
            break
          end
          n, at = n + 1, to + 1
        end
      else
        n = n + count(needle, child)
      end
    end
    return n
  end
  for i = 1, #node.children do
    local same = #list > 0 and i + #list - 1 <= #node.children
    for j = 1, same and #list or 0 do
      if not equal(list[j], node.children[i + j - 1]) then
        same = false
        break
      end
    end
    if same then
      n = n + 1
    end
  end
  for _, child in ipairs(node.children) do
    if type(child) == "table" then
      n = n + count(needle, child)
    end
  end
  return n
end

--- How often the piece of HTML stands in the text.
function M.count(needle, text)
  return count(M.parse(needle), M.parse(text))
end

return M
