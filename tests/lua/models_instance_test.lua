-- SPDX-License-Identifier: MIT
-- Instances: making, saving, deleting, checking them; signals; inheritance; custom fields.
local t = require "harness"
local decimal = require "perilune.decimal"
local db = require "perilune.db"
local json = require "perilune.json"
local models = require "perilune.models"
local null = require "perilune.null"
local signals = require "perilune.signals"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local raises = world.raises

local s = world.shop()
local Category, Product, Order, Item, Tag = s.Category, s.Product, s.Order, s.Item, s.Tag

local books

local function fill()
  s.clear()
  books = Category.objects:create { name = "books" }
end

describe("instances", function()
  it("take values, defaults, related objects", function()
    fill()
    local p = Product { name = "x", price = "9.90", category = books }
    assert.equal(0, p.stock)
    assert.is_true(p.is_active)
    assert.equal(books.pk, p.category_id)
    assert.equal(books, p.category)
    assert.is_nil(p.pk)
    assert.is_true(p._state.adding)
    raises("TypeError", function() Product { nme = "x" } end, "did you mean 'name'")
    raises("ValueError", function() Product { category = p } end, 'must be a "Category" instance')
    raises("TypeError", function() Product { tags = {} } end, "save first")
  end)

  it("are equal by model and key, and have a text", function()
    fill()
    local a, b = Category.objects:get { pk = books.pk }, Category.objects:get { pk = books.pk }
    assert.is_true(a == b)
    assert.is_false(a == Category { name = "y" })
    assert.is_false(Category {} == Category {})
    assert.equal("Category object (" .. books.pk .. ")", tostring(a))
    assert.equal("New", Order({ customer = "c" }):get_status_display())
  end)

  it("save: insert, then update", function()
    fill()
    local p = Product { name = "a", price = decimal "1", category = books }
    p:save()
    assert.equal("integer", math.type(p.pk))
    assert.is_false(p._state.adding)
    p.name = "b"
    local sent = db.capture(function() p:save() end)
    assert.equal(1, #sent)
    assert.equal("UPDATE", sent[1].sql:sub(1, 6))
    assert.equal("b", Product.objects:get({ pk = p.pk }).name)
    p.stock, p.name = 5, "c"
    p:save { update_fields = { "stock" } }
    assert.equal("b", Product.objects:get({ pk = p.pk }).name)
    assert.equal(0, #db.capture(function() p:save { update_fields = {} } end))
    raises("ValueError", function() p:save { update_fields = { "nme" } } end, "nme")
    raises("ValueError", function() p:save { force_insert = true, force_update = true } end)
    raises("IntegrityError", function() p:save { force_insert = true } end)
    raises("TypeError", function() p:save { force_inert = true } end, "force_insert")
  end)

  it("save with a key: update, insert when there is no such row", function()
    fill()
    local c = Category { id = 77, name = "seventy" }
    c:save()
    assert.equal(77, Category.objects:get({ name = "seventy" }).pk)
    raises("DatabaseError", function() Category({ id = 78, name = "z" }):save { force_update = true } end, "did not affect any rows")
    raises("ValueError", function() Category({ name = "z" }):save { force_update = true } end, "no primary key")
  end)

  it("never lose an unsaved related object", function()
    fill()
    local c = Category { name = "new" }
    local p = Product { name = "x", price = 1, category = c }
    raises("ValueError", function() p:save() end, "unsaved related object 'category'")
    c:save()
    p:save()
    assert.equal(c.pk, Product.objects:get({ pk = p.pk }).category_id)
    p.category_id = books.pk
    assert.equal("books", p.category.name)
  end)

  it("F in save is the database's business", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1, stock = 1, category = books }
    p.stock = models.F "stock" + 1
    p:save()
    p:refresh_from_db()
    assert.equal(2, p.stock)
    p.stock = 9
    p:refresh_from_db { "stock" }
    assert.equal(2, p.stock)
  end)

  it("NULL is nil; perilune.null sets it", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1, note = null }
    assert.is_nil(p.note)
    p.note = "n"
    p:save()
    p.note = null
    p:save()
    assert.is_nil(Product.objects:get({ pk = p.pk }).note)
    assert.is_nil(p.category)
  end)

  it("times: auto_now_add, and what comes back", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1 }
    assert.equal("perilune.time.datetime", getmetatable(p.created_at))
    local again = Product.objects:get { pk = p.pk }
    assert.is_true(again.created_at == p.created_at)
    assert.equal("UTC", again.created_at.tz)
    assert.equal("1.00", tostring(again.price))
    assert.is_true(Product.objects:filter({ created_at__date = time.today() }):exists())
  end)

  it("bad values name the field", function()
    fill()
    raises("ValueError", function() Product.objects:create { name = "x", price = 1, stock = "many" } end, "stock")
    raises("ValueError", function() Product.objects:create { name = "x", price = "dear" } end, "price")
    raises("ValueError", function() Product.objects:create { name = "x", price = 0 / 0 } end)
    raises("IntegrityError", function() Product.objects:create { price = 1, name = null } end, "shop_product.name")
    raises("TypeError", function() Product.objects:create { name = print, price = 1 } end)
    assert.equal(0, Product.objects:count())
  end)
