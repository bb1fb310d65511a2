-- SPDX-License-Identifier: MIT
-- Who may change things: whoever knows settings.api_token. Programs send it with every
-- request (Authorization: Bearer …), people give it once and get a signed cookie.
-- Without a token in the settings, everybody may.
local crypto = require "perilune.utils.crypto"
local http = require "perilune.http"
local settings = require "perilune.settings"
local urls = require "perilune.urls"
local uhttp = require "perilune.utils.http"

local M = {}

local COOKIE = "staff"
local HOURS = 8

-- The token is part of the salt: nobody makes such a cookie without knowing it, and all
-- of them end when it is changed.
local function salt()
  return "core.access" .. settings.api_token
end

--- Is there anything to sign in with?
function M.enabled()
  return settings.api_token ~= ""
end

--- Is this the token? Takes the same time wherever it differs.
function M.is_token(given)
  return M.enabled() and type(given) == "string" and crypto.constant_time_compare(given, settings.api_token)
end

--- Does the request carry the token as a bearer's?
function M.has_bearer_token(request)
  local scheme, token = (request.headers["Authorization"] or ""):match "^(%a+) +(%S+)$"
  return scheme ~= nil and scheme:lower() == "bearer" and M.is_token(token)
end

--- Has the browser the cookie that sign_in gives?
function M.has_cookie(request)
  return M.enabled() and request:get_signed_cookie(COOKIE, { default = "", salt = salt(), max_age = HOURS * 3600 }) == "yes"
end

function M.sign_in(request, response)
  response:set_signed_cookie(COOKIE, "yes", { salt = salt(), max_age = HOURS * 3600, httponly = true, samesite = "Lax", secure = request:is_secure() })
  return response
end

function M.sign_out(response)
  response:delete_cookie(COOKIE, { samesite = "Lax" })
  return response
end

--- A view that only reads for everybody, and writes for those who may; others are asked
--- to sign in.
function M.writers_only(view)
  return function(request, params)
    local reads = request.method == "GET" or request.method == "HEAD"
    if reads or request.is_staff or not M.enabled() then
      return view(request, params)
    end
    return http.redirect(urls.reverse "sign_in" .. "?" .. uhttp.urlencode { next = request.path })
  end
end

return M
