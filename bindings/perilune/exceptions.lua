-- SPDX-License-Identifier: MIT
-- Error objects. A class is a table that is the metatable of its instances and can be
-- called to make one: `error(exceptions.Http404("no such product"))`.
--
-- An instance has `message` and whatever fields it was given; `name` is its class's.
-- `traceback` is added where it is caught first by the engine, and `where` ("file:line: "),
-- the line of the project it came from. `hint`, a sentence of the author's, is shown on the
-- debug page. Names are Django's and Python's.

local sorted_keys = require "perilune._sorted_keys"

local M = {}

local class_mt = {}

function class_mt.__call(class, message, fields)
  local err = {}
  if type(fields) == "table" then
    for k, v in pairs(fields) do
      err[k] = v
    end
  end
  if message == nil then
    message = ""
  end
  err.message = message
  return setmetatable(err, class)
end

function class_mt.__tostring(class)
  return "class " .. class.name
end

local function is(self, class)
  local mt = getmetatable(self)
  if type(mt) ~= "table" or type(mt.ancestors) ~= "table" then
    return false
  end
  return mt.ancestors[class] == true
end

local function to_string(self)
  local message = self.message
  if type(message) ~= "string" then
    message = tostring(message)
  end
  if message == "" then
    return self.name
  end
  return self.name .. ": " .. message
end

--- A new class `name` below `parent` (Exception when left out), known to nobody else:
--- Product.DoesNotExist. `members` are methods and defaults of its instances. Its `ancestors`
--- are classes and their names.
function M._define_private(name, parent, members)
  parent = parent or M.Exception
  local class = { name = name, parent = parent, ancestors = { [name] = true }, __tostring = to_string }
  class.ancestors[class] = true
  local methods = { name = name, is = is }
  if parent then
    for k in pairs(parent.ancestors) do
      class.ancestors[k] = true
    end
    for k, v in pairs(parent.__index) do
      if methods[k] == nil then
        methods[k] = v
      end
    end
    class.__tostring = parent.__tostring
  end
  for k, v in pairs(members or {}) do
    methods[k] = v
  end
  class.__index = methods
  return setmetatable(class, class_mt)
end

--- The same, registered in the module under its name.
function M.define(name, parent, members)
  M[name] = M._define_private(name, parent, members)
  return M[name]
end

--- Is `value` an error object of `class` (a class, or the name that one or several have), or of
--- one below it?
function M.is(value, class)
  return type(value) == "table" and is(value, class)
end

-- What require() says about a module that is nowhere, in one line that names the nearest;
-- the places where it was looked for go into the traceback.
local function missing_module(text)
  local at = text:find("' not found:\n\tno field package.preload[", 1, true)
  local where, name = text:sub(1, at and at - 1 or 0):match("^(.*)module '([^']*)$")
  if not name then
    return nil
  end
  local ok, near = pcall(function()
    return require("perilune._modules").suggest(name)
  end)
  return M.ImportError(("%smodule '%s' not found%s"):format(where, name, ok and near or ""), { tried = text:sub(at + 2) })
end

--- Any raised value as an error object: objects as they are, everything else as an
--- `Error` whose `value` is the original.
function M.wrap(value)
  if M.is(value, "Exception") then
    return value
  end
  local ok, text = pcall(tostring, value)
  if not ok or type(text) ~= "string" then
    text = "an error object (" .. type(value) .. ") that cannot be shown"
  elseif value == nil then
    text = "error(nil): an error without a value"
  elseif type(value) == "table" and not (getmetatable(value) or {}).__tostring then
    text = "an error object that is a plain table; raise an object of perilune.exceptions instead"
  end
  return type(value) == "string" and missing_module(value) or M.Error(text, { value = value })
end

