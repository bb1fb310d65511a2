-- SPDX-License-Identifier: MIT
-- Signed text and signed objects, byte for byte as Django writes and reads them.
--
-- A signature is base64(HMAC(digest(salt .. "signer" .. key), value)), put behind the
-- value with a separator. A TimestampSigner signs the value and the time.
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"
local time = require "perilune.time"
local secret_key = require("perilune.utils.crypto").secret_key

local M = {}

M.BadSignature = exceptions.BadSignature
M.SignatureExpired = exceptions.SignatureExpired

-- Of a signed object that was compressed; the signature already keeps strangers' out.
local DECOMPRESSED_MAX = 16 * 1024 * 1024

--- Seconds since 1970: the only clock of this module.
function M.clock()
  return time.now():timestamp()
end

-- ---- base 62 ----

local BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local digit_values = {}
for i = 1, 62 do
  digit_values[BASE62:byte(i)] = i - 1
end

--- An integer in base 62.
function M.b62_encode(n)
  n = math.tointeger(n)
  if not n then
    error(exceptions.TypeError("b62_encode: an integer is wanted"), 2)
  end
  if n == 0 then
    return "0"
  end
  local digits, i, negative = {}, 64, n < 0
  while n ~= 0 do
    -- Rounds to zero, so that the least integer needs no positive twin.
    local rest = math.fmod(n, 62)
    digits[i] = BASE62:sub(math.abs(rest) + 1, math.abs(rest) + 1)
    n = (n - rest) // 62
    i = i - 1
  end
  return (negative and "-" or "") .. table.concat(digits, "", i + 1, 64)
end

--- The integer that b62_encode wrote. Raises ValueError for other text.
function M.b62_decode(s)
  local sign, from = 1, 1
  if s:byte(1) == 45 then
    sign, from = -1, 2
  end
  local n = 0
  for i = from, #s do
    local digit = digit_values[s:byte(i)]
    if not digit then
      error(exceptions.ValueError(("'%s' is no number in base 62"):format(s)), 2)
    end
    n = n * 62 + digit
  end
  return sign * n
end

-- ---- objects as text ----

--- Compact JSON in ASCII, keys sorted: Django's JSONSerializer.
M.JSONSerializer = {
  dumps = function(value)
    return require("perilune.json").encode(value, { ensure_ascii = true, sort_keys = true })
  end,
  loads = function(text)
    return require("perilune.json").decode(text)
  end,
}

local function bad(message, level)
  error(exceptions.BadSignature(message), (level or 1) + 1)
end

local function pack(text, compress)
  if compress then
    local z = crypto.compress(text)
    if #z < #text - 1 then
      return "." .. crypto.base64_encode(z, "url_plain")
    end
  end
  return crypto.base64_encode(text, "url_plain")
end

local function unpack_text(text)
  local compressed = text:sub(1, 1) == "."
  local data, message = crypto.base64_decode(compressed and text:sub(2) or text, "url_plain")
  if data and compressed then
    data, message = crypto.decompress(data, DECOMPRESSED_MAX)
  end
  if not data then
    bad("the signed object cannot be read: " .. message, 3)
  end
  return data
end

-- ---- signers ----

local signer_options = { key = true, sep = true, salt = true, algorithm = true, fallback_keys = true }
local object_options = { serializer = true, compress = true }
local unsign_options = { serializer = true, max_age = true }

