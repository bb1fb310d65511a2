-- SPDX-License-Identifier: MIT
-- Model("Product", { fields, objects =, Meta = }): makes the class, which is one table:
-- called it makes instances, it is their metatable, and methods are put into it.
--
-- What an instance does not have itself is looked for in the class's descriptors, then in
-- the class, its parents, and the base methods that all models have.
require "perilune._models.absent" -- asked by the handler of errors
local core = require "perilune._core"
local exceptions = require "perilune.exceptions"
local Field = require "perilune._models.field"
local managers -- perilune._models.manager
local marks = require "perilune._models.marks"
local members_of = require "perilune._models.members"
local Meta = require "perilune._models.meta"
local null = require "perilune.null"
local orm = require "perilune._orm"
local registries = require "perilune._models.registry"
local sorted_keys = require "perilune._sorted_keys"
local states = require "perilune._models.state"
local signals = require "perilune.signals"
local pre_init, post_init = signals.pre_init, signals.post_init

local M = {}

--- Methods of all instances (save, delete …): filled by instance.lua and validation.lua.
local base = { __name = "perilune.models.Model" }
M.base = base

-- ---- which app a file belongs to ----

local function app_of(source)
  local apps = require "perilune.apps"
  local file = source:gsub("^@", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
  local best
  for _, app in ipairs(apps.all()) do
    local name = app.name
    if (file == name or file:sub(1, #name + 1) == name .. ".") and (not best or #name > #best.name) then
      best = app
    end
  end
  return best and best.label
end

-- The file and the line of a model. `return models.Model(…)` leaves no trace of its file on the
-- stack; its fields know where they were made.
local function place(level, members)
  local info = not debug.getinfo(level, "t").istailcall and debug.getinfo(level + 1, "Sl")
  if info and info.currentline >= 0 then
    return info.source, ("%s:%d"):format(info.source:gsub("^@", ""), info.currentline)
  end
  for _, value in pairs(members) do
    local where = type(value) == "table" and rawget(value, "where")
    if type(where) == "string" and where:match "^.+:%d+$" then
      return where:match "^(.+):%d+$", where
    end
  end
  return "?", "?"
end

-- ---- the metatable of classes ----

local class_mt = { __name = "perilune.models.ModelClass" }

-- What the class has, a parent, or all models; nil for nothing.
local function find(class, key)
  local v = rawget(class, key)
  if v ~= nil then
    return v
  end
  local bases = rawget(class, "_bases")
  for i = 1, bases and #bases or 0 do
    v = find(bases[i], key)
    if v ~= nil then
      return v
    end
  end
  return base[key]
end

-- Product.tags.through, Product.category.field: what the class knows of a relation.
local function side_of_class(class, key)
  local meta = rawget(class, "_meta")
  local written = meta and meta.local_by_name and meta.local_by_name[key]
  if written and written.relation and not rawget(class, "_descriptors") and not meta.abstract and not meta.registry.loading then
    meta.registry:world()
  end
  local d = (rawget(class, "_descriptors") or {})[key]
  if d == nil or d.plain or key == "pk" then
    return nil
  end
  return setmetatable({ field = d.field, through = d.through }, {
    __index = function(_, name)
      error(exceptions.AttributeError(("%s.%s has 'field' and 'through'; '%s' is asked of an object's"):format(meta.object_name, key, tostring(name))), 2)
    end,
  })
end

function class_mt.__index(class, key)
  if key == "objects" and rawget(class, "_meta") and class._meta.abstract then
    error(exceptions.AttributeError(("Manager isn't available; %s is abstract"):format(class._meta.object_name)), 2)
  elseif key == "objects" and rawget(class, "_meta") and class._meta.swapped then
    error(exceptions.AttributeError(("Manager isn't available; '%s' has been swapped for '%s'"):format(class._meta.label, class._meta.swapped)), 2)
  end
  local v = find(class, key)
  if v == nil and type(key) == "string" and not key:find "^_" and type(require("perilune._models.queryset")[key]) == "function" then
    local name = class._meta.object_name
    error(exceptions.AttributeError(("%s has no '%s', its managers do: %s.objects:%s(…)"):format(name, key, name, key)), 2)
  end
  if v == nil and type(key) == "string" then
    v = side_of_class(class, key)
  end
  if v == nil and key == "objects" and rawget(class, "_meta") and class._meta.managers then
    local names = {}
    for i, pair in ipairs(class._meta.managers) do
      names[i] = pair[1]
    end
    error(exceptions.AttributeError(("%s has no manager 'objects', but: %s"):format(class._meta.object_name, table.concat(names, ", "))), 2)
  end
  return v
end

-- Methods that authors write: function Product:save() …
function class_mt.__newindex(class, key, value)
  if key == "from_db" then
    registries.own_from_db = true -- rows are to be made by it (from_db.lua)
  end
  rawset(class, key, marks.method(key, value))
end

function class_mt.__call(class, values, ...)
  return class._new(class, values, ...)
end

function class_mt.__tostring(class)
  return ("<class '%s'>"):format(class._meta.label)
end

-- ---- instances ----

local function instance_index(class)
  return orm.instance_index(class, function(self, key)
    local d = class._descriptors and class._descriptors[key]
    if d then
      return d.get(self, d)
    end
    if class._descriptors == nil and class._meta then
      class._meta.registry:world() -- the first use of a model that came late
      d = class._descriptors[key]
      if d then
        return d.get(self, d)
      end
    end
    if key == "_state" then
      return states.view(self)
    end
    return find(class, key)
  end)
end

local function instance_newindex(class)
  return function(self, key, value)
    local d = class._descriptors and class._descriptors[key]
    if d and d.set then
      d.set(self, value, d)
    elseif value ~= nil and value ~= null then
      rawset(self, key, value)
    elseif d and d.plain then -- NULL: only() and defer() did not leave it out any more
      local state = rawget(self, "_orm")
      if state and state.loaded and not state.loaded[key] then
        states.own(self).loaded[key] = true
      end
    end
  end
end

local function plain_key(key)
  return require("perilune._models.descriptors").plain_key(key)
end

local function equal(a, b)
  local ca, cb = getmetatable(a), getmetatable(b)
  if rawequal(a, b) then
    return true
  elseif type(ca) ~= "table" or type(cb) ~= "table" or not rawget(ca, "_meta") or not rawget(cb, "_meta") then
    return false
  elseif ca._meta.concrete_model ~= cb._meta.concrete_model then
    return false
  end
  local pk, other = a.pk, b.pk
  if type(pk) == "table" and type(other) == "table" and ca._meta.pk.composite then
    pk, other = plain_key(pk), plain_key(other)
  end
  return pk ~= nil and pk == other
end

local function to_string(self)
  local meta = getmetatable(self)._meta
  local pk = self.pk
  if pk ~= nil and meta.pk.composite then
    pk = "(" .. plain_key(pk):gsub('"', "'") .. ")"
  end
  return ("%s object (%s)"):format(meta.object_name, pk == nil and "None" or tostring(pk))
end

local function pack(self, memo)
  return require("perilune._models.packing").pack_instance(self, memo)
end

-- For templates: a name that is there but NULL is None, not unknown.
local function has_field(self, name)
  local class = getmetatable(self)
  local d = class._descriptors and class._descriptors[name]
  if d == nil then
    local state = rawget(self, "_orm")
    return state ~= nil and state.annotations ~= nil and state.annotations[name] == true
  end
  return d.kind == nil and d.remote == nil
end

local function unexpected(class, name)
  local names = sorted_keys(class._descriptors)
  return exceptions.TypeError(("%s{…} got an unexpected field '%s'%s"):format(class._meta.object_name, tostring(name), core.suggest(tostring(name), names)))
end

local SCALAR = { ["nil"] = true, string = true, number = true, boolean = true }

-- What new instances get where nothing is given: for each field { attname, name, whether it is
-- the key, the value or nil, the field when it has to be asked each time }.
local function make_defaults(meta)
  local plan = { fields = meta.fields }
  for _, field in ipairs(meta.fields) do
    if not field.generated and field.db_default == nil then
      local own = field.get_default ~= Field.get_default and not field.relation
      local asked = own or not SCALAR[type(field.default)]
      local value = not asked and field:get_default() or nil
      if asked or value ~= nil or field.default == false then
        plan[#plan + 1] = { attname = field.attname, name = field.name, key = field == meta.pk, value = not asked and field:get_default(), asked = asked and field }
      end
    end
  end
  meta.defaults = plan
  return plan
end

-- Of a table that is no instance yet.
local function set_defaults(self, values, meta)
  local plan = meta.defaults
  if not plan or plan.fields ~= meta.fields then
    plan = make_defaults(meta)
  end
  for i = 1, #plan do
    local p = plan[i]
    local attname = p.attname
    if self[attname] == nil and not (values and (values[attname] ~= nil or values[p.name] ~= nil or p.key and values.pk ~= nil)) then
      if p.asked then
        self[attname] = p.asked:get_default()
      else
        self[attname] = p.value
      end
    end
  end
end

-- Given values of names that are more than a column.
local function set_others(self, values, class, level)
  local descriptors = class._descriptors
  for name, value in pairs(values) do
    local d = descriptors[name]
    if d and d.plain then -- there already
      goto next
    elseif d and d.set and d.kind == nil then
      d.set(self, value, d)
    elseif d or find(class, name) == nil then
      error(d and exceptions.TypeError(("%s{…}: '%s' is a relation of many; save first, then use its set{…} or add(…)"):format(class._meta.object_name, name)) or unexpected(class, name), level + 1)
    else
      rawset(self, name, value)
    end
    ::next::
  end
end

--- A new instance: given values, defaults for the rest.
local function new(class, values, level)
  local meta = class._meta
  local registry = meta.registry
  if registry.dirty then
    registry:world()
  end
  if meta.abstract then
    error(exceptions.TypeError "Abstract models cannot be instantiated.", level or 2)
  end
  if values ~= nil and type(values) ~= "table" then
    error(exceptions.TypeError(("%s{…} takes a table of values, not a %s"):format(meta.object_name, type(values))), level or 2)
  end
  if pre_init._listens(class) then
    pre_init:send(class, { args = {}, kwargs = values or {} })
  end
  local self, others = orm.instance(values, class._descriptors, #meta.fields + 2)
  set_defaults(self, values, meta)
  setmetatable(self, class)
  if others then
    set_others(self, values, class, level or 2)
  end
  if post_init._listens(class) then
    post_init:send(class, { instance = self })
  end
  return self
end

-- ---- making a class ----

-- Fields of abstract parents are copied, each heir has its own.
local function inherit_fields(meta, parents)
  local added = {}
  for _, parent in ipairs(parents) do
    if parent._meta.abstract then
      for _, field in ipairs(parent._meta.local_all_fields) do
        if not meta.local_by_name[field.name] and not meta.removed[field.name] then
          local copy = field:clone()
          copy:set_name(field.name)
          M.expand_names(copy, meta)
          added[#added + 1] = copy
          meta.local_by_name[field.name] = copy
        end
      end
    end
  end
  return added
end

--- related_name = "%(class)s_items": of abstract parents.
function M.expand_names(field, meta)
  for _, key in ipairs { "related_name", "related_query_name" } do
    if type(field[key]) == "string" then
      field[key] = field[key]:gsub("%%%(class%)s", meta.model_name):gsub("%%%(app_label%)s", meta.app_label or "")
    end
  end
  if field.relation and field.related_name == nil and meta.default_related_name then
    field.related_name = meta.default_related_name:gsub("%%%(model_name%)s", meta.model_name):gsub("%%%(app_label%)s", meta.app_label or "")
  end
end

-- Multi-table inheritance: the link to each concrete parent, unless the author wrote it.
local function parent_links(meta, parents)
  local relations = require "perilune._models.relations"
  local links = {}
  for _, parent in ipairs(parents) do
    if not parent._meta.abstract and not meta.proxy then
      local written
      for _, field in pairs(meta.local_by_name) do
        if field.parent_link and field.to == parent._meta.label then
          written = field
        end
      end
      if not written then
        local name = parent._meta.model_name .. "_ptr"
        local link = relations.OneToOneField(parent, {
          on_delete = relations.CASCADE, parent_link = true, primary_key = #links == 0, auto_created = true, serialize = false,
        })
        link:set_name(name)
        links[#links + 1] = link
        meta.local_by_name[name] = link
      end
    end
  end
  return links
end

local function has_key(fields)
  for _, field in ipairs(fields) do
    if field.primary_key then
      return true
    end
  end
  return false
end

local function auto_key(meta)
  local fields = require "perilune._models.fields"
  local settings = require "perilune.settings"
  local kind = (settings.configured() and settings.default_auto_field or "BigAutoField"):match "[^.]+$"
  local class = fields[kind]
  if not class then
    error(exceptions.ImproperlyConfigured(("settings.default_auto_field: there is no field '%s'"):format(kind)), 0)
  end
  local field = class { primary_key = true, auto_created = true, serialize = false, verbose_name = "ID" }
  field:set_name "id"
  meta.local_by_name.id = field
  return field
end

-- The place of a row among those of the same owner: order_with_respect_to.
local function order_field(meta)
  local fields = require "perilune._models.fields"
  local field = fields.IntegerField { editable = false, auto_created = true }
  field:set_name "_order"
  field.order_wrt = true
  meta.local_by_name._order = field
  return field
end

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
  return list
end

-- Each model has its own, below those of all parents with tables.
local function exception_class(class, name, parents, default)
  local above = {}
  for _, p in ipairs(parents) do
    above[#above + 1] = not p._meta.abstract and p[name] or nil
  end
  local own = exceptions._define_private(name, above[1] or default)
  for i = 2, #above do
    for ancestor in pairs(above[i].ancestors) do
      own.ancestors[ancestor] = true
    end
  end
  rawset(class, name, own)
end

local function nearest_concrete(parents)
  for _, parent in ipairs(parents) do
    if not parent._meta.abstract then
      return parent
    end
  end
  return nil
end

local function set_fields(meta, own, parents, level)
  meta.local_by_name, meta.removed = {}, {}
  local fields = {}
  for _, pair in ipairs(own) do
    members_of.check_name(meta.object_name, pair[1], pair[2], base)
    pair[2]:set_name(pair[1])
    M.expand_names(pair[2], meta)
    pair[2].model_label = meta.label
    meta.local_by_name[pair[1]] = pair[2]
    fields[#fields + 1] = pair[2]
  end
  fields = append(inherit_fields(meta, parents), fields)
  fields = append(parent_links(meta, parents), fields)
  if not meta.abstract and not meta.proxy and not has_key(fields) then
    if meta.local_by_name.id then
      error(exceptions.ImproperlyConfigured(("%s: %s.id: 'id' can only be used as a field name if the field also sets primary_key = true."):format(meta.local_by_name.id.where, meta.object_name)), 0)
    end
    table.insert(fields, 1, auto_key(meta))
  end
  if meta.order_with_respect_to and not meta.abstract and not meta.proxy then
    local name = meta.order_with_respect_to
    local field = meta.local_by_name[name]
    if field and (not field.relation or field.many) then
      error(exceptions.ImproperlyConfigured(("%s.Meta: order_with_respect_to names a ForeignKey; '%s' is a %s"):format(meta.object_name, name, field.class_name)), level + 1)
    elseif not field and not nearest_concrete(parents) then
      error(exceptions.FieldDoesNotExist(("%s.Meta: order_with_respect_to: %s has no field named '%s'%s"):format(meta.object_name, meta.object_name, name, core.suggest(name, sorted_keys(meta.local_by_name)))), level + 1)
    end
    fields[#fields + 1] = order_field(meta)
  end
  meta.local_all_fields = fields
end

--- Makes and registers the class. `how`: auto_created, app_label, source, where, level.
function M.define(name, members, given_meta, how)
  how = how or {}
  local level = how.level or 2
  local parents = how.bases or {}
  local meta = Meta.new(name, given_meta or {}, how.app_label, parents, how.where or "", level)
  meta.auto_created = how.auto_created
  meta.registry = how.registry or registries.project
  local own, found, rest = members_of.sort(name, members, level)
  if meta.proxy then
    local concrete = nearest_concrete(parents)
    if not concrete then
      error(exceptions.TypeError(("Proxy model '%s' has no non-abstract model base class."):format(name)), level)
    elseif #own > 0 then
      error(exceptions.FieldError(("Proxy model '%s' contains model fields."):format(name)), level)
    end
    meta.concrete_model = concrete._meta.concrete_model or concrete
    meta.db_table = meta.concrete_model._meta.db_table
  end

  local class = { _meta = meta, _bases = parents, _new = new }
  class.__index, class.__newindex = instance_index(class), instance_newindex(class)
  class.__eq, class.__tostring, class.__name, class.__hasfield = equal, to_string, meta.label, has_field
  class.__pack = pack
  class.__nojson = ("an object of the model %s (encode a table of the fields that are wanted, rows of values(\"id\", …), or give the model a method __tojson)"):format(meta.label)
  for _, parent in ipairs(parents) do -- metamethods are not inherited by themselves
    for key, value in pairs(parent) do
      if type(key) == "string" and key:sub(1, 2) == "__" and key ~= "__index" and key ~= "__newindex" and key ~= "__name" and key ~= "__nojson" then
        class[key] = value
      end
    end
  end
  for key, value in pairs(rest) do
    class[key] = marks.method(key, value)
    registries.own_from_db = registries.own_from_db or key == "from_db"
  end
  setmetatable(class, class_mt)
  set_fields(meta, own, parents, level)
  if not meta.abstract then
    meta.concrete_model = meta.concrete_model or class
    exception_class(class, "DoesNotExist", parents, exceptions.ObjectDoesNotExist)
    exception_class(class, "MultipleObjectsReturned", parents, exceptions.MultipleObjectsReturned)
    exception_class(class, "NotUpdated", parents, exceptions.ObjectNotUpdated)
    exception_class(class, "RelatedObjectDoesNotExist", {}, class.DoesNotExist)
  end
  managers = managers or require "perilune._models.manager"
  managers.install(class, found, level)
  if not meta.abstract and not how.auto_created then
    meta.registry:add(class, level)
  end
  return class
end

--- models.Model("Product", { … }); `bases` in the table names parents. `level`: of the author's
--- line, 3 for what the author calls calls this.
function M.model(name, members, level)
  if type(name) ~= "string" or not name:match "^%a[%w_]*$" then
    error(exceptions.TypeError(("Model(name, {…}): the name is a word such as \"Product\", not %s"):format(tostring(name))), level)
  elseif type(members) ~= "table" then
    error(exceptions.TypeError(("Model(\"%s\", {…}) takes a table of fields, not a %s"):format(name, type(members))), level)
  end
  local source, where = place(level, members)
  local meta = members.Meta
  local app_label = type(meta) == "table" and meta.app_label or app_of(source)
  return M.define(name, members, meta, { app_label = app_label, where = where, bases = members_of.bases(name, members.bases, level), level = level })
end

--- Product:extend("Child", { … }): multi-table inheritance, a proxy, or an heir of an
--- abstract model.
function base.extend(class, name, members)
  local all = {}
  for k, v in pairs(members or {}) do
    all[k] = v
  end
  all.bases = { class }
  local heir = M.model(name, all, 3) -- no tail call: place() looks at how this was called
  return heir
end

-- ---- questions about classes ----

local Options = getmetatable(Meta.new("X", { app_label = "x" }, "x", {}, "", 1))

--- Whether the model is `other`, a proxy of it, or inherits from it.
function Options:is_a(other)
  local concrete = self.concrete_model
  if concrete == other then
    return true
  end
  for _, link in ipairs(concrete._meta.parent_links or {}) do
    if link.remote_model._meta:is_a(other) then
      return true
    end
  end
  return false
end

M.is_field, M.Field = members_of.is_field, Field

return M
