-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local describe, it, assert = test.describe, test.it, test.assert

describe("a product", function()
  it("is expensive above 100", function()
    assert.is_true(models.Product({ price = decimal "150" }):is_expensive())
    assert.is_false(models.Product({ price = decimal "50" }):is_expensive())
  end)

  it("is called by its name", function()
    assert.equal("Lamp", tostring(models.Product { name = "Lamp" }))
  end)

  it("has no negative price or stock", function()
    for _, wrong in ipairs { { price = decimal "-1" }, { stock_quantity = -1 } } do
      assert.raises("IntegrityError", function()
        db.atomic(function()
          factories.product(wrong)
        end)
      end)
    end
  end)

  it("cannot be deleted once it was bought", function()
    local product = factories.product()
    factories.order { { product, 1 } }
    assert.raises("ProtectedError", function()
      product:delete()
    end)
  end)
end)

describe("products", function()
  it("are for sale when they and their category are", function()
    local closed = factories.category { is_active = false }
    local shown = factories.product()
    factories.product { is_active = false }
    factories.product { category = closed }
    assert.same({ shown.pk }, models.Product.objects:active():values_list("pk", { flat = true }):to_list())
  end)

  it("chain", function()
    local lamps = factories.category()
    factories.product { category = lamps, stock_quantity = 0, is_featured = true }
    local there = factories.product { category = lamps, is_featured = true }
    factories.product { is_featured = true }
    assert.equal(there, models.Product.objects:in_stock():featured():in_category(lamps):get())
  end)

  it("are found by each word of a search", function()
    factories.product { name = "Silver Lamp", description = "for the far side" }
    factories.product { name = "Silver Boot", description = "" }
    local function found(words)
      return models.Product.objects:search(words):count()
    end
    assert.equal(2, found "silver")
    assert.equal(1, found "silver SIDE")
    assert.equal(0, found "silver gold")
    assert.equal(0, found "%")
    assert.equal(2, found "  ")
  end)

  it("know what they have sold", function()
    local product = factories.product { price = decimal "2.50" }
    local unsold = factories.product()
    factories.order { { product, 2 } }
    factories.order { { product, 3 } }
    factories.order({ { product, 100 } }, { status = "cancelled" })
    local best = models.Product.objects:bestsellers()
    assert.equal(product, best[1])
    assert.equal(5, best[1].total_sold)
    assert.equal(decimal "12.50", best[1].revenue)
    assert.equal(unsold, best[2])
    assert.equal(0, best[2].total_sold)
    assert.equal(decimal "0", best[2].revenue)
  end)

  it("have the mean of the reviews that are shown", function()
    local product = factories.product()
    for rating, shown in pairs { [5] = true, [2] = true, [1] = false } do
      models.Review.objects:create { product = product, author = "A", rating = rating, is_approved = shown }
    end
    local row = models.Product.objects:with_rating():get { pk = product.pk }
    assert.equal(3.5, row.rating)
    assert.equal(2, row.n_reviews)
  end)
end)

describe("a review", function()
  it("has one to five stars", function()
    local product = factories.product()
    for _, rating in ipairs { 0, 6 } do
      assert.raises("IntegrityError", function()
        db.atomic(function()
          models.Review.objects:create { product = product, author = "A", rating = rating }
        end)
      end)
    end
  end)
end)
