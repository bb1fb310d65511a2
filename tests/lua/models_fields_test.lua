-- SPDX-License-Identifier: MIT
-- Field classes of authors, files' columns, computed and database's own defaults.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local F = models.F

-- A pair of numbers, kept as text "x:y".
local Point = {}
Point.__index = Point
Point.__eq = function(a, b)
  return a.x == b.x and a.y == b.y
end
local function point(x, y)
  return setmetatable({ x = x, y = y }, Point)
end

local PointField = models.CharField:extend {
  name = "PointField",
  from_db_value = function(_, value)
    local x, y = value:match "^(.-):(.*)$"
    return point(tonumber(x), tonumber(y))
  end,
  get_prep_value = function(_, value)
    return getmetatable(value) == Point and ("%d:%d"):format(value.x, value.y) or value
  end,
  to_python = function(self, value)
    if value == nil or getmetatable(value) == Point then
      return value
    end
    if not tostring(value):match "^%d+:%d+$" then
      error(self:fail "invalid", 0)
    end
    return self:from_db_value(value)
  end,
  default_error_messages = { invalid = "Enter a point." },
}
local BitsField = models.Field:extend {
  name = "BitsField",
  options = { bits = true },
  db_type = function(self)
    return ("bits(%d)"):format(self.bits)
  end,
}
local UpperField = models.CharField:extend {
  name = "UpperField",
  pre_save = function(self, instance)
    local value = instance[self.attname]
    instance[self.attname] = value and value:upper()
    return instance[self.attname]
  end,
}

local City = models.Model("City", {
  name = UpperField { max_length = 20 },
  at = PointField { max_length = 20, null = true },
  flags = BitsField { bits = 4, default = "0101" },
  Meta = { app_label = "shop", ordering = { "id" } },
})
local Street = models.Model("Street", {
  name = models.CharField { max_length = 20 },
  city = models.ForeignKey("City", { on_delete = models.CASCADE, related_name = "streets" }),
  start = PointField { max_length = 20, default = function() return point(0, 0) end },
  Meta = { app_label = "shop", ordering = { "id" } },
})
world.create(City, Street)

describe("field classes of authors", function()
  local berlin
  local function fill()
    world.clear(Street, City)
    berlin = City.objects:create { name = "berlin", at = point(1, 2) }
    City.objects:create { name = "rome" }
    Street.objects:create { name = "a", city = berlin, start = point(3, 4) }
    Street.objects:create { name = "b", city = berlin }
  end

  it("convert what they store, wherever it is read", function()
    fill()
    assert.equal("1:2", db.query("SELECT at FROM shop_city WHERE id = ?", { berlin.pk })().at)
    local city = City.objects:get { pk = berlin.pk }
    assert.equal("BERLIN", city.name)
    assert.is_true(city.at == point(1, 2))
    assert.is_nil(City.objects:get({ name = "ROME" }).at)
    local street = Street.objects:select_related("city"):get { name = "a" }
    assert.is_true(street.city.at == point(1, 2))
    assert.is_true(street.start == point(3, 4))
    assert.is_true(Street.objects:values("city__at")[1].city__at == point(1, 2))
    assert.is_true(Street.objects:values_list("name", "start")[1][2] == point(3, 4))
    assert.is_true(City.objects:values_list("at", { flat = true })[1] == point(1, 2))
    assert.is_true(City.objects:annotate({ where = F "at" })[1].where == point(1, 2))
    assert.is_true(City.objects:aggregate({ m = models.Max "at" }).m == point(1, 2))
    assert.is_true(City.objects:only("name")[1].at == point(1, 2))
    city.at = point(9, 9)
    city:refresh_from_db()
    assert.is_true(city.at == point(1, 2))
  end)

  it("prepare the values of conditions and changes", function()
    fill()
    assert.equal(1, City.objects:filter({ at = point(1, 2) }):count())
    assert.equal(1, City.objects:filter({ at__in = { point(1, 2), point(5, 5) } }):count())
    assert.equal(1, City.objects:exclude({ at = point(7, 7) }):exclude({ at__isnull = true }):count())
    assert.equal(2, Street.objects:filter({ city__at = point(1, 2) }):count())
    assert.equal("BERLIN", City.objects:get({ at = point(1, 2) }).name)
    City.objects:filter({ pk = berlin.pk }):update { at = point(6, 6) }
    assert.is_true(City.objects:get({ pk = berlin.pk }).at == point(6, 6))
    berlin.at = point(8, 8)
    berlin:save()
    City.objects:bulk_create { City { name = "x", at = point(2, 2) } }
    assert.equal(1, City.objects:filter({ at = point(2, 2) }):count())
    City.objects:bulk_update({ berlin }, { "at" })
    assert.is_true(City.objects:get({ pk = berlin.pk }).at == point(8, 8))
  end)

  it("have columns and messages of their own", function()
    fill()
    local sql = db.query("SELECT sql FROM sqlite_master WHERE name = 'shop_city'")().sql
    assert.is_true(sql:find('"flags" bits(4) NOT NULL', 1, true) ~= nil)
    assert.is_true(sql:find('"at" varchar(20) NULL', 1, true) ~= nil)
    assert.equal("0101", berlin.flags)
    local ok, err = pcall(function() City({ name = "x", at = "here" }):full_clean() end)
    assert.is_false(ok)
    assert.equal("Enter a point.", err.message_dict.at[1])
    local city = City { name = "x", at = "4:5" }
    city:full_clean()
    assert.is_true(city.at == point(4, 5))
    ok, err = pcall(BitsField, { bit = 3 })
    assert.is_false(ok)
    assert.is_true(err.message:find("did you mean 'bits'", 1, true) ~= nil)
  end)
end)

