-- SPDX-License-Identifier: MIT
-- Model:from_db(using, names, values): how an author has a say in what a row becomes. Rows come
-- from C as instances; those of classes with a from_db of their own are made anew by it.
local base = require("perilune._models.model").base
local exceptions = require "perilune.exceptions"
local registries = require "perilune._models.registry"

local M = {}

--- An instance of a row: names of columns' attributes, their values (nil or null for NULL).
--- What is not named is deferred.
function base.from_db(class, using, names, values)
  local meta = class._meta
  meta.registry:world()
  local self, loaded = {}, {}
  for i, name in ipairs(names) do
    local field = meta.fields_by_attname[name] or meta.fields_by_name[name]
    if not field then
      meta:get_field(name) -- raises
    end
    loaded[field.attname] = true
    self[field.attname] = values[i]
  end
  local all = true
  for _, field in ipairs(meta.fields) do
    all = all and (field.composite or loaded[field.attname] == true)
  end
  self._orm = { db = using, adding = false, shared = false, loaded = not all and loaded or nil }
  return setmetatable(self, class)
end

--- Whether the class has one of its own.
function M.own(class)
  return registries.own_from_db and class.from_db ~= base.from_db
end

--- Whether any class has.
function M.any()
  return registries.own_from_db
end

local function made_by(class, row, using)
  local state = rawget(row, "_orm")
  local names, values = {}, {}
  for _, field in ipairs(class._meta.fields) do
    if not field.composite and not (state and state.loaded and not state.loaded[field.attname]) then
      names[#names + 1] = field.attname
      values[#names] = rawget(row, field.attname)
    end
  end
  local made = class:from_db(using, names, values)
  if type(made) ~= "table" or not rawget(getmetatable(made) or {}, "_meta") then
    error(exceptions.TypeError(("%s:from_db must return an instance, not a %s"):format(class._meta.object_name, type(made))), 0)
  end
  return made
end

-- Besides the columns: annotations, related objects, and what the batch knows of itself.
local function carry_over(row, made)
  for key, value in next, row do
    if rawget(made, key) == nil then
      rawset(made, key, value)
    end
  end
  local state = rawget(row, "_orm")
  rawset(made, "_orm", state)
  for i, peer in pairs(state and state.peers or {}) do
    if rawequal(peer, row) then
      state.peers[i] = made
    end
  end
end

--- The instances in place of the rows, and in place of the objects that came with them.
function M.rows(rows, using)
  for i, row in ipairs(rows) do
    local cache = rawget(row, "_cache")
    for name, object in pairs(cache or {}) do
      if type(object) == "table" then
        cache[name] = M.rows({ object }, using)[1]
      end
    end
    local class = getmetatable(row)
    if M.own(class) then
      rows[i] = made_by(class, row, using)
      carry_over(row, rows[i])
    end
  end
  return rows
end

return M
