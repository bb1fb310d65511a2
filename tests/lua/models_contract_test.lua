-- SPDX-License-Identifier: MIT
-- The edges of the queries' contract: what an argument may be, and what comes out of it.
local t = require "harness"
local decimal = require "perilune.decimal"
local models = require "perilune.models"
local null = require "perilune.null"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local names, raises = world.names, world.raises
local F, Q, Count, Sum = models.F, models.Q, models.Count, models.Sum
local fn = models.functions

local s = world.shop()
local Category, Product, Order, Tag = s.Category, s.Product, s.Order, s.Tag

local Day = models.Model("Day", { day = models.DateField {}, clock = models.TimeField { null = true }, Meta = { app_label = "shop" } })
world.create(Day)

local function fill()
  s.clear()
  local books = Category.objects:create { name = "books" }
  for i = 1, 5 do
    Product.objects:create { name = "P" .. i, price = i, stock = i % 3, category = i < 4 and books or nil }
  end
end

local function list(queryset)
  return table.concat(queryset:to_list(), ",")
end

describe("unions", function()
  it("take columns that are named after them, in all of their parts", function()
    fill()
    local both = Product.objects:filter({ stock = 0 }):union(Product.objects:filter { stock = 2 })
    assert.equal("P2,P3,P5", list(both:order_by("name"):values_list("name", { flat = true })))
    assert.equal("P2,P3,P5", list(both:values_list("name", { flat = true }):order_by "name"))
    assert.equal("P2,P3,P5", names(Product.objects:filter { pk__in = both }))
    assert.equal("P1,P4", names(Product.objects:exclude { pk__in = both:values "pk" }))
    assert.equal("P2", both:order_by("name"):values("name")[1].name)
  end)

  it("cannot be deleted, and say so", function()
    raises("NotSupportedError", function()
      Product.objects:all():union(Product.objects:all()):delete()
    end, "QuerySet.delete() after union()")
  end)
end)

