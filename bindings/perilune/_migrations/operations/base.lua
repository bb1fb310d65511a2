-- SPDX-License-Identifier: MIT
-- What all operations of migrations have in common: a class for each, made with define(),
-- whose objects are what files of migrations hold.
local check_options = require "perilune._options"
local exceptions = require "perilune.exceptions"

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

--- Whether a database may have the model's tables: routers' allow_migrate. `hints` are those
--- of RunSQL and RunLua.
function Operation.allowed(schema, app_label, model_name, hints)
  local router = require("perilune.db").router
  if router and router.allow_migrate then
    local given = { model_name = model_name }
    for k, v in pairs(hints or {}) do
      given[k] = v
    end
    return router.allow_migrate(schema.alias or "default", app_label, given) ~= false
  end
  return true
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

--- Whether migrations look after the model's table.
function M.managed(model)
  local meta = model._meta
  return meta.managed ~= false and not meta.proxy and not meta.swapped
end

return M
