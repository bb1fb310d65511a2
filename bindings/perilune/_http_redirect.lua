-- SPDX-License-Identifier: MIT
-- Redirects: redirect() and the responses that it gives.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local responses = require "perilune._response"
local util = require "perilune._http_util"

local M = {}

-- Longer ones cost more to check than any browser would follow.
local MAX_LENGTH = 16384
local ALLOWED_SCHEMES = { http = true, https = true, ftp = true }

local function refused(text, ...)
  error(exceptions.DisallowedRedirect(text:format(...)), 0)
end

-- Browsers drop these characters before they look for a scheme.
local function check_target(url)
  if #url > MAX_LENGTH then
    refused("Unsafe redirect exceeding %d characters", MAX_LENGTH)
  end
  local seen = url:gsub("^[%z\1-\32]+", ""):gsub("[\t\r\n]", "")
  local scheme = seen:match "^(%a[%w+.-]*):"
  if scheme and not ALLOWED_SCHEMES[scheme:lower()] then
    refused("Unsafe redirect to URL with protocol '%s'", scheme:lower())
  end
end

local response_options = { preserve_request = true, headers = true, reason = true, content_type = true, charset = true }

local function make(what, url, options, moved, kept)
  options = check_options(what, options, response_options)
  if type(url) ~= "string" then
    local mt = getmetatable(url)
    if type(mt) ~= "table" or not mt.__tostring then
      error(exceptions.TypeError(("%s takes a URL, not a %s"):format(what, type(url))), 3)
    end
    url = tostring(url)
  end
  check_target(url)
  local response = responses.Response("", {
    status = options.preserve_request and kept or moved,
    headers = options.headers,
    reason = options.reason,
    content_type = options.content_type,
    charset = options.charset,
  })
  response.headers["Location"] = util.iri_to_uri(url)
  return response
end

--- 302 to a URL; 307 with { preserve_request = true }. Raises DisallowedRedirect for
--- schemes other than http, https and ftp.
function M.ResponseRedirect(url, options)
  return make("ResponseRedirect", url, options, 302, 307)
end

--- 301 to a URL; 308 with { preserve_request = true }.
function M.ResponsePermanentRedirect(url, options)
  return make("ResponsePermanentRedirect", url, options, 301, 308)
end

-- ---- what to redirect to ----

local function absolute_url_of(object)
  if type(object) ~= "table" then
    return nil
  end
  local method = object.get_absolute_url
  return type(method) == "function" and method(object) or nil
end

local function is_url(to)
  return to:find "^/" or to:find "^%.%.?/" or to:find "^%a[%w+.-]*://" or to == ""
end

--- The URL of a URL, a path, the name of a view, a view, or an object with
--- get_absolute_url(). `params` and `reverse_options` are those of urls.reverse().
function M.resolve_url(to, params, reverse_options)
  local url = absolute_url_of(to)
  if url then
    return url
  end
  if type(to) ~= "string" and type(to) ~= "function" then
    local mt = getmetatable(to)
    if type(mt) ~= "table" or not (mt.__tostring or mt.__call) then
      error(exceptions.TypeError(("redirect() takes a URL, the name of a view, a view, or an object with get_absolute_url(), not a %s"):format(type(to))), 3)
    end
    if mt.__tostring and not mt.__call then
      to = tostring(to)
    end
  end
  if type(to) == "string" and is_url(to) then
    return to
  end
  local ok, result = pcall(require("perilune.urls").reverse, to, params, reverse_options)
  if ok then
    return result, true
  end
  -- What has the look of a URL may be one that has no scheme: "example.com/x".
  local looks_like_url = type(to) == "string" and to:find "[/.]"
  if looks_like_url and (exceptions.is(result, "NoReverseMatch") or exceptions.is(result, "ImproperlyConfigured")) then
    return to
  end
  error(result, 0)
end

-- `url` with a query and a fragment behind those that it has.
local function extended(url, options)
  local rest, fragment = url:match "^([^#]*)#?(.*)$"
  if options.query ~= nil then
    local query = options.query
    if type(query) ~= "string" then
      query = require("perilune.utils.http").urlencode(query, { doseq = true })
    end
    if query ~= "" then
      rest = rest .. (rest:find("?", 1, true) and "&" or "?") .. query
    end
  end
  fragment = options.fragment or fragment
  return fragment ~= "" and rest .. "#" .. fragment or rest
end

local redirect_options = { permanent = true, preserve_request = true, params = true, query = true, fragment = true }

--- A redirect to a URL, a path, the name of a view, a view, or an object with
--- get_absolute_url(). Options: permanent (301 instead of 302), preserve_request (308 and
--- 307: the method and the body stay), params (of the view), query, fragment.
function M.redirect(to, options)
  options = check_options("redirect", options, redirect_options)
  local url = M.resolve_url(to, options.params)
  if type(url) == "string" then
    url = extended(url, options)
  end
  local class = options.permanent and M.ResponsePermanentRedirect or M.ResponseRedirect
  return class(url, { preserve_request = options.preserve_request })
end

return M
