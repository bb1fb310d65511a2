-- SPDX-License-Identifier: MIT
-- What is most easily got wrong with queries: each test is one behaviour of Django's, whole.
-- Schema: categories, products with items of orders and tags.
local t = require "harness"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local models = require "perilune.models"
local null = require "perilune.null"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local count, names, raises = world.count, world.names, world.raises
local F, Q, Count, Sum, Value = models.F, models.Q, models.Count, models.Sum, models.Value
local fn = models.functions

local s = world.shop()
local Category, Product, Order, Item, Tag = s.Category, s.Product, s.Order, s.Item, s.Tag

local books, toys, p1, p2, p3
local function fill()
  s.clear()
  books, toys = Category.objects:create { name = "books" }, Category.objects:create { name = "toys", parent = null }
  p1 = Product.objects:create { name = "P1", category = books, price = 10, stock = 5 }
  p2 = Product.objects:create { name = "P2", category = books, price = 20, stock = 0, note = "x" }
  p3 = Product.objects:create { name = "P3", price = 30, stock = 7 }
  local order = Order.objects:create { customer = "c", placed_at = time.now() }
  Item.objects:create { order = order, product = p1, quantity = 2, price = 10 }
  Item.objects:create { order = order, product = p1, quantity = 1, price = 50 }
  Item.objects:create { order = order, product = p2, quantity = 2, price = 20 }
end

local function sent(queryset)
  return db.capture(function() queryset:to_list() end)[1].sql
end

