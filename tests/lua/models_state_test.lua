-- SPDX-License-Identifier: MIT
-- What an instance knows of itself: its state, deferred fields, refresh_from_db, copies, save's
-- options, relations that are set and changed.
local t = require "harness"
local world = require "models_world"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local signals = require "perilune.signals"
local describe, it, assert = t.describe, t.it, t.assert
local raises, count = world.raises, world.count

local s = world.shop()
local Category, Tag, Product, Profile = s.Category, s.Tag, s.Product, s.Profile

local Meta = { app_label = "shop" }
local Place = models.Model("Place", { name = models.CharField { max_length = 20 }, Meta = Meta })
local Cafe = Place:extend("Cafe", { tables = models.IntegerField { default = 0 }, Meta = Meta })
local Code = models.Model("Code", {
  id = models.CharField { max_length = 10, primary_key = true, default = function() return "auto" end },
  text = models.CharField { max_length = 10, default = "" },
  Meta = Meta,
})
local Short = models.Model("Short", { nick = models.CharField { max_length = 10, null = true, blank = true, unique = true }, Meta = Meta })
local Lone = models.Model("Lone", { id = models.CharField { max_length = 10, primary_key = true, default = function() return "auto" end }, Meta = Meta })
world.create(Place, Cafe, Code, Short, Lone)

local function reset()
  s.clear()
  world.clear(Cafe, Place, Code, Short)
end

