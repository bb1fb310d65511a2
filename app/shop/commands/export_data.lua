-- SPDX-License-Identifier: MIT
-- `perilune export_data --format csv --from 2026-01-01`: orders, one after the other, however
-- many there are.
local commands = require "perilune.commands"
local csv = require "core.csv"
local json = require "perilune.json"
local models = require "shop.models"
local time = require "perilune.time"

local FIELDS = { "number", "created_at", "status", "customer_name", "customer_email", "total_amount" }

local function day(given)
  local ok, date = pcall(time.parse_date, given)
  if not ok or not date then
    return nil, "a day such as 2026-01-31"
  end
  return date
end

local function statuses()
  local names = {}
  for i, choice in ipairs(models.Order._meta:get_field("status").choices) do
    names[i] = choice[1]
  end
  return names
end

local function chosen(options)
  local orders = models.Order.objects:order_by "id"
  if options.status then
    orders = orders:filter { status__in = options.status }
  end
  if options.from then
    orders = orders:filter { created_at__date__gte = options.from }
  end
  if options.to then
    orders = orders:filter { created_at__date__lte = options.to }
  end
  return orders
end

local function items_of(order)
  local items = json.array {}
  for i, item in ipairs(order.items:all()) do
    items[i] = { product = item.product.slug, quantity = item.quantity, price = item.price }
  end
  return items
end

-- Each writer is { head, one order, between two, tail }.
local WRITERS = {
  csv = {
    head = csv.line(FIELDS),
    order = function(order)
      local row = { n = #FIELDS }
      for i, name in ipairs(FIELDS) do
        row[i] = order[name]
      end
      return csv.line(row)
    end,
    between = "",
    tail = "",
  },
  json = {
    head = "[\n",
    order = function(order)
      local row = { items = items_of(order) }
      for _, name in ipairs(FIELDS) do
        row[name] = order[name]
      end
      return json.encode(row)
    end,
    between = ",\n",
    tail = "\n]\n",
  },
}

local function write_all(orders, writer, write)
  local n = 0
  write(writer.head)
  for order in orders:iterator { chunk_size = 1000 } do
    write((n > 0 and writer.between or "") .. writer.order(order))
    n = n + 1
  end
  write(writer.tail)
  return n
end

return {
  help = "Writes orders as CSV or JSON, to a file or to standard output.",
  arguments = {
    { "--format", choices = { "csv", "json" }, default = "csv", help = "csv: a line for each order; json: with their items" },
    { "--output", "-o", metavar = "FILE", help = "instead of standard output" },
    { "--from", type = day, help = "orders of this day and later" },
    { "--to", type = day, help = "orders of this day and earlier" },
    { "--status", choices = statuses(), multiple = true, help = "only these; may be repeated" },
  },
  handle = function(options, command)
    if options.from and options.to and options.to < options.from then
      error(commands.CommandError "--to lies before --from: there are no such orders")
    end
    local orders, writer = chosen(options), WRITERS[options.format]
    if options.format == "json" then
      orders = orders:prefetch_related "items__product"
    end
    if not options.output then
      write_all(orders, writer, function(part)
        command.stdout:write(part, "")
      end)
      return
    end
    -- Beside the file first, so that nobody ever finds half of one.
    local part_name = options.output .. ".part"
    local file, why = io.open(part_name, "wb")
    if not file then
      error(commands.CommandError("cannot write " .. why))
    end
    local ok, n = pcall(write_all, orders, writer, function(part)
      assert(file:write(part))
    end)
    local closed, failed = file:close()
    if not ok or not closed then
      os.remove(part_name)
      error(ok and commands.CommandError("cannot write '" .. options.output .. "': " .. tostring(failed)) or n, 0)
    end
    assert(os.rename(part_name, options.output))
    command:write(("%d orders in %s"):format(n, options.output))
  end,
}
