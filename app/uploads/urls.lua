-- SPDX-License-Identifier: MIT
local path = require("perilune.urls").path
local views = require "uploads.views"

return {
  app_name = "uploads",
  path("", views.index, { name = "index" }),
  path("<int:pk>/", views.download, { name = "download" }),
  path("<int:pk>/delete/", views.delete, { name = "delete" }),
}
