-- SPDX-License-Identifier: MIT
-- What the tags url, querystring, static, get_static_prefix, get_media_prefix do with
-- their arguments: (request, list of positional ones, names, values) -> text. None
-- among them is perilune.null.
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local querydict = require "perilune._querydict"
local settings = require "perilune.settings"
local urls = require "perilune.urls"

local M = {}

local function field(object, name)
  local ok, value = pcall(function()
    return object[name]
  end)
  return ok and value or nil
end

-- ---- url ----

-- Which instance of an app the page is in.
local function current_app(request)
  if request == nil then
    return nil
  end
  return field(request, "current_app") or field(field(request, "resolver_match"), "namespace")
end

local function url_value(value)
  if value == null then
    return "None"
  elseif value == true then
    return "True"
  elseif value == false then
    return "False"
  end
  return value
end

function M.url(request, args, names, values, quiet)
  local view, params = args[1], {}
  for i = 2, #args do
    params[i - 1] = url_value(args[i])
  end
  for i, name in ipairs(names) do
    params[name] = url_value(values[i])
  end
  if view == null then
    view = "None"
  elseif type(view) == "userdata" then
    view = tostring(view)
  end
  if not quiet then
    return urls.reverse(view, params, { current_app = current_app(request) })
  end
  local ok, url = pcall(urls.reverse, view, params, { current_app = current_app(request) })
  if ok then
    return url
  elseif exceptions.is(url, "NoReverseMatch") then
    return ""
  end
  error(url, 0)
end

-- ---- querystring ----

local function shown(value)
  if value == null then
    return "None"
  elseif type(value) == "string" then
    return "'" .. value .. "'"
  elseif type(value) == "boolean" then
    return value and "True" or "False"
  end
  return tostring(value)
end

local function text_of(value)
  if value == true then
    return "True"
  elseif value == false then
    return "False"
  end
  return tostring(value)
end

local function set(params, key, value)
  if type(key) ~= "string" then
    error(exceptions.TemplateSyntaxError(("querystring requires strings for mapping keys (got %s instead)."):format(shown(key))), 0)
  end
  if value == null then
    if params:has_key(key) then
      params:pop(key)
    end
  elseif type(value) == "table" and not (getmetatable(value) or {}).__tostring then
    local list = {}
    for i, item in ipairs(value) do
      list[i] = text_of(item)
    end
    params:setlist(key, list)
  else
    params[key] = text_of(value)
  end
end

local function sorted(map)
  local keys = {}
  for k in pairs(map) do
    keys[#keys + 1] = k
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) and type(a) ~= "boolean" then
      return a < b
    end
    return type(a) < type(b)
  end)
  return keys
end

local function merge(params, mapping)
  if type(mapping) == "userdata" and field(mapping, "lists") then
    for _, pair in ipairs(mapping:lists()) do
      params:setlist(pair[1], pair[2])
    end
    return
  end
  if type(mapping) ~= "table" or (#mapping > 0 and not getmetatable(mapping)) then
    error(exceptions.TemplateSyntaxError(("querystring requires mappings for positional arguments (got %s instead)."):format(shown(mapping))), 0)
  end
  if (getmetatable(mapping) or {}).__pairs then
    for k, v in pairs(mapping) do
      set(params, k, v)
    end
    return
  end
  for _, key in ipairs(sorted(mapping)) do
    set(params, key, mapping[key])
  end
end

function M.querystring(request, args, names, values)
  local params = querydict.QueryDict("", { mutable = true })
  if #args == 0 then
    if request == nil then
      error(exceptions.AttributeError "'Context' object has no attribute 'request'", 0)
    end
    args = { request.GET }
  end
  for _, mapping in ipairs(args) do
    merge(params, mapping)
  end
  for i, name in ipairs(names) do
    set(params, name, values[i])
  end
  return "?" .. params:urlencode()
end

-- ---- static files ----

function M.static(_, args)
  local static = require "perilune.static"
  return static.static(args[1] == null and "None" or tostring(args[1]))
end

function M.static_prefix()
  return require("perilune.static").base_url()
end

function M.media_prefix()
  return settings.get("media_url", "")
end

return M
