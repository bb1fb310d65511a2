-- SPDX-License-Identifier: MIT
-- Values as text for the error pages: bounded, without running anybody's code, and with
-- what must stay secret masked. Nothing here raises.
local M = {}

M.MASK = ("*"):rep(20)

local MAX_DEPTH, MAX_ITEMS, MAX_STRING, MAX_INNER_STRING, MAX_TEXT = 2, 10, 200, 60, 1000
local MAX_LOOKED_AT = 1000 -- keys of a table, to find the ones that are shown

local secret_parts = { "API", "AUTH", "TOKEN", "KEY", "SECRET", "PASS", "SIGNATURE", "COOKIE", "DSN" }

--- Is the value that goes by this name nobody's business?
function M.is_secret(name)
  if type(name) ~= "string" then
    return false
  end
  local upper = name:sub(1, 200):upper()
  for _, part in ipairs(secret_parts) do
    if upper:find(part, 1, true) then
      return true
    end
  end
  return false
end

-- Of the framework's own settings these are secret, and no other, whatever its name says.
local SECRET_SETTINGS = { secret_key = true, secret_key_fallbacks = true, email_host_password = true }

--- The same for a setting; `known`: it is one of the framework's.
function M.is_secret_setting(name, known)
  if known then
    return SECRET_SETTINGS[name] == true
  end
  return M.is_secret(name)
end

-- ---- text ----

