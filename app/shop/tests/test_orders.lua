-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local orders = require "shop.orders"
local signals = require "shop.signals"
local describe, it, assert = test.describe, test.it, test.assert

local function stock_of(product)
  return models.Product.objects:values_list("stock_quantity", { flat = true }):get { pk = product.pk }
end

describe("placing an order", function()
  it("keeps prices, takes the goods, and is paid", function()
    local lamp, boot = factories.product { price = decimal "10.00" }, factories.product { price = decimal "2.55", stock_quantity = 3 }
    local order = orders.place(factories.CUSTOMER, { { product_id = lamp.pk, quantity = 1 }, { product_id = boot.pk, quantity = 3 } })
    assert.equal("paid", order.status)
    assert.equal(decimal "17.65", order.total_amount)
    assert.equal(2, order.items:count())
    assert.equal(9, stock_of(lamp))
    assert.equal(0, stock_of(boot))
    lamp.price = decimal "99"
    lamp:save()
    assert.equal(decimal "10.00", order.items:get({ product = lamp }).price)
  end)

  it("sends order_paid", function()
    local heard
    local off = signals.order_paid:connect(function(_, event)
      heard = event.order
    end)
    local order = orders.place(factories.CUSTOMER, { { product_id = factories.product().pk, quantity = 1 } })
    off()
    assert.equal(order, heard)
  end)

  it("writes nothing when one thing is missing", function()
    local lamp, boot = factories.product(), factories.product { name = "Boot", stock_quantity = 1 }
    local err = assert.raises("OutOfStock", function()
      orders.place(factories.CUSTOMER, { { product_id = lamp.pk, quantity = 2 }, { product_id = boot.pk, quantity = 2 } })
    end)
    assert.equal("Only 1 of “Boot” are left; you asked for 2.", err.message)
    assert.equal(1, err.available)
    assert.equal(0, models.Order.objects:count())
    assert.equal(0, models.OrderItem.objects:count())
    assert.equal(10, stock_of(lamp))
  end)

  it("refuses what makes no sense", function()
    local lamp = factories.product()
    local line = { { product_id = lamp.pk, quantity = 1 } }
    for _, wrong in ipairs {
      { factories.CUSTOMER, {} },
      { factories.CUSTOMER, { { product_id = 0, quantity = 1 } } },
      { factories.CUSTOMER, { { product_id = lamp.pk, quantity = 0 } } },
      { { name = "A", email = "not one" }, line },
      { { name = "", email = "a@example.com" }, line },
    } do
      assert.raises("ValidationError", function()
        orders.place(table.unpack(wrong))
      end)
    end
    assert.equal(0, models.Order.objects:count())
  end)
end)

describe("the status of an order", function()
  it("moves on", function()
    local order = factories.order { { factories.product(), 1 } }
    orders.set_status(order, "shipped")
    orders.set_status(order, "delivered")
    order:refresh_from_db()
    assert.equal("delivered", order.status)
  end)

  it("moves nowhere else", function()
    local order = factories.order({ { factories.product(), 1 } }, { status = "delivered" })
    for _, status in ipairs { "pending", "paid", "cancelled", "nowhere" } do
      assert.raises("ValidationError", function()
        orders.set_status(order, status)
      end)
    end
  end)

  it("puts the goods back when it is cancelled", function()
    local lamp = factories.product()
    local order = orders.place(factories.CUSTOMER, { { product_id = lamp.pk, quantity = 4 } })
    assert.equal(6, stock_of(lamp))
    orders.set_status(order, "cancelled")
    assert.equal(10, stock_of(lamp))
  end)

  it("takes nothing twice", function()
    local lamp = factories.product()
    local order = orders.place(factories.CUSTOMER, { { product_id = lamp.pk, quantity = 1 } })
    order:save()
    order.customer_name = "Grace"
    order:save()
    assert.equal(9, stock_of(lamp))
  end)
end)
