-- SPDX-License-Identifier: MIT
-- ForeignKey, OneToOneField and ManyToManyField as an author writes them. What they give
-- their models (attributes, reverse sides) is in descriptors.lua.
local exceptions = require "perilune.exceptions"
local Field = require "perilune._models.field"

local M = {}

-- ---- what happens to the others when a row is deleted ----

local function action(name)
  return setmetatable({ name = name }, { __tostring = function(self) return "models." .. self.name end })
end

M.CASCADE = action "CASCADE"
M.PROTECT = action "PROTECT"
M.RESTRICT = action "RESTRICT"
M.SET_NULL = action "SET_NULL"
M.SET_DEFAULT = action "SET_DEFAULT"
M.DO_NOTHING = action "DO_NOTHING"

--- SET(value) or SET(function)
function M.SET(value)
  local a = action "SET"
  a.value = value
  return a
end

-- ---- fields ----

local Relation = Field:extend {
  name = "Relation",
  empty_strings_allowed = false,
  relation = true,
  options = {
    to = true, related_name = true, related_query_name = true, limit_choices_to = true,
    db_constraint = true, swappable = true,
  },
}

-- The label of a target given as a model, "self", "Model" or "app.Model".
local function target_label(to, class_name, level)
  if type(to) == "table" and rawget(to, "_meta") then
    return to._meta.label
  elseif type(to) == "string" and to ~= "" then
    return to
  end
  error(exceptions.ImproperlyConfigured(("%s(to, {…}): `to` is a model, \"app.Model\", \"Model\" or \"self\", not a %s"):format(class_name, type(to))), level + 1)
end

-- models.ForeignKey("Category", { … })
local function new(class, to, options)
  local given = {}
  for k, v in pairs(options or {}) do
    given[k] = v
  end
  given.to = target_label(to, class.class_name, 2)
  return Field.new(class, given, 1)
end

local function on_delete_of(self)
  local how = self.on_delete
  if how == nil then
    return "on_delete is missing: on_delete = models.CASCADE"
  elseif type(how) ~= "table" or not how.name then
    return "on_delete is models.CASCADE, PROTECT, RESTRICT, SET_NULL, SET_DEFAULT, SET(…) or DO_NOTHING"
  elseif how == M.SET_NULL and not self.null then
    return "on_delete = models.SET_NULL needs null = true"
  elseif how == M.SET_DEFAULT and self.default == nil then
    return "on_delete = models.SET_DEFAULT needs a default"
  end
  return nil
end

M.ForeignKey = Relation:extend {
  name = "ForeignKey",
  kind = "fk",
  options = { on_delete = true, to_field = true, parent_link = true },
  new = new,
  default_error_messages = { invalid = "%(model)s instance with %(field)s %(value)s does not exist." },
  check_options = function(self)
    return on_delete_of(self) or Field.check_options(self)
  end,
  get_attname = function(self)
    return self.name .. "_id"
  end,
  describe = function(self)
    local d = Field.describe(self)
    d.type = self.class_name == "OneToOneField" and "OneToOneField" or "ForeignKey"
    if self.kind == "one" then
      d.type = "OneToOneField"
    end
    d.to, d.to_field = self.to, self.to_field
    d.related_name, d.related_query_name = self.related_name, self.related_query_name
    d.parent_link, d.no_db_constraint = self.parent_link, self.db_constraint == false
    return d
  end,
  --- The default of a field is the key of an instance, when it is one.
  get_default = function(self)
    local value = Field.get_default(self)
    if type(value) == "table" and getmetatable(value) then
      return value.pk
    end
    return value
  end,
  to_python = function(self, value)
    local target = self.target_field
    return target and target:to_python(value) or value
  end,
  validate = function(self, value, instance)
    if self.parent_link then
      return
    end
    Field.validate(self, value)
    if value == nil then
      return
    end
    local related = self.remote_model
    local using = require("perilune._models.routing").read(related, instance)
    local found = related._meta.base_manager:using(using):filter { [self.target_field.name] = value }
    if self.limit_choices_to then
      local limit = self.limit_choices_to
      found = found:filter(type(limit) == "function" and limit() or limit)
    end
    if not found:exists() then
      error(self:fail("invalid", { model = related._meta.verbose_name, pk = value, field = self.target_field.name, value = tostring(value) }), 0)
    end
  end,
}

M.OneToOneField = M.ForeignKey:extend {
  name = "OneToOneField",
  kind = "one",
  check_options = function(self)
    self.unique = true
    return M.ForeignKey.check_options(self)
  end,
}

M.ManyToManyField = Relation:extend {
  name = "ManyToManyField",
  kind = "many",
  many = true,
  options = { through = true, through_fields = true, db_table = true, symmetrical = true },
  new = new,
  check_options = function(self)
    if self.null then
      return "null has no effect on ManyToManyField"
    elseif self.unique then
      return "ManyToManyFields cannot be unique"
    elseif self.through_fields and not self.through then
      return "through_fields needs through"
    elseif self.db_table and self.through then
      return "db_table is that of the through model"
    end
    return Field.check_options(self)
  end,
  describe = function(self)
    local through = self.through
    local symmetrical = self.symmetrical
    if symmetrical == nil then
      symmetrical = self.to == "self" and not self.related_name
    end
    return {
      name = self.name,
      type = "ManyToManyField",
      to = self.to,
      related_name = self.related_name,
      related_query_name = self.related_query_name,
      asymmetrical = not symmetrical,
      through = through and target_label(through, "ManyToManyField through", 1) or nil,
      through_source = self.through_fields and self.through_fields[1],
      through_target = self.through_fields and self.through_fields[2],
      db_table = self.db_table,
      no_db_constraint = self.db_constraint == false,
    }
  end,
  validate = function() end,
  get_default = function() end,
}

return M
