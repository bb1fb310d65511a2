-- SPDX-License-Identifier: MIT
-- What is most easily got wrong with QuerySets, saving, deleting and signals.
local t = require "harness"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local signals = require "perilune.signals"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local raises = world.raises

local s = world.shop()
local Category, Product, Order, Item, Tag = s.Category, s.Product, s.Order, s.Item, s.Tag
local F, Count, Sum = models.F, models.Count, models.Sum
local names, count = world.names, world.count

local books, toys
local function fill()
  s.clear()
  books, toys = Category.objects:create { name = "books" }, Category.objects:create { name = "toys" }
  for i = 1, 9 do
    Product.objects:create { name = "P" .. i, price = i, stock = i % 3, category = i % 2 == 0 and books or toys }
  end
end

describe("QuerySets", function()
  it("are read once, and asked again when they are new", function()
    fill()
    local all = Product.objects:all()
    assert.equal(1, count(function()
      assert.equal(9, #all)
      assert.equal("P1", all[1].name)
      assert.equal(9, all:count())
      assert.is_true(all:exists())
      assert.equal("P1", all:first().name)
      for _ in ipairs(all) do end
    end))
    assert.equal(1, count(function() return #all:all() end))
    assert.equal(0, count(function() return Product.objects:filter({ name = "x" }):order_by("price"):exclude { stock = 1 } end))
    raises("AttributeError", function() all.x = 1 end)
    assert.is_true(all.ordered)
    assert.is_false(Tag.objects:all().ordered)
    assert.is_true(Tag.objects:order_by("name").ordered)
  end)

  it("slices: aggregates of them, subqueries of them, the rest is refused", function()
    fill()
    assert.equal(6, Product.objects:order_by("price"):limit(3):aggregate({ n = Sum "price" }).n:to_integer())
    assert.equal("P8,P9", names(Product.objects:filter { pk__in = Product.objects:order_by("-price"):limit(2) }))
    assert.equal("P9", Product.objects:order_by("price"):last().name)
    raises("TypeError", function() Product.objects:limit(3):last() end)
    assert.equal("P2,P3", names(Product.objects:order_by("price"):slice(1, 3):slice(2, 3)))
    local err = raises(Product.MultipleObjectsReturned, function() Product.objects:get { stock__gte = 0 } end)
    assert.equal("get() returned more than one Product -- it returned 9!", err.message)
    for i = 1, 15 do
      Product.objects:create { name = "Q" .. i, price = 1 }
    end
    raises(Product.MultipleObjectsReturned, function() Product.objects:get { stock__gte = 0 } end, "more than 20!")
  end)

  it("iterate in chunks, whatever happens meanwhile", function()
    fill()
    local function walk(queryset, size, also)
      local seen = {}
      for row in queryset:iterator { chunk_size = size } do
        seen[#seen + 1] = type(row) == "table" and row.name or row
        if also then
          also(row)
        end
      end
      return table.concat(seen, ",")
    end
    assert.equal("P1,P2,P3,P4,P5,P6,P7,P8,P9", walk(Product.objects:all(), 4))
    assert.equal("P9,P8,P7,P6,P5,P4,P3,P2,P1", walk(Product.objects:order_by "-price", 2))
    assert.equal(1, count(function() walk(Product.objects:all(), 10) end))
    assert.equal("P2,P3,P4", walk(Product.objects:slice(2, 4), 2))
    assert.equal("P1,P2,P3,P4,P5,P6,P7,P8,P9", walk(Product.objects:values_list("name", { flat = true }), 2))
    local rows = walk(Product.objects:all(), 2, function(row)
      if row.name == "P1" then
        Product.objects:filter({ name__in = { "P2", "P6" } }):delete()
      end
      row.price = 100 - row.price
      row:save()
    end)
    assert.equal("P1,P2,P3,P4,P5,P7,P8,P9", rows)
    assert.equal(5, count(function()
      for c in Category.objects:prefetch_related("products"):iterator { chunk_size = 1 } do
        assert.is_true(#c.products:all() > 0)
      end
    end))
    raises("ValueError", function() Product.objects:iterator { chunk_size = 0 } end)
  end)

  it("fetch modes go on to what is fetched", function()
    fill()
    local parent = Category.objects:create { name = "parent" }
    Category.objects:update { parent = parent }
    raises("FieldFetchBlocked", function()
      return Product.objects:select_related("category"):fetch_mode("raise")[1].category.parent
    end, "Category.parent")
    raises("FieldFetchBlocked", function()
      return Product.objects:prefetch_related("category"):fetch_mode("raise")[1].category.parent
    end, "Category.parent")
    raises("FieldFetchBlocked", function()
      return Category.objects:fetch_mode("raise"):get({ name = "books" }).products:all()[1].category.parent
    end, "Category.parent")
    raises("FieldFetchBlocked", function() return Product.objects:only("name"):fetch_mode("raise")[1].price end, "Product.price")
    local n = count(function()
      for _, p in ipairs(Product.objects:fetch_mode "one") do
        assert.equal("parent", p.category.parent.name)
      end
    end)
    assert.equal(19, n)
    assert.equal(3, count(function()
      for _, p in ipairs(Product.objects:all()) do
        assert.equal("parent", p.category.parent.name)
      end
    end))
    raises("ValueError", function() Product.objects:fetch_mode "many" end)
  end)

  it("Prefetch takes a slice for each object", function()
    fill()
    local top = models.Prefetch("products", { queryset = Product.objects:order_by("-price"):limit(2), to_attr = "top" })
    local found = {}
    assert.equal(2, count(function()
      for _, c in ipairs(Category.objects:order_by("name"):prefetch_related(top)) do
        found[#found + 1] = c.name .. ":" .. names(c.top)
      end
    end))
    assert.equal("books:P8,P6 toys:P9,P7", table.concat(found, " "))
    local second = models.Prefetch("products", { queryset = Product.objects:order_by("price"):slice(2, 2) })
    local c = Category.objects:prefetch_related(second):get { name = "toys" }
    assert.equal("P3", names(c.products:all()))
    assert.equal("P1,P3,P5,P7,P9", names(c.products:filter { price__gt = 0 }))
    local tag = Tag.objects:create { name = "t" }
    for _, p in ipairs(Product.objects:all()) do
      p.tags:add(tag)
    end
    tag = Tag.objects:prefetch_related(models.Prefetch("products", { queryset = Product.objects:order_by("-price"):limit(3), to_attr = "best" })):get()
    assert.equal("P9,P8,P7", names(tag.best))
  end)

  it("values take expressions, in_bulk takes unique fields", function()
    fill()
    local lower = models.functions.Lower
    assert.same({ id = Product.objects:first().pk, low = "p1" }, Product.objects:values("id", { low = lower "name" })[1])
    assert.equal("p1", Product.objects:values_list(lower "name", { flat = true })[1])
    assert.equal(4, Product.objects:order_by():values("category__name"):annotate({ n = Count "id" }):get({ category__name = "books" }).n)
    assert.equal("toys", Category.objects:in_bulk()[toys.pk].name)
    assert.same({}, Category.objects:in_bulk {})
    raises("ValueError", function() Product.objects:in_bulk({ "x" }, { field_name = "name" }) end, "unique")
    raises("TypeError", function() Product.objects:values("name"):in_bulk() end, "values()")
    raises("TypeError", function() Product.objects:limit(1):in_bulk() end)
  end)

  it("outer references nest, running totals share ties", function()
    fill()
    local o = Order.objects:create { customer = "c" }
    Item.objects:create { order = o, product = Product.objects:get { name = "P2" }, quantity = 3, price = 1 }
    local inner = Product.objects:filter { category = models.OuterRef(models.OuterRef "pk"), pk = models.OuterRef "product" }
    local rows = Category.objects:annotate({ q = models.Subquery(Item.objects:filter { product__category = models.OuterRef "pk" }:values("quantity"):limit(1)) }):order_by "name"
    assert.equal(3, rows[1].q)
    assert.is_nil(rows[2].q)
    assert.equal("books", names(Category.objects:filter(models.Exists(Item.objects:filter(models.Exists(inner))))))
    local totals = Product.objects:annotate({ total = models.Window { Sum "stock", order_by = F "stock" } }):order_by("stock", "name")
    assert.equal("0,0,0,3,3,3,9,9,9", names(totals, "total"))
  end)
end)

describe("saving", function()
  local Keyed = models.Model("Keyed", {
    code = models.CharField { max_length = 10, primary_key = true, default = function() return "new" end },
    changed = models.DateTimeField { auto_now = true },
    n = models.IntegerField { default = 0 },
    Meta = { app_label = "shop" },
  })
  world.create(Keyed)

  it("a key with a default inserts only; update_fields want a row", function()
    world.clear(Keyed)
    Keyed({ code = "a" }):save()
    raises("IntegrityError", function() Keyed({ code = "a" }):save() end)
    local gone = Keyed.objects:get { pk = "a" }
    Keyed.objects:all():delete()
    raises(Keyed.NotUpdated, function() gone:save { update_fields = { "n" } } end, "did not affect any rows")
    raises("DatabaseError", function() gone:save { force_update = true } end)
    gone:save()
    assert.equal(1, Keyed.objects:count())
    assert.equal("new", Keyed.objects:create().pk)
  end)

  it("auto_now is for save(), not for update()", function()
    world.clear(Keyed)
    local k = Keyed.objects:create { code = "a" }
    local old = time.datetime(2000, 1, 1, { tz = "UTC" })
    Keyed.objects:update { changed = old }
    Keyed.objects:update { n = 1 }
    k:refresh_from_db()
    assert.is_true(k.changed == old)
    Keyed.objects:update_or_create { code = "a", defaults = { n = 5 } }
    k:refresh_from_db()
    assert.is_true(k.changed > old)
    assert.equal(5, k.n)
  end)

  it("attributes stay what they were given until they are read again", function()
    fill()
    local p = Product.objects:create { name = "x", price = "10.99" }
    assert.equal("string", type(p.price))
    p:refresh_from_db()
    assert.is_true(p.price == decimal "10.99")
    local sum = Product.objects:filter({ pk = p.pk }):aggregate({ s = Sum "price" }).s
    assert.is_true(sum == decimal "10.99")
  end)

  it("get_or_create survives a race", function()
    fill()
    local function rival()
      db.execute("INSERT INTO shop_category (name) VALUES ('race')")
      return toys
    end
    local object, created = Category.objects:get_or_create { name = "race", defaults = { parent = rival } }
    assert.is_false(created)
    assert.is_nil(object.parent)
    assert.equal(object, Category.objects:get { name = "race" })
    Category.objects:filter({ name = "race" }):delete()
    object, created = Category.objects:update_or_create { name = "race", create_defaults = { parent = rival }, defaults = { parent = books } }
    assert.is_false(created)
    assert.equal(books, object.parent)
    assert.equal(books.pk, Category.objects:get({ name = "race" }).parent_id)
    raises("IntegrityError", function() Category.objects:get_or_create { pk = 9999, name = "race" } end)
  end)

  it("defaults that are functions are called when a row is made", function()
    fill()
    local calls = 0
    local function price()
      calls = calls + 1
      return 7
    end
    Product.objects:get_or_create { name = "P1", defaults = { price = price } }
    assert.equal(0, calls)
    local p = Product.objects:get_or_create { name = "new", defaults = { price = price } }
    assert.equal(1, calls)
    assert.equal(7, p.price)
    local made, created = Product.objects:update_or_create { name = "made", defaults = { stock = 1 }, create_defaults = { price = 2 } }
    assert.is_true(created)
    assert.equal(0, made.stock)
    raises("TypeError", function() Product.objects:get_or_create { name = "no", defaults = { prize = 1 } } end, "price")
  end)

  it("bulk_create: conflicts", function()
    fill()
    local made = Category.objects:bulk_create({ Category { name = "books" }, Category { name = "new" } }, { ignore_conflicts = true })
    assert.is_nil(made[2].pk)
    assert.equal(3, Category.objects:count())
    Category.objects:bulk_create({ Category { name = "books", parent = toys } }, { update_conflicts = true, unique_fields = { "name" }, update_fields = { "parent" } })
    assert.equal(toys, Category.objects:get({ name = "books" }).parent)
    raises("ValueError", function() Category.objects:bulk_create({ Category { name = "x" } }, { update_conflicts = true, update_fields = { "parent" } }) end)
    raises("ValueError", function() Category.objects:bulk_create({ Category { name = "x" } }, { update_conflicts = true, ignore_conflicts = true }) end)
    raises("TypeError", function() Category.objects:bulk_create { Tag { name = "x" } } end, "item 1")
  end)

  it("an object and its key agree", function()
    fill()
    local p = Product.objects:select_related("category"):get { name = "P1" }
    assert.equal("toys", p.category.name)
    p.category_id = books.pk
    assert.equal("books", p.category.name)
    p.category = null
    assert.is_nil(p.category_id)
    assert.is_nil(p.category)
  end)
end)

describe("deleting", function()
  local Meta = { app_label = "shop" }
  local Root = models.Model("Root", { name = models.CharField { max_length = 5 }, Meta = Meta })
  local Mid = models.Model("Mid", { root = models.ForeignKey("Root", { on_delete = models.CASCADE, related_name = "mids" }), Meta = Meta })
  local Leaf = models.Model("Leaf", {
    root = models.ForeignKey("Root", { on_delete = models.CASCADE, null = true, related_name = "leaves" }),
    mid = models.ForeignKey("Mid", { on_delete = models.RESTRICT, related_name = "leaves" }),
    Meta = Meta,
  })
  local fallback
  local Other = models.Model("Other", {
    root = models.ForeignKey("Root", { on_delete = models.SET(function() return fallback end), related_name = "others", null = true }),
    Meta = Meta,
  })
  world.create(Root, Mid, Leaf, Other)

  it("RESTRICT gives way when the row goes anyway", function()
    world.clear(Other, Leaf, Mid, Root)
    local root = Root.objects:create { name = "r" }
    local mid = Mid.objects:create { root = root }
    local leaf = Leaf.objects:create { mid = mid, root = root }
    local err = raises("RestrictedError", function() mid:delete() end, "Leaf.mid")
    assert.equal(leaf, err.restricted_objects[1])
    local free = Leaf.objects:create { mid = mid }
    raises("RestrictedError", function() root:delete() end)
    free:delete()
    local total, by = root:delete()
    assert.equal(3, total)
    assert.same({ ["shop.Root"] = 1, ["shop.Mid"] = 1, ["shop.Leaf"] = 1 }, by)
  end)

  it("SET asks its function", function()
    world.clear(Other, Leaf, Mid, Root)
    local root = Root.objects:create { name = "r" }
    fallback = Root.objects:create { name = "f" }
    local other = Other.objects:create { root = root }
    root:delete()
    other:refresh_from_db()
    assert.equal(fallback.pk, other.root_id)
  end)

  it("signals: all that goes is told before, then each model's rows after", function()
    fill()
    local o = Order.objects:create { customer = "c" }
    for i = 1, 3 do
      Item.objects:create { order = o, product = Product.objects:get { name = "P" .. i }, price = i }
    end
    local log, offs = {}, {}
    for _, class in ipairs { Order, Item } do
      for _, name in ipairs { "pre_delete", "post_delete" } do
        offs[#offs + 1] = signals[name]:connect(function(sender, e)
          assert.is_true(e.instance.pk ~= nil)
          log[#log + 1] = name:match "^%a+" .. " " .. (sender == Order and "order" or tostring(e.instance.price:to_integer()))
        end, { sender = class })
      end
    end
    o:delete()
    for _, off in ipairs(offs) do
      off()
    end
    assert.equal("pre 1,pre 2,pre 3,pre order,post 3,post 2,post 1,post order", table.concat(log, ","))
    assert.is_nil(o.pk)
  end)
end)

describe("signals", function()
  it("are inside of the transaction, and errors undo it", function()
    fill()
    local off = signals.post_save:connect(function(_, e)
      if e.instance.name == "bad" then
        error(exceptions.ValueError "no")
      end
    end, { sender = Tag })
    raises("ValueError", function()
      db.atomic(function() Tag.objects:create { name = "bad" } end)
    end, "no")
    off()
    assert.equal(0, Tag.objects:count())
  end)

  it("are of the class exactly, once for an heir of a table", function()
    local Meta = { app_label = "shop" }
    local Base = models.Model("SigBase", { name = models.CharField { max_length = 5 }, Meta = Meta })
    local Heir = Base:extend("SigHeir", { Meta = Meta })
    world.create(Base, Heir)
    local log = {}
    local off1 = signals.post_save:connect(function() log[#log + 1] = "base" end, { sender = Base })
    local off2 = signals.post_save:connect(function() log[#log + 1] = "heir" end, { sender = Heir })
    Heir.objects:create { name = "x" }
    off1()
    off2()
    assert.equal("heir", table.concat(log, ","))
  end)

  it("raw, update_fields and init", function()
    fill()
    local seen
    local off = signals.post_init:connect(function(_, e) seen = e.instance.name end, { sender = Tag })
    Tag { name = "made" }
    assert.equal("made", seen)
    Tag.objects:bulk_create { Tag { name = "stored" } }
    assert.equal("stored", Tag.objects:first().name)
    assert.equal("stored", seen)
    off()
    local fields
    off = signals.post_save:connect(function(_, e) fields = e.update_fields end, { sender = Tag })
    local tag = Tag.objects:defer("name"):first()
    tag:save()
    off()
    assert.same({}, fields or {})
  end)
end)

describe("order_with_respect_to", function()
  it("keeps rows of an owner in a row", function()
    local Meta = { app_label = "shop" }
    local Question = models.Model("Question", { text = models.CharField { max_length = 5 }, Meta = Meta })
    local Answer = models.Model("Answer", {
      question = models.ForeignKey("Question", { on_delete = models.CASCADE, related_name = "answers" }),
      text = models.CharField { max_length = 5 },
      Meta = { app_label = "shop", order_with_respect_to = "question" },
    })
    world.create(Question, Answer)
    local q = Question.objects:create { text = "?" }
    local a = Answer.objects:create { question = q, text = "a" }
    local b = Answer.objects:create { question = q, text = "b" }
    local c = Answer.objects:create { question = q, text = "c" }
    assert.equal("a,b,c", names(q.answers:all(), "text"))
    assert.same({ a.pk, b.pk, c.pk }, q:get_answer_order())
    q:set_answer_order { c.pk, a.pk, b.pk }
    assert.equal("c,a,b", names(q.answers:all(), "text"))
    a:refresh_from_db()
    assert.equal("b", a:get_next_in_order().text)
    assert.equal("c", a:get_previous_in_order().text)
  end)
end)


describe("indexes and constraints of abstract models", function()
  it("have names of their own in each heir", function()
    local Base = models.Model("Measured", {
      n = models.IntegerField {},
      Meta = {
        abstract = true, app_label = "shop", indexes = { models.Index { "-n" } },
        constraints = { models.CheckConstraint { models.Q { n__gte = 0 }, name = "%(app_label)s_%(class)s_n" } },
      },
    })
    local A, B = Base:extend("MeasuredA", { Meta = { app_label = "shop" } }), Base:extend("MeasuredB", { Meta = { app_label = "shop" } })
    world.create(A, B)
    assert.equal("shop_measuredb_n", B._meta.constraints[1].name)
    assert.equal("shop_measuredb_n", (raises("IntegrityError", function() B.objects:create { n = -1 } end).message:match "shop_measuredb_n"))
    assert.is_true(A._meta.indexes[1].name:match "^shop_measur_n_%x+_idx$" ~= nil)
    assert.is_true(A._meta.indexes[1].name ~= B._meta.indexes[1].name)
  end)
end)

t.finish()
