-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
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
  path("page", cache.page(600)(views.plaintext)),
  path("cached-queries", views.cached),
}
