-- SPDX-License-Identifier: MIT
local path = require("perilune.urls").path
local views = require "views"

return {
  path("", views.plaintext),
  path("plaintext", views.plaintext),
  path("json", views.json),
  path("db", views.db),
  path("queries", views.queries),
  path("updates", views.updates),
  path("fortunes", views.fortunes),
}
