-- SPDX-License-Identifier: MIT
-- Rows of values(), values_list() and aggregate() in which something is NULL. A row is a plain table and NULL
-- is nil there; that there is a column of that name its metatable knows: templates show None,
-- JSON null, and the cache gives back what it was given.
local json = require "perilune.json"
local null = require "perilune.null"
local orm = require "perilune._orm"
local pack = require "perilune._pack"

local M = {}

local metatables = setmetatable({}, { __mode = "v" })

-- The row as a table of its own, with null where it is NULL.
local function complete(row, names)
  local copy = {}
  for k, v in next, row do
    copy[k] = v
  end
  for i = 1, #names do
    if copy[names[i]] == nil then
      copy[names[i]] = null
    end
  end
  return copy
end

--- The metatable of rows with these columns.
function M.metatable(names)
  local key = table.concat(names, "\0")
  local mt = metatables[key]
  if mt then
    return mt
  end
  local known = {}
  for _, name in ipairs(names) do
    known[name] = true
  end
  mt = { __name = "perilune.models.Row" }
  function mt.__hasfield(_, name)
    return known[name] == true
  end
  function mt.__tojson(row)
    return complete(row, names)
  end
  function mt.__keys(row)
    local keys = {}
    for k in next, complete(row, names) do
      keys[#keys + 1] = k
    end
    table.sort(keys)
    return keys
  end
  function mt.__pack(row)
    return "models.row", complete(row, names)
  end
  metatables[key] = mt
  return mt
end

local function unpack_row(row)
  local names = {}
  for name in next, row do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if row[name] == null then
      row[name] = nil
    end
  end
  return setmetatable(row, M.metatable(names))
end

-- ---- values_list(): lists with holes, and their length in n ----

local list = { __name = "perilune.models.RowList" }

local function complete_list(row)
  local copy = {}
  for i = 1, row.n do
    local v = row[i]
    copy[i] = v == nil and null or v
  end
  return json.array(copy)
end

function list.__len(row)
  return row.n
end

function list.__hasfield(row, name)
  local i = math.tointeger(tonumber(name)) -- templates count from 0
  return i ~= nil and i >= 0 and i < row.n
end


list.__tojson = complete_list

function list.__pack(row)
  return "models.row_list", complete_list(row)
end

local function unpack_list(row)
  local copy = { n = #row }
  for i = 1, #row do
    local v = row[i]
    if v ~= null then
      copy[i] = v
    end
  end
  return setmetatable(copy, list)
end

pack.register("models.row", unpack_row)
pack.register("models.row_list", unpack_list)
orm.on_nulls(M.metatable, list)

return M
