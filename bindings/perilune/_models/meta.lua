-- SPDX-License-Identifier: MIT
-- Model._meta: what Meta says, Django's defaults for the rest, and the fields.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local sorted_keys = require "perilune._sorted_keys"

local M = {}

local known = {
  abstract = true, app_label = true, base_manager_name = true, db_table = true, db_table_comment = true,
  db_tablespace = true, default_manager_name = true, default_related_name = true, get_latest_by = true,
  managed = true, order_with_respect_to = true, ordering = true, permissions = true, default_permissions = true,
  proxy = true, required_db_features = true, required_db_vendor = true, select_on_save = true, indexes = true,
  constraints = true, unique_together = true, verbose_name = true, verbose_name_plural = true, swappable = true,
}

-- What an heir of an abstract model takes over.
local inherited = {
  "app_label_given", "db_tablespace", "db_table_comment", "db_table_given", "required_db_features", "required_db_vendor", "select_on_save",
  "order_with_respect_to", "ordering", "get_latest_by", "permissions", "default_permissions", "managed", "verbose_name_given",
  "verbose_name_plural_given", "indexes", "constraints", "unique_together", "default_related_name", "base_manager_name", "default_manager_name",
}

-- What one of a model with a table takes over.
local inherited_from_table = { "ordering", "get_latest_by" }

--- "OrderItem" → "order item"
local function words(name)
  local text = name:gsub("()(%u)()", function(at, letter, behind)
    local before, after = name:sub(at - 1, at - 1), name:sub(behind, behind)
    return (before:find "%l" or after:find "[^%u]") and " " .. letter or letter
  end)
  return (text:gsub("^ ", ""):lower())
end

-- unique_together = { "a", "b" } is one set; { { "a", "b" }, … } several.
local function together(value)
  if value and type(value[1]) == "string" then
    return { value }
  end
  return value or {}
end

-- The label of the model that a setting puts in the place of this one: Meta.swappable is the
-- name of the setting.
local function swapped(meta)
  local settings = require "perilune.settings"
  local named = meta.swappable and settings.configured() and settings.get(meta.swappable)
  if type(named) == "string" and named:lower() ~= meta.label_lower then
    return named
  end
  return nil
end

local kinds = {
  abstract = "boolean", managed = "boolean", proxy = "boolean", select_on_save = "boolean",
  app_label = "string", base_manager_name = "string", default_manager_name = "string", db_table = "string", db_table_comment = "string",
  db_tablespace = "string", default_related_name = "string", order_with_respect_to = "string", swappable = "string", required_db_vendor = "string",
}

-- What one of the items of a list must be.
local function is_name_or_expression(v)
  return type(v) == "string" or type(v) == "userdata"
end
local function has_methods(v)
  local class = type(v) == "table" and getmetatable(v)
  return type(class) == "table" and class.class_name ~= nil
end
local items = {
  ordering = { is_name_or_expression, "a name, \"-name\" or an expression" },
  indexes = { has_methods, "a models.Index{…}" },
  constraints = { has_methods, "a models.CheckConstraint{…} or models.UniqueConstraint{…}" },
  permissions = { function(v) return type(v) == "table" and type(v[1]) == "string" and v[2] ~= nil end, "a pair { \"codename\", \"name\" }" },
}

local function check_kinds(name, given, level)
  for option, value in pairs(given) do
    local kind, item = kinds[option], items[option]
    if kind and type(value) ~= kind then
      error(exceptions.ImproperlyConfigured(("%s.Meta: %s is %s, not a %s"):format(name, option, kind == "boolean" and "true or false" or "a string", type(value))), level + 1)
    end
    if (option == "verbose_name" or option == "verbose_name_plural") and (type(value) == "number" or type(value) == "boolean") then
      error(exceptions.ImproperlyConfigured(("%s.Meta: %s is a string, not a %s"):format(name, option, type(value))), level + 1)
    end
    for i, v in ipairs(item and value or {}) do
      if not item[1](v) then
        error(exceptions.ImproperlyConfigured(("%s.Meta: item %d of %s is %s; %s is wanted"):format(name, i, option, type(v) == "string" and ("%q"):format(v) or "a " .. type(v), item[2])), level + 1)
      end
    end
  end
end

local mt = { __name = "perilune.models.Options" }
mt.__index = mt

