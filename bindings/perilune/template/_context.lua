-- SPDX-License-Identifier: MIT
-- Variables of a render: template.Context, RequestContext, and context processors.
local check_options = require "perilune._options"
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local names_of = require "perilune._names"

local M = {}

-- ---- Context ----

local Context = { __name = "perilune.template.Context" }
M.Context = Context

local methods = {}

function methods:get(name, default)
  for i = #self._scopes, 1, -1 do
    local v = self._scopes[i][name]
    if v ~= nil then
      return v
    end
  end
  return default
end

function methods:set(name, value)
  self._scopes[#self._scopes][name] = value
end

function methods:has(name)
  return methods.get(self, name) ~= nil
end

--- A new innermost scope with a copy of the values.
function methods:push(values)
  local scope = {}
  for k, v in pairs(values or {}) do
    scope[k] = v
  end
  self._scopes[#self._scopes + 1] = scope
  return self
end
methods.update = methods.push

function methods:pop()
  if #self._scopes == 1 then
    error(exceptions.ContextPopException("pop() has been called more times than push()"), 2)
  end
  return table.remove(self._scopes)
end

--- All variables in one table, the innermost scope's first.
function methods:flatten()
  local flat = {}
  for _, scope in ipairs(self._scopes) do
    for k, v in pairs(scope) do
      flat[k] = v
    end
  end
  return flat
end

function Context.__index(self, key)
  local method = methods[key]
  if method ~= nil then
    return method
  end
  return methods.get(self, key)
end

function Context.__newindex(self, key, value)
  methods.set(self, key, value)
end

function Context.__pairs(self)
  return next, methods.flatten(self), nil
end

local context_options = { autoescape = true, use_l10n = true, use_tz = true, language = true }

local function new(what, values, opts, request)
  opts = check_options(what, opts, context_options)
  if values ~= nil and type(values) ~= "table" then
    error(exceptions.TypeError(("%s: the variables are a table, not a %s"):format(what, type(values))), 3)
  end
  local self = { _scopes = {}, _options = opts, _request = request }
  methods.push(self, values)
  return setmetatable(self, Context)
end

--- Variables with options for a render: autoescape, use_tz, use_l10n, language.
function M.new(values, opts)
  return new("template.Context", values, opts)
end

function M.new_request(request, values, opts)
  return new("template.RequestContext", values, opts, request)
end

-- ---- context processors ----

local builtin = require "perilune.template.context_processors"

-- "shop.context.site_info", "debug", "perilune.template.context_processors.debug" or a function.
local function find_processor(entry)
  if type(entry) == "function" then
    return entry
  end
  if type(entry) ~= "string" then
    error(exceptions.ImproperlyConfigured(("a context processor is a name or a function, not a %s"):format(type(entry))), 0)
  end
  if builtin[entry] then
    return builtin[entry]
  end
  local module, name = entry:match "^(.+)%.([^.]+)$"
  if not module or not core.module_exists(module) then
    error(exceptions.ImproperlyConfigured(("context processor '%s': there is no module '%s'%s"):format(entry, module or entry, require("perilune._modules").suggest(module or entry))), 0)
  end
  local found = require(module)
  local fn = type(found) == "table" and found[name]
  if type(fn) ~= "function" then
    error(exceptions.ImproperlyConfigured(("context processor '%s': module '%s' has no function '%s'%s"):format(entry, module, name, core.suggest(name, names_of(found)))), 0)
  end
  return fn
end

-- Always there, and lazy: they cost nothing until a template names them.
local ALWAYS = { request = true, csrf = true }

--- The functions that the names stand for, found when they are first needed: modules of the
--- project may need templates themselves.
function M.processors(names)
  local list
  return function()
    if not list then
      local found = {}
      for _, entry in ipairs(names) do
        local fn = find_processor(entry)
        if not (ALWAYS[entry] or fn == builtin.request or fn == builtin.csrf) then
          found[#found + 1] = { fn = fn, name = tostring(entry) }
        end
      end
      list = found
    end
    return list
  end
end

local function extra_of(engine, request)
  local extra = { request = request, csrf_token = builtin._csrf_token(request) }
  for _, processor in ipairs(engine.processors()) do
    local given = processor.fn(request)
    if type(given) == "table" then
      for k, v in pairs(given) do
        extra[k] = v
      end
    elseif given ~= nil then
      error(exceptions.TypeError(("context processor %s gave a %s; it must return a table"):format(processor.name, type(given))), 0)
    end
  end
  return extra
end

--- What a render gets: variables, those of the processors, the request, the options of a Context.
function M.prepare(engine, context, request)
  local options
  if getmetatable(context) == Context then
    request = request or rawget(context, "_request")
    options = rawget(context, "_options")
    context = methods.flatten(context)
  elseif context ~= nil and type(context) ~= "table" then
    error(exceptions.TypeError(("the context of a template is a table of variables, not a %s"):format(type(context))), 0)
  end
  return context, request ~= nil and extra_of(engine, request) or nil, request, options
end

return M
