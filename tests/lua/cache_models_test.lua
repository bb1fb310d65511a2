-- SPDX-License-Identifier: MIT
-- Instances and QuerySets in caches: what goes in comes out as objects of the current class.
local cache = require "perilune.cache"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local pack = require "perilune._pack"
local time = require "perilune.time"
local t = require "harness"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local shop = world.shop()
local Category, Tag, Product, Profile, Order, Item = shop.Category, shop.Tag, shop.Product, shop.Profile, shop.Order, shop.Item

local function raises(class, text, fn, ...)
  local args = table.pack(...)
  local err = assert.raises(function() fn(table.unpack(args, 1, args.n)) end, text)
  assert.is_true(exceptions.is(err, class), tostring(err))
end

local function through(value)
  cache:set("k", value)
  return cache:get("k", "nothing")
end

local books = Category.objects:create { name = "Books" }
local games = Category.objects:create { name = "Games", parent = books }
Profile.objects:create { category = books, text = "about books" }
local new, old = Tag.objects:create { name = "new" }, Tag.objects:create { name = "old" }
local emma = Product.objects:create { name = "Emma", category = books, price = decimal "9.50", stock = 3, note = "classic" }
local dune = Product.objects:create { name = "Dune", category = books, price = decimal "12.00" }
Product.objects:create { name = "Go", category = games, price = decimal "30.00", is_active = false }
emma.tags:add(new, old)
dune.tags:add(old)
local order = Order.objects:create { customer = "Ada", placed_at = time.datetime(2026, 1, 31, 12, 0, 0, { microsecond = 7, tz = "UTC" }) }
Item.objects:create { order = order, product = emma, price = decimal "9.50" }

describe("an instance", function()
  it("comes out as one, and as it was", function()
    local product = Product.objects:get { pk = emma.pk }
    local got = through(product)
    assert.is_true(getmetatable(got) == Product)
    assert.is_false(rawequal(got, product))
    assert.equal(product, got)
    assert.equal("Emma", got.name)
    assert.equal("Emma", tostring(got))
    assert.equal(decimal "9.50", got.price)
    assert.equal(true, got.is_active)
    assert.equal("classic", got.note)
    assert.equal(product.created_at, got.created_at)
    assert.equal("default", got._state.db)
    assert.is_false(got._state.adding)
    assert.same({}, got:get_deferred_fields())
    assert.equal(nil, through(Product.objects:get { name = "Dune" }).note)
    assert.equal(order.placed_at, through(order).placed_at)
    assert.equal(order.placed_at, through(Order.objects:get()).placed_at)
  end)

  it("is not asked of the database, and can be saved", function()
    local got = through(Product.objects:get { pk = emma.pk })
    assert.equal(0, world.count(function() return got.name, got.note, got.category_id end))
    got.stock = 4
    got:save()
    assert.equal(4, Product.objects:get({ pk = emma.pk }).stock)
    assert.equal(3, Product.objects:count())
    assert.equal("Books", got.category.name)
    assert.equal(2, got.tags:count())
    got:refresh_from_db()
    assert.equal(4, got.stock)
  end)

  it("that was never saved is not saved either when it comes out", function()
    local got = through(Tag { name = "unsaved" })
    assert.is_true(got._state.adding)
    assert.equal(nil, got.pk)
    got:save()
    assert.equal("unsaved", Tag.objects:get({ pk = got.pk }).name)
    got:delete()
  end)

  it("keeps deferred fields deferred", function()
    local got = through(Product.objects:only("name"):get { pk = emma.pk })
    assert.same({ "category_id", "price", "stock", "is_active", "note", "created_at" }, got:get_deferred_fields())
    assert.equal(1, world.count(function() return got.price end))
    assert.equal(decimal "9.50", got.price)
    got = through(Product.objects:defer("note"):get { pk = emma.pk })
    assert.equal("classic", got.note)
  end)

  it("keeps annotations and attributes", function()
    local product = Product.objects:annotate({ n = models.Count "tags" }):get { pk = emma.pk }
    product.badge = { "hot", { since = time.date(2026, 1, 1) } }
    local got = through(product)
    assert.equal(2, got.n)
    assert.equal("hot", got.badge[1])
    assert.equal(time.date(2026, 1, 1), got.badge[2].since)
  end)

  it("brings the related objects that it knows", function()
    local got = through(Product.objects:select_related("category__parent"):get { name = "Go" })
    assert.equal(0, world.count(function()
      assert.equal("Games", got.category.name)
      assert.equal("Books", got.category.parent.name)
    end))
    got = through(Category.objects:select_related("profile"):get { name = "Books" })
    assert.equal(0, world.count(function()
      assert.equal("about books", got.profile.text)
      assert.is_true(rawequal(got, got.profile.category))
    end))
    got = through(Category.objects:select_related("profile"):get { name = "Games" })
    assert.equal(0, world.count(function()
      raises("ObjectDoesNotExist", "Category has no profile", function() return got.profile end)
    end))
    local loaded = Product.objects:get { pk = emma.pk }
    assert.equal("Books", loaded.category.name)
    got = through(loaded)
    assert.equal(0, world.count(function() assert.equal("Books", got.category.name) end))
  end)

  it("brings what was prefetched, in circles too", function()
    local got = through(Category.objects:prefetch_related("products__tags", models.Prefetch("products", { queryset = Product.objects:filter { price__gt = 10 }, to_attr = "dear" })):get { pk = books.pk })
    assert.equal(0, world.count(function()
      local products = got.products:all()
      assert.equal("Dune,Emma", world.names(products))
      assert.equal("old", world.names(products[1].tags:all()))
      assert.equal("new,old", world.names(products[2].tags:all()))
      assert.is_true(rawequal(got, products[1].category))
      assert.equal("Dune", world.names(got.dear))
    end))
  end)

  it("of a join table, a proxy and an heir comes out as such", function()
    local link = Product._meta:get_field("tags").through_model._meta.base_manager:order_by("pk"):first()
    local got = through(link)
    assert.equal(link, got)
    assert.equal(emma.pk, got.product_id)
    local Dear = Product:extend("DearProduct", { Meta = { app_label = "shop", proxy = true } })
    got = through(Dear.objects:get { pk = emma.pk })
    assert.is_true(getmetatable(got) == Dear)
    local Book = Product:extend("Book", { pages = models.IntegerField {}, Meta = { app_label = "shop" } })
    world.create(Book)
    Book.objects:create { name = "Ulysses", price = decimal "20.00", pages = 700 }
    got = through(Book.objects:get())
    assert.is_true(getmetatable(got) == Book)
    assert.equal(700, got.pages)
    assert.equal("Ulysses", got.name)
    Book.objects:all():delete()
  end)
end)