--- Text before and behind the last separator, or nil.
local function split_last(s, sep)
  local at, from = nil, 1
  while true do
    local i = s:find(sep, from, true)
    if not i then
      break
    end
    at, from = i, i + 1
  end
  if at then
    return s:sub(1, at - 1), s:sub(at + #sep)
  end
end

local function text_of(value)
  if type(value) == "boolean" then
    return value and "True" or "False"
  end
  return tostring(value)
end

local function make_signer(class, options)
  options = check_options(class.__name:match("[^.]+$"), options, signer_options)
  local sep = options.sep or ":"
  if not sep:find("[^%w_=-]") then
    error(exceptions.ValueError(("unsafe Signer separator '%s' (cannot be empty or consist of only A-z0-9-_=)"):format(sep)), 3)
  end
  local fallbacks = options.fallback_keys
  if not fallbacks then
    fallbacks = require("perilune.settings").get("secret_key_fallbacks", {})
  end
  local signer = {
    key = options.key or secret_key(),
    fallback_keys = fallbacks,
    sep = sep,
    salt = options.salt or class.default_salt,
    algorithm = options.algorithm or "sha256",
  }
  crypto.digest(signer.algorithm, "") -- an unknown one fails here, not at the first use
  return setmetatable(signer, class)
end

local function define(name, default_salt, parent)
  local class = { __name = "perilune.signing." .. name, default_salt = default_salt }
  class.__index = class
  return setmetatable(class, { __index = parent, __call = make_signer })
end

--- Signer{ key =, sep =, salt =, algorithm =, fallback_keys = }: all have defaults, the
--- keys from the settings secret_key and secret_key_fallbacks.
M.Signer = define("Signer", "django.core.signing.Signer")

--- The signature of `value`, under `key` (the signer's own when left out).
function M.Signer:signature(value, key)
  return crypto.base64_hmac(self.salt .. "signer", text_of(value), key or self.key, self.algorithm)
end

--- `value` with its signature.
function M.Signer:sign(value)
  value = text_of(value)
  return value .. self.sep .. self:signature(value)
end

--- The value of a signed text. Raises BadSignature.
function M.Signer:unsign(signed)
  if type(signed) ~= "string" then
    error(exceptions.TypeError("unsign: a string is wanted, not a " .. type(signed)), 2)
  end
  local value, signature = split_last(signed, self.sep)
  if not value then
    bad(('No "%s" found in value'):format(self.sep), 2)
  end
  if crypto.equal(signature, self:signature(value)) then
    return value
  end
  for _, key in ipairs(self.fallback_keys) do
    if crypto.equal(signature, self:signature(value, key)) then
      return value
    end
  end
  bad(('Signature "%s" does not match'):format(signature), 2)
end

--- Any value that the serializer takes, signed. Options: serializer (JSONSerializer),
--- compress (false: true compresses where that is shorter).
function M.Signer:sign_object(value, options)
  options = check_options("sign_object", options, object_options)
  local text = (options.serializer or M.JSONSerializer).dumps(value)
  return self:sign(pack(text, options.compress))
end

--- The value that sign_object signed. Options: serializer, max_age (TimestampSigner).
--- Raises BadSignature, SignatureExpired.
function M.Signer:unsign_object(signed, options)
  options = check_options("unsign_object", options, unsign_options)
  local text = self:unsign(signed, options.max_age)
  return (options.serializer or M.JSONSerializer).loads(unpack_text(text))
end

--- A Signer that puts the time into what it signs.
M.TimestampSigner = define("TimestampSigner", "django.core.signing.TimestampSigner", M.Signer)

function M.TimestampSigner:timestamp() -- luacheck: no self
  return M.b62_encode(math.floor(M.clock()))
end

function M.TimestampSigner:sign(value)
  return M.Signer.sign(self, text_of(value) .. self.sep .. self:timestamp())
end

local function seconds_of(max_age)
  if type(max_age) == "table" then
    max_age = check_options("unsign", max_age, { max_age = true }).max_age
  end
  if max_age == nil or type(max_age) == "number" then
    return max_age
  end
  return max_age:total_seconds()
end

--- The value, when it was signed no longer than `max_age` seconds (or a timedelta) ago;
--- { max_age = } is taken too. Raises BadSignature, SignatureExpired.
function M.TimestampSigner:unsign(signed, max_age)
  max_age = seconds_of(max_age)
  local value, stamp = split_last(M.Signer.unsign(self, signed), self.sep)
  if not value then
    bad(('No "%s" found in value'):format(self.sep), 2)
  end
  local signed_at = M.b62_decode(stamp)
  if max_age then
    local age = M.clock() - signed_at
    if age > max_age then
      local shown = math.tointeger(age) or age
      error(exceptions.SignatureExpired(("Signature age %s > %s seconds"):format(shown, max_age)), 2)
    end
  end
  return value
end

-- ---- short forms ----

local dumps_options = { key = true, salt = true, serializer = true, compress = true }
local loads_options = { key = true, salt = true, serializer = true, max_age = true, fallback_keys = true }

--- A value as signed text with the time in it. Options: key, salt
--- ("django.core.signing"), serializer, compress.
function M.dumps(value, options)
  options = check_options("dumps", options, dumps_options)
  local signer = M.TimestampSigner { key = options.key, salt = options.salt or "django.core.signing" }
  return signer:sign_object(value, { serializer = options.serializer, compress = options.compress })
end

--- The value that dumps wrote. Options: key, salt, serializer, max_age, fallback_keys.
--- Raises BadSignature, SignatureExpired.
function M.loads(signed, options)
  options = check_options("loads", options, loads_options)
  local signer = M.TimestampSigner { key = options.key, salt = options.salt or "django.core.signing", fallback_keys = options.fallback_keys }
  return signer:unsign_object(signed, { serializer = options.serializer, max_age = options.max_age })
end

local function cookie_key(key)
  return "django.http.cookies" .. key
end

--- The signer of signed cookies: settings.secret_key behind a prefix of its own.
function M.get_cookie_signer(salt)
  local fallbacks = {}
  for i, key in ipairs(require("perilune.settings").get("secret_key_fallbacks", {})) do
    fallbacks[i] = cookie_key(key)
  end
  return M.TimestampSigner { key = cookie_key(secret_key()), fallback_keys = fallbacks, salt = salt or "django.core.signing.get_cookie_signer" }
end

return M
