-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local db = require "perilune.db"
local fiber = require "perilune.fiber"
local http = require "perilune.http"
local settings = require "perilune.settings"
local shop = require "shop.models"

local M = {}

function M.list(request)
  local products = shop.Product.objects:select_related("category"):order_by("name"):limit(settings.page_size)
  return http.render(request, "shop/list.html", { products = products })
end

function M.add(request)
  if request.method ~= "POST" then
    return http.NotAllowed { "POST" }
  end
  local category = shop.Category.objects:get_or_create { name = request.POST.category or "none" }
  db.atomic(function()
    shop.Product.objects:create { name = request.POST.name, slug = request.POST.name:lower(), category = category, price = 1, stars = 1 }
    db.on_commit(function()
      cache:set("added", request.POST.name)
    end)
  end)
  local response = http.redirect "/?added=1"
  response:set_cookie("last", request.POST.name)
  return response
end

function M.echo(request)
  local file = request.FILES.file
  return http.JsonResponse {
    method = request.method, get = request.GET:urlencode(), name = request.POST.name, json = request.content_type == "application/json" and request:json() or nil,
    file = file and { name = file.name, type = file.content_type, text = file:read() } or nil,
    last = request.COOKIES.last, header = request.headers["X-One"], secure = request:is_secure(), addr = request.remote_addr,
  }
end

function M.count()
  return http.JsonResponse { count = cache:get_or_set("count", function() return shop.Product.objects:count() end, 60) }
end

function M.boom()
  error(require("perilune.exceptions").ValueError "it broke")
end

function M.loop()
  return http.redirect "/loop/"
end

-- One query for each row, on purpose.
function M.each()
  local text = {}
  for i, category in ipairs(shop.Category.objects:all()) do
    text[i] = category.products:filter({ stars = 1 }):count()
  end
  return table.concat(text, " ")
end

function M.stream()
  local n = 0
  return http.StreamingResponse(function()
    n = n + 1
    return n <= 3 and "piece " .. n .. "\n" or nil
  end)
end

function M.fibers()
  return http.JsonResponse {
    fiber.gather {
      function() return db.atomic(function() fiber.sleep(0.01) return shop.Product.objects:count() end) end,
      function() return db.atomic(function() return shop.Category.objects:count() end) end,
    },
  }
end

return M
