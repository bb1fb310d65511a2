-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "shop.views"

return {
  app_name = "shop",
  urls.path("carts/<uuid:cart>/", views.home, { name = "cart" }),
  urls.re_path([[^archive/(?P<year>[0-9]{4})/$]], views.home, { name = "archive" }),
}
