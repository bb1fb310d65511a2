-- SPDX-License-Identifier: MIT
-- What a field of a model is: a class for each of Django's, made with Field:extend, and an
-- object for each line of an author's model, which keeps its options as they were written
-- (migrations compare and write them) beside what it works with.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local json = require "perilune.json"
local null = require "perilune.null"
local sorted_keys = require "perilune._sorted_keys"

local created, types = 0, 0

-- ---- classes ----

local Field = { __name = "perilune.models.Field", class_name = "Field", empty_strings_allowed = true }
Field.__index = Field

-- Options every field takes, and their defaults where nil is not the default.
Field.options = {
  verbose_name = true, primary_key = true, max_length = true, unique = true, blank = true, null = true,
  db_index = true, default = true, db_default = true, editable = true, serialize = true,
  unique_for_date = true, unique_for_month = true, unique_for_year = true, choices = true,
  help_text = true, db_column = true, db_comment = true, db_tablespace = true, validators = true,
  error_messages = true, auto_created = true,
}

Field.default_error_messages = {
  invalid_choice = "Value %(value)s is not a valid choice.",
  null = "This field cannot be null.",
  blank = "This field cannot be blank.",
  unique = "%(model_name)s with this %(field_label)s already exists.",
  unique_for_date = "%(field_label)s must be unique for %(date_field_label)s %(lookup_type)s.",
}
Field.default_validators = {}
Field.unchangeable = {} -- options that deconstruct() leaves out when they equal these

local class_mt = {
  __tostring = function(class)
    return "class " .. class.__name
  end,
  __call = function(class, ...)
    return class.new(class, ...)
  end,
}

-- Tables of options and messages of a class hold its parent's too.
local function inherit(own, parent)
  local all = {}
  for k, v in pairs(parent) do
    all[k] = v
  end
  for k, v in pairs(own or {}) do
    all[k] = v
  end
  return all
end

--- A class below this one. `members` are methods and settings: options (a set of further
--- option names), default_error_messages, default_validators, internal_type, db_type …
function Field:extend(members)
  local class = {}
  for k, v in pairs(members or {}) do
    class[k] = v
  end
  class.options = inherit(class.options, self.options)
  class.default_error_messages = inherit(class.default_error_messages, self.default_error_messages)
  class.__index = class
  class.parent = self
  class.class_name = class.class_name or class.name or self.class_name
  class.name = nil
  class.__name = "perilune.models." .. class.class_name
  if Field.sealed then -- a class of an author: its columns are those of the class above
    class.internal_type = rawget(class, "internal_type") or self ~= Field and self:get_internal_type() or "TextField"
    if class.from_db_value then
      types = types + 1
      class.type_name = class.class_name .. "#" .. types
    end
  end
  return setmetatable(class, { __index = self, __call = class_mt.__call, __tostring = class_mt.__tostring })
end

local function unknown_option(class, name)
  local names = sorted_keys(class.options)
  return exceptions.TypeError(("%s: unknown option '%s'%s"):format(class.class_name, tostring(name), core.suggest(tostring(name), names)))
end

-- Of options that mean the same in all classes. (Names of people may be lazy texts.)
local KINDS = {
  null = "boolean", blank = "boolean", unique = "boolean", primary_key = "boolean", db_index = "boolean", editable = "boolean",
  auto_now = "boolean", auto_now_add = "boolean", allow_unicode = "boolean",
  max_length = "number", max_digits = "number", decimal_places = "number",
  db_column = "string", db_comment = "string", db_collation = "string", related_name = "string", related_query_name = "string",
  db_table = "string", to_field = "string", validators = "table",
}

local function wrong_kind(class, name, kind, value)
  local shown = type(value) == "string" and ("%q"):format(value) or type(value) == "number" and tostring(value) or "a " .. type(value)
  local examples = { boolean = "true or false", number = "a number", string = "a string", table = "a list" }
  return exceptions.TypeError(("%s: %s is %s, not %s"):format(class.class_name, name, examples[kind], shown))
end