end)

describe("full_clean", function()
  it("collects what is wrong under the fields", function()
    fill()
    local err = raises("ValidationError", function()
      Product({ name = ("x"):rep(201), price = decimal "123456789.123", stock = "no" }):full_clean()
    end)
    assert.equal("Ensure this value has at most 200 characters (it has 201).", err.message_dict.name[1])
    assert.equal("“no” value must be an integer.", err.message_dict.stock[1])
    assert.equal("table", type(err.message_dict.price))
    err = raises("ValidationError", function() Product({ price = 1, name = "" }):full_clean() end)
    assert.equal("This field cannot be blank.", err.message_dict.name[1])
    err = raises("ValidationError", function() Order({ customer = "c", status = "odd" }):full_clean() end)
    assert.equal("Value 'odd' is not a valid choice.", err.message_dict.status[1])
  end)

  it("knows what is unique", function()
    fill()
    local err = raises("ValidationError", function() Category({ name = "books" }):full_clean() end)
    assert.equal("Category with this Name already exists.", err.message_dict.name[1])
    books:full_clean()
    err = raises("ValidationError", function() Product({ name = "x", price = 1, category_id = 999 }):full_clean() end)
    assert.equal("table", type(err.message_dict.category))
  end)
end)

describe("deleting", function()
  it("takes along what hangs on it, and counts", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1, category = books }
    p.tags:add(Tag.objects:create { name = "t" })
    local total, by = books:delete()
    assert.equal(3, total)
    assert.same({ ["shop.Category"] = 1, ["shop.Product"] = 1, ["shop.Product_tags"] = 1 }, by)
    assert.is_nil(books.pk)
    assert.equal(1, Tag.objects:count())
  end)

  it("PROTECT names who stands in the way, SET_NULL lets go", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1, category = books }
    local o = Order.objects:create { customer = "c" }
    local item = Item.objects:create { order = o, product = p, price = 1 }
    local err = raises("ProtectedError", function() books:delete() end, "'Item.product'")
    assert.is_true(err.protected_objects[1] == item)
    assert.equal(1, Category.objects:count())
    assert.equal(2, (o:delete()))
    local child = Category.objects:create { name = "child", parent = books }
    books:delete()
    child:refresh_from_db()
    assert.is_nil(child.parent_id)
    assert.equal(0, Product.objects:count())
  end)

  it("of a QuerySet", function()
    fill()
    for i = 1, 3 do
      Product.objects:create { name = "p" .. i, price = i, category = books }
    end
    local total, by = Product.objects:filter({ price__gte = 2 }):delete()
    assert.equal(2, total)
    assert.equal(2, by["shop.Product"])
    raises("TypeError", function() Product.objects:limit(1):delete() end)
    raises("ValueError", function() Product({ name = "n" }):delete() end, "None")
  end)
end)