local function sent(fn)
  local list = {}
  for _, entry in ipairs(db.capture(fn)) do
    list[#list + 1] = entry.sql
  end
  return table.concat(list, "\n")
end

local function product(values)
  local all = { name = "Lamp", price = 5 }
  for k, v in pairs(values or {}) do
    all[k] = v
  end
  return Product.objects:create(all)
end

describe("_state", function()
  it("is the instance's own to set", function()
    reset()
    for i = 1, 3 do
      Tag.objects:create { name = "t" .. i }
    end
    local list = Tag.objects:all():to_list()
    list[1].pk, list[1]._state.adding = nil, true
    assert.is_true(list[1]._state.adding)
    assert.is_false(list[2]._state.adding)
    list[1]:save()
    assert.is_false(list[1]._state.adding)
    assert.equal(4, Tag.objects:count())
    assert.equal("default", list[3]._state.db)
    assert.is_true(Tag()._state.adding)
    assert.is_nil(Tag()._state.db)
  end)

  it("makes a row that was copied a new one, with a key that is made up, too", function()
    reset()
    local code = Code { id = "a", text = "x" }
    code:save()
    code = Code.objects:get()
    code.pk, code._state.adding = nil, true
    code:save()
    assert.equal("auto", code.pk)
    assert.equal(2, Code.objects:count())
  end)
end)

describe("refresh_from_db", function()
  it("leaves what is deferred so, and reads what was set", function()
    reset()
    local p = product { stock = 3 }
    local part = Product.objects:only("name"):get { pk = p.pk }
    Product.objects:update { name = "Desk", stock = 7 }
    assert.is_nil(sent(function() part:refresh_from_db() end):find '"stock"')
    assert.equal("Desk", part.name)
    assert.is_true(#part:get_deferred_fields() > 0)
    part.stock = 1
    part:refresh_from_db()
    assert.equal(7, part.stock)
    part:refresh_from_db { fields = { "note", "price" } }
    assert.equal(0, count(function() return part.price, part.note end))
  end)

  it("forgets what was read of related objects", function()
    reset()
    local c = Category.objects:create { name = "a" }
    product { category = c }
    c = Category.objects:prefetch_related("products"):get()
    local p = c.products:all()[1]
    assert.equal(0, count(function() return #c.products:all() end))
    Product.objects:create { name = "b", price = 1, category = c }
    assert.equal(1, #c.products:all())
    c:refresh_from_db { fields = { "products" } }
    assert.equal(2, #c.products:all())
    c = Category.objects:prefetch_related("products"):get()
    c:refresh_from_db()
    assert.equal(1, count(function() return #c.products:all() end))
    assert.equal(1, count(function() p:refresh_from_db() end))
    assert.equal(1, count(function() return p.category end))
    assert.equal(0, count(function() p:refresh_from_db { fields = {} } end))
    raises("ValueError", function() p:refresh_from_db { fields = { "category__name" } } end, 'Found "category__name" in fields argument. Relations and transforms are not allowed in fields.')
    raises("FieldDoesNotExist", function() p:refresh_from_db { fields = { "nam" } } end, "did you mean 'name'")
  end)

  it("takes related objects over from its from_queryset", function()
    reset()
    local p = product { category = Category.objects:create { name = "a" } }
    p:refresh_from_db { from_queryset = Product.objects:select_related "category" }
    assert.equal(0, count(function() return p.category.name end))
    raises("DoesNotExist", function() p:refresh_from_db { from_queryset = Product.objects:filter { name = "no" } } end)
  end)

  it("is what loads a deferred field, when the author wrote one", function()
    reset()
    product { stock = 3 }
    local asked
    Product.refresh_from_db = function(self, options)
      asked = options.fields
      models.Model.refresh_from_db(self, { fields = { "stock", "note" } })
    end
    local p = Product.objects:only("name"):get()
    local stock = p.stock
    rawset(Product, "refresh_from_db", nil)
    assert.equal(3, stock)
    assert.same({ "stock" }, asked)
    assert.equal(0, count(function() return p.note end))
  end)
end)

describe("deferred fields", function()
  it("that were set to NULL are written", function()
    reset()
    product { note = "x" }
    local p = Product.objects:only("name"):get()
    p.note = nil
    p:save()
    assert.is_nil(Product.objects:get().note)
    Product.objects:update { note = "y" }
    p = Product.objects:defer("note"):get()
    p.note = null
    p:save()
    assert.is_nil(Product.objects:get().note)
  end)

  it("are loaded for validation", function()
    reset()
    product { category = Category.objects:create { name = "a" } }
    local p = Product.objects:only("stock"):get()
    p:full_clean()
    assert.equal("Lamp", p.name)
  end)

  it("are not written by save()", function()
    reset()
    product { note = "x" }
    local p = Product.objects:defer("note"):get()
    p.name = "b"
    assert.is_nil(sent(function() p:save() end):find '"note"')
    local names = {}
    local off = signals.post_save:connect(function(_, e) names = e.update_fields end, { sender = Product })
    p = Product.objects:only("name"):get()
    p:save()
    off()
    assert.same({ "name" }, names)
  end)
end)

describe("save", function()
  it("says what cannot be", function()
    reset()
    local p = product()
    raises("ValueError", function() p:save { force_insert = true, force_update = true } end, "Cannot force both insert and updating in model saving.")
    raises("ValueError", function() p:save { force_insert = true, update_fields = { "name" } } end, "Cannot force both insert and updating in model saving.")
    raises("ValueError", function() p:save { update_fields = { "nam", "tags", "id" } } end, "The following fields do not exist in this model, are m2m fields, primary keys, or are non-concrete fields: ")
    raises("ValueError", function() Product({ name = "x", price = 1 }):save { force_update = true } end, "Cannot force an update in save() with no primary key.")
    raises("ValueError", function() Product({ name = "x", price = 1 }):save { update_fields = { "name" } } end, "Cannot force an update in save() with no primary key.")
    local err = raises("DatabaseError", function() Product({ id = 99, name = "x", price = 1 }):save { force_update = true } end, "Forced update did not affect any rows.")
    assert.is_true(exceptions.is(err, "ObjectNotUpdated") and exceptions.is(err, Product.NotUpdated))
    raises("DatabaseError", function() Product({ id = 99, name = "x", price = 1 }):save { update_fields = { "name" } } end, "Save with update_fields did not affect any rows.")
    raises("DatabaseError", function() Code({ id = "none" }):save { force_update = true } end, "Forced update did not affect any rows.")
    raises("DatabaseError", function() Lone({}):save { force_update = true } end, "Forced update did not affect any rows.")
    raises("IntegrityError", function() Product({ id = p.pk, name = "x", price = 1 }):save { force_insert = true } end)
    assert.equal(0, count(function() p:save { update_fields = {} } end))
    raises("TypeError", function() p:save { update_fields = "name" } end, "update_fields is a list")
    raises("TypeError", function() p:save { force_insert = "yes" } end, "force_insert")
  end)

  it("inserts parents that are named", function()
    reset()
    local place = Place.objects:create { name = "a" }
    local cafe = Cafe { place_ptr = place, name = "a" }
    cafe:save { force_insert = true }
    assert.equal(place.pk, Cafe.objects:get().pk)
    raises("IntegrityError", function() Cafe({ place_ptr = place, name = "b" }):save { force_insert = { Place } } end)
    assert.equal("a", Place.objects:get().name)
    raises("TypeError", function() Cafe():save { force_insert = { "Place" } } end, "force_insert")
    raises("TypeError", function() Cafe():save { force_insert = { Tag } } end, "Invalid force_insert member. Tag must be a base of Cafe.")
  end)

  it("looks first with select_on_save", function()
    local Slow = models.Model("Slow", { n = models.IntegerField { default = 0 }, Meta = { app_label = "shop", select_on_save = true } })
    world.create(Slow)
    local row = Slow.objects:create { n = 1 }
    local statements = sent(function() row:save() end)
    assert.equal(1, select(2, (statements):gsub("^SELECT 1", "")))
    assert.equal(1, select(2, (statements):gsub("\nUPDATE", "")))
    local new = Slow { id = 50 }
    statements = sent(function() new:save() end)
    assert.equal(1, select(2, (statements):gsub("^SELECT 1", "")))
    assert.equal(1, select(2, (statements):gsub("\nINSERT", "")))
    assert.equal(1, select(2, (sent(function() new:save { force_update = true } end)):gsub("^UPDATE", "")))
  end)

  it("of an object with another key is another row", function()
    reset()
    local p = product()
    p.pk = p.pk + 100
    p:save()
    assert.equal(2, Product.objects:count())
  end)
end)

describe("relations", function()
  it("follow the column", function()
    reset()
    local a, b = Category.objects:create { name = "a" }, Category.objects:create { name = "b" }
    local p = product { category = a }
    assert.equal("a", p.category.name)
    p.category_id = b.pk
    assert.equal("b", p.category.name)
    p.category = a
    assert.equal(a.pk, p.category_id)
    p.category_id = nil
    assert.is_nil(p.category)
    p.category = b
    p.category = nil
    assert.is_nil(p.category_id)
    p.category_id = 999
    raises("DoesNotExist", function() return p.category end)
  end)

  it("are objects; keys go into the column's attribute", function()
    reset()
    raises("ValueError", function() product().category = 5 end, 'Cannot assign "5": "Product.category" must be a "Category" instance. A key goes into \'category_id\'.')
  end)

  it("are NULL when the column was set to NULL", function()
    reset()
    local a = Category.objects:create { name = "a" }
    product { category = a }
    local p = Product.objects:select_related("category"):get()
    p.category_id = nil
    p:save()
    assert.is_nil(Product.objects:get().category_id)
    p = product { category = a }
    p.category_id = nil
    assert.is_nil(p.category)
    p:save { update_fields = { "category" } }
    assert.equal(2, Product.objects:filter({ category = null }):count())
  end)

  it("take the key that the other one gets later", function()
    reset()
    local c = Category { name = "new" }
    local p = Product { name = "x", price = 1, category = c }
    raises("ValueError", function() p:save() end, "save() prohibited to prevent data loss due to unsaved related object 'category'.")
    raises("ValueError", function() Product.objects:bulk_create { p } end, "bulk_create() prohibited to prevent data loss due to unsaved related object 'category'.")
    assert.is_nil(p.category_id)
    c:save()
    assert.equal(c, p.category)
    assert.is_nil(p.category_id)
    p:save()
    assert.equal(c.pk, p.category_id)
    raises("ValueError", function() return Product.objects:filter({ category = Category() }):count() end, "must be saved")
  end)

  it("of one to one know each other", function()
    reset()
    local c = Category.objects:create { name = "a" }
    raises("DoesNotExist", function() return c.profile end, "Category has no profile.")
    local profile = Profile { category = c }
    assert.equal(profile, c.profile)
    profile.category = nil
    raises("DoesNotExist", function() return c.profile end, "Category has no profile.")
    c.profile = profile
    assert.equal(c, profile.category)
    profile:save()
    assert.equal(0, count(function() return c.profile.category end))
    raises("ValueError", function() c.profile = Tag() end, 'must be a "Profile" instance')
    raises("ValueError", function() profile.category = Tag() end, 'must be a "Category" instance')
    raises("DoesNotExist", function() return Profile().category end, "Profile has no category.")
  end)
end)

describe("an heir", function()
  it("has its parent's columns, and needs no query for it", function()
    reset()
    Cafe({ name = "a" }):full_clean()
    local cafe = Cafe.objects:create { name = "a", tables = 2 }
    local row = Cafe.objects:values()[1]
    assert.same({ id = cafe.pk, place_ptr_id = cafe.pk, name = "a", tables = 2 }, { id = row.id, place_ptr_id = row.place_ptr_id, name = row.name, tables = row.tables })
    cafe = Cafe.objects:get()
    assert.equal(0, count(function() return cafe.place_ptr.name end))
    assert.equal(Place.objects:get(), cafe.place_ptr)
    assert.is_false(cafe.place_ptr._state.adding)
    cafe = Cafe.objects:only("tables"):get()
    assert.equal(1, count(function() return cafe.place_ptr.name end))
    cafe = Cafe { place_ptr = Place.objects:get() }
    assert.equal(cafe.place_ptr_id, cafe.id)
  end)

  it("is copied without both of its keys", function()
    reset()
    local cafe = Cafe.objects:create { name = "a", tables = 2 }
    assert.equal("a", cafe.place_ptr.name)
    cafe.pk, cafe.id, cafe._state.adding = nil, nil, true
    cafe:save()
    assert.equal(2, Cafe.objects:count())
    assert.equal(2, Place.objects:count())
  end)
end)

describe("validate_unique", function()
  it("counts an empty text, but not NULL", function()
    reset()
    Short.objects:create { nick = "" }
    Short.objects:create { nick = nil }
    raises("ValidationError", function() Short({ nick = "" }):validate_unique() end, "Short with this Nick already exists.")
    Short({}):validate_unique()
    raises("TypeError", function() Short({}):validate_unique "nick" end, "exclude is a list of names")
    raises("TypeError", function() Short({}):full_clean { exclude = "nick" } end, "exclude is a list of names")
    Short.objects:get({ nick = "" }):validate_unique()
  end)
end)

reset()
t.finish()
