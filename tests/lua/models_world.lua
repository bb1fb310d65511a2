-- SPDX-License-Identifier: MIT
-- Models and their tables for the tests of perilune.models.  PERILUNE_TEST_DATABASE may name
-- another database than one in memory.
local databases = require "perilune._databases"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"

local M = {}

databases.configure { default = { engine = "sqlite", name = os.getenv "PERILUNE_TEST_DATABASE" or ":memory:" } }

--- Makes the tables of classes (those that relations made, too).
function M.create(...)
  local Schema = require "perilune._migrations.schema_sqlite"
  local schema = Schema.new(db.connection())
  local registry = require("perilune._models.registry").project
  registry:world()
  for _, class in ipairs { ... } do
    schema:create_model(class)
  end
  schema:finish()
end

--- Empties the tables of classes.
function M.clear(...)
  for _, class in ipairs { ... } do
    for _, field in ipairs(class._meta.many_to_many) do
      db.execute(('DELETE FROM "%s"'):format(field.through_model._meta.db_table))
    end
    db.execute(('DELETE FROM "%s"'):format(class._meta.db_table))
  end
end

local Meta = { app_label = "shop" }

--- Categories, products with tags, orders with items: what most tests need.
function M.shop()
  local ProductQuerySet = models.QuerySet:extend {
    active = function(self)
      return self:filter { is_active = true }
    end,
    priced = function(self, least)
      return self:filter { price__gte = least }
    end,
  }
  local s = {}
  s.Category = models.Model("Category", {
    name = models.CharField { max_length = 50, unique = true },
    parent = models.ForeignKey("self", { null = true, blank = true, on_delete = models.SET_NULL, related_name = "children" }),
    Meta = { app_label = "shop", verbose_name_plural = "categories" },
  })
  s.Tag = models.Model("Tag", { name = models.CharField { max_length = 20 }, Meta = Meta })
  s.Product = models.Model("Product", {
    name = models.CharField { max_length = 200 },
    category = models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products", null = true, blank = true }),
    price = models.DecimalField { max_digits = 10, decimal_places = 2 },
    stock = models.IntegerField { default = 0 },
    is_active = models.BooleanField { default = true },
    note = models.CharField { max_length = 20, null = true, blank = true },
    tags = models.ManyToManyField("Tag", { blank = true, related_name = "products" }),
    created_at = models.DateTimeField { auto_now_add = true },
    objects = ProductQuerySet:as_manager(),
    Meta = { app_label = "shop", ordering = { "name" } },
  })
  function s.Product.__tostring(self)
    return self.name
  end
  s.Order = models.Model("Order", {
    customer = models.CharField { max_length = 50 },
    status = models.CharField { max_length = 10, default = "new", choices = { { "new", "New" }, { "paid", "Paid" } } },
    placed_at = models.DateTimeField { null = true },
    Meta = Meta,
  })
  s.Item = models.Model("Item", {
    order = models.ForeignKey("Order", { on_delete = models.CASCADE, related_name = "items" }),
    product = models.ForeignKey("Product", { on_delete = models.PROTECT, related_name = "items" }),
    quantity = models.IntegerField { default = 1 },
    price = models.DecimalField { max_digits = 10, decimal_places = 2 },
    Meta = Meta,
  })
  s.Profile = models.Model("Profile", {
    category = models.OneToOneField("Category", { on_delete = models.CASCADE, related_name = "profile" }),
    text = models.TextField { blank = true },
    Meta = Meta,
  })
  M.create(s.Category, s.Tag, s.Product, s.Order, s.Item, s.Profile)
  function s.clear()
    M.clear(s.Profile, s.Item, s.Order, s.Product, s.Tag, s.Category)
  end
  return s
end

--- The error of fn, which must be of `class` and hold `text`.
function M.raises(class, fn, text)
  local ok, err = pcall(fn)
  if ok or not exceptions.is(err, class) then
    error(("want a %s, got %s"):format(class, ok and "no error" or tostring(err)), 2)
  end
  if text and not err.message:find(text, 1, true) then
    error(("%q is not in %q"):format(text, err.message), 2)
  end
  return err
end

--- Values of a list of rows as one text.
function M.names(rows, key)
  local list = {}
  for _, row in ipairs(rows) do
    list[#list + 1] = tostring(row[key or "name"])
  end
  return table.concat(list, ",")
end

--- Statements that fn sends.
function M.count(fn)
  return #db.capture(fn)
end

return M