describe("signals", function()
  it("come in Django's order with Django's arguments", function()
    fill()
    local log = {}
    local function listen(name)
      return signals[name]:connect(function(_, e)
        log[#log + 1] = ("%s %s %s %s"):format(name, tostring(e.instance.name), tostring(e.created), e.update_fields and table.concat(e.update_fields, "+") or "-")
      end, { sender = Category })
    end
    local offs = {}
    for _, name in ipairs { "pre_save", "post_save", "pre_delete", "post_delete" } do
      offs[#offs + 1] = listen(name)
    end
    local c = Category.objects:create { name = "a" }
    c:save { update_fields = { "name" } }
    Category.objects:filter({ name = "a" }):update { name = "b" }
    Category.objects:bulk_create { Category { name = "c" } }
    c:delete()
    for _, off in ipairs(offs) do
      off()
    end
    assert.same({
      "pre_save a nil -", "post_save a true -", "pre_save a nil name", "post_save a false name",
      "pre_delete a nil -", "post_delete a nil -",
    }, log)
  end)

  it("m2m_changed carries new keys only", function()
    fill()
    local p = Product.objects:create { name = "x", price = 1 }
    local a, b = Tag.objects:create { name = "a" }, Tag.objects:create { name = "b" }
    local log = {}
    local off = signals.m2m_changed:connect(function(_, e)
      log[#log + 1] = e.action .. ":" .. (e.pk_set and #e.pk_set or "nil") .. (e.reverse and "r" or "")
    end, { sender = p.tags.through })
    p.tags:add(a)
    p.tags:add(a, b)
    p.tags:set { b }
    a.products:add(p)
    p.tags:clear()
    off()
    assert.same({
      "pre_add:1", "post_add:1", "pre_add:1", "post_add:1", "pre_remove:1", "post_remove:1",
      "pre_add:1r", "post_add:1r", "pre_clear:nil", "post_clear:nil",
    }, log)
  end)
end)

describe("inheritance", function()
  local meta = { app_label = "shop" }
  local Base = models.Model("Base", {
    title = models.CharField { max_length = 20 },
    Meta = { abstract = true, app_label = "shop", ordering = { "title" } },
  })
  function Base:shout()
    return self.title:upper()
  end
  local Note = Base:extend("Note", { text = models.TextField { default = "" }, Meta = meta })
  local Place = models.Model("Place", { name = models.CharField { max_length = 20 }, Meta = meta })
  local Pub = Place:extend("Pub", { beer = models.IntegerField { default = 1 }, Meta = meta })
  local Cheap = Place:extend("Cheap", { Meta = { proxy = true, app_label = "shop" } })
  function Cheap:shout()
    return self.name .. "!"
  end
  world.create(Note, Place, Pub)

  it("abstract: fields, methods and Meta", function()
    Note.objects:create { title = "b" }
    Note.objects:create { title = "a" }
    assert.equal("a,b", world.names(Note.objects:all(), "title"))
    assert.equal("A", Note.objects:first():shout())
    raises("AttributeError", function() return Base.objects end, "abstract")
  end)

  it("multi-table: one row in each table", function()
    local pub = Pub.objects:create { name = "Crown", beer = 3 }
    assert.equal(pub.pk, pub.place_ptr_id)
    assert.equal("Crown", Place.objects:get({ pk = pub.pk }).name)
    local again = Pub.objects:get { name = "Crown" }
    assert.equal(3, again.beer)
    again.name, again.beer = "Anchor", 4
    again:save()
    assert.equal("Anchor", Place.objects:get({ pk = pub.pk }).name)
    assert.equal(4, Place.objects:get({ pk = pub.pk }).pub.beer)
    assert.equal(2, (again:delete()))
    assert.equal(0, Place.objects:count())
  end)

  it("proxies: other behaviour, the same table", function()
    Place.objects:create { name = "x" }
    assert.equal("x!", Cheap.objects:get({ name = "x" }):shout())
    assert.is_true(Cheap.objects:get { name = "x" } == Place.objects:get { name = "x" })
  end)
end)

describe("fields", function()
  local All = models.Model("All", {
    big = models.BigIntegerField { null = true },
    float = models.FloatField { null = true },
    date = models.DateField { null = true },
    at = models.TimeField { null = true },
    span = models.DurationField { null = true },
    uuid = models.UUIDField { null = true },
    blob = models.BinaryField { null = true },
    data = models.JSONField { null = true },
    ip = models.GenericIPAddressField { null = true },
    mail = models.EmailField { blank = true, default = "" },
    slug = models.SlugField { blank = true, default = "" },
    Meta = { app_label = "shop" },
  })
  world.create(All)

  it("come back as they went", function()
    local a = All.objects:create {
      big = math.maxinteger, float = 1.5, date = time.date(2026, 2, 3), at = time.time(12, 30, 1), span = time.timedelta { days = 1, seconds = 3 },
      uuid = "12345678-1234-5678-1234-567812345678", blob = "\0\255x", data = { a = { 1, "two", true }, b = json.array {} },
      ip = "2001:DB8::1", mail = "a@b.de",
    }
    local b = All.objects:get { pk = a.pk }
    assert.equal(math.maxinteger, b.big)
    assert.equal(1.5, b.float)
    assert.equal("2026-02-03", tostring(b.date))
    assert.equal("12:30:01", tostring(b.at))
    assert.equal("1 00:00:03", tostring(b.span))
    assert.equal("12345678-1234-5678-1234-567812345678", b.uuid)
    assert.equal("\0\255x", b.blob)
    assert.equal("two", b.data.a[2])
    assert.equal("[]", json.encode(b.data.b))
    assert.equal("2001:db8::1", b.ip)
    assert.is_true(All.objects:filter({ data__a__1 = "two" }):exists())
    assert.is_true(All.objects:filter({ date__month = 2, span__gt = time.timedelta { days = 1 } }):exists())
    local stored = db.query("SELECT typeof(uuid) || ' ' || uuid AS u FROM shop_all WHERE id = ?", { a.pk })
    assert.equal("text 12345678123456781234567812345678", stored[1].u)
  end)

  it("refuse options that they do not know", function()
    raises("TypeError", function() models.CharField { max_lenght = 3 } end, "did you mean 'max_length'")
    raises("ImproperlyConfigured", function() models.CharField {} end, "max_length")
    raises("ImproperlyConfigured", function() models.DecimalField { max_digits = 2, decimal_places = 3 } end)
    raises("ImproperlyConfigured", function() models.ForeignKey("X", {}) end, "on_delete")
    raises("ImproperlyConfigured", function() models.ForeignKey("X", { on_delete = models.SET_NULL }) end, "null = true")
  end)
end)

t.finish()
