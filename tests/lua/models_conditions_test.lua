-- SPDX-License-Identifier: MIT
-- Values of conditions are looked at where they are written, whatever the query is run for.
local t = require "harness"
local decimal = require "perilune.decimal"
local models = require "perilune.models"
local null = require "perilune.null"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local count, raises = world.count, world.raises
local Q = models.Q

local s = world.shop()
local Category, Product, Tag = s.Category, s.Product, s.Tag

local All = models.Model("All", {
  big = models.BigIntegerField { default = 0 },
  ratio = models.FloatField { default = 0 },
  price = models.DecimalField { max_digits = 6, decimal_places = 2, default = 0 },
  title = models.CharField { max_length = 20, default = "" },
  text = models.TextField { default = "" },
  ok = models.BooleanField { default = false },
  day = models.DateField { default = time.date(2024, 1, 1) },
  at = models.DateTimeField { default = time.datetime(2024, 1, 1, 12, 0, 0) },
  clock = models.TimeField { default = time.time(12, 0) },
  span = models.DurationField { default = time.timedelta { hours = 1 } },
  uuid = models.UUIDField { null = true },
  ip = models.GenericIPAddressField { null = true },
  data = models.JSONField { default = {} },
  bytes = models.BinaryField { default = "" },
  Meta = { app_label = "shop" },
})
world.create(All)
All.objects:create { big = 5, title = "5", price = 5, ratio = 0.5 }

local books, p1
local function fill()
  s.clear()
  books = Category.objects:create { name = "books" }
  p1 = Product.objects:create { name = "P1", category = books, price = decimal "10", stock = 5 }
  p1.tags:add(Tag.objects:create { name = "t1" })
end

-- { condition, class of the error, a part of its text }
local function refuses(list, model)
  for _, case in ipairs(list) do
    for _, how in ipairs { "filter", "exclude", "get" } do
      assert.equal(0, count(function()
        raises(case[2], function()
          local found = model.objects[how](model.objects, case[1])
          return found
        end, case[3])
      end))
    end
  end
end

