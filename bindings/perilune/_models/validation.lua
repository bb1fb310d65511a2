-- SPDX-License-Identifier: MIT
-- full_clean and its parts: what forms and authors call before they save.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local base = require("perilune._models.model").base
local state_of = require("perilune._models.state").of

local NON_FIELD = exceptions.NON_FIELD_ERRORS

local function class_of(self)
  return getmetatable(self)
end

local function set_of(list)
  if list ~= nil and (type(list) ~= "table" or getmetatable(list)) then
    error(exceptions.TypeError(("exclude is a list of names, as in { \"name\" }, not %s"):format(tostring(list))), 3)
  end
  local set = {}
  for k, v in pairs(list or {}) do
    if type(k) == "number" then
      set[v] = true
    else
      set[k] = v
    end
  end
  return set
end

-- Adds the messages of a ValidationError under their fields.
local function merge(errors, err, key)
  if err.error_dict then
    for name, list in pairs(err.error_dict) do
      errors[name] = errors[name] or {}
      for _, e in ipairs(list) do
        table.insert(errors[name], e)
      end
    end
  else
    errors[key] = errors[key] or {}
    for _, e in ipairs(err.error_list or { err }) do
      table.insert(errors[key], e)
    end
  end
end

local function attempt(errors, key, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then
    return true, err
  elseif not exceptions.is(err, "ValidationError") then
    error(err, 0)
  end
  merge(errors, err, key)
  return false
end

local function raise(errors)
  if next(errors) then
    error(exceptions.ValidationError(errors), 0)
  end
end

--- Each field's own checks; the values become what the fields make of them.
function base.clean_fields(self, exclude)
  exclude = set_of(exclude)
  local errors = {}
  for _, field in ipairs(class_of(self)._meta.fields) do
    local value = self[field.attname]
    local skip = exclude[field.name] or field.generated or field.composite
    skip = skip or value == nil and field.db_default ~= nil and state_of(self).adding -- the database will know
    if not skip and field.blank and (value == nil or field.is_empty(value)) then
      skip = true
    end
    if not skip then
      local ok, cleaned = attempt(errors, field.name, field.clean, field, value, self)
      if ok then
        rawset(self, field.attname, cleaned)
      end
    end
  end
  raise(errors)
end

--- For authors to override: checks over several fields.
function base.clean() end

-- ---- uniqueness ----

local function label_of(text)
  return (text:gsub("^%l", string.upper))
end

local function joined(labels)
  if #labels < 2 then
    return labels[1] or ""
  end
  return table.concat(labels, ", ", 1, #labels - 1) .. " and " .. labels[#labels]
end

local function unique_error(class, names)
  local meta = class._meta
  local params = { model_name = label_of(meta.verbose_name) }
  if #names == 1 then
    local field = meta:get_field(names[1])
    params.field_label = label_of(field.verbose_name)
    return field:fail("unique", params)
  end
  local labels = {}
  for i, name in ipairs(names) do
    labels[i] = label_of(meta:get_field(name).verbose_name)
  end
  params.field_labels = joined(labels)
  return exceptions.ValidationError("%(model_name)s with this %(field_labels)s already exists.", { code = "unique_together", params = params })
end

-- The class and those above it that have tables of their own, calling fn for each.
local function each_table(class, fn)
  class = class._meta.concrete_model
  fn(class)
  for _, link in ipairs(class._meta.parent_links or {}) do
    each_table(link.remote_model, fn)
  end
end

-- Sets of names that must be unique together, each with the class whose table they are in,
-- without those that have an excluded one.
local function unique_sets(self, exclude)
  local sets = {}
  each_table(class_of(self), function(class)
    for _, field in ipairs(class._meta.local_fields) do
      if (field.unique or field.primary_key and not field.composite) and not exclude[field.name] then
        sets[#sets + 1] = { class, { field.name } }
      end
    end
    for _, names in ipairs(class._meta.unique_together) do
      local whole = true
      for _, name in ipairs(names) do
        whole = whole and not exclude[name]
      end
      if whole then
        sets[#sets + 1] = { class, names }
      end
    end
  end)
  return sets
end

local function taken(self, class, names)
  local meta = class._meta
  local conditions = {}
  for _, name in ipairs(names) do
    local field = meta:get_field(name)
    local value = self[field.attname]
    if value == nil then
      return false -- NULLs are never equal
    end
    if field.primary_key and not state_of(self).adding then
      return false
    end
    conditions[field.attname] = value
  end
  local rows = meta.default_manager:filter(conditions)
  local pk = meta.pk.composite and self.pk or self[meta.pk.attname]
  if not state_of(self).adding and pk ~= nil then
    rows = rows:exclude { pk = pk }
  end
  return rows:exists()
end

local function check_dates(self, exclude, errors)
  local class = class_of(self)
  local meta = class._meta
  for _, field in ipairs(meta.fields) do
    for _, kind in ipairs { "date", "month", "year" } do
      local other = field["unique_for_" .. kind]
      if other and not exclude[field.name] and not exclude[other] then
        local moment = self[other]
        if moment ~= nil then
          local conditions = { [field.attname] = self[field.attname] }
          if kind == "date" then
            conditions[other .. "__day"], conditions[other .. "__month"], conditions[other .. "__year"] = moment.day, moment.month, moment.year
          else
            conditions[other .. "__" .. kind] = moment[kind]
          end
          local rows = meta.default_manager:filter(conditions)
          if not state_of(self).adding and self.pk ~= nil then
            rows = rows:exclude { pk = self.pk }
          end
          if rows:exists() then
            merge(errors, field:fail("unique_for_date", {
              field_label = label_of(field.verbose_name), date_field_label = label_of(meta:get_field(other).verbose_name), lookup_type = kind,
            }), field.name)
          end
        end
      end
    end
  end
end

function base.validate_unique(self, exclude)
  exclude = set_of(exclude)
  local errors = {}
  for _, set in ipairs(unique_sets(self, exclude)) do
    local class, names = set[1], set[2]
    if taken(self, class, names) then
      merge(errors, unique_error(class, names), #names == 1 and names[1] or NON_FIELD)
    end
  end
  check_dates(self, exclude, errors)
  raise(errors)
end

--- The constraints of the model and the tables above it: a list of { class, constraints }.
function base.get_constraints(self)
  local list = {}
  each_table(class_of(self), function(class)
    if #class._meta.constraints > 0 then
      list[#list + 1] = { class, class._meta.constraints }
    end
  end)
  return list
end

--- Meta.constraints, as far as they can be asked.
function base.validate_constraints(self, exclude)
  exclude = set_of(exclude)
  local errors = {}
  for _, pair in ipairs(self:get_constraints()) do
    for _, constraint in ipairs(pair[2]) do
      attempt(errors, constraint:error_key(), constraint.validate, constraint, pair[1], self, exclude)
    end
  end
  raise(errors)
end

--- full_clean{ exclude = { "slug" }, validate_unique = true, validate_constraints = true }
function base.full_clean(self, options)
  options = check_options("full_clean", options, { exclude = true, validate_unique = true, validate_constraints = true })
  local errors = {}
  local exclude = set_of(options.exclude)
  attempt(errors, NON_FIELD, self.clean_fields, self, exclude)
  attempt(errors, NON_FIELD, self.clean, self)
  for name in pairs(errors) do
    if name ~= NON_FIELD then
      exclude[name] = true
    end
  end
  if options.validate_unique ~= false then
    attempt(errors, NON_FIELD, self.validate_unique, self, exclude)
  end
  for name in pairs(errors) do
    if name ~= NON_FIELD then
      exclude[name] = true
    end
  end
  if options.validate_constraints ~= false then
    attempt(errors, NON_FIELD, self.validate_constraints, self, exclude)
  end
  raise(errors)
end

return {}