--- The field object; what `models.CharField{…}` calls. `level` is that of the author's line.
function Field.new(class, options, level)
  level = (level or 1) + 1
  options = options or {}
  if type(options) ~= "table" or getmetatable(options) then
    error(exceptions.TypeError(("%s takes a table of options, not a %s"):format(class.class_name, type(options))), level)
  end
  created = created + 1
  local self = setmetatable({ options_given = options, created = created }, class)
  for name, value in pairs(options) do
    if not class.options[name] then
      error(unknown_option(class, name), level)
    end
    local kind = KINDS[name]
    if kind and type(value) ~= kind then
      error(wrong_kind(class, name, kind, value), level)
    end
    self[name] = value
  end
  local info = debug.getinfo(level, "Sl")
  self.where = info and ("%s:%d"):format(info.source:gsub("^@", ""), info.currentline) or ""
  if class.db_type then -- it may depend on the options
    self.type_name = class.class_name .. "@" .. created
  end
  local problem = self:check_options()
  if problem then
    error(exceptions.ImproperlyConfigured(class.class_name .. ": " .. problem), level)
  end
  return self
end

--- What is wrong with the options as they stand, or nil.
function Field:check_options()
  if self.null and self.primary_key then
    return "primary keys must not have null = true"
  end
  if self.choices ~= nil then
    local kind = type(self.choices)
    if kind ~= "table" and kind ~= "function" then
      return ("choices are a list of pairs, { { \"new\", \"New\" }, … }, not a %s"):format(kind)
    end
    self.choices = self.normalize_choices(self.choices)
  end
  return nil
end

-- ---- the model it belongs to ----

--- "stock_quantity" → "stock quantity"
local function verbose(name)
  return (name:gsub("_", " "))
end

--- Called once the field has its name; sets attname, column and verbose_name.
function Field:set_name(name)
  self.name = name
  self.attname = self:get_attname()
  self.column = self.db_column or self.attname
  if self.verbose_name == nil then
    self.verbose_name = verbose(name)
  end
end

function Field:get_attname()
  return self.name
end

function Field:clone()
  return self:clone_with {}
end

--- A copy with some options changed.
function Field:clone_with(changes)
  local options = {}
  for k, v in pairs(self.options_given) do
    options[k] = v
  end
  for k, v in pairs(changes) do
    options[k] = v
  end
  local copy = Field.new(getmetatable(self), options)
  copy.created, copy.where = self.created, self.where
  copy.auto_created, copy.parts = self.auto_created, self.parts
  if self.name then
    copy:set_name(self.name)
  end
  return copy
end

--- The internal type is that of the nearest class of Django's own.
function Field:get_internal_type()
  return self.internal_type or self.class_name
end

--- The description that world:add_field takes.
function Field:describe()
  return {
    name = self.name,
    type = self.type_name or self:get_internal_type(),
    column = self.db_column,
    max_length = self.max_length,
    max_digits = self.max_digits,
    decimal_places = self.decimal_places,
    null = self.null,
    primary_key = self.primary_key,
    unique = self.unique,
    db_index = self.db_index,
    collation = self.db_collation,
    has_db_default = self.db_default ~= nil,
  }
end

--- Class, options as written in order of names: what migrations write down.
function Field:deconstruct()
  local options = {}
  for k, v in pairs(self.options_given) do
    options[k] = v
  end
  local enumeration = type(options.choices) == "table" and rawget(options.choices, "choices")
  options.choices = enumeration or options.choices -- the pairs of TextChoices and its like
  return self.class_name, options
end

-- ---- defaults ----

function Field:has_default()
  return self.default ~= nil
end

--- The value of a new instance: functions are called each time.
local ARRAY = getmetatable(json.array {})

-- Data of an author's table for one instance alone.
local function copy(value)
  local class = type(value) == "table" and getmetatable(value)
  if type(value) ~= "table" or class and class ~= ARRAY then
    return value
  end
  local own = setmetatable({}, class)
  for k, v in pairs(value) do
    own[k] = copy(v)
  end
  return own
end

--- A table of data is copied: each instance has its own.
function Field:get_default()
  local default = self.default
  if type(default) == "function" then
    return default()
  elseif default ~= nil then
    if default == null then
      return nil
    end
    return copy(default)
  end
  if not self.empty_strings_allowed or self.null then
    return nil
  end
  return ""
end

