-- SPDX-License-Identifier: MIT
---@meta perilune.signing

---Signed text and signed objects, byte for byte as Django writes and reads them.
---@class perilune.signing
---@field BadSignature table the class of errors that a wrong signature raises
---@field SignatureExpired table below BadSignature: signed too long ago
local signing = {}

---@class perilune.signing.Serializer
---@field dumps fun(value: any): string
---@field loads fun(text: string): any

---Compact JSON in ASCII with sorted keys.
---@type perilune.signing.Serializer
signing.JSONSerializer = nil

---@class perilune.signing.SignerOpts
---@field key? string settings.secret_key
---@field sep? string ":"; not empty, and not only of A-z0-9-_=
---@field salt? string "django.core.signing.Signer", or TimestampSigner
---@field algorithm? "md5"|"sha1"|"sha224"|"sha256"|"sha384"|"sha512" "sha256"
---@field fallback_keys? string[] settings.secret_key_fallbacks; for reading only

---@class perilune.signing.Signer
---@field key string
---@field sep string
---@field salt string
---@field algorithm string
---@field fallback_keys string[]
local Signer = {}

---The signature of a value.
---@param value any text, or what tostring makes text of
---@param key? string the signer's key
---@return string
function Signer:signature(value, key) end

---The value with its signature.
---@param value any
---@return string
function Signer:sign(value) end

---The value of a signed text. Raises `BadSignature`.
---@param signed string
---@return string
function Signer:unsign(signed) end

---Any value that the serializer takes, signed.
---@param value any
---@param opts? { serializer?: perilune.signing.Serializer, compress?: boolean }
---@return string
function Signer:sign_object(value, opts) end

---The value that sign_object signed. Raises `BadSignature`, `SignatureExpired`.
---@param signed string
---@param opts? { serializer?: perilune.signing.Serializer, max_age?: number }
---@return any
function Signer:unsign_object(signed, opts) end

---@class perilune.signing.TimestampSigner : perilune.signing.Signer
local TimestampSigner = {}

---The time now in base 62.
---@return string
function TimestampSigner:timestamp() end

---The value, when it was signed no longer than max_age ago. Raises `BadSignature`, `SignatureExpired`.
---@param signed string
---@param max_age? number|perilune.time.timedelta|{ max_age?: number } seconds; without it any age will do
---@return string
function TimestampSigner:unsign(signed, max_age) end

---Raises `ImproperlyConfigured` without a key, `ValueError` for an unsafe separator or an unknown algorithm.
---@param opts? perilune.signing.SignerOpts
---@return perilune.signing.Signer
function signing.Signer(opts) end

---A signer that puts the time into what it signs.
---@param opts? perilune.signing.SignerOpts
---@return perilune.signing.TimestampSigner
function signing.TimestampSigner(opts) end

---A value as signed text with the time in it.
---@param value any
---@param opts? { key?: string, salt?: string, serializer?: perilune.signing.Serializer, compress?: boolean }
---@return string
function signing.dumps(value, opts) end

---The value that dumps wrote. Raises `BadSignature`, `SignatureExpired`.
---@param signed string
---@param opts? { key?: string, salt?: string, serializer?: perilune.signing.Serializer, max_age?: number, fallback_keys?: string[] }
---@return any
function signing.loads(signed, opts) end

---The signer of signed cookies.
---@param salt? string "django.core.signing.get_cookie_signer"
---@return perilune.signing.TimestampSigner
function signing.get_cookie_signer(salt) end

---An integer in base 62.
---@param n integer
---@return string
function signing.b62_encode(n) end

---The integer of a number in base 62. Raises `ValueError`.
---@param s string
---@return integer
function signing.b62_decode(s) end

---Seconds since 1970: the clock of TimestampSigner.
---@return number
function signing.clock() end

return signing
