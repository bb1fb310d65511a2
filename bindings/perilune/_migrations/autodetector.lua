-- SPDX-License-Identifier: MIT
-- What has to be done to get from one state to another: the operations of makemigrations.
--
-- Each part below adds what it finds to `items`: { app_label, operation, dependencies }.
-- arrange.lua makes migrations of them.
local arrange = require "perilune._migrations.autodetector.arrange"
local fields = require "perilune._migrations.autodetector.fields"
local models = require "perilune._migrations.autodetector.models"
local options = require "perilune._migrations.autodetector.options"

local Detector = {}
Detector.__index = Detector

--- from_state is changed on the way.
local function new(from_state, to_state, questioner)
  return setmetatable({ from = from_state, to = to_state, questioner = questioner, items = {} }, Detector)
end

--- Adds an operation with what it waits for (dependencies.lua); `first`: before the others.
function Detector:add(app_label, operation, dependencies, first)
  local item = { app_label = app_label, operation = operation, dependencies = dependencies or {} }
  table.insert(self.items, first and 1 or #self.items + 1, item)
end

--- Keys of a state's models, sorted.
function Detector.keys(state)
  local list = { table.unpack(state.order) }
  table.sort(list)
  return list
end

--- Whether migrations make the model's table.
function Detector.managed(model)
  return model.options.managed ~= false and not model.options.proxy
end

-- Calls fn(self, old, new) for the models of both states.
local function each_kept(self, fn)
  for _, key in ipairs(self.keys(self.to)) do
    local old, new_state = self.from.models[key], self.to.models[key]
    if old then
      fn(self, old, new_state)
    end
  end
end

local function find_named(self)
  local found = {}
  each_kept(self, function(_, old, new_state)
    if self.managed(new_state) or self.managed(old) then
      found[#found + 1] = {
        model = new_state, Index = options.named(old, new_state, "indexes"), Constraint = options.named(old, new_state, "constraints"),
      }
    end
  end)
  return found
end

--- Migrations as arrange.chunks() gives them, in order.
function Detector:changes()
  models.renamed(self)
  models.deleted(self)
  models.created(self)
  each_kept(self, options.options)
  each_kept(self, options.managers)
  local before = #self.items
  each_kept(self, fields.renamed)
  local renames = table.move(self.items, before + 1, #self.items, 1, {})
  for i = before + 1, #self.items do
    self.items[i] = nil
  end
  local named = find_named(self)
  for _, kind in ipairs { "Constraint", "Index" } do -- what names a field goes before it
    for _, found in ipairs(named) do
      options.remove_named(self, found.model, kind, found[kind])
    end
  end
  table.move(renames, 1, #renames, #self.items + 1, self.items)
  for _, found in ipairs(named) do
    options.rename_indexes(self, found.model, found.Index)
  end
  each_kept(self, options.remove_together)
  each_kept(self, fields.removed)
  each_kept(self, fields.added)
  each_kept(self, fields.altered)
  each_kept(self, options.order)
  each_kept(self, options.add_together)
  for _, kind in ipairs { "Index", "Constraint" } do
    for _, found in ipairs(named) do
      options.add_named(self, found.model, kind, found[kind])
    end
  end
  each_kept(self, options.table)
  return arrange.chunks(self.items)
end

return { new = new }
