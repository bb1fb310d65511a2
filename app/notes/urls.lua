-- SPDX-License-Identifier: MIT
local path = require("perilune.urls").path
local views = require "notes.views"

return {
  app_name = "notes",
  path("", views.index, { name = "index" }),
  path("<int:pk>/delete/", views.delete, { name = "delete" }),
}
