-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local views = require "shop.views"

return {
  urls.path("write/<str:how>/<int:number>/", views.write),
}
