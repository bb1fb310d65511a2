-- SPDX-License-Identifier: MIT
local api = require "shop.api"
local path = require("perilune.urls").path

return {
  app_name = "shop_api",
  path("products/", api.products, { name = "products" }),
  path("products/<int:pk>/", api.product, { name = "product" }),
  path("categories/", api.categories, { name = "categories" }),
  path("orders/", api.orders, { name = "orders" }),
  path("orders/<str:number>/", api.order, { name = "order" }),
  path("reports/<slug:name>/", api.report, { name = "report" }),
}
