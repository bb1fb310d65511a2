-- SPDX-License-Identifier: MIT
---@meta perilune.utils.crypto

---Keys, tokens and comparisons.
---@class perilune.utils.crypto
---@field RANDOM_STRING_CHARS string letters and digits
local crypto = {}

---settings.secret_key. Raises `ImproperlyConfigured` when it is empty or there is no project.
---@return string
function crypto.secret_key() end

---Random text from the kernel's generator.
---@param length integer characters, up to 1048576
---@param allowed_chars? string at least two different ones; letters and digits
---@return string
function crypto.get_random_string(length, allowed_chars) end

---Are the strings equal? The time taken says nothing about where they differ.
---@param a string
---@param b string
---@return boolean
function crypto.constant_time_compare(a, b) end

---@class perilune.utils.crypto.Digest
local Digest = {}

---@return string bytes
function Digest:digest() end

---@return string hexadecimal digits
function Digest:hexdigest() end

---The hash of some data.
---@param data string
---@param algorithm? "sha256"|"sha1"|"sha224"|"sha384"|"sha512"|"md5" "sha256"
---@return perilune.utils.crypto.Digest
function crypto.hash(data, algorithm) end

---HMAC of a value under a key made of the salt and the secret.
---@param key_salt string
---@param value string
---@param opts? { secret?: string, algorithm?: string } settings.secret_key, "sha1"
---@return perilune.utils.crypto.Digest
function crypto.salted_hmac(key_salt, value, opts) end

---PBKDF2 as raw bytes.
---@param password string
---@param salt string
---@param iterations integer
---@param opts? { dklen?: integer, digest?: string } the digest's length, "sha256"
---@return string
function crypto.pbkdf2(password, salt, iterations, opts) end

return crypto
