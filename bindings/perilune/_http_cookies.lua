-- SPDX-License-Identifier: MIT
-- Signed cookies, as Django signs them: methods of requests and responses whose C half is
-- in bindings/http/request.c and response_parts.c.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local null = require "perilune.null"
local signing = require "perilune.signing"

local M = {}

local get_options = { default = true, salt = true, max_age = true }

local function check_key(key, level)
  if type(key) ~= "string" then
    error(exceptions.TypeError(("the name of a cookie is a string, not a %s"):format(type(key))), level + 1)
  end
end

-- What is signed is bound to the name, so that one cookie cannot pass for another.
local function signer(key, salt)
  return signing.get_cookie_signer(key .. (salt or ""))
end

--- request:get_signed_cookie(key, { default =, salt =, max_age = })
function M.get_signed_cookie(request, key, options)
  check_key(key, 3)
  options = check_options("get_signed_cookie", options, get_options)
  local default = options.default
  local signed = request.COOKIES[key]
  if signed == nil then
    if default == nil then
      error(exceptions.KeyError(("there is no cookie '%s'; { default = … } gives a value instead of this error"):format(key)), 3)
    end
  else
    local ok, value = pcall(signing.TimestampSigner.unsign, signer(key, options.salt), signed, options.max_age)
    if ok then
      return value
    end
    if default == nil or not exceptions.is(value, "BadSignature") then
      error(value, 0)
    end
  end
  if default == null then
    return nil
  end
  return default
end

--- response:set_signed_cookie(key, value, { salt =, … as set_cookie takes them })
function M.set_signed_cookie(response, key, value, options)
  check_key(key, 3)
  local rest = {}
  if options ~= nil and type(options) ~= "table" then
    error(exceptions.TypeError(("the options of set_signed_cookie are a table, not a %s"):format(type(options))), 3)
  end
  for name, v in pairs(options or {}) do
    rest[name] = v
  end
  rest.salt = nil
  response:set_cookie(key, signer(key, options and options.salt):sign(value), rest)
end

return M
