-- SPDX-License-Identifier: MIT
-- What pages and API read of the catalog, through the cache where it pays.
local cache = require "perilune.cache"
local db = require "perilune.db"
local http = require "perilune.http"
local models = require "shop.models"
local F = require("perilune.models").F

local M = {}

local QUARTER = 900

--- What has one of the tags leaves the cache, once the running transaction is committed: so
--- nobody fills it with what is about to change. Pages of the list have no tags, and go by
--- their prefix.
function M.forget(...)
  local tags = { ... }
  db.on_commit(function()
    cache:invalidate_tags(table.unpack(tags))
    for _, tag in ipairs(tags) do
      if tag == "products" then
        cache:delete_pattern "views.decorators.cache.cache_page.shop.*"
      end
    end
  end)
end

--- The categories that are shown, with the number of their products: plain rows.
function M.categories()
  return cache:get_or_set("shop:categories", function()
    return models.Category.objects:active():with_counts():values("id", "name", "slug", "n_products"):order_by("name"):to_list()
  end, { timeout = QUARTER, tags = { "categories" } })
end

--- The row of one of them, or nil.
function M.category(slug)
  for _, row in ipairs(M.categories()) do
    if row.slug == slug then
      return row
    end
  end
end

--- The values of a product by its slug, or nil: that there is none is remembered, too, for a
--- minute, so that links to what is gone do not reach the database each time.
function M.product(slug)
  local key = "shop:product:" .. slug
  local there = cache:get(key, false)
  if there ~= false then
    return there
  end
  local product = models.Product.objects:active():select_related("category"):with_rating():filter({ slug = slug }):first()
  if not product then
    cache:set(key, nil, 60)
    return nil
  end
  local row = M.shown(product)
  cache:set(key, row, { timeout = QUARTER, tags = { "product:" .. row.id, "category:" .. row.category.id } })
  return row
end

--- As M.product(), but a 404 when there is none.
function M.product_or_404(slug)
  return M.product(slug) or error(http.Http404 "there is no such product")
end

--- A product as plain data, for the cache, the API and the pages.
function M.shown(product)
  return {
    id = product.id,
    name = product.name,
    slug = product.slug,
    description = product.description,
    price = product.price,
    stock_quantity = product.stock_quantity,
    is_featured = product.is_featured,
    url = product:get_absolute_url(),
    category = { id = product.category.id, name = product.category.name, slug = product.category.slug },
    rating = rawget(product, "rating"),
    n_reviews = rawget(product, "n_reviews"),
  }
end

--- Looks are counted in the cache, and every tenth one goes to the table: a page that is
--- only read should not have to write.
local STEP = 10
function M.count_view(pk)
  local key = "shop:views:" .. pk
  cache:add(key, 0, cache.forever)
  local ok, n = pcall(cache.incr, cache, key)
  if ok and n % STEP == 0 then
    models.Product.objects:filter({ pk = pk }):update { view_count = F "view_count" + STEP }
  end
end

-- ---- lists ----

local ORDERS = { newest = { "-created_at", "-id" }, cheapest = { "price", "id" }, dearest = { "-price", "-id" }, name = { "name", "id" } }

--- The orders that filters.sort may name, with what people read.
M.ORDERS = { { "newest", "Newest first" }, { "cheapest", "Cheapest first" }, { "dearest", "Dearest first" }, { "name", "By name" } }

--- The products that fit: { q =, category = id, min_price =, max_price =, in_stock =, featured =, sort = }, nil
--- for what does not matter.
function M.products(filters)
  local found = models.Product.objects:active():select_related "category"
  if filters.q then
    found = found:search(filters.q)
  end
  if filters.category then
    found = found:in_category(filters.category)
  end
  if filters.min_price then
    found = found:filter { price__gte = filters.min_price }
  end
  if filters.max_price then
    found = found:filter { price__lte = filters.max_price }
  end
  if filters.in_stock then
    found = found:in_stock()
  end
  if filters.featured then
    found = found:featured()
  end
  return found:order_by(table.unpack(ORDERS[filters.sort or "newest"]))
end

--- Fills what a first visitor would wait for; gives how many entries.
function M.warm()
  local n = 1
  M.categories()
  for product in models.Product.objects:active():featured():values_list("slug", { flat = true }):iterator() do
    M.product(product)
    n = n + 1
  end
  return n
end

return M
