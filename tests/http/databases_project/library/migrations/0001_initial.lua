-- SPDX-License-Identifier: MIT
-- Made by `perilune makemigrations`.
local migrations = require "perilune.migrations"
local models = require "perilune.models"

return {
  initial = true,
  dependencies = {},
  operations = {
    migrations.CreateModel{
      name = "Person",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField{ max_length = 50, unique = true } },
      },
      options = { ordering = { "name" } },
    },
    migrations.CreateModel{
      name = "Profile",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "text", models.CharField{ default = "", max_length = 50 } },
        { "person", models.OneToOneField("Person", { on_delete = models.CASCADE }) },
      },
    },
    migrations.CreateModel{
      name = "Book",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "title", models.CharField{ max_length = 50 } },
        { "published", models.DateField{ blank = true, null = true } },
        { "authors", models.ManyToManyField("Person", { blank = true, related_name = "books" }) },
        { "editor", models.ForeignKey("Person", { blank = true, null = true, on_delete = models.SET_NULL, related_name = "edited" }) },
      },
      options = { ordering = { "title" } },
    },
  },
}
