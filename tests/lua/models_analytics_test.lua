-- SPDX-License-Identifier: MIT
-- Reports of a shop, each one statement, with the results that Django gives on the same rows.
local t = require "harness"
local decimal = require "perilune.decimal"
local db = require "perilune.db"
local models = require "perilune.models"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local fn = models.functions
local F, Q, Value, Case, When, Window = models.F, models.Q, models.Value, models.Case, models.When, models.Window
local Count, Sum, Avg = models.Count, models.Sum, models.Avg
local OuterRef, Subquery, Exists = models.OuterRef, models.Subquery, models.Exists

local Meta = { app_label = "seed" }
local money = { max_digits = 10, decimal_places = 2 }

local User = models.Model("User", {
  username = models.CharField { max_length = 50 },
  email = models.CharField { max_length = 100 },
  Meta = Meta,
})
local Category = models.Model("Category", { name = models.CharField { max_length = 50 }, Meta = Meta })
local Product = models.Model("Product", {
  name = models.CharField { max_length = 50 },
  category = models.ForeignKey("Category", { on_delete = models.CASCADE }),
  price = models.DecimalField(money),
  stock_quantity = models.IntegerField { default = 0 },
  view_count = models.IntegerField { default = 0 },
  Meta = Meta,
})
local Order = models.Model("Order", {
  user = models.ForeignKey("User", { on_delete = models.CASCADE, related_name = "orders" }),
  status = models.CharField { max_length = 20 },
  total_amount = models.DecimalField(money),
  created_at = models.DateTimeField {},
  Meta = Meta,
})
local OrderItem = models.Model("OrderItem", {
  order = models.ForeignKey("Order", { on_delete = models.CASCADE, related_name = "items" }),
  product = models.ForeignKey("Product", { on_delete = models.CASCADE }),
  quantity = models.IntegerField {},
  price = models.DecimalField(money),
  Meta = Meta,
})
world.create(User, Category, Product, Order, OrderItem)

local now = time.datetime(2026, 6, 30, 12, 0, 0, { tz = "UTC" })

