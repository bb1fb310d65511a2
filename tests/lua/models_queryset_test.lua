-- SPDX-License-Identifier: MIT
-- QuerySets: the behaviours of Django's that are most easily got wrong, and the rest.
local t = require "harness"
local decimal = require "perilune.decimal"
local db = require "perilune.db"
local models = require "perilune.models"
local null = require "perilune.null"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local raises = world.raises
local F, Q, Count, Sum, Value = models.F, models.Q, models.Count, models.Sum, models.Value

local s = world.shop()
local Category, Product, Order, Item, Tag, Profile = s.Category, s.Product, s.Order, s.Item, s.Tag, s.Profile
local names, count = world.names, world.count

local books, toys

local function fill()
  s.clear()
  books = Category.objects:create { name = "books" }
  toys = Category.objects:create { name = "toys" }
  Product.objects:create { name = "P1", category = books, price = decimal "10", stock = 5 }
  Product.objects:create { name = "P2", category = books, price = decimal "20", stock = 0, is_active = false }
  Product.objects:create { name = "P3", category = toys, price = decimal "30", stock = 7, note = "x" }
end

-- P1 is in two items of one order, P2 in one of another.
local function with_items()
  fill()
  local p1, p2 = Product.objects:get { name = "P1" }, Product.objects:get { name = "P2" }
  local a, b = Order.objects:create { customer = "ann" }, Order.objects:create { customer = "bob" }
  Item.objects:create { order = a, product = p1, quantity = 2, price = decimal "10" }
  Item.objects:create { order = b, product = p1, quantity = 5, price = decimal "50" }
  Item.objects:create { order = b, product = p2, quantity = 2, price = decimal "20" }
  return a, b, p1, p2
end

