-- SPDX-License-Identifier: MIT
-- The log of changes, and what leaves the caches.
local test = require "perilune.test"
local audit = require "shop.audit"
local cache = require "perilune.cache"
local catalog = require "shop.catalog"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local describe, it, assert = test.describe, test.it, test.assert

local function entries(instance)
  return models.AuditLog.objects:filter({ model_name = instance._meta.object_name, object_id = instance.pk }):order_by("id"):to_list()
end

describe("the log of changes", function()
  it("has what was made, changed and deleted", function()
    local product = factories.product { name = "Lamp", price = decimal "10.00" }
    local pk = product.pk
    product.price, product.name = decimal "12.50", "Big Lamp"
    product:save()
    product:delete()
    product.pk = pk
    local log = entries(product)
    assert.equal(3, #log)
    assert.same({ "created", "updated", "deleted" }, { log[1].action, log[2].action, log[3].action })
    assert.same({ "10.00", "12.50" }, { table.unpack(log[2].changes.price) })
    assert.same({ "Lamp", "Big Lamp" }, { table.unpack(log[2].changes.name) })
    assert.is_nil(log[2].changes.stock_quantity)
    assert.equal("Product Big Lamp was updated", log[2].details)
    assert.equal("system", log[2].actor)
  end)

  it("has no line for a save that changed nothing", function()
    local product = factories.product()
    product:save()
    models.Product.objects:get({ pk = product.pk }):save()
    assert.equal(1, #entries(product))
  end)

  it("knows who it was", function()
    local product = audit.as("grace", factories.product)
    assert.equal("grace", entries(product)[1].actor)
    assert.raises("Http404", function()
      audit.as("grace", error, require("perilune.http").Http404 "x")
    end)
    product.name = "x"
    product:save()
    assert.equal("system", entries(product)[2].actor)
  end)

  it("is rolled back with the change", function()
    local db = require "perilune.db"
    local product = factories.product()
    pcall(db.atomic, function()
      product.name = "never"
      product:save()
      error "no"
    end)
    assert.equal(1, #entries(product))
  end)
end)

describe("caches", function()
  -- Receivers tell the caches after the commit, which a test never comes to.
  local function committed(fn)
    return test.capture_on_commit(fn, { execute = true })
  end

  it("forget a product that was saved", function()
    local product = factories.product { name = "Before" }
    assert.equal("Before", catalog.product(product.slug).name)
    product.name = "After"
    committed(function()
      product:save()
    end)
    assert.equal("After", catalog.product(product.slug).name)
  end)

  it("forget the products of a category that was saved", function()
    local category = factories.category { name = "Before" }
    local product = factories.product { category = category }
    catalog.product(product.slug)
    category.name = "After"
    committed(function()
      category:save()
    end)
    assert.equal("After", catalog.product(product.slug).category.name)
  end)

  it("forget nothing when the change is rolled back", function()
    local db = require "perilune.db"
    local product = factories.product { name = "Before" }
    catalog.product(product.slug)
    committed(function()
      pcall(db.atomic, function()
        product.name = "After"
        product:save()
        error "no"
      end)
    end)
    assert.num_queries(0, function()
      assert.equal("Before", catalog.product(product.slug).name)
    end)
  end)

  it("remember that there is no such product", function()
    assert.is_nil(catalog.product "nothing")
    assert.num_queries(0, function()
      assert.is_nil(catalog.product "nothing")
    end)
  end)

  it("count looks, and write every tenth", function()
    local product = factories.product()
    for _ = 1, 25 do
      catalog.count_view(product.pk)
    end
    product:refresh_from_db()
    assert.equal(20, product.view_count)
    assert.equal(25, cache:get("shop:views:" .. product.pk))
  end)
end)
