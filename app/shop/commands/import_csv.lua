-- SPDX-License-Identifier: MIT
-- `perilune import_csv products.csv`: products from a table with the columns name, price and
-- category, and as one likes slug, description, stock_quantity, is_active, is_featured. All
-- of the file or nothing of it.
local clean = require "shop.clean"
local commands = require "perilune.commands"
local csv = require "core.csv"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "shop.models"
local text = require "perilune.utils.text"

local MOST_ERRORS = 20

local COLUMNS = { "name", "slug", "category", "description", "price", "stock_quantity", "is_active", "is_featured" }
local NEEDED = { "name", "price", "category" }

local function fail(message, ...)
  error(commands.CommandError(message:format(...)))
end

-- The columns' places by name.
local function read_head(head)
  local known, places = {}, {}
  for _, name in ipairs(COLUMNS) do
    known[name] = true
  end
  for i, name in ipairs(head) do
    name = name:match "^%s*(.-)%s*$":lower()
    if not known[name] then
      fail("line 1: there is no column '%s'; there are %s", name, table.concat(COLUMNS, ", "))
    elseif places[name] then
      fail("line 1: the column '%s' is there twice", name)
    end
    places[name] = i
  end
  for _, name in ipairs(NEEDED) do
    if not places[name] then
      fail("line 1: the column '%s' is missing", name)
    end
  end
  return places
end

local function flag(data, field, default)
  local given = (data[field] or ""):lower()
  if given == "" then
    return default
  elseif given == "1" or given == "true" or given == "yes" then
    return true
  elseif given == "0" or given == "false" or given == "no" then
    return false
  end
  error(exceptions.ValidationError { [field] = { ("“%s” is neither yes nor no."):format(given) } })
end

-- The values of a row, checked. ValidationError by field.
local function values_of(data)
  local values = clean.all {
    name = function() return clean.text(data, "name", 200, true) end,
    slug = function() return clean.text(data, "slug", 200) end,
    category = function() return clean.text(data, "category", 100, true) end,
    description = function() return clean.text(data, "description", 10000) end,
    price = function() return clean.money(data, "price", true) end,
    stock_quantity = function() return clean.integer(data, "stock_quantity", 0, 1000000) end,
    is_active = function() return flag(data, "is_active", true) end,
    is_featured = function() return flag(data, "is_featured", false) end,
  }
  values.slug = values.slug or text.slugify(values.name)
  return values
end

local function category_of(name, known)
  local slug = text.slugify(name)
  known[slug] = known[slug] or models.Category.objects:get_or_create { slug = slug, defaults = { name = name } }
  return known[slug]
end

-- Makes or changes the product of one row; gives "created", "updated" or "unchanged".
local function import(data, options, categories)
  local values = values_of(data)
  values.category = category_of(values.category, categories)
  local product = models.Product.objects:get_or_nil { slug = values.slug }
  if product and not options.update then
    error(exceptions.ValidationError { slug = { ("There is a product “%s” already (--update changes it)."):format(values.slug) } })
  end
  local made = product == nil
  product = product or models.Product {}
  local changed = made
  for name, value in pairs(values) do
    -- What the file says nothing about stays as it is.
    if made or data[name] ~= nil or name == "slug" then
      changed = changed or product[name] ~= value
      product[name] = value
    end
  end
  if not changed then
    return "unchanged"
  end
  product:full_clean()
  product:save()
  return made and "created" or "updated"
end

local function report(errors, line, err)
  if not exceptions.is(err, "ValidationError") then
    error(err, 0)
  end
  local fields = err.error_dict and err.message_dict or { __all__ = err.messages }
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    errors[#errors + 1] = ("line %d: %s%s"):format(line, name == "__all__" and "" or name .. ": ", table.concat(fields[name], " "))
  end
end

local function import_all(lines, options, counts)
  local rows, errors, categories = csv.rows(lines), {}, {}
  local head, _, why = rows()
  if not head then
    fail("%s", why and "line 1: " .. why or "the file is empty")
  end
  local places = read_head(head)
  for row, line, problem in rows do
    if not row then
      errors[#errors + 1] = ("line %d: %s"):format(line, problem)
      break -- what follows cannot be told apart
    elseif #row ~= #head then
      errors[#errors + 1] = ("line %d: %d values for %d columns"):format(line, #row, #head)
    else
      local data = {}
      for name, i in pairs(places) do
        data[name] = row[i]
      end
      local ok, result = pcall(import, data, options, categories)
      if ok then
        counts[result] = counts[result] + 1
      else
        report(errors, line, result)
      end
    end
    if #errors >= MOST_ERRORS then
      errors[#errors + 1] = "and perhaps more: these are the first"
      break
    end
  end
  if #errors > 0 then
    fail("nothing was imported:\n  %s", table.concat(errors, "\n  "))
  end
end

return {
  help = "Reads products from a CSV file: all of them, or none.",
  arguments = {
    { "csv_file", help = "the file; its first line names the columns" },
    { "--update", flag = true, help = "change products that are there already (found by their slug)" },
    { "--dry-run", flag = true, help = "only say what would happen" },
  },
  handle = function(options, command)
    local opened, why = io.open(options.csv_file, "rb")
    local file <close> = opened or fail("cannot read %s", why)
    local counts = { created = 0, updated = 0, unchanged = 0 }
    db.atomic(function()
      import_all(file:lines "L", options, counts)
      if options.dry_run then
        db.set_rollback(true)
      end
    end)
    command:write(("%s%d created, %d updated, %d unchanged"):format(options.dry_run and "dry run: " or "", counts.created, counts.updated, counts.unchanged))
  end,
}