describe("a model that has changed", function()
  it("makes old instances nothing", function()
    local function define(members)
      members.Meta = { app_label = "changes" }
      local class = models.Model("Note", members)
      return class
    end
    local Note = define { text = models.CharField { max_length = 10 } }
    cache:set("note", Note { text = "x" })
    cache:set("notes", { Note { text = "x" } })
    assert.equal("x", cache:get("note").text)
    define { text = models.CharField { max_length = 20 } } -- no other columns
    assert.equal("x", cache:get("note").text)
    define { text = models.CharField { max_length = 20 }, more = models.IntegerField { default = 1 } }
    assert.equal("nothing", cache:get("note", "nothing"))
    assert.equal("nothing", cache:get("notes", "nothing"))
    assert.is_false(cache:has_key "note")
    assert.equal("made", cache:get_or_set("note", function() return "made" end))
    define { text = models.TextField {} }
    assert.equal("nothing", cache:get("notes", "nothing"))
  end)

  it("and one that is no more, too", function()
    local bytes = pack.pack(Tag { name = "x" })
    assert.equal("x", pack.unpack(bytes).name)
    raises("ValueError", "'model' is not what it was any more", pack.unpack, (bytes:gsub("shop%.Tag", "shop.Gat")))
    for i = 0, #bytes - 1 do -- cut off anywhere, changed anywhere: an error or a value, no crash
      local ok, err = pcall(pack.unpack, bytes:sub(1, i))
      assert.is_true(not ok and exceptions.is(err, "ValueError"), tostring(err))
      local changed = bytes:sub(1, i) .. string.char((bytes:byte(i + 1) + 1) % 256) .. bytes:sub(i + 2)
      ok, err = pcall(pack.unpack, changed)
      assert.is_true(ok or exceptions.is(err, "ValueError"), ("byte %d: %s"):format(i, tostring(err)))
    end
  end)
end)

