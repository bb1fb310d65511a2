-- SPDX-License-Identifier: MIT
-- The cart: product keys and quantities in a signed cookie. Nothing of it is kept here, and
-- nothing in it is believed but that this shop has written it: prices are the shelf's.
local decimal = require "perilune.decimal"
local json = require "perilune.json"
local models = require "shop.models"
local orders = require "shop.orders"

local M = {}

local COOKIE, SALT, DAYS = "cart", "shop.cart", 30

local Cart = {}
Cart.__index = Cart

-- { ["12"] = 2 }, or nothing when the cookie is missing, forged or odd.
local function read(request)
  local ok, quantities = pcall(json.decode, request:get_signed_cookie(COOKIE, { default = "{}", salt = SALT, max_age = DAYS * 86400 }))
  local lines = {}
  for key, quantity in pairs(ok and type(quantities) == "table" and quantities or {}) do
    local pk = math.tointeger(tonumber(key))
    if pk and math.type(quantity) == "integer" and quantity > 0 then
      lines[pk] = math.min(quantity, orders.MAX_QUANTITY)
    end
  end
  return lines
end

--- The cart of the request's visitor.
function M.of(request)
  return setmetatable({ quantities = read(request) }, Cart)
end

--- How many of it the cart has.
function Cart:quantity(pk)
  return self.quantities[pk] or 0
end

--- Sets how many; 0 takes it out. Gives how many there are now.
function Cart:set(pk, quantity)
  quantity = math.max(0, math.min(quantity, orders.MAX_QUANTITY))
  local n = 0
  for _ in pairs(self.quantities) do
    n = n + 1
  end
  if quantity > 0 and not self.quantities[pk] and n >= orders.MAX_LINES then
    return 0 -- a cookie has 4 KB
  end
  self.quantities[pk] = quantity > 0 and quantity or nil
  return quantity
end

function Cart:add(pk, quantity)
  return self:set(pk, self:quantity(pk) + quantity)
end

function Cart:clear()
  self.quantities = {}
end

--- Pieces in it.
function Cart:count()
  local n = 0
  for _, quantity in pairs(self.quantities) do
    n = n + quantity
  end
  return n
end

--- { { product_id =, quantity = }, … } in order of the keys, for orders.place().
function Cart:lines()
  local lines = {}
  for pk, quantity in pairs(self.quantities) do
    lines[#lines + 1] = { product_id = pk, quantity = quantity }
  end
  table.sort(lines, function(a, b)
    return a.product_id < b.product_id
  end)
  return lines
end

--- What the page shows: { items = { { product =, quantity =, total =, short = }, … }, total = }, from
--- one query. What is not for sale any more is left out.
function Cart:contents()
  local lines = self:lines()
  local keys = {}
  for i, line in ipairs(lines) do
    keys[i] = line.product_id
  end
  local products = #keys > 0 and models.Product.objects:active():select_related("category"):in_bulk(keys) or {}
  local items, total = {}, decimal "0"
  for _, line in ipairs(lines) do
    local product = products[line.product_id]
    if product then
      local cost = product.price * line.quantity
      items[#items + 1] = { product = product, quantity = line.quantity, total = cost, short = product.stock_quantity < line.quantity }
      total = total + cost
    end
  end
  return { items = items, total = total }
end

--- Gives the visitor the cart as it is now. `cart_count` is for the number in the page's
--- head, which a script fills in: pages stay the same for everybody, and can be cached.
function Cart:save(request, response)
  local options = { max_age = DAYS * 86400, samesite = "Lax", secure = request:is_secure(), httponly = true, salt = SALT }
  local count = self:count()
  if count == 0 then
    response:delete_cookie(COOKIE, { samesite = "Lax" })
    response:delete_cookie("cart_count", { samesite = "Lax" })
    return response
  end
  local quantities = {}
  for pk, quantity in pairs(self.quantities) do
    quantities[tostring(pk)] = quantity
  end
  response:set_signed_cookie(COOKIE, json.encode(quantities), options)
  response:set_cookie("cart_count", tostring(count), { max_age = options.max_age, samesite = "Lax", secure = options.secure })
  return response
end

return M
