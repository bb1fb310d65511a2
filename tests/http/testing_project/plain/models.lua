-- SPDX-License-Identifier: MIT
-- An app without migrations: tests make its tables.
local models = require "perilune.models"

return {
  Note = models.Model("Note", { text = models.TextField(), others = models.ManyToManyField "self" }),
}
