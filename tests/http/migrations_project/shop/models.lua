-- SPDX-License-Identifier: MIT
local models = require "perilune.models"
local M = {}
M.Category = models.Model("Category", {
  name = models.CharField{ max_length = 50, unique = true },
  parent = models.ForeignKey("self", { null = true, blank = true, on_delete = models.SET_NULL, related_name = "children" }),
  Meta = { verbose_name_plural = "categories" },
})
M.Tag = models.Model("Tag", { slug = models.SlugField{ primary_key = true, max_length = 20 } })
M.Product = models.Model("Product", {
  name = models.CharField{ max_length = 200, db_index = true },
  category = models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products" }),
  price = models.DecimalField{ max_digits = 10, decimal_places = 2 },
  stock = models.PositiveIntegerField{ default = 0 },
  is_active = models.BooleanField{ default = true },
  tags = models.ManyToManyField("Tag", { blank = true }),
  related = models.ManyToManyField("self", { blank = true }),
  places = models.ManyToManyField("stock.Place", { through = "stock.Stored" }),
  created_at = models.DateTimeField{ auto_now_add = true },
  Meta = { ordering = { "-created_at" }, unique_together = { { "name", "category" } },
    indexes = { models.Index{ "category", "-price" }, models.Index{ "stock", name = "stock_active", condition = models.Q{ is_active = true, price__gt = 5 } } },
    constraints = { models.CheckConstraint{ models.Q{ price__gte = 0 } & ~models.Q{ name = "" }, name = "price_pos" },
      models.CheckConstraint{ models.Q{ stock__lt = models.F "price" * 1000 } | models.Q{ name__startswith = "a%" } | models.Q{name__in = {"a", "b"}}, name = "stock_lt" },
      models.UniqueConstraint{ "name", "category", name = "uniq", condition = models.Q{ is_active = true } },
      models.UniqueConstraint{ "name", "price", name = "uniq_plain" } } },
})
M.Extra = models.Model("Extra", { product = models.OneToOneField("Product", { on_delete = models.CASCADE }), sku = models.CharField{ max_length = 10, unique = true, db_column = "SKU" }, Meta = { db_table = "extras" } })
M.Everything = models.Model("Everything", {
  id = models.UUIDField{ primary_key = true },
  big = models.BigIntegerField{ null = true }, small = models.SmallIntegerField{ default = 1, db_index = true },
  pbig = models.PositiveBigIntegerField{ null = true }, psmall = models.PositiveSmallIntegerField{ null = true },
  bin = models.BinaryField{ null = true }, bool = models.BooleanField{ null = true }, char = models.CharField{ max_length = 5, choices = { { "a", "A" }, { "b", "B" } }, default = "a" },
  date = models.DateField{ null = true, unique_for_date = nil }, dt = models.DateTimeField{ null = true, auto_now = true }, time = models.TimeField{ null = true },
  dur = models.DurationField{ null = true }, email = models.EmailField{ blank = true }, file = models.FileField{ upload_to = "x/", null = true },
  fp = models.FilePathField{ path = "/tmp", null = true }, float = models.FloatField{ null = true }, ip = models.GenericIPAddressField{ null = true },
  json = models.JSONField{ null = true }, text = models.TextField{ blank = true, db_index = true }, url = models.URLField{ null = true, unique = true },
  tag = models.ForeignKey("Tag", { on_delete = models.PROTECT, null = true, db_constraint = false }),
  tag2 = models.ForeignKey("Tag", { on_delete = models.PROTECT, null = true, db_index = false, related_name = "+" }),
  cat = models.ForeignKey("Category", { on_delete = models.SET_DEFAULT, default = 1, to_field = "name", related_name = "+" }),
})
M.Special = M.Product:extend("Special", { discount = models.FloatField{ default = 0.5 } })
M.Cheap = M.Product:extend("Cheap", { Meta = { proxy = true, ordering = { "price" } } })
M.Step = models.Model("Step", { product = models.ForeignKey("Product", { on_delete = models.CASCADE }), what = models.CharField{ max_length = 10 }, Meta = { order_with_respect_to = "product" } })
M.Foreign = models.Model("Foreign", { x = models.IntegerField{}, Meta = { managed = false, db_table = "elsewhere" } })
return M
