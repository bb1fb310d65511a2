-- SPDX-License-Identifier: MIT
-- Fewer operations with the same result: Django's algorithm, so that what is left has Django's
-- order. reduce.lua knows what two operations make of one another.
local reduce = require "perilune._migrations.reduce"

-- Whether each of the operations from i to j can change places with `other`.
local function all_pass(operations, i, j, other, app_label)
  for k = i, j do
    if reduce(operations[k], other, app_label) ~= true then
      return false
    end
  end
  return true
end

-- The list with operations i and j replaced by `result`, which takes the place of j (`right`)
-- or of i.
local function joined(operations, i, j, result, right)
  local list = table.move(operations, 1, i - 1, 1, {})
  local function append(from, first, last)
    table.move(from, first, last, #list + 1, list)
  end
  if right then
    append(operations, i + 1, j - 1)
  end
  append(result, 1, #result)
  if not right then
    append(operations, i + 1, j - 1)
  end
  append(operations, j + 1, #operations)
  return list
end

-- The first operation that can be joined with a later one: the new list, or nil.
local function pass(operations, app_label)
  for i, first in ipairs(operations) do
    local right = true -- nothing in between minds when the first one comes later
    for j = i + 1, #operations do
      local result = reduce(first, operations[j], app_label)
      if type(result) == "table" then
        if right or all_pass(operations, i + 1, j - 1, operations[j], app_label) then
          return joined(operations, i, j, result, right)
        end
        break
      end
      right = right and result
    end
  end
  return nil
end

--- The operations of one migration of the app, optimized: a new list.
return function(operations, app_label)
  local list = { table.unpack(operations) }
  while list do
    operations, list = list, pass(list, app_label)
  end
  return operations
end
