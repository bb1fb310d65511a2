-- SPDX-License-Identifier: MIT
-- The session of `perilune shell`: reads, runs and prints.
--
-- Names that are assigned belong to the session (`x = 1` is allowed here, where modules
-- must write local), and so do those of a `local x = 1` typed as a line of its own, which
-- would otherwise be gone with the line.
local pretty = require "perilune._pretty"
local settings = require "perilune.settings"

local M = {}

local Session = {}
Session.__index = Session

--- `write(text)` gets what is to be shown, one or more lines without the last line end.
function M.new(write)
  local names = setmetatable({}, { __index = _G })
  return setmetatable({ names = names, write = write, history = {} }, Session)
end

-- Is text the beginning of something that more lines may complete?
local function incomplete(message)
  return message:find("near '?<eof>'?$") ~= nil
end

-- `local x = 1` as `x = 1`; nil when that is not what the text is.
local function without_local(text)
  local names, rest = text:match("^%s*local%s+([%a_][%w_%s,]*)=(.*)$")
  if names and not names:find("function") then
    return names .. "=" .. rest
  end
  return text:match("^%s*local%s+(function%s.*)$")
end

--- A function for the text. nil and a message when it is wrong; nil, nil when it is not
--- complete yet.
function Session:compile(text)
  local source = text:match("^%s*=%s*(.*)$") or text
  local chunk, why = load("return " .. source, "=shell", "t", self.names)
  if chunk then
    return chunk
  end
  local message
  local changed = without_local(source)
  chunk = changed and load(changed, "=shell", "t", self.names)
  if not chunk then
    chunk, message = load(source, "=shell", "t", self.names)
  end
  if chunk then
    return chunk
  end
  local odd = message:find(": syntax error near ", 1, true) or message:find(": unexpected symbol near ", 1, true)
  if odd and not why:find("<eof>'? expected") then
    message = why -- no statement begins like that: it was meant as an expression
  end
  return nil, not incomplete(message) and message or nil
end

--- Shows values as an expression gave them; nothing for none.
function Session:show(n, values)
  for i = 1, n do
    self.write(pretty.show(values[i]))
  end
end

--- Runs the function through `call` (as pcall, with an error object) and shows what it
--- gives, or its error. Gives whether it went well.
function Session:run(chunk, call)
  local result = table.pack(call(chunk))
  if result[1] then
    if result.n > 1 then
      self.names._ = result[2]
      self:show(result.n - 1, table.move(result, 2, result.n, 1, {}))
    end
    return true
  end
  return false, result[2]
end

-- ---- completion ----

-- Names that `value` answers to, without running anything of it.
local function names_of(value)
  local names = {}
  for _, name in ipairs(value == settings and settings.names() or {}) do
    names[name] = true
  end
  for _ = 1, 10 do -- a chain of classes
    if type(value) ~= "table" then
      local mt = type(value) == "string" and { __index = string } or nil
      value = mt and mt.__index
      if not value then
        break
      end
    end
    for key in next, value do
      if type(key) == "string" and key:find("^[%a_][%w_]*$") then
        names[key] = true
      end
    end
    local mt = debug.getmetatable(value)
    value = type(mt) == "table" and rawget(mt, "__index") or nil
  end
  return names
end

-- What `a.b.c` is, looked up without metamethods that are functions.
local function lookup(root, path)
  local value = root
  for name in path:gmatch("[^.:]+") do
    local found
    for _ = 1, 10 do
      if type(value) ~= "table" then
        return nil
      end
      found = rawget(value, name)
      if found ~= nil then
        break
      end
      local mt = debug.getmetatable(value)
      value = type(mt) == "table" and rawget(mt, "__index") or nil
    end
    value = found
  end
  return value
end

local KEYWORDS = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat", "require", "return", "then", "true", "until", "while" }

--- Words that may stand instead of the last one of `line`, sorted.
function Session:complete(line)
  local word = line:match("[%a_][%w_.:]*$")
  local list = {}
  if not word then
    return list
  end
  local path, start = word:match("^(.*[.:])([%w_]*)$")
  local names
  if path then
    names = names_of(lookup(self.names, path))
  else
    path, start = "", word
    names = names_of(self.names)
    for _, keyword in ipairs(KEYWORDS) do
      names[keyword] = true
    end
  end
  for name in pairs(names) do
    if name:sub(1, #start) == start and (start ~= "" or name:sub(1, 1) ~= "_") then
      list[#list + 1] = path .. name
    end
  end
  table.sort(list)
  return list
end

return M
