-- SPDX-License-Identifier: MIT
-- What to do about an error, where that can be said. An error object may bring its own
-- `hint`; the others are recognised by class or by what Lua says.
local core = require "perilune._core"
local db_hints = require "perilune._db_hints"
local exceptions = require "perilune.exceptions"

local M = {}

-- Names that the frame of the error could have meant.
local function visible_names(frame)
  local names = {}
  for _, item in ipairs(frame and frame.locals or {}) do
    names[#names + 1] = item.name
  end
  for name in next, _G do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function unknown_global(name, frame)
  local near = core.suggest(name, visible_names(frame))
  if near ~= "" then
    return ("There is no variable '%s' here%s"):format(name, near)
  end
  return ("There is no variable '%s' here. Is it declared with 'local' above this line, or does a require for it miss?"):format(name)
end

-- pattern of the message -> hint; captures and the frame are passed on.
local rules = {
  {
    "^perilune/%S+: attempt to",
    function()
      return "The library was called in a way it did not expect. Is there a '.' where a ':' belongs? Methods are called with a colon: Post.objects:all(), post:save()."
    end,
  },
  { "attempt to %a+ a nil value %(global '([^']*)'%)", unknown_global },
  {
    "attempt to call a nil value %(method '([^']*)'%)",
    function(name)
      return ("The value before ':%s' has no such method. Is the name spelt right, and is the value what you think it is?"):format(name)
    end,
  },
  {
    "attempt to call a nil value %(field '([^']*)'%)",
    function(name)
      return ("The table has no function '%s'. Does the module return it?"):format(name)
    end,
  },
  {
    "attempt to index a nil value %(local '([^']*)'%)",
    function(name)
      return ("'%s' is nil at this line: look where it gets its value."):format(name)
    end,
  },
  {
    "attempt to index a nil value %(field '([^']*)'%)",
    function(name)
      return ("The field '%s' is not there (nil): check it before going further into it."):format(name)
    end,
  },
  {
    "attempt to index a boolean value",
    function()
      return "A module that returns nothing comes back from require() as true: end it with 'return M'."
    end,
  },
  {
    "attempt to concatenate a nil value",
    function()
      return "A part of the text is nil. tostring(value) shows any value; 'value or \"\"' leaves it out."
    end,
  },
  {
    "attempt to compare",
    function()
      return "Only two numbers or two strings compare. Values of a query or form are strings: tonumber() makes numbers of them."
    end,
  },
  {
    "attempt to yield from outside a coroutine",
    function()
      return "Nothing has to yield here: views, middleware and plain coroutines may simply wait (perilune.fiber)."
    end,
  },
  {
    "stack overflow",
    function()
      return "A function calls itself without an end: the frames that repeat in the traceback show which."
    end,
  },
  {
    "^not enough memory",
    function()
      return "The worker reached the setting lua_memory_limit. Build large answers piece by piece with http.StreamingResponse."
    end,
  },
  {
    "string length overflow",
    function()
      return "A text grew past what Lua holds. Build large answers piece by piece with http.StreamingResponse."
    end,
  },
}

local function disallowed_host(err)
  local host = tostring(err.message):match("add '([^']+)' to allowed_hosts")
  if not host then
    return "The client sent a Host header that no host name can be."
  end
  return ("If this host is yours, put it into settings.lua:  allowed_hosts = { \"%s\" }"):format(host)
end

local by_class = {
  {
    "TimeLimitExceeded",
    function()
      return "The view computed longer than the setting request_time_limit allows (waiting does not count). The traceback shows where it was stopped; long work belongs into a task, or raise the setting."
    end,
  },
  { "DisallowedHost", disallowed_host },
  {
    "TooManyFieldsSent",
    function()
      return "The setting data_upload_max_number_fields holds the limit."
    end,
  },
  {
    "TooManyFilesSent",
    function()
      return "The setting data_upload_max_number_files holds the limit."
    end,
  },
  {
    "RequestDataTooBig",
    function()
      return "The setting data_upload_max_memory_size holds the limit."
    end,
  },
  {
    "RawPostDataException",
    function()
      return "request.body is there for other bodies than forms with files; read request.POST and request.FILES here."
    end,
  },
  { "DatabaseError", db_hints.of },
  {
    "ObjectDoesNotExist",
    function()
      return "http.get_object_or_404(…) answers 404 when there is none; get_or_nil{…} gives nil."
    end,
  },
  {
    "NoReverseMatch",
    function()
      return "'perilune routes' lists the names of all routes and the parameters they take."
    end,
  },
}

--- A sentence or two, or nil. `frame` is where the author's code was.
function M.of(err, frame)
  if type(err) ~= "table" then
    return nil
  end
  local own = rawget(err, "hint")
  if type(own) == "string" then
    return own
  end
  for _, row in ipairs(by_class) do
    if exceptions.is(err, row[1]) then
      return row[2](err)
    end
  end
  local message = rawget(err, "message")
  for _, rule in ipairs(type(message) == "string" and rules or {}) do
    local found, _, capture = message:find(rule[1])
    if found then
      return rule[2](capture, frame)
    end
  end
  return nil
end

return M
