-- SPDX-License-Identifier: MIT
-- The arguments of a command: what was declared, read from argv or from a table.
--
--   { "csv_file", help = "…" }                             by position
--   { "--posts", type = "int", default = 50 }              an option with a value
--   { "-c", "--clear", flag = true }                       an option without
--   { "paths", nargs = "*" }  { "--id", type = "int", nargs = "+" }  { "size", nargs = 2 }
--   choices = { "json", "csv" }  required = true  dest = "name"  metavar = "FILE"
--   multiple = true: may be given several times, its values are a list
--
-- A declaration that makes no sense raises ImproperlyConfigured with the place that the
-- caller names; arguments that do not fit raise UsageError.
local argument_of = require "perilune._argument"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"

local usage_error = argument_of.usage_error

local M = {}

local function keys(t)
  local list = {}
  for k in pairs(t) do
    list[#list + 1] = tostring(k)
  end
  table.sort(list)
  return list
end

-- ---- reading argv ----

local Parser = {}
Parser.__index = Parser

--- declarations: the `arguments` of a command (nil: none); where: who is told of mistakes.
function M.new(declarations, where)
  local self = setmetatable({ list = {}, positional = {}, options = {}, by_dest = {}, where = where }, Parser)
  if declarations ~= nil and type(declarations) ~= "table" then
    error(exceptions.ImproperlyConfigured(("%s: arguments must be a list, not a %s"):format(where, type(declarations))), 0)
  end
  if declarations and type(declarations[1]) == "string" then
    error(exceptions.ImproperlyConfigured(("%s: arguments is a list of tables: { { %q, … } }"):format(where, declarations[1])), 0)
  end
  for i, spec in ipairs(declarations or {}) do
    self:add(argument_of.declare(where, spec, i))
  end
  return self
end

function Parser:add(argument)
  if self.by_dest[argument.dest] then
    argument:wrong("options.%s is another argument's; give it a dest of its own", argument.dest)
  end
  self.by_dest[argument.dest] = argument
  self.list[#self.list + 1] = argument
  if argument.positional then
    local last = self.positional[#self.positional]
    if last and last.nargs == "..." then
      argument:wrong("nothing can follow '%s', which takes the rest", last.names[1])
    end
    self.positional[#self.positional + 1] = argument
    return
  end
  for _, name in ipairs(argument.names) do
    if self.options[name] or name == "-h" or name == "--help" then
      argument:wrong("'%s' is there twice", name)
    end
    self.options[name] = argument
  end
end

local function looks_like_option(text)
  return text:find("^%-[^%d.]") ~= nil or text:find("^%-%.[^%d]") ~= nil or text:find("^%-%d.*[^%d.eE+-]") ~= nil
end

function Parser:unknown(name)
  local names, begins = keys(self.options), {}
  for _, option in ipairs(names) do
    if #name > 2 and option:sub(1, #name) == name then
      begins[#begins + 1] = option
    end
  end
  local hint
  if #begins > 0 then
    hint = "; did you mean " .. table.concat(begins, " or ") .. "? Options are written out"
  else
    for _, option in ipairs(argument_of.GLOBAL) do
      names[#names + 1] = option
    end
    names[#names + 1] = "--help"
    hint = core.suggest(name, names)
  end
  usage_error("unknown option '%s'%s", name, hint)
end

-- Stores what an option brings; further ones replace it or, with multiple, add to it.
local function store(found, argument, value)
  if argument.multiple then
    found[argument.dest] = found[argument.dest] or {}
    table.insert(found[argument.dest], value)
  else
    found[argument.dest] = value
  end
end

-- The values of an option from argv[i] on; gives where the next argument stands.
function Parser:option_values(argument, argv, i, name, found)
  local least, most = argument:range()
  local texts = {}
  while #texts < most and argv[i] and argv[i] ~= "--" and not looks_like_option(argv[i]) do
    texts[#texts + 1] = argv[i]
    i = i + 1
  end
  if #texts < least then
    local odd = argv[i] and argv[i] ~= "--" and ("; '%s' looks like an option: write %s=%s"):format(argv[i], name, argv[i]) or ""
    usage_error("option %s wants %s%s", name, least == 1 and "a value" or least .. " values", odd)
  end
  if argument:is_list() then
    store(found, argument, argument:values(texts))
  elseif texts[1] then
    store(found, argument, argument:value(texts[1]))
  else
    store(found, argument, argument.const)
  end
  return i
end

function Parser:long(argv, i, found)
  local name, value = argv[i]:match("^(%-%-[^=]+)=(.*)$")
  name = name or argv[i]
  local argument = self.options[name] or self:unknown(name)
  if argument.flag then
    if value then
      usage_error("option %s takes no value", name)
    end
    found[argument.dest] = true
    return i + 1
  end
  if value then
    store(found, argument, argument:is_list() and argument:values { value } or argument:value(value))
    return i + 1
  end
  return self:option_values(argument, argv, i + 1, name, found)
end

-- -n 5, -n5, -n=5, and flags together: -xv
function Parser:short(argv, i, found)
  local text = argv[i]
  local at = 2
  while at <= #text do
    local name = "-" .. text:sub(at, at)
    local argument = self.options[name] or self:unknown(at == 2 and self.options["-" .. text] and text or name)
    if not argument.flag then
      local rest = text:sub(at + 1):gsub("^=", "")
      if rest == "" then
        return self:option_values(argument, argv, i + 1, name, found)
      end
      store(found, argument, argument:is_list() and argument:values { rest } or argument:value(rest))
      return i + 1
    end
    found[argument.dest] = true
    at = at + 1
  end
  return i + 1
end

-- What every argument by position gets of the texts: each what it needs, and what is left
-- to the first that can take more. Those in `found` already are not asked.
function Parser:distribute(texts, found)
  local open, needed, missing = {}, {}, {}
  for _, argument in ipairs(self.positional) do
    open[#open + 1] = found[argument.dest] == nil and argument or nil
  end
  for i = #open, 1, -1 do
    needed[i] = (needed[i + 1] or 0) + (open[i]:range())
  end
  local at = 1
  for i, argument in ipairs(open) do
    local least, most = argument:range()
    local left = math.max(#texts - at + 1, 0)
    local take = math.min(most, math.max(least, left - (needed[i + 1] or 0)))
    if take > left then
      missing[#missing + 1] = argument.nargs and least > 1 and ("%s (%d values)"):format(argument.metavar, least) or argument.metavar
      take = left
    elseif argument:is_list() and (take > 0 or argument.default == nil) then
      found[argument.dest] = argument:values { table.unpack(texts, at, at + take - 1) }
    elseif take == 1 then
      found[argument.dest] = argument:value(texts[at])
    end
    at = at + take
  end
  if #missing == 0 and at <= #texts then
    usage_error("unexpected argument '%s'%s", texts[at], #self.positional == 0 and " (it takes none)" or "")
  end
  return missing
end

-- Does what comes now belong to an argument that takes the rest as it is?
function Parser:rest_begins(texts)
  local last = self.positional[#self.positional]
  return last and last.nargs == "..." and #texts >= #self.positional - 1
end

function Parser:collect(argv, found)
  local texts, i, literal = {}, 1, false
  while i <= #argv do
    local text = argv[i]
    if literal or self:rest_begins(texts) then
      texts[#texts + 1] = text
      i = i + 1
    elseif text == "--" then
      literal = true
      i = i + 1
    elseif text == "--help" or text == "-h" then
      error(exceptions.UsageError("help", { help = true }), 0)
    elseif text:sub(1, 2) == "--" then
      i = self:long(argv, i, found)
    elseif looks_like_option(text) then
      i = self:short(argv, i, found)
    else
      texts[#texts + 1] = text
      i = i + 1
    end
  end
  return texts
end

local function copy(value)
  return type(value) == "table" and getmetatable(value) == nil and table.move(value, 1, #value, 1, {}) or value
end

-- Defaults, and what is missing.
function Parser:complete(found, missing)
  for _, argument in ipairs(self.list) do
    if found[argument.dest] == nil and argument.required and not argument.positional then
      missing[#missing + 1] = argument.names[#argument.names]
    end
  end
  if #missing > 0 then
    usage_error("missing: %s", table.concat(missing, ", "))
  end
  for _, argument in ipairs(self.list) do
    if found[argument.dest] == nil then
      found[argument.dest] = copy(argument.default)
    end
  end
end

-- Reading a name that was never declared is a typing error, not nil.
function Parser:guard(found)
  local by_dest = self.by_dest
  return setmetatable(found, {
    __index = function(_, name)
      if by_dest[name] or argument_of.COMMON[name] then
        return nil
      end
      local names = keys(by_dest)
      for common in pairs(argument_of.COMMON) do
        names[#names + 1] = common
      end
      table.sort(names)
      error(exceptions.AttributeError(("the command has no option '%s'%s"):format(tostring(name), core.suggest(tostring(name), names))), 2)
    end,
  })
end

--- argv (a list of strings), and options by their name in `options`: the table that
--- handle() gets. Raises UsageError; with `help` set when --help was asked for.
function Parser:parse(argv, given)
  local found = {}
  local texts = self:collect(argv, found)
  for name, value in pairs(given or {}) do
    found[name] = value
  end
  self:complete(found, self:distribute(texts, found))
  return self:guard(found)
end

--- Checks options given by name from code: converts texts, looks at choices.
function Parser:check_given(what, given)
  local out = {}
  for name, value in pairs(given) do
    local argument = self.by_dest[name]
    if not argument and not argument_of.COMMON[name] then
      local names = keys(self.by_dest)
      error(exceptions.TypeError(("%s has no option '%s'%s (it has %s)"):format(what, tostring(name), core.suggest(tostring(name), names), #names > 0 and table.concat(names, ", ") or "none")), 0)
    end
    if argument and type(value) == "string" and not argument.flag and not argument:is_list() then
      value = argument:value(value)
    elseif argument and not argument:is_list() and not argument.multiple and type(value) ~= "table" then
      argument:check_choice(value)
    end
    out[name] = value
  end
  return out
end

-- ---- showing ----

--- "perilune seed_data [--posts POSTS] csv_file"
function Parser:usage(command)
  local parts = { core.program, command }
  for _, argument in ipairs(self.list) do
    if not argument.positional then
      parts[#parts + 1] = argument:in_usage()
    end
  end
  for _, argument in ipairs(self.positional) do
    parts[#parts + 1] = argument:in_usage()
  end
  return table.concat(parts, " ")
end

--- Two columns, the right one wrapped to the width; for other lists as well. `least` is
--- how wide the left one is at least.
function M.columns(rows, width, least)
  local left, out = least or 0, {}
  for _, row in ipairs(rows) do
    left = math.max(left, math.min(#row[1], 24))
  end
  for _, row in ipairs(rows) do
    local lines, line = {}, ""
    for word in row[2]:gmatch("%S+") do
      if line ~= "" and #line + #word + 1 > width - left - 4 then
        lines[#lines + 1] = line
        line = word
      else
        line = line == "" and word or line .. " " .. word
      end
    end
    lines[#lines + 1] = line
    local first = "  " .. row[1]
    if #row[1] > left then
      out[#out + 1] = first
      first = (" "):rep(left + 2)
    end
    for i, text in ipairs(lines) do
      local start = i == 1 and first or ""
      out[#out + 1] = (start .. (" "):rep(left + 4 - #start) .. text):gsub("%s+$", "")
    end
  end
  return table.concat(out, "\n")
end

--- What `--help` prints below the usage line.
function Parser:help(width)
  local options, positional, parts = {}, {}, {}
  for _, argument in ipairs(self.list) do
    local rows = argument.positional and positional or options
    rows[#rows + 1] = argument:described()
  end
  if #positional > 0 then
    parts[#parts + 1] = "arguments:\n" .. M.columns(positional, width)
  end
  options[#options + 1] = { "-h, --help", "show this help" }
  parts[#parts + 1] = "options:\n" .. M.columns(options, width)
  return table.concat(parts, "\n\n")
end

return M
