-- SPDX-License-Identifier: MIT
-- from_db_value and get_prep_value of authors' fields: what the database gave becomes what
-- the field makes of it once all rows are read, conditions are prepared before they are sent.
local null = require "perilune.null"

local M = {}

-- The instance that a path of relations leads to; nil when one of them is not there.
local function follow(row, path)
  for i = 1, #path do
    local cache = rawget(row, "_cache")
    row = cache and cache[path[i]]
    if not row then
      return nil
    end
  end
  return row
end

local function converter(hook)
  local field = hook.class._meta.fields_by_name[hook.field]
  field = field.output_field or field
  return field, field.from_db_value
end

--- Converts the columns that `hooks` names (of orm.rows) in all rows; flat: the rows are
--- values themselves.
function M.rows(rows, hooks, flat, using)
  for _, hook in ipairs(hooks) do
    local field, convert = converter(hook)
    local key = hook.key
    for i = 1, convert and #rows or 0 do
      if flat then
        if rows[i] ~= null then
          rows[i] = convert(field, rows[i], using)
        end
      else
        local row = follow(rows[i], hook.path)
        local value = row and rawget(row, key)
        if value ~= nil then
          rawset(row, key, convert(field, value, using))
        end
      end
    end
  end
end

-- ---- conditions ----

local PLAIN = { exact = true, iexact = true, gt = true, gte = true, lt = true, lte = true }
local LISTS = { ["in"] = true, range = true }

-- The field that a lookup names, and what is left of it.
local function resolve(class, path)
  local rest = {}
  for part in (path .. "__"):gmatch "(.-)__" do
    rest[#rest + 1] = part
  end
  local i = 1
  while rest[i] do
    local meta = class._meta
    local field = rest[i] == "pk" and meta.pk or meta.fields_by_name[rest[i]] or meta.fields_by_attname[rest[i]]
    local d = class._descriptors[rest[i]]
    local next_class = field and field.remote_model or d and d.remote
    if next_class and rest[i + 1] and not PLAIN[rest[i + 1]] and not LISTS[rest[i + 1]] then
      class = next_class
    elseif field then
      return field.target_field or field, table.concat(rest, "__", i + 1)
    else
      return nil
    end
    i = i + 1
  end
  return nil
end

local function is_value(value)
  if type(value) == "table" then
    local mt = getmetatable(value)
    return not (type(mt) == "table" and (rawget(mt, "_meta") or rawget(mt, "_class")))
  end
  return value ~= null and getmetatable(value) ~= "perilune.models.Expression"
end

local function prepared(field, value)
  if is_value(value) then
    return field:get_prep_value(value)
  end
  return value
end

local function prepare_one(class, name, value)
  local field, lookup = resolve(class, name)
  if not field or not field.get_prep_value then
    return value
  elseif lookup == "" or PLAIN[lookup] then
    return prepared(field, value)
  elseif LISTS[lookup] and type(value) == "table" and getmetatable(value) == nil then
    local list = {}
    for i, item in ipairs(value) do
      list[i] = prepared(field, item)
    end
    return list
  end
  return value
end

-- pk__in = { { 1, 2 }, { 1, 3 } } of a key of several columns: one of the keys.
local function any_key(keys)
  local list = {}
  for i, key in ipairs(keys) do
    if type(key) == "table" and key.pk ~= nil then -- an instance, a row of values("pk")
      key = key.pk
    end
    list[i] = key
  end
  return list
end

--- The arguments of filter(), exclude() and get() with the values in their tables prepared.
function M.conditions(class, ...)
  local args = table.pack(...)
  for i = 1, args.n do
    local arg = args[i]
    if type(arg) == "table" and getmetatable(arg) == nil then
      local copy = {}
      for name, value in pairs(arg) do
        if type(name) == "string" then
          value = prepare_one(class, name, value)
        end
        if name == "pk__in" and class._meta.pk.composite and type(value) == "table" then
          value = any_key(value)
        end
        copy[name] = value
      end
      args[i] = copy
    end
  end
  return table.unpack(args, 1, args.n)
end

return M
