-- SPDX-License-Identifier: MIT
-- Migrations as Lua files that people like to read.
local exceptions = require "perilune.exceptions"
local kinds = require "perilune._models.kinds"
local null = require "perilune.null"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local Writer = {}
Writer.__index = Writer

local RESERVED = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch "%a+" do
  RESERVED[word] = true
end

local function key(name)
  if type(name) == "string" and name:match "^[%a_][%w_]*$" and not RESERVED[name] then
    return name
  end
  return "[" .. (type(name) == "string" and ("%q"):format(name) or tostring(name)) .. "]"
end

local function quote(text)
  local quoted = ("%q"):format(text):gsub("\\\n", "\\n"):gsub("\r", "\\r")
  if not utf8.len(text) then
    quoted = quoted:gsub("[\x80-\xff]", function(c)
      return ("\\%d"):format(c:byte())
    end)
  end
  return quoted
end

-- The shortest text that gives the number again.
local function number(v)
  if math.type(v) == "integer" or v ~= v or v == math.huge or v == -math.huge then
    return ("%q"):format(v)
  end
  for digits = 1, 17 do
    local text = ("%." .. digits .. "g"):format(v)
    if tonumber(text) == v then
      return text:find "[.e]" and text or text .. ".0"
    end
  end
end

function Writer:need(module)
  self.needs[module] = true
  return module:match "[^.]+$"
end

-- Modules that are nobody's to require: parts of the library, other migrations.
local function is_private(name)
  return name:match "^_" or name:match "^perilune%._" or name:match "^perilune%..*%._" or name == "perilune.models" or name:match "%.migrations%."
end

-- From where a value can be required: the member of a loaded module that it is.
local function member(value)
  local found
  for name, module in pairs(package.loaded) do
    if type(module) == "table" and not is_private(name) then
      for k, v in next, module do
        if rawequal(v, value) and type(k) == "string" and (not found or name .. "." .. k < found.name .. "." .. found.key) then
          found = { name = name, key = k }
        end
      end
    end
  end
  return found and ("require(%q).%s"):format(found.name, found.key)
end

-- perilune.validators' objects, by what they were made with.
function Writer:validator(value, mt, indent)
  local name = type(mt) == "table" and tostring(rawget(mt, "__name")):match "^perilune%.validators%.(%w+)$"
  local args = name and rawget(value, "_args")
  if not args then
    return nil
  end
  local parts = {}
  for i = 1, args.n do
    parts[i] = self:value(args[i], indent)
  end
  return ('require("perilune.validators").%s(%s)'):format(name, table.concat(parts, ", "))
end

-- Things that know how they are written: fields, indexes, constraints, actions, expressions
-- that carry their source.
function Writer:object(value, indent)
  local mt = getmetatable(value)
  if rawget(value, "_is_manager") then
    return self:manager(value)
  elseif type(value.deconstruct) == "function" then
    return self:field(value, indent)
  elseif type(value.state_forwards) == "function" then
    return self:operation(value, indent)
  elseif type(mt) == "table" and (mt.class_name == "Index" or mt.class_name == "CheckConstraint" or mt.class_name == "UniqueConstraint") then
    return self:constraint(value, mt.class_name, indent)
  elseif rawget(value, "name") and tostring(value):match "^models%.[%u_]+$" then
    self:need "perilune.models"
    if value.name == "SET" then
      return "models.SET(" .. self:value(value.value, indent) .. ")"
    end
    return "models." .. value.name
  end
  local written = member(value) or self:validator(value, mt, indent)
  if written then
    return written
  end
  error(exceptions.ValueError(("cannot write %s into a migration: give a plain value, or write this migration by hand"):format(tostring(value))), 0)
end

