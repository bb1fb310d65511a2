-- SPDX-License-Identifier: MIT
-- Django's core fields that are columns of their own. Relations are in relations.lua.
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local Field = require "perilune._models.field"
local json = require "perilune.json"
local kinds = require "perilune._models.kinds"
local null = require "perilune.null"
local settings = require "perilune.settings"
local time = require "perilune.time"
local validators = require "perilune.validators"

local M = { Field = Field }

local function is_null(value)
  return value == nil or value == null
end

local function shown(value)
  if type(value) == "table" then
    local ok, text = pcall(json.encode, value)
    return ok and text or tostring(value)
  elseif value ~= value then
    return "nan"
  end
  return tostring(value)
end

-- ---- numbers ----

local function whole_number(value)
  if type(value) == "number" then
    return math.tointeger(value) or (value == value and math.abs(value) < 2 ^ 63 and math.tointeger(value < 0 and math.ceil(value) or math.floor(value))) or nil
  elseif type(value) == "string" then
    local digits = value:match "^%s*([+-]?%d+)%s*$"
    return digits and math.tointeger(tonumber(digits))
  elseif type(value) == "boolean" then
    return value and 1 or 0
  elseif decimal.is(value) then -- as Python's int(): what is behind the point goes
    local ok, n = pcall(function()
      return value:quantize("1", "ROUND_DOWN"):to_integer()
    end)
    return ok and n or nil
  end
  return nil
end

