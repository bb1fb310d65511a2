-- SPDX-License-Identifier: MIT
-- What operations wait for: { app, model (lower case), field or nil, what }, where `what` is
-- "create", "delete", "remove" or "alter" (of a field), "unset order" or "together".
local registry = require("perilune._models.registry").project
local states = require "perilune._migrations.state"

local M = {}

-- "shop.product" → app, model
local function parts(key)
  return key:match "^(.-)%.(.+)$"
end

M.targets = states.targets

-- A key of several columns waits for those that come with it.
local function of_parts(model, field)
  local list = {}
  for i, pair in ipairs(field.composite and model.fields or {}) do
    list[i] = { model.app_label, model.name_lower, pair[1], "create" }
  end
  return list
end

--- A relation waits for its models, and for the ForeignKeys of the one it goes through.
function M.of_field(state, model, field)
  local list = of_parts(model, field)
  for i, key in ipairs(M.targets(model.app_label, model.name, field)) do
    local app, name = parts(key)
    list[#list + 1] = { app, name, nil, "create", setting = i == 1 and field.swappable ~= false and registry:swappable_setting(key) or nil }
    local through = i == 2 and state.models[key]
    for _, pair in ipairs(through and through.fields or {}) do
      if pair[2].relation and not pair[2].many then
        list[#list + 1] = { app, name, pair[1], "create" }
      end
    end
  end
  return list
end

function M.of_bases(model)
  local list = {}
  for _, base in ipairs(model.bases) do
    local app, name = parts(base:lower())
    list[#list + 1] = { app, name, nil, "create" }
  end
  return list
end

local provides = {}

function provides.create(op, model, field)
  local kind = op.class_name
  if not field then
    return kind == "CreateModel" and op.name:lower() == model or kind == "RenameModel" and op.new_name:lower() == model
  elseif kind == "AddField" then
    return op.model_name == model and op.name == field
  elseif kind == "CreateModel" and op.name:lower() == model then
    for _, pair in ipairs(op.fields) do
      if pair[1] == field then
        return true
      end
    end
  end
  return false
end

function provides.delete(op, model)
  return op.class_name == "DeleteModel" and op.name:lower() == model
end

function provides.remove(op, model, field)
  return op.class_name == "RemoveField" and op.model_name == model and op.name == field
end

function provides.alter(op, model, field)
  return op.class_name == "AlterField" and op.model_name == model and op.name == field
end

provides["unset order"] = function(op, model, field)
  return op.class_name == "AlterOrderWithRespectTo" and op.name == model and op.order_with_respect_to ~= field
end

function provides.together(op, model)
  return op.class_name == "AlterUniqueTogether" and op.name == model
end

--- Whether an operation (of an app) does what a dependency asks for.
function M.provides(app_label, operation, d)
  return app_label == d[1] and provides[d[4]](operation, d[2], d[3]) or false
end

return M
