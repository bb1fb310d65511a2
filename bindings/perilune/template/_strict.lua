-- SPDX-License-Identifier: MIT
-- Names that do not resolve, where settings.template_strict wants to hear of them.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local log = require "perilune.log"

local M = {}

local MAX_NAMES, MAX_PLACES = 500, 2000
local told, ntold = {}, 0 -- places that the log has had already

-- What did not resolve in each request, for its debug page; and the request that the running
-- thread renders for.
local MAX_OF_REQUEST = 50
local by_request, rendering = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "kv" })

--- The running thread renders for this request from now on.
function M.enter(request)
  rendering[coroutine.running()] = request
end

--- { place, text } of each name that did not resolve in the request; nil: all did.
function M.of(request)
  return by_request[request]
end

local function keep_for_request(place, text)
  local request = rendering[coroutine.running()]
  if request == nil then
    return
  end
  local list = by_request[request] or {}
  by_request[request] = list
  if #list < MAX_OF_REQUEST then
    list[#list + 1] = { place, text }
  end
end

local function add_keys(names, map)
  if type(map) ~= "table" then
    return
  end
  for k in next, map do
    if type(k) == "string" and #names < MAX_NAMES then
      names[#names + 1] = k
    end
  end
end

-- The names that an object has, as far as a look at its tables tells.
local function names_of(object)
  local names, depth = {}, 0
  while type(object) == "table" and depth < 8 do
    add_keys(names, object)
    local mt = debug.getmetatable(object)
    object = type(mt) == "table" and rawget(mt, "__index") or nil
    depth = depth + 1
  end
  return names
end

local function describe(token, bit, object, scopes, context, extra)
  local names = scopes
  if object == nil then
    add_keys(names, context)
    add_keys(names, extra)
  else
    names = names_of(object)
  end
  local what = token == bit and ("'%s' does not resolve"):format(token) or ("'%s' does not resolve: %s '%s'"):format(token, object == nil and "there is no variable" or "there is nothing called", bit)
  return what .. core.suggest(bit, names)
end

local function is_querydict(object)
  return type(object) == "userdata" and getmetatable(object) == "perilune.http.QueryDict"
end

--- Called by the engine for each such name. What a request does not carry is no mistake of
--- the template: {{ request.GET.q }} is how one fills a form.
function M.unresolved(engine, token, bit, object, scopes, template, origin, line, context, extra)
  if is_querydict(object) then
    return
  end
  local name = template ~= "" and template or "a template without a name"
  if engine.strict == "error" then
    error(exceptions.VariableDoesNotExist(describe(token, bit, object, scopes, context, extra), { token = token }), 0)
  end
  keep_for_request(("%s:%d"):format(name, line), describe(token, bit, object, scopes, context, extra))
  local place = ("%s\0%d\0%s"):format(origin ~= "" and origin or name, line, token)
  if told[place] then
    return
  end
  if ntold >= MAX_PLACES then
    told, ntold = {}, 0
  end
  told[place], ntold = true, ntold + 1
  log.get("perilune.template"):warning("%s:%d: %s", name, line, describe(token, bit, object, scopes, context, extra))
end

return M
