-- SPDX-License-Identifier: MIT
-- Instances and QuerySets as data, for caches: what perilune._pack calls when it meets one.
--
-- An instance is the values of its fields in the order of the model, and its other members
-- by name: related objects that it knows, annotations, attributes of the author's. The model
-- is written once for all of its instances, as a name and a mark of its fields: where that
-- is not the same any more, nothing comes out. A QuerySet is its rows.
local crypto = require "perilune._crypto"
local exceptions = require "perilune.exceptions"
local orm = require "perilune._orm"
local pack = require "perilune._pack"
local registries = require "perilune._models.registry"
local state_of = require("perilune._models.state").of

local M = {}

-- ---- models ----

-- What is known of a class, as long as the world is the same: { class, mark, keys, known }.
local Plan = { __name = "perilune.models.Plan" }
local plans = setmetatable({}, { __mode = "k" })

function Plan.__pack(plan)
  return "model", { plan.label, plan.mark }
end

local function mark_of(fields)
  local parts = {}
  for i, field in ipairs(fields) do
    local remote = field.remote_model and field.remote_model._meta.label or ""
    parts[i] = ("%s %s %s %s"):format(field.attname, field:get_internal_type(), field.null == true, remote)
  end
  return crypto.digest("md5", table.concat(parts, "\n")):sub(1, 8)
end

local function plan_of(class)
  local meta = class._meta
  local world = meta.registry:world()
  local plan = plans[class]
  if plan and plan.world == world then
    return plan
  end
  plan = setmetatable({ class = class, world = world, label = meta.label, keys = {}, known = { _orm = true, _ahead = true }, mark = mark_of(meta.fields) }, Plan)
  for i, field in ipairs(meta.fields) do
    plan.keys[i] = field.attname
    plan.known[field.attname] = true
  end
  plans[class] = plan
  return plan
end

-- The class of a label; join tables that relations made stand in no registry.
local function find_class(label)
  local registry = registries.project
  registry:world()
  local class = registry:find(label)
  if class then
    return class
  end
  for _, owner in ipairs(registry.list) do
    for _, field in ipairs(owner._meta.many_to_many or {}) do
      if field.through_model._meta.label == label then
        return field.through_model
      end
    end
  end
  return nil
end

pack.register("model", function(value)
  if type(value) ~= "table" or type(value[1]) ~= "string" then
    return nil
  end
  local class = find_class(value[1])
  if not class or class._meta.abstract then
    return nil
  end
  local plan = plan_of(class)
  return plan.mark == value[2] and plan or nil
end)

-- ---- instances ----

-- Instances of one result share a state, and so they do when they come out. It stands in a
-- holder, for it has no class itself.
local Holder = {}

function Holder.__pack(holder)
  local state = holder.state
  return "state", { db = state.db, adding = state.adding, loaded = state.loaded, fetch_mode = state.fetch_mode, annotations = state.annotations }
end

local function hold(state, memo)
  local holder = memo[state]
  if not holder then
    holder = setmetatable({ state = state }, Holder)
    memo[state] = holder
  end
  return holder
end

pack.register("state", function(given)
  if type(given) ~= "table" then
    return nil
  end
  return setmetatable({ state = { db = given.db, adding = given.adding, loaded = given.loaded, fetch_mode = given.fetch_mode, annotations = given.annotations } }, Holder)
end)

