-- SPDX-License-Identifier: MIT
-- Validators: django.core.validators. One is called with a value and raises
-- ValidationError or returns nothing. Two of a class with the same settings are equal.
local exceptions = require "perilune.exceptions"
local regex = require "perilune._regex"
local scan = require "perilune._validate"
local text = require "perilune._text"
local ipv6 = require "perilune.utils.ipv6"
local safestring = require "perilune.utils.safestring"
local check_options = require "perilune._options"

local M = {}

M.EMPTY_VALUES = { "", {} }

local MAX_URL_LENGTH = 2048
local MAX_EMAIL_LENGTH = 320

--- Raises ValidationError at the caller of the validator.
local function fail(message, code, params)
  error(exceptions.ValidationError(message, { code = code, params = params }), 3)
end

-- The text of a value: what a form field holds.
local function str(value)
  if type(value) == "string" then
    return value
  elseif value == nil then
    return "None"
  elseif type(value) == "boolean" then
    return value and "True" or "False"
  end
  return tostring(value)
end

-- A string, or a safe one as a string; nil for anything else.
local function string_only(value)
  if type(value) == "string" then
    return value
  end
  return safestring.is_safe(value) and tostring(value) or nil
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" or getmetatable(a) or getmetatable(b) then
    return rawequal(a, b) or a == b
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

--- A class: called, it makes a validator with `init(self, …)`; a validator, called, runs
--- `validate(self, value)`. Fields of the class are the defaults.
local function define(name, parent, class)
  class.__name = "perilune.validators." .. name
  class.__index = class
  class.__call = function(self, value)
    self:validate(value)
  end
  class.__eq = function(a, b)
    if getmetatable(a) ~= getmetatable(b) then
      return false
    end
    for _, key in ipairs(class.identity) do
      if not same(a[key], b[key]) then
        return false
      end
    end
    return true
  end
  setmetatable(class, {
    __index = parent,
    __call = function(_, ...)
      local self = setmetatable({ _args = table.pack(...) }, class) -- migrations write them
      self:init(...)
      return self
    end,
  })
  M[name] = class
  return class
end

local function take(self, what, options, known)
  for name, value in pairs(check_options(what, options, known)) do
    self[name] = value
  end
end

-- ---- regular expressions ----

local regex_options = { regex = true, message = true, code = true, inverse_match = true, flags = true }

--- RegexValidator(regex, { message =, code =, inverse_match =, flags = }): the text of the
--- value must (or, with inverse_match, must not) hold a match. The syntax is Python's;
--- flags are letters of "imsxa". A value that takes too many steps to match is not valid.
define("RegexValidator", nil, {
  regex = "",
  message = "Enter a valid value.",
  code = "invalid",
  inverse_match = false,
  flags = "",
  identity = { "regex", "flags", "message", "code", "inverse_match" },
  init = function(self, pattern, options)
    if type(pattern) == "table" and options == nil then
      pattern, options = pattern.regex, pattern
    end
    take(self, "RegexValidator", options, regex_options)
    if pattern ~= nil then
      self.regex = pattern
    end
    self.compiled = regex.compile(self.regex, self.flags)
  end,
  validate = function(self, value)
    local found = self.compiled:test(str(value))
    if found == nil or found == self.inverse_match then
      fail(self.message, self.code, { value = value })
    end
  end,
})

-- A scanner as a validator that looks like a RegexValidator.
local function scanned(message, accepts)
  local validator = M.RegexValidator("", { message = message })
  return setmetatable({ message = message, code = "invalid" }, {
    __name = "perilune.validators.RegexValidator",
    __index = validator,
    __call = function(self, value)
      if not accepts(str(value)) then
        fail(self.message, self.code, { value = value })
      end
    end,
  })
end

M.integer_validator = scanned("Enter a valid integer.", function(s)
  return scan.integers(s, "", true)
end)

--- An integer, or text that is one.
function M.validate_integer(value)
  if not scan.integers(str(value), "", true) then
    fail("Enter a valid integer.", "invalid", { value = value })
  end
end

M.validate_slug = scanned("Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.", function(s)
  return scan.slug(s, false)
end)

M.validate_unicode_slug = scanned("Enter a valid “slug” consisting of Unicode letters, numbers, underscores, or hyphens.", function(s)
  return scan.slug(s, true)
end)

local int_list_options = { sep = true, message = true, code = true, allow_negative = true }

