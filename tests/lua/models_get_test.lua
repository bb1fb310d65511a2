-- SPDX-License-Identifier: MIT
-- get{ pk = n }, filter(), exclude() and all() of managers: the short way through C has to do what the long
-- one does.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local signals = require "perilune.signals"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local s = world.shop()
local Category, Product = s.Category, s.Product

local function raises(class, fn, text)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  if not exceptions.is(err, class) then
    error("want a " .. tostring(class) .. ", got " .. tostring(err), 2)
  end
  if text and not err.message:find(text, 1, true) then
    error(("%q is not in %q"):format(text, err.message), 2)
  end
  return err
end

local books, lamp

local function fill()
  s.clear()
  books = Category.objects:create { name = "books" }
  lamp = Product.objects:create { name = "lamp", price = "9.50", category = books }
end

-- The second call is the short one.
local function twice(fn)
  for turn = 1, 2 do
    fn(turn)
  end
end

describe("get by key", function()
  it("gives every kind of column", function()
    fill()
    twice(function()
      local p = Product.objects:get { pk = lamp.pk }
      assert.equal("lamp", p.name)
      assert.equal("9.50", tostring(p.price))
      assert.equal(true, p.is_active)
      assert.equal(0, p.stock)
      assert.is_nil(p.note)
      assert.equal(books.pk, p.category_id)
      assert.equal(books, p.category)
      assert.equal(lamp, p)
    end)
  end)

  it("is one query, found or not, and in the log", function()
    fill()
    twice(function()
      local sent = db.capture(function() Product.objects:get { pk = lamp.pk } end)
      assert.equal(1, #sent)
      assert.is_true(sent[1].sql:find("WHERE", 1, true) ~= nil)
      sent = db.capture(function() pcall(Product.objects.get, Product.objects, { pk = 0 }) end)
      assert.equal(1, #sent)
    end)
  end)

  it("says what is missing", function()
    fill()
    twice(function()
      raises("DoesNotExist", function() Product.objects:get { pk = 0 } end, "Product matching query does not exist.")
      local err = raises("ObjectDoesNotExist", function() Product.objects:get { pk = -1 } end)
      assert.is_true(exceptions.is(err, Product.DoesNotExist))
    end)
  end)

  it("takes other conditions as before", function()
    fill()
    Product.objects:get { pk = lamp.pk }
    assert.equal(lamp, Product.objects:get { pk = tostring(lamp.pk) })
    assert.equal(lamp, Product.objects:get { pk = lamp.pk, name = "lamp" })
    assert.equal(lamp, Product.objects:get({ pk = lamp.pk }, { name = "lamp" }))
    assert.equal(lamp, Product.objects:get("pk", lamp.pk))
    assert.equal(lamp, Product.objects:get(models.Q { pk = lamp.pk }))
    assert.equal(lamp, Product.objects:get { name = "lamp" })
    raises("DoesNotExist", function() Product.objects:get { pk = lamp.pk, name = "x" } end)
    raises("FieldError", function() Product.objects:get { pkk = 1 } end)
    raises("ValueError", function() Product.objects:get {} end)
    raises("ValueError", function() Product.objects:get { pk = "x" } end)
    raises("TypeError", function() Product.objects.get { pk = 1 } end, "colon")
  end)

  it("asks a manager and a QuerySet that have a say in it", function()
    fill()
    local asked = 0
    local Own = models.QuerySet:extend {
      get = function(self, ...)
        asked = asked + 1
        return models.QuerySet.get(self, ...)
      end,
    }
    local Cheap = models.Manager:extend {
      get_queryset = function(self)
        return models.Manager.get_queryset(self):filter { price__lt = 5 }
      end,
    }
    local Late = models.Manager:extend {}
    local Thing = models.Model("Thing", {
      name = models.TextField(), price = models.IntegerField { default = 1 }, objects = models.Manager(),
      own = Own:as_manager(), cheap = Cheap(), late = Late(), Meta = { app_label = "shop" },
    })
    world.create(Thing)
    local thing = Thing.objects:create { name = "a", price = 7 }
    twice(function(turn)
      assert.equal(thing, Thing.objects:get { pk = thing.pk })
      assert.equal(thing, Thing.own:get { pk = thing.pk })
      assert.equal(turn, asked)
      assert.equal(thing, Thing.late:get { pk = thing.pk })
      raises("DoesNotExist", function() Thing.cheap:get { pk = thing.pk } end)
    end)
    function Late:get_queryset()
      return models.Manager.get_queryset(self):filter { name = "nobody" }
    end
    raises("DoesNotExist", function() Thing.late:get { pk = thing.pk } end)
  end)

  it("tells of instances", function()
    fill()
    local seen = {}
    Product.objects:get { pk = lamp.pk }
    local off = signals.post_init:connect(function(sender, event)
      seen[#seen + 1] = event.instance.name
      assert.equal(Product, sender)
      assert.equal(signals.post_init, event.signal)
    end, { sender = Product })
    Product.objects:get { pk = lamp.pk }
    Category.objects:get { pk = books.pk }
    off()
    Product.objects:get { pk = lamp.pk }
    assert.same({ "lamp" }, seen)
  end)

  it("has a state when somebody asks, each instance its own", function()
    fill()
    twice(function()
      local a, b = Product.objects:get { pk = lamp.pk }, Product.objects:get { pk = lamp.pk }
      assert.equal("default", a._state.db)
      assert.equal(false, a._state.adding)
      a._state.adding = true
      assert.equal(false, b._state.adding)
      a.pk = nil
      a:save()
      assert.is_true(a.pk ~= lamp.pk)
      b.name = "bright"
      b:save()
      b:refresh_from_db()
      assert.equal("bright", b.name)
      assert.same({}, b:get_deferred_fields())
      a:delete()
    end)
  end)

  it("sees what its transaction wrote, and what models come later", function()
    fill()
    Product.objects:get { pk = lamp.pk }
    db.atomic(function()
      Product.objects:filter({ pk = lamp.pk }):update { name = "dark" }
      assert.equal("dark", Product.objects:get({ pk = lamp.pk }).name)
    end)
    models.Model("Latest", { product = models.ForeignKey(Product, { on_delete = models.CASCADE, related_name = "latest" }), Meta = { app_label = "shop" } })
    local again = Product.objects:get { pk = lamp.pk }
    assert.is_true(again.latest ~= nil)
    assert.equal("dark", again.name)
  end)

  it("works for keys that are no numbers", function()
    local Word = models.Model("Word", { word = models.CharField { primary_key = true, max_length = 9 }, Meta = { app_label = "shop" } })
    local Pair = models.Model("Pair", {
      pk = models.CompositePrimaryKey("a", "b"), a = models.IntegerField(), b = models.IntegerField(), Meta = { app_label = "shop" },
    })
    world.create(Word, Pair)
    Word.objects:create { word = "7" }
    Pair.objects:create { a = 1, b = 2 }
    twice(function()
      assert.equal("7", Word.objects:get({ pk = "7" }).word)
      assert.equal("7", Word.objects:get({ pk = 7 }).word)
      assert.equal(2, Pair.objects:get({ pk = { 1, 2 } }).b)
      assert.is_false((pcall(Pair.objects.get, Pair.objects, { pk = 1 })))
    end)
  end)
end)

describe("filter and exclude of managers", function()
  it("give QuerySets like those of all()", function()
    fill()
    twice(function()
      assert.equal(lamp, Product.objects:filter({ pk = lamp.pk }):first())
      assert.equal(lamp, Product.objects:filter("pk", lamp.pk):get())
      assert.equal(0, Product.objects:exclude({ pk = lamp.pk }):count())
      assert.equal(1, #Product.objects:filter(models.Q { pk = lamp.pk }, { name = "lamp" }):exclude { name = "x" }:order_by "name")
      assert.equal(tostring(Product.objects:all():filter { stock__gt = 1 }.query), tostring(Product.objects:filter { stock__gt = 1 }.query))
      assert.equal("default", Product.objects:filter({ pk = 1 }):db())
      local first = Product.objects:filter({ pk = lamp.pk }):first()
      assert.equal("default", first._state.db)
      assert.equal(false, first._state.adding)
      assert.same({}, first:get_deferred_fields())
    end)
  end)

  it("name mistakes where they are made", function()
    fill()
    twice(function()
      raises("FieldError", function() Product.objects:filter { nme = 1 } end, "did you mean 'name'?")
      raises("ValueError", function() Product.objects:filter {} end, "filter has no condition")
      raises("ValueError", function() Product.objects:exclude() end, "exclude has no condition")
      raises("TypeError", function() Product.objects.filter { pk = 1 } end, "objects:filter(")
      raises("TypeError", function() Product.objects.exclude { pk = 1 } end, "objects:exclude(")
      raises("TypeError", function() Product.objects.all() end, "objects:all(")
      raises("TypeError", function() Product.objects:all { pk = 1 } end, "all() takes no conditions")
      assert.equal(1, #Product.objects:all(nil))
    end)
  end)

  it("ask a manager and a QuerySet that have a say in it", function()
    local asked = 0
    local Own = models.QuerySet:extend {
      filter = function(self, ...)
        asked = asked + 1
        return models.QuerySet.filter(self, ...)
      end,
      cheap = function(self) return self:filter { price__lt = 5 } end,
    }
    local Late = models.Manager:extend {}
    local Piece = models.Model("Piece", {
      price = models.IntegerField(), objects = Own:as_manager(), late = Late(), late_too = Late(), Meta = { app_label = "shop" },
    })
    world.create(Piece)
    Piece.objects:create { price = 3 }
    twice(function(turn)
      assert.equal(1, Piece.objects:filter({ price = 3 }):cheap():count())
      assert.equal(2 * turn, asked)
      assert.equal(1, Piece.objects:exclude({ price = 9 }):cheap():count())
      asked = asked - 1
      assert.equal(1, Piece.late:filter({ price = 3 }):count())
      assert.equal(1, Piece.late_too:filter({ price = 3 }):count())
    end)
    Piece.late.get_queryset = function(self)
      return models.Manager.get_queryset(self):filter { price = 0 }
    end
    assert.equal(0, Piece.late:filter({ price = 3 }):count())
    assert.equal(1, Piece.late_too:filter({ price = 3 }):count())
    function Late:get_queryset()
      return models.Manager.get_queryset(self):filter { price = 0 }
    end
    assert.equal(0, Piece.late_too:filter({ price = 3 }):count())
  end)

  it("are taken back when a get_queryset goes again, and seen on all managers", function()
    local Base, ours = models.Manager, models.Manager.get_queryset
    local Below = models.Manager:extend {}
    local Part = models.Model("Part", { n = models.IntegerField(), objects = models.Manager(), below = Below(), Meta = { app_label = "shop" } })
    world.create(Part)
    Part.objects:create { n = 1 }
    local function counts(all, by_key)
      for _, manager in ipairs { Part.objects, Part.below } do
        twice(function()
          assert.equal(all, manager:all():count())
          assert.equal(all, manager:filter({ n = 1 }):count())
          assert.equal(all, manager:exclude({ n = 2 }):count())
          assert.equal(by_key, (pcall(manager.get, manager, { pk = 1 })))
        end)
      end
    end
    local function nobody(self) return ours(self):none() end
    counts(1, true)
    Base.get_queryset = nobody
    counts(0, false)
    Base.get_queryset = ours
    counts(1, true)
    Base.get_queryset = nobody
    counts(0, false)
    Base.get_queryset = nil
    counts(1, true)
    assert.equal(ours, Base.get_queryset)
  end)

  it("know of another database", function()
    local manager = Product.objects:db_manager "nowhere"
    twice(function()
      assert.equal("nowhere", manager:filter({ pk = 1 }):db())
      assert.equal("default", Product.objects:filter({ pk = 1 }):db())
    end)
  end)

  it("know models and lookups that come later", function()
    fill()
    assert.equal(1, Product.objects:filter({ pk = lamp.pk }):count())
    models.Model("Sale", { product = models.ForeignKey(Product, { on_delete = models.CASCADE, related_name = "sales" }), Meta = { app_label = "shop" } })
    assert.is_true(tostring(Product.objects:filter({ sales__pk = 1 }).query):find("shop_sale", 1, true) ~= nil)
    models.register_lookup("odd", { field = models.IntegerField, sql = "(%(lhs)s %% 2) = %(rhs)s" })
    assert.equal(1, Product.objects:filter({ stock__odd = 0 }):count())
  end)

  it("prepare values as their fields ask", function()
    local Loud = models.CharField:extend { get_prep_value = function(_, value) return value:upper() end }
    local Note = models.Model("Note", { text = Loud { max_length = 9 }, Meta = { app_label = "shop" } })
    world.create(Note)
    Note.objects:create { text = "abc" }
    twice(function()
      assert.equal(1, Note.objects:filter({ text = "abc" }):count())
      assert.equal(0, Note.objects:exclude({ text = "abc" }):count())
    end)
  end)
end)

t.finish()