-- The state of one more instance.
local function join(holder, object)
  local state = holder.state
  if not holder.first then
    holder.first = object
    return state
  end
  local peers = state.peers
  if not peers then
    peers = setmetatable({ holder.first }, { __mode = "v" })
    state.peers = peers
  end
  peers[#peers + 1] = object
  return state
end

--- The metamethod of all models.
function M.pack_instance(self, memo)
  local plan = plan_of(getmetatable(self))
  local known, others = plan.known, nil
  for k, v in next, self do
    if not known[k] then
      others = others or {}
      others[k] = v
    end
  end
  return "instance", { plan, hold(state_of(self), memo) }, self, plan.keys, others
end

pack.register("instance", function(list, object)
  local head = type(list) == "table" and list[1]
  local plan = type(head) == "table" and head[1]
  if getmetatable(plan) ~= Plan or getmetatable(head[2]) ~= Holder then
    return nil
  end
  local keys = plan.keys
  local n = #keys
  for i = 1, n do
    object[keys[i]] = list[i + 1]
  end
  local others = list[n + 2]
  if type(others) == "table" then
    for k, v in next, others do
      object[k] = v
    end
  end
  object._orm = join(head[2], object)
  return setmetatable(object, plan.class)
end, true)

-- ---- QuerySets ----

-- What it is besides its rows.
local flags = { "_values", "_flat", "_db", "_fetch_mode" }

-- The manager of the model whose QuerySets are of the same class; nil: none of them.
local function manager_of(queryset)
  local mt = getmetatable(queryset)
  local class = mt._kept or mt._class
  for _, pair in ipairs(queryset._model._meta.managers) do
    if pair[2].queryset_class == class then
      return pair[1]
    end
  end
  return nil
end

--- The metamethod of all QuerySets: one that nobody has read is read.
function M.pack_queryset(self)
  local value = { plan_of(self._model), self._fetch(self), manager_of(self) or false }
  for _, flag in ipairs(flags) do
    value[flag] = rawget(self, flag)
  end
  return "queryset", value
end

-- A QuerySet that came out of a cache has rows, and in place of its query one for the objects
-- with their keys. `_kept`: what the rows can answer they do.
local kept_classes = setmetatable({}, { __mode = "k" })

local function make(class, model, rows, from)
  local new = { _model = model, _result = rows, _kept = true }
  for _, flag in ipairs(flags) do
    new[flag] = rawget(from, flag)
  end
  if not new._values and not model._meta.pk.composite then
    local keys = {}
    for i, row in ipairs(rows) do
      keys[i] = row.pk
    end
    new._code = orm.filter(orm.all(model._meta.world_id), false, "filter", { pk__in = keys })
  end
  return setmetatable(new, class._mt)
end

local function no_query()
  error(exceptions.TypeError "rows of values() and of models with a key of several columns come out of a cache without their query: ask for more before they are kept", 3)
end

local function kept_class(class)
  local kept = kept_classes[class]
  if kept then
    return kept
  end
  local members = {}
  -- A method that answers with some of the rows.
  local function answer(name, range)
    members[name] = function(self, ...)
      if not rawget(self, "_kept") then
        return class[name](self, ...)
      end
      local rows = rawget(self, "_result")
      local first, last = range(#rows, ...)
      return make(kept, self._model, table.move(rows, first, math.min(last, #rows), 1, {}), self)
    end
  end
  answer("all", function(n) return 1, n end)
  answer("slice", function(n, first, last) return math.max(first, 1), last or n end)
  answer("limit", function(_, limit) return 1, limit end)
  answer("offset", function(n, offset) return offset + 1, n end)
  function members.last(self)
    if not rawget(self, "_kept") then
      return class.last(self)
    end
    local rows = rawget(self, "_result")
    return rows[#rows]
  end
  kept = class:extend(members)
  kept._attributes = setmetatable({ _code = no_query }, { __index = class._attributes })
  kept._mt._kept = class
  kept_classes[class] = kept
  return kept
end

pack.register("queryset", function(value)
  local plan = type(value) == "table" and value[1]
  if getmetatable(plan) ~= Plan or type(value[2]) ~= "table" then
    return nil
  end
  local meta = plan.class._meta
  local manager = meta.default_manager
  for _, pair in ipairs(meta.managers) do
    if pair[1] == value[3] then
      manager = pair[2]
    end
  end
  return make(kept_class(manager.queryset_class), plan.class, value[2], value)
end)

return M
