-- SPDX-License-Identifier: MIT
local migrations = require "perilune.migrations"
local models = require "perilune.models"

return {
  initial = true,
  dependencies = {},
  operations = {
    migrations.CreateModel {
      name = "Category",
      fields = {
        { "id", models.BigAutoField { auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField { max_length = 50, unique = true } },
      },
    },
    migrations.CreateModel {
      name = "Tag",
      fields = {
        { "id", models.BigAutoField { auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField { max_length = 20 } },
      },
    },
    migrations.CreateModel {
      name = "Product",
      fields = {
        { "id", models.BigAutoField { auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField { max_length = 100 } },
        { "slug", models.SlugField { unique = true } },
        { "price", models.DecimalField { max_digits = 8, decimal_places = 2 } },
        { "stars", models.IntegerField { choices = { { 1, "poor" }, { 5, "good" } } } },
        { "made", models.DateTimeField { auto_now_add = true } },
        { "category", models.ForeignKey("shop.category", { on_delete = models.CASCADE, related_name = "products" }) },
        { "tags", models.ManyToManyField("shop.tag", { blank = true }) },
      },
    },
    migrations.RunLua(function(apps)
      apps:get_model("shop", "Tag").objects:create { name = "made by a migration" }
    end, migrations.RunLua.noop),
  },
}
