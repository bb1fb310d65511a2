-- SPDX-License-Identifier: MIT
local api = require "notes.api"
local path = require("perilune.urls").path

return {
  app_name = "notes_api",
  path("", api.list, { name = "list" }),
  path("<int:pk>/", api.detail, { name = "detail" }),
}
