-- SPDX-License-Identifier: MIT
-- QuerySet:iterator(): rows in chunks, none of them kept. No statement stays open between two
-- chunks (it would pin the database's log). What does not fit into one chunk is read by keys:
-- their list is taken once, so rows that come, go or move meanwhile shift nothing.
-- Queries whose rows have no key of their own (values, unions, slices) are read at once.
local orm = require "perilune._orm"

-- Keys of all rows in the query's order, without those of `seen`.
local function keys_behind(queryset, attname, seen)
  local taken = {}
  for _, row in ipairs(seen) do
    taken[rawget(row, attname)] = true
  end
  local keys = {}
  local code = orm.values(orm.no_related(orm.defer(queryset._code)), true, attname)
  for _, key in ipairs(queryset._keys(queryset, code)) do
    if not taken[key] then
      keys[#keys + 1] = key
    end
  end
  return keys
end

-- Rows of keys in the keys' order; those that are gone are left out.
local function by_keys(queryset, attname, keys, run)
  local found, rows = {}, {}
  for _, row in ipairs(run(orm.filter(queryset._code, false, "iterator", { [attname .. "__in"] = keys }))) do
    found[rawget(row, attname)] = row
  end
  for _, key in ipairs(keys) do
    rows[#rows + 1] = found[key]
  end
  return rows
end

-- Lists of up to `size` rows, one after the other; nil at the end.
local function chunks_by_key(queryset, size, run)
  local attname = queryset._model._meta.pk.attname
  local keys, at
  return function()
    if not keys then
      local first = run(orm.slice(queryset._code, 0, size))
      keys, at = #first == size and keys_behind(queryset, attname, first) or {}, 0
      return first
    end
    while at < #keys do
      local part = table.move(keys, at + 1, math.min(at + size, #keys), 1, {})
      at = at + #part
      local rows = by_keys(queryset, attname, part, run)
      if #rows > 0 then
        return rows
      end
    end
    return nil
  end
end

local function all_at_once(queryset, run)
  local done = false
  return function()
    if done then
      return nil
    end
    done = true
    return run(queryset._code)
  end
end

-- Keys that are the same value each time they are read; moments and decimals are new objects.
local function has_plain_key(meta)
  local pk = meta.pk.target_field or meta.pk
  local kind = pk:get_internal_type()
  return not meta.pk.composite and not pk.from_db_value and (kind:find("Auto", 1, true) or kind:find("Integer", 1, true) or kind == "CharField" or kind == "UUIDField" or kind == "SlugField")
end

return function(queryset, size, run)
  local code = queryset._code
  local whole = queryset._values or queryset._combined or code.high >= 0 or code.low > 0 or not has_plain_key(queryset._model._meta)
  local next_chunk = whole and all_at_once(queryset, run) or chunks_by_key(queryset, size, run)
  local chunk, i = {}, 0
  return function()
    i = i + 1
    if chunk and i > #chunk then
      chunk, i = next_chunk(), 1
    end
    return chunk and chunk[i]
  end
end