describe("QuerySets", function()
  it("are lazy, kept once read, and never change", function()
    fill()
    local all = Product.objects:all()
    local sent = count(function()
      local some = all:filter { stock__gt = 0 }:order_by "-price"
      assert.equal("P3,P1", names(some))
      assert.equal(2, #some)
      assert.equal("P3", some[1].name)
    end)
    assert.equal(1, sent)
    assert.equal(3, #all)
    raises("AttributeError", function()
      all.x = 1
    end)
  end)

  it("look up: all lookups", function()
    fill()
    local function is(expected, conditions)
      assert.equal(expected, names(Product.objects:filter(conditions)))
    end
    is("P1", { name = "P1" })
    is("P1", { name__exact = "P1" })
    is("P1", { name__iexact = "p1" })
    is("P1,P2,P3", { name__contains = "P" })
    is("P1,P2,P3", { name__icontains = "p" })
    is("P1,P3", { name__in = { "P1", "P3" } })
    is("", { name__in = {} })
    is("P2,P3", { price__gt = 10 })
    is("P1,P2,P3", { price__gte = decimal "10.00" })
    is("P1", { price__lt = 20 })
    is("P1,P2", { price__lte = 20 })
    is("P2", { name__endswith = "2" })
    is("P1,P2,P3", { name__istartswith = "p" })
    is("P1,P2", { price__range = { 5, 20 } })
    is("P3", { note__isnull = false })
    is("P1,P2", { note__isnull = true })
    is("P1,P2", { note = null })
    is("P1,P2", { name__regex = "^P[12]$" })
    is("P3", { name__iregex = "p3" })
    is("P1,P2", { category__name = "books" })
    is("P1,P2", { category = books })
    is("P3", { category_id = toys.pk })
    is("P1,P2,P3", { created_at__year = tonumber(os.date "!%Y") })
  end)

  it("raise where a condition vanished, and name the nearest of unknown names", function()
    fill()
    raises("ValueError", function() Product.objects:filter { note = nil } end, "no condition")
    raises("ValueError", function() Product.objects:filter("note", nil) end, "perilune.null")
    raises("ValueError", function() Product.objects:exclude {} end)
    raises("ValueError", function() Product.objects:get {} end)
    raises("ValueError", function() Q {} end)
    raises("FieldError", function() Product.objects:filter { nme = 1 } end, "did you mean 'name'")
    raises("FieldError", function() Product.objects:filter { category__nam = 1 } end, "nam")
    raises("FieldError", function() Product.objects:filter { name__contians = "x" } end, "contians")
    raises("FieldError", function() Product.objects:order_by "prize" end, "price")
    raises("FieldError", function() Product.objects:values "nam" end)
    raises("ValueError", function() Product.objects:filter({ stock = "x" }):count() end, "expected a number")
  end)

  it("combine conditions", function()
    fill()
    assert.equal("P1,P3", names(Product.objects:filter(Q { name = "P1" } | Q { name = "P3" })))
    assert.equal("P2", names(Product.objects:filter(~Q { stock__gt = 0 })))
    assert.equal("P1", names(Product.objects:filter(Q { category = books } & ~Q { name = "P2" })))
    assert.equal("P2,P3", names(Product.objects:filter(Q { category = books } ~ Q { stock__gt = 0 })))
    assert.equal("P1", names(Product.objects:filter(Q { category = books }, { stock = 5 })))
    assert.equal("P3", names(Product.objects:filter { price__gt = F "stock" * 3, stock__gt = 5 }))
    assert.equal("P1,P2", names(Product.objects:filter { note = null } & Product.objects:filter { category = books }))
  end)
end)

describe("multi-valued relations", function()
  it("one filter means one row, two filters may mean two", function()
    with_items()
    assert.equal("", names(Product.objects:filter { items__quantity = 2, items__price = 50 }))
    assert.equal("P1", names(Product.objects:filter({ items__quantity = 2 }):filter { items__price = 50 }))
    assert.equal("P1,P1,P2", names(Product.objects:filter { items__quantity__gte = 1 }))
    assert.equal("P1,P2", names(Product.objects:filter({ items__quantity__gte = 1 }):distinct()))
  end)

  it("exclude leaves out by any row, and keeps NULLs", function()
    with_items()
    assert.equal("P3", names(Product.objects:exclude { items__quantity = 2 }))
    assert.equal("P2,P3", names(Product.objects:exclude { items__quantity = 2, items__price = 50 }))
    assert.equal("P1,P2", names(Product.objects:exclude { note = "x" }))
  end)

  it("two aggregates over two relations multiply, distinct mends counts", function()
    local _, _, p1 = with_items()
    p1.tags:add(Tag.objects:create { name = "a" }, Tag.objects:create { name = "b" })
    local row = Product.objects:annotate({ i = Count "items", g = Count "tags" }):get { name = "P1" }
    assert.equal(4, row.i)
    row = Product.objects:annotate({ i = Count("items", { distinct = true }), g = Count("tags", { distinct = true }) }):get { name = "P1" }
    assert.equal(2, row.i)
    assert.equal(2, row.g)
  end)
end)

describe("aggregates", function()
  it("group by values, and not by what comes after", function()
    with_items()
    local rows = Item.objects:values("product__name"):annotate({ n = Sum "quantity" }):order_by "product__name"
    assert.equal("P1:7,P2:2", ("%s:%d,%s:%d"):format(rows[1].product__name, rows[1].n, rows[2].product__name, rows[2].n))
    assert.equal(2, #rows)
    local apart = Product.objects:annotate({ n = Count "items" }):values("category__name", "n"):order_by "name"
    assert.equal(3, #apart)
    assert.equal(3, #Item.objects:values("product__name"):annotate({ n = Sum "quantity" }):order_by "id")
  end)

  it("filter before is WHERE, after is HAVING", function()
    with_items()
    assert.equal("P1", names(Product.objects:annotate({ n = Count "items" }):filter { n__gt = 1 }))
    assert.equal("P1,P2", names(Product.objects:filter({ items__quantity = 2 }):annotate({ n = Count "items" }):filter { n = 1 }))
  end)

  it("of nothing are None and 0", function()
    fill()
    local r = Item.objects:aggregate { s = Sum "quantity", n = Count "id", d = Sum("quantity", { default = 0 }) }
    assert.is_nil(r.s)
    assert.equal(0, r.n)
    assert.equal(0, r.d)
    r = Product.objects:none():aggregate { n = Count "id" }
    assert.equal(0, r.n)
  end)

  it("take filter, and names of their own", function()
    with_items()
    local r = Product.objects:aggregate { active = Count("id", { filter = Q { is_active = true } }), all = Count "id" }
    assert.equal(2, r.active)
    assert.equal(3, r.all)
    assert.equal(3, Product.objects:aggregate(Count "id").id__count)
    local top = Product.objects:annotate({ revenue = Sum(F "items__quantity" * F "items__price") }):filter { revenue__gt = 10 }:order_by "-revenue"
    assert.equal("P1", top[1].name)
    assert.equal("270", tostring(top[1].revenue:normalize():to_fixed()))
  end)
end)

describe("expressions", function()
  it("update with F and Case", function()
    fill()
    assert.equal(3, Product.objects:update { stock = F "stock" + 1 })
    assert.equal(6, Product.objects:get({ name = "P1" }).stock)
    Product.objects:update { note = models.Case { models.When({ stock__gt = 5 }, Value "much"), default = Value "few" } }
    assert.equal("much", Product.objects:get({ name = "P1" }).note)
    assert.equal("few", Product.objects:get({ name = "P2" }).note)
    raises("FieldError", function() Product.objects:update { stock = F "category__name" } end)
    assert.equal(2, Product.objects:filter({ category__name = "books" }):update { stock = 1 })
    raises("TypeError", function() Product.objects:limit(1):update { stock = 1 } end, "slice")
  end)

  it("subqueries, Exists, OuterRef", function()
    with_items()
    local newest = Item.objects:filter({ product = models.OuterRef "pk" }):order_by("-quantity"):values("quantity"):limit(1)
    local rows = Product.objects:annotate { most = models.Subquery(newest) }
    assert.equal(5, rows[1].most)
    assert.equal(2, rows[2].most)
    assert.is_nil(rows[3].most)
    local has = models.Exists(Item.objects:filter { product = models.OuterRef "pk" })
    assert.equal("P1,P2", names(Product.objects:filter(has)))
    assert.equal("P3", names(Product.objects:filter(~has)))
    assert.equal("P1,P2", names(Product.objects:filter { category__in = Category.objects:filter { name = "books" } }))
  end)

  it("functions and windows", function()
    fill()
    local fn = models.functions
    local r = Product.objects:annotate({ u = fn.Lower "name", l = fn.Length "name", c = fn.Concat("name", Value "-", "category__name") }):first()
    assert.equal("p1", r.u)
    assert.equal(2, r.l)
    assert.equal("P1-books", r.c)
    local ranked = Product.objects:annotate { rk = models.Window { fn.Rank(), partition_by = { F "category" }, order_by = F("price"):desc() } }
    assert.equal("2,1,1", names(ranked, "rk"))
    assert.equal("P2,P3", names(ranked:filter { rk = 1 }))
    local running = Product.objects:annotate({ total = models.Window { Sum "stock", order_by = F "name" } })
    assert.equal("5,5,12", names(running, "total"))
  end)
end)

describe("shapes", function()
  it("values, values_list, flat, distinct", function()
    fill()
    assert.same({ name = "P1", category__name = "books" }, Product.objects:values("name", "category__name")[1])
    local list = Product.objects:values_list("name", "note")
    assert.equal("P1", list[1][1])
    assert.is_nil(list[1][2])
    assert.equal(2, list[1].n)
    local flat = Product.objects:values_list("note", { flat = true })
    assert.equal(null, flat[1])
    assert.equal("x", flat[3])
    assert.equal(2, #Product.objects:order_by():values_list("category__name", { flat = true }):distinct())
  end)

  it("slices", function()
    fill()
    assert.equal("P2,P3", names(Product.objects:slice(2, 3)))
    assert.equal("P2", names(Product.objects:limit(1):offset(1)))
    assert.equal("P2", names(Product.objects:offset(1):limit(1)))
    assert.equal(2, Product.objects:limit(2):count())
    raises("TypeError", function() Product.objects:limit(1):filter { name = "x" } end, "slice")
    raises("TypeError", function() Product.objects:limit(1):order_by "name" end)
    raises("ValueError", function() Product.objects:slice(0, 1) end)
  end)

  it("get, first, last, earliest, latest", function()
    fill()
    assert.equal("P1", Product.objects:first().name)
    assert.equal("P3", Product.objects:last().name)
    assert.equal("P3", Product.objects:latest("price").name)
    assert.equal("P1", Product.objects:earliest("price").name)
    raises(Product.DoesNotExist, function() Product.objects:get { name = "no" } end, "Product matching query does not exist.")
    raises(Product.MultipleObjectsReturned, function() Product.objects:get { category = books } end, "it returned 2!")
    assert.is_nil(Product.objects:get_or_nil { name = "no" })
    assert.is_nil(Product.objects:none():first())
  end)

  it("unions", function()
    fill()
    local a, b = Product.objects:filter { name = "P1" }, Product.objects:filter { name__in = { "P1", "P2" } }
    assert.equal(2, #a:union(b))
    assert.equal(3, #a:union(b, { all = true }))
    assert.equal("P1", names(b:intersection(a)))
    assert.equal("P2", names(b:difference(a)))
    raises("NotSupportedError", function() a:union(b):filter { name = "P1" } end)
  end)

  it("in_bulk, contains, exists, count", function()
    fill()
    local p1 = Product.objects:get { name = "P1" }
    assert.equal("P1", Product.objects:in_bulk({ p1.pk })[p1.pk].name)
    assert.equal("books", Category.objects:in_bulk({ "books" }, { field_name = "name" }).books.name)
    assert.is_true(Product.objects:all():contains(p1))
    assert.is_false(Product.objects:filter({ name = "P2" }):contains(p1))
    assert.is_true(Product.objects:filter({ stock = 0 }):exists())
    local sent = count(function()
      assert.equal(0, Product.objects:filter({ name__in = {} }):count())
      assert.is_false(Product.objects:none():exists())
    end)
    assert.equal(0, sent)
  end)

  it("managers pass on methods of QuerySets", function()
    fill()
    assert.equal("P1,P3", names(Product.objects:active()))
    assert.equal("P3", names(Product.objects:priced(30):active()))
  end)
end)

describe("relations", function()
  it("load what is missing for the whole batch", function()
    fill()
    local sent = count(function()
      for _, p in ipairs(Product.objects:all()) do
        assert.equal("string", type(p.category.name))
      end
    end)
    assert.equal(2, sent)
    sent = count(function()
      for _, p in ipairs(Product.objects:select_related "category") do
        assert.equal("string", type(p.category.name))
      end
    end)
    assert.equal(1, sent)
    sent = count(function()
      for _, p in ipairs(Product.objects:fetch_mode "one") do
        assert.equal("string", type(p.category.name))
      end
    end)
    assert.equal(4, sent)
    raises("FieldFetchBlocked", function()
      return Product.objects:fetch_mode("raise")[1].category
    end, "Product.category")
  end)

  it("prefetch", function()
    with_items()
    local sent = count(function()
      for _, o in ipairs(Order.objects:prefetch_related("items__product__category"):order_by "id") do
        for _, item in ipairs(o.items:all()) do
          assert.equal("books", item.product.category.name)
        end
      end
    end)
    assert.equal(4, sent)
    local cheap = Order.objects:prefetch_related(models.Prefetch("items", { queryset = Item.objects:filter { price__lt = 15 }, to_attr = "cheap" })):order_by "id"
    assert.equal(1, #cheap[1].cheap)
    assert.equal(0, #cheap[2].cheap)
    raises("AttributeError", function() return #Order.objects:prefetch_related "itms" end, "items")
  end)

  it("one-to-one, from both sides", function()
    fill()
    local p = Profile.objects:create { category = books, text = "t" }
    assert.equal("t", Category.objects:get({ name = "books" }).profile.text)
    local with = Category.objects:select_related("profile"):order_by "id"
    local sent = count(function()
      assert.equal("t", with[1].profile.text)
      raises("ObjectDoesNotExist", function() return with[2].profile end, "has no profile")
    end)
    assert.equal(1, sent)
    assert.equal("books", p.category.name)
  end)

  it("many-to-many managers", function()
    fill()
    local p = Product.objects:get { name = "P1" }
    local a, b = Tag.objects:create { name = "a" }, Tag.objects:create { name = "b" }
    p.tags:add(a, b.pk)
    p.tags:add(a)
    assert.equal("a,b", names(p.tags:order_by "name"))
    assert.equal("P1", names(a.products:all()))
    p.tags:set { b }
    assert.equal("b", names(p.tags:all()))
    p.tags:remove(b)
    assert.equal(0, p.tags:count())
    local c = p.tags:create { name = "c" }
    assert.equal("P1", names(Product.objects:filter { tags = c }))
    p.tags:clear()
    assert.is_false(p.tags:exists())
  end)

  it("reverse managers", function()
    fill()
    assert.equal("P1,P2", names(books.products:all()))
    assert.equal("P1", names(books.products:active()))
    local p = books.products:create { name = "P4", price = 1 }
    assert.equal(books.pk, p.category_id)
    toys.products:add(p)
    assert.equal(toys.pk, p.category_id)
    assert.equal(2, toys.products:count())
    toys.products:remove(p)
    assert.is_nil(Product.objects:get({ name = "P4" }).category)
  end)
end)

describe("writing many", function()
  it("bulk_create and bulk_update", function()
    fill()
    local list = {}
    for i = 1, 50 do
      list[i] = Product { name = ("B%02d"):format(i), price = i, category = toys }
    end
    local sent = count(function()
      Product.objects:bulk_create(list)
    end)
    assert.equal(1, sent)
    assert.equal("number", type(list[50].pk))
    assert.equal("B50", Product.objects:get({ pk = list[50].pk }).name)
    for _, p in ipairs(list) do
      p.stock = 9
    end
    assert.equal(50, Product.objects:bulk_update(list, { "stock" }))
    assert.equal(50, Product.objects:filter({ stock = 9 }):count())
    Category.objects:bulk_create({ Category { name = "books" } }, { ignore_conflicts = true })
    Tag.objects:bulk_create { Tag { name = "z" } }
    raises("IntegrityError", function() Category.objects:bulk_create { Category { name = "books" } } end)
  end)

  it("get_or_create and update_or_create", function()
    fill()
    local c, created = Category.objects:get_or_create { name = "games" }
    assert.is_true(created)
    local d, again = Category.objects:get_or_create { name = "games" }
    assert.is_false(again)
    assert.equal(c, d)
    local _, made = Product.objects:update_or_create { name = "N", defaults = { price = decimal "5", stock = 2 } }
    assert.is_true(made)
    local p
    p, made = Product.objects:update_or_create { name = "N", defaults = { stock = 3 } }
    assert.is_false(made)
    assert.equal(3, Product.objects:get({ pk = p.pk }).stock)
  end)

  it("only and defer load the rest when it is asked for", function()
    fill()
    local rows = Product.objects:only "name"
    local sent = count(function()
      for _, p in ipairs(rows) do
        assert.equal("number", type(p.stock))
      end
    end)
    assert.equal(2, sent)
    local p = Product.objects:defer("stock"):get { name = "P1" }
    assert.same({ "stock" }, p:get_deferred_fields())
    p.name = "new"
    p:save()
    assert.equal(5, Product.objects:get({ name = "new" }).stock)
  end)
end)

describe("SQL", function()
  it("is Django's text", function()
    fill()
    local sql, params = Product.objects:filter({ name = "P1" }):order_by():only("id"):sql()
    assert.equal('SELECT "shop_product"."id" FROM "shop_product" WHERE "shop_product"."name" = ?', sql)
    assert.same({ "P1" }, params)
    assert.is_true(tostring(Product.objects:filter({ stock = 5 }).query):find '"shop_product"."stock" = 5' ~= nil)
    assert.equal("string", type(Product.objects:all():explain()))
    local raw = Product.objects:raw("SELECT id, name, 1 + 1 AS two FROM shop_product WHERE stock > ?", { 5 })
    assert.equal("P3", raw[1].name)
    assert.equal(2, raw[1].two)
    assert.equal(7, raw[1].stock)
  end)

  it("locks only inside of a transaction", function()
    fill()
    raises("TransactionManagementError", function() return #Product.objects:select_for_update() end)
    db.atomic(function()
      assert.equal(3, #Product.objects:select_for_update())
    end)
  end)
end)

t.finish()
