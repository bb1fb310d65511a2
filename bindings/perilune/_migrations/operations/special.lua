-- SPDX-License-Identifier: MIT
-- Operations that hold SQL, code, or other operations.
local base = require "perilune._migrations.operations.base"
local exceptions = require "perilune.exceptions"
local define = base.define

local M = {}

local function irreversible(self)
  return exceptions.IrreversibleError(("operation %s is not reversible: give it something to do backwards"):format(self:describe()))
end

local function run_sql(schema, statements)
  if type(statements) == "string" then
    if statements ~= "" then
      schema:script(statements)
    end
    return
  end
  for _, item in ipairs(statements) do
    if type(item) == "table" then
      schema:execute_with(item[1], item[2])
    else
      schema:script(item)
    end
  end
end

define(M, "RunSQL", { "sql" }, { "reverse_sql", "state_operations", "hints", "elidable" }, {
  init = function(self)
    self.reversible = self.reverse_sql ~= nil
  end,
  state_forwards = function(self, app_label, state)
    for _, operation in ipairs(self.state_operations or {}) do
      operation:state_forwards(app_label, state)
    end
  end,
  database_forwards = function(self, app_label, schema)
    if self.allowed(schema, app_label, self.hints) then
      run_sql(schema, self.sql)
    end
  end,
  database_backwards = function(self, app_label, schema)
    if self.reverse_sql == nil then
      error(irreversible(self), 0)
    elseif self.allowed(schema, app_label, self.hints) then
      run_sql(schema, self.reverse_sql)
    end
  end,
  describe = function()
    return "Raw SQL operation"
  end,
})

define(M, "RunLua", { "code" }, { "reverse_code", "atomic", "hints", "elidable" }, {
  reduces_to_sql = false,
  init = function(self)
    self.reversible = self.reverse_code ~= nil
  end,
  state_forwards = function() end,
  database_forwards = function(self, app_label, schema, from_state)
    if self.allowed(schema, app_label, self.hints) then
      self.code(from_state:apps(), schema)
    end
  end,
  database_backwards = function(self, app_label, schema, from_state)
    if self.reverse_code == nil then
      error(irreversible(self), 0)
    elseif self.allowed(schema, app_label, self.hints) then
      self.reverse_code(from_state:apps(), schema)
    end
  end,
  describe = function()
    return "Raw Lua operation"
  end,
})

--- RunSQL(sql, reverse, { state_operations = … }), RunLua(forward, backward, { elidable = … })
local function positional(class_name, first, second)
  local make = M[class_name]
  local class = make.class
  M[class_name] = setmetatable({ class = class, noop = class_name == "RunLua" and function() end or "" }, {
    __call = function(_, forward, backward, options)
      local all = {}
      if type(forward) == "table" and getmetatable(forward) == nil and forward[first] ~= nil then
        all = forward
      else
        for k, v in pairs(options or {}) do
          all[k] = v
        end
        all[first], all[second] = forward, backward
      end
      return make(all)
    end,
  })
end
positional("RunSQL", "sql", "reverse_sql")
positional("RunLua", "code", "reverse_code")

define(M, "SeparateDatabaseAndState", {}, { "database_operations", "state_operations" }, {
  state_forwards = function(self, app_label, state)
    for _, operation in ipairs(self.state_operations or {}) do
      operation:state_forwards(app_label, state)
    end
  end,
  database_forwards = function(self, app_label, schema, from_state)
    for _, operation in ipairs(self.database_operations or {}) do
      local to_state = from_state:clone()
      operation:state_forwards(app_label, to_state)
      operation:database_forwards(app_label, schema, from_state, to_state)
      from_state = to_state
    end
  end,
  database_backwards = function(self, app_label, schema, _, to_state)
    local before = { to_state }
    local operations = self.database_operations or {}
    for i, operation in ipairs(operations) do
      before[i + 1] = before[i]:clone()
      operation:state_forwards(app_label, before[i + 1])
    end
    for i = #operations, 1, -1 do
      operations[i]:database_backwards(app_label, schema, before[i + 1], before[i])
    end
  end,
  describe = function()
    return "Custom state/database change combination"
  end,
})

return M