local function cents(n)
  return decimal(("%d.%02d"):format(n // 100, n % 100))
end

-- 42 orders with 80 items: the same arithmetic made the rows that Django was asked about.
local function fill()
  local users, products, orders, items = {}, {}, {}, {}
  for i = 1, 8 do
    users[i] = User { id = i, username = "user" .. i, email = ("u%d@example.com"):format(i) }
  end
  for i = 1, 3 do
    Category.objects:create { id = i, name = "cat" .. i }
  end
  for i = 1, 12 do
    products[i] = Product { id = i, name = ("product%02d"):format(i), category_id = (i - 1) % 3 + 1, price = cents(i * 725), stock_quantity = i * 7 % 5, view_count = i * 13 % 40 }
  end
  local statuses = { [0] = "new", "paid", "shipped", "delivered" }
  for i = 1, 40 do
    local total = 0
    for k = 1, i % 3 + 1 do
      local p, q = (i * 5 + k * 7) % 11 + 1, (i + k) % 4 + 1
      local price = p * 725 + i * 25
      items[#items + 1] = OrderItem { order_id = i, product_id = p, quantity = q, price = cents(price) }
      total = total + q * price
    end
    orders[i] = Order { id = i, user_id = i * i % 7 + 1, status = statuses[i % 4], total_amount = cents(total), created_at = now - time.timedelta { hours = i * i * 4 + 3 } }
  end
  orders[41] = Order { id = 41, user_id = 6, status = "paid", total_amount = decimal "49.90", created_at = now - time.timedelta { hours = 30 } }
  orders[42] = Order { id = 42, user_id = 7, status = "new", total_amount = decimal "1200", created_at = now - time.timedelta { days = 400 } }
  User.objects:bulk_create(users)
  Product.objects:bulk_create(products)
  Order.objects:bulk_create(orders)
  OrderItem.objects:bulk_create(items)
end

-- Numbers as Django's, which are decimals or floats of up to 15 digits.
local function text(v)
  if v == nil then
    return "nil"
  elseif decimal.is(v) then
    v = tonumber(tostring(v))
  end
  if math.type(v) == "float" then
    local s = ("%.10f"):format(v):gsub("0+$", ""):gsub("%.$", "")
    return s
  end
  return tostring(v)
end

-- Rows of a query in lines of the columns' texts, and one statement for all of it.
local function check(want, queryset, columns)
  local lines = {}
  local sent = db.capture(function()
    for _, row in ipairs(queryset) do
      local parts = {}
      for i, name in ipairs(columns) do
        local v = row
        for step in name:gmatch "[^.]+" do
          v = v[step]
        end
        parts[i] = text(v)
      end
      lines[#lines + 1] = table.concat(parts, " ")
    end
  end)
  assert.equal(1, #sent)
  assert.equal((want:gsub("\n +", "\n"):gsub("^%s+", ""):gsub("%s+$", "")), table.concat(lines, "\n"))
end

fill()

describe("reports", function()
  it("performance of products", function()
    local report = Product.objects:select_related("category"):annotate({
      total_sold = fn.Coalesce(Sum "orderitem__quantity", 0, { output_field = models.IntegerField {} }),
      total_revenue = fn.Coalesce(Sum(F "orderitem__quantity" * F "orderitem__price"), 0, { output_field = models.DecimalField(money) }),
      order_count = Count("orderitem__order", { distinct = true }),
      avg_order_quantity = fn.Coalesce(Avg "orderitem__quantity", 0, { output_field = models.DecimalField { max_digits = 5, decimal_places = 2 } }),
    }):values("id", "name", "category__name", "price", "stock_quantity", "total_sold", "total_revenue", "order_count", "avg_order_quantity")
      :order_by("-total_revenue", "id")
    check([[
      11 product11 cat2 79.75 2 18 1515.75 7 2.5714285714
      10 product10 cat1 72.5 0 19 1492.75 8 2.375
      7 product07 cat1 50.75 4 22 1183.5 8 2.75
      6 product06 cat3 43.5 2 23 1154.5 8 2.875
      9 product09 cat3 65.25 3 15 1037.25 7 2.1428571429
      8 product08 cat2 58 1 14 894.25 6 2.3333333333
      5 product05 cat2 36.25 0 18 742.75 7 2.5714285714
      3 product03 cat3 21.75 1 19 506.25 8 2.375
      4 product04 cat1 29 3 12 404.75 6 2
      2 product02 cat2 14.5 4 19 375.75 8 2.375
      1 product01 cat1 7.25 2 21 261.75 7 3
      12 product12 cat3 87 4 0 0 0 0
    ]], report, { "id", "name", "category__name", "price", "stock_quantity", "total_sold", "total_revenue", "order_count", "avg_order_quantity" })
  end)

  it("segments of customers, by annotations of the same call", function()
    local thirty_days_ago = now - time.timedelta { days = 30 }
    local out = { output_field = models.DecimalField(money) }
    local segments = User.objects:annotate({
      total_orders = Count "orders",
      total_spent = fn.Coalesce(Sum "orders__total_amount", 0, out),
      avg_order_value = fn.Coalesce(Avg "orders__total_amount", 0, out),
      recent_orders = Count("orders", { filter = Q { orders__created_at__gte = thirty_days_ago } }),
      segment = Case {
        When({ total_spent__gte = 1000, recent_orders__gte = 1 }, Value "VIP"),
        When({ total_spent__gte = 500, total_orders__gte = 3 }, Value "Loyal"),
        When({ recent_orders__gte = 1 }, Value "Active"),
        When({ total_orders__gte = 1 }, Value "Inactive"),
        default = Value "New",
        output_field = models.CharField { max_length = 20 },
      },
    }):values("id", "username", "total_orders", "total_spent", "avg_order_value", "segment"):order_by("-total_spent", "id")
    check([[
      5 user5 12 3195.5 266.2916666667 VIP
      3 user3 12 2829.75 235.8125 VIP
      2 user2 11 2635.25 239.5681818182 VIP
      7 user7 1 1200 1200 Inactive
      1 user1 5 908.75 181.75 Loyal
      6 user6 1 49.9 49.9 Active
      4 user4 0 0 0 New
      8 user8 0 0 0 New
    ]], segments, { "id", "username", "total_orders", "total_spent", "avg_order_value", "segment" })
  end)

  it("sales of the months", function()
    local trend = Order.objects:filter({ created_at__gte = now - time.timedelta { days = 360 }, status__in = { "paid", "shipped", "delivered" } })
      :annotate({ month = fn.TruncMonth "created_at" }):values("month")
      :annotate({ total_sales = Sum "total_amount", order_count = Count "id", avg_order_value = Avg "total_amount" }):order_by "month"
    check([[
      2025-10-01T00:00:00+00:00 46 1 46
      2025-11-01T00:00:00+00:00 733 2 366.5
      2025-12-01T00:00:00+00:00 728.75 3 242.9166666667
      2026-01-01T00:00:00+00:00 307 2 153.5
      2026-02-01T00:00:00+00:00 550.5 2 275.25
      2026-03-01T00:00:00+00:00 662 2 331
      2026-04-01T00:00:00+00:00 657.75 3 219.25
      2026-05-01T00:00:00+00:00 957.25 5 191.45
      2026-06-01T00:00:00+00:00 2535.4 11 230.4909090909
    ]], trend, { "month", "total_sales", "order_count", "avg_order_value" })
  end)

  it("products to recommend", function()
    local categories = Category.objects:filter({ product__orderitem__order__user_id = 1 }):distinct()
    local recommended = Product.objects:filter({ category__in = categories, stock_quantity__gt = 0 })
      :annotate({ popularity_score = Count "orderitem" + F "view_count" / 10 })
      :exclude({ orderitem__order__user_id = 1 }):order_by("-popularity_score", "id"):limit(10)
    check("2 10\n9 10\n11 9\n12 3", recommended, { "id", "popularity_score" })
  end)

  it("ranks within a category", function()
    local ranked = Product.objects:annotate({ total_sales = Sum "orderitem__quantity" }):annotate({
      sales_rank = Window { fn.Rank(), partition_by = { F "category" }, order_by = F("total_sales"):desc() },
    }):order_by("category", "sales_rank", "id")
    check([[
      7 1 22 1
      1 1 21 2
      10 1 19 3
      4 1 12 4
      2 2 19 1
      5 2 18 2
      11 2 18 2
      8 2 14 4
      6 3 23 1
      3 3 19 2
      9 3 15 3
      12 3 nil 4
    ]], ranked, { "id", "category_id", "total_sales", "sales_rank" })
    local running = Order.objects:filter({ id__lte = 40 }):annotate({ running_total = Window { Sum "total_amount", order_by = F("created_at"):asc() } }):order_by("created_at"):limit(4)
    check("40 325.5\n39 371.5\n38 851.25\n37 1104.5", running, { "id", "running_total" })
  end)

  it("advanced metrics of products", function()
    local metrics = Product.objects:filter({ id__lte = 11 }):annotate({
      total_quantity_sold = Sum "orderitem__quantity",
      total_revenue = Sum(F "orderitem__quantity" * F "orderitem__price"),
      unique_buyers = Count("orderitem__order__user", { distinct = true }),
      avg_order_quantity = Avg "orderitem__quantity",
      price_variance = models.Variance "orderitem__price",
      category_sales_rank = Window { fn.Rank(), partition_by = { F "category" }, order_by = F("total_revenue"):desc() },
      performance_tier = Case {
        When({ total_revenue__gte = 1000 }, Value "Premium"),
        When({ total_revenue__gte = 500 }, Value "Gold"),
        When({ total_revenue__gte = 100 }, Value "Silver"),
        default = Value "Bronze",
        output_field = models.CharField { max_length = 10 },
      },
    }):select_related("category"):order_by "id"
    check([[
      1 cat1 21 261.75 3 3 6.0510204082 4 Silver
      2 cat2 19 375.75 3 2.375 10.05859375 4 Silver
      3 cat3 19 506.25 4 2.375 10.859375 3 Gold
      4 cat1 12 404.75 4 2 3.3680555556 3 Silver
      5 cat2 18 742.75 4 2.5714285714 6.0510204082 3 Gold
      6 cat3 23 1154.5 4 2.875 10.05859375 1 Premium
      7 cat1 22 1183.5 4 2.75 9.9833984375 2 Premium
      8 cat2 14 894.25 4 2.3333333333 3.3680555556 2 Gold
      9 cat3 15 1037.25 3 2.1428571429 7.5153061224 2 Premium
      10 cat1 19 1492.75 4 2.375 11.1396484375 1 Premium
      11 cat2 18 1515.75 3 2.5714285714 7.1734693878 1 Premium
    ]], metrics, { "id", "category.name", "total_quantity_sold", "total_revenue", "unique_buyers", "avg_order_quantity", "price_variance", "category_sales_rank", "performance_tier" })
  end)

  it("figures of all orders", function()
    local r
    assert.equal(1, world.count(function()
      r = Order.objects:filter({ id__lte = 40 }):aggregate {
        total_orders = Count "id",
        completed_orders = Count(Case { When({ status = "delivered" }, 1) }),
        average_value = Avg "total_amount",
        total_revenue = Sum(Case { When({ status = "delivered" }, "total_amount"), default = 0, output_field = models.DecimalField(money) }),
      }
    end))
    assert.equal("40 10 239.23125 1740.5", ("%s %s %s %s"):format(text(r.total_orders), text(r.completed_orders), text(r.average_value), text(r.total_revenue)))
  end)

  it("the newest order of each customer; products that nobody bought", function()
    local newest = Order.objects:filter({ user = OuterRef "pk" }):order_by "-created_at"
    local users = User.objects:filter({ id__lte = 5 }):annotate({ at = Subquery(newest:values("created_at"):limit(1)), total = Subquery(newest:values("total_amount"):limit(1)) })
      :filter({ at__isnull = false }):order_by "id"
    check([[
      1 2026-06-22T05:00:00+00:00 164.75
      2 2026-06-30T05:00:00+00:00 306.25
      3 2026-06-28T21:00:00+00:00 8
      5 2026-06-29T17:00:00+00:00 373.25
    ]], users, { "id", "at", "total" })
    check("12", Product.objects:filter(~Exists(OrderItem.objects:filter { product = OuterRef "pk" })), { "id" })
    local recent = Order.objects:filter { user = OuterRef "pk", created_at__gte = now - time.timedelta { days = 30 } }
    check("1\n2\n3\n5\n6", User.objects:filter(Exists(recent)):order_by "id", { "id" })
  end)

  it("orders by day of the week", function()
    local days = Order.objects:filter({ id__lte = 40 }):annotate({ weekday = fn.Extract("created_at", "week_day") }):values("weekday"):annotate({ count = Count "id" }):order_by "weekday"
    check("1 2\n2 6\n3 5\n4 6\n5 4\n6 9\n7 8", days, { "weekday", "count" })
  end)

  it("mixed types want to be told what they make", function()
    local ok, err = pcall(function()
      return #User.objects:annotate { total = fn.Coalesce(Sum "orders__total_amount", 0) }
    end)
    assert.is_false(ok)
    assert.is_true(require("perilune.exceptions").is(err, "FieldError"))
  end)
end)

t.finish()
