-- SPDX-License-Identifier: MIT
-- One declared argument of a command: checked when it is declared, it turns texts into
-- values and says how it looks in a usage line. See _arguments.lua for the fields.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

local M = {}

--- Options that the engine takes out of argv before a command sees it.
M.GLOBAL = { "--settings", "--verbosity", "-v", "--no-color", "--traceback", "-C" }
--- What `options` has in every command.
M.COMMON = { verbosity = true, traceback = true, no_color = true, settings = true, stdout = true, stderr = true }

local FIELDS = {
  help = "string", type = "any", default = "any", flag = "boolean", choices = "table", nargs = "any", required = "boolean",
  dest = "string", metavar = "string", multiple = "boolean", const = "any",
}

local function keys(t)
  local list = {}
  for k in pairs(t) do
    list[#list + 1] = tostring(k)
  end
  table.sort(list)
  return list
end

-- ---- types ----

local TYPES = {}

function TYPES.string(text)
  return text
end

function TYPES.int(text)
  return text:find("^[+-]?%d+$") and math.tointeger(tonumber((text:gsub("^%+", "")))), "a whole number"
end

function TYPES.float(text)
  local n = text:find("^[+-]?[%d.][%d.eE+-]*$") and tonumber((text:gsub("^%+", "")))
  return n and n + 0.0, "a number"
end

-- ---- declaring ----

local Argument = {}
Argument.__index = Argument

local function is_name(text)
  return text:find("^[%a_][%w_-]*$") ~= nil
end

function Argument:wrong(text, ...)
  error(exceptions.ImproperlyConfigured(("%s: argument %s: %s"):format(self.where, self.title, text:format(...))), 0)
end

function Argument:check_names(names)
  if #names == 0 then
    self:wrong("it has no name: { \"csv_file\" } or { \"--posts\" }")
  end
  for _, name in ipairs(names) do
    if type(name) ~= "string" then
      self:wrong("a name must be a string, not a %s", type(name))
    end
    local dashes, rest = name:match("^(%-*)(.*)$")
    if #dashes > 2 or not is_name(rest) or (#dashes == 1 and #rest > 1) then
      self:wrong("'%s' is no name: csv_file, -p or --posts", name)
    end
    if (#dashes > 0) ~= (names[1]:sub(1, 1) == "-") or (#dashes == 0 and #names > 1) then
      self:wrong("one argument is given by position or by option, not both")
    end
    for _, global in ipairs(M.GLOBAL) do
      if name == global then
        self:wrong("'%s' is an option of every command; choose another name", name)
      end
    end
  end
end

-- The name in `options`: that of the first long option, without dashes.
function Argument:find_dest(names)
  local chosen = names[1]
  for _, name in ipairs(names) do
    if name:sub(1, 2) == "--" then
      chosen = name
      break
    end
  end
  return (chosen:gsub("^%-+", ""):gsub("%-", "_"))
end

function Argument:check_fields(spec)
  for k, v in pairs(spec) do
    if math.type(k) ~= "integer" then
      local want = FIELDS[k]
      if not want then
        self:wrong("unknown field '%s'%s", tostring(k), core.suggest(tostring(k), keys(FIELDS)))
      end
      if want ~= "any" and type(v) ~= want then
        self:wrong("%s must be a %s, not a %s", k, want, type(v))
      end
    end
  end
end

function Argument:check_type(kind)
  if kind == nil then
    return TYPES.string
  end
  if type(kind) == "function" then
    return kind
  end
  if kind == "bool" or kind == "boolean" then
    self:wrong("there is no type \"bool\"; an option that is on or off is written flag = true")
  end
  if not TYPES[kind] then
    self:wrong("unknown type '%s'%s (string, int, float or a function)", tostring(kind), core.suggest(tostring(kind), keys(TYPES)))
  end
  return TYPES[kind]
end

function Argument:check_nargs(nargs)
  local ok = nargs == nil or nargs == "?" or nargs == "*" or nargs == "+" or nargs == "..." or (math.type(nargs) == "integer" and nargs >= 1 and nargs <= 1000)
  if not ok then
    self:wrong("nargs must be \"?\", \"*\", \"+\" or a whole number, not %s", tostring(nargs))
  end
  if nargs ~= nil and self.flag then
    self:wrong("a flag takes no value, so it has no nargs")
  end
end

-- Do the fields fit each other, and the default the type?
function Argument:check_sense(spec)
  if self.flag and (spec.type or spec.choices or spec.multiple) then
    self:wrong("a flag is true or false: it has no type, choices or multiple")
  end
  if self.positional and (self.flag or spec.multiple) then
    self:wrong("an argument by position can be no flag and come once; write --%s", self.names[1])
  end
  if self.positional and spec.required == false then
    self:wrong("an argument by position that may be left out has nargs = \"?\" (or \"*\")")
  end
  if spec.const ~= nil and spec.nargs ~= "?" then
    self:wrong("const is the value of an option without one: it wants nargs = \"?\"")
  end
  local default = spec.default
  if default == nil or self.flag then
    if self.flag and default ~= nil and type(default) ~= "boolean" then
      self:wrong("the default of a flag is true or false, not %s", tostring(default))
    end
    return
  end
  if spec.type == "int" and type(default) ~= "table" and math.type(default) ~= "integer" then
    self:wrong("its default %s is no whole number", tostring(default))
  elseif spec.type == "float" and type(default) ~= "table" and type(default) ~= "number" then
    self:wrong("its default %s is no number", tostring(default))
  end
end

--- An argument; where and index are for messages. Raises ImproperlyConfigured.
function M.declare(where, spec, index)
  local self = setmetatable({ where = where, title = "#" .. index }, Argument)
  if type(spec) ~= "table" then
    self:wrong("it must be a table such as { \"--posts\", type = \"int\" }, not a %s", type(spec))
  end
  local names = table.move(spec, 1, #spec, 1, {})
  self:check_names(names)
  self.names = names
  self.title = "'" .. names[#names] .. "'"
  self:check_fields(spec)
  self.positional = names[1]:sub(1, 1) ~= "-"
  self.flag = spec.flag or false
  self.kind = spec.type
  self.convert = self:check_type(spec.type)
  self:check_nargs(spec.nargs)
  self:check_sense(spec)
  self.dest = spec.dest or self:find_dest(names)
  self.nargs, self.choices, self.help, self.const, self.multiple = spec.nargs, spec.choices, spec.help, spec.const, spec.multiple
  self.default = spec.default
  if self.flag and self.default == nil then
    self.default = false
  end
  self.required = spec.required or (self.positional and spec.default == nil and spec.nargs ~= "?" and spec.nargs ~= "*" and spec.nargs ~= "...") or false
  self.metavar = spec.metavar or (self.positional and names[1]) or (self.choices and "{" .. table.concat(self.choices, ",") .. "}") or self.dest:upper()
  if M.COMMON[self.dest] then
    self:wrong("options.%s is there in every command; give it another dest", self.dest)
  end
  return self
end

-- ---- values ----

--- Raises UsageError.
function M.usage_error(text, ...)
  error(exceptions.UsageError(text:format(...)), 0)
end

function Argument:label()
  return self.positional and self.names[1] or table.concat(self.names, "/")
end

function Argument:check_choice(value)
  if not self.choices then
    return value
  end
  local names = {}
  for i, choice in ipairs(self.choices) do
    if choice == value then
      return value
    end
    names[i] = tostring(choice)
  end
  M.usage_error("argument %s: '%s' is none of %s%s", self:label(), tostring(value), table.concat(names, ", "), core.suggest(tostring(value), names))
end

function Argument:value(text)
  local value, what = self.convert(text)
  if value == nil then
    M.usage_error("argument %s: '%s' is not %s", self:label(), text, type(what) == "string" and what or "valid")
  end
  return self:check_choice(value)
end

function Argument:values(texts)
  local list = {}
  for i, text in ipairs(texts) do
    list[i] = self:value(text)
  end
  return list
end

-- How many values it takes at least and at most.
function Argument:range()
  local n = self.nargs
  if n == nil then
    return self.default ~= nil and self.positional and 0 or 1, 1
  elseif n == "?" then
    return 0, 1
  elseif n == "*" or n == "..." then
    return 0, math.huge
  elseif n == "+" then
    return 1, math.huge
  end
  return n, n
end

function Argument:is_list()
  return self.nargs ~= nil and self.nargs ~= "?"
end

-- ---- showing ----

function Argument:shown_values()
  local v, n = self.metavar, self.nargs
  if n == nil then
    return v
  elseif n == "?" then
    return "[" .. v .. "]"
  elseif n == "*" or n == "..." then
    return "[" .. v .. " ...]"
  elseif n == "+" then
    return v .. " [" .. v .. " ...]"
  end
  return (v .. " "):rep(n):sub(1, -2)
end

function Argument:in_usage()
  local text
  if self.positional then
    text = self:shown_values()
    return self.nargs == nil and not self.required and "[" .. text .. "]" or text
  end
  text = self.names[1] .. (self.flag and "" or " " .. self:shown_values())
  return self.required and text or "[" .. text .. "]"
end

--- What stands about it in a help text: its names, and what it is.
function Argument:described()
  local left = self.positional and self.metavar or table.concat(self.names, ", ") .. (self.flag and "" or " " .. self:shown_values())
  local right = { self.help }
  if self.choices and self.positional then
    right[#right + 1] = "(" .. table.concat(self.choices, ", ") .. ")"
  end
  if self.default ~= nil and not self.flag and type(self.default) ~= "table" then
    right[#right + 1] = "(default: " .. tostring(self.default) .. ")"
  end
  return { left, table.concat(right, " ") }
end

return M
