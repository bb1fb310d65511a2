-- SPDX-License-Identifier: MIT
-- When two fields, or two models, are the same as far as database and state care.
local states = require "perilune._migrations.state"
local writer = require "perilune._migrations.writer"

local M = {}

-- A field as text; relations with their target as a key, or without any.
local function text(field, target)
  local name, options = field:deconstruct()
  local names = {}
  for k in pairs(options) do
    if not (field.relation and k == "to") then
      names[#names + 1] = k
    end
  end
  table.sort(names)
  local parts = { name, field.composite and table.concat(field.parts, ",") or nil }
  for _, k in ipairs(names) do
    local ok, written = pcall(writer.value, options[k])
    parts[#parts + 1] = k .. "=" .. (ok and written or tostring(options[k]))
  end
  parts[#parts + 1] = target
  return table.concat(parts, ";")
end

local function target_of(field, app_label, model_name)
  local to = field.relation and field.options_given.to
  if type(to) == "table" then
    to = to._meta.label
  end
  return type(to) == "string" and "target=" .. states.target_key(to, app_label, model_name) or nil
end

--- Whether two fields of the model are written alike.
function M.same_field(a, b, app_label, model_name)
  return text(a, target_of(a, app_label, model_name)) == text(b, target_of(b, app_label, model_name))
end

--- All fields of a model as one text; what relations point at is left out, for a model may
--- be renamed together with its own.
function M.shape(model)
  local list = {}
  for i, pair in ipairs(model.fields) do
    list[i] = pair[1] .. "|" .. text(pair[2])
  end
  table.sort(list)
  return table.concat(list, "\n")
end

--- A copy of an index or constraint with another name.
function M.renamed(item, name)
  local copy = setmetatable({}, getmetatable(item))
  for k, v in pairs(item) do
    copy[k] = v
  end
  copy.name = name
  return copy
end

M.same = writer.same

return M
