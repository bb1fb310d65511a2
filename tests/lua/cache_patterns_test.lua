-- SPDX-License-Identifier: MIT
-- What people do with caches, as the guide shows it: negative caching, invalidation by
-- signals, dependencies, warm-up, versions, counters, several levels.
local cache = require "perilune.cache"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local fiber = require "perilune.fiber"
local models = require "perilune.models"
local signals = require "perilune.signals"
local template = require "perilune.template"
local t = require "harness"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local shop = world.shop()
local Product, Category, Order = shop.Product, shop.Category, shop.Order

local function fresh()
  cache:clear()
  shop.clear()
  local books = Category.objects:create { name = "Books" }
  return books, Product.objects:create { name = "Emma", category = books, price = decimal "9.50" }
end

local function queries(fn)
  return world.count(fn)
end

describe("one object", function()
  it("is asked for once, and so is one that does not exist", function()
    local _, emma = fresh()
    local function get_product(id)
      return cache:get_or_set("product:" .. id, function()
        return Product.objects:select_related("category"):get_or_nil { pk = id }
      end, {
        timeout = function(product) return product and 900 or 60 end,
      })
    end
    assert.equal(1, queries(function()
      for _ = 1, 3 do assert.equal("Books", get_product(emma.pk).category.name) end
    end))
    assert.equal(1, queries(function()
      for _ = 1, 3 do assert.equal(nil, get_product(999)) end
    end))
    assert.is_true(cache:ttl("product:" .. emma.pk) > 800)
    assert.is_true(cache:ttl "product:999" <= 60)
  end)

  it("goes when it is saved or deleted, once the transaction is committed", function()
    local books, emma = fresh()
    local function invalidate(_, event)
      local p = event.instance
      db.on_commit(function()
        cache:delete_many { "product:" .. p.pk, ("category:%d:products"):format(p.category_id), "featured_products", "all_products_count" }
      end)
    end
    signals.receiver({ signals.post_save, signals.post_delete }, { sender = Product, dispatch_uid = "invalidate" }, invalidate)
    local function count()
      return cache:get_or_set("all_products_count", function() return Product.objects:count() end)
    end
    local function listed()
      return cache:get_or_set(("category:%d:products"):format(books.pk), function() return Product.objects:filter { category = books } end)
    end
    assert.equal(1, count())
    assert.equal(1, #listed())
    Product.objects:create { name = "Dune", category = books, price = 1 }
    assert.equal(2, count())
    assert.equal("Dune,Emma", world.names(listed()))
    db.atomic(function()
      emma.name = "Emma II"
      emma:save()
      assert.is_true(cache:has_key "all_products_count")
    end)
    assert.is_false(cache:has_key "all_products_count")
    assert.equal("Dune,Emma II", world.names(listed()))
    pcall(db.atomic, function()
      emma:delete()
      error "no"
    end)
    assert.is_true(cache:has_key(("category:%d:products"):format(books.pk)))
    signals.post_save:disconnect { sender = Product, dispatch_uid = "invalidate" }
    signals.post_delete:disconnect { sender = Product, dispatch_uid = "invalidate" }
  end)
end)

describe("dependencies", function()
  it("are tags", function()
    local books, emma = fresh()
    cache:set("page:home", "home", { tags = { "product:" .. emma.pk, "category:" .. books.pk } })
    cache:set("page:books", "books", { tags = { "category:" .. books.pk } })
    cache:set("page:about", "about")
    function Product:save(options)
      models.Model.save(self, options)
      cache:invalidate_tags("product:" .. self.pk, "category:" .. self.category_id)
    end
    emma:save()
    Product.save = nil
    assert.same({ ["page:about"] = "about" }, cache:get_many { "page:home", "page:books", "page:about" })
  end)

  it("may come of what was found", function()
    local _, emma = fresh()
    local calls = 0
    local top = cache.cached(function(limit)
      calls = calls + 1
      return Product.objects:order_by("-price"):limit(limit)
    end, {
      key_prefix = "top", timeout = 300,
      tags = function(products, limit)
        local tags = { "top:" .. limit }
        for _, p in ipairs(products) do tags[#tags + 1] = "product:" .. p.pk end
        return tags
      end,
    })
    assert.equal("Emma", world.names(top(3)))
    assert.equal("Emma", world.names(top(3)))
    assert.equal(1, calls)
    cache:invalidate_tags("product:" .. emma.pk)
    top(3)
    cache:invalidate_tags "top:3"
    top(3)
    top(4)
    assert.equal(4, calls)
  end)
end)

describe("a cached function", function()
  it("remembers that there is nothing", function()
    fresh()
    local calls = 0
    local find = cache.cached(function(name)
      calls = calls + 1
      return Product.objects:get_or_nil { name = name }
    end, { timeout = function(product) return product and 600 or 30 end, key_prefix = "find" })
    assert.equal(nil, find "Ulysses")
    assert.equal(nil, find "Ulysses")
    assert.equal(1, calls)
    assert.is_true(cache:ttl(find:key "Ulysses") <= 30)
    assert.is_true(find:invalidate "Ulysses")
    assert.is_false(find:invalidate "Ulysses")
    Product.objects:create { name = "Ulysses", price = 1 }
    assert.equal("Ulysses", find("Ulysses").name)
    assert.equal(2, calls)
    assert.is_true(cache:ttl(find:key "Ulysses") > 500)
  end)

  it("is warmed by those who know what will be asked for", function()
    local books = fresh()
    local calls = 0
    local by_category = cache.cached(function(id)
      calls = calls + 1
      return Product.objects:filter { category_id = id }:select_related "category"
    end, { timeout = 600, key_prefix = "by_category" })
    for _, category in ipairs(Category.objects:all()) do
      by_category:refresh(category.pk)
    end
    assert.equal(1, calls)
    assert.equal(0, queries(function() assert.equal("Books", by_category(books.pk)[1].category.name) end))
    Product.objects:create { name = "Dune", category = books, price = 1 }
    assert.equal(1, #by_category(books.pk))
    assert.equal("Dune,Emma", world.names(by_category:refresh(books.pk)))
    assert.equal("Dune,Emma", world.names(by_category(books.pk)))
  end)

  it("gives the old result while one computes the new one", function()
    fresh()
    local calls = 0
    local report = cache.cached(function()
      calls = calls + 1
      fiber.sleep(0.02)
      return calls
    end, { timeout = 0.02, stale = 60, key_prefix = "report" })
    assert.equal(1, report())
    fiber.sleep(0.03)
    assert.same({ 2, 1, 1 }, { fiber.gather { report, report, report } })
  end)
end)

describe("a namespace with a version", function()
  it("is left behind as a whole", function()
    fresh()
    local function key(name)
      return ("catalogue:%d:%s"):format(cache:get_or_set("catalogue:version", 1, cache.forever), name)
    end
    cache:set(key "list", "old")
    assert.equal("old", cache:get(key "list"))
    cache:incr "catalogue:version"
    assert.equal(nil, cache:get(key "list"))
    cache:set("data", "one", { version = 1 })
    cache:set("data", "two", { version = 2 })
    assert.equal("one", cache:get("data", nil, { version = 1 }))
    assert.equal("two", cache:get("data", nil, { version = 2 }))
    assert.equal("three", cache:get("data", "three", { version = 3 }))
    assert.equal(1, cache:delete_pattern "catalogue:1:*")
  end)
end)

describe("counters", function()
  it("count every request once", function()
    fresh()
    local function used(endpoint)
      local name = "api_usage:2026-01-31:" .. endpoint
      cache:add(name, 0, 86400)
      return cache:incr(name)
    end
    local tasks = {}
    for i = 1, 20 do tasks[i] = function() fiber.yield() used "/api/" end end
    fiber.gather(tasks)
    assert.equal(21, used "/api/")
    assert.is_true(cache:ttl "api_usage:2026-01-31:/api/" > 86000)
  end)
end)

describe("a report", function()
  it("is a list of rows, whether it was computed or found", function()
    fresh()
    local function performance()
      return cache:get_or_set("product_performance_report", function()
        return Product.objects:annotate({ sold = models.Count "items" }):order_by("name"):values("name", "sold", "price"):to_list()
      end, 3600)
    end
    local first, second = performance(), performance()
    assert.same(first, second)
    assert.equal(decimal "9.50", second[1].price)
    assert.equal(0, second[1].sold)
  end)

  it("that is empty or false is not computed again", function()
    fresh()
    local calls = 0
    for _, value in ipairs { false, 0, "" } do
      cache:delete "falsy"
      for _ = 1, 2 do
        assert.equal(value, cache:get_or_set("falsy", function() calls = calls + 1 return value end))
      end
    end
    assert.equal(3, calls)
    assert.equal(0, #cache:get_or_set("none", Order.objects:none()))
  end)
end)

describe("several levels", function()
  it("are a fragment of a page, on rows that are kept", function()
    local books = fresh()
    local engine = template.Engine { templates = {
      ["grid.html"] = "{% load cache %}{% cache 900 product_grid category.id %}{% for p in products %}{{ p.name }}:{{ p.price }};{% endfor %}{% endcache %}",
    } }
    local function render()
      return engine:render("grid.html", {
        category = books,
        products = cache:get_or_set("products:" .. books.pk, function() return Product.objects:filter { category = books } end),
      })
    end
    assert.equal("Emma:9.50;", render())
    Product.objects:all():update { name = "Other" }
    assert.equal(0, queries(function() assert.equal("Emma:9.50;", render()) end))
    cache:delete(template.fragment_key("product_grid", { books.pk }))
    assert.equal("Emma:9.50;", render()) -- the rows are kept, too
    cache:delete_many { template.fragment_key("product_grid", { books.pk }), "products:" .. books.pk }
    assert.equal("Other:9.50;", render())
  end)
end)

t.finish()