describe("queries", function()
  it("one filter is one related row, two may be two; rows come once for each", function()
    fill()
    assert.equal("", names(Product.objects:filter { items__quantity = 2, items__price = 50 }))
    assert.equal("P1", names(Product.objects:filter({ items__quantity = 2 }):filter { items__price = 50 }))
    assert.equal("P1,P1,P2", names(Product.objects:filter { items__quantity__gte = 1 }))
    assert.equal("P1,P2", names(Product.objects:filter({ items__quantity__gte = 1 }):distinct()))
  end)

  it("exclude over many rows is NOT EXISTS, drops what different rows meet, and keeps NULLs", function()
    fill()
    assert.equal("P2,P3", names(Product.objects:exclude { items__quantity = 2, items__price = 50 }))
    assert.is_true(sent(Product.objects:exclude { items__quantity = 2 }):find("NOT (EXISTS", 1, true) ~= nil)
    assert.equal("P1,P3", names(Product.objects:exclude { note = "x" }))
    assert.is_true(sent(Product.objects:exclude { note = "x" }):find("IS NOT NULL", 1, true) ~= nil)
    assert.equal("P3", names(Product.objects:exclude { category__name = "books" }))
  end)

  it("two aggregates over two relations multiply: distinct mends counts, a subquery sums", function()
    fill()
    p1.tags:add(Tag.objects:create { name = "a" }, Tag.objects:create { name = "b" })
    local row = Product.objects:annotate({ i = Count "items", g = Count "tags", total = Sum "items__quantity" }):get { pk = p1.pk }
    assert.equal("4 4 6", ("%d %d %d"):format(row.i, row.g, row.total))
    row = Product.objects:annotate({ i = Count("items", { distinct = true }), g = Count("tags", { distinct = true }) }):get { pk = p1.pk }
    assert.equal("2 2", row.i .. " " .. row.g)
    local own = Item.objects:filter({ product = models.OuterRef "pk" }):order_by():values("product"):annotate({ total = Sum "quantity" }):values "total"
    assert.equal(3, Product.objects:annotate({ total = models.Subquery(own) }):get({ pk = p1.pk }).total)
  end)

  it("values before annotate groups, after it does not; the order joins the groups", function()
    fill()
    local rows = Product.objects:filter({ category__isnull = false }):values("category__name"):annotate { n = Count "id" }
    assert.same({ { category__name = "books", n = 2 } }, rows:to_list()) -- Meta.ordering is ignored
    assert.equal(2, #rows:order_by "id")
    assert.equal(3, #Product.objects:annotate({ n = Count "items" }):values("category__name", "n"))
    local after = Product.objects:annotate({ n = Count "items" }):filter { n__gt = 1 }
    assert.is_true(sent(after):find("HAVING", 1, true) ~= nil)
    assert.equal("P1", names(after))
    local before = Product.objects:filter({ items__quantity = 2 }):annotate { n = Count "items" }
    assert.equal(1, before:get({ pk = p1.pk }).n)
    assert.equal(2, Product.objects:annotate({ n = Count "items" }):filter({ items__quantity = 2 }):get({ pk = p1.pk }).n) -- joined again
  end)

  it("aggregates of nothing, NULL, empty lists", function()
    fill()
    local none = Product.objects:filter { pk = 0 }
    local all = none:aggregate { sum = Sum "stock", n = Count "id", filled = Sum("stock", { default = 0 }) }
    assert.equal(nil, all.sum)
    assert.equal(0, all.n)
    assert.equal(0, all.filled)
    raises("FieldError", function() return Product.objects:aggregate { x = fn.Coalesce(Sum "price", 0.5) } end, "mixed types")
    assert.equal(0, count(function()
      assert.equal(0, #Product.objects:filter { pk__in = {} })
      assert.equal(0, Product.objects:filter({ pk__in = {} }):count())
      assert.is_false(Product.objects:filter({ pk__in = {} }):exists())
      assert.equal(0, Product.objects:none():count())
    end))
    assert.equal("P1,P3", names(Product.objects:filter { note = null }))
    assert.equal("P1,P3", names(Product.objects:filter { note__isnull = true }))
    assert.equal("P2", names(Product.objects:exclude { note = null }))
  end)

  it("update counts what it matches, refuses joins in values, order and slices", function()
    fill()
    assert.equal(3, Product.objects:update { is_active = true }) -- all of them are so already
    assert.equal(1, Product.objects:filter({ category__name = "books", items__price = 50 }):update { stock = F "stock" + 1 })
    assert.equal(6, Product.objects:get({ pk = p1.pk }).stock)
    raises("FieldError", function() return Product.objects:update { note = F "category__name" } end, "Joined field references are not permitted in this query")
    raises("TypeError", function() return Product.objects:limit(1):update { stock = 1 } end, "slice")
    assert.equal(1, Product.objects:filter({ pk = p3.pk }):update { category = toys })
    assert.equal("toys", Product.objects:get({ pk = p3.pk }).category.name)
    local before = Product.objects:get({ pk = p1.pk }).created_at
    Product.objects:update { note = "y" }
    assert.equal(before, Product.objects:get({ pk = p1.pk }).created_at)
  end)

  it("select_related joins outer where there may be nothing; prefetches are dropped by filter", function()
    fill()
    local sql = sent(Product.objects:select_related "category")
    assert.is_true(sql:find("LEFT OUTER JOIN", 1, true) ~= nil)
    assert.equal(1, count(function()
      for _, p in ipairs(Product.objects:select_related "category") do
        assert.equal(p.pk == p3.pk and "nil" or "books", p.category and p.category.name or "nil")
      end
    end))
    assert.equal(1, count(function() -- the other side of a one-to-one, and that there is none
      local c = Category.objects:select_related("profile"):get { name = "toys" }
      raises("RelatedObjectDoesNotExist", function() return c.profile end, "Category has no profile.")
    end))
    local c = Category.objects:prefetch_related("products"):get { name = "books" }
    assert.equal(0, count(function() assert.equal(2, #c.products:all()) end))
    assert.equal(1, count(function() assert.equal(1, #c.products:filter { name = "P1" }) end))
    c = Category.objects:prefetch_related(models.Prefetch("products", { queryset = Product.objects:filter { stock__gt = 0 }, to_attr = "there" })):get { name = "books" }
    assert.equal("table", type(c.there))
    assert.equal(nil, getmetatable(c.there))
    assert.equal("P1", names(c.there))
    c = Category.objects:prefetch_related(models.Prefetch("products", { queryset = Product.objects:order_by("-name"):limit(1) })):get { name = "books" }
    assert.equal("P2", names(c.products:all()))
    assert.equal(3, count(function() -- a chunk, its prefetch, the rest's keys
      for p in Product.objects:prefetch_related("items"):iterator { chunk_size = 100 } do
        assert.equal(p.pk == p1.pk and 2 or p.pk == p2.pk and 1 or 0, #p.items:all())
      end
    end) + 1)
  end)

  it("slices take no filter and no order, unions neither; get wants one", function()
    fill()
    raises("TypeError", function() return Product.objects:limit(2):filter { name = "x" } end, "Cannot filter a query once a slice has been taken.")
    raises("TypeError", function() return Product.objects:limit(2):order_by "name" end, "Cannot reorder a query once a slice has been taken.")
    assert.equal(5, Product.objects:order_by("name"):limit(2):aggregate({ n = Sum "stock" }).n)
    raises("NotSupportedError", function() return Product.objects:all():union(Product.objects:all()):filter { name = "x" } end, "Calling QuerySet.filter() after union() is not supported.")
    assert.equal("P1,P2,P3", names(Product.objects:filter({ pk = p1.pk }):union(Product.objects:all()):order_by "name"))
    assert.equal(2, #Product.objects:filter({ items__quantity__gte = 1 }):distinct():order_by "category__name")
    assert.equal("P3", Product.objects:order_by("name"):last().name)
    assert.equal("P1", Product.objects:order_by("-name"):last().name)
    local err = raises("MultipleObjectsReturned", function() return Product.objects:get { category = books } end, "it returned 2!")
    assert.is_true(err:is(Product.MultipleObjectsReturned))
    assert.is_true(db.capture(function() pcall(function() return Product.objects:get { price__gt = 0 } end) end)[1].sql:find("LIMIT 21", 1, true) ~= nil)
    raises("DoesNotExist", function() return Product.objects:get { pk = 0 } end, "Product matching query does not exist.")
  end)

  it("subqueries: one value, NULL for no rows, EXISTS and its contrary, nested, windows, ties", function()
    fill()
    local newest = Item.objects:filter({ product = models.OuterRef "pk" }):order_by "-price"
    local rows = Product.objects:annotate({ top = models.Subquery(newest:values("price"):limit(1)) }):order_by("name"):to_list()
    assert.equal("50 20 nil", ("%s %s %s"):format(rows[1].top, rows[2].top, rows[3].top))
    assert.equal("P1,P2", names(Product.objects:filter(models.Exists(newest))))
    assert.equal("P3", names(Product.objects:filter(~models.Exists(newest))))
    assert.is_true(sent(Product.objects:filter(~models.Exists(newest))):find("NOT EXISTS", 1, true) ~= nil)
    local inner = Item.objects:filter { product__category = models.OuterRef(models.OuterRef "pk"), product = models.OuterRef "pk" }
    local with_items = Product.objects:filter(models.Exists(inner))
    assert.equal("books", names(Category.objects:filter(models.Exists(with_items:filter { category = models.OuterRef "pk" }))))
    local ranked = Product.objects:annotate { rk = models.Window { fn.Rank(), partition_by = { F "category" }, order_by = F("price"):desc() } }
    assert.equal("P2,P3", names(ranked:filter { rk = 1 }))
    Product.objects:filter({ pk = p2.pk }):update { price = 10 }
    local running = Product.objects:annotate({ total = models.Window { Sum "stock", order_by = F("price"):asc() } }):order_by "name"
    assert.equal("5 5 12", ("%d %d %d"):format(running[1].total, running[2].total, running[3].total)) -- ties share
  end)

  it("are read once and kept; an index, a chain and a new QuerySet ask again", function()
    fill()
    local qs = Product.objects:order_by "name"
    assert.equal(1, count(function()
      for _ = 1, 3 do
        assert.equal(3, #qs)
      end
      assert.equal(3, qs:count())
      assert.is_true(qs:exists())
      assert.equal("P1", qs[1].name)
      assert.equal("P1", qs:first().name)
    end))
    assert.equal(2, count(function()
      assert.equal("P1", Product.objects:order_by("name"):first().name)
      assert.equal(1, #qs:filter { name = "P2" })
    end))
    assert.equal(2, count(function() assert.equal("P1", Product.objects:only("stock"):get({ pk = p1.pk }).name) end))
    local copy = require("perilune._pack")
    assert.is_true(pcall(copy.pack, qs:values("name"):to_list()))
    raises("TransactionManagementError", function() return #Product.objects:select_for_update() end, "select_for_update cannot be used outside of a transaction")
    db.atomic(function() assert.equal(3, #Product.objects:select_for_update()) end)
    raises("ValueError", function() return Product.objects:select_for_update { nowait = true, skip_locked = true } end, "cannot be used with")
  end)
end)

-- ---- names and values that somebody else has written ----

local evil = "name') OR 1=1 --"

describe("text of others", function()
  local function nothing_sent(class, f, text)
    assert.equal(0, count(function() raises(class or "Exception", f, text) end))
  end

  it("as keys of lookups is an error, and nothing is sent", function()
    fill()
    for _, key in ipairs { evil, "name__" .. evil, "category__" .. evil, "a__b__unknown", "name\0", "", "__", "name__exact__exact", "_connector", "_negated", "__class", "__index", "category____name" } do
      for _, how in ipairs { "filter", "exclude", "get" } do
        nothing_sent("FieldError", function() return Product.objects[how](Product.objects, { [key] = "x" }) end)
      end
      nothing_sent("FieldError", function() return Product.objects:filter(Q { [key] = "x" }) end)
      nothing_sent("FieldError", function() return Product.objects:filter(~Q { [key] = "x" } | Q { name = "y" }) end)
    end
    raises("TypeError", function() return Product.objects:filter { [true] = 1 } end)
  end)

  it("as an order, a column, an alias", function()
    fill()
    for _, name in ipairs { evil, "id; DROP TABLE x", "(select 1)", "name.x", "-", "--name", "name desc", "??", "name,id", "shop_product.name" } do
      for _, how in ipairs { "order_by", "values", "values_list", "only", "defer", "select_related", "dates", "earliest" } do
        nothing_sent(nil, function() return Product.objects[how](Product.objects, name, "year") end)
      end
    end
    for _, alias in ipairs { "a b", 'a"b', "a'b", "a`b", "a;b", "a--b", "a/*b", "a#b", "a%b", "a.b", "a\0b", "a\nb", "a\tb", "a(b", "a]b", ("a"):rep(64), "", "a\u{A0}b", "a\xff" } do
      local given = { [alias] = Value(1) }
      for _, how in ipairs { "annotate", "alias", "values" } do
        nothing_sent(nil, function() return Product.objects[how](Product.objects, given) end)
      end
      nothing_sent(nil, function() return Product.objects:aggregate { [alias] = Count "id" } end)
      nothing_sent(nil, function() return Product.objects:annotate { [alias] = models.FilteredRelation("items", { condition = Q { items__price = 1 } }) } end)
    end
    assert.equal("P3,P2,P1", names(Product.objects:annotate({ [("a"):rep(63)] = F "price" }):order_by("-" .. ("a"):rep(63))))
    assert.equal(3, #Product.objects:order_by "?")
  end)

  it("as connectors: there are three", function()
    fill()
    for _, connector in ipairs { "AND) OR (1=1", "and", "OR 1=1 OR", "", "XAND", "AND\0", "--", 5, {}, true } do
      nothing_sent("ValueError", function() return Product.objects:filter(models.q_connected(connector, false, { name = "x" }, { price = 1 })) end, '"AND", "OR" or "XOR"')
    end
    nothing_sent("ValueError", function() return models.q_connected() end)
    assert.equal("P1,P2", names(Product.objects:filter(models.q_connected("OR", false, { name = "P1" }, { name = "P2" })):order_by "name"))
  end)

  it("as kinds, types, locks, collations, formats", function()
    fill()
    nothing_sent("ValueError", function() return Product.objects:dates("created_at", "year') --") end)
    nothing_sent("ValueError", function() return Product.objects:datetimes("created_at", evil) end)
    nothing_sent(nil, function() return #Product.objects:annotate { x = fn.Extract("created_at", evil) } end)
    nothing_sent(nil, function() return #Product.objects:annotate { x = fn.Trunc("created_at", evil) } end)
    nothing_sent(nil, function() return #Product.objects:annotate { x = models.Cast("name", evil) } end)
    nothing_sent(nil, function() return #Product.objects:annotate { x = fn.Collate(F "name", 'nocase" --') } end)
    nothing_sent("ValueError", function() return Product.objects:all():explain { format = evil } end)
    nothing_sent(nil, function() return Product.objects:all():explain { [evil] = true } end)
    nothing_sent("TypeError", function() return Product.objects:select_for_update { [evil] = true } end)
    nothing_sent(nil, function() return F("name"):asc { nulls_first = true, nulls_last = true } end)
  end)

  it("as values is compared, never run", function()
    fill()
    for _, value in ipairs { evil, "%", "_", "\\", "'", '"', "a\0b", "?", "%s", "100%_\\", ("x"):rep(20) } do
      Product.objects:filter({ pk = p1.pk }):update { note = null }
      local tag = Tag.objects:create { name = value }
      assert.equal(value, Tag.objects:get({ pk = tag.pk }).name)
      for _, lookup in ipairs { "exact", "iexact", "contains", "icontains", "startswith", "istartswith", "endswith", "iendswith" } do
        if value:find("\0", 1, true) and lookup ~= "exact" then -- LIKE would end there
          raises("ValueError", function() return Tag.objects:filter { ["name__" .. lookup] = value } end, "NUL character")
        else
          assert.equal(1, Tag.objects:filter({ ["name__" .. lookup] = value }):count(), lookup .. " " .. value:sub(1, 10))
          assert.equal(0, Tag.objects:filter({ ["name__" .. lookup] = value .. "z" }):count())
        end
      end
      assert.equal(1, Tag.objects:filter({ name__in = { value, "other" } }):count())
      tag:delete()
    end
    Tag.objects:create { name = "100% sure" }
    Tag.objects:create { name = "100 of 100" }
    assert.equal(1, Tag.objects:filter({ name__contains = "%" }):count())
    assert.equal(0, Tag.objects:filter({ name__contains = "_" }):count())
    assert.equal(1, Tag.objects:filter({ name__startswith = "100%" }):count())
  end)

  it("as keys and values of JSON", function()
    local Doc = models.Model("Doc", { data = models.JSONField { default = {} }, Meta = { app_label = "shop" } })
    world.create(Doc)
    for _, key in ipairs { "a'b\"c$[0]", "x') OR 1=1 --", "$", "[0]", "a.b", "ü", "a b", "%", "\\" } do
      local doc = Doc.objects:create { data = { [key] = { inner = "v" } } }
      assert.equal("v", Doc.objects:get({ pk = doc.pk }).data[key].inner)
      if key:find('"', 1, true) then -- SQLite would end the key there
        raises("NotSupportedError", function() return Doc.objects:filter({ ["data__" .. key .. "__inner"] = "v" }):count() end, "quotation mark")
        raises("NotSupportedError", function() return Doc.objects:filter({ data__has_key = key }):count() end, "quotation mark")
      else
        assert.equal(1, Doc.objects:filter({ ["data__" .. key .. "__inner"] = "v" }):count(), key)
        assert.equal(1, Doc.objects:filter({ data__has_key = key }):count(), key)
        assert.equal(0, Doc.objects:filter({ ["data__" .. key .. "__inner"] = "w" }):count())
      end
      doc:delete()
    end
  end)

  it("as slices: whole numbers only", function()
    for _, n in ipairs { "1 OR 1", "5", 1.5, -1, 2 ^ 63, 0 / 0, {}, true } do
      raises("ValueError", function() return Product.objects:limit(n) end)
      raises("ValueError", function() return Product.objects:offset(n) end)
      raises("ValueError", function() return Product.objects:slice(1, n) end)
    end
    fill()
    assert.equal(3, #Product.objects:limit(math.maxinteger))
    assert.equal(0, #Product.objects:offset(math.maxinteger))
  end)

  it("as a list that is longer than the database takes", function()
    fill()
    local keys = {}
    for i = 1, 100000 do
      keys[i] = i
    end
    local ok, found = pcall(function() return Product.objects:filter({ pk__in = keys }):count() end)
    assert.is_true(ok and type(found) == "number" or tostring(found):find("takes", 1, true) ~= nil)
    assert.equal(3, Product.objects:count()) -- it goes on
  end)

  it("in raw SQL is bound, in StringAgg too", function()
    fill()
    assert.equal(0, #Product.objects:raw("SELECT * FROM shop_product WHERE name = ?", { evil }):to_list())
    assert.equal(1, #Product.objects:raw("SELECT * FROM shop_product WHERE name = ?", { "P1" }):to_list())
    local all = Product.objects:aggregate { x = models.StringAgg("name", { delimiter = Value "', '" }) }
    assert.equal(9 + 1, #all.x > 9 and 10 or 0)
  end)

  it("numbers past 64 bits, NaN and fractions are never another number", function()
    fill()
    for _, bad in ipairs { 0 / 0, 1 / 0, -1 / 0, 2.0 ^ 70, decimal "99999999999999999999", "99999999999999999999" } do
      raises("ValueError", function() return Product({ name = "x", price = 1, stock = bad }):save() end)
      raises("ValueError", function() return Product.objects:update { stock = bad } end)
    end
    assert.equal(0, Product.objects:filter({ stock = 2.0 ^ 70 }):count())
  end)
end)

t.finish()
