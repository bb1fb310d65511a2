-- SPDX-License-Identifier: MIT
-- The built-in context processors: functions of the request that give variables to every
-- template rendered for it.
local core = require "perilune._core"
local settings = require "perilune.settings"

local M = {}

--- `request`. Always on.
function M.request(request)
  return { request = request }
end

--- What `csrf_token` is: a function, for the token is made when a template asks for it.
function M._csrf_token(request)
  return function()
    if not core.module_exists "perilune.csrf" then
      return "NOTPROVIDED"
    end
    return require("perilune.csrf").get_token(request) or "NOTPROVIDED"
  end
end

--- `csrf_token`. Always on.
function M.csrf(request)
  return { csrf_token = M._csrf_token(request) }
end

--- `debug` and `sql_queries`, in debug and for the addresses of settings.internal_ips.
function M.debug(request)
  if not settings.debug then
    return {}
  end
  for _, ip in ipairs(settings.get("internal_ips", {})) do
    if ip == request.remote_addr then
      return { debug = true, sql_queries = {} }
    end
  end
  return {}
end

--- `STATIC_URL`
function M.static()
  return { STATIC_URL = require("perilune.static").base_url() }
end

--- `MEDIA_URL`
function M.media()
  return { MEDIA_URL = settings.media_url }
end

--- `TIME_ZONE`, the name of the current time zone.
function M.tz()
  return { TIME_ZONE = require("perilune.time").get_current_timezone_name() }
end

--- `LANGUAGES`, `LANGUAGE_CODE`, `LANGUAGE_BIDI`
function M.i18n()
  local code = settings.language_code
  return { LANGUAGES = settings.get("languages", {}), LANGUAGE_CODE = code, LANGUAGE_BIDI = code:find "^ar" ~= nil or code:find "^fa" ~= nil or code:find "^he" ~= nil or code:find "^ur" ~= nil }
end

for _, name in ipairs { "request", "csrf", "debug", "static", "media", "tz", "i18n" } do
  M["perilune.template.context_processors." .. name] = M[name]
  M["django.template.context_processors." .. name] = M[name]
end

return M