--- A validator for integers with a separator between them. Options: sep (","), message,
--- code, allow_negative (false).
function M.int_list_validator(options)
  options = check_options("int_list_validator", options, int_list_options)
  local sep, negative = options.sep or ",", options.allow_negative or false
  local validator = scanned(options.message or M.RegexValidator.message, function(s)
    return scan.integers(s, sep, negative)
  end)
  validator.code = options.code or "invalid"
  return validator
end

M.validate_comma_separated_integer_list = M.int_list_validator { message = "Enter only digits separated by commas." }

-- ---- hosts, URLs, mail ----

local domain_options = { message = true, code = true, accept_idna = true }

--- DomainNameValidator{ accept_idna = true, message =, code = }
define("DomainNameValidator", nil, {
  message = "Enter a valid domain name.",
  code = "invalid",
  accept_idna = true,
  max_length = 255,
  identity = { "message", "code", "accept_idna" },
  init = function(self, options)
    take(self, "DomainNameValidator", options, domain_options)
  end,
  validate = function(self, value)
    local s = string_only(value)
    if not s or text.length(s) > self.max_length or not scan.domain(s, self.accept_idna) then
      fail(self.message, self.code, { value = value })
    end
  end,
})
M.validate_domain_name = M.DomainNameValidator()

local url_options = { schemes = true, message = true, code = true }

--- URLValidator{ schemes = { "http", "https", "ftp", "ftps" }, message =, code = }, or
--- the list of schemes alone.
define("URLValidator", nil, {
  message = "Enter a valid URL.",
  code = "invalid",
  schemes = { "http", "https", "ftp", "ftps" },
  max_length = MAX_URL_LENGTH,
  identity = { "message", "code", "schemes" },
  init = function(self, options)
    if type(options) == "table" and options[1] then
      options = { schemes = options }
    end
    take(self, "URLValidator", options, url_options)
  end,
  accepts = function(self, s)
    if not s or text.length(s) > self.max_length or s:find("[\t\r\n]") then
      return false
    end
    local scheme = (s:match("^([%w.+-]*)://") or ""):lower()
    for _, known in ipairs(self.schemes) do
      if scheme == known then
        return scan.url(s)
      end
    end
    return false
  end,
  validate = function(self, value)
    if not self:accepts(string_only(value)) then
      fail(self.message, self.code, { value = value })
    end
  end,
})
M.validate_url = M.URLValidator()

local email_options = { message = true, code = true, allowlist = true }

--- EmailValidator{ message =, code =, allowlist = { "localhost" } }: the domains of the
--- list need no top-level domain.
define("EmailValidator", nil, {
  message = "Enter a valid email address.",
  code = "invalid",
  domain_allowlist = { "localhost" },
  max_length = MAX_EMAIL_LENGTH,
  identity = { "message", "code", "domain_allowlist" },
  init = function(self, options)
    options = check_options("EmailValidator", options, email_options)
    self.message, self.code, self.domain_allowlist = options.message, options.code, options.allowlist
  end,
  accepts = function(self, s)
    local user, domain = (s or ""):match("^(.*)@([^@]*)$")
    if not user or text.length(s) > self.max_length or not scan.email_user(user) then
      return false
    end
    for _, known in ipairs(self.domain_allowlist) do
      if domain == known then
        return true
      end
    end
    return scan.email_domain(domain)
  end,
  validate = function(self, value)
    if not self:accepts(string_only(value)) then
      fail(self.message, self.code, { value = value })
    end
  end,
})
M.validate_email = M.EmailValidator()

--- An IPv4 address in four parts without leading zeros.
function M.validate_ipv4_address(value)
  if not scan.ipv4(string_only(value)) then
    fail("Enter a valid %(protocol)s address.", "invalid", { protocol = "IPv4", value = value })
  end
end

function M.validate_ipv6_address(value)
  if not ipv6.is_valid_ipv6_address(string_only(value)) then
    fail("Enter a valid %(protocol)s address.", "invalid", { protocol = "IPv6", value = value })
  end
end

--- An address of either kind.
function M.validate_ipv46_address(value)
  local s = string_only(value)
  if not scan.ipv4(s) and not scan.ipv6(s) then
    fail("Enter a valid %(protocol)s address.", "invalid", { protocol = "IPv4 or IPv6", value = value })
  end
end

local ip_validators = { both = M.validate_ipv46_address, ipv4 = M.validate_ipv4_address, ipv6 = M.validate_ipv6_address }

