-- SPDX-License-Identifier: MIT
-- Any value as Lua source that reads well: tables in one line while they are short, in
-- lines of their own when they are not, keys sorted, cycles and depths cut.
local M = {}

local MAX_DEPTH, MAX_ITEMS, MAX_STRING = 6, 200, 2000

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%a+") do
  KEYWORDS[word] = true
end

local ESCAPES = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }

--- A string in quotes.
function M.quoted(text)
  local more = #text > MAX_STRING and ("… (%d bytes)"):format(#text) or ""
  text = text:sub(1, MAX_STRING):gsub('[%c"\\]', function(c)
    return ESCAPES[c] or ("\\x%02x"):format(c:byte())
  end)
  if not utf8.len(text) then
    text = text:gsub("[\128-\255]", function(c)
      return ("\\x%02x"):format(c:byte())
    end)
  end
  return '"' .. text .. '"' .. more
end

local function order(a, b)
  local ta, tb = type(a), type(b)
  if ta ~= tb then
    return ta == "number" or (tb ~= "number" and ta < tb)
  elseif ta == "number" or ta == "string" then
    return a < b
  end
  return tostring(a) < tostring(b)
end

local function key_text(key)
  if type(key) == "string" then
    return key:find("^[%a_][%w_]*$") and not KEYWORDS[key] and key or "[" .. M.quoted(key) .. "]"
  end
  return "[" .. M.show(key, { depth = MAX_DEPTH }) .. "]"
end

local function function_text(fn)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then
    return "function: built in"
  end
  return ("function: %s:%d"):format(info.short_src, info.linedefined)
end

-- What a value says of itself; nil when it says nothing.
local function own_text(value)
  local mt = getmetatable(value)
  if type(mt) ~= "table" and type(value) ~= "userdata" then
    return nil
  end
  if type(mt) == "table" and type(value) == "table" and not rawget(mt, "__tostring") then
    return nil
  end
  local ok, text = pcall(tostring, value)
  return ok and text or "<" .. type(value) .. " that cannot be shown>"
end

local show

-- The parts of a table: { "a = 1", "2" }
local function parts_of(t, opts, depth, seen)
  local parts, keys, count = {}, {}, 0
  local n = 0
  while rawget(t, n + 1) ~= nil do
    n = n + 1
  end
  for i = 1, math.min(n, MAX_ITEMS) do
    parts[i] = show(rawget(t, i), opts, depth + 1, seen)
  end
  for key in next, t do
    if not (math.type(key) == "integer" and key >= 1 and key <= n) then
      keys[#keys + 1] = key
    end
    count = count + 1
  end
  table.sort(keys, order)
  for i = 1, math.min(#keys, MAX_ITEMS - #parts) do
    local key = keys[i]
    local value = rawget(t, key)
    local masked = opts.mask and opts.mask(key, value)
    parts[#parts + 1] = key_text(key) .. " = " .. (masked or show(value, opts, depth + 1, seen))
  end
  if count > #parts then
    parts[#parts + 1] = ("… %d more"):format(count - #parts)
  end
  return parts
end

local function table_text(t, opts, depth, seen)
  if seen[t] then
    return "<the table around it>"
  elseif depth >= (opts.depth or MAX_DEPTH) then
    return next(t) == nil and "{}" or "{ … }"
  end
  seen[t] = true
  local parts = parts_of(t, opts, depth, seen)
  seen[t] = nil
  if #parts == 0 then
    return "{}"
  end
  local line, indent = "{ " .. table.concat(parts, ", ") .. " }", ("  "):rep(depth)
  if #line + #indent <= (opts.width or 80) and not line:find("\n", 1, true) then
    return line
  end
  return "{\n" .. indent .. "  " .. table.concat(parts, ",\n" .. indent .. "  ") .. ",\n" .. indent .. "}"
end

function show(value, opts, depth, seen)
  local kind = type(value)
  if kind == "string" then
    return opts.text and M.quoted(opts.text(value)) or M.quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" then
    return own_text(value) or table_text(value, opts, depth, seen)
  elseif kind == "userdata" then
    return own_text(value)
  end
  return tostring(value)
end

--- The value as text. Options: width (80), depth (6), mask(key, value) -> the text to show
--- instead, text(string) -> the string to show.
function M.show(value, opts)
  return show(value, opts or {}, 0, {})
end

return M
