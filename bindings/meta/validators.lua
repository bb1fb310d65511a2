-- SPDX-License-Identifier: MIT
---@meta perilune.validators

---Validators: called with a value, one raises `ValidationError` (message, code, params) or returns nothing. Two of a class with the same settings are equal.
---@class perilune.validators
---@field EMPTY_VALUES any[]
local validators = {}

---@alias perilune.validators.Validator fun(value: any)

---@class perilune.validators.Messages
---@field message? string
---@field code? string

---The text of the value must hold a match of a Python-like expression; flags are letters of "imsxa". What takes too many steps is not valid. Raises `SyntaxError` for a wrong expression.
---@param regex? string
---@param opts? { regex?: string, message?: string, code?: string, inverse_match?: boolean, flags?: string }
---@return perilune.validators.Validator
function validators.RegexValidator(regex, opts) end

---@param opts? { accept_idna?: boolean, message?: string, code?: string } accept_idna: true
---@return perilune.validators.Validator
function validators.DomainNameValidator(opts) end

---@param opts? { schemes?: string[], message?: string, code?: string }|string[] schemes: http https ftp ftps
---@return perilune.validators.Validator
function validators.URLValidator(opts) end

---@param opts? { allowlist?: string[], message?: string, code?: string } allowlist: { "localhost" }
---@return perilune.validators.Validator
function validators.EmailValidator(opts) end

---The value is the limit, which may be a function that gives it.
---@param limit any
---@param opts? perilune.validators.Messages|string
---@return perilune.validators.Validator
function validators.BaseValidator(limit, opts) end

---@param limit any
---@param opts? perilune.validators.Messages|string
---@return perilune.validators.Validator
function validators.MaxValueValidator(limit, opts) end

---@param limit any
---@param opts? perilune.validators.Messages|string
---@return perilune.validators.Validator
function validators.MinValueValidator(limit, opts) end

---@param limit integer|fun(): integer
---@param opts? perilune.validators.Messages|string
---@return perilune.validators.Validator
function validators.MinLengthValidator(limit, opts) end

---@param limit integer|fun(): integer
---@param opts? perilune.validators.Messages|string
---@return perilune.validators.Validator
function validators.MaxLengthValidator(limit, opts) end

---A multiple of the step, counted from the offset.
---@param step any
---@param opts? { message?: string, offset?: any }
---@return perilune.validators.Validator
function validators.StepValueValidator(step, opts) end

---nil is no limit.
---@param max_digits? integer|{ max_digits?: integer, decimal_places?: integer }
---@param decimal_places? integer
---@return perilune.validators.Validator
function validators.DecimalValidator(max_digits, decimal_places) end

---The end of a file's name, of a string or of a value with a field `name`.
---@param allowed? string[] all when left out
---@param opts? perilune.validators.Messages
---@return perilune.validators.Validator
function validators.FileExtensionValidator(allowed, opts) end

---@param opts? perilune.validators.Messages
---@return perilune.validators.Validator
function validators.ProhibitNullCharactersValidator(opts) end

---Integers with a separator between them.
---@param opts? { sep?: string, message?: string, code?: string, allow_negative?: boolean }
---@return perilune.validators.Validator
function validators.int_list_validator(opts) end

---"both", "ipv4" or "ipv6" as a list of validators. Raises `ValueError`.
---@param protocol string
---@param unpack_ipv4? boolean
---@return perilune.validators.Validator[]
function validators.ip_address_validators(protocol, unpack_ipv4) end

---The extensions of image formats.
---@return string[]
function validators.get_available_image_extensions() end

---@param value any
function validators.integer_validator(value) end

---@param value any
function validators.validate_integer(value) end

---@param value any
function validators.validate_slug(value) end

---@param value any
function validators.validate_unicode_slug(value) end

---@param value any
function validators.validate_comma_separated_integer_list(value) end

---@param value any
function validators.validate_domain_name(value) end

---@param value any
function validators.validate_url(value) end

---@param value any
function validators.validate_email(value) end

---@param value any
function validators.validate_ipv4_address(value) end

---@param value any
function validators.validate_ipv6_address(value) end

---@param value any
function validators.validate_ipv46_address(value) end

---@param value any
function validators.validate_image_file_extension(value) end

return validators
