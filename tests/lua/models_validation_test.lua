-- SPDX-License-Identifier: MIT
-- full_clean: constraints, uniqueness for dates, messages of the fields.
local t = require "harness"
local decimal = require "perilune.decimal"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local Q, F = models.Q, models.F
local fn = models.functions

-- The messages of a ValidationError by field; nil when all is well.
local function wrong(fn_, ...)
  local ok, err = pcall(fn_, ...)
  if ok then
    return nil
  elseif not exceptions.is(err, "ValidationError") then
    error(err, 2)
  end
  return err.message_dict
end

describe("constraints", function()
  local Room = models.Model("Room", {
    name = models.CharField { max_length = 20 },
    floor = models.IntegerField { default = 0 },
    price = models.DecimalField { max_digits = 8, decimal_places = 2, default = decimal "1" },
    sale = models.DecimalField { max_digits = 8, decimal_places = 2, null = true, blank = true },
    opens = models.DateTimeField { null = true, blank = true },
    closes = models.DateTimeField { null = true, blank = true },
    active = models.BooleanField { default = true },
    Meta = {
      app_label = "shop",
      constraints = {
        models.CheckConstraint { Q { price__gte = 0 }, name = "price_positive" },
        models.CheckConstraint { Q { sale__lt = F "price" }, name = "sale_lower", violation_error_message = "The sale is no sale.", violation_error_code = "sale" },
        models.CheckConstraint { Q { opens__lt = F "closes" }, name = "opens_first" },
        models.UniqueConstraint { "name", "floor", name = "room_place" },
        models.UniqueConstraint { "price", name = "one_active_price", condition = Q { active = true, price__gt = 100 } },
        models.UniqueConstraint { fn.Lower "name", name = "lower_name", condition = Q { floor__gt = 5 } },
      },
    },
  })
  world.create(Room)

  it("are asked of the database, with the instance's values", function()
    world.clear(Room)
    assert.is_nil(wrong(function() Room({ name = "a", price = 5 }):full_clean() end))
    local errors = wrong(function() Room({ name = "a", price = decimal "-0.01" }):full_clean() end)
    assert.same({ __all__ = { "Constraint “price_positive” is violated." } }, errors)
    errors = wrong(function() Room({ name = "a", price = decimal "10", sale = decimal "9.99" }):full_clean() end)
    assert.is_nil(errors)
    errors = wrong(function() Room({ name = "a", price = decimal "10", sale = decimal "10" }):full_clean() end)
    assert.same({ __all__ = { "The sale is no sale." } }, errors)
  end)

  it("NULL violates nothing, moments compare as moments", function()
    local noon = time.datetime(2026, 6, 1, 12, { tz = "UTC" })
    assert.is_nil(wrong(function() Room({ name = "a", opens = noon }):full_clean() end))
    assert.is_nil(wrong(function() Room({ name = "a", opens = noon, closes = noon + time.timedelta { hours = 1 } }):full_clean() end))
    local errors = wrong(function() Room({ name = "a", opens = noon, closes = noon }):full_clean() end)
    assert.equal("Constraint “opens_first” is violated.", errors.__all__[1])
  end)

  it("of fields with errors, or excluded, are left out", function()
    local errors = wrong(function() Room({ name = "a", price = "dear" }):full_clean() end)
    assert.is_nil(errors.__all__)
    assert.equal("“dear” value must be a decimal number.", errors.price[1])
    assert.is_nil(wrong(function() Room({ name = "a", price = -1 }):full_clean { exclude = { "price" } } end))
    assert.is_nil(wrong(function() Room({ name = "a", price = -1 }):full_clean { validate_constraints = false } end))
  end)

  it("unique: of fields, with a condition, of expressions", function()
    world.clear(Room)
    local first = Room.objects:create { name = "Blue", floor = 6, price = 200 }
    first:full_clean()
    local errors = wrong(function() Room({ name = "Blue", floor = 6 }):validate_constraints() end)
    assert.equal("Room with this Name and Floor already exists.", errors.__all__[1])
    assert.equal("Constraint “lower_name” is violated.", errors.__all__[2])
    errors = wrong(function() Room({ name = "BLUE", floor = 7 }):validate_constraints() end)
    assert.same({ "Constraint “lower_name” is violated." }, errors.__all__)
    assert.is_nil(wrong(function() Room({ name = "BLUE", floor = 1 }):validate_constraints() end))
    errors = wrong(function() Room({ name = "x", price = 200 }):validate_constraints() end)
    assert.same({ "Constraint “one_active_price” is violated." }, errors.__all__)
    assert.is_nil(wrong(function() Room({ name = "x", price = 200, active = false }):validate_constraints() end))
    assert.is_nil(wrong(function() Room({ name = "x", price = 200 }):validate_constraints { "price" } end))
    assert.equal(1, Room.objects:count())
  end)
end)

