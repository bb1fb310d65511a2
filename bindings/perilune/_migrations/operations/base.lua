-- SPDX-License-Identifier: MIT
-- What all operations of migrations have in common: a class for each, made with define(),
-- whose objects are what files of migrations hold.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"
local router = require "perilune._db_router"

local M = {}

local Operation = { reversible = true, reduces_to_sql = true, elidable = false, atomic = nil }
Operation.__index = Operation
M.Operation = Operation

--- Puts what makes such operations (called with a table of options) into `into`, and gives
--- the class. `required` and `optional` are lists of option names.
function M.define(into, name, required, optional, methods)
  local class = setmetatable(methods, { __index = Operation })
  class.__index, class.class_name = class, name
  class.option_names, class.required = {}, {}
  for _, option in ipairs(required) do
    class.required[option] = true
  end
  local known = {}
  for _, list in ipairs { required, optional } do
    for _, option in ipairs(list) do
      known[option] = true
      class.option_names[#class.option_names + 1] = option
    end
  end
  into[name] = setmetatable({ class = class }, {
    __call = function(_, options)
      options = check_options(name, options, known)
      for _, option in ipairs(required) do
        if options[option] == nil then
          error(exceptions.TypeError(("migrations.%s{…} needs '%s'"):format(name, option)), 2)
        end
      end
      local self = setmetatable({}, class)
      for k, v in pairs(options) do
        self[k] = v
      end
      if self.init then
        self:init()
      end
      return self
    end,
  })
  return class
end

--- Whether routers let an operation of the app happen. `hints` are those of RunSQL and RunLua.
function Operation.allowed(schema, app_label, hints)
  return router.allow_migrate(schema.alias or "default", app_label, hints) ~= false
end

--- Whether the database may have the model's table, and migrations look after it.
function Operation.permits(schema, model)
  return model._meta:can_migrate(schema.vendor) and router.allow_migrate_model(schema.alias or "default", model) ~= false
end

function Operation:describe()
  return self.class_name
end

function Operation:migration_name_fragment()
  return nil
end

-- ---- what operations ask of states ----

--- The class of a model at that point of the history; with `all`, among all others, for what
--- changes tables that point at its.
function M.model_of(state, app_label, name, all)
  if all then
    return state:apps():get_model(app_label, name)
  end
  return state:class(app_label, name)
end

return M
