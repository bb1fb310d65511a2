-- SPDX-License-Identifier: MIT
-- What the models look like at one point of the history: plain descriptions that operations
-- change, and, when somebody asks, classes of their own world made of them.
local exceptions = require "perilune.exceptions"
local suggest = require("perilune._core").suggest

local M = {}

-- ---- one model ----

local ModelState = {}
ModelState.__index = ModelState

-- Options of Meta that matter to the database or to later states.
local kept_options = {
  "db_table", "db_table_comment", "ordering", "unique_together", "indexes", "constraints", "managed", "proxy", "abstract",
  "default_related_name", "get_latest_by", "order_with_respect_to", "permissions", "default_permissions", "verbose_name",
  "verbose_name_plural", "default_manager_name", "base_manager_name", "select_on_save", "swappable",
  "db_tablespace", "required_db_features", "required_db_vendor",
}
M.kept_options = kept_options

--- fields: a list of { name, field }; options: of Meta; bases: labels; managers: a list of
--- { name, manager }.
function M.model_state(app_label, name, fields, options, bases, managers)
  local self = setmetatable({
    app_label = app_label, name = name, name_lower = name:lower(), fields = fields, options = options or {}, bases = bases or {}, managers = managers or {},
  }, ModelState)
  for _, key in ipairs { "indexes", "constraints" } do
    self.options[key] = self.options[key] or {}
  end
  return self
end

function ModelState:key()
  return self.app_label .. "." .. self.name_lower
end

function ModelState:find(name)
  for i, pair in ipairs(self.fields) do
    if pair[1] == name then
      return pair[2], i
    end
  end
  return nil
end

--- The field; FieldDoesNotExist with the nearest name.
function ModelState:get_field(name)
  local field = self:find(name)
  if field then
    return field
  end
  local names = {}
  for i, pair in ipairs(self.fields) do
    names[i] = pair[1]
  end
  error(exceptions.FieldDoesNotExist(("%s.%s has no field named '%s'%s"):format(self.app_label, self.name, tostring(name), suggest(tostring(name), names))), 2)
end

function ModelState:clone()
  local fields, options = {}, {}
  for i, pair in ipairs(self.fields) do
    fields[i] = { pair[1], pair[2] }
  end
  for k, v in pairs(self.options) do
    options[k] = v
  end
  for _, key in ipairs { "indexes", "constraints" } do
    options[key] = { table.unpack(self.options[key] or {}) }
  end
  local copy = M.model_state(self.app_label, self.name, fields, options, { table.unpack(self.bases) }, self.managers)
  copy.unmigrated = self.unmigrated
  return copy
end

