-- SPDX-License-Identifier: MIT
-- The pages of the shop. They are the same for every visitor (the number of the cart comes
-- from a cookie, by shop.js), so the list is kept whole for a while: cache.page.
local Paginator = require("perilune.paginator").Paginator
local access = require "core.access"
local analytics = require "shop.analytics"
local audit = require "shop.audit"
local cache = require "perilune.cache"
local cart_of = require("shop.cart").of
local catalog = require "shop.catalog"
local clean = require "shop.clean"
local exceptions = require "perilune.exceptions"
local filters = require "shop.filters"
local http = require "perilune.http"
local models = require "shop.models"
local orders = require "shop.orders"
local time = require "perilune.time"
local urls = require "perilune.urls"

local reads, writes = http.require_methods { "GET", "HEAD" }, http.require_methods { "POST" }

local M = {}

local PAGE_SIZE = 24

-- ---- the catalog ----

--- Kept for a minute: of all who ask for the same list one makes it, and while a new one is
--- made the others get the old.
M.index = cache.page(60, { key_prefix = "shop", stale = 60 })(reads(function(request)
  local wanted, errors, category = filters.read_kindly(request.GET)
  local page = Paginator(catalog.products(wanted), PAGE_SIZE):get_page(request.GET:get("page", 1))
  local plain = next(wanted) == nil or wanted.sort == "newest" and not (wanted.q or wanted.category or wanted.min_price or wanted.max_price or wanted.in_stock or wanted.featured)
  return http.render(request, "shop/index.html", {
    page = page,
    pages = page.paginator:get_elided_page_range(page.number),
    category = category,
    categories = catalog.categories(),
    trending = plain and page.number == 1 and analytics.trending(4) or nil,
    sorts = catalog.ORDERS,
    sort = wanted.sort or "newest",
    errors = errors,
    filtered = not plain,
  }, { status = next(errors) and 400 or 200 })
end))

local function product_page(request, product, form, errors)
  local reviews = models.Review.objects:approved():filter({ product_id = product.id }):limit(20)
  return http.render(request, "shop/product.html", {
    product = product,
    reviews = reviews,
    together = analytics.queries.bought_together(models.Product { id = product.id }, 4),
    form = form or {},
    errors = errors or {},
    ratings = { 5, 4, 3, 2, 1 },
    max_quantity = math.min(product.stock_quantity, orders.MAX_QUANTITY),
  }, { status = errors and 400 or 200 })
end

M.product = reads(function(request, params)
  local product = catalog.product_or_404(params.slug)
  local response = product_page(request, product)
  catalog.count_view(product.id)
  return response
end)

-- The errors of a ValidationError by field; anything else goes on.
local function messages_of(err)
  if exceptions.is(err, "ValidationError") then
    return err.error_dict and err.message_dict or { [exceptions.NON_FIELD_ERRORS] = err.messages }
  end
  error(err, 0)
end

M.review = writes(function(request, params)
  local product = catalog.product_or_404(params.slug)
  local ok, err = pcall(function()
    local values = clean.all {
      author = function() return clean.text(request.POST, "author", 80, true) end,
      rating = function() return clean.integer(request.POST, "rating", 1, 5, true) end,
      text = function() return clean.text(request.POST, "text", 2000) end,
    }
    models.Review.objects:create { product_id = product.id, author = values.author, rating = values.rating, text = values.text or "" }
  end)
  if not ok then
    return product_page(request, product, request.POST, messages_of(err))
  end
  return http.redirect(product.url .. "#reviews")
end)

-- ---- the cart ----

local function cart_page(request, form, errors, cart)
  cart = cart or cart_of(request)
  local response = http.render(request, "shop/cart.html", { cart = cart:contents(), form = form or {}, errors = errors or {}, max_quantity = orders.MAX_QUANTITY }, {
    status = errors and 400 or 200,
    headers = { ["Cache-Control"] = "no-store" },
  })
  return cart:save(request, response)
end

M.cart = reads(function(request)
  return cart_page(request)
end)

local function product_sent(request)
  return clean.integer(request.POST, "product", 1, 2 ^ 53 // 1, true)
end

-- Where to go after a change of the cart, and what to say when it cannot be.
local function change_cart(request, change)
  local cart = cart_of(request)
  local ok, err = pcall(change, cart)
  if not ok then
    return cart_page(request, nil, messages_of(err))
  end
  return cart:save(request, http.redirect "shop:cart")
end

M.cart_add = writes(function(request)
  return change_cart(request, function(cart)
    local product = http.get_object_or_404(models.Product.objects:active(), { pk = product_sent(request) })
    cart:add(product.pk, clean.integer(request.POST, "quantity", 1, orders.MAX_QUANTITY) or 1)
    if cart:quantity(product.pk) == 0 then
      error(exceptions.ValidationError { items = { ("A cart has room for %d products."):format(orders.MAX_LINES) } })
    end
  end)
end)

M.cart_set = writes(function(request)
  return change_cart(request, function(cart)
    cart:set(product_sent(request), clean.integer(request.POST, "quantity", 0, orders.MAX_QUANTITY, true))
  end)
end)

-- ---- orders ----

local function customer_sent(data)
  return clean.all {
    name = function() return clean.text(data, "name", 100, true) end,
    email = function() return clean.text(data, "email", 254, true) end,
    address = function() return clean.text(data, "address", 500, true) end,
  }
end

-- A field of the order as the form calls it.
local FORM_NAMES = { customer_name = "name", customer_email = "email" }

M.checkout = writes(function(request)
  local cart = cart_of(request)
  local ok, order = pcall(function()
    return audit.as(request.POST:get "email" or "", orders.place, customer_sent(request.POST), cart:lines())
  end)
  if ok then
    cart:clear()
    return cart:save(request, http.redirect(order))
  elseif exceptions.is(order, "OutOfStock") then
    return cart_page(request, request.POST, { items = { order.message } }, cart)
  end
  local errors = {}
  for field, list in pairs(messages_of(order)) do
    errors[FORM_NAMES[field] or field] = list
  end
  return cart_page(request, request.POST, errors, cart)
end)

M.order = reads(function(request, params)
  local order = http.get_object_or_404(models.Order.objects:prefetch_related "items__product", { number = params.number })
  return http.render(request, "shop/order.html", { order = order }, { headers = { ["Cache-Control"] = "private, no-store" } })
end)

-- ---- for the staff ----

-- A page for whoever has signed in; without a token in the settings, for everybody.
local function staff_only(view)
  return function(request, params)
    if request.is_staff or not access.enabled() then
      return view(request, params)
    end
    return http.redirect(urls.reverse("sign_in", nil, { query = { next = request.path } }))
  end
end

-- "Nov" for the charts.
local function with_labels(trend)
  for _, row in ipairs(trend) do
    row.label = time.format(row.month, "M")
  end
  return trend
end

M.dashboard = reads(staff_only(function(request)
  return http.render(request, "shop/dashboard.html", {
    trend = with_labels(analytics.monthly_trend(12)),
    products = analytics.product_performance(10),
    segments = analytics.segment_counts(),
    statuses = analytics.order_status(),
    low = models.Product.objects:active():filter({ stock_quantity__lt = 5 }):order_by("stock_quantity", "name"):limit(8),
    changes = models.AuditLog.objects:limit(8),
    stats = cache:stats(),
  }, { headers = { ["Cache-Control"] = "private, no-store" } })
end))

return M
