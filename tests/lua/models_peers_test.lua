-- SPDX-License-Identifier: MIT
-- Related managers in loops: the first all() reads the rows of the whole batch, and nobody sees
-- rows that are older than what was written here.
local t = require "harness"
local db = require "perilune.db"
local fiber = require "perilune.fiber"
local models = require "perilune.models"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local count, names, raises = world.count, world.names, world.raises

local s = world.shop()
local Category, Product, Tag, Item, Order = s.Category, s.Product, s.Tag, s.Item, s.Order

local N = 5

local function fill()
  s.clear()
  local tags = { Tag.objects:create { name = "even" }, Tag.objects:create { name = "odd" } }
  for c = 1, N do
    local category = Category.objects:create { name = "C" .. c }
    for p = 1, c % 3 do
      Product.objects:create({ name = ("P%d.%d"):format(c, p), category = category, price = p }).tags:add(tags[p % 2 + 1], tags[1])
    end
  end
end

-- What a loop shows, and how many queries it takes.
local function walk(rows, show)
  local list
  local sent = count(function()
    list = {}
    for _, row in ipairs(rows()) do
      list[#list + 1] = show(row)
    end
  end)
  return table.concat(list, ";"), sent
end

local function categories()
  return Category.objects:order_by "name"
end

describe("managers in a loop", function()
  it("read a ForeignKey's other side once for all", function()
    fill()
    local shown, sent = walk(categories, function(c) return names(c.products:all()) end)
    assert.equal("P1.1;P2.1,P2.2;;P4.1;P5.1,P5.2", shown)
    assert.equal(2, sent)
    -- the rows know whose they are
    shown, sent = walk(categories, function(c)
      local list = {}
      for p in c.products:all():iter() do
        list[#list + 1] = p.category.name
      end
      return table.concat(list, ",")
    end)
    assert.equal("C1;C2,C2;;C4;C5,C5", shown)
    assert.equal(2, sent)
  end)

  it("and a ManyToManyField, from both sides", function()
    fill()
    local shown, sent = walk(function() return Product.objects:order_by "name" end, function(p) return names(p.tags:all():order_by "name") end)
    assert.equal(1 + 6, sent) -- another order is another query
    local same
    same, sent = walk(function() return Product.objects:order_by "name" end, function(p)
      local list = p.tags:all():to_list()
      table.sort(list, function(a, b) return a.name < b.name end)
      return names(list)
    end)
    assert.equal(shown, same)
    assert.equal(2, sent)
    shown, sent = walk(function() return Tag.objects:order_by "name" end, function(tag) return names(tag.products:all()) end)
    assert.equal("P1.1,P2.1,P2.2,P4.1,P5.1,P5.2;P1.1,P2.1,P4.1,P5.1", shown)
    assert.equal(2, sent)
  end)

  it("and go on like that one level deeper", function()
    fill()
    local order = Order.objects:create { customer = "x" }
    for p in Product.objects:iter() do
      Item.objects:create { order = order, product = p, price = 1 }
    end
    local _, sent = walk(categories, function(c)
      local n = 0
      for p in c.products:all():iter() do
        n = n + #p.items:all()
      end
      return tostring(n)
    end)
    assert.equal(3, sent)
  end)

  it("one-to-one, from both sides", function()
    fill()
    for c in Category.objects:iter() do
      s.Profile.objects:create { category = c, text = c.name }
    end
    local shown, sent = walk(categories, function(c) return c.profile.text end)
    assert.equal("C1;C2;C3;C4;C5", shown)
    assert.equal(2, sent)
  end)

  it("give rows that wait to count() and exists(), too", function()
    fill()
    local counts, sent = walk(categories, function(c)
      local manager = c.products
      return ("%d%s%s"):format(#manager:all(), "", "")
    end)
    assert.equal("1;2;0;1;2", counts)
    assert.equal(2, sent)
    local list = categories():to_list()
    assert.equal(1, #list[1].products:all())
    assert.equal(0, count(function()
      assert.equal(2, list[2].products:count())
      assert.is_true(list[2].products:exists())
      assert.is_false(list[3].products:exists())
      assert.equal(2, #list[2].products:all())
    end))
    assert.equal(1, count(function() -- and are gone then
      assert.equal(2, list[2].products:count())
    end))
  end)

  it("ask again the second time", function()
    fill()
    local list = categories():to_list()
    for _, c in ipairs(list) do
      c.products:all():to_list()
    end
    assert.equal(1, count(function()
      list[2].products:all():to_list() -- for the others as well, as they are there
    end))
    Product.objects:create { name = "new", category = list[2], price = 1 }
    assert.equal("P2.1,P2.2,new", names(list[2].products:all()))
  end)

  it("what is filtered, ordered or cut is a query of its own", function()
    fill()
    for _, show in ipairs {
      function(c) return names(c.products:filter { price__gt = 0 }) end,
      function(c) return names(c.products:order_by "-name") end,
      function(c) return names(c.products:all():limit(1)) end,
      function(c) return tostring(c.products:count()) end,
    } do
      local _, sent = walk(categories, show)
      assert.equal(1 + N, sent)
    end
  end)
end)

describe("rows that wait", function()
  local function ready()
    fill()
    local list = categories():to_list()
    assert.equal("P1.1", names(list[1].products:all()))
    return list
  end

  it("are forgotten when something changes, by whatever way", function()
    local changes = {
      function(list) Product.objects:create { name = "P2.0", category = list[2], price = 1 } end,
      function(list) list[2].products:create { name = "P2.0", price = 1 } end,
      function(list) Product.objects:filter({ name = "P2.2" }):update { name = "P2.0" } end,
      function() Product.objects:filter({ name = "P2.2" }):delete() end,
      function() Product.objects:get({ name = "P2.2" }):delete() end,
      function() local p = Product.objects:get { name = "P2.2" } p.name = "P2.0" p:save() end,
      function() db.execute("UPDATE shop_product SET name = 'P2.0' WHERE name = 'P2.2'") end,
      function(list) Product.objects:bulk_create { Product { name = "P2.0", category = list[2], price = 1 } } end,
      function(list) list[2].products:add(Product.objects:get { name = "P1.1" }) end,
      function(list) list[2].products:set {} end,
    }
    for i, change in ipairs(changes) do
      local list = ready()
      change(list)
      local fresh = names(Product.objects:filter { category = list[2] })
      assert.equal(fresh, names(list[2].products:all()), "change " .. i)
      assert.is_true(fresh ~= "P2.1,P2.2")
    end
    -- a loop that changes what it reads goes on with a query for each
    local list = ready()
    for c = 2, N do
      Product.objects:filter({ name = "P1.1" }):update { price = c }
      assert.equal(1, count(function() list[c].products:all():to_list() end))
    end
  end)

  it("of the join table, too", function()
    fill()
    local list = Product.objects:order_by("name"):to_list()
    local tags = { Tag.objects:get { name = "even" }, Tag.objects:get { name = "odd" } }
    list[1].tags:all():to_list()
    Product.objects:get({ name = "P2.1" }).tags:clear()
    assert.equal("", names(list[2].tags:all()))
    list = Product.objects:order_by("name"):to_list()
    list[1].tags:all():to_list()
    list[2].tags:add(tags[1])
    assert.equal("even", names(list[2].tags:all()))
    assert.equal("even", tags[1].name)
  end)

  it("are not those of a transaction that was taken back", function()
    fill()
    local list = categories():to_list()
    pcall(db.atomic, function()
      Product.objects:create { name = "P2.0", category = list[2], price = 1 }
      list[1].products:all():to_list()
      error "back"
    end)
    assert.equal("P2.1,P2.2", names(list[2].products:all()))
    list = categories():to_list()
    db.atomic(function()
      pcall(db.atomic, function()
        Product.objects:create { name = "P2.0", category = list[2], price = 1 }
        list[1].products:all():to_list()
        error "back"
      end)
      assert.equal("P2.1,P2.2", names(list[2].products:all()))
    end)
  end)

  it("are for the fiber that read them, and for a second", function()
    local list = ready()
    fiber.gather {
      function()
        assert.equal(1, count(function() list[2].products:all():to_list() end))
      end,
    }
    list = ready()
    assert.equal(0, count(function() list[2].products:all():to_list() end))
    time.sleep(1.1)
    assert.equal(1, count(function() list[4].products:all():to_list() end))
  end)

  it("go with the instance, and hold nobody", function()
    fill()
    local list = categories():to_list()
    list[1].products:all():to_list()
    local weak = setmetatable({ list[2] }, { __mode = "v" })
    list[2] = nil
    local pack = require "perilune._pack"
    assert.equal("C3", pack.unpack(pack.pack(list[3])).name) -- and are no part of it in caches
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
    assert.equal(0, count(function() assert.equal("", names(list[3].products:all())) end))
  end)
end)

describe("fetch_mode", function()
  it("one: a query for each", function()
    fill()
    local _, sent = walk(function() return categories():fetch_mode "one" end, function(c) return names(c.products:all()) end)
    assert.equal(1 + N, sent)
  end)

  it("raise: what is asked for by its manager is no hidden query", function()
    fill()
    local shown, sent = walk(function() return categories():fetch_mode "raise" end, function(c) return names(c.products:all()) end)
    assert.equal("P1.1;P2.1,P2.2;;P4.1;P5.1,P5.2", shown)
    assert.equal(1 + N, sent)
    raises("FieldFetchBlocked", function() return Product.objects:fetch_mode("raise"):first().category end)
  end)

  it("goes on to the rows that are read for a batch", function()
    fill()
    local list = categories():fetch_mode("peers"):to_list()
    list[1].products:all():to_list()
    assert.equal("peers", list[2].products:all():to_list()[1]._state.fetch_mode)
  end)
end)

describe("Prefetch with a slice", function()
  it("is cut by the database, in one query", function()
    fill()
    for i = 3, 9 do
      Product.objects:create { name = "P1." .. i, category = Category.objects:get { name = "C1" }, price = i }
    end
    local function top(queryset, attribute)
      return walk(function() return categories():prefetch_related(models.Prefetch("products", { queryset = queryset, to_attr = "top" })) end, function(c) return names(c.top, attribute) end)
    end
    local shown, sent = top(Product.objects:order_by("-price"):limit(2))
    assert.equal("P1.9,P1.8;P2.2,P2.1;;P4.1;P5.2,P5.1", shown)
    assert.equal(2, sent)
    assert.equal("P1.8,P1.7;P2.1;;;P5.1", (top(Product.objects:order_by("-price"):slice(2, 3))))
    assert.equal("P1.4,P1.3,P1.1;;;;", (top(Product.objects:order_by("-price"):offset(5))))
    assert.equal("P1.1;P2.1;;P4.1;P5.1", (top(Product.objects:limit(1)))) -- in the model's order
    assert.equal("P1.9;P2.2;;P4.1;P5.2", (top(Product.objects:reverse():limit(1))))
    assert.equal("P1.9;P2.2;;P4.1;P5.2", (top(Product.objects:order_by(models.F("price"):desc()):limit(1))))
    assert.equal("P1.8;P2.1;;;P5.1", (top(Product.objects:order_by("-price"):slice(2, 9):limit(1))))
    local rows = db.capture(function() top(Product.objects:order_by("-price"):limit(2)) end)
    assert.is_true(rows[2].sql:find("ROW_NUMBER() OVER (PARTITION BY", 1, true) ~= nil)
  end)

  it("of many-to-many", function()
    fill()
    local best = models.Prefetch("products", { queryset = Product.objects:order_by("-price", "name"):limit(2), to_attr = "best" })
    local shown, sent = walk(function() return Tag.objects:order_by("name"):prefetch_related(best) end, function(tag) return names(tag.best) end)
    assert.equal("P2.2,P5.2;P1.1,P2.1", shown)
    assert.equal(2, sent)
  end)

  it("comes last", function()
    fill()
    local sliced = Product.objects:order_by("price"):limit(2)
    raises("ValueError", function()
      return categories():prefetch_related(models.Prefetch("products", { queryset = sliced:select_related "category" })):to_list()
    end, "the slice must come last")
    assert.equal("P1.1", names(categories():prefetch_related(models.Prefetch("products", { queryset = Product.objects:select_related("category"):order_by("price"):limit(2) }))[1].products:all()))
    raises("TypeError", function()
      return Product.objects:prefetch_related(models.Prefetch("category", { queryset = Category.objects:all():limit(1) })):to_list()
    end, "Cannot filter a query once a slice has been taken.")
  end)
end)

t.finish()