describe("values", function()
  it("of the wrong kind are errors of the line that has them, before anything is sent", function()
    refuses({
      { { big = "abc" }, "ValueError", "Field 'big' expected a number but got 'abc'." },
      { { big = { 1 } }, "ValueError", "Field 'big' expected a number but got a table." },
      { { big = 0 / 0 }, "ValueError", "Field 'big' expected a number but got" },
      { { big = "1.5" }, "ValueError", "Field 'big' expected a number but got '1.5'." },
      { { big__gt = time.date(2024, 1, 1) }, "ValueError", "Field 'big' expected a number but got" },
      { { big__in = { 1, "x" } }, "ValueError", "Field 'big' expected a number but got 'x'." },
      { { big__range = { 1, "x" } }, "ValueError", "Field 'big' expected a number but got 'x'." },
      { { id = "abc" }, "ValueError", "Field 'id' expected a number but got 'abc'." },
      { { pk = "abc" }, "ValueError", "Field 'id' expected a number but got 'abc'." },
      { { ratio = "x" }, "ValueError", "Field 'ratio' expected a number but got 'x'." },
      { { ratio = 0 / 0 }, "ValueError", "Field 'ratio' expected a number but got" },
      { { price = "x" }, "ValueError", "price: “x” value must be a decimal number." },
      { { price = 1 / 0 }, "ValueError", "price: “inf” value must be a decimal number." },
      { { price = true }, "ValueError", "price: “True” value must be a decimal number." },
      { { title = { 1 } }, "ValueError", "title: “a table” value must be a string." },
      { { title__contains = { "x" } }, "ValueError", "title: “a table” value must be a string." },
      { { title__iexact = { "x" } }, "ValueError", "title: “a table” value" },
      { { text = { a = 1 } }, "ValueError", "text: “a table” value" },
      { { ok = 2 }, "ValueError", "ok: “2” value must be either True or False." },
      { { ok = "yes" }, "ValueError", "ok: “yes” value must be either True or False." },
      { { day = "x" }, "ValueError", "day: “x” value has an invalid date format. It must be in YYYY-MM-DD format." },
      { { day = 5 }, "ValueError", "day: “5” value has an invalid date format." },
      { { day__year = "x" }, "ValueError", "Field 'day' expected a number but got 'x'." },
      { { day__month = "x" }, "ValueError", "Field 'day' expected a number but got 'x'." },
      { { at = "x" }, "ValueError", "at: “x” value has an invalid format. It must be in YYYY-MM-DD HH:MM" },
      { { at__date = "x" }, "ValueError", "at: “x” value has an invalid date format." },
      { { at__year = 99999 }, "ValueError", "year 99999 is out of range" },
      { { clock = "x" }, "ValueError", "clock: “x” value has an invalid format. It must be in HH:MM" },
      { { span = "x" }, "ValueError", "span: “x” value has an invalid format. It must be in [DD]" },
      { { uuid = "x" }, "ValueError", "uuid: “x” is not a valid UUID." },
      { { ip = "300.1.1.1" }, "ValueError", "ip: “300.1.1.1” value is not a valid IP address." },
      { { bytes = 5 }, "ValueError", "bytes: “5” value must be bytes." },
      { { title = print }, "TypeError", "title: a function cannot be a value of a query" },
    }, All)
    fill()
    refuses({
      { { category = "x" }, "ValueError", "Field 'category' expected a number but got 'x'." },
      { { category = { 1 } }, "ValueError", "Field 'category' expected a number but got a table." },
      { { category = Category }, "TypeError", "category: shop.Category is a model; one of its objects is wanted" },
      { { category = p1 }, "ValueError", 'Cannot query "Product object": Must be "Category" instance.' },
      { { category__parent__id = "x" }, "ValueError", "expected a number but got 'x'." },
      { { tags = "red" }, "ValueError", "expected a number but got 'red'." },
    }, Product)
  end)

  it("are looked at again when the query is one that was good before", function()
    assert.equal(1, All.objects:filter({ at = "2024-01-01 12:00" }):count())
    raises("ValueError", function()
      return All.objects:filter { at = "never" }
    end, "at: “never” value has an invalid format.")
    assert.equal(1, All.objects:filter({ at = "2024-01-01 12:00" }):count())
    raises("ValueError", function()
      return All.objects:filter(Q { big = 1 } | ~Q { at = "never" })
    end, "at: “never” value")
    raises("ValueError", function()
      return All.objects:annotate { n = models.Case { models.When(Q { at = "never" }, 1), default = 0 } }
    end, "at: “never” value")
  end)

  it("of lookups are what the lookup takes", function()
    refuses({
      { { price__range = { 1 } }, "ValueError", "price__range takes two values, not 1" },
      { { price__range = { 1, 2, 3 } }, "ValueError", "price__range takes two values" },
      { { price__range = "1,2" }, "TypeError", "price__range takes a list, not a string" },
      { { title__in = "abc" }, "TypeError", "title__in takes a list or a QuerySet, not a string" },
      { { id__in = 5 }, "TypeError", "id__in takes a list or a QuerySet, not a number" },
      { { id__in = { a = 1 } }, "TypeError", "id__in takes a list; this table has no first item, but 'a'" },
      { { uuid__isnull = 1 }, "ValueError", "The QuerySet value for an isnull lookup must be True or False." },
      { { uuid__isnull = "true" }, "ValueError", "The QuerySet value for an isnull lookup must be True or False" },
    }, All)
  end)

  it("null is for exact and isnull only", function()
    for _, lookup in ipairs { "gt", "gte", "lt", "lte", "contains", "icontains", "startswith", "endswith", "in", "range", "regex" } do
      refuses({ { { ["title__" .. lookup] = null }, "ValueError", "Cannot use None as a query value" } }, All)
    end
    assert.equal(1, All.objects:filter({ uuid = null }):count())
    assert.equal(1, All.objects:filter({ uuid__iexact = null }):count())
    assert.equal(0, All.objects:exclude({ uuid = null }):count())
    assert.equal(0, All.objects:filter({ uuid__in = { null, "00000000-0000-0000-0000-000000000000" } }):count())
  end)
end)

