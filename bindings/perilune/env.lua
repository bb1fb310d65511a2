-- SPDX-License-Identifier: MIT
-- The environment, for settings.lua: `env("SECRET_KEY")`, `env.bool("DEBUG", false)`.
--
-- A file .env in the project's folder adds to it; what the process really has in its
-- environment wins. A line of it is KEY=value; a value may stand in 'single quotes' (as
-- it is) or "double quotes" (\n, \t, \r, \", \\ and \$ mean what they do elsewhere) and
-- then go over several lines. `#` begins a comment, at the start of a line or behind a
-- space. `export` before a key is allowed. Nothing is replaced inside of values.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

-- ---- .env ----

local ESCAPES = { n = "\n", t = "\t", r = "\r", ['"'] = '"', ["\\"] = "\\", ["$"] = "$" }

local Reader = {}
Reader.__index = Reader

function Reader:fail(line, text, ...)
  error(exceptions.ImproperlyConfigured(("%s:%d: %s"):format(self.name, line, text:format(...))), 0)
end

-- The text in quotes that opens at `at`, and where the closing quote stands.
function Reader:quoted(at)
  local quote, start_line = self.text:sub(at, at), self.line
  local from, parts = at + 1, {}
  while true do
    local stop = self.text:find(quote == '"' and '["\\]' or quote, from)
    if not stop then
      self:fail(start_line, "the quote %s is never closed", quote)
    end
    parts[#parts + 1] = self.text:sub(from, stop - 1)
    if self.text:sub(stop, stop) == quote then
      local value = table.concat(parts)
      self.line = self.line + select(2, self.text:sub(at, stop):gsub("\n", ""))
      return value, stop
    end
    local letter = self.text:sub(stop + 1, stop + 1)
    parts[#parts + 1] = ESCAPES[letter] or ("\\" .. letter)
    from = stop + 2
  end
end

-- One line from `at` on; gives where the next one begins.
function Reader:assignment(at)
  local line = self.line
  local key, space, stop = self.text:match("^([%a_][%w_.]*)[ \t]*=([ \t]*)()", at)
  if not key then
    local found = self.text:match("^[^\n]*", at)
    local hint = found:find("^[%a_][%w_.]*[ \t]*:") and "; KEY and value are separated by '='" or "; lines are KEY=value, or begin with #"
    self:fail(line, "'%s' is no assignment%s", found:sub(1, 60), hint)
  end
  local first = self.text:sub(stop, stop)
  if first == '"' or first == "'" then
    local value, close = self:quoted(stop)
    local rest = self.text:match("^[^\n]*", close + 1)
    if not rest:find("^[ \t]*$") and not rest:find("^[ \t]+#") then
      self:fail(self.line, "unexpected text behind the closing quote of %s: '%s'", key, rest:sub(1, 40))
    end
    self.values[key] = value
    return close + 1 + #rest
  end
  local value = self.text:match("^[^\n]*", stop)
  local after = stop + #value
  value = (space .. value):gsub("[ \t]#.*$", ""):match("^[ \t]*(.-)[ \t]*$")
  self.values[key] = value
  return after
end

--- The assignments of a .env file's text; `name` stands in messages. Raises
--- ImproperlyConfigured for a line that is none.
function M._parse(text, name)
  text = text:gsub("^\239\187\191", ""):gsub("\r\n", "\n")
  local self = setmetatable({ text = text, name = name, line = 1, values = {} }, Reader)
  local at = 1
  while at <= #text do
    at = text:match("^[ \t]*()", at)
    local first = text:sub(at, at)
    if first == "#" then
      at = text:find("\n", at, true) or #text + 1
    elseif first ~= "\n" and first ~= "" then
      at = self:assignment(text:match("^export[ \t]+()", at) or at)
    end
    at = at + 1
    self.line = self.line + 1
  end
  return self.values
end

local from_file -- nil: not looked for yet

local function file_values()
  if from_file then
    return from_file
  end
  local file = core.project_dir and io.open(core.project_dir .. "/.env", "rb")
  local text = file and file:read("a")
  if file then
    file:close()
  end
  from_file = text and M._parse(text, ".env") or {}
  return from_file
end

-- ---- reading ----

local own_source = debug.getinfo(1, "S").source

-- "settings.lua:5: ", the nearest caller outside of this file.
local function place()
  for level = 3, math.huge do
    local info = debug.getinfo(level, "Sl")
    if not info then
      return ""
    end
    if info.source ~= own_source and info.currentline > 0 then
      return ("%s:%d: "):format(info.source:gsub("^@", ""), info.currentline)
    end
  end
end

local function misconfigured(text, ...)
  error(exceptions.ImproperlyConfigured(place() .. text:format(...)), 0)
end

local function lookup(name)
  if type(name) ~= "string" or name == "" then
    error(exceptions.TypeError(("env() takes the name of a variable, not %s"):format(name == "" and "an empty string" or "a " .. type(name)), { where = place() }), 0)
  end
  return os.getenv(name) or file_values()[name]
end

-- n: how many arguments the caller got; with one there is no default
local function value_of(name, n, convert, what)
  local text = lookup(name)
  if text ~= nil then
    local value, why = convert(text)
    if value == nil then
      misconfigured("environment variable '%s' is '%s'; it must be %s", name, text, why or what)
    end
    return true, value
  end
  if n < 2 then
    local near = sorted_keys(file_values())
    local where = core.project_dir and " (set it, or add a line " .. name .. "=… to " .. core.project_dir .. "/.env)" or ""
    misconfigured("environment variable '%s' is not set and has no default%s%s", name, core.suggest(name, near), where)
  end
  return false
end

local function getter(what, convert)
  return function(name, ...)
    local found, value = value_of(name, 1 + select("#", ...), convert, what)
    if found then
      return value
    end
    return (...)
  end
end

local BOOLEANS = {
  ["1"] = true, ["true"] = true, yes = true, on = true, y = true, t = true,
  ["0"] = false, ["false"] = false, no = false, off = false, n = false, f = false, [""] = false,
}

local text = getter("text", function(s)
  return s
end)

--- true for 1, true, yes, on, y, t; false for 0, false, no, off, n, f and an empty value.
M.bool = getter("true or false (1, yes, on; 0, no, off)", function(s)
  return BOOLEANS[s:lower()]
end)

M.int = getter("a whole number", function(s)
  return s:find("^%s*[+-]?%d+%s*$") and math.tointeger(tonumber((s:gsub("^%s*%+", ""))))
end)

M.float = getter("a number", function(s)
  local number = s:find("^%s*[+-]?[%d.][%d.eE+-]*%s*$") and tonumber((s:gsub("^%s*%+", "")))
  return number and number + 0.0
end)

--- "a, b" as { "a", "b" }; an empty value is an empty list.
M.list = getter("a list", function(s)
  local list = {}
  for item in s:gmatch("[^,]+") do
    item = item:match("^%s*(.-)%s*$")
    if item ~= "" then
      list[#list + 1] = item
    end
  end
  return list
end)

M.json = getter("JSON", function(s)
  local ok, value = pcall(require("perilune.json").decode, s)
  if ok then
    return value
  end
  return nil, "JSON (" .. (exceptions.is(value, "Exception") and value.message or tostring(value)) .. ")"
end)

--- A path; a relative one is taken from the project's folder.
M.path = getter("a path", function(s)
  if s == "" then
    return nil
  end
  return s:sub(1, 1) ~= "/" and core.project_dir and core.project_dir .. "/" .. s or s
end)

local names = { "bool", "int", "float", "list", "json", "path" }

return setmetatable(M, {
  __call = function(_, ...)
    return text(...)
  end,
  __index = function(_, name)
    error(exceptions.AttributeError(("env has no '%s'%s (env(\"NAME\") reads a text; env.bool, int, float, list, json and path read other types)"):format(tostring(name), core.suggest(tostring(name), names))), 2)
  end,
})
