-- SPDX-License-Identifier: MIT
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local urls = require "perilune.urls"
local views = require "shop.views"
local path = urls.path

urls.register_converter("fails", {
  regex = "[a-z]+",
  to_value = function(text)
    if text == "nil" then
      return nil
    elseif text == "value" then
      error(exceptions.ValueError("does not fit"))
    end
    error("the converter fails")
  end,
})

local function handler(status)
  return function(request, err)
    local mode = request.headers["X-Handler"]
    if mode == "string" then
      return ("handled %d: %s"):format(status, err.name)
    elseif mode == "response" then
      return http.Response("a response", { status = 418 })
    elseif mode == "raise" then
      error(exceptions.ValueError("the handler itself fails"))
    end
    -- nothing: the built-in page
  end
end

local list = {
  path("", views.home, { name = "home" }),
  path("products/<int:pk>/", views.product, { name = "product" }),
  path("converted/<fails:what>/", views.home, { name = "converted" }),
  path("shop/", urls.include("shop.urls", { namespace = "shop" })),
}
for _, name in ipairs(views.names) do
  list[#list + 1] = path(name .. "/", views[name], { name = name })
end
for _, status in ipairs { 400, 403, 404, 500 } do
  list["handler" .. status] = handler(status)
end
return list