function Writer:table(t, indent)
  if next(t) == nil then
    return "{}"
  end
  local parts, length = {}, 0
  local inner = indent .. "  "
  for i, v in ipairs(t) do
    parts[i] = self:value(v, inner)
  end
  for _, k in ipairs(sorted_keys(t)) do
    if not (math.type(k) == "integer" and k >= 1 and k <= #t) then
      parts[#parts + 1] = key(k) .. " = " .. self:value(t[k], inner)
    end
  end
  local multi = false
  for _, p in ipairs(parts) do
    length = length + #p + 2
    multi = multi or p:find("\n", 1, true) ~= nil
  end
  if not multi and length + #indent < 110 then
    return "{ " .. table.concat(parts, ", ") .. " }"
  end
  return "{\n" .. inner .. table.concat(parts, ",\n" .. inner) .. ",\n" .. indent .. "}"
end

--- Any value as an expression of Lua.
function Writer:value(v, indent)
  indent = indent or ""
  local t = type(v)
  if v == null then
    self:need "perilune.null"
    return "null"
  elseif t == "string" then
    return quote(v)
  elseif t == "number" or t == "boolean" or t == "nil" then
    return t == "number" and number(v) or tostring(v)
  elseif t == "table" then
    return getmetatable(v) and self:object(v, indent) or self:table(v, indent)
  elseif t == "userdata" then
    return self:userdata(v)
  elseif t == "function" then
    return self:func(v)
  end
  error(exceptions.ValueError("cannot write a " .. t .. " into a migration"), 0)
end

function Writer:userdata(v)
  local kind = getmetatable(v)
  if kind == "perilune.decimal.Decimal" or tostring(kind):match "decimal" then
    self:need "perilune.decimal"
    return "decimal " .. quote(tostring(v))
  elseif kinds.is_date(v) then
    self:need "perilune.time"
    return ("time.date(%d, %d, %d)"):format(v.year, v.month, v.day)
  elseif kinds.is_datetime(v) then
    self:need "perilune.time"
    return ("time.parse_datetime %q"):format(v:isoformat())
  elseif kinds.is_time(v) then
    self:need "perilune.time"
    return ("time.parse_time %q"):format(v:isoformat())
  elseif kinds.is_timedelta(v) then
    self:need "perilune.time"
    return ("time.timedelta{ days = %d, seconds = %d, microseconds = %d }"):format(v.days, v.seconds, v.microseconds)
  elseif kind == "perilune.models.Expression" then
    local source = require("perilune._models.source").of(v)
    local ok, text = pcall(source or error, self)
    if ok then
      self:need "perilune.models"
      return text
    end
    error(exceptions.ValueError "cannot write this expression into a migration: it holds a query (Subquery, Exists), which would have to be run. No constraint, index or column can have one; limit_choices_to takes a function of a module, and rows are ordered by a query in a manager's get_queryset()", 0)
  end
  error(exceptions.ValueError(("cannot write %s into a migration"):format(tostring(v))), 0)
end

-- Where a function is among operations: "[2].code"; nil.
local function in_operations(list, fn)
  for i, operation in ipairs(list or {}) do
    for _, key_ in ipairs { "code", "reverse_code" } do
      if rawequal(operation[key_], fn) then
        return ("[%d].%s"):format(i, key_)
      end
    end
    for _, key_ in ipairs { "database_operations", "state_operations" } do
      local inner = in_operations(operation[key_], fn)
      if inner then
        return ("[%d].%s%s"):format(i, key_, inner)
      end
    end
  end
  return nil
end

-- A function of another migration stays there; whoever writes this one is told.
function Writer:in_migration(fn)
  local source, best = debug.getinfo(fn, "S").source:gsub("^@", ""):gsub("%.lua$", ""):gsub("/", "."), nil
  for name, module in pairs(package.loaded) do
    local file = name:match "%.migrations%.([^.]+)$"
    local place = file and type(module) == "table" and in_operations(module.operations, fn)
    if place and (not best or name == source or best.name ~= source and name < best.name) then -- best where it is written
      best = { name = name, file = file, place = place }
    end
  end
  if not best then
    return nil
  end
  self.ported[best.file] = true
  return ("require(%q).operations%s"):format(best.name, best.place)
end

-- Which option of the field that is being written holds the value: "default"; nil.
local function option_of(field, value)
  for _, name in ipairs(sorted_keys(field.options_given)) do
    local given = field.options_given[name]
    if rawequal(given, value) then
      return name
    end
    for _, item in ipairs(type(given) == "table" and getmetatable(given) == nil and given or {}) do
      if rawequal(item, value) then
        return name
      end
    end
  end
  return nil
end

-- Where the function is, for whom, and what to write instead: a function that can be required.
function Writer:unnamed(fn)
  local info = debug.getinfo(fn, "S")
  local what, field = ("the function of %s:%d"):format(info.source:gsub("^@", ""), info.linedefined), self.written
  local option = field and option_of(field, fn)
  if option then
    local name = "M." .. (option == "default" and "make_" .. field.name or option == "validators" and "check_" .. field.name or field.name .. "_" .. option)
    return ("cannot write the %s of '%s' (%s) into a migration: %s cannot be required from there. Make it a member of a module, so that it can: function %s(…) … end above the model, %s = %s in it, and return M at the end of the file"):format(
      option, field.name, field.where, what, name, option, option == "validators" and "{ " .. name .. " }" or name)
  end
  return ("cannot write %s into a migration: make it a member of a module, function M.name() … end, so that it can be required"):format(what)
end

--- A function by where it can be required from: a member of a loaded module, or an operation
--- of another migration.
function Writer:func(fn)
  if rawequal(fn, require("perilune._migrations.operations").RunLua.noop) then
    self:need "perilune.migrations"
    return "migrations.RunLua.noop"
  end
  local found = member(fn) or self:in_migration(fn)
  if not found then
    error(exceptions.ValueError(self:unnamed(fn)), 0)
  end
  return found
end

-- Managers have no arguments: their class, or their class of QuerySets, must be a member of a
-- module.
function Writer:manager(manager)
  local class = getmetatable(manager)
  if class == require("perilune._models.manager").Manager then
    self:need "perilune.models"
    return "models.Manager()"
  end
  local found = member(class)
  if found then
    return found .. "()"
  end
  found = member(class.queryset_class)
  if found then
    return found .. ":as_manager()"
  end
  error(exceptions.ValueError(("cannot write the manager %s into a migration: make its class a member of a module, so that it can be required, or leave out use_in_migrations"):format(tostring(manager))), 0)
end

-- What a relation points at: a setting, when others can take the model's place.
function Writer:target(field, to)
  local registry = require("perilune._models.registry").project
  local setting = field.swappable ~= false and registry:swappable_setting(to)
  if setting and require("perilune.settings").get(setting) ~= nil then
    self:need "perilune.settings"
    return "settings." .. setting
  end
  return quote(to)
end

-- models.CharField{ max_length = 200 }
function Writer:field(field, indent)
  self:need "perilune.models"
  self.written = field -- for errors
  local name, options = field:deconstruct()
  local maker = "models." .. name
  if field.type_name then -- an author's class
    maker = ("require(%q).%s"):format(field.module_name or "?", name)
  end
  if field.composite then
    local parts = {}
    for i, p in ipairs(field.parts) do
      parts[i] = quote(p)
    end
    return maker .. "(" .. table.concat(parts, ", ") .. ")"
  end
  local rest = {}
  for k, v in pairs(options) do
    rest[k] = v
  end
  if field.relation then
    local to = rest.to
    rest.to = nil
    return maker .. "(" .. self:target(field, to) .. ", " .. self:table(rest, indent) .. ")"
  end
  return maker .. self:table(rest, indent)
end

function Writer:constraint(item, class_name, indent)
  self:need "perilune.models"
  local parts = {}
  for i, f in ipairs(item.fields or {}) do
    parts[i] = f
  end
  for _, e in ipairs(item.expressions or {}) do
    parts[#parts + 1] = e
  end
  for _, k in ipairs { "name", "condition", "include", "deferrable", "nulls_distinct", "opclasses", "violation_error_code", "violation_error_message" } do
    parts[k] = item[k]
  end
  return "models." .. class_name .. self:table(parts, indent)
end

-- migrations.AddField{ … }, one option a line.
function Writer:operation(operation, indent)
  self:need "perilune.migrations"
  local lines = {}
  local inner = indent .. "  "
  for _, option in ipairs(getmetatable(operation).option_names) do
    local v = operation[option]
    if v ~= nil and not (type(v) == "table" and getmetatable(v) == nil and next(v) == nil and not operation.required[option]) then
      if option == "fields" or option == "managers" then
        local rows = {}
        for i, pair in ipairs(v) do
          rows[i] = inner .. "  { " .. quote(pair[1]) .. ", " .. self:value(pair[2], inner .. "  ") .. " },\n"
        end
        lines[#lines + 1] = #rows == 0 and option .. " = {}" or option .. " = {\n" .. table.concat(rows) .. inner .. "}"
      else
        lines[#lines + 1] = key(option) .. " = " .. self:value(v, inner)
      end
    end
  end
  if #lines == 0 then
    return ("migrations.%s{}"):format(operation.class_name)
  end
  return ("migrations.%s{\n%s%s,\n%s}"):format(operation.class_name, inner, table.concat(lines, ",\n" .. inner), indent)
end

-- Pairs { app, name }; what depends on a model that a setting names says so.
function Writer:pairs_list(list)
  local parts = {}
  for i, pair in ipairs(list) do
    local setting = pair.setting or pair.swappable and require("perilune._models.registry").project:swappable_setting(pair.swappable)
    if setting then
      self:need "perilune.settings"
      parts[i] = ("migrations.swappable_dependency(settings.%s)"):format(setting)
    else
      parts[i] = ("{ %q, %q }"):format(pair[1], pair[2])
    end
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function new()
  return setmetatable({ needs = {}, ported = {} }, Writer)
end

--- The file's text, and the names of other migrations whose functions it uses. migration:
--- { dependencies, operations, initial, replaces, run_before, atomic }; options: header (false:
--- without the comment at its top)
function M.text(migration, options)
  local self = new()
  local operations = {}
  for i, operation in ipairs(migration.operations) do
    operations[i] = "    " .. self:operation(operation, "    ") .. ",\n"
  end
  self:need "perilune.migrations"
  local head = {}
  if migration.initial then
    head[#head + 1] = "  initial = true,\n"
  end
  if migration.atomic == false then
    head[#head + 1] = "  atomic = false,\n"
  end
  for _, name in ipairs { "replaces", "run_before" } do
    if #(migration[name] or {}) > 0 then
      head[#head + 1] = ("  %s = %s,\n"):format(name, self:pairs_list(migration[name]))
    end
  end
  head[#head + 1] = ("  dependencies = %s,\n"):format(self:pairs_list(migration.dependencies))
  local lines, ported = {}, sorted_keys(self.ported)
  if not (options and options.header == false) then
    lines[#lines + 1] = "-- Made by `perilune makemigrations`."
  end
  for _, name in ipairs(ported) do
    lines[#lines + 1] = ("-- Uses functions of %s: copy them before that file is deleted."):format(name)
  end
  for _, module in ipairs(sorted_keys(self.needs)) do
    lines[#lines + 1] = ("local %s = require %q"):format(module:match "[^.]+$", module)
  end
  local body = #operations == 0 and "  operations = {},\n" or "  operations = {\n" .. table.concat(operations) .. "  },\n"
  return ("%s\n\nreturn {\n%s%s}\n"):format(table.concat(lines, "\n"), table.concat(head), body), ported
end

--- Whether two values would be written alike.
function M.same(a, b)
  local function text(v)
    local ok, result = pcall(Writer.value, new(), v, "")
    return ok and result or tostring(v)
  end
  return rawequal(a, b) or text(a) == text(b)
end

--- A value as it would be written.
function M.value(v)
  return Writer.value(new(), v, "")
end

return M