M.IntegerField = Field:extend {
  name = "IntegerField",
  empty_strings_allowed = false,
  default_error_messages = { invalid = "“%(value)s” value must be an integer." },
  range = { -2147483648, 2147483647 },
  to_python = function(self, value)
    if is_null(value) then
      return nil
    end
    local n = whole_number(value)
    if not n then
      error(self:fail("invalid", { value = shown(value) }), 0)
    end
    return n
  end,
  add_validators = function(self, list)
    local range = self.range
    if range then
      list[#list + 1] = validators.MinValueValidator(range[1])
      list[#list + 1] = validators.MaxValueValidator(range[2])
    end
  end,
}

local BIG = { math.mininteger, math.maxinteger }
M.BigIntegerField = M.IntegerField:extend { name = "BigIntegerField", range = BIG }
M.SmallIntegerField = M.IntegerField:extend { name = "SmallIntegerField", range = { -32768, 32767 } }
M.PositiveIntegerField = M.IntegerField:extend { name = "PositiveIntegerField", range = { 0, 2147483647 } }
M.PositiveBigIntegerField = M.IntegerField:extend { name = "PositiveBigIntegerField", range = { 0, math.maxinteger } }
M.PositiveSmallIntegerField = M.IntegerField:extend { name = "PositiveSmallIntegerField", range = { 0, 32767 } }

-- Keys that the database gives.
local auto = {
  auto = true,
  check_options = function(self)
    if not self.primary_key then
      return "automatic fields must be the primary key: primary_key = true"
    end
    self.blank = true
    return nil
  end,
  validate = function() end,
  add_validators = function() end,
}
local function auto_field(name)
  local members = { name = name }
  for k, v in pairs(auto) do
    members[k] = v
  end
  M[name] = M.IntegerField:extend(members)
end
auto_field "AutoField"
auto_field "BigAutoField"
auto_field "SmallAutoField"

M.FloatField = Field:extend {
  name = "FloatField",
  empty_strings_allowed = false,
  default_error_messages = { invalid = "“%(value)s” value must be a float." },
  to_python = function(self, value)
    if is_null(value) then
      return nil
    end
    local n = decimal.is(value) and value:to_number() or tonumber(value)
    if not n then
      error(self:fail("invalid", { value = shown(value) }), 0)
    end
    return n + 0.0
  end,
}

M.DecimalField = Field:extend {
  name = "DecimalField",
  empty_strings_allowed = false,
  options = { max_digits = true, decimal_places = true },
  default_error_messages = { invalid = "“%(value)s” value must be a decimal number." },
  check_options = function(self)
    local digits, places = math.tointeger(self.max_digits), math.tointeger(self.decimal_places)
    if not digits or digits <= 0 then
      return "max_digits must be a positive whole number"
    elseif not places or places < 0 then
      return "decimal_places must be a whole number from 0 up"
    elseif places > digits then
      return "max_digits must be greater than or equal to decimal_places"
    end
    return Field.check_options(self)
  end,
  to_python = function(self, value)
    if is_null(value) then
      return nil
    elseif decimal.is(value) then
      return value
    elseif type(value) == "number" and math.type(value) == "float" then
      if value ~= value or value == math.huge or value == -math.huge then
        error(self:fail("invalid", { value = tostring(value) }), 0)
      end
      value = ("%." .. math.min(self.max_digits, 17) .. "g"):format(value)
    end
    local ok, d = pcall(decimal, value)
    if not ok then
      error(self:fail("invalid", { value = shown(value) }), 0)
    end
    return d
  end,
  add_validators = function(self, list)
    list[#list + 1] = validators.DecimalValidator(self.max_digits, self.decimal_places)
  end,
}

M.BooleanField = Field:extend {
  name = "BooleanField",
  empty_strings_allowed = false,
  default_error_messages = {
    invalid = "“%(value)s” value must be either True or False.",
    invalid_nullable = "“%(value)s” value must be either True, False, or None.",
  },
  to_python = function(self, value)
    if self.null and (is_null(value) or value == "") then
      return nil
    elseif value == true or value == 1 or value == "t" or value == "True" or value == "1" then
      return true
    elseif value == false or value == 0 or value == "f" or value == "False" or value == "0" then
      return false
    end
    error(self:fail(self.null and "invalid_nullable" or "invalid", { value = is_null(value) and "None" or shown(value) }), 0)
  end,
}

-- ---- text ----

local function to_text(_, value)
  if type(value) == "string" or is_null(value) then
    return value ~= null and value or nil
  end
  return tostring(value)
end

M.CharField = Field:extend {
  name = "CharField",
  options = { db_collation = true },
  default_max_length = nil,
  check_options = function(self)
    self.max_length = self.max_length or self.default_max_length
    local n = math.tointeger(self.max_length)
    if self.max_length == nil then
      return "max_length is missing: max_length = 200"
    elseif not n or n <= 0 then
      return "max_length must be a positive whole number"
    end
    return Field.check_options(self)
  end,
  to_python = to_text,
  add_validators = function(self, list)
    list[#list + 1] = validators.MaxLengthValidator(self.max_length)
  end,
}

M.TextField = Field:extend { name = "TextField", options = { db_collation = true }, to_python = to_text }

M.SlugField = M.CharField:extend {
  name = "SlugField",
  default_max_length = 50,
  options = { allow_unicode = true },
  check_options = function(self)
    if self.db_index == nil then
      self.db_index = true
    end
    return M.CharField.check_options(self)
  end,
  add_validators = function(self, list)
    list[#list + 1] = self.allow_unicode and validators.validate_unicode_slug or validators.validate_slug
    M.CharField.add_validators(self, list)
  end,
}

M.EmailField = M.CharField:extend { name = "EmailField", default_max_length = 254, default_validators = { validators.validate_email } }
M.URLField = M.CharField:extend { name = "URLField", default_max_length = 200, default_validators = { validators.validate_url } }

-- ---- moments ----

local DATE_FORM = "“%(value)s” value has an invalid date format. It must be in YYYY-MM-DD format."

--- A parser of time.* for a field: nil for another form, ValueError for impossible values.
local function parsed(self, parse, value, invalid, impossible)
  local ok, result = pcall(parse, value)
  if ok and result ~= nil then
    return result
  end
  error(self:fail(ok and invalid or impossible, { value = shown(value) }), 0)
end

local function use_tz()
  return settings.get("use_tz", true)
end

-- Without zones the clock of the setting time_zone.
local function now()
  local moment = time.now()
  return use_tz() and moment or time.make_naive(moment, time.get_default_timezone())
end

local function stamped(make)
  local function pre_save(self, instance, adding)
    if self.auto_now or self.auto_now_add and adding then
      local value = make()
      instance[self.attname] = value
      return value
    end
    return instance[self.attname]
  end
  Field.plain_pre_save[pre_save] = true
  return pre_save
end

local function check_stamps(self)
  local n = (self.auto_now and 1 or 0) + (self.auto_now_add and 1 or 0) + (self.default ~= nil and 1 or 0)
  if n > 1 then
    return "auto_now, auto_now_add and default exclude each other"
  end
  if self.auto_now or self.auto_now_add then
    self.editable, self.blank = false, true
  end
  return Field.check_options(self)
end

local stamp_options = { auto_now = true, auto_now_add = true }

M.DateField = Field:extend {
  name = "DateField",
  empty_strings_allowed = false,
  options = stamp_options,
  default_error_messages = {
    invalid = DATE_FORM,
    invalid_date = "“%(value)s” value has the correct format (YYYY-MM-DD) but it is an invalid date.",
  },
  check_options = check_stamps,
  to_python = function(self, value)
    if is_null(value) or kinds.is_date(value) then
      return value ~= null and value or nil
    elseif kinds.is_datetime(value) then
      return (time.is_aware(value) and time.make_naive(value, time.get_default_timezone()) or value):date()
    end
    return parsed(self, time.parse_date, value, "invalid", "invalid_date")
  end,
  pre_save = stamped(time.today),
}

M.DateTimeField = Field:extend {
  name = "DateTimeField",
  empty_strings_allowed = false,
  options = stamp_options,
  default_error_messages = {
    invalid = "“%(value)s” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.",
    invalid_date = "“%(value)s” value has the correct format (YYYY-MM-DD) but it is an invalid date.",
    invalid_datetime = "“%(value)s” value has the correct format (YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ]) but it is an invalid date/time.",
  },
  check_options = check_stamps,
  to_python = function(self, value)
    if is_null(value) or kinds.is_datetime(value) then
      return value ~= null and value or nil
    elseif kinds.is_date(value) then
      local start = time.datetime(value.year, value.month, value.day)
      return use_tz() and time.make_aware(start, time.get_default_timezone()) or start
    end
    local ok, result = pcall(time.parse_datetime, value)
    if not ok then
      error(self:fail("invalid_datetime", { value = shown(value) }), 0)
    elseif result ~= nil then
      return result
    end
    local date = parsed(self, time.parse_date, value, "invalid", "invalid_date")
    return time.datetime(date.year, date.month, date.day)
  end,
  pre_save = stamped(now),
}

M.TimeField = Field:extend {
  name = "TimeField",
  empty_strings_allowed = false,
  options = stamp_options,
  default_error_messages = {
    invalid = "“%(value)s” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.",
    invalid_time = "“%(value)s” value has the correct format (HH:MM[:ss[.uuuuuu]]) but it is an invalid time.",
  },
  check_options = check_stamps,
  to_python = function(self, value)
    if is_null(value) or kinds.is_time(value) then
      return value ~= null and value or nil
    elseif kinds.is_datetime(value) then
      return value:time()
    end
    return parsed(self, time.parse_time, value, "invalid", "invalid_time")
  end,
  pre_save = stamped(function()
    return time.localtime(time.now()):time()
  end),
}

M.DurationField = Field:extend {
  name = "DurationField",
  empty_strings_allowed = false,
  default_error_messages = { invalid = "“%(value)s” value has an invalid format. It must be in [DD] [[HH:]MM:]ss[.uuuuuu] format." },
  to_python = function(self, value)
    if is_null(value) or kinds.is_timedelta(value) then
      return value ~= null and value or nil
    end
    return parsed(self, time.parse_duration, value, "invalid", "invalid")
  end,
}

-- ---- others ----

M.UUIDField = Field:extend {
  name = "UUIDField",
  empty_strings_allowed = false,
  default_error_messages = { invalid = "“%(value)s” is not a valid UUID." },
  to_python = function(self, value)
    if is_null(value) then
      return nil
    end
    local hex = type(value) == "string" and value:lower():gsub("^urn:", ""):gsub("^uuid:", ""):gsub("[{}%-]", "") or ""
    if #hex ~= 32 or hex:find "[^0-9a-f]" then
      error(self:fail("invalid", { value = shown(value) }), 0)
    end
    return ("%s-%s-%s-%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21))
  end,
}

M.BinaryField = Field:extend {
  name = "BinaryField",
  check_options = function(self)
    if self.editable == nil then
      self.editable = false
    end
    return Field.check_options(self)
  end,
  add_validators = function(self, list)
    if self.max_length then
      list[#list + 1] = validators.MaxLengthValidator(self.max_length)
    end
  end,
}

M.JSONField = Field:extend {
  name = "JSONField",
  empty_strings_allowed = false,
  options = { encoder = true, decoder = true },
  default_error_messages = { invalid = "Value must be valid JSON." },
  validate = function(self, value, instance)
    Field.validate(self, value, instance)
    if not pcall(json.encode, value) then
      error(self:fail("invalid", { value = tostring(value) }), 0)
    end
  end,
}

M.GenericIPAddressField = Field:extend {
  name = "GenericIPAddressField",
  empty_strings_allowed = false,
  options = { protocol = true, unpack_ipv4 = true },
  check_options = function(self)
    self.protocol = self.protocol or "both"
    self.max_length = 39
    if self.blank and not self.null then
      return "GenericIPAddressFields cannot have blank = true without null = true: blank values are stored as NULL"
    end
    return Field.check_options(self)
  end,
  to_python = function(_, value)
    if is_null(value) then
      return nil
    end
    local text = tostring(value):match "^%s*(.-)%s*$"
    if text:find(":", 1, true) then
      local ok, clean = pcall(require("perilune.utils.ipv6").clean_ipv6_address, text)
      return ok and clean or text
    end
    return text
  end,
  add_validators = function(self, list)
    local found = validators.ip_address_validators(self.protocol, self.unpack_ipv4)
    for _, v in ipairs(type(found) == "table" and found or { found }) do
      list[#list + 1] = v
    end
  end,
}

M.FileField = Field:extend {
  name = "FileField",
  options = { upload_to = true, storage = true },
  check_options = function(self)
    self.max_length = self.max_length or 100
    if self.primary_key then
      return "primary_key is no option of a FileField"
    end
    return Field.check_options(self)
  end,
  to_python = to_text,
  add_validators = function(self, list)
    list[#list + 1] = validators.MaxLengthValidator(self.max_length)
  end,
}
M.ImageField = M.FileField:extend { name = "ImageField", internal_type = "FileField", options = { height_field = true, width_field = true } }
M.FilePathField = M.CharField:extend {
  name = "FilePathField",
  default_max_length = 100,
  options = { path = true, match = true, recursive = true, allow_files = true, allow_folders = true },
  check_options = function(self)
    if self.allow_files == false and not self.allow_folders then
      return "FilePathFields must have allow_files or allow_folders set to true"
    end
    return M.CharField.check_options(self)
  end,
}

M.GeneratedField = Field:extend {
  name = "GeneratedField",
  generated = true,
  options = { expression = true, output_field = true, db_persist = true },
  check_options = function(self)
    if self.expression == nil then
      return "expression is missing"
    elseif self.output_field == nil then
      return "output_field is missing: output_field = models.IntegerField{}"
    elseif self.db_persist == nil then
      return "db_persist is missing: true to store the value, false to compute it when it is read"
    elseif self.default ~= nil or self.db_default ~= nil then
      return "a computed field has no default"
    end
    self.editable, self.blank = false, true
    self.null = true -- what it is computed from may be NULL
    return Field.check_options(self)
  end,
  describe = function(self)
    local d = Field.describe(self)
    local out = self.output_field
    d.type, d.output_type = "GeneratedField", out.type_name or out:get_internal_type()
    d.max_length, d.max_digits, d.decimal_places = out.max_length, out.max_digits, out.decimal_places
    d.expression, d.db_persist = self.expression, self.db_persist
    return d
  end,
  validate = function() end,
}

M.CompositePrimaryKey = Field:extend {
  name = "CompositePrimaryKey",
  composite = true,
  primary_key = true, -- of the class: copies have it too
  blank = true,
  editable = false,
  new = function(class, ...)
    local parts = { ... }
    if #parts < 2 then
      error(exceptions.ImproperlyConfigured "CompositePrimaryKey needs the names of two or more fields", 2)
    end
    local self = Field.new(class, {}, 2)
    self.parts = parts
    return self
  end,
  describe = function(self)
    return { name = self.name, type = "CompositePrimaryKey", primary_key = true, parts = self.parts }
  end,
  validate = function() end,
}

return M
