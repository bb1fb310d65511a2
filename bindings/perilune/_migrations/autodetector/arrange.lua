-- SPDX-License-Identifier: MIT
-- Operations that were found, as migrations: in an order in which nothing is used before it
-- is there, and split where two apps need one another.
--
-- Order and splits are Django's, so that the same change makes files of the same names.
local dependencies = require "perilune._migrations.autodetector.dependencies"
local optimizer = require "perilune._migrations.optimizer"

local M = {}

-- Items of one app in layers: those that wait for nothing, those that wait for these …; in a
-- layer they stay as they were found.
local function sort_items(items)
  local waits, list, placed = {}, {}, {}
  for _, item in ipairs(items) do
    waits[item] = {}
    for _, d in ipairs(item.dependencies) do
      for _, other in ipairs(items) do
        if other ~= item and dependencies.provides(other.app_label, other.operation, d) then
          waits[item][other] = true
        end
      end
    end
  end
  while #list < #items do
    local layer = {}
    for _, item in ipairs(items) do
      local free = not placed[item]
      for other in pairs(waits[item]) do
        free = free and placed[other]
      end
      layer[#layer + 1] = free and item or nil
    end
    if #layer == 0 then -- a circle: as they are
      for _, item in ipairs(items) do
        layer[#layer + 1] = not placed[item] and item or nil
      end
    end
    for _, item in ipairs(layer) do
      placed[item] = true
      list[#list + 1] = item
    end
  end
  return list
end

local function by_app(items)
  local labels, lists = {}, {}
  for _, item in ipairs(items) do
    if not lists[item.app_label] then
      labels[#labels + 1] = item.app_label
      lists[item.app_label] = {}
    end
    table.insert(lists[item.app_label], item)
  end
  table.sort(labels)
  for _, label in ipairs(labels) do
    lists[label] = sort_items(lists[label])
  end
  return labels, lists
end

-- Whether another app's operation that the dependency asks for is still to be placed.
local function is_open(rest, d)
  for _, item in ipairs(rest[d[1]] or {}) do
    if dependencies.provides(item.app_label, item.operation, d) then
      return true
    end
  end
  return false
end

-- What an item needs of other apps: a list of { app, setting =, chunk = }; nil: not yet.
-- An app of which nothing has been placed is asked for only when there is no other way on.
local function needs_of(item, rest, last, chop)
  local needs = {}
  for _, d in ipairs(item.dependencies) do
    if d[1] ~= item.app_label and (d[4] == "create" or last[d[1]] or is_open(rest, d)) then
      if is_open(rest, d) or not d.setting and not last[d[1]] and not chop then
        return nil
      end
      needs[#needs + 1] = { d[1], chunk = last[d[1]], setting = d.setting }
    end
  end
  return needs
end

-- One round over an app: what can be placed now as a chunk, when that is all of it or
-- `chop`. Gives whether a chunk was made.
local function round(label, rest, last, chunks, chop)
  local items, taken, needs = rest[label], 0, {}
  for _, item in ipairs(items) do
    local wanted = needs_of(item, rest, last, chop)
    if not wanted then
      break
    end
    taken = taken + 1
    table.move(wanted, 1, #wanted, #needs + 1, needs)
  end
  if taken == 0 or taken < #items and not chop then
    return false
  end
  local operations = {}
  for i = 1, taken do
    operations[i] = items[i].operation
  end
  local chunk = { app_label = label, operations = optimizer(operations, label), needs = needs }
  chunks[#chunks + 1], last[label] = chunk, chunk
  rest[label] = table.move(items, taken + 1, #items, 1, {})
  return true
end

--- Lists of { app_label, operations, needs } in order. `needs`: { app, chunk = of this list, or
--- nil for what the app has already, setting = name of a setting that names the model }.
function M.chunks(items)
  local labels, rest = by_app(items)
  local last, chunks, left, chop = {}, {}, #items, false
  while left > 0 do
    local made = false
    for _, label in ipairs(labels) do
      if #rest[label] > 0 and round(label, rest, last, chunks, chop) then
        made, chop = true, false
      end
    end
    if not made and chop then
      error("operations of apps that wait for one another cannot be put in order", 0)
    end
    chop = not made
    left = 0
    for _, label in ipairs(labels) do
      left = left + #rest[label]
    end
  end
  return chunks
end

return M
