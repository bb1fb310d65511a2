-- SPDX-License-Identifier: MIT
-- The shop as JSON. Errors are raised; core.middleware.api_errors gives them their form.
local Paginator = require("perilune.paginator").Paginator
local access = require "core.access"
local analytics = require "shop.analytics"
local catalog = require "shop.catalog"
local clean = require "shop.clean"
local exceptions = require "perilune.exceptions"
local filters = require "shop.filters"
local http = require "perilune.http"
local json = require "perilune.json"
local models = require "shop.models"
local orders = require "shop.orders"

local reads = http.require_methods { "GET", "HEAD" }

local M = {}

local function list_of(rows, shown)
  local results = json.array {}
  for i, row in ipairs(rows) do
    results[i] = shown(row)
  end
  return results
end

-- The address of another page of this list.
local function page_url(request, number)
  local query = request.GET:copy()
  query.page = tostring(number)
  return request:build_absolute_uri(request.path .. "?" .. query:urlencode())
end

local function paginated(request, queryset, shown)
  local wanted = clean.all {
    page = function() return clean.integer(request.GET, "page", 1, 1000000) end,
    page_size = function() return clean.integer(request.GET, "page_size", 1, 100) end,
  }
  local paginator = Paginator(queryset, wanted.page_size or 20)
  local number = wanted.page or 1
  if number > paginator.num_pages then
    error(http.Http404(("there are %d pages"):format(paginator.num_pages)))
  end
  local page = paginator:page(number)
  return {
    count = paginator.count,
    page = number,
    num_pages = paginator.num_pages,
    next = page:has_next() and page_url(request, number + 1) or json.null,
    previous = page:has_previous() and page_url(request, number - 1) or json.null,
    results = list_of(page.object_list, shown),
  }
end

M.products = reads(function(request)
  return paginated(request, catalog.products((filters.read(request.GET))), catalog.shown)
end)

M.product = reads(function(_, params)
  local product = models.Product.objects:active():select_related("category"):with_rating():filter({ pk = params.pk }):first()
  return catalog.shown(product or error(http.Http404(("there is no product %d"):format(params.pk))))
end)

M.categories = reads(function()
  return { results = json.array(catalog.categories()) }
end)

-- ---- orders ----

local function order_shown(order)
  return {
    number = order.number,
    status = order.status,
    total_amount = order.total_amount,
    created_at = order.created_at,
    url = order:get_absolute_url(),
    items = list_of(order.items:all(), function(item)
      return { product = item.product_id, quantity = item.quantity, price = item.price }
    end),
  }
end

local function items_wrong(text, ...)
  error(exceptions.ValidationError { items = { text:format(...) } })
end

-- [{"product": 3, "quantity": 1}, …] as lines of an order.
local function lines_sent(data)
  local items = data.items
  if type(items) ~= "table" or #items == 0 then
    items_wrong 'A list of {"product": 1, "quantity": 2} is wanted.'
  elseif #items > orders.MAX_LINES then
    items_wrong("An order has at most %d items.", orders.MAX_LINES)
  end
  local lines, seen = {}, {}
  for i, item in ipairs(items) do
    if type(item) ~= "table" then
      items_wrong('Item %d is not {"product": 1, "quantity": 2}.', i)
    end
    local pk = clean.integer(item, "product", 1, 2 ^ 53 // 1, true)
    if seen[pk] then
      items_wrong("Product %d is there twice.", pk)
    end
    seen[pk] = true
    lines[i] = { product_id = pk, quantity = clean.integer(item, "quantity", 1, orders.MAX_QUANTITY) or 1 }
  end
  return lines
end

--- 201 with the order; 400 for what is wrong; 409 when the shelf has less.
M.orders = http.require_methods { "POST" }(function(request)
  local data = request:json()
  if type(data) ~= "table" then
    error(exceptions.BadRequest "an object with name, email and items is wanted")
  end
  local customer = clean.all {
    name = function() return clean.text(data, "name", 100, true) end,
    email = function() return clean.text(data, "email", 254, true) end,
    address = function() return clean.text(data, "address", 500) end,
  }
  local ok, order = pcall(orders.place, customer, lines_sent(data))
  if ok then
    return http.JsonResponse(order_shown(order), { status = 201, headers = { Location = order:get_absolute_url() } })
  elseif exceptions.is(order, "OutOfStock") then
    return http.JsonResponse({ error = order.message, product = order.product.pk, available = order.available }, { status = 409 })
  end
  error(order, 0)
end)

M.order = reads(function(_, params)
  return order_shown(http.get_object_or_404(models.Order.objects:prefetch_related "items", { number = params.number }))
end)

-- ---- reports ----

local REPORTS = {
  products = function() return analytics.product_performance(10) end,
  trend = function() return analytics.monthly_trend(12) end,
  segments = analytics.segment_counts,
  trending = function() return analytics.trending(10) end,
}

M.report = reads(function(request, params)
  if access.enabled() and not request.is_staff then
    error(exceptions.PermissionDenied "reports are for the staff")
  end
  local report = REPORTS[params.name] or error(http.Http404(("there is no report '%s'"):format(params.name)))
  return { results = json.array(report()) }
end)

return M
