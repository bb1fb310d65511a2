-- SPDX-License-Identifier: MIT
-- Index, CheckConstraint, UniqueConstraint: descriptions that migrations make SQL of, and
-- checks before a row is saved.
local check_options = require "perilune._options"
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"

local M = {}

local function split(spec, known, what)
  if type(spec) ~= "table" or getmetatable(spec) then
    error(exceptions.TypeError(what .. " takes a table: " .. what .. "{ \"field\", name = … }"), 3)
  end
  local items, options = {}, {}
  for k, v in pairs(spec) do
    if math.type(k) == "integer" then
      items[k] = v
    else
      options[k] = v
    end
  end
  check_options(what, options, known)
  return items, options
end

-- Items that are names, and items that are expressions.
local function sort_items(self, items, options)
  self.fields, self.expressions = {}, {}
  for _, name in ipairs(options.fields or {}) do
    self.fields[#self.fields + 1] = name
  end
  for _, item in ipairs(items) do
    if type(item) == "string" then
      self.fields[#self.fields + 1] = item
    else
      self.expressions[#self.expressions + 1] = item
    end
  end
end

-- ---- indexes ----

local Index = { __name = "perilune.models.Index", class_name = "Index" }
Index.__index = Index

local index_options = { fields = true, name = true, condition = true, include = true, db_tablespace = true, opclasses = true }

--- Index{ "category", "-price", name = …, condition = Q{…}, include = { … } }
function M.Index(spec)
  local items, options = split(spec, index_options, "Index")
  local self = setmetatable({ name = options.name, condition = options.condition, include = options.include, opclasses = options.opclasses }, Index)
  sort_items(self, items, options)
  if #self.fields == 0 and #self.expressions == 0 then
    error(exceptions.ValueError "At least one field or expression is required to define an index.", 2)
  elseif #self.expressions > 0 and not self.name then
    error(exceptions.ValueError "An index must be named to use expressions.", 2)
  elseif self.condition and not self.name then
    error(exceptions.ValueError "An index must be named to use condition.", 2)
  elseif self.name and #self.name > 30 then
    error(exceptions.ImproperlyConfigured(("The index name '%s' cannot be longer than 30 characters."):format(self.name)), 2)
  end
  return self
end

--- Name and whether it descends, of each field.
function Index:field_orders()
  local list = {}
  for i, field in ipairs(self.fields) do
    local desc = field:sub(1, 1) == "-"
    list[i] = { desc and field:sub(2) or field, desc }
  end
  return list
end

--- Django's name for an index without one: <table>_<column>_<hash>_idx.
function Index:set_name(meta)
  local columns, hashed = {}, {}
  for i, pair in ipairs(self:field_orders()) do
    local column = meta:get_field(pair[1]).column
    columns[i] = column
    hashed[i] = pair[2] and "-" .. column or column
  end
  local digest = crypto.hex(crypto.digest("md5", meta.db_table .. table.concat(hashed) .. "idx")):sub(1, 6)
  local name = ("%s_%s_%s"):format(meta.db_table:sub(1, 11), columns[1]:sub(1, 7), digest .. "_idx")
  if name:match "^[_%d]" then
    name = "D" .. name:sub(2)
  end
  self.name = name
end

-- ---- constraints ----

local Constraint = { __name = "perilune.models.Constraint" }
Constraint.__index = Constraint

function Constraint:error_key()
  return exceptions.NON_FIELD_ERRORS
end

function Constraint:violation(default)
  return exceptions.ValidationError((self.violation_error_message or default or "Constraint “%(name)s” is violated.") , { code = self.violation_error_code, params = { name = self.name } })
end

local function class(name)
  local c = setmetatable({ __name = "perilune.models." .. name, class_name = name }, { __index = Constraint })
  c.__index = c
  return c
end

local Check = class "CheckConstraint"
local check_known = { name = true, condition = true, check = true, violation_error_code = true, violation_error_message = true }

--- CheckConstraint{ Q{ price__gte = 0 }, name = "price_positive" }
function M.CheckConstraint(spec)
  local items, options = split(spec, check_known, "CheckConstraint")
  local self = setmetatable(options, Check)
  self.condition = items[1] or options.condition or options.check
  self.check = nil
  if self.condition == nil then
    error(exceptions.TypeError "CheckConstraint needs a condition: CheckConstraint{ Q{…}, name = … }", 2)
  elseif not self.name then
    error(exceptions.TypeError "a constraint must have a name: name = \"…\"", 2)
  end
  return self
end

function Check:validate(model, instance, exclude)
  local found = require("perilune._models.constraint_check").holds(model, instance, self.condition, exclude)
  if found == false then
    error(self:violation(), 0)
  end
end

local Unique = class "UniqueConstraint"
local unique_known = {
  name = true, fields = true, condition = true, deferrable = true, include = true, opclasses = true,
  nulls_distinct = true, violation_error_code = true, violation_error_message = true,
}

--- UniqueConstraint{ "name", "category", name = "uniq", condition = Q{…} }
function M.UniqueConstraint(spec)
  local items, options = split(spec, unique_known, "UniqueConstraint")
  local self = setmetatable(options, Unique)
  sort_items(self, items, { fields = options.fields })
  if not self.name then
    error(exceptions.ValueError "A unique constraint must be named.", 2)
  elseif #self.fields == 0 and #self.expressions == 0 then
    error(exceptions.ValueError "At least one field or expression is required to define a unique constraint.", 2)
  end
  return self
end

function Unique:error_key()
  return #self.fields == 1 and not self.condition and self.fields[1] or exceptions.NON_FIELD_ERRORS
end

function Unique:validate(model, instance, exclude)
  local check = require "perilune._models.constraint_check"
  if not check.unique(model, instance, self, exclude) then
    if #self.fields > 0 and not self.condition and not self.violation_error_message then
      local labels = {}
      for i, name in ipairs(self.fields) do
        labels[i] = (model._meta:get_field(name).verbose_name:gsub("^%l", string.upper))
      end
      local label = #labels == 1 and labels[1] or table.concat(labels, ", ", 1, #labels - 1) .. " and " .. labels[#labels]
      error(exceptions.ValidationError(("%s with this %s already exists."):format((model._meta.verbose_name:gsub("^%l", string.upper)), label), { code = #labels == 1 and "unique" or "unique_together" }), 0)
    end
    error(self:violation(), 0)
  end
end

M.Index_class, M.CheckConstraint_class, M.UniqueConstraint_class = Index, Check, Unique

return M