--- The options of a model `name` of an app, from its Meta table and its abstract parents.
function M.new(name, given, app_label, parents, where, level)
  given = check_options(name .. ".Meta", given, known)
  local meta = setmetatable({ object_name = name, model_name = name:lower(), where = where }, mt)
  for _, parent in ipairs(parents) do
    local from = parent._meta
    for _, key in ipairs(from.abstract and inherited or inherited_from_table) do
      if meta[key] == nil then
        meta[key] = rawget(from, key)
        meta.from_abstract = meta.from_abstract or {}
        meta.from_abstract[key] = from.abstract and meta[key] or nil
      end
    end
  end
  for _, key in ipairs { "ordering", "indexes", "constraints", "unique_together", "permissions", "default_permissions", "required_db_features" } do
    if given[key] ~= nil and (type(given[key]) ~= "table" or getmetatable(given[key])) then
      error(exceptions.ImproperlyConfigured(("%s.Meta: %s is a list, not a %s"):format(name, key, type(given[key]))), level + 1)
    end
  end
  check_kinds(name, given, level + 1)
  for k, v in pairs(given) do
    meta[k] = v
  end
  meta.given = given
  meta.abstract, meta.proxy = given.abstract or false, given.proxy or false
  meta.managed = meta.managed ~= false
  meta.app_label_given = given.app_label or meta.app_label_given
  meta.app_label = meta.app_label_given or app_label
  if not meta.app_label and not meta.abstract then
    error(exceptions.RuntimeError(("model '%s' belongs to no installed app: add the app of %s to installed_apps, or give it Meta = { app_label = … }"):format(name, where)), level + 1)
  end
  meta.label = (meta.app_label or "?") .. "." .. name
  meta.label_lower = meta.label:lower()
  meta.swapped = swapped(meta)
  meta.db_table_given = given.db_table or meta.db_table_given
  meta.db_table = meta.db_table_given or (meta.app_label or "?") .. "_" .. meta.model_name
  meta.verbose_name_given = meta.verbose_name or meta.verbose_name_given
  meta.verbose_name_plural_given = meta.verbose_name_plural or meta.verbose_name_plural_given
  meta.verbose_name, meta.verbose_name_plural = meta.verbose_name_given, meta.verbose_name_plural_given
  meta.verbose_name = meta.verbose_name or words(name)
  meta.verbose_name_plural = meta.verbose_name_plural or meta.verbose_name .. "s"
  meta.unique_together = together(meta.unique_together)
  meta.default_permissions = meta.default_permissions or { "add", "change", "delete", "view" }
  for _, key in ipairs { "indexes", "constraints", "permissions" } do
    meta[key] = meta[key] or {}
  end
  return meta
end

-- What Django calls what SQLite has, as far as models ask for it.
local features = {}
for name in ([[can_return_columns_from_insert has_bulk_insert has_json_object_function supports_aggregate_filter_clause
  supports_expression_indexes supports_foreign_keys supports_json_field supports_over_clause supports_partial_indexes
  supports_stored_generated_columns supports_table_check_constraints supports_transactions supports_virtual_generated_columns
  uses_savepoints]]):gmatch "%S+" do
  features[name] = true
end

--- Whether migrations make the model's table in a database of the vendor ("sqlite"): it has one,
--- and the database what the model requires (required_db_vendor, required_db_features).
function mt:can_migrate(vendor)
  if self.abstract or self.proxy or self.swapped or self.managed == false then
    return false
  elseif self.required_db_vendor then
    return self.required_db_vendor == vendor
  end
  for _, name in ipairs(self.required_db_features or {}) do
    if not features[name] then
      return false
    end
  end
  return true
end

-- ---- fields ----

--- The field of a name or attname; FieldDoesNotExist with the nearest.
function mt:get_field(name)
  local field = self.fields_by_name[name] or self.fields_by_attname[name]
  if field then
    return field
  end
  local names = sorted_keys(self.fields_by_name)
  error(exceptions.FieldDoesNotExist(("%s has no field named '%s'%s"):format(self.object_name, tostring(name), require("perilune._core").suggest(tostring(name), names))), 2)
end

function mt:get_fields()
  local all = {}
  for _, f in ipairs(self.fields) do
    all[#all + 1] = f
  end
  for _, f in ipairs(self.many_to_many) do
    all[#all + 1] = f
  end
  return all
end

function mt:__tostring()
  return self.label
end

return M
