-- SPDX-License-Identifier: MIT
-- Models: what they ask for that SQLite does not have, and options of fields that have no use or
-- no sense. What makes a field unusable is an error when its file is loaded. The ids are Django's.
local checks = require "perilune.checks"
local classes_of = require "perilune._checks.classes"

local function field_message(level, class, field, text, id, hint)
  local place = field.where and field.where ~= "" and (" (%s)"):format(field.where) or ""
  return checks[level](text .. place, { obj = { label = class._meta.label .. "." .. field.name }, id = id, hint = hint })
end

-- ---- fields ----

local function check_field(class, field, found)
  local kind = field:get_internal_type()
  local function add(level, text, id, hint)
    found[#found + 1] = field_message(level, class, field, text, id, hint)
  end
  if kind == "FileField" or kind == "ImageField" then
    if type(field.upload_to) == "string" and field.upload_to:sub(1, 1) == "/" then
      add("Error", ("%s's 'upload_to' argument must be a relative path, not an absolute path."):format(field.class_name), "fields.E202", "Remove the leading slash.")
    end
  end
  if field.many and field.validators then
    add("Warning", "ManyToManyField does not support validators.", "fields.W341")
  end
  if field.db_comment then
    add("Warning", "SQLite does not support comments on columns (db_comment).", "fields.W163")
  end
end

-- ---- Meta ----

local function check_meta(class, found)
  local meta = class._meta
  local function add(text, id, hint)
    found[#found + 1] = checks.Warning(text, { obj = class, id = id, hint = hint })
  end
  if meta.db_table_comment then
    add("SQLite does not support comments on tables (db_table_comment).", "models.W046")
  end
  for _, constraint in ipairs(meta.constraints) do
    if constraint.deferrable then
      add(("SQLite does not support deferrable unique constraints: '%s' is not created."):format(constraint.name), "models.W038", "A constraint won't be created. Silence this warning if you don't care about it.")
    elseif constraint.nulls_distinct ~= nil then
      add(("SQLite does not support unique constraints with nulls distinct: '%s' is not created."):format(constraint.name), "models.W047", "A constraint won't be created. Silence this warning if you don't care about it.")
    elseif #(constraint.include or {}) > 0 then
      add(("SQLite does not support unique constraints with non-key columns: '%s' is created without them."):format(constraint.name), "models.W039")
    end
  end
  for _, index in ipairs(meta.indexes) do
    if #(index.include or {}) > 0 then
      add(("SQLite does not support indexes with non-key columns: '%s' is created without them."):format(tostring(index.name)), "models.W040")
    end
  end
end

checks.register(function(options)
  local found = {}
  for _, class in ipairs(classes_of(options)) do
    if not class._meta.proxy then
      for _, field in ipairs(class._meta.local_all_fields) do
        if not field.auto_created then
          check_field(class, field, found)
        end
      end
      check_meta(class, found)
    end
  end
  return found
end, { tags = { "models" } })
