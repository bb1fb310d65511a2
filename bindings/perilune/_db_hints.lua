-- SPDX-License-Identifier: MIT
-- What to do about errors of the database that have to do with models: tables and columns
-- that no migration has made yet, values that are missing or there twice.
local M = {}

-- The model of a table and, with a column, its field. Nothing where models are not in use.
local function find(table_name, column)
  local registry = package.loaded["perilune._models.registry"]
  for _, class in ipairs(registry and registry.project.list or {}) do
    local meta = class._meta
    if meta.db_table == table_name and not meta.proxy and not meta.abstract then
      for _, field in ipairs(column and meta.local_fields or {}) do
        if field.column == column then
          return meta, field
        end
      end
      return meta
    end
  end
end

local rules = {
  {
    "^no such table: ([%w_]+)",
    function(meta)
      return ("%s has no table yet: run 'perilune migrate', after 'perilune makemigrations' when the model is new"):format(meta.label)
    end,
  },
  {
    "^no such column: ([%w_]+)%.([%w_]+)",
    function(meta, field)
      return field and ("%s.%s has no column yet: run 'perilune makemigrations' and 'perilune migrate'"):format(meta.label, field.name)
    end,
  },
  {
    "^table ([%w_]+) has no column named ([%w_]+)",
    function(meta, field)
      return field and ("%s.%s has no column yet: run 'perilune makemigrations' and 'perilune migrate'"):format(meta.label, field.name)
    end,
  },
  {
    "^NOT NULL constraint failed: ([%w_]+)%.([%w_]+)",
    function(meta, field)
      return field and ("%s.%s has no value: give it one, or a default, or null = true"):format(meta.label, field.name)
    end,
  },
  {
    "^UNIQUE constraint failed: ([%w_]+)%.([%w_]+)",
    function(meta, field)
      return field and ("there is a %s with this %s already: full_clean() tells before save(), get_or_create{…} takes the one that is there"):format(meta.label, field.name)
    end,
  },
}

--- A sentence about an error object, or nil.
function M.of(err)
  local message = rawget(err, "message")
  for _, rule in ipairs(type(message) == "string" and rules or {}) do
    local table_name, column = message:match(rule[1])
    local meta, field
    if table_name then
      meta, field = find(table_name, column)
    end
    if meta then
      return rule[2](meta, field) or nil
    end
  end
end

return M
