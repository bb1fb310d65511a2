-- SPDX-License-Identifier: MIT
local models = require "perilune.models"

local M = {}

M.Category = models.Model("Category", {
  name = models.CharField { max_length = 50, unique = true },
})

M.Product = models.Model("Product", {
  name = models.CharField { max_length = 100 },
  slug = models.SlugField { unique = true },
  category = models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products" }),
  price = models.DecimalField { max_digits = 8, decimal_places = 2 },
  stars = models.IntegerField { choices = { { 1, "poor" }, { 5, "good" } } },
  made = models.DateTimeField { auto_now_add = true },
  tags = models.ManyToManyField("Tag", { blank = true }),
})

M.Tag = models.Model("Tag", {
  name = models.CharField { max_length = 20 },
})

return M
