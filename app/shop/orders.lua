-- SPDX-License-Identifier: MIT
-- Placing orders.
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local models = require "shop.models"
local text = require "perilune.utils.text"

local M = {}

M.MAX_LINES, M.MAX_QUANTITY = 50, 99

local DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789" -- none that look alike

local function total_of(lines, products)
  local total = decimal "0"
  for _, line in ipairs(lines) do
    total = total + products[line.product_id].price * line.quantity
  end
  return total
end

-- What is for sale of the lines, by key. ValidationError for what is not.
local function find(lines)
  local keys = {}
  for i, line in ipairs(lines) do
    keys[i] = line.product_id
  end
  local products = models.Product.objects:active():in_bulk(keys)
  for _, line in ipairs(lines) do
    if not products[line.product_id] then
      error(exceptions.ValidationError { items = { ("Product %d is not for sale."):format(line.product_id) } })
    end
  end
  return products
end

--- Places an order and pays for it, or does nothing at all.
--- customer: { name =, email =, address = }; lines: { { product_id =, quantity = }, … },
--- each product once. Prices are those of now. ValidationError for what is wrong in them,
--- OutOfStock (shop/stock.lua) when the shelf has less.
function M.place(customer, lines)
  if #lines == 0 then
    error(exceptions.ValidationError { items = { "The cart is empty." } })
  end
  return db.atomic(function()
    local products = find(lines)
    local order = models.Order {
      number = text.get_random_string(12, DIGITS),
      customer_name = customer.name,
      customer_email = customer.email,
      address = customer.address or "",
      total_amount = total_of(lines, products),
    }
    order:full_clean()
    order:save()
    local items = {}
    for i, line in ipairs(lines) do
      items[i] = models.OrderItem { order = order, product = products[line.product_id], quantity = line.quantity, price = products[line.product_id].price }
      items[i]:full_clean { validate_unique = false }
    end
    models.OrderItem.objects:bulk_create(items)
    -- Where a real shop would ask its bank. The receiver of post_save takes the goods.
    order.status = "paid"
    order:save()
    return order
  end)
end

-- From where to where.
local NEXT = {
  pending = { paid = true, cancelled = true },
  paid = { shipped = true, cancelled = true },
  shipped = { delivered = true, cancelled = true },
}

--- Moves an order on. ValidationError for a step that there is not.
function M.set_status(order, status)
  return db.atomic(function()
    local locked = models.Order.objects:select_for_update():get { pk = order.pk }
    if not (NEXT[locked.status] or {})[status] then
      error(exceptions.ValidationError { status = { ("An order that is %s cannot become %s."):format(locked.status, tostring(status)) } })
    end
    locked.status = status
    locked:save { update_fields = { "status", "updated_at" } }
    order.status = status
    return order
  end)
end

return M
