-- SPDX-License-Identifier: MIT
-- Aggregates, lookups as expressions, keys of JSON as text, parts of windows.
local t = require "harness"
local db = require "perilune.db"
local models = require "perilune.models"
local null = require "perilune.null"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local names, raises = world.names, world.raises
local F, Q, Count, Sum, Value, StringAgg = models.F, models.Q, models.Count, models.Sum, models.Value, models.StringAgg
local fn, lookups = models.functions, models.lookups

local s = world.shop()
local Category, Product = s.Category, s.Product

local Box = models.Model("Box", {
  data = models.JSONField { null = true },
  span = models.DurationField { null = true },
  Meta = { app_label = "shop" },
})
world.create(Box)

local function fill()
  s.clear()
  local books = Category.objects:create { name = "books" }
  Category.objects:create { name = "empty" }
  for i, row in ipairs { { "b", 3, "x" }, { "a", 1, nil }, { "C", 3, "y" }, { "d", 2, "x" } } do
    Product.objects:create { name = row[1], price = i, stock = row[2], note = row[3], category = i < 4 and books or nil }
  end
end

local function joined(...)
  return Product.objects:aggregate({ s = StringAgg(...) }).s
end

describe("StringAgg", function()
  it("joins in an order of its own", function()
    fill()
    assert.equal("d, b, a, C", joined("name", { delimiter = ", ", order_by = "-name" }))
    assert.equal("a|d|C|b", joined("name", { delimiter = "|", order_by = { "stock", "name" } }))
    assert.equal("a|b|C|d", joined("name", { delimiter = "|", order_by = fn.Lower "name" }))
    assert.equal("a|C|b", joined("name", { delimiter = "|", order_by = { "stock", "name" }, filter = ~Q { name = "d" } }))
    assert.equal(nil, joined("name", { order_by = "name", filter = Q { pk = 0 } }))
    assert.equal("none", joined("name", { order_by = "name", filter = Q { pk = 0 }, default = Value "none" }))
    assert.equal("1 2 3 3", joined("stock", { delimiter = " ", order_by = "stock" }))
  end)

  it("puts NULLs where they are wanted", function()
    fill()
    assert.equal("a,b,d,C", joined("name", { order_by = { "note", "name" } }))
    assert.equal("C,b,d,a", joined("name", { order_by = { "-note", "name" } }))
    assert.equal("b,d,C,a", joined("name", { order_by = { F("note"):asc { nulls_last = true }, "name" } }))
    assert.equal("a,C,b,d", joined("name", { order_by = { F("note"):desc { nulls_first = true }, "name" } }))
  end)

  it("has each text once, with any delimiter", function()
    fill()
    assert.equal("x|y", joined("note", { delimiter = "|", distinct = true }))
    assert.equal("y|x", joined("note", { delimiter = "|", distinct = true, order_by = "-note" }))
  end)

  it("groups, and stands around groups", function()
    fill()
    local rows = Category.objects:annotate({ s = StringAgg("products__name", { order_by = "-products__name", default = Value "-" }) }):order_by "name"
    assert.equal("b,a,C -", rows[1].s .. " " .. rows[2].s)
    assert.equal("books empty", Category.objects:annotate({ n = Count "products" }):aggregate({ s = StringAgg("name", { delimiter = " ", order_by = "-n" }) }).s)
    assert.equal("b/a", Product.objects:order_by("pk"):limit(2):aggregate({ s = StringAgg("name", { delimiter = "/", order_by = "-stock" }) }).s)
    raises("TypeError", function() return Product.objects:aggregate { n = Count("pk", { default = 0 }) } end, "Count does not allow default")
    raises("TypeError", function() return Product.objects:aggregate { n = Sum("pk", { order_by = "pk" }) } end, "order_by")
  end)
end)

describe("aggregates", function()
  it("may have the name of the annotation that they sum up", function()
    fill()
    local counted = Category.objects:annotate { n = Count "products" }
    assert.equal(3, counted:aggregate({ n = Sum "n" }).n)
    local both = counted:aggregate { n = Sum "n", most = models.Max "n" }
    assert.equal("3 3", both.n .. " " .. both.most)
    assert.equal(2, Category.objects:aggregate({ name = Count "name" }).name)
    assert.equal(3, counted:order_by("name")[1].n)
    local twice = Product.objects:aggregate { n = Count "pk", double = F "n" * 2, stock = models.Max "stock", low = models.Min "stock" }
    assert.equal("4 8 3 1", ("%d %d %d %d"):format(twice.n, twice.double, twice.stock, twice.low))
  end)

  it("of durations are durations", function()
    Box.objects:all():delete()
    Box.objects:create { span = time.timedelta { seconds = 1 } }
    Box.objects:create { span = time.timedelta { seconds = 2 } }
    local r = Box.objects:aggregate { a = models.Avg "span", s = Sum "span" }
    assert.equal("00:00:01.500000 00:00:03", tostring(r.a) .. " " .. tostring(r.s))
  end)
end)

