-- SPDX-License-Identifier: MIT
-- Rows for the tests: what a test does not care about is filled in.
local decimal = require "perilune.decimal"
local models = require "shop.models"

local M = {}

local n = 0

local function with(defaults, given)
  n = n + 1
  for name, value in pairs(given or {}) do
    defaults[name] = value
  end
  return defaults
end

function M.category(given)
  return models.Category.objects:create(with({ name = "Lamps", slug = ("lamps-%d"):format(n) }, given))
end

function M.product(given)
  local values = with({ name = ("Lamp %d"):format(n), slug = ("lamp-%d"):format(n), price = decimal "10.00", stock_quantity = 10 }, given)
  values.category = values.category or M.category()
  return models.Product.objects:create(values)
end

--- An order with items: { { product, quantity }, … }. Its stock is not touched.
function M.order(items, given)
  local total = decimal "0"
  for _, item in ipairs(items) do
    total = total + item[1].price * item[2]
  end
  local order = models.Order.objects:create(with({ number = ("ORDER%d"):format(n), customer_name = "Ada", customer_email = "ada@example.com", status = "paid", total_amount = total }, given))
  for _, item in ipairs(items) do
    models.OrderItem.objects:create { order = order, product = item[1], quantity = item[2], price = item[1].price }
  end
  return order
end

M.CUSTOMER = { name = "Ada", email = "ada@example.com", address = "1 Crater Road" }

return M
