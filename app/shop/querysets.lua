-- SPDX-License-Identifier: MIT
-- What is asked of the shop's tables again and again, as methods that chain:
-- Product.objects:active():in_stock():with_sales().
local decimal = require "perilune.decimal"
local models = require "perilune.models"

local fn = models.functions
local F, Q, Value = models.F, models.Q, models.Value
local Avg, Count, Sum = models.Avg, models.Count, models.Sum

local M = {}

--- A sum of money, or what can become one.
M.MONEY = { max_digits = 12, decimal_places = 2 }

local function money(expression)
  return fn.Coalesce(expression, Value(decimal "0"), { output_field = models.DecimalField(M.MONEY) })
end
M.money = money

--- Words of a search: each has to be in the name or in the description.
local function matching(words)
  local all
  for word in words:gmatch "%S+" do
    local one = Q { name__icontains = word } | Q { description__icontains = word }
    all = all and (all & one) or one
  end
  return all
end

M.CategoryQuerySet = models.QuerySet:extend {
  active = function(self)
    return self:filter { is_active = true }
  end,

  --- n_products: how many of its products are for sale.
  with_counts = function(self)
    return self:annotate { n_products = Count("products", { filter = Q { products__is_active = true } }) }
  end,
}

M.ProductQuerySet = models.QuerySet:extend {
  --- For sale, in a category that is shown.
  active = function(self)
    return self:filter { is_active = true, category__is_active = true }
  end,

  in_stock = function(self)
    return self:filter { stock_quantity__gt = 0 }
  end,

  featured = function(self)
    return self:filter { is_featured = true }
  end,

  in_category = function(self, category)
    return self:filter { category = category }
  end,

  search = function(self, words)
    local condition = matching(words)
    return condition and self:filter(condition) or self
  end,

  --- total_sold and revenue, of all orders that were paid.
  with_sales = function(self)
    local sold = Q { order_items__order__status__in = { "paid", "shipped", "delivered" } }
    return self:annotate {
      total_sold = fn.Coalesce(Sum("order_items__quantity", { filter = sold }), 0),
      revenue = money(Sum(F "order_items__quantity" * F "order_items__price", { filter = sold })),
    }
  end,

  --- rating and n_reviews, of the reviews that are shown.
  with_rating = function(self)
    local shown = Q { reviews__is_approved = true }
    return self:annotate { rating = Avg("reviews__rating", { filter = shown }), n_reviews = Count("reviews", { filter = shown, distinct = true }) }
  end,

  bestsellers = function(self)
    return self:with_sales():order_by("-total_sold", "id")
  end,
}

M.OrderQuerySet = models.QuerySet:extend {
  --- Paid for, and not taken back.
  sold = function(self)
    return self:filter { status__in = { "paid", "shipped", "delivered" } }
  end,

  since = function(self, moment)
    return self:filter { created_at__gte = moment }
  end,
}

M.ReviewQuerySet = models.QuerySet:extend {
  approved = function(self)
    return self:filter { is_approved = true }
  end,
}

return M