-- ---- values ----

--- Any value as the field's own type; raises ValidationError.
function Field:to_python(value)
  return value
end

--- What is written: called with the instance at every save.
function Field:pre_save(instance, _)
  return instance[self.attname]
end

--- Methods pre_save that give the attribute, which they may have set before.
Field.plain_pre_save = { [Field.pre_save] = true }

function Field:value_from_object(instance)
  return instance[self.attname]
end

--- Text for fixtures.
function Field:value_to_string(instance)
  local v = self:value_from_object(instance)
  return v == nil and "None" or tostring(v)
end

-- ---- validation ----

--- ValidationError of a message code.
function Field:fail(code, params)
  local messages = type(self.error_messages) == "table" and self.error_messages or {}
  local message = messages[code] or self.default_error_messages[code]
  return exceptions.ValidationError(message, { code = code, params = params })
end

local function is_empty(value)
  return value == nil or value == null or value == "" or type(value) == "table" and getmetatable(value) == nil and next(value) == nil
end
Field.is_empty = is_empty

function Field:run_validators(value)
  if is_empty(value) then
    return
  end
  local errors = {}
  local function run(validator)
    local ok, err = pcall(validator, value)
    if ok then
      return
    elseif not exceptions.is(err, "ValidationError") then
      error(err, 0)
    end
    errors[#errors + 1] = err
  end
  for _, validator in ipairs(self:get_validators()) do
    run(validator)
  end
  if #errors > 0 then
    error(exceptions.ValidationError(errors), 0)
  end
end

function Field:get_validators()
  if not self.all_validators then
    local all = {}
    for _, v in ipairs(self.default_validators) do
      all[#all + 1] = v
    end
    for _, v in ipairs(self.validators or {}) do
      all[#all + 1] = v
    end
    self:add_validators(all)
    self.all_validators = all
  end
  return self.all_validators
end

--- Validators that follow from the options (max_length …).
function Field.add_validators() end

--- The value among the choices, whatever it must not be empty for.
function Field:validate(value)
  if not self:is_editable() then
    return
  end
  if self.choices and not is_empty(value) then
    local found = false
    for _, choice in ipairs(self:flat_choices()) do
      found = found or choice[1] == value
    end
    if not found then
      error(self:fail("invalid_choice", { value = type(value) == "string" and "'" .. value .. "'" or tostring(value) }), 0)
    end
  end
  if (value == nil or value == null) and not self.null then
    error(self:fail "null", 0)
  end
  if not self.blank and is_empty(value) then
    error(self:fail "blank", 0)
  end
end

function Field:is_editable()
  return self.editable ~= false
end

--- to_python, validate, validators; gives the value.
function Field:clean(value, instance)
  value = self:to_python(value)
  self:validate(value, instance)
  self:run_validators(value)
  return value
end

-- ---- choices ----

--- A list of pairs { value, label }, groups { label, { pairs } }, a map, an enumeration or
--- a function that gives one of them → a list of pairs and groups.
function Field.normalize_choices(choices)
  if type(choices) == "function" then
    return choices
  end
  if type(choices) == "table" and type(choices.choices) == "table" then
    return choices.choices -- TextChoices, IntegerChoices
  end
  if type(choices) == "table" and #choices == 0 and next(choices) ~= nil then
    local list = {}
    for value, label in pairs(choices) do
      list[#list + 1] = { value, label }
    end
    table.sort(list, function(a, b)
      return tostring(a[1]) < tostring(b[1])
    end)
    return list
  end
  return choices
end

--- Pairs, groups opened.
function Field:flat_choices()
  local choices = self.choices
  if type(choices) == "function" then
    choices = self.normalize_choices(choices())
  end
  local flat = {}
  for _, item in ipairs(choices or {}) do
    if type(item[2]) == "table" and getmetatable(item[2]) == nil then
      for _, pair in ipairs(item[2]) do
        flat[#flat + 1] = pair
      end
    else
      flat[#flat + 1] = item
    end
  end
  return flat
end

--- What get_FOO_display() gives.
function Field:display(value)
  for _, pair in ipairs(self:flat_choices()) do
    if pair[1] == value then
      return pair[2]
    end
  end
  return value
end

return Field
