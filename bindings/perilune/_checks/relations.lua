-- SPDX-License-Identifier: MIT
-- Models: relations whose two sides get in each other's way. What makes a relation unusable is an
-- error when relations are resolved, not a check. The ids are Django's.
local base = require("perilune._models.model").base
local checks = require "perilune.checks"
local classes_of = require "perilune._checks.classes"

local function reporter(found, class, field)
  local place = field.where and field.where ~= "" and (" (%s)"):format(field.where) or ""
  return function(level, id, text, hint)
    found[#found + 1] = checks[level](text .. place, { obj = { label = class._meta.label .. "." .. field.name }, id = id, hint = hint })
  end
end

-- ---- names on the other side ----

local function check_names(class, field, found)
  local add = reporter(found, class, field)
  local name, query_name = field.related_name, field.relation_info.query_name
  if name and not name:match "^[%a_][%w_]*$" and not name:match "%+$" then
    add("Error", "fields.E306", ("The name '%s' is invalid related_name for field %s.%s"):format(name, class._meta.object_name, field.name), "related_name is a word, as the name of a field is, or ends with '+'")
  end
  if not query_name or query_name:find("+", 1, true) then
    return
  end
  local hint = "Add or change a related_name or related_query_name argument for this field."
  if query_name:match "_$" then
    add("Error", "fields.E308", ("Reverse query name '%s' must not end with an underscore."):format(query_name), hint)
  end
  if query_name:find("__", 1, true) then
    add("Error", "fields.E309", ("Reverse query name '%s' must not contain '__'."):format(query_name), hint)
  end
end

-- What the other model has already under the name that a relation gives it.
local function check_accessors(class, found)
  local meta, taken = class._meta, {}
  for _, r in ipairs(meta.related_objects) do
    local name = r.accessor
    if name and not r.hidden and r.field.remote_model == class then
      local label = ("%s.%s"):format(r.model._meta.label, r.field.name)
      local accessor = ("%s.%s"):format(meta.object_name, name)
      local add = reporter(found, r.model, r.field)
      if meta.fields_by_name[name] then
        add("Error", "fields.E302", ("Reverse accessor '%s' for '%s' clashes with field name '%s.%s'."):format(accessor, label, meta.label, name),
          ("Rename field '%s.%s', or add/change a related_name argument to the definition for field '%s'."):format(meta.label, name, label))
      elseif type(rawget(base, name)) == "function" then
        add("Error", "fields.E302", ("Reverse accessor '%s' for '%s' clashes with the method '%s' of all models."):format(accessor, label, name), ("Add or change a related_name argument to the definition for '%s'."):format(label))
      elseif taken[name] then
        add("Error", "fields.E304", ("Reverse accessor '%s' for '%s' clashes with reverse accessor for '%s'."):format(accessor, label, taken[name]), ("Add or change a related_name argument to the definition for '%s' or '%s'."):format(label, taken[name]))
      end
      taken[name] = taken[name] or label
    end
  end
end

-- ---- through ----

-- How many ForeignKeys of the join model lead to the class.
local function links(through, class)
  local n = 0
  for _, field in ipairs(through._meta.fields) do
    if field.relation and field.remote_model == class then
      n = n + 1
    end
  end
  return n
end

local AMBIGUOUS = "The model is used as an intermediate model by '%s', but it has more than %s, which is ambiguous. You must specify which %s should be used via the through_fields option."

local function check_through(class, field, found)
  local add = reporter(found, class, field)
  local label, through = ("%s.%s"):format(class._meta.label, field.name), field.through_model
  local named = field.through_fields
  if named and not (type(named) == "table" and named[1] and named[2]) then
    add("Error", "fields.E337", ("Field specifies 'through_fields' but does not provide the names of the two link fields that should be used for the relation through model '%s'."):format(through._meta.label), "Make sure you specify 'through_fields' as through_fields = { \"field1\", \"field2\" }")
  elseif not named and class == field.remote_model then
    if links(through, class) > 2 then
      add("Error", "fields.E333", AMBIGUOUS:format(label, ("two foreign keys to '%s'"):format(class._meta.object_name), "two foreign keys"))
    end
  elseif not named then
    for id, model in pairs { ["fields.E334"] = class, ["fields.E335"] = field.remote_model } do
      if links(through, model) > 1 then
        add("Error", id, AMBIGUOUS:format(label, ("one foreign key %s '%s'"):format(id == "fields.E334" and "from" or "to", model._meta.object_name), "foreign key"))
      end
    end
  end
  if field.limit_choices_to then
    add("Warning", "fields.W343", "limit_choices_to has no effect on ManyToManyField with a through model.")
  end
end

local function check_many(class, field, found)
  if field.through then
    check_through(class, field, found)
  end
  if field.relation_info.symmetrical and field.related_name then
    reporter(found, class, field)("Warning", "fields.W345", "related_name has no effect on ManyToManyField with a symmetrical relationship, e.g. to \"self\".")
  end
end

-- Two fields over the same rows of one join model.
local function check_twins(class, found)
  local seen = {}
  for _, field in ipairs(class._meta.many_to_many) do
    local info = field.relation_info
    if field.through then
      local key = ("%s %s %s %s"):format(field.remote_model._meta.label, field.through_model._meta.label, info.source, info.target)
      if seen[key] then
        found[#found + 1] = checks.Error(("The model has two identical many-to-many relations through the intermediate model '%s'."):format(field.through_model._meta.label), { obj = class, id = "models.E003" })
      end
      seen[key] = true
    end
  end
end

checks.register(function(options)
  local found = {}
  for _, class in ipairs(classes_of(options)) do
    for _, field in ipairs(class._meta.local_all_fields) do
      if field.relation and not field.auto_created then
        check_names(class, field, found)
        if field.many then
          check_many(class, field, found)
        end
      end
    end
    check_accessors(class, found)
    check_twins(class, found)
  end
  return found
end, { tags = { "models" } })
