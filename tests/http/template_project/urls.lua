-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "shop.views"
return {
  urls.path("", views.index, { name = "index" }),
  urls.path("products/<int:pk>/", views.detail, { name = "detail" }),
  urls.path("late/", views.late),
  urls.path("rendered/", views.rendered),
  urls.path("fails/<str:how>/", views.fails),
  urls.path("waits/", views.waits),
  urls.path("include/", urls.include({ app_name = "inner", urls.path("x/", views.index, { name = "x" }) })),
}
