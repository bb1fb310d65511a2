-- Made by `perilune makemigrations`.
local migrations = require "perilune.migrations"
local models = require "perilune.models"

return {
  initial = true,
  dependencies = {},
  operations = {
    migrations.CreateModel{
      name = "Note",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "title", models.CharField{ max_length = 100 } },
        { "body", models.TextField{ blank = true, max_length = 2000 } },
        { "created", models.DateTimeField{ auto_now_add = true } },
      },
      options = { ordering = { "-id" } },
    },
  },
}
