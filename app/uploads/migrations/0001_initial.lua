-- Made by `perilune makemigrations`.
local migrations = require "perilune.migrations"
local models = require "perilune.models"

return {
  initial = true,
  dependencies = {},
  operations = {
    migrations.CreateModel{
      name = "Upload",
      fields = {
        { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } },
        { "name", models.CharField{ max_length = 255 } },
        { "stored", models.CharField{ max_length = 120, unique = true } },
        { "size", models.BigIntegerField{} },
        { "sha256", models.CharField{ max_length = 64 } },
        { "created", models.DateTimeField{ auto_now_add = true } },
      },
      options = { ordering = { "-id" } },
    },
  },
}
