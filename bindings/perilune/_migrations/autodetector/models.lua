-- SPDX-License-Identifier: MIT
-- Models that came, went, or have another name.
local compare = require "perilune._migrations.autodetector.compare"
local dependencies = require "perilune._migrations.autodetector.dependencies"
local operations = require "perilune._migrations.operations"

local M = {}

--- Asks for each new model whether it is one of those that are gone.
function M.renamed(self)
  for _, key in ipairs(self.keys(self.to)) do
    local new_state = self.to.models[key]
    for _, old_key in ipairs(self.from.models[key] and {} or self.keys(self.from)) do
      local old_state = self.from.models[old_key]
      local gone = old_state.app_label == new_state.app_label and not self.to.models[old_key]
      if gone and compare.shape(old_state) == compare.shape(new_state) and self.questioner:rename_model(old_state, new_state) then
        self:add(new_state.app_label, operations.RenameModel { old_name = old_state.name, new_name = new_state.name })
        self.from:rename_model(old_state.app_label, old_state.name, new_state.name)
        break
      end
    end
  end
end

-- ---- deleted ----

-- Fields of models of the state that point at the model, as dependencies.
local function incoming(state, wanted)
  local list = {}
  for _, key in ipairs(state.order) do
    local model = state.models[key]
    for _, pair in ipairs(model.fields) do
      for _, target in ipairs(dependencies.targets(model.app_label, model.name, pair[2])) do
        if target == wanted then
          list[#list + 1] = { model.app_label, model.name_lower, pair[1], "remove" }
          list[#list + 1] = not pair[2].many and { model.app_label, model.name_lower, pair[1], "alter" } or nil
        end
      end
    end
  end
  return list
end

local function heirs(state, wanted)
  local list = {}
  for _, key in ipairs(state.order) do
    local model = state.models[key]
    for _, d in ipairs(dependencies.of_bases(model)) do
      if d[1] .. "." .. d[2] == wanted then
        list[#list + 1] = { model.app_label, model.name_lower, nil, "delete" }
      end
    end
  end
  return list
end

local function delete(self, model)
  local app_label, name = model.app_label, model.name_lower
  local needs = incoming(self.from, model:key())
  table.move(heirs(self.from, model:key()), 1, #self.from.order, #needs + 1, needs)
  if #(model.options.unique_together or {}) > 0 then
    self:add(app_label, operations.AlterUniqueTogether { name = name, unique_together = {} })
  end
  local related = {}
  for _, pair in ipairs(model.fields) do
    local key = pair[2].primary_key or pair[2].parent_link -- goes with the table
    related[#related + 1] = pair[2].relation and not key and pair[1] or nil
  end
  table.sort(related)
  for _, field in ipairs(self.managed(model) and related or {}) do
    self:add(app_label, operations.RemoveField { model_name = name, name = field }, {
      { app_label, name, field, "unset order" }, { app_label, name, field, "together" },
    })
    needs[#needs + 1] = { app_label, name, field, "remove" }
  end
  self:add(app_label, operations.DeleteModel { name = model.name }, needs)
end

--- Relations of a model that goes are removed first: models may point at one another. What
--- need not have been so is joined again in the end.
function M.deleted(self)
  for _, key in ipairs(self.keys(self.from)) do
    if not self.to.models[key] then
      delete(self, self.from.models[key])
    end
  end
end

-- ---- created ----

-- Relations come after the models; what is not to be kept apart is joined in the end.
local function split_fields(model)
  local own, related = {}, {}
  for _, pair in ipairs(model.fields) do
    local field = pair[2]
    local apart = field.relation and not field.primary_key and not field.parent_link
    table.insert(apart and related or own, pair)
  end
  table.sort(related, function(a, b)
    return a[1] < b[1]
  end)
  return own, related
end

local function own_options(model)
  local options = {}
  for k, v in pairs(model.options) do
    options[k] = v
  end
  options.indexes, options.constraints, options.unique_together, options.order_with_respect_to = nil, nil, nil, nil
  return options
end

-- What Meta says of fields: after the relations.
local function add_meta(self, model, needs)
  local app_label, name, options = model.app_label, model.name_lower, model.options
  if options.order_with_respect_to then
    self:add(app_label, operations.AlterOrderWithRespectTo { name = name, order_with_respect_to = options.order_with_respect_to }, {
      { app_label, name, options.order_with_respect_to, "create" }, { app_label, name, nil, "create" },
    })
  end
  for _, index in ipairs(options.indexes) do
    self:add(app_label, operations.AddIndex { model_name = name, index = index }, needs)
  end
  for _, constraint in ipairs(options.constraints) do
    self:add(app_label, operations.AddConstraint { model_name = name, constraint = constraint }, needs)
  end
  if #(options.unique_together or {}) > 0 then
    self:add(app_label, operations.AlterUniqueTogether { name = name, unique_together = options.unique_together }, needs)
  end
end

local function create(self, model)
  local app_label, name = model.app_label, model.name_lower
  local needs = dependencies.of_bases(model)
  needs[#needs + 1] = { app_label, name, nil, "delete" }
  local own, related = split_fields(model)
  for _, pair in ipairs(own) do
    for _, d in ipairs(pair[2].relation and dependencies.of_field(self.to, model, pair[2]) or {}) do
      needs[#needs + 1] = d
    end
  end
  local managers = #model.managers > 0 and model.managers or nil
  self:add(app_label, operations.CreateModel { name = model.name, fields = own, options = own_options(model), bases = model.bases, managers = managers }, needs, true)
  local all = {}
  for i, pair in ipairs(related) do
    local wanted = dependencies.of_field(self.to, model, pair[2])
    wanted[#wanted + 1] = { app_label, name, nil, "create" }
    self:add(app_label, operations.AddField { model_name = name, name = pair[1], field = pair[2] }, wanted)
    all[i] = { app_label, name, pair[1], "create" }
  end
  all[#all + 1] = { app_label, name, nil, "create" }
  add_meta(self, model, all)
end

--- Swappable models come first: others cannot say yet that they need them.
function M.created(self)
  local keys, first = {}, {}
  for _, key in ipairs(self.keys(self.to)) do
    if not self.from.models[key] then
      keys[#keys + 1] = key
      first[key] = self.to.models[key].options.swappable ~= nil
    end
  end
  table.sort(keys, function(a, b)
    if first[a] ~= first[b] then
      return first[b]
    end
    return a > b
  end)
  for _, key in ipairs(keys) do -- each is put at the beginning
    create(self, self.to.models[key])
  end
end

return M