-- Managers that migrations may use (use_in_migrations), in the order in which they were
-- declared; a plain one stands for a default that they may not.
local function managers_of(class)
  local manager = require "perilune._models.manager"
  local meta, list, plain = class._meta, {}, nil
  for _, pair in ipairs(meta.managers) do
    local name, given = pair[1], pair[2]
    if given.use_in_migrations then
      list[#list + 1] = { name, given }
    elseif given == meta.default_manager or given == meta.base_manager then
      plain = manager.Manager()
      list[#list + 1] = { name, plain }
    end
  end
  if #list == 1 and list[1][1] == "objects" and list[1][2] == plain then
    return {}
  end
  return list
end

--- The state of a class of the project.
function M.from_model(class)
  local meta = class._meta
  local fields, options, bases = {}, {}, {}
  for _, field in ipairs(meta.local_all_fields) do
    if not field.order_wrt then -- follows from the option
      fields[#fields + 1] = { field.name, field }
    end
  end
  for _, key in ipairs(kept_options) do
    local value = rawget(meta, "given")[key]
    if value == nil and meta.from_abstract and key ~= "default_permissions" and meta.from_abstract[key] ~= true then
      value = meta.from_abstract[key]
      if value == nil then
        value = meta.from_abstract[key .. "_given"]
      end
    end
    local empty = type(value) == "table" and next(value) == nil and key ~= "default_permissions"
    if key ~= "abstract" and value ~= nil and not empty then
      options[key] = value
    end
  end
  if options.unique_together and type(options.unique_together[1]) == "string" then
    options.unique_together = { options.unique_together }
  end
  for _, key in ipairs { "managed", "proxy", "select_on_save" } do -- as good as not written
    if options[key] == (key == "managed") then
      options[key] = nil
    end
  end
  local named = {}
  for i, index in ipairs(meta.indexes) do
    local copy = setmetatable({}, getmetatable(index))
    for k, v in pairs(index) do
      copy[k] = v
    end
    if not copy.name then
      copy:set_name(meta)
    end
    named[i] = copy
  end
  options.indexes = named
  for _, base in ipairs(rawget(class, "_bases") or {}) do
    if not base._meta.abstract then
      bases[#bases + 1] = base._meta.label
    end
  end
  return M.model_state(meta.app_label, meta.object_name, fields, options, bases, managers_of(class))
end

-- ---- all of them ----

local ProjectState = {}
ProjectState.__index = ProjectState

function M.new()
  return setmetatable({ models = {}, order = {} }, ProjectState)
end

--- What the project's models are now.
function M.from_registry(registry)
  local state = M.new()
  registry:world()
  for _, class in ipairs(registry:models()) do
    if not class._meta.abstract then
      state:add_model(M.from_model(class))
    end
  end
  return state
end

--- Adds the models of apps as they are now; labels: a set.
function M.add_apps(state, labels)
  for _, class in ipairs(require("perilune._models.registry").project:models()) do
    if labels[class._meta.app_label] and not class._meta.abstract then
      local model = M.from_model(class)
      model.unmigrated = true
      state:add_model(model)
    end
  end
end

--- A copy; classes that were made of this state serve it too, until it is changed.
function ProjectState:clone()
  local copy = M.new()
  copy.rendered, copy.parts = self.rendered, self.parts
  for _, key in ipairs(self.order) do
    copy.models[key] = self.models[key]:clone()
    copy.order[#copy.order + 1] = key
  end
  return copy
end

function ProjectState:add_model(model_state)
  local key = model_state:key()
  if not self.models[key] then
    self.order[#self.order + 1] = key
  end
  self.models[key] = model_state
  self.rendered, self.parts = nil, nil
end

function ProjectState:remove_model(app_label, name)
  local key = app_label .. "." .. name:lower()
  self:get(app_label, name)
  self.models[key] = nil
  for i, k in ipairs(self.order) do
    if k == key then
      table.remove(self.order, i)
      break
    end
  end
  self.rendered, self.parts = nil, nil
end

function ProjectState:find(app_label, name)
  return self.models[app_label .. "." .. name:lower()]
end

--- The model's state; KeyError with the nearest.
function ProjectState:get(app_label, name)
  local found = self:find(app_label, name)
  if found then
    return found
  end
  local names = {}
  for _, key in ipairs(self.order) do
    local m = self.models[key]
    if m.app_label == app_label then
      names[#names + 1] = m.name
    end
  end
  error(exceptions.KeyError(("the migrations of '%s' have no model '%s' at this point%s"):format(app_label, tostring(name), suggest(tostring(name), names))), 2)
end

--- A model's state that may be changed; what was rendered of it is out of date.
function ProjectState:change(app_label, name)
  self.rendered, self.parts = nil, nil
  return self:get(app_label, name)
end

--- The key of the model that a relation of `app_label` points at.
function M.target_key(to, app_label, model_name)
  if to == "self" then
    return app_label .. "." .. model_name:lower()
  elseif not to:find(".", 1, true) then
    return app_label .. "." .. to:lower()
  end
  return to:lower()
end

--- The keys ("shop.product") of the model that a field points at and the one it goes through.
function M.targets(app_label, model_name, field)
  local list = {}
  for _, option in ipairs(field.relation and { "to", "through" } or {}) do
    local to = field.options_given[option]
    to = type(to) == "table" and to._meta.label or to
    list[#list + 1] = type(to) == "string" and M.target_key(to, app_label, model_name) or nil
  end
  return list
end

function ProjectState:rename_model(app_label, old_name, new_name)
  local state = self:get(app_label, old_name)
  local old_key, new_key = state:key(), app_label .. "." .. new_name:lower()
  state.name, state.name_lower = new_name, new_name:lower()
  self.models[old_key], self.models[new_key] = nil, state
  for i, k in ipairs(self.order) do
    if k == old_key then
      self.order[i] = new_key
    end
  end
  local label = app_label .. "." .. new_name
  for _, key in ipairs(self.order) do
    local m = self.models[key]
    for _, pair in ipairs(m.fields) do
      local field = pair[2]
      for _, option in ipairs { "to", "through" } do
        local to = field.options_given[option]
        if type(to) == "string" and to ~= "self" and M.target_key(to, m.app_label, m.name) == old_key then
          local copy = field:clone_with { [option] = label }
          pair[2] = copy
        end
      end
    end
    for i, base in ipairs(m.bases) do
      if base:lower() == old_key then
        m.bases[i] = label
      end
    end
  end
  self.rendered, self.parts = nil, nil
end

-- ---- classes ----

local Apps = {}
Apps.__index = Apps

--- apps:get_model("shop", "Product") or apps:get_model("shop.Product"): of this state.
function Apps:get_model(app_label, name)
  local label = name and app_label .. "." .. name or app_label
  local class = self.registry:find(label)
  if class then
    return class
  end
  local names = {}
  for _, c in ipairs(self.registry:models()) do
    names[#names + 1] = c._meta.label
  end
  error(exceptions.KeyError(("there is no model '%s' at this point of the migrations%s"):format(label, suggest(label, names))), 2)
end

function Apps:get_models()
  return self.registry:models()
end

-- Whether all that the model points at is there. Models of apps without migrations are what
-- they are now; at an earlier point they may point at what is yet to come.
local function is_whole(self, key, seen)
  local state = self.models[key]
  if not state or seen[key] then
    return state ~= nil
  end
  seen[key] = true
  for _, pair in ipairs(state.fields) do
    for _, target in ipairs(M.targets(state.app_label, state.name, pair[2])) do
      if not is_whole(self, target, seen) then
        return false
      end
    end
  end
  for _, base in ipairs(state.bases) do
    if not is_whole(self, base:lower(), seen) then
      return false
    end
  end
  return true
end

-- Parents before their heirs; of the keys that are wanted.
local function in_order(self, wanted)
  local list, done = {}, {}
  local function visit(key)
    local state = self.models[key]
    if not state or done[key] or wanted and not wanted[key] or state.unmigrated and not is_whole(self, key, {}) then
      return
    end
    done[key] = true
    for _, base in ipairs(state.bases) do
      visit(base:lower())
    end
    list[#list + 1] = state
  end
  for _, key in ipairs(self.order) do
    visit(key)
  end
  return list
end

local function render(self, wanted)
  local model = require "perilune._models.model"
  local registry = require("perilune._models.registry").new()
  for _, state in ipairs(in_order(self, wanted)) do
    local members, bases = {}, {}
    for _, pair in ipairs(state.fields) do
      members[pair[1]] = pair[2]:clone()
    end
    for i, pair in ipairs(state.managers) do
      members[pair[1]] = setmetatable({}, getmetatable(pair[2]))
      for k, v in next, pair[2] do -- past __pairs, which tells authors that a manager is no list
        members[pair[1]][k] = v
      end
      members[pair[1]].created = i
    end
    for i, base in ipairs(state.bases) do
      bases[i] = registry:find(base)
      if not bases[i] then
        error(exceptions.KeyError(("%s.%s inherits from '%s', which does not exist at this point of the migrations"):format(state.app_label, state.name, base)), 0)
      end
    end
    local options = {}
    for k, v in pairs(state.options) do
      options[k] = v
    end
    for _, key in ipairs { "default_manager_name", "base_manager_name" } do
      options[key] = members[options[key]] and options[key] or nil
    end
    options.app_label = state.app_label
    model.define(state.name, members, options, { app_label = state.app_label, registry = registry, bases = bases, where = "migration" })
  end
  registry:world()
  return setmetatable({ registry = registry }, Apps)
end

--- The classes of this state: models without the methods of the project's.
function ProjectState:apps()
  self.rendered = self.rendered or render(self)
  return self.rendered
end

-- Keys of the model, what it points at and inherits from, what those do …
local function needed_by(self, key, set)
  local state = self.models[key]
  if set[key] or not state then
    return set
  end
  set[key] = true
  for _, pair in ipairs(state.fields) do
    for _, target in ipairs(M.targets(state.app_label, state.name, pair[2])) do
      needed_by(self, target, set)
    end
  end
  for _, base in ipairs(state.bases) do
    needed_by(self, base:lower(), set)
  end
  return set
end

--- The class of one model, in a world of what it needs: most operations need no more, and the
--- classes of a whole project take their time.
function ProjectState:class(app_label, name)
  local key = self:get(app_label, name):key()
  local apps = self.rendered
  if not apps then
    self.parts = self.parts or {}
    self.parts[key] = self.parts[key] or render(self, needed_by(self, key, {}))
    apps = self.parts[key]
  end
  return apps:get_model(app_label, name)
end

return M