describe("queries joined by operators", function()
  it("keep the order of the second, or else of the first", function()
    fill()
    local a, b = Product.objects:filter { stock = 1 }, Product.objects:filter { price__gt = 2 }
    assert.equal("P4", names(a & b))
    assert.equal("P1,P3,P4,P5", names(a | b))
    assert.equal("P1,P3,P5", names(a ~ b))
    assert.equal("P5,P4,P3,P1", names(a:order_by "-price" | b))
    assert.equal("P5,P4,P3,P1", names(a | b:order_by "-price"))
    assert.equal("P5,P4,P3,P1", names(a:order_by("price", "name"):reverse() | b))
    assert.equal("P5,P3", names(b:order_by "price" & Product.objects:filter({ stock__in = { 0, 2 } }):order_by "-price"))
    assert.equal(2, (a:annotate { twice = F "price" * 2 } & a)[1].twice:to_integer())
    assert.equal(0, #(a & Product.objects:none()))
    assert.equal(2, #(a | Product.objects:none()))
  end)

  it("are of one model and no slices", function()
    fill()
    raises("TypeError", function() return Product.objects:all() & Category.objects:all() end, "of one model")
    raises("TypeError", function() return Product.objects:all() | 5 end, "of one model")
    raises("TypeError", function() return Product.objects:limit(2) | Product.objects:all() end, "once a slice has been taken")
  end)
end)

describe("lists of in", function()
  it("may be SQL", function()
    fill()
    local ids = models.RawSQL("SELECT id FROM shop_product WHERE stock > ?", { 0 })
    assert.equal("P1,P2,P4,P5", names(Product.objects:filter { pk__in = ids }))
    assert.equal("P3", names(Product.objects:exclude { pk__in = ids }))
  end)
end)

describe("truncated moments", function()
  it("are in the zone that they were cut in", function()
    s.clear()
    Order.objects:create { customer = "c", placed_at = time.datetime(2024, 1, 31, 23, 30, 0, { tz = "UTC" }) }
    local orders = Order.objects:all()
    local function cut(expression)
      return tostring(orders:annotate({ m = expression }):get().m)
    end
    assert.equal("2024-01-01T00:00:00+00:00", cut(fn.TruncMonth "placed_at"))
    assert.equal("2024-02-01T00:00:00+01:00", cut(fn.TruncMonth("placed_at", { tzinfo = "Europe/Paris" })))
    assert.equal("2024-01-31T18:00:00-05:00", cut(fn.Trunc("placed_at", "hour", { tzinfo = "America/New_York" })))
    assert.equal("2024-01-31T23:30:00+00:00", cut(fn.Coalesce("placed_at", "placed_at")))
    assert.equal("2024-02-01T00:00:00+01:00", tostring(orders:datetimes("placed_at", "day", { tzinfo = "Europe/Paris" })[1]))
    time.override("Asia/Tokyo", function()
      assert.equal("2024-02-01T00:00:00+09:00", cut(fn.TruncMonth "placed_at"))
      local row = orders:annotate({ m = fn.TruncMonth "placed_at" }):values("m"):annotate({ n = Count "id" })[1]
      assert.equal("2 1", row.m.month .. " " .. row.n)
      assert.equal("2024-02-01T00:00:00+09:00", tostring(orders:datetimes("placed_at", "month")[1]))
      assert.equal(1, orders:annotate({ m = fn.TruncMonth "placed_at" }):filter({ m = row.m }):count())
    end)
  end)

  it("moments without a zone are of the setting, whatever zone is active", function()
    s.clear()
    time.override("Asia/Tokyo", function()
      local order = Order.objects:create { customer = "c", placed_at = time.datetime(2024, 1, 31, 12, 0, 0) }
      order:refresh_from_db()
      assert.equal("2024-01-31T12:00:00+00:00", tostring(order.placed_at))
      assert.equal(1, Order.objects:filter({ placed_at = "2024-01-31 12:00:00" }):count())
      assert.equal(1, Order.objects:filter({ placed_at__hour = 21 }):count()) -- parts are of the active one
      order:delete()
    end)
  end)

  it("have the part that is asked for", function()
    local function refused(text, expression)
      raises("ValueError", function() Day.objects:annotate { x = expression } end, text)
    end
    refused("Cannot truncate DateField 'day' to DateTimeField", fn.TruncHour "day")
    refused("Cannot truncate DateField 'day' to DateTimeField", fn.Trunc("day", "month", { output_field = models.DateTimeField {} }))
    refused("Cannot truncate TimeField 'clock' to DateField", fn.TruncYear "clock")
    refused("Cannot extract time component 'hour' from DateField 'day'.", fn.ExtractHour "day")
    refused("Cannot extract component 'year' from TimeField 'clock'.", fn.Extract("clock", "year"))
    refused("output_field must be either DateField", fn.TruncDay("day", { output_field = models.CharField { max_length = 3 } }))
    raises("ValueError", function() return fn.TruncDay("day", { tzinfo = "Nowhere/X" }) end, "unknown time zone 'Nowhere/X'")
    raises("ValueError", function() return Order.objects:datetimes("placed_at", "day", "ASC", { tzinfo = "Nowhere/X" }) end, "unknown time zone")
    raises("ValueError", function() return Day.objects:dates("day", "year", "UP") end, "'order' must be either 'ASC' or 'DESC', not 'UP'")
  end)
end)

describe("names of orders", function()
  it("are looked at where they are written, to their last part", function()
    raises("FieldError", function() return Product.objects:order_by "category__nam" end, "did you mean 'name'?")
    raises("FieldError", function() return Product.objects:order_by "name__lower" end, "Unsupported lookup 'lower' for CharField")
    raises("FieldError", function() return Product.objects:order_by "-created_at__yeer" end, "perhaps you meant year?")
    assert.equal(0, Product.objects:none():order_by("created_at__year", "category__parent__name", "items__order", "tags"):count())
  end)
end)

describe("QuerySets as values", function()
  it("are their first key, in create as in update", function()
    fill()
    local first = Category.objects:order_by "pk"
    local made = Product.objects:create { name = "q", price = 1, stock = first:limit(1) }
    made:refresh_from_db()
    assert.equal(first[1].pk, made.stock)
    Product.objects:filter({ pk = made.pk }):update { stock = 0 }
    Product.objects:filter({ pk = made.pk }):update { stock = first:limit(1) }
    made:refresh_from_db()
    assert.equal(first[1].pk, made.stock)
  end)
end)

describe("arguments of expressions", function()
  it("are looked at where they are written", function()
    raises("TypeError", function() return Product.objects:annotate { x = "name" } end, 'F "name" is the field, Value "name" the text')
    raises("TypeError", function() return Product.objects:alias { x = 5 } end, "not 5; Value(5) is one")
    raises("TypeError", function() return models.OuterRef(5) end, "OuterRef takes the name of a field")
    raises("TypeError", function() return models.RawSQL(5) end, "SQL as a string, not a number")
    raises("TypeError", function() return models.RawSQL("a = ?", 5) end, "a list of parameters")
    raises("AttributeError", function() return fn.Lowr "name" end, "did you mean 'Lower'")
    raises("ValueError", function() return models.RowRange { start = "a" } end, "start is a whole number")
    raises("ValueError", function() return models.ValueRange { start = 2, finish = 1 } end, "start cannot be greater than finish")
  end)

  it("null is no end of a frame", function()
    fill()
    local rows = Product.objects:annotate { x = models.Window { Sum "stock", order_by = F "pk", frame = models.RowRange { start = 0, finish = null } } }
    assert.equal("6,5,3,3,2", list(rows:order_by("pk"):values_list("x", { flat = true })))
  end)

  it("aggregate of nothing is nothing", function()
    assert.equal(nil, next(Product.objects:aggregate {}))
    assert.equal(nil, next(Product.objects:aggregate()))
  end)
end)

describe("values that are written", function()
  it("are no longer than their column", function()
    fill()
    local long, fits = ("é"):rep(51), ("é"):rep(50)
    local text = "Category.name: Ensure this value has at most 50 characters (it has 51)."
    raises("ValueError", function() Category.objects:create { name = long } end, text)
    raises("ValueError", function() Category.objects:bulk_create { Category { name = long } } end, text)
    raises("ValueError", function() Category.objects:all():update { name = long } end, text)
    local books = Category.objects:get { name = "books" }
    books.name = long
    raises("ValueError", function() books:save() end, text)
    raises("ValueError", function() Category.objects:bulk_update({ books }, { "name" }) end, text)
    books.name = fits
    books:save()
    assert.equal(fits, Category.objects:get({ pk = books.pk }).name)
    assert.equal(0, Category.objects:filter({ name = long }):count())
    raises("ValueError", function() Order.objects:create { customer = "c", status = 12345678901 } end, "at most 10 characters (it has 11)")
  end)

  it("have any length where the column has none", function()
    fill()
    local long = ("x"):rep(40000)
    s.Profile.objects:create { category = Category.objects:first(), text = long }
    for _, lookup in ipairs { "exact", "iexact", "contains", "startswith", "iendswith" } do
      assert.equal(1, s.Profile.objects:filter({ ["text__" .. lookup] = long }):count())
      assert.equal(0, s.Profile.objects:filter({ ["text__" .. lookup] = long .. "z" }):count())
    end
  end)

  it("that are no numbers are what full_clean says", function()
    local function said(value)
      return raises("ValidationError", function() Product({ name = "x", price = 1, stock = value }):full_clean() end).message_dict.stock[1]
    end
    assert.equal("“nan” value must be an integer.", said(0 / 0))
    assert.equal("“1E+40” value must be an integer.", said(decimal "1e40"))
    assert.is_true(said(Tag { name = "x" }):find("value must be an integer", 1, true) ~= nil)
    local product = Product { name = "x", price = 1, stock = decimal "2.75" }
    product:full_clean()
    assert.equal(2, product.stock)
  end)
end)

describe("raw", function()
  it("reads columns as a QuerySet does", function()
    local All = models.Model("RawAll", {
      js = models.JSONField { null = true }, span = models.DurationField { null = true }, dec = models.DecimalField { max_digits = 9, decimal_places = 3, null = true },
      uid = models.UUIDField { null = true }, flag = models.BooleanField { null = true }, moment = models.DateTimeField { null = true }, f = models.FloatField { null = true },
      bin = models.BinaryField { null = true }, day = models.DateField { null = true }, Meta = { app_label = "shop" },
    })
    world.create(All)
    All.objects:create {
      js = { a = { 1, 2 } }, span = time.timedelta { days = -1, microseconds = 7 }, dec = decimal "12.5", uid = "12345678123456781234567812345678", flag = true,
      moment = time.datetime(2024, 2, 29, 13, 5, 7, { tz = "UTC" }), f = 2, bin = "\0\xff", day = time.date(2024, 2, 29),
    }
    All.objects:create {}
    local plain, raw = All.objects:order_by("pk"), All.objects:raw "SELECT * FROM shop_rawall ORDER BY id"
    assert.equal(0, world.count(function()
      raw:to_list()
      plain:to_list()
    end) - 2)
    assert.equal(0, world.count(function()
      for i = 1, 2 do
        for _, field in ipairs(All._meta.fields) do
          assert.same(plain[i][field.name], raw[i][field.name], field.name)
          assert.equal(tostring(plain[i].dec), tostring(raw[i].dec))
        end
      end
    end))
    assert.equal("id", raw.columns[1])
  end)

  it("prefetches, and says what it cannot do", function()
    fill()
    local raw = Category.objects:raw "SELECT id, name FROM shop_category"
    assert.equal(2, world.count(function() assert.equal(3, #raw:prefetch_related("products")[1].products:all()) end))
    raises("AttributeError", function() return raw:filter { name = "x" } end, "raw(…) has no 'filter'")
    raises("TypeError", function() return Category.objects:raw(5) end, "SQL as a string")
    raises("ValueError", function() return models.Prefetch("products", { queryset = raw }) end, "cannot use raw()")
    raises("ValueError", function() Category.objects:prefetch_related(models.Prefetch("products", { to_attr = "name" })):to_list() end, "to_attr=name conflicts with a field on the Category model.")
  end)
end)

describe("errors of statements", function()
  it("hold the SQL, its values and the author's line", function()
    fill()
    local err = raises("IntegrityError", function() Product.objects:create { name = "dear" } end, "NOT NULL constraint failed: shop_product.price")
    assert.is_true(err.sql:find('INSERT INTO "shop_product"', 1, true) == 1)
    assert.equal("dear", err.params[1])
    assert.is_true(err.message:find("SQL: INSERT", 1, true) and err.message:find("parameters: 'dear'", 1, true) and true)
    assert.is_true(err.where == nil or err.where:find "models_contract_test.lua:%d+" ~= nil) -- of files outside of a project nothing is said
    err = raises("OperationalError", function() Product.objects:filter({ name__regex = "(" }):to_list() end, "REGEXP")
    assert.equal("(", err.params[1])
  end)
end)

describe("explain", function()
  it("tells how the rows are found, with analyze how long it took", function()
    fill()
    local plan = Product.objects:filter({ pk = 1 }):explain()
    assert.is_true(plan:find("SEARCH", 1, true) ~= nil and not plan:find(" ms", 1, true))
    assert.is_true(Product.objects:filter({ stock = 0 }):explain({ analyze = true }):find "\n1 row in %d+%.%d+ ms$" ~= nil)
    raises("ValueError", function() Product.objects:explain { nope = true } end, "Unknown options: nope")
    raises("ValueError", function() Product.objects:explain { format = "nope" } end, "not a recognized format")
  end)
end)

describe("values_list", function()
  it("without names has all columns", function()
    fill()
    local row = Tag.objects:create { name = "t" }
    assert.same({ row.pk, "t", n = 2 }, Tag.objects:values_list()[1])
    raises("TypeError", function() return Tag.objects:values { l = 5 } end, "values{ l = … } takes an expression, not 5")
  end)
end)

describe("full_clean", function()
  local Kind = models.TextChoices { { "OLD", "old", "Old" }, { "NEW", "new" } }
  local Sheet = models.Model("Sheet", {
    code = models.CharField { max_length = 5, error_messages = { unique = "taken!" } },
    kind = models.CharField { max_length = 3, choices = Kind, default = Kind.OLD },
    rate = models.IntegerField { null = true, blank = true },
    data = models.JSONField { default = {}, blank = true },
    state = models.IntegerField { db_default = 7 },
    text = models.CharField { max_length = 9, db_default = fn.Lower(models.Value "ABC") },
    twice = models.GeneratedField { expression = F "rate" * 2, output_field = models.IntegerField {}, db_persist = true },
    Meta = {
      app_label = "shop",
      constraints = {
        models.UniqueConstraint { fn.Lower "code", name = "code_lower" },
        models.CheckConstraint { Q { state__lt = 10 }, name = "state_lt" },
        models.CheckConstraint { Q { rate__lt = 5 } | Q { text = "abc" }, name = "rate_lt" },
      },
    },
  })
  world.create(Sheet)

  it("knows what the database puts into columns that have no value yet", function()
    local sheet = Sheet { code = "a" }
    sheet:full_clean()
    sheet:save()
    assert.equal("7 abc", sheet.state .. " " .. sheet.text)
    sheet.state = nil
    raises("ValidationError", function() sheet:full_clean() end, "state: This field cannot be null.")
    raises("ValidationError", function() Sheet({ code = "b", state = 11 }):full_clean() end, "state_lt")
    Sheet({ code = "b", rate = 9 }):full_clean()
    raises("ValidationError", function() Sheet({ code = "b", rate = 9, text = "x" }):full_clean() end, "rate_lt")
  end)

  it("asks about expressions that are unique, whatever is NULL or a table", function()
    Sheet.objects:all():delete()
    Sheet.objects:create { code = "Abc" }
    Sheet({ code = "abd", data = { a = 1 } }):full_clean()
    raises("ValidationError", function() Sheet({ code = "aBC", data = { a = 1 } }):full_clean() end, "Constraint “code_lower” is violated.")
    Sheet.objects:get():full_clean()
  end)

  it("leaves computed columns alone, which are NULL where what they are made of is", function()
    local sheet = Sheet.objects:create { code = "n" }
    assert.equal(nil, sheet.twice)
    sheet.rate = 4
    sheet:save()
    assert.equal(8, sheet.twice)
    assert.equal(1, Sheet.objects:filter({ twice = 8 }):count())
    assert.equal(Sheet.objects:count() - 1, Sheet.objects:exclude({ twice = 8 }):count())
  end)

  it("enumerations are pairs to migrations", function()
    local name, options = Sheet._meta:get_field("kind"):deconstruct()
    assert.equal("CharField", name)
    assert.same({ { "old", "Old" }, { "new", "New" } }, options.choices)
    local text = require("perilune._migrations.writer").value(Sheet._meta:get_field "kind")
    assert.is_true(text:find('choices = { { "old", "Old" }, { "new", "New" } }', 1, true) ~= nil, text)
  end)
end)

describe("heirs", function()
  local Place = models.Model("Place", {
    name = models.CharField { max_length = 9, unique = true },
    town = models.CharField { max_length = 9, default = "x" },
    zip = models.IntegerField { default = 0 },
    Meta = { app_label = "shop", unique_together = { { "town", "zip" } }, constraints = { models.CheckConstraint { Q { zip__gte = 0 }, name = "zip_positive" } } },
  })
  local Inn = Place:extend("Inn", { stars = models.IntegerField { default = 0 }, Meta = { app_label = "shop" } })
  local Spot = Place:extend("Spot", { Meta = { app_label = "shop", proxy = true } })
  world.create(Place, Inn)

  it("are compared with all rows of the tables above them", function()
    local place = Place.objects:create { name = "a", town = "t", zip = 1 }
    raises("ValidationError", function() Inn({ name = "a", town = "u" }):full_clean() end, "name: Place with this Name already exists.")
    raises("ValidationError", function() Inn({ name = "b", town = "t", zip = 1 }):full_clean() end, "Place with this Town and Zip already exists.")
    raises("ValidationError", function() Inn({ name = "b", zip = -1 }):full_clean() end, "zip_positive")
    raises("ValidationError", function() Spot({ name = "a", town = "u" }):full_clean() end, "with this Name already exists.")
    raises("ValidationError", function() Spot({ name = "b", zip = -1 }):full_clean() end, "zip_positive")
    local inn = Inn.objects:create { name = "b", town = "u" }
    inn:full_clean()
    place:full_clean()
    assert.equal("zip_positive", inn:get_constraints()[1][2][1].name)
    assert.equal(Place, inn:get_constraints()[1][1])
  end)
end)

describe("from_db", function()
  local Note = models.Model("Note", { text = models.CharField { max_length = 9, null = true }, about = models.ForeignKey("Category", { null = true, on_delete = models.SET_NULL }), Meta = { app_label = "shop" } })
  world.create(Note)

  it("makes an instance of what a row holds", function()
    local note = Note:from_db("default", { "id", "text" }, { 7, "x" })
    assert.equal("7 x", note.pk .. " " .. note.text)
    assert.equal("default", note._state.db)
    assert.is_false(note._state.adding)
    assert.same({ "about_id" }, note:get_deferred_fields())
    raises("FieldDoesNotExist", function() Note:from_db("default", { "nope" }, { 1 }) end, "nope")
  end)

  it("of a model's own makes all of its rows", function()
    fill()
    local books = Category.objects:get { name = "books" }
    Note.objects:create { text = "a", about = books }
    Note.objects:create {}
    local seen = 0
    function Note.from_db(class, using, field_names, values)
      local made = models.Model.from_db(class, using, field_names, values)
      seen = seen + 1
      rawset(made, "loaded_text", values[2])
      return made
    end
    local rows = Note.objects:annotate({ n = F "id" * 2 }):select_related("about"):order_by "pk"
    assert.equal("a", rows[1].loaded_text)
    assert.equal(nil, rows[2].loaded_text)
    assert.equal("books 2", rows[1].about.name .. " " .. rows[1].n)
    assert.equal("a", Note.objects:get({ pk = rows[1].pk }).loaded_text)
    assert.equal("a", Note.objects:get({ pk = rows[1].pk }).loaded_text)
    assert.equal("a", Note.objects:get({ text = "a" }).loaded_text)
    assert.equal("a", Note.objects:first().loaded_text)
    assert.equal("a", Note.objects:raw("SELECT id, text, about_id FROM shop_note ORDER BY id")[1].loaded_text)
    assert.equal("a", books.note_set:all()[1].loaded_text)
    assert.equal(9, seen)
    assert.equal(1, world.count(function() -- the batch still knows itself
      local batch = Note.objects:only("id"):order_by("pk"):to_list()
      seen = #batch
    end))
    assert.equal(2, world.count(function()
      local batch = Note.objects:only("id"):order_by("pk"):to_list()
      assert.equal("a", batch[1].text)
      assert.equal(nil, batch[2].text)
    end))
    Note.from_db = nil
    Note.objects:all():delete()
  end)
end)

describe("instances without a key", function()
  it("cannot be read again", function()
    raises(Product.DoesNotExist, function() Product({ name = "x", price = 1 }):refresh_from_db() end, "has no key yet")
  end)

  it("are found by Q with what is left", function()
    fill()
    assert.equal("P3", names(Product.objects:filter(Q { stock = 0 } & ~Q { price__gt = 4 })))
  end)
end)

t.finish()
