-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "shop.views"
return {
  urls.path("write/<int:n>/", views.write),
  urls.path("count/", views.count),
  urls.path("reads/", views.reads),
  urls.path("publish/", views.publish),
  urls.path("published/", views.published),
  urls.path("broken/", views.broken),
  urls.path("atomic/<str:how>/", views.atomic),
  urls.path("exempt/", views.exempt),
  urls.path("others/", views.others),
  urls.path("leaves/", views.leaves_open),
  urls.path("queries/", views.queries),
}
