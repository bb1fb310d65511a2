-- SPDX-License-Identifier: MIT
local path = require("perilune.urls").path
local views = require "shop.views"

return {
  app_name = "shop",
  path("", views.index, { name = "index" }),
  path("products/<slug:slug>/", views.product, { name = "product" }),
  path("products/<slug:slug>/review/", views.review, { name = "review" }),
  path("cart/", views.cart, { name = "cart" }),
  path("cart/add/", views.cart_add, { name = "cart_add" }),
  path("cart/set/", views.cart_set, { name = "cart_set" }),
  path("cart/checkout/", views.checkout, { name = "checkout" }),
  path("orders/<str:number>/", views.order, { name = "order" }),
  path("dashboard/", views.dashboard, { name = "dashboard" }),
}
