-- SPDX-License-Identifier: MIT
-- Registries: models that belong together, and the world that the engine makes of them. The
-- project has one, each historical state of the migrations another.
--
-- Models register as their files are loaded. The world is made when the first query needs
-- it, and made anew when a model comes later, in a test or at the prompt.
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local settings = require "perilune.settings"

local M = {}

local Registry = { __name = "perilune.models.Registry" }
Registry.__index = Registry

function M.new()
  return setmetatable({
    list = {}, by_label = {}, -- classes in order; "shop.product" → class
    made = nil, dirty = true,
    waiting = {}, -- functions to be called with each finished model: { label, fn }
    loading = false, -- apps are being loaded: nobody may query yet
    preparing = false, -- a field has get_prep_value()
  }, Registry)
end

--- What managers keep for get(), and for filter() and exclude(), by manager; empty again when
--- models come or go.
M.getters = setmetatable({}, { __mode = "k" })
M.beginnings = setmetatable({}, { __mode = "k" })

function M.forget_kept()
  for _, kept in ipairs { M.getters, M.beginnings } do
    for manager in pairs(kept) do
      kept[manager] = nil
    end
  end
end

--- The world is to be made anew.
function Registry:changed()
  self.dirty = true
  M.forget_kept()
end

M.project = M.new()
M.project.loading = require("perilune.apps").loading_models

--- Adds a class; ImproperlyConfigured when its label is taken.
function Registry:add(class, level)
  local meta = class._meta
  local key = meta.label_lower
  local other = self.by_label[key]
  if other and other._meta.where ~= meta.where then
    error(exceptions.RuntimeError(("two models are called '%s': %s and %s"):format(meta.label, other._meta.where, meta.where)), (level or 1) + 1)
  end
  if other then -- its file was loaded again
    for i, c in ipairs(self.list) do
      if c == other then
        table.remove(self.list, i)
        break
      end
    end
  end
  self.list[#self.list + 1] = class
  self.by_label[key] = class
  self:changed()
end

--- The class of "shop.Product"; LookupError-like KeyError with the nearest label.
function Registry:get(label)
  local class = self.by_label[label:lower()]
  if class then
    return class
  end
  local names = {}
  for _, c in ipairs(self.list) do
    names[#names + 1] = c._meta.label
  end
  error(exceptions.KeyError(("there is no model '%s'%s"):format(label, core.suggest(label, names))), 2)
end

function Registry:find(label)
  return self.by_label[label:lower()]
end

--- The setting that names the model of the label, when others can take its place
--- (Meta.swappable): "auth_user_model" for the model that it names now, or the one it replaces
--- by default; else nil.
function Registry:swappable_setting(label)
  for _, class in ipairs(self.list) do
    local meta = class._meta
    if meta.swappable and (meta.swapped or meta.label):lower() == label:lower() then
      return meta.swappable
    end
  end
  return nil
end

--- All classes in the order of their definition; of one app with a label.
function Registry:models(app_label)
  local found = {}
  for _, c in ipairs(self.list) do
    if not app_label or c._meta.app_label == app_label then
      found[#found + 1] = c
    end
  end
  return found
end

-- ---- the world ----

local function describe_model(w, class)
  local meta = class._meta
  local id = w:add_model {
    app_label = meta.app_label,
    name = meta.object_name,
    table = meta.db_table_given,
    proxy_for = meta.proxy and meta.concrete_model._meta.label or nil,
    unmanaged = meta.managed == false or meta.swapped ~= nil,
  }
  for _, field in ipairs(meta.local_all_fields) do
    local ok, err = pcall(w.add_field, w, id, field:describe())
    if not ok then
      err = exceptions.wrap(err)
      error(exceptions.ImproperlyConfigured(("%s: %s.%s: %s"):format(field.where, meta.label, field.name, err.message)), 0)
    end
  end
  if meta.order_with_respect_to then
    w:set_ordering(id, orm.ordering { "_order" })
  elseif meta.ordering and #meta.ordering > 0 then
    w:set_ordering(id, orm.ordering(meta.ordering))
  end
  if meta.order_with_respect_to then
    w:set_order_with_respect_to(id, meta.order_with_respect_to)
  end
  return id
end

-- Field classes of authors are types of their own in the world.
local function add_types(w, list)
  local seen = {}
  for _, class in ipairs(list) do
    for _, field in ipairs(class._meta.local_all_fields) do
      local name = field.type_name
      if name and not seen[name] then
        seen[name] = true
        w:add_field_type(name, field:get_internal_type(), field.db_type and field:db_type "sqlite" or nil, field.db_type and field:db_type "postgresql" or nil, field.from_db_value ~= nil)
      end
    end
  end
end

-- Scripts outside of a project have no settings.
local function setting(name, default)
  if settings.configured() and settings[name] ~= nil then
    return settings[name]
  end
  return default
end

-- "shop/models.lua:12: ", where the field is that a message begins with ("shop.Item.order: …").
local function place_of(self, message)
  local label, name = message:match "^([%w_]+%.[%w_]+)%.([%w_]+): "
  local class = label and self:find(label)
  local field = class and class._meta.local_by_name[name]
  return field and field.where ~= "" and field.where .. ": " or ""
end

local function build(self)
  local setup = require "perilune._models.setup"
  local auto_field = setting("default_auto_field", "BigAutoField"):match "[^.]+$"
  local w = orm.world(auto_field, setting("use_tz", true))
  add_types(w, self.list)
  if package.loaded["perilune._models.lookups"] then
    require("perilune._models.lookups").apply(w)
  end
  local ids = {}
  for _, class in ipairs(self.list) do
    ids[describe_model(w, class)] = class
  end
  local ok, err = pcall(w.resolve, w)
  if not ok then
    local message = exceptions.wrap(err).message
    error(exceptions.ImproperlyConfigured(place_of(self, message) .. message), 0)
  end
  setup.finish(w, ids, self)
  return w
end

--- The world, made if there is none or a model has come since.
function Registry:world()
  if not self.dirty then
    return self.made
  end
  if self.loading then
    error(exceptions.AppRegistryNotReady "models cannot be queried while the apps are being loaded", 3)
  end
  self.dirty = false
  local ok, result = pcall(build, self)
  if not ok then
    self.dirty = true
    error(result, 0)
  end
  self.made = result
  for _, class in ipairs(self.list) do
    self:announce(class)
  end
  if self == M.project then
    M.tell()
  end
  return result
end

-- ---- models that come later ----

--- Calls fn(class) once the model of the label is there: at once, or when the world is made.
function Registry:when_ready(label, fn)
  local class = self.by_label[label:lower()]
  if class and not self.dirty then
    fn(class)
  else
    self.waiting[#self.waiting + 1] = { label:lower(), fn }
  end
end

-- class_prepared, and the receivers of other signals that wait for "shop.Product".
function M.tell()
  local signals = require "perilune.signals"
  for _, class in ipairs(M.project.list) do
    local meta = class._meta
    if not meta.abstract and not meta.told then
      meta.told = true
      signals._resolve(meta.label, class)
      if signals.class_prepared:has_listeners(class) then
        signals.class_prepared:send(class, {})
      end
    end
  end
end

function Registry:announce(class)
  local key = class._meta.label_lower
  local rest = {}
  local due = {}
  for _, w in ipairs(self.waiting) do
    if w[1] == key then
      due[#due + 1] = w[2]
    else
      rest[#rest + 1] = w
    end
  end
  self.waiting = rest
  for _, fn in ipairs(due) do
    fn(class)
  end
end

return M
