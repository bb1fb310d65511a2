-- SPDX-License-Identifier: MIT
-- Migrations by what they depend on. A node is a key "shop.0001_initial".
local exceptions = require "perilune.exceptions"
local suggest = require("perilune._core").suggest

local Graph = {}
Graph.__index = Graph

local function new()
  return setmetatable({ nodes = {}, order = {}, parents = {}, children = {} }, Graph)
end

function Graph:add_node(key, migration)
  if not self.nodes[key] then
    self.order[#self.order + 1] = key
  end
  self.nodes[key] = migration
  self.parents[key], self.children[key] = self.parents[key] or {}, self.children[key] or {}
end

-- "; did you mean …?": of those that begin so, or else are spelt nearly so.
local function nearest(self, child, parent)
  local others, begins = {}, {}
  for _, key in ipairs(self.order) do
    if key ~= child then
      others[#others + 1] = key
      begins[#begins + 1] = key:sub(1, #parent) == parent and key or nil
    end
  end
  return #begins == 1 and ("; did you mean '%s'?"):format(begins[1]) or suggest(parent, others)
end

--- `child` comes after `parent`; NodeNotFoundError names who asks for what is not there.
function Graph:add_dependency(child, parent)
  if not self.nodes[parent] then
    error(exceptions.NodeNotFoundError(("Migration %s depends on %s, which does not exist%s"):format(child, parent, nearest(self, child, parent))), 0)
  end
  table.insert(self.parents[child], parent)
  table.insert(self.children[parent], child)
end

local function walk(self, key, edges, seen, path, list)
  if path[key] then
    error(exceptions.CircularDependencyError(("migrations depend on one another in a circle: %s"):format(key)), 0)
  elseif seen[key] then
    return
  end
  path[key] = true
  local next_ones = { table.unpack(edges[key]) }
  table.sort(next_ones)
  for _, other in ipairs(next_ones) do
    walk(self, other, edges, seen, path, list)
  end
  path[key] = nil
  seen[key] = true
  list[#list + 1] = key
end

--- What has to be applied for `key`, in order, itself last.
function Graph:forwards_plan(key)
  local list = {}
  walk(self, key, self.parents, {}, {}, list)
  return list
end

--- What has to be undone for `key`, in order, itself last.
function Graph:backwards_plan(key)
  local list = {}
  walk(self, key, self.children, {}, {}, list)
  return list
end

local function without(self, edges, app_label)
  local list = {}
  for _, key in ipairs(self.order) do
    if not app_label or self.nodes[key].app_label == app_label then
      local free = true
      for _, other in ipairs(edges[key]) do
        free = free and self.nodes[other].app_label ~= self.nodes[key].app_label
      end
      if free then
        list[#list + 1] = key
      end
    end
  end
  table.sort(list)
  return list
end

--- The last migrations: of an app more than one is a conflict.
function Graph:leaves(app_label)
  return without(self, self.children, app_label)
end

function Graph:roots(app_label)
  return without(self, self.parents, app_label)
end

--- All of them, each after what it depends on.
function Graph:sorted()
  local list, seen = {}, {}
  for _, key in ipairs(self:leaves()) do
    walk(self, key, self.parents, seen, {}, list)
  end
  for _, key in ipairs(self.order) do
    walk(self, key, self.parents, seen, {}, list)
  end
  return list
end

return { new = new }