describe("lookups as expressions", function()
  it("are conditions and values", function()
    fill()
    assert.equal("C,b", names(Product.objects:filter(lookups.GreaterThan(F "stock" * 2, F "price" + 1))))
    assert.equal("a", names(Product.objects:filter(lookups.IsNull("note", true))))
    assert.equal("b", names(Product.objects:filter(lookups.Exact(fn.Upper "name", "B"))))
    assert.equal("C,d", names(Product.objects:filter(~lookups.In("stock", { 1 }) & ~lookups.StartsWith("name", "b"))))
    assert.equal("C,b,d", names(Product.objects:filter(lookups.In("pk", Product.objects:filter { stock__gt = 1 }))))
    local row = Product.objects:annotate({ dear = lookups.GreaterThanOrEqual("price", 3) }):order_by("-dear", "name")[1]
    assert.is_true(row.dear)
    assert.equal(2, Product.objects:aggregate({ n = Count("pk", { filter = lookups.Range("stock", { 2, 9 }) & lookups.Contains("note", "x") }) }).n)
    raises("TypeError", function() return lookups.GreaterThan "stock" end, "takes 2 arguments (1 given)")
    raises("AttributeError", function() return lookups.GreterThan end, "did you mean 'GreaterThan'")
    raises("TypeError", function() return Product.objects:filter(lookups.In("stock", 5)) end, "stock__in takes a list")
  end)
end)

describe("JSON", function()
  it("keys are text to KT", function()
    Box.objects:all():delete()
    Box.objects:create { data = { name = "b", list = { 1, 2 } } }
    Box.objects:create { data = { name = "a", flag = true } }
    local rows = Box.objects:annotate({ k = models.KT "data__name", upper = fn.Upper(models.KT "data__name"), list = models.KT "data__list" }):order_by(models.KT "data__name")
    assert.equal("a b", rows[1].k .. " " .. rows[2].k)
    assert.equal("A B", rows[1].upper .. " " .. rows[2].upper)
    assert.equal("[1,2]", rows[2].list)
    raises("ValueError", function() return models.KT "data" end, 'KT "data__owner"')
  end)

  it("null is a Value, nil and null are NULL", function()
    Box.objects:all():delete()
    local json_null = Value(null, { output_field = models.JSONField {} })
    local a = Box.objects:create { data = json_null }
    local b = Box.objects:create { data = null }
    local c = Box { data = json_null }
    Box.objects:bulk_create { c }
    local function stored(box)
      return db.query("SELECT data FROM shop_box WHERE id = ?", { box.pk })().data
    end
    assert.equal("null", stored(a))
    assert.equal(nil, stored(b))
    assert.equal("null", stored(c))
    Box.objects:filter({ pk = b.pk }):update { data = json_null }
    assert.equal("null", stored(b))
    assert.equal(3, Box.objects:filter({ data = null }):count())
    assert.equal(0, Box.objects:filter({ data__isnull = true }):count())
    Box.objects:filter({ pk = b.pk }):update { data = null }
    assert.equal(nil, stored(b))
    assert.equal(1, Box.objects:filter({ data__isnull = true }):count())
  end)
end)

describe("frames", function()
  it("leave out rows, by a word", function()
    fill()
    local function sums(exclusion)
      local window = models.Window { Sum "stock", order_by = "pk", frame = models.RowRange { start = -1, finish = 1, exclusion = exclusion } }
      local list = Product.objects:annotate({ w = window }):order_by("pk"):values_list("w", { flat = true }):to_list()
      return table.concat(list, " ")
    end
    assert.equal("4 7 6 5", sums())
    assert.equal("1 6 3 3", sums "current_row")
    assert.equal("1 6 3 3", sums "CURRENT ROW")
    assert.equal("4 7 6 5", sums "no_others")
    raises("ValueError", function() return models.RowRange { exclusion = "rows" } end, '"current_row"')
    raises("TypeError", function() return fn.Round("price", { digits = 1 }) end, "unknown option 'digits'")
    assert.equal("1.3", tostring(Product.objects:annotate({ r = fn.Round(Value(1.26), { precision = 1 }) })[1].r))
  end)
end)

t.finish()
