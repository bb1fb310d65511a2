-- SPDX-License-Identifier: MIT
-- Goods on the shelf. The condition and the subtraction are one statement, so that two
-- orders for the last piece cannot both have it, on any database.
local exceptions = require "perilune.exceptions"
local forget = require("shop.catalog").forget
local models = require "shop.models"
local F = require("perilune.models").F

local M = {}

--- There is less than was asked for. `.product`, `.wanted`, `.available`.
M.OutOfStock = exceptions.define("OutOfStock", exceptions.Exception)

local function lines(order)
  return order.items:select_related("product"):order_by "product_id"
end

--- Takes what the order has. OutOfStock when something is not there: then nothing is taken,
--- as the transaction around it is rolled back.
function M.take(order)
  for _, item in ipairs(lines(order)) do
    local shelf = models.Product.objects:filter { pk = item.product_id }
    local taken = shelf:filter({ stock_quantity__gte = item.quantity }):update { stock_quantity = F "stock_quantity" - item.quantity }
    if taken == 0 then
      local left = shelf:values_list("stock_quantity", { flat = true }):first() or 0
      local text = left == 0 and ("“%s” is sold out."):format(item.product.name)
        or ("Only %d of “%s” are left; you asked for %d."):format(left, item.product.name, item.quantity)
      error(M.OutOfStock(text, { product = item.product, wanted = item.quantity, available = left }))
    end
    forget("product:" .. item.product_id)
  end
end

--- Puts back what the order had.
function M.put_back(order)
  for _, item in ipairs(lines(order)) do
    models.Product.objects:filter({ pk = item.product_id }):update { stock_quantity = F "stock_quantity" + item.quantity }
    forget("product:" .. item.product_id)
  end
end

return M