--- The list of validators for "both", "ipv4" or "ipv6". Raises ValueError.
function M.ip_address_validators(protocol, unpack_ipv4)
  if protocol ~= "both" and unpack_ipv4 then
    error(exceptions.ValueError("you can only use unpack_ipv4 if protocol is set to 'both'"), 2)
  end
  local validator = ip_validators[tostring(protocol):lower()]
  if not validator then
    error(exceptions.ValueError(("the protocol '%s' is unknown; known are both, ipv4 and ipv6"):format(tostring(protocol))), 2)
  end
  return { validator }
end

-- ---- limits ----

local limit_options = { message = true, code = true }

local function limit_of(self)
  return type(self.limit_value) == "function" and self.limit_value() or self.limit_value
end

--- BaseValidator(limit_value, { message = }): what the limits below have in common. The
--- limit may be a function that gives it.
define("BaseValidator", nil, {
  message = "Ensure this value is %(limit_value)s (it is %(show_value)s).",
  code = "limit_value",
  identity = { "limit_value", "message", "code" },
  init = function(self, limit_value, options)
    if type(options) == "string" then
      options = { message = options }
    end
    take(self, self.__name:match("[^.]+$"), options, limit_options)
    self.limit_value = limit_value
  end,
  compare = function(_, a, b)
    return a ~= b
  end,
  clean = function(_, value)
    return value
  end,
  validate = function(self, value)
    local cleaned, limit = self:clean(value), limit_of(self)
    if self:compare(cleaned, limit) then
      local message = self.message
      if type(message) == "table" then -- one, many
        message = message[limit == 1 and 1 or 2]
      end
      fail(message, self.code, { limit_value = limit, show_value = cleaned, value = value })
    end
  end,
})

define("MaxValueValidator", M.BaseValidator, {
  message = "Ensure this value is less than or equal to %(limit_value)s.",
  code = "max_value",
  compare = function(_, a, b)
    return a > b
  end,
})

define("MinValueValidator", M.BaseValidator, {
  message = "Ensure this value is greater than or equal to %(limit_value)s.",
  code = "min_value",
  compare = function(_, a, b)
    return a < b
  end,
})

local function length(_, value)
  if type(value) == "string" then
    return text.length(value)
  elseif safestring.is_safe(value) then
    return text.length(tostring(value))
  end
  return #value
end

define("MinLengthValidator", M.BaseValidator, {
  message = {
    "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
  },
  code = "min_length",
  clean = length,
  compare = function(_, a, b)
    return a < b
  end,
})

define("MaxLengthValidator", M.BaseValidator, {
  message = {
    "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
    "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
  },
  code = "max_length",
  clean = length,
  compare = function(_, a, b)
    return a > b
  end,
})

local function number(value)
  return tonumber(value) or tonumber(tostring(value)) or 0 / 0
end

local step_options = { message = true, offset = true }

--- StepValueValidator(step, { message =, offset = }): a multiple of the step, counted
--- from the offset.
define("StepValueValidator", M.BaseValidator, {
  message = "Ensure this value is a multiple of step size %(limit_value)s.",
  code = "step_size",
  identity = { "limit_value", "message", "offset" },
  init = function(self, limit_value, options)
    options = check_options("StepValueValidator", options, step_options)
    self.limit_value, self.message, self.offset = limit_value, options.message, options.offset
    if self.offset ~= nil then
      self.message = "Ensure this value is a multiple of step size %(limit_value)s, starting from %(offset)s, e.g. %(offset)s, %(valid_value1)s, %(valid_value2)s, and so on."
    end
  end,
  validate = function(self, value)
    local limit, offset = limit_of(self), self.offset
    local step = math.abs(number(limit))
    local rest = math.fmod(number(value) - number(offset or 0), step)
    rest = math.abs(rest)
    if math.min(rest, step - rest) <= 1e-9 then
      return
    end
    local params = { limit_value = limit, show_value = value, value = value }
    if offset ~= nil then
      params.offset, params.valid_value1, params.valid_value2 = offset, offset + limit, offset + limit * 2
    end
    fail(self.message, self.code, params)
  end,
})

-- ---- decimals ----

--- Digits of a decimal and its exponent; nil for infinities and what is no number.
local function decimal_parts(value)
  local whole, fraction, exponent = tostring(value):match("^[+-]?(%d*)%.?(%d*)[eE]?([+-]?%d*)$")
  if not whole or whole .. fraction == "" then
    return nil
  end
  local digits = (whole .. fraction):gsub("^0+", "")
  return digits == "" and "0" or digits, (tonumber(exponent) or 0) - #fraction
