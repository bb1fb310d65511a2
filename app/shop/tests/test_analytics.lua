-- SPDX-License-Identifier: MIT
-- Reports: right, in one statement each, and kept.
local test = require "perilune.test"
local analytics = require "shop.analytics"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local models = require "shop.models"
local time = require "perilune.time"
local describe, it, assert, before_each = test.describe, test.it, test.assert, test.before_each

local queries = analytics.queries

describe("reports", function()
  local lamp, boot, tent

  before_each(function()
    local lamps = factories.category { name = "Lamps" }
    lamp = factories.product { name = "Lamp", category = lamps, price = decimal "100.00", view_count = 5 }
    boot = factories.product { name = "Boot", category = lamps, price = decimal "10.00", view_count = 50 }
    tent = factories.product { name = "Tent", category = factories.category { name = "Tents" }, price = decimal "500.00" }
    factories.order({ { lamp, 2 }, { boot, 1 } }, { customer_email = "ada@example.com" })
    factories.order({ { lamp, 1 } }, { customer_email = "bob@example.com", status = "shipped" })
    factories.order({ { boot, 9 } }, { customer_email = "bob@example.com", status = "pending" })
  end)

  it("of products", function()
    local rows
    assert.num_queries(1, function()
      rows = queries.product_performance():to_list()
    end)
    assert.equal(3, #rows)
    assert.equal(lamp.pk, rows[1].id)
    assert.equal(3, rows[1].total_sold)
    assert.equal(decimal "300.00", rows[1].total_revenue)
    assert.equal(2, rows[1].order_count)
    assert.equal(1.5, tonumber(tostring(rows[1].avg_order_quantity)))
    assert.equal(1, rows[2].total_sold) -- what was not paid for does not count
    assert.equal(tent.pk, rows[3].id)
    assert.equal(decimal "0", rows[3].total_revenue)
  end)

  it("are kept", function()
    analytics.product_performance(10)
    assert.num_queries(0, function()
      assert.equal("Lamp", analytics.product_performance(10)[1].name)
    end)
  end)

  it("of customers", function()
    for _ = 1, 2 do
      factories.order({ { tent, 1 } }, { customer_email = "vip@example.com" })
    end
    local old = factories.order({ { lamp, 3 } }, { customer_email = "gone@example.com" })
    models.Order.objects:filter({ pk = old.pk }):update { created_at = time.now() - time.timedelta { days = 100 } }
    local segments = {}
    assert.num_queries(1, function()
      for _, row in ipairs(queries.customer_segments()) do
        segments[row.customer_email] = row.segment
      end
    end)
    assert.same({ ["vip@example.com"] = "VIP", ["ada@example.com"] = "Active", ["bob@example.com"] = "Active", ["gone@example.com"] = "Inactive" }, segments)
  end)

  it("of months", function()
    local rows = queries.monthly_trend(12):to_list()
    assert.equal(1, #rows)
    assert.equal(decimal "310.00", rows[1].total_sales)
    assert.equal(2, rows[1].order_count)
  end)

  it("of what is trending", function()
    assert.same({ boot.pk, lamp.pk, tent.pk }, queries.trending(3):values_list("pk", { flat = true }):to_list())
  end)

  it("of what one might like", function()
    local other = factories.product { category = lamp.category }
    assert.same({ other.pk }, queries.recommended("ada@example.com", 5):values_list("pk", { flat = true }):to_list())
    assert.same({ boot.pk }, queries.bought_together(lamp, 5):values_list("pk", { flat = true }):to_list())
    assert.equal(0, #queries.recommended("nobody@example.com", 5))
  end)

  it("of ranks", function()
    local ranks = {}
    assert.num_queries(1, function()
      for _, row in ipairs(queries.category_ranking()) do
        ranks[row.name] = row.rank
      end
    end)
    assert.same({ Lamp = 1, Boot = 2, Tent = 1 }, ranks)
  end)

  it("of everything at once", function()
    local rows
    assert.num_queries(1, function()
      rows = queries.product_metrics():to_list()
      assert.equal("Lamps", rows[1].category.name)
    end)
    assert.equal(3, rows[1].total_quantity_sold)
    assert.equal(2, rows[1].unique_buyers)
    assert.equal(1, rows[1].category_sales_rank)
    assert.equal("Bronze", rows[1].performance_tier)
    assert.is_nil(rows[3].total_revenue)
  end)
end)
