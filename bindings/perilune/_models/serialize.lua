-- SPDX-License-Identifier: MIT
-- Rows as Django's JSON fixtures and back: { "model": "shop.tag", "pk": 1, "fields": { … } }.
local exceptions = require "perilune.exceptions"
local instances = require "perilune._models.instance"
local json = require "perilune.json"
local kinds = require "perilune._models.kinds"
local null = require "perilune.null"
local sorted_keys = require "perilune._sorted_keys"
local suggest = require("perilune._core").suggest

local M = {}

-- ---- writing ----

-- Three digits of a second's six, and Z: as Django's encoder.
local function iso(text)
  text = text:gsub("(%.%d%d%d)%d%d%d", "%1"):gsub("%+00:00$", "Z")
  return text
end

local base64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function to_base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 3, 0, -1 do
      local v = n >> 6 * k & 63
      out[#out + 1] = base64:sub(v + 1, v + 1)
    end
    if not c then
      out[#out] = "="
      out[#out - 1] = b and out[#out - 1] or "="
    end
  end
  return table.concat(out)
end

local function from_base64(text)
  local out, n, bits = {}, 0, 0
  for c in text:gmatch "[%w+/]" do
    n, bits = n << 6 | base64:find(c, 1, true) - 1, bits + 6
    if bits >= 8 then
      bits = bits - 8
      out[#out + 1] = string.char(n >> bits & 255)
      n = n & (1 << bits) - 1
    end
  end
  return table.concat(out)
end

local function duration(v)
  local seconds = v.seconds
  local text = ("%02d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
  if v.days ~= 0 then
    text = ("%d %s"):format(v.days, text)
  end
  return v.microseconds ~= 0 and ("%s.%06d"):format(text, v.microseconds) or text
end

-- A column's value as JSON text.
local function value_text(field, value)
  if value == nil then
    return "null"
  elseif field:get_internal_type() == "BinaryField" then
    value = to_base64(value)
  elseif kinds.is_timedelta(value) then
    value = duration(value)
  elseif kinds.is_datetime(value) or kinds.is_time(value) then
    value = iso(value:isoformat())
  elseif kinds.is_date(value) then
    value = value:isoformat()
  elseif type(value) == "userdata" and value ~= null then
    value = tostring(value)
  end
  return json.encode(value, { ensure_ascii = false })
end

local function natural_key(object)
  return json.encode(json.array { object:natural_key() }, { ensure_ascii = false })
end

local function forward_text(object, field, options)
  local target = field.remote_model
  if options.natural_foreign and target.natural_key and rawget(object, field.attname) ~= nil then
    return natural_key(object[field.name])
  end
  return value_text(field.target_field or field, rawget(object, field.attname))
end

local function many_text(object, field, options)
  local items = {}
  local known = options.many and options.many[field.name]
  if known and not (options.natural_foreign and field.remote_model.natural_key) then
    for i, key in ipairs(known[tostring(object.pk)] or {}) do
      items[i] = value_text(field.remote_model._meta.pk, key)
    end
  elseif options.natural_foreign and field.remote_model.natural_key then
    for i, other in ipairs(object[field.name]:all()) do
      items[i] = natural_key(other)
    end
  else
    local pk = field.remote_model._meta.pk
    for i, key in ipairs(object[field.name]:order_by("pk"):values_list("pk", { flat = true })) do
      items[i] = value_text(pk, key)
    end
  end
  return "[" .. table.concat(items, ", ") .. "]"
end

--- The object as JSON text. options: natural_foreign, natural_primary, indent (a number), many
--- (what join tables say of it: field name → key as text → list of keys)
function M.text(object, options)
  local class = getmetatable(object)
  local meta = class._meta.concrete_model._meta
  local fields = {}
  local function put(field, text)
    fields[#fields + 1] = ("%s: %s"):format(json.encode(field.name, { ensure_ascii = false }), text)
  end
  for _, field in ipairs(meta.local_fields) do
    if field == meta.pk or field.serialize == false or field.generated or field.composite then -- not a value of its own
      goto continue
    end
    put(field, field.remote_model and forward_text(object, field, options) or value_text(field, rawget(object, field.attname)))
    ::continue::
  end
  for _, field in ipairs(meta.many_to_many) do
    if field.relation_info.auto_created and meta.local_by_name[field.name] then
      put(field, many_text(object, field, options))
    end
  end
  local head = { '"model": ' .. json.encode(meta.label_lower) }
  if not (options.natural_primary and class.natural_key) then
    head[2] = '"pk": ' .. value_text(meta.pk.target_field or meta.pk, rawget(object, meta.pk.attname))
  end
  if not options.indent then
    return ("{%s, \"fields\": {%s}}"):format(table.concat(head, ", "), table.concat(fields, ", "))
  end
  local pad = (" "):rep(options.indent)
  local inner = #fields == 0 and "{}" or ("{\n%s%s\n%s}"):format(pad .. pad, table.concat(fields, ",\n" .. pad .. pad), pad)
  return ("{\n%s%s,\n%s\"fields\": %s\n}"):format(pad, table.concat(head, ",\n" .. pad), pad, inner)
end

-- ---- reading ----

local function find_field(class, name)
  local meta = class._meta.concrete_model._meta
  local field = meta.fields_by_name[name]
  if field then
    return field
  end
  local names = sorted_keys(meta.fields_by_name)
  error(exceptions.DeserializationError(("%s has no field named '%s'%s"):format(meta.label, tostring(name), suggest(tostring(name), names))), 0)
end

local function python_value(field, value)
  if value == null or value == nil then
    return nil
  elseif field:get_internal_type() == "BinaryField" then
    return from_base64(value)
  elseif field:get_internal_type() == "JSONField" then
    return value
  end
  return field:to_python(value)
end

-- The key of a row given by its own natural key; nil, true when it is not there yet.
local function key_of(target, value, using, attname)
  if type(value) == "table" then
    local manager = target._default_manager:db_manager(using)
    if not pcall(function() return manager.get_by_natural_key end) then
      return value
    end
    local ok, found = pcall(manager.get_by_natural_key, manager, table.unpack(value))
    if not ok and exceptions.is(found, "ObjectDoesNotExist") then
      return nil, true
    elseif not ok then
      error(found, 0)
    end
    return rawget(found, attname or found._meta.pk.attname)
  end
  return value
end

local function blame(err, class, item)
  err = exceptions.wrap(err)
  error(exceptions.DeserializationError(("%s: (%s:pk=%s) %s"):format(err._name or "error", class._meta.label_lower, tostring(item.pk), err.message)), 0)
end

-- Sets what the item says; gives lists for M2M, and fields whose rows are not there yet.
local function fill(object, class, item, using, ignore)
  local many, later = {}, {}
  for name, value in pairs(item.fields or {}) do
    local ok, field = pcall(find_field, class, name)
    if not ok and ignore then
      goto continue
    elseif not ok then
      error(field, 0)
    end
    if field.many then
      many[#many + 1] = { field, value }
    elseif field.remote_model then
      local key, missing = key_of(field.remote_model, value, using, field.target_attname)
      if missing then
        later[#later + 1] = { field, value }
      else
        rawset(object, field.attname, python_value(field.target_field, key))
      end
    else
      rawset(object, field.attname, python_value(field, value))
    end
    ::continue::
  end
  return many, later
end

--- An object of a fixture: { object, many, later }. find(label) → class or nil.
function M.object(item, find, using, ignore)
  if type(item) ~= "table" or type(item.model) ~= "string" then
    error(exceptions.DeserializationError "a fixture is a list of objects { \"model\": …, \"pk\": …, \"fields\": … }", 0)
  end
  local class = find(item.model)
  if not class then
    if ignore then
      return nil
    end
    error(exceptions.DeserializationError(("Invalid model identifier: '%s'"):format(item.model)), 0)
  end
  local object = class()
  local meta = class._meta.concrete_model._meta
  for _, field in ipairs(meta.local_fields) do -- a fixture says all; no defaults for pk
    if field == meta.pk then
      rawset(object, field.attname, nil)
    end
  end
  local ok, many, later = pcall(fill, object, class, item, using, ignore)
  if not ok then
    blame(many, class, item)
  end
  if item.pk ~= nil and item.pk ~= null then
    local done, key = pcall(python_value, meta.pk.target_field or meta.pk, item.pk)
    if not done then
      blame(key, class, item)
    end
    rawset(object, meta.pk.attname, key)
  elseif class.natural_key then
    local key = key_of(class, { object:natural_key() }, using)
    rawset(object, meta.pk.attname, key)
  end
  return { object = object, class = class, item = item, many = many, later = later }
end

--- Writes it: the row as it is (signals with raw = true), then the lists.
function M.save(found, using)
  instances.save_base(found.object, { using = using, raw = true })
  for _, pair in ipairs(found.many) do
    local field, keys = pair[1], {}
    for i, value in ipairs(pair[2]) do
      local key, missing = key_of(field.remote_model, value, using)
      if missing then
        error(exceptions.DeserializationError(("%s: no %s has the natural key %s"):format(found.class._meta.label, field.remote_model._meta.label, json.encode(value))), 0)
      end
      keys[i] = python_value(field.remote_model._meta.pk, key)
    end
    found.object[field.name]:set(keys)
  end
end

--- Whether the row cannot be there without the fields that wait.
function M.must_wait(found)
  for _, pair in ipairs(found.later) do
    if not pair[1].null then
      return true
    end
  end
  return false
end

--- Fields that waited for rows of the same fixture. Gives whether all are there now.
function M.resolve(found, using)
  for _, pair in ipairs(found.later) do
    local field, value = pair[1], pair[2]
    local key, missing = key_of(field.remote_model, value, using, field.target_attname)
    if missing then
      error(exceptions.DeserializationError(("%s.%s: no %s has the natural key %s"):format(found.class._meta.label, field.name, field.remote_model._meta.label, json.encode(value))), 0)
    end
    rawset(found.object, field.attname, key)
  end
end

return M