end

local decimal_messages = {
  max_digits = { "Ensure that there are no more than %(max)s digit in total.", "Ensure that there are no more than %(max)s digits in total." },
  max_decimal_places = { "Ensure that there are no more than %(max)s decimal place.", "Ensure that there are no more than %(max)s decimal places." },
  max_whole_digits = {
    "Ensure that there are no more than %(max)s digit before the decimal point.",
    "Ensure that there are no more than %(max)s digits before the decimal point.",
  },
}

local decimal_options = { max_digits = true, decimal_places = true }

--- DecimalValidator(max_digits, decimal_places), or a table of both; nil is no limit.
define("DecimalValidator", nil, {
  messages = decimal_messages,
  identity = { "max_digits", "decimal_places" },
  init = function(self, max_digits, decimal_places)
    if type(max_digits) == "table" then
      take(self, "DecimalValidator", max_digits, decimal_options)
    else
      self.max_digits, self.decimal_places = max_digits, decimal_places
    end
  end,
  validate = function(self, value)
    local digits, exponent = decimal_parts(value)
    if not digits then
      fail("Enter a number.", "invalid", { value = value })
    end
    local count, places = #digits, 0
    if exponent >= 0 then
      count = digits == "0" and count or count + exponent
    else
      places = -exponent
      count = math.max(count, places)
    end
    local function check(code, got, max)
      if max and got > max then
        error(exceptions.ValidationError(self.messages[code][max == 1 and 1 or 2], { code = code, params = { max = max, value = value } }), 4)
      end
    end
    check("max_digits", count, self.max_digits)
    check("max_decimal_places", places, self.decimal_places)
    check("max_whole_digits", count - places, self.max_digits and self.decimal_places and self.max_digits - self.decimal_places)
  end,
})

-- ---- files and characters ----

local extension_options = { allowed_extensions = true, message = true, code = true }

local function extension_of(name)
  local base = name:match("[^/]*$")
  return (base:match("[^.].*%.([^.]+)$") or ""):lower()
end

--- FileExtensionValidator({ "pdf", … }, { message =, code = }): the end of a file's name
--- (a string, or a value with a field `name`); no list allows all.
define("FileExtensionValidator", nil, {
  message = "File extension “%(extension)s” is not allowed. Allowed extensions are: %(allowed_extensions)s.",
  code = "invalid_extension",
  identity = { "allowed_extensions", "message", "code" },
  init = function(self, allowed, options)
    if type(allowed) == "table" and options == nil and (allowed.allowed_extensions or allowed.message or allowed.code) then
      allowed, options = allowed.allowed_extensions, allowed
    end
    take(self, "FileExtensionValidator", options, extension_options)
    self.allowed_extensions = nil
    if allowed then
      self.allowed_extensions = {}
      for i, extension in ipairs(allowed) do
        self.allowed_extensions[i] = extension:lower()
      end
    end
  end,
  validate = function(self, value)
    local extension = extension_of(type(value) == "string" and value or tostring(value.name))
    if not self.allowed_extensions then
      return
    end
    for _, allowed in ipairs(self.allowed_extensions) do
      if allowed == extension then
        return
      end
    end
    fail(self.message, self.code, { extension = extension, allowed_extensions = table.concat(self.allowed_extensions, ", "), value = value })
  end,
})

local image_extensions = {
  "apng", "avif", "bmp", "dib", "gif", "ico", "jfif", "jp2", "jpe", "jpeg", "jpg", "jpx", "pbm", "pcx", "pgm", "png", "pnm", "ppm", "tga", "tif", "tiff", "webp", "xbm", "xpm",
}

--- The extensions of image formats.
function M.get_available_image_extensions()
  return table.move(image_extensions, 1, #image_extensions, 1, {})
end

M.validate_image_file_extension = M.FileExtensionValidator(image_extensions)

--- ProhibitNullCharactersValidator{ message =, code = }
define("ProhibitNullCharactersValidator", nil, {
  message = "Null characters are not allowed.",
  code = "null_characters_not_allowed",
  identity = { "message", "code" },
  init = function(self, options)
    take(self, "ProhibitNullCharactersValidator", options, limit_options)
  end,
  validate = function(self, value)
    if str(value):find("\0", 1, true) then
      fail(self.message, self.code, { value = value })
    end
  end,
})

return M
