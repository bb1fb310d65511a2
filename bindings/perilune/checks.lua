-- SPDX-License-Identifier: MIT
-- System checks: functions that look at the project and give a list of messages, which
-- `perilune check` shows.
--
--   checks.register(function(options)
--     if not settings.get("shop_currency") then
--       return { checks.Error("shop_currency is not set", { hint = "set it in settings.lua", id = "shop.E001" }) }
--     end
--   end, { tags = { "shop" } })
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"
local settings = require "perilune.settings"

exceptions.define("SystemCheckError", exceptions.CommandError)

local M = { DEBUG = 10, INFO = 20, WARNING = 30, ERROR = 40, CRITICAL = 50 }

local registered = {} -- { fn =, tags =, deploy = }, in order

-- ---- messages ----

local Message = { __name = "perilune.checks.Message" }
Message.__index = Message

--- Is it one that `perilune check` ends with status 1 for?
function Message:is_serious(level)
  return self.level >= (level or M.ERROR)
end

--- Is its id one of settings.silenced_system_checks?
function Message:is_silenced()
  for _, id in ipairs(settings.get("silenced_system_checks", {})) do
    if id == self.id then
      return true
    end
  end
  return false
end

-- Whose the message is, and where that is written: "shop.Product", " (shop/models.lua:12)".
local function object_text(obj)
  if obj == nil then
    return "?", ""
  end
  local meta = type(obj) == "table" and rawget(obj, "_meta") -- a model
  if meta then
    return meta.label, meta.where ~= "" and (" (%s)"):format(meta.where) or ""
  end
  local ok, text = pcall(tostring, type(obj) == "table" and obj.label or obj)
  return ok and text or "?", ""
end

--- "urls.lua:3: (urls.W002) text", "shop.Product: (models.E012) text (shop/models.lua:12)"; with the hint in a line of its own.
function Message:__tostring()
  local id = self.id and "(" .. self.id .. ") " or ""
  local hint = self.hint and "\n\tHINT: " .. self.hint or ""
  local whose, place = object_text(self.obj)
  return ("%s: %s%s%s%s"):format(whose, id, self.msg, place, hint)
end

local fields = { hint = true, obj = true, id = true }

local function constructor(name)
  M[name] = function(msg, opts)
    if type(msg) ~= "string" then
      error(exceptions.TypeError(("checks.%s(text, { hint =, id =, obj = }): the text is a %s"):format(name, type(msg))), 2)
    end
    opts = check_options("checks." .. name, opts, fields)
    return setmetatable({ level = M[name:upper()], msg = msg, hint = opts.hint, obj = opts.obj, id = opts.id }, Message)
  end
end
for _, name in ipairs { "Debug", "Info", "Warning", "Error", "Critical" } do
  constructor(name)
end

-- ---- checks ----

local register_options = { tags = true, deploy = true }

--- Adds a check. Options: tags (a list of names for `check --tag`), deploy (true: only
--- with `check --deploy`). Gives the function back.
function M.register(fn, opts)
  if type(fn) ~= "function" then
    error(exceptions.TypeError(("checks.register(function, { tags = { … } }): a function, not a %s"):format(type(fn))), 2)
  end
  opts = check_options("checks.register", opts, register_options)
  local tags = opts.tags or {}
  if type(tags) == "string" then
    tags = { tags }
  end
  registered[#registered + 1] = { fn = fn, tags = tags, deploy = opts.deploy or false }
  return fn
end

local function builtins()
  for _, name in ipairs { "settings", "urls", "models", "relations", "columns", "expressions", "signals", "caches", "middleware", "security", "templates" } do
    require("perilune._checks." .. name)
  end
end

local function has_tag(check, wanted)
  for _, tag in ipairs(check.tags) do
    if wanted[tag] then
      return true
    end
  end
  return false
end

--- The tags there are, sorted.
function M.tags_available(deploy)
  builtins()
  local list, seen = {}, {}
  for _, check in ipairs(registered) do
    for _, tag in ipairs((deploy or not check.deploy) and check.tags or {}) do
      if not seen[tag] then
        seen[tag] = true
        list[#list + 1] = tag
      end
    end
  end
  table.sort(list)
  return list
end

local function messages_of(check, options)
  local found = check.fn(options)
  if found == nil then
    return {}
  end
  if type(found) ~= "table" or getmetatable(found) == Message then
    local info = debug.getinfo(check.fn, "S")
    error(exceptions.TypeError(("the check at %s:%d must return a list of messages, not a %s"):format(info.source:gsub("^@", ""), info.linedefined, getmetatable(found) == Message and "single one" or type(found))), 0)
  end
  return found
end

local run_options = { tags = true, deploy = true, apps = true }

--- Runs the checks; gives their messages. Options: tags (only those), deploy (with those
--- for production), apps (a list of apps that checks may restrict themselves to).
function M.run(opts)
  opts = check_options("checks.run", opts, run_options)
  builtins()
  local wanted, messages = nil, {}
  if opts.tags and #opts.tags > 0 then
    wanted = {}
    local known, exists = M.tags_available(true), {}
    for _, tag in ipairs(known) do
      exists[tag] = true
    end
    for _, tag in ipairs(opts.tags) do
      wanted[tag] = true
      if not exists[tag] then
        error(exceptions.CommandError(("there is no check with the tag '%s'%s"):format(tag, core.suggest(tag, known))), 0)
      end
    end
  end
  for _, check in ipairs(registered) do
    if (not wanted or has_tag(check, wanted)) and (opts.deploy or not check.deploy) then
      for _, message in ipairs(messages_of(check, { apps = opts.apps, deploy = opts.deploy or false })) do
        messages[#messages + 1] = message
      end
    end
  end
  return messages
end

return M