describe("columns that the database fills", function()
  local Line = models.Model("Line", {
    price = models.IntegerField {},
    count = models.IntegerField { db_default = 2 },
    total = models.GeneratedField { expression = F "price" * F "count", output_field = models.IntegerField {}, db_persist = true },
    file = models.FileField { upload_to = "x", blank = true },
    Meta = { app_label = "shop" },
  })
  world.create(Line)

  it("come back with the row", function()
    local line = Line.objects:create { price = 5 }
    assert.equal(2, line.count)
    local again = Line.objects:get { pk = line.pk }
    assert.equal(10, again.total)
    again.price = 6
    again:save()
    again:refresh_from_db()
    assert.equal(12, again.total)
    assert.equal(1, Line.objects:filter({ total__gt = 11 }):count())
  end)

  it("files are their names", function()
    local line = Line.objects:create { price = 5, file = "x/a.txt" }
    assert.equal("x/a.txt", tostring(Line.objects:get({ pk = line.pk }).file))
    assert.equal(1, Line.objects:filter({ file__endswith = ".txt" }):count())
    local ok, err = pcall(function() Line({ price = 1, file = ("x"):rep(101) }):full_clean() end)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "ValidationError"))
    assert.equal("file", next(err.message_dict))
  end)
end)

describe("lookups and functions of authors", function()
  models.register_lookup("ne", { sql = "%(lhs)s <> %(rhs)s" })
  models.register_lookup("third", { transform = "substr(%(lhs)s, 3, 1)", field = models.CharField })
  local Twice = models.Func("Twice", "(%(expressions)s) * 2", { arity = 1, output_field = models.IntegerField })
  local Total = models.Func("PlainTotal", "TOTAL", { arity = 1, aggregate = true, output_field = models.FloatField })
  local Word = models.Model("Word", { text = models.CharField { max_length = 10 }, n = models.IntegerField { default = 1 }, Meta = { app_label = "shop", ordering = { "id" } } })
  world.create(Word)

  it("are as good as the built-in ones", function()
    world.clear(Word)
    for i, word in ipairs { "abc", "abd", "xyz" } do
      Word.objects:create { text = word, n = i }
    end
    assert.equal("abd,xyz", world.names(Word.objects:filter { text__ne = "abc" }, "text"))
    assert.equal("abc", world.names(Word.objects:filter { text__third = "c" }, "text"))
    assert.equal("xyz", world.names(Word.objects:filter { text__third__ne = "c", n__ne = 2 }, "text"))
    assert.equal("2,4,6", world.names(Word.objects:annotate { twice = Twice "n" }, "twice"))
    assert.equal(6.0, Word.objects:aggregate({ total = Total "n" }).total)
  end)

  it("are checked where they are written", function()
    local ok, err = pcall(models.register_lookup, "bad", { sql = "%(left)s = 1" })
    assert.is_false(ok)
    assert.is_true(err.message:find("%", 1, true) ~= nil)
    ok, err = pcall(models.register_lookup, "bad", { transfrom = "x" })
    assert.is_false(ok)
    assert.is_true(err.message:find("did you mean 'transform'", 1, true) ~= nil)
    assert.is_false((pcall(models.register_lookup, "a__b", { sql = "%(lhs)s" })))
    assert.is_false((pcall(models.Func, "X", "f(%(x)s)")))
  end)
end)

t.finish()
