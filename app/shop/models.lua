-- SPDX-License-Identifier: MIT
-- Categories with products, orders with items, reviews, and a log of who changed what.
local decimal = require "perilune.decimal"
local models = require "perilune.models"
local querysets = require "shop.querysets"
local time = require "perilune.time"
local urls = require "perilune.urls"
local validators = require "perilune.validators"

local Q = models.Q

local Category = models.Model("Category", {
  name = models.CharField { max_length = 100 },
  slug = models.SlugField { max_length = 100, unique = true },
  is_active = models.BooleanField { default = true },
  created_at = models.DateTimeField { auto_now_add = true },
  objects = querysets.CategoryQuerySet:as_manager(),
  Meta = { ordering = { "name" }, verbose_name_plural = "categories" },
})

function Category.__tostring(self)
  return self.name
end

local Product = models.Model("Product", {
  name = models.CharField { max_length = 200 },
  slug = models.SlugField { max_length = 200, unique = true },
  category = models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products" }),
  description = models.TextField { blank = true },
  price = models.DecimalField { max_digits = 10, decimal_places = 2, validators = { validators.MinValueValidator(decimal "0") } },
  stock_quantity = models.IntegerField { default = 0, validators = { validators.MinValueValidator(0) } },
  is_active = models.BooleanField { default = true },
  is_featured = models.BooleanField { default = false },
  view_count = models.IntegerField { default = 0 },
  created_at = models.DateTimeField { default = time.now, editable = false },
  updated_at = models.DateTimeField { auto_now = true },
  objects = querysets.ProductQuerySet:as_manager(),
  Meta = {
    ordering = { "-created_at", "-id" },
    indexes = {
      models.Index { "category", "price", name = "product_category_price" },
      models.Index { "-created_at", "-id", name = "product_newest" },
      models.Index { "price", "id", name = "product_cheapest" },
    },
    constraints = {
      models.CheckConstraint { Q { price__gte = 0 }, name = "product_price_not_negative" },
      -- The last guard against selling what is not there: see shop/signals.lua.
      models.CheckConstraint { Q { stock_quantity__gte = 0 }, name = "product_stock_not_negative" },
    },
  },
})

function Product.__tostring(self)
  return self.name
end

function Product:is_expensive()
  return self.price > decimal "100"
end

function Product:in_stock()
  return self.stock_quantity > 0
end

function Product:get_absolute_url()
  return urls.reverse("shop:product", { slug = self.slug })
end

local Order = models.Model("Order", {
  number = models.CharField { max_length = 32, unique = true, editable = false },
  customer_name = models.CharField { max_length = 100 },
  customer_email = models.EmailField(),
  address = models.TextField { blank = true, max_length = 500 },
  status = models.CharField {
    max_length = 20,
    default = "pending",
    choices = { { "pending", "Pending" }, { "paid", "Paid" }, { "shipped", "Shipped" }, { "delivered", "Delivered" }, { "cancelled", "Cancelled" } },
  },
  total_amount = models.DecimalField { max_digits = 12, decimal_places = 2, default = decimal "0" },
  created_at = models.DateTimeField { default = time.now, editable = false },
  updated_at = models.DateTimeField { auto_now = true },
  objects = querysets.OrderQuerySet:as_manager(),
  Meta = {
    ordering = { "-created_at", "-id" },
    indexes = {
      models.Index { "status", "created_at", name = "order_status_created" },
      models.Index { "customer_email", name = "order_customer" },
    },
  },
})

function Order.__tostring(self)
  return "Order " .. self.number
end

--- Only who knows the number sees an order, so it is not to be guessed.
function Order:get_absolute_url()
  return urls.reverse("shop:order", { number = self.number })
end

local OrderItem = models.Model("OrderItem", {
  order = models.ForeignKey("Order", { on_delete = models.CASCADE, related_name = "items" }),
  product = models.ForeignKey("Product", { on_delete = models.PROTECT, related_name = "order_items" }),
  quantity = models.PositiveIntegerField { default = 1, validators = { validators.MinValueValidator(1) } },
  price = models.DecimalField { max_digits = 10, decimal_places = 2 }, -- of one, when it was bought
  Meta = {
    constraints = { models.CheckConstraint { Q { quantity__gte = 1 }, name = "orderitem_quantity_positive" } },
    -- Reports read items by product: with this they need not look at the table.
    indexes = { models.Index { "product", "order", "quantity", "price", name = "orderitem_sales" } },
  },
})

--- What the line costs.
function OrderItem:total()
  return self.price * self.quantity
end

local Review = models.Model("Review", {
  product = models.ForeignKey("Product", { on_delete = models.CASCADE, related_name = "reviews" }),
  author = models.CharField { max_length = 80 },
  rating = models.PositiveSmallIntegerField { validators = { validators.MinValueValidator(1), validators.MaxValueValidator(5) } },
  text = models.TextField { blank = true, max_length = 2000 },
  is_approved = models.BooleanField { default = true },
  created_at = models.DateTimeField { auto_now_add = true },
  objects = querysets.ReviewQuerySet:as_manager(),
  Meta = {
    ordering = { "-created_at", "-id" },
    constraints = { models.CheckConstraint { Q { rating__range = { 1, 5 } }, name = "review_rating_range" } },
  },
})

local AuditLog = models.Model("AuditLog", {
  model_name = models.CharField { max_length = 50 },
  object_id = models.BigIntegerField(),
  action = models.CharField { max_length = 20, choices = { { "created", "Created" }, { "updated", "Updated" }, { "deleted", "Deleted" } } },
  actor = models.CharField { max_length = 100, blank = true }, -- who, as far as one knows
  details = models.TextField { blank = true },
  changes = models.JSONField { default = {}, blank = true }, -- { field = { before, after } }
  timestamp = models.DateTimeField { auto_now_add = true },
  Meta = {
    ordering = { "-timestamp", "-id" },
    indexes = { models.Index { "model_name", "object_id", name = "auditlog_object" }, models.Index { "timestamp", name = "auditlog_timestamp" } },
  },
})

return { Category = Category, Product = Product, Order = Order, OrderItem = OrderItem, Review = Review, AuditLog = AuditLog }