describe("several instances", function()
  it("come out as what they were to each other", function()
    local list = Product.objects:select_related("category"):order_by("pk"):to_list()
    local got = through { list = list, first = list[1], category = list[1].category }
    assert.equal(3, #got.list)
    assert.is_true(rawequal(got.first, got.list[1]))
    assert.is_true(rawequal(got.category, got.list[1].category))
  end)

  it("are still loaded together", function()
    local got = through(Product.objects:order_by("pk"):to_list())
    assert.equal(1, world.count(function()
      assert.equal("Books", got[1].category.name)
      assert.equal("Books", got[2].category.name)
      assert.equal("Games", got[3].category.name)
    end))
    got = through(Product.objects:fetch_mode("raise"):to_list())
    raises("FieldFetchBlocked", "category", function() return got[1].category end)
  end)

  it("cost little more than their values", function()
    local list = {}
    for i = 1, 100 do
      list[i] = Tag { id = i, name = "tag" }
    end
    local bytes = #pack.pack(list)
    assert.is_true(bytes < 100 * 40, tostring(bytes))
  end)
end)

describe("a QuerySet", function()
  it("is evaluated when it is put", function()
    local got
    assert.equal(1, world.count(function() got = through(Product.objects:filter({ category = books }):order_by "-price") end))
    assert.equal(0, world.count(function()
      assert.equal("Dune,Emma", world.names(got))
      assert.equal(2, #got)
      assert.equal("Emma", got[2].name)
      assert.equal(2, got:count())
      assert.is_true(got:exists())
      assert.is_true(got:contains(emma))
      assert.equal("Dune", got:first().name)
      assert.equal("Emma", got:last().name)
      assert.equal("Emma", world.names(got:slice(2, 2)))
      assert.equal("Emma", world.names(got:limit(5):offset(1)))
      assert.equal("Dune,Emma", world.names(got:all()))
      assert.equal("<QuerySet [<Product: Dune>, <Product: Emma>]>", tostring(got))
      local names = {}
      for p in got:iter() do names[#names + 1] = p.name end
      assert.equal("Dune Emma", table.concat(names, " "))
    end))
    local kept = Product.objects:filter { category = books }
    assert.equal(2, #kept)
    assert.equal(0, world.count(function() got = through(kept) end))
  end)

  it("has the methods of its class, and asks for its rows when it is asked for more", function()
    local got = through(Product.objects:order_by "-price")
    assert.equal(3, #got)
    assert.equal("Dune,Emma", world.names(got:active()))
    assert.equal("Dune", world.names(got:priced(10):active()))
    assert.equal("Dune,Emma", world.names(got:exclude { name = "Go" }))
    assert.equal(1, Product.objects:filter({ pk__in = got:slice(1, 1) }):count())
    assert.equal(3, Product.objects:filter({ pk__in = got }):count())
    assert.equal(2, Category.objects:filter({ products__in = got }):distinct():count())
    assert.equal(1, got:filter({ name = "Emma" }):update { stock = 5 })
    local again = through(got)
    assert.equal(3, #again)
    assert.equal("Dune,Emma", world.names(again:active()))
  end)

  it("of values comes out as its rows", function()
    local got = through(Product.objects:order_by("name"):values("name", "price"))
    assert.same({ name = "Dune", price = decimal "12.00" }, got[1])
    assert.same({ "Dune", "Emma", "Go" }, through(Product.objects:order_by("name"):values_list("name", { flat = true })):to_list())
    got = through(Product.objects:order_by("name"):values_list("name", "note"))
    assert.equal("Emma", got[2][1])
    assert.equal(2, got[1].n)
    raises("TypeError", "ask for more before they are kept", function() got:filter { name = "Emma" } end)
    got = through(Category.objects:none())
    assert.equal(0, #got)
    assert.is_true(Category.objects:filter({ pk__in = got }):count() == 0)
  end)

  it("that fails when it is read keeps nothing", function()
    cache:set("k", "before")
    db.execute 'ALTER TABLE "shop_tag" RENAME TO "hidden"'
    raises("OperationalError", "shop_tag", cache.set, cache, "k", Tag.objects:all())
    db.execute 'ALTER TABLE "hidden" RENAME TO "shop_tag"'
    assert.equal("before", cache:get "k")
  end)
end)

describe("what is no data", function()
  it("is refused by its place in an instance, too", function()
    local product = Product.objects:get { pk = emma.pk }
    product.callback = print
    raises("TypeError", "a function cannot be kept as data: it is at value.callback", cache.set, cache, "k", product)
    raises("TypeError", "it is at value.items[3].callback", cache.set, cache, "k", { items = { 1, 2, product } })
    raises("TypeError", "it is at value.category.callback", function()
      local p = Product.objects:select_related("category"):get { pk = emma.pk }
      p.category.callback = print
      cache:set("k", p)
    end)
    raises("TypeError", 'it is at value["two words"]', cache.set, cache, "k", { ["two words"] = print })
    raises("TypeError", "shop.Product.objects is a manager and cannot be kept as data: keep a QuerySet, shop.Product.objects:all()", cache.set, cache, "k", Product.objects)
  end)

  it("a table in itself, with the way to it", function()
    local list = { { name = "x" } }
    list[1].back = list
    raises("ValueError", "a table that contains itself cannot be kept as data: value[1].back is value", cache.set, cache, "k", list)
    local inner = {}
    inner.self = inner
    raises("ValueError", "value.a.b.self is value.a.b", cache.set, cache, "k", { a = { b = inner } })
    local deep = {}
    for _ = 1, 120 do deep = { deep } end
    raises("ValueError", "deeper than 100 levels", cache.set, cache, "k", deep)
  end)
end)

describe("the database", function()
  it("may be waited for while others use the cache", function()
    local fiber = require "perilune.fiber"
    local ok = true
    local tasks = {}
    for i = 1, 8 do
      tasks[i] = function()
        for n = 1, 20 do
          cache:set("qs" .. i, { n = n, rows = Product.objects:filter { price__gt = n % 3 } }, { tags = { "t" .. i } })
          local got = cache:get("qs" .. i)
          ok = ok and got.n == n and #got.rows == 3
          cache:set("plain" .. i, ("x"):rep(n))
          ok = ok and cache:get("plain" .. i) == ("x"):rep(n)
          fiber.yield()
        end
      end
    end
    fiber.gather(tasks)
    assert.is_true(ok)
    assert.is_true(db ~= nil)
  end)
end)

t.finish()
