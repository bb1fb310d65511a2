-- SPDX-License-Identifier: MIT
local cache = require "perilune.cache"
local db = require "perilune.db"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local plain = require "plain.models"
local shop = require "shop.models"
local test = require "perilune.test"

local function names()
  local list = {}
  for i, row in ipairs(shop.Category.objects:order_by "name") do
    list[i] = row.name
  end
  return list
end

describe("a test", function()
  it("begins with what migrations made", function()
    assert.equal("made by a migration", shop.Tag.objects:get().name)
    assert.equal(0, shop.Product.objects:count())
    assert.equal(0, plain.Note.objects:count())
  end)

  for i = 1, 2 do
    it("is rolled back, " .. i, function()
      assert.same({}, names())
      shop.Category.objects:create { name = "a" }
      db.atomic(function() shop.Category.objects:create { name = "b" } end)
      pcall(db.atomic, function()
        shop.Category.objects:create { name = "c" }
        error "no"
      end)
      db.atomic({ durable = true }, function() shop.Category.objects:create { name = "d" } end)
      assert.same({ "a", "b", "d" }, names())
      assert.has_error(function()
        db.atomic(function() db.atomic({ durable = true }, function() end) end)
      end, "durable")
    end)
  end

  it("goes on after an error of the database", function()
    shop.Category.objects:create { name = "a" }
    for _ = 1, 2 do
      assert.raises(exceptions.IntegrityError, function() shop.Category.objects:create { name = "a" } end)
    end
    assert.same({ "a" }, names())
  end)

  it("keeps functions for the commit", function()
    local seen = {}
    local function add(name)
      db.atomic(function()
        db.on_commit(function() seen[#seen + 1] = name end)
      end)
    end
    assert.equal(1, #test.capture_on_commit(function() add "a" end))
    assert.same({}, seen)
    test.capture_on_commit(function()
      add "b"
      db.on_commit(function() add "c" end)
      pcall(db.atomic, function()
        add "never"
        error "no"
      end)
    end, { execute = true })
    assert.same({ "b", "c" }, seen)
    test.capture_on_commit(function() test.client:post("/add/", { data = { name = "Lamp" } }) end, { execute = true })
    assert.equal("Lamp", cache:get "added")
  end)
end)

describe("setup", function()
  local category
  setup(function()
    category = shop.Category.objects:create { name = "for all" }
  end)

  for i = 1, 2 do
    it("makes rows for the block, " .. i, function()
      assert.same({ "for all" }, names())
      category.name = "changed"
      category:save()
    end)
  end

  describe("inside", function()
    setup(function() shop.Category.objects:create { name = "more" } end)
    it("adds to it", function()
      assert.same({ "for all", "more" }, names())
    end)
  end)

  it("is undone behind its block", function()
    assert.same({ "for all" }, names())
  end)
end)

describe("behind setup", function()
  it("there is nothing", function()
    assert.same({}, names())
  end)
end)

describe("with the option transaction", { transaction = true }, function()
  setup(function() shop.Category.objects:create { name = "base" } end)
  before_each(function() shop.Category.objects:create { name = "each" } end)

  for i = 1, 2 do
    it("commits are real and undone, " .. i, function()
      local committed
      assert.is_false(db.in_atomic())
      db.atomic(function()
        shop.Category.objects:create { name = "real" }
        db.on_commit(function() committed = true end)
      end)
      assert.is_true(committed)
      assert.same({ "base", "each", "real" }, names())
    end)
  end
end)

describe("and behind it", function()
  it("the rows of migrations are there, and no others", function()
    assert.same({}, names())
    assert.equal(1, shop.Tag.objects:count())
    assert.equal(1, shop.Category.objects:create({ name = "x" }).pk)
  end)
end)

describe("fixtures", { fixtures = { "categories" } }, function()
  it("are loaded", function()
    assert.same({ "from a file" }, names())
  end)
end)

describe("queries", function()
  it("are counted", function()
    assert.num_queries(2, function()
      shop.Category.objects:count()
      test.client:get "/"
    end)
    assert.max_queries(3, function() shop.Category.objects:count() end)
    local err = test.catch(function()
      assert.num_queries(2, function() shop.Category.objects:count() end)
    end)
    assert.matches('1%. SELECT COUNT', err.message)
  end)

  it("are compared", function()
    for _, name in ipairs { "b", "a" } do
      shop.Category.objects:create { name = name }
    end
    local all = shop.Category.objects:order_by "name"
    assert.queryset_equal({ "a", "b" }, all, { transform = function(c) return c.name end })
    assert.queryset_equal({ shop.Category.objects:get { name = "b" }, all[1] }, all, { ordered = false })
    assert.has_error(function() assert.queryset_equal({ "b" }, all, { ordered = false, transform = tostring }) end, "missing")
  end)
end)

describe("factories", function()
  it("fill in what a row needs", function()
    local product = test.factory(shop.Product)
    product:full_clean()
    assert.equal(1, shop.Category.objects:count())
    assert.equal(1, product.stars)
    assert.is_not.equal(product.slug, test.factory(shop.Product).slug)
    assert.equal(decimal "5", test.factory(shop.Product, { price = decimal "5" }).price)
    local tag = test.factory(shop.Tag)
    assert.same({ tag }, test.factory(shop.Product, { tags = { tag } }).tags:all())
  end)

  it("have traits, sequences and batches", function()
    local categories = test.Factory(shop.Category, { name = function(n) return "C" .. n end })
    local products = test.Factory(shop.Product, { category = categories, traits = { dear = { price = 99 } } })
    assert.equal(99, tonumber(tostring(products("dear").price)))
    assert.equal(3, #products:batch(3))
    assert.is_nil(products:build().pk)
    assert.has_error(function() products "daer" end, "did you mean 'dear'")
    assert.has_error(function() test.factory(shop.Product, { nmae = "x" }) end, "did you mean 'name'")
    assert.has_error(function() test.factory "shop.Product" end, "a model comes first")
  end)
end)