-- name, parent
local classes = {
  { "Exception" },
  { "Error", "Exception" }, -- what is raised as a string or another plain value
  { "ValueError", "Exception" },
  { "TypeError", "Exception" },
  { "KeyError", "Exception" },
  { "IndexError", "Exception" },
  { "AttributeError", "Exception" },
  { "NotImplementedError", "Exception" },
  { "RuntimeError", "Exception" },
  { "OverflowError", "Exception" },
  { "ZeroDivisionError", "Exception" },
  { "UnicodeError", "ValueError" },
  { "SyntaxError", "Exception" },
  { "OSError", "Exception" },
  { "NotFoundError", "OSError" },
  { "TimeoutError", "OSError" },
  { "ClosedError", "OSError" },
  { "ConnectionError", "OSError" },
  { "CancelledError", "Exception" },
  { "TooLargeError", "Exception" },
  { "UsageError", "Exception" },
  { "TimeLimitExceeded", "Exception" }, -- request_time_limit
  { "ImproperlyConfigured", "Exception" },
  { "MiddlewareNotUsed", "Exception" },
  { "AppRegistryNotReady", "Exception" },
  { "ImportError", "Exception" },
  { "ObjectDoesNotExist", "Exception" },
  { "MultipleObjectsReturned", "Exception" },
  { "FieldError", "Exception" },
  { "DeserializationError", "Exception" },
  { "FieldDoesNotExist", "Exception" },
  { "InterfaceError", "Exception" },
  { "DatabaseError", "Exception" },
  { "DataError", "DatabaseError" },
  { "OperationalError", "DatabaseError" },
  { "IntegrityError", "DatabaseError" },
  { "InternalError", "DatabaseError" },
  { "ProgrammingError", "DatabaseError" },
  { "NotSupportedError", "DatabaseError" },
  { "TransactionManagementError", "ProgrammingError" },
  { "ProtectedError", "IntegrityError" },
  { "RestrictedError", "IntegrityError" },
  { "ObjectNotUpdated", "DatabaseError" },
  { "FieldFetchBlocked", "FieldError" },
  { "IrreversibleError", "RuntimeError" },
  { "NodeNotFoundError", "Exception" },
  { "CircularDependencyError", "Exception" },
  { "InconsistentMigrationHistory", "Exception" },
  { "ViewDoesNotExist", "Exception" },
  { "PermissionDenied", "Exception" },
  { "Http404", "Exception" },
  { "Resolver404", "Http404" },
  { "NoReverseMatch", "Exception" },
  { "BadRequest", "Exception" },
  { "MultiPartParserError", "BadRequest" },
  { "SuspiciousOperation", "Exception" },
  { "DisallowedHost", "SuspiciousOperation" },
  { "DisallowedRedirect", "SuspiciousOperation" },
  { "SuspiciousFileOperation", "SuspiciousOperation" },
  { "SuspiciousMultipartForm", "SuspiciousOperation" },
  { "TooManyFieldsSent", "SuspiciousOperation" },
  { "TooManyFilesSent", "SuspiciousOperation" },
  { "RequestDataTooBig", "SuspiciousOperation" },
  { "InvalidSessionKey", "SuspiciousOperation" },
  { "UnreadablePostError", "OSError" },
  { "RawPostDataException", "Exception" },
  { "BadHeaderError", "ValueError" },
  { "BadSignature", "Exception" },
  { "SignatureExpired", "BadSignature" },
  { "CommandError", "Exception" },
  { "TemplateDoesNotExist", "Exception" },
  { "TemplateSyntaxError", "Exception" },
  { "VariableDoesNotExist", "Exception" }, -- template_strict = "error"
  { "ContextPopException", "Exception" },
  { "ContentNotRenderedError", "Exception" },
  { "RecursionError", "RuntimeError" },
  { "MemoryError", "Exception" },
}
for _, row in ipairs(classes) do
  M.define(row[1], row[2] and M[row[2]])
end

-- In a template the method that raises it is a name that does not resolve.
M.ObjectDoesNotExist.__index.silent_variable_failure = true

M.NON_FIELD_ERRORS = "__all__"

local function joined(messages)
  return table.concat(messages, "; ")
end

--- ValidationError(message | list | map of lists, { code =, params = }). `messages` is
--- the flat list of texts with `%(name)s` filled in from params; `error_dict` is there
--- when it was made from a map.
local ValidationError = M.define("ValidationError", M.Exception)

-- As Django's messages write it.
local function shown(value)
  if type(value) == "boolean" then
    return value and "True" or "False"
  end
  local text = tostring(value)
  return (type(value) == "userdata" and text:gsub("^(%d%d%d%d%-%d%d%-%d%d)T(%d)", "%1 %2") or text)
end

local function fill(message, params)
  if type(params) ~= "table" or type(message) ~= "string" then
    return message
  end
  return (message:gsub("%%%(([%w_]+)%)[sd]", function(key)
    local v = params[key]
    return v ~= nil and shown(v) or nil
  end))
end

local validation_mt = {}
for k, v in pairs(class_mt) do
  validation_mt[k] = v
end
function validation_mt.__call(class, message, fields)
  fields = fields or {}
  local err = setmetatable({ code = fields.code, params = fields.params }, class)
  if M.is(message, "ValidationError") then
    message = message.error_dict or message.error_list or { message }
  end
  if type(message) == "table" then
    local messages, list, told = {}, {}, nil
    if #message > 0 or next(message) == nil then
      for _, item in ipairs(message) do
        local e = M.is(item, "ValidationError") and item or class(item)
        for _, inner in ipairs(e.error_list) do
          list[#list + 1] = inner
          messages[#messages + 1] = inner.messages[1]
        end
      end
      err.error_list = list
    else
      err.error_dict, err.message_dict = {}, {}
      local names = sorted_keys(message)
      told = {} -- the text for logs says which field each is about
      for _, field in ipairs(names) do
        local e = class(message[field])
        told[#told + 1] = (field == "__all__" and "" or tostring(field) .. ": ") .. e.message
        err.error_dict[field], err.message_dict[field] = e.error_list, e.messages
        for _, text in ipairs(e.messages) do
          messages[#messages + 1] = text
        end
        for _, inner in ipairs(e.error_list) do
          list[#list + 1] = inner
        end
      end
      err.error_list = list
    end
    err.messages = messages
    err.message = joined(told or messages)
  else
    err.message = fill(tostring(message), fields.params)
    err.template = message
    err.messages = { err.message }
    err.error_list = { err }
  end
  return err
end
setmetatable(ValidationError, validation_mt)

return M