-- Bytes that are no UTF-8 as \xNN.
local function valid_utf8(text)
  local parts, at = {}, 1
  while true do
    local ok, bad = utf8.len(text, at)
    if ok then
      parts[#parts + 1] = text:sub(at)
      return table.concat(parts)
    end
    parts[#parts + 1] = text:sub(at, bad - 1)
    parts[#parts + 1] = ("\\x%02X"):format(text:byte(bad))
    at = bad + 1
  end
end

local function shown_code(char)
  return ("\\u{%X}"):format(utf8.codepoint(char))
end

--- Text that shows what it holds: control characters, marks that turn the direction of
--- writing and invalid bytes are written out. Line ends and tabs stay.
function M.printable(text)
  text = valid_utf8(text):gsub("\r\n", "\n")
  text = text:gsub("[%z\1-\8\11-\31\127]", function(c)
    return ("\\x%02X"):format(c:byte())
  end)
  return (text:gsub("\xC2[\x80-\x9F]", shown_code):gsub("\xE2\x80[\xA8-\xAE]", shown_code):gsub("\xE2\x81[\xA6-\xA9]", shown_code))
end

--- At most `max` bytes of `text`, whole characters, with a note when there was more.
function M.cut(text, max)
  if #text <= max then
    return text
  end
  local last = max
  while last > 0 and last > max - 4 and (text:byte(last + 1) or 0) & 0xC0 == 0x80 do
    last = last - 1
  end
  return ("%s… (%d bytes)"):format(text:sub(1, last), #text)
end

--- Passwords of URLs.
function M.mask_urls(text)
  if text:find("://", 1, true) then
    text = text:gsub("(://[^%s/:@]*):[^%s/]*@", "%1:" .. M.MASK .. "@")
  end
  return text
end

--- Passwords inside of a text: those of URLs, and `password=…` as in connection strings.
function M.mask_text(text)
  text = M.mask_urls(text)
  if text:find("=", 1, true) then
    text = text:gsub("%f[%w_]([%w_]+)(%s?=%s?)([^%s,;&'\"]+)", function(name, equals, value)
      local upper = name:upper()
      if #value > 0 and (upper:find "PASS" or upper:find "SECRET" or upper:find "TOKEN" or upper:find "APIKEY" or upper:find "API_KEY") then
        return name .. equals .. M.MASK
      end
    end)
  end
  return text
end

--- The same for a query string, or a URL with one: values of secret names.
function M.mask_query(text)
  local head, query = text:match("^([^?]*%?)(.*)$")
  if not query then
    head, query = "", text
  end
  query = query:gsub("[^&;#]+", function(pair)
    local name = pair:match("^([^=]*)=")
    return name and M.is_secret(name) and name .. "=" .. M.MASK or nil
  end)
  return M.mask_text(head .. query)
end

--- A foreign text as it may be shown: masked, cut, printable.
function M.text(value, max)
  if type(value) ~= "string" then
    return M.repr(value)
  end
  max = max or MAX_TEXT
  return M.cut(M.mask_text(M.printable(value:sub(1, max + 1))), max) .. (#value > max + 1 and (" of %d"):format(#value) or "")
end

-- ---- values ----

local escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ["\""] = "\\\"", ["\\"] = "\\\\" }

local function quoted(text, max)
  local more = #text > max and #text
  text = M.mask_text(text:sub(1, max))
  if more then -- not in the middle of a character
    text = text:gsub("[\xC2-\xF4][\x80-\xBF]*$", function(tail)
      return utf8.len(tail) and tail or ""
    end)
  end
  text = M.printable((text:gsub("[\\\n\t\"]", escapes)))
  return more and ("\"%s\"… (%d bytes)"):format(text, more) or "\"" .. text .. "\""
end

local function function_text(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then
    return "function [C]"
  end
  return M.printable(("function %s:%d"):format(info.short_src, info.linedefined))
end

-- Name of a class, read without asking its metamethods.
local function class_name(value)
  local mt = debug.getmetatable(value)
  if type(mt) ~= "table" then
    return nil
  end
  for _, field in ipairs { "__name", "name" } do
    local name = rawget(mt, field)
    if type(name) == "string" then
      return M.printable(name:sub(1, 80))
    end
  end
  return nil
end

local show

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" and #key <= 80 then
    return key
  end
  return "[" .. show(key, MAX_DEPTH + 1) .. "]"
end

local function by_name(a, b)
  return a.sort < b.sort
end

-- The keys beyond the list part, in order of their names.
local function other_keys(t, list)
  local keys, looked_at = {}, 0
  for key in next, t do
    looked_at = looked_at + 1
    if looked_at > MAX_LOOKED_AT + list then
      break
    end
    if not (math.type(key) == "integer" and key >= 1 and key <= list) and #keys < MAX_LOOKED_AT then
      local kind = type(key)
      keys[#keys + 1] = { key = key, sort = kind == "string" and key or kind == "number" and ("%020.6f"):format(key) or kind }
    end
  end
  table.sort(keys, by_name)
  return keys
end

local function table_text(t, depth)
  local name = class_name(t)
  local prefix = name and name .. " " or ""
  if next(t) == nil then
    return prefix .. "{}"
  end
  if depth > MAX_DEPTH then
    return prefix .. "{…}"
  end
  local parts, list = {}, rawlen(t)
  for i = 1, math.min(list, MAX_ITEMS) do
    parts[i] = show(rawget(t, i), depth + 1)
  end
  for _, item in ipairs(#parts < MAX_ITEMS and other_keys(t, list) or {}) do
    if #parts >= MAX_ITEMS then
      break
    end
    local value = M.is_secret(item.key) and M.MASK or show(rawget(t, item.key), depth + 1)
    parts[#parts + 1] = key_text(item.key) .. " = " .. value
  end
  if #parts >= MAX_ITEMS and (list > MAX_ITEMS or next(t, nil) ~= nil and #parts < MAX_LOOKED_AT) then
    local count = list > MAX_ITEMS and list or #other_keys(t, list) + list
    if count > MAX_ITEMS then
      parts[#parts + 1] = ("… (%d items)"):format(count)
    end
  end
  return prefix .. "{ " .. table.concat(parts, ", ") .. " }"
end

local function querydict_text(dict)
  local parts = {}
  for key, value in pairs(dict) do
    if #parts == MAX_ITEMS then
      parts[#parts + 1] = "…"
      break
    end
    parts[#parts + 1] = key_text(key) .. " = " .. (M.is_secret(key) and M.MASK or show(value, MAX_DEPTH + 1))
  end
  return "QueryDict { " .. table.concat(parts, ", ") .. " }"
end

local function userdata_text(value)
  local name = class_name(value)
  if name == "perilune.http.QueryDict" then
    return querydict_text(value)
  end
  if name and name:find "^perilune%." then -- the engine's own: their __tostring is in C and short
    local text = tostring(value)
    return #text > 0 and M.mask_query(M.printable(text:sub(1, MAX_STRING))) or name
  end
  return name and "userdata " .. name or "userdata"
end

function show(value, depth)
  local kind = type(value)
  if kind == "string" then
    return quoted(value, depth == 1 and MAX_STRING or MAX_INNER_STRING)
  elseif kind == "table" then
    return table_text(value, depth)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "userdata" then
    local ok, text = pcall(userdata_text, value)
    return ok and text or "userdata"
  elseif kind == "thread" then
    return "coroutine"
  end
  return tostring(value)
end

--- A value in one line: tables two deep, ten items each, strings to 200 bytes. With a
--- name that says "secret" it is masked.
function M.repr(value, name)
  if M.is_secret(name) and type(value) ~= "function" then
    return M.MASK
  end
  local ok, text = pcall(show, value, 1)
  return ok and M.cut(text, MAX_TEXT) or ("a %s that cannot be shown"):format(type(value))
end

return M
