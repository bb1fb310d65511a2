-- SPDX-License-Identifier: MIT
-- Keys, tokens and comparisons: django.utils.crypto.
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"

local M = {}

M.RANDOM_STRING_CHARS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

--- The secret key of the project. Raises ImproperlyConfigured when there is none.
function M.secret_key()
  local settings = require "perilune.settings"
  local key = settings.get("secret_key", "")
  if key == "" then
    local cure = settings.configured() and "set secret_key in settings.lua" or "there is no project here; give the key as an option"
    error(exceptions.ImproperlyConfigured("the secret_key setting must not be empty: " .. cure), 2)
  end
  return key
end

--- Random text of `length` characters of `allowed_chars`, from the kernel's generator.
function M.get_random_string(length, allowed_chars)
  return crypto.random_string(length, allowed_chars)
end

--- Are two strings equal? Takes the same time wherever they differ.
function M.constant_time_compare(a, b)
  return crypto.equal(a, b)
end

local Digest = { __name = "perilune.utils.crypto.Digest" }
Digest.__index = Digest

function Digest:digest()
  return self[1]
end

function Digest:hexdigest()
  return crypto.hex(self[1])
end

--- The hash of `data`: `:digest()` gives its bytes, `:hexdigest()` their digits. `algorithm`
--- is "sha256" when left out; md5, sha1, sha224, sha384 and sha512 are the others.
function M.hash(data, algorithm)
  return setmetatable({ crypto.digest(algorithm or "sha256", data) }, Digest)
end

local salted_options = { secret = true, algorithm = true }

--- HMAC of `value` under a key made of `key_salt` and the secret; `:digest()` gives its
--- bytes, `:hexdigest()` their digits. Options: secret (settings.secret_key), algorithm
--- ("sha1").
function M.salted_hmac(key_salt, value, options)
  options = check_options("salted_hmac", options, salted_options)
  local secret = options.secret or M.secret_key()
  return setmetatable({ crypto.salted_hmac(key_salt, value, secret, options.algorithm or "sha1") }, Digest)
end

local pbkdf2_options = { dklen = true, digest = true }

--- PBKDF2 as raw bytes. Options: dklen (the digest's length), digest ("sha256").
function M.pbkdf2(password, salt, iterations, options)
  options = check_options("pbkdf2", options, pbkdf2_options)
  return crypto.pbkdf2(options.digest or "sha256", password, salt, iterations, options.dklen)
end

return M
