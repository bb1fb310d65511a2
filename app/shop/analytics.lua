-- SPDX-License-Identifier: MIT
-- Reports, each one SQL statement. The functions of `M.queries` give the QuerySets, which
-- tests and `perilune shell` may look at; those of M itself give rows, kept for a while.
local cache = require "perilune.cache"
local models = require "perilune.models"
local querysets = require "shop.querysets"
local shop = require "shop.models"
local time = require "perilune.time"

local fn = models.functions
local F, Q, Value, Case, When, Window = models.F, models.Q, models.Value, models.Case, models.When, models.Window
local Avg, Count, Sum = models.Avg, models.Count, models.Sum
local OuterRef, Exists = models.OuterRef, models.Exists
local money = querysets.money

local M = { queries = {} }

local SOLD = { "paid", "shipped", "delivered" }
local REVENUE = F "order_items__quantity" * F "order_items__price"

local function days_ago(n)
  return time.now() - time.timedelta { days = n }
end

--- What each product has sold: pieces, money, orders, pieces per order.
function M.queries.product_performance()
  local sold = Q { order_items__order__status__in = SOLD }
  return shop.Product.objects
    :annotate({
      total_sold = fn.Coalesce(Sum("order_items__quantity", { filter = sold }), 0),
      total_revenue = money(Sum(REVENUE, { filter = sold })),
      order_count = Count("order_items__order", { distinct = true, filter = sold }),
      avg_order_quantity = fn.Coalesce(Avg("order_items__quantity", { filter = sold }), Value(0.0)),
    })
    :values("id", "name", "slug", "category__name", "price", "stock_quantity", "total_sold", "total_revenue", "order_count", "avg_order_quantity")
    :order_by("-total_revenue", "id")
end

--- Customers by what they have bought, and when.
function M.queries.customer_segments()
  return shop.Order.objects:sold()
    :values("customer_email")
    :annotate({
      total_orders = Count "id",
      total_spent = money(Sum "total_amount"),
      avg_order_value = money(Avg "total_amount"),
      recent_orders = Count("id", { filter = Q { created_at__gte = days_ago(30) } }),
    })
    :annotate({
      segment = Case {
        When({ total_spent__gte = 1000, recent_orders__gte = 1 }, Value "VIP"),
        When({ total_spent__gte = 500, total_orders__gte = 3 }, Value "Loyal"),
        When({ recent_orders__gte = 1 }, Value "Active"),
        default = Value "Inactive",
        output_field = models.CharField { max_length = 20 },
      },
    })
    :order_by("-total_spent", "customer_email")
end

--- Sales of each of the last months.
function M.queries.monthly_trend(months)
  return shop.Order.objects:sold():since(days_ago(months * 30))
    :annotate({ month = fn.TruncMonth "created_at" })
    :values("month")
    :annotate({ total_sales = Sum "total_amount", order_count = Count "id", avg_order_value = Avg "total_amount" })
    :order_by "month"
end

--- What is looked at and bought most: a look counts one, a piece sold in the last 30 days two.
function M.queries.trending(limit)
  local recent = Q { order_items__order__status__in = SOLD, order_items__order__created_at__gte = days_ago(30) }
  return shop.Product.objects:active():in_stock():select_related("category")
    :annotate({ bought = fn.Coalesce(Sum("order_items__quantity", { filter = recent }), 0) })
    :annotate({ trend_score = F "view_count" + F "bought" * 2 })
    :order_by("-trend_score", "id"):limit(limit)
end

--- What sells best in the categories a customer has bought from, but not what he has.
function M.queries.recommended(email, limit)
  local mine = shop.OrderItem.objects:filter { order__customer_email = email }
  return shop.Product.objects:active():in_stock():select_related("category")
    :filter({ category__in = mine:values "product__category" })
    :filter(~Exists(mine:filter { product = OuterRef "pk" }))
    :annotate({ popularity = Count "order_items" + F "view_count" / 10 })
    :order_by("-popularity", "id"):limit(limit)
end

--- What is bought together with a product, most often first; its category's newest beside that.
function M.queries.bought_together(product, limit)
  local orders = shop.OrderItem.objects:filter({ product = product }):values "order"
  return shop.Product.objects:active():select_related("category")
    :filter({ order_items__order__in = orders })
    :exclude({ pk = product.pk })
    :annotate({ together = Count "order_items" })
    :order_by("-together", "id"):limit(limit)
end

--- The rank of each product's revenue within its category.
function M.queries.category_ranking()
  return shop.Product.objects
    :with_sales()
    :annotate({ rank = Window { fn.Rank(), partition_by = { F "category" }, order_by = F("revenue"):desc() } })
    :values("id", "name", "slug", "category__name", "revenue", "rank")
    :order_by("category__name", "rank", "id")
end

--- Everything about each product in one query.
function M.queries.product_metrics()
  return shop.Product.objects:select_related("category")
    :annotate({
      total_quantity_sold = Sum "order_items__quantity",
      total_revenue = Sum(REVENUE),
      unique_buyers = Count("order_items__order__customer_email", { distinct = true }),
      avg_order_quantity = Avg "order_items__quantity",
      price_variance = models.Variance "order_items__price",
      category_sales_rank = Window { fn.Rank(), partition_by = { F "category" }, order_by = F("total_revenue"):desc() },
      performance_tier = Case {
        When({ total_revenue__gte = 10000 }, Value "Premium"),
        When({ total_revenue__gte = 5000 }, Value "Gold"),
        When({ total_revenue__gte = 1000 }, Value "Silver"),
        default = Value "Bronze",
        output_field = models.CharField { max_length = 10 },
      },
    })
    :order_by "id"
end

--- Orders and money by status.
function M.queries.order_status()
  return shop.Order.objects:values("status"):annotate({ n = Count "id", amount = money(Sum "total_amount") }):order_by "status"
end

-- ---- kept for a while ----

local HOUR = 3600

local function rows(queryset)
  return queryset:to_list()
end

-- Reports may be an hour old: while a new one is computed, the old one is given (`stale`).
local function kept(name, query)
  return cache.cached(function(...)
    return rows(query(...))
  end, { timeout = HOUR, stale = HOUR, key_prefix = "report:" .. name })
end

--- The best `limit` products.
M.product_performance = kept("product_performance", function(limit)
  return M.queries.product_performance():limit(limit)
end)

M.monthly_trend = kept("monthly_trend", function(months)
  return M.queries.monthly_trend(months)
end)

--- How many customers are in each segment: { { segment =, customers =, spent = }, … }.
M.segment_counts = cache.cached(function()
  local found, order = {}, { "VIP", "Loyal", "Active", "Inactive" }
  for _, row in ipairs(M.queries.customer_segments()) do
    local one = found[row.segment] or { segment = row.segment, customers = 0, spent = 0 }
    one.customers, one.spent = one.customers + 1, row.total_spent + one.spent
    found[row.segment] = one
  end
  local list = {}
  for _, name in ipairs(order) do
    list[#list + 1] = found[name]
  end
  return list
end, { timeout = HOUR, stale = HOUR, key_prefix = "report:segments" })

M.order_status = kept("order_status", M.queries.order_status)

--- Trending products as rows that a page can show.
M.trending = kept("trending", function(limit)
  return M.queries.trending(limit):values("id", "name", "slug", "price", "category__name", "trend_score")
end)

--- Fills what a first visitor would wait for.
function M.warm()
  M.product_performance(10)
  M.monthly_trend(12)
  M.segment_counts()
  M.order_status()
  M.trending(4)
end

return M