describe("numbers that a column cannot hold", function()
  it("are equal to nothing, and above or below everything", function()
    local far, text = 2.0 ^ 70, "99999999999999999999999"
    for _, n in ipairs { far, text, decimal(text) } do
      assert.equal(0, All.objects:filter({ big = n }):count())
      assert.equal(1, All.objects:exclude({ big = n }):count())
      assert.equal(1, All.objects:filter({ big__lt = n }):count())
      assert.equal(1, All.objects:filter({ big__lte = n }):count())
      assert.equal(0, All.objects:filter({ big__gt = n }):count())
      assert.equal(0, All.objects:filter({ big__gte = n }):count())
      assert.equal(1, All.objects:filter({ big__in = { 5, n } }):count())
      assert.equal(1, All.objects:filter({ big__range = { 0, n } }):count())
      assert.equal(nil, All.objects:get_or_nil { big = n })
    end
    assert.equal(1, All.objects:filter({ big__gt = -far }):count())
    assert.equal(0, All.objects:filter({ big = math.maxinteger }):count())
    assert.equal(1, All.objects:filter({ price__lt = 1e30 }):count())
    assert.equal(0, All.objects:filter({ price = "123456789.00" }):count())
    assert.equal(0, All.objects:filter({ price__gt = decimal "123456789" }):count())
  end)

  it("fractions are not cut", function()
    local function found(condition)
      return All.objects:filter(condition):count()
    end
    assert.equal(0, found { big = 5.5 })
    assert.equal(1, found { big = 5.0 })
    assert.equal(1, found { big = "5" })
    assert.equal(0, found { big__in = { 5.5 } })
    assert.equal(1, found { big__gt = 4.5 })
    assert.equal(0, found { big__gt = 5.5 })
    assert.equal(1, found { big__lt = 5.5 })
    assert.equal(0, found { big__lt = 4.5 })
    assert.equal(1, found { big__gte = 4.5 })
    assert.equal(0, found { big__gte = 5.5 })
    assert.equal(1, found { big__lte = 5.5 })
    assert.equal(0, found { big__lte = 4.5 })
    assert.equal(1, found { big__range = { 4.5, 5.5 } })
    assert.equal(0, found { big__range = { 5.1, 5.9 } })
  end)
end)

describe("names", function()
  it("behind relations suggest the nearest", function()
    local function fails(text, fn)
      raises("FieldError", fn, text)
    end
    fails("Related Field got invalid lookup: nam; did you mean 'name'?", function() return Product.objects:filter { category__nam = "x" } end)
    fails("Related Field got invalid lookup: contains; name a field of the Category, as in category__name__contains", function() return Product.objects:filter { category__contains = "x" } end)
    fails("Related Field got invalid lookup: nam; did you mean 'name'?", function() return Product.objects:values "category__nam" end)
    fails("Unsupported lookup 'startwith' for CharField or join on the field not permitted, perhaps you meant startswith?", function() return Product.objects:filter { name__startwith = "x" } end)
    fails("Product has no field named 'nmae'; did you mean 'name'?", function() return Product.objects:only "nmae" end)
    fails("Product has no field named 'nmae'; did you mean 'name'?", function() return Product.objects:defer "nmae" end)
    fails("did you mean 'name'?", function() return Product.objects:values "nmae" end)
    fails("did you mean 'name'?", function() return Product.objects:order_by "nmae" end)
    fails("'categry'. Choices are: category; did you mean 'category'?", function() return Product.objects:select_related "categry" end)
    fails('Choices are: category; prefetch_related("tags") reads many objects of each', function() return Product.objects:select_related "tags" end)
    raises("AttributeError", function() return Product.objects:prefetch_related "tagz" end, "Cannot find 'tagz' on Product object, 'tagz' is an invalid parameter to prefetch_related(); did you mean 'tags'?")
    raises("ValueError", function() return Product.objects:prefetch_related "name" end, "'name' does not resolve to an item that supports prefetching")
  end)
end)

t.finish()
