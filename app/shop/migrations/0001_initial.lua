-- Made by `perilune makemigrations`.
local decimal = require "perilune.decimal"
local migrations = require "perilune.migrations"
local models = require "perilune.models"

return {
  initial = true,
  dependencies = {},
  operations = {
    migrations.CreateModel{
      name = "Category",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField{ max_length = 100 } },
        { "slug", models.SlugField{ max_length = 100, unique = true } },
        { "is_active", models.BooleanField{ default = true } },
        { "created_at", models.DateTimeField{ auto_now_add = true } },
      },
      options = { ordering = { "name" }, verbose_name_plural = "categories" },
    },
    migrations.CreateModel{
      name = "Product",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField{ max_length = 200 } },
        { "slug", models.SlugField{ max_length = 200, unique = true } },
        { "category", models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products" }) },
        { "description", models.TextField{ blank = true } },
        { "price", models.DecimalField{
          decimal_places = 2,
          max_digits = 10,
          validators = { require("perilune.validators").MinValueValidator(decimal "0") },
        } },
        { "stock_quantity", models.IntegerField{ default = 0, validators = { require("perilune.validators").MinValueValidator(0) } } },
        { "is_active", models.BooleanField{ default = true } },
        { "is_featured", models.BooleanField{ default = false } },
        { "view_count", models.IntegerField{ default = 0 } },
        { "created_at", models.DateTimeField{ default = require("perilune._time").now, editable = false } },
        { "updated_at", models.DateTimeField{ auto_now = true } },
      },
      options = {
        constraints = {
          models.CheckConstraint{ condition = models.Q{ price__gte = 0 }, name = "product_price_not_negative" },
          models.CheckConstraint{ condition = models.Q{ stock_quantity__gte = 0 }, name = "product_stock_not_negative" },
        },
        indexes = {
          models.Index{ "category", "price", name = "product_category_price" },
          models.Index{ "-created_at", "-id", name = "product_newest" },
          models.Index{ "price", "id", name = "product_cheapest" },
        },
        ordering = { "-created_at", "-id" },
      },
    },
    migrations.CreateModel{
      name = "Order",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "number", models.CharField{ editable = false, max_length = 32, unique = true } },
        { "customer_name", models.CharField{ max_length = 100 } },
        { "customer_email", models.EmailField{} },
        { "address", models.TextField{ blank = true, max_length = 500 } },
        { "status", models.CharField{
          choices = {
            { "pending", "Pending" },
            { "paid", "Paid" },
            { "shipped", "Shipped" },
            { "delivered", "Delivered" },
            { "cancelled", "Cancelled" },
          },
          default = "pending",
          max_length = 20,
        } },
        { "total_amount", models.DecimalField{ decimal_places = 2, default = decimal "0", max_digits = 12 } },
        { "created_at", models.DateTimeField{ default = require("perilune._time").now, editable = false } },
        { "updated_at", models.DateTimeField{ auto_now = true } },
      },
      options = {
        indexes = {
          models.Index{ "status", "created_at", name = "order_status_created" },
          models.Index{ "customer_email", name = "order_customer" },
        },
        ordering = { "-created_at", "-id" },
      },
    },
    migrations.CreateModel{
      name = "OrderItem",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "order", models.ForeignKey("Order", { on_delete = models.CASCADE, related_name = "items" }) },
        { "product", models.ForeignKey("Product", { on_delete = models.PROTECT, related_name = "order_items" }) },
        { "quantity", models.PositiveIntegerField{ default = 1, validators = { require("perilune.validators").MinValueValidator(1) } } },
        { "price", models.DecimalField{ decimal_places = 2, max_digits = 10 } },
      },
      options = {
        constraints = {
          models.CheckConstraint{ condition = models.Q{ quantity__gte = 1 }, name = "orderitem_quantity_positive" },
        },
        indexes = { models.Index{ "product", "order", "quantity", "price", name = "orderitem_sales" } },
      },
    },
    migrations.CreateModel{
      name = "Review",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "product", models.ForeignKey("Product", { on_delete = models.CASCADE, related_name = "reviews" }) },
        { "author", models.CharField{ max_length = 80 } },
        { "rating", models.PositiveSmallIntegerField{
          validators = {
            require("perilune.validators").MinValueValidator(1),
            require("perilune.validators").MaxValueValidator(5),
          },
        } },
        { "text", models.TextField{ blank = true, max_length = 2000 } },
        { "is_approved", models.BooleanField{ default = true } },
        { "created_at", models.DateTimeField{ auto_now_add = true } },
      },
      options = {
        constraints = {
          models.CheckConstraint{ condition = models.Q{ rating__range = { 1, 5 } }, name = "review_rating_range" },
        },
        ordering = { "-created_at", "-id" },
      },
    },
    migrations.CreateModel{
      name = "AuditLog",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "model_name", models.CharField{ max_length = 50 } },
        { "object_id", models.BigIntegerField{} },
        { "action", models.CharField{
          choices = { { "created", "Created" }, { "updated", "Updated" }, { "deleted", "Deleted" } },
          max_length = 20,
        } },
        { "actor", models.CharField{ blank = true, max_length = 100 } },
        { "details", models.TextField{ blank = true } },
        { "changes", models.JSONField{ blank = true, default = {} } },
        { "timestamp", models.DateTimeField{ auto_now_add = true } },
      },
      options = {
        indexes = {
          models.Index{ "model_name", "object_id", name = "auditlog_object" },
          models.Index{ "timestamp", name = "auditlog_timestamp" },
        },
        ordering = { "-timestamp", "-id" },
      },
    },
  },
}