describe("uniqueness", function()
  local Post = models.Model("Post", {
    slug = models.SlugField { unique_for_date = "day" },
    title = models.CharField { max_length = 20, unique_for_month = "day", blank = true },
    code = models.CharField { max_length = 20, unique_for_year = "day", blank = true },
    day = models.DateField {},
    author = models.CharField { max_length = 20, blank = true },
    nick = models.CharField { max_length = 20, null = true, unique = true, blank = true },
    Meta = { app_label = "shop", unique_together = { "author", "day" } },
  })
  world.create(Post)

  it("for a date, a month, a year", function()
    world.clear(Post)
    Post.objects:create { slug = "a", title = "t", code = "c", day = time.date(2026, 3, 4), author = "x" }
    local function try(values)
      return wrong(function() Post(values):full_clean() end)
    end
    local errors = try { slug = "a", title = "u", code = "d", day = time.date(2026, 3, 4) }
    assert.same({ slug = { "Slug must be unique for Day date." } }, errors)
    errors = try { slug = "a", title = "t", code = "d", day = time.date(2026, 3, 5) }
    assert.same({ title = { "Title must be unique for Day month." } }, errors)
    errors = try { slug = "a", title = "t", code = "c", day = time.date(2026, 4, 4) }
    assert.same({ code = { "Code must be unique for Day year." } }, errors)
    assert.is_nil(try { slug = "a", title = "t", code = "c", day = time.date(2027, 4, 5) })
  end)

  it("together, and NULLs are never equal", function()
    world.clear(Post)
    local p = Post.objects:create { slug = "a", title = "1", code = "1", day = time.date(2026, 3, 4), author = "x" }
    Post.objects:create { slug = "b", title = "2", code = "2", day = time.date(2026, 3, 5), author = "x" }
    local errors = wrong(function() Post({ slug = "b", title = "n", code = "m", day = time.date(2026, 3, 4), author = "x" }):full_clean() end)
    assert.same({ __all__ = { "Post with this Author and Day already exists." } }, errors)
    p:validate_unique()
    Post.objects:filter({ pk = p.pk }):update { nick = "n" }
    errors = wrong(function() Post({ slug = "z", day = time.date(2020, 1, 1), nick = "n" }):validate_unique() end)
    assert.same({ nick = { "Post with this Nick already exists." } }, errors)
  end)
end)

describe("fields", function()
  local function message(field, value)
    local ok, err = pcall(function()
      field:set_name "x"
      return field:clean(value)
    end)
    if ok then
      return nil
    end
    assert.is_true(exceptions.is(err, "ValidationError"))
    return err.messages[1]
  end

  it("say what Django's say", function()
    assert.equal("This field cannot be null.", message(models.IntegerField {}, nil))
    assert.equal("“a” value must be an integer.", message(models.IntegerField {}, "a"))
    assert.equal("Ensure this value is less than or equal to 2147483647.", message(models.IntegerField {}, 2147483648))
    assert.equal("Ensure this value is greater than or equal to 0.", message(models.PositiveIntegerField {}, -1))
    assert.equal("“a” value must be a float.", message(models.FloatField {}, "a"))
    assert.equal("Ensure that there are no more than 2 decimal places.", message(models.DecimalField { max_digits = 5, decimal_places = 2 }, decimal "1.234"))
    assert.equal("“2” value must be either True or False.", message(models.BooleanField {}, "2"))
    assert.equal("“2” value must be either True, False, or None.", message(models.BooleanField { null = true }, "2"))
    assert.equal("“x” value has an invalid date format. It must be in YYYY-MM-DD format.", message(models.DateField {}, "x"))
    assert.equal("“2026-02-30” value has the correct format (YYYY-MM-DD) but it is an invalid date.", message(models.DateField {}, "2026-02-30"))
    assert.equal("“x” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format.", message(models.DateTimeField {}, "x"))
    assert.equal("“x” value has an invalid format. It must be in HH:MM[:ss[.uuuuuu]] format.", message(models.TimeField {}, "x"))
    assert.equal("“x” value has an invalid format. It must be in [DD] [[HH:]MM:]ss[.uuuuuu] format.", message(models.DurationField {}, "x"))
    assert.equal("“x” is not a valid UUID.", message(models.UUIDField {}, "x"))
    assert.equal("Enter a valid email address.", message(models.EmailField {}, "x"))
    assert.equal("Enter a valid URL.", message(models.URLField {}, "x"))
    assert.equal("Enter a valid IPv4 or IPv6 address.", message(models.GenericIPAddressField {}, "x"))
    assert.equal("This field cannot be blank.", message(models.CharField { max_length = 3 }, ""))
    assert.equal("Value must be valid JSON.", message(models.JSONField {}, { print }))
    assert.equal("Value 'z' is not a valid choice.", message(models.CharField { max_length = 3, choices = { { "a", "A" } } }, "z"))
    assert.equal("No.", message(models.IntegerField { error_messages = { invalid = "No." } }, "z"))
    assert.is_nil(message(models.CharField { max_length = 3, choices = { { "Group", { { "a", "A" } } } } }, "a"))
  end)
end)

t.finish()
