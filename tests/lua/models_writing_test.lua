-- SPDX-License-Identifier: MIT
-- What save(), create(), bulk_create() and bulk_update() write, and what comes back.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local F, Case, When, Value = models.F, models.Case, models.When, models.Value
local functions = models.functions
local Meta = { app_label = "shop", ordering = { "id" } }

local CentsField = models.IntegerField:extend {
  name = "CentsField",
  from_db_value = function(_, value)
    return "c" .. value
  end,
  get_prep_value = function(_, value)
    return math.tointeger(tonumber((tostring(value):gsub("^c", ""))))
  end,
}

local Thing = models.Model("Thing", {
  name = models.CharField { max_length = 20, default = "" },
  n = models.IntegerField { null = true, db_column = "number" },
  data = models.JSONField { null = true },
  blob = models.BinaryField { null = true },
  slug = models.CharField { max_length = 20, null = true, unique = true },
  Meta = Meta,
})
local Made = models.Model("Made", {
  name = models.CharField { max_length = 20 },
  n = models.IntegerField { default = 1 },
  twice = models.GeneratedField { expression = F "n" * 2, output_field = models.IntegerField {}, db_persist = true },
  cents = models.GeneratedField { expression = F "n" + 100, output_field = CentsField {}, db_persist = true },
  kind = models.CharField { max_length = 10, db_default = "plain" },
  price = CentsField { db_default = 7 },
  Meta = Meta,
})
local Place = models.Model("Place", { name = models.CharField { max_length = 20 }, Meta = { app_label = "shop" } })
local Cafe = models.Model("Cafe", { bases = { Place }, seats = models.IntegerField { default = 0 }, Meta = { app_label = "shop" } })
local Pair = models.Model("Pair", {
  a = models.IntegerField(), b = models.IntegerField(), v = models.IntegerField { null = true },
  pk = models.CompositePrimaryKey("a", "b"),
  Meta = { app_label = "shop" },
})
world.create(Thing, Made, Place, Cafe, Pair)

local function clear()
  world.clear(Thing, Made, Cafe, Place, Pair)
end

local function raises(class, fn, text)
  local ok, err = pcall(fn)
  if ok or not exceptions.is(err, class) then
    error("want a " .. class .. ", got " .. (ok and "no error" or tostring(err)), 2)
  elseif text and not err.message:find(text, 1, true) then
    error(("%q is not in %q"):format(text, err.message), 2)
  end
  return err
end

local function things(n)
  local list = {}
  for i = 1, n do
    list[i] = Thing { name = "t" .. i, n = i }
  end
  return list
end

describe("bulk_update", function()
  it("is one statement, with the values of each object", function()
    clear()
    local list = Thing.objects:bulk_create(things(30))
    for i, object in ipairs(list) do
      object.n = i % 3 == 0 and null or i * 10
      if i % 3 == 0 then
        object.n = nil
      end
      object.data = { i = i }
      object.blob = "\0\255" .. i
    end
    local rows
    local sent = db.capture(function()
      rows = Thing.objects:bulk_update(list, { "n", "data", "blob" })
    end)
    assert.equal(30, rows)
    assert.equal(1, #sent)
    assert.equal(30, sent[1].times)
    assert.is_true(sent[1].sql:find('UPDATE "shop_thing" SET "number" = ', 1, true) == 1)
    for i, object in ipairs(Thing.objects:all()) do
      assert.equal(i % 3 ~= 0 and i * 10 or nil, object.n)
      assert.equal(i, object.data.i)
      assert.equal("\0\255" .. i, object.blob)
    end
  end)

  it("counts rows that are there, and the first of two with one key", function()
    clear()
    local list = Thing.objects:bulk_create(things(3))
    local twin = Thing { pk = list[1].pk, n = 99 }
    list[1].n = 50
    local lost = Thing { pk = 100000, n = 1 }
    assert.equal(3, Thing.objects:bulk_update({ list[1], twin, lost, list[2], list[3] }, { "n" }))
    assert.equal(50, Thing.objects:get({ pk = list[1].pk }).n)
    assert.equal(2, #db.capture(function()
      Thing.objects:bulk_update(list, { "n" }, { batch_size = 2 })
    end))
    raises("ValueError", function() Thing.objects:bulk_update(list, { "n" }, { batch_size = 0 }) end)
    raises("ValueError", function() Thing.objects:bulk_update(list, {}) end)
    raises("ValueError", function() Thing.objects:bulk_update(list, { "id" }) end)
    raises("ValueError", function() Thing.objects:bulk_update({ Thing {} }, { "n" }) end, "primary key")
    raises("TypeError", function() Thing.objects:bulk_update({ Made {} }, { "n" }) end, "item 1")
    assert.equal(0, Thing.objects:bulk_update({}, { "n" }))
  end)

  it("takes expressions, beside plain values", function()
    clear()
    local list = Thing.objects:bulk_create(things(4))
    list[1].n = F "n" + 100
    list[2].n = Case { When({ name = "t2" }, 7), default = 8 }
    list[3].n = functions.Length "name"
    list[4].n = 44
    assert.equal(4, Thing.objects:bulk_update(list, { "n" }))
    assert.same({ 101, 7, 2, 44 }, Thing.objects:values_list("n", { flat = true }):to_list())
  end)

  it("keeps to the conditions of its QuerySet", function()
    clear()
    local list = Thing.objects:bulk_create(things(4))
    for _, object in ipairs(list) do
      object.n = -1
    end
    assert.equal(2, Thing.objects:filter({ n__gt = 2 }):bulk_update(list, { "n" }))
    assert.same({ 1, 2, -1, -1 }, Thing.objects:values_list("n", { flat = true }):to_list())
  end)

  it("loads what only() left out, and reaches the tables of parents", function()
    clear()
    Thing.objects:bulk_create(things(2))
    Thing.objects:bulk_update(Thing.objects:only "name":to_list(), { "n" })
    assert.same({ 1, 2 }, Thing.objects:values_list("n", { flat = true }):to_list())
    local cafe = Cafe.objects:create { name = "old", seats = 1 }
    cafe.name, cafe.seats = "new", 9
    assert.equal(1, Cafe.objects:bulk_update({ cafe }, { "name", "seats" }))
    cafe = Cafe.objects:get()
    assert.equal("new", cafe.name)
    assert.equal(9, cafe.seats)
    raises("ValueError", function() Cafe.objects:bulk_create { Cafe { name = "x" } } end, "multi-table inherited")
  end)

  it("finds rows by keys of several columns", function()
    clear()
    Pair.objects:create { a = 1, b = 1 }
    Pair.objects:create { a = 1, b = 2 }
    local list = Pair.objects:order_by("b"):to_list()
    list[1].v, list[2].v = 10, 20
    assert.equal(2, Pair.objects:bulk_update(list, { "v" }))
    list[2].v = 30
    list[2]:save()
    assert.same({ 10, 30 }, Pair.objects:order_by("b"):values_list("v", { flat = true }):to_list())
  end)

  it("is nothing when one row fails", function()
    clear()
    local list = Thing.objects:bulk_create(things(3))
    for _, object in ipairs(list) do
      object.slug = "same"
    end
    raises("IntegrityError", function() Thing.objects:bulk_update(list, { "slug" }) end)
    assert.equal(3, Thing.objects:filter({ slug = null }):count())
  end)
end)

describe("update", function()
  it("reaches the tables of parents", function()
    clear()
    for i = 1, 3 do
      Cafe.objects:create { name = "c" .. i, seats = i }
    end
    Place.objects:create { name = "no cafe" }
    assert.equal(2, Cafe.objects:filter({ seats__gt = 1 }):update { name = "big", seats = F "seats" * 10 })
    assert.same({ 1, 20, 30 }, Cafe.objects:order_by("seats"):values_list("seats", { flat = true }):to_list())
    assert.equal(2, Cafe.objects:filter({ name = "big" }):update { name = functions.Upper "name" })
    assert.equal(2, Place.objects:filter({ name = "BIG" }):count())
    assert.equal(1, Place.objects:filter({ name = "no cafe" }):count())
    raises("ValueError", function() Cafe.objects:update { seats = "x", name = "y" } end, "Cafe.seats")
    assert.equal(0, Place.objects:filter({ name = "y" }):count())
  end)
end)

describe("bulk_create", function()
  it("is one statement, and gives keys", function()
    clear()
    local list = things(40)
    list[7].id = 5000
    list[8].data, list[8].blob = { "a", null, { b = 1 } }, "a\0b"
    local sent = db.capture(function()
      Thing.objects:bulk_create(list)
    end)
    assert.equal(2, #sent) -- those with a key first
    assert.equal(39, sent[2].times)
    assert.equal(5000, list[7].pk)
    assert.equal(5001, list[1].pk)
    for _, object in ipairs(list) do
      assert.equal(object.name, Thing.objects:get({ pk = object.pk }).name)
      assert.is_false(object._state.adding)
    end
    local row = Thing.objects:get { name = "t8" }
    assert.equal(1, row.data[3].b)
    assert.equal("a\0b", row.blob)
    assert.equal(3, #db.capture(function()
      Thing.objects:bulk_create(things(5), { batch_size = 2 })
    end))
  end)

  it("deals with conflicts as Django does", function()
    clear()
    Thing.objects:create { name = "old", slug = "a", n = 1 }
    local list = { Thing { slug = "a", n = 2 }, Thing { slug = "b", n = 3 } }
    Thing.objects:bulk_create(list, { ignore_conflicts = true })
    assert.is_nil(list[2].pk)
    assert.equal(1, Thing.objects:get({ slug = "a" }).n)
    local again = { Thing { slug = "a", n = 20 }, Thing { slug = "c", n = 30 } }
    Thing.objects:bulk_create(again, { update_conflicts = true, unique_fields = { "slug" }, update_fields = { "n" } })
    assert.equal(20, Thing.objects:get({ slug = "a" }).n)
    assert.equal("old", Thing.objects:get({ slug = "a" }).name)
    assert.equal(Thing.objects:get({ slug = "a" }).pk, again[1].pk)
    assert.equal(Thing.objects:get({ slug = "c" }).pk, again[2].pk)
    raises("IntegrityError", function()
      Thing.objects:bulk_create { Thing { slug = "new" }, Thing { slug = "a" } }
    end)
    assert.equal(0, Thing.objects:filter({ slug = "new" }):count())
  end)

  it("takes expressions", function()
    clear()
    local list = { Thing { name = "a", n = 1 }, Thing { name = "b", n = Value(2) + 3 }, Thing { name = functions.Lower(Value "C") } }
    Thing.objects:bulk_create(list)
    assert.same({ 1, 5 }, Thing.objects:values_list("n", { flat = true }):filter({ n__isnull = false }):to_list())
    assert.equal("c", Thing.objects:get({ pk = list[3].pk }).name)
  end)

  it("reads what the database made", function()
    clear()
    local list = { Made { name = "a", n = 2 }, Made { name = "b", kind = "own" }, Made { name = "c", price = "c9" } }
    Made.objects:bulk_create(list)
    assert.equal(4, list[1].twice)
    assert.equal("c102", list[1].cents)
    assert.equal("plain", list[1].kind)
    assert.equal("own", list[2].kind)
    assert.equal("c7", list[2].price)
    for _, object in ipairs(list) do
      local stored = Made.objects:get { pk = object.pk }
      for _, name in ipairs { "name", "n", "twice", "cents", "kind", "price" } do
        assert.equal(stored[name], object[name])
      end
    end
  end)
end)

describe("save", function()
  it("reads what the database made, as the field has it", function()
    clear()
    local made = Made.objects:create { name = "x", n = 5 }
    assert.equal(10, made.twice)
    assert.equal("c105", made.cents)
    assert.equal("plain", made.kind)
    assert.equal("c7", made.price)
    made.n = 6
    made:save()
    assert.equal(12, made.twice)
    assert.equal("c106", made.cents)
    made.n = F "n" + 4
    made:save { update_fields = { "n" } }
    assert.equal(10, made.n)
    assert.equal(20, made.twice)
    local new = Made.objects:create { name = "y", n = Value(1) + 1 }
    assert.equal(2, new.n)
    assert.equal("c102", new.cents)
  end)

  it("writes what was left out by only() only when it is named", function()
    clear()
    Thing.objects:create { name = "a", n = 5 }
    local thing = Thing.objects:only("name"):get()
    thing.name = "b"
    local sent = db.capture(function() thing:save() end)
    assert.equal(1, #sent)
    assert.is_nil(sent[1].sql:find "number")
    thing:save { update_fields = { "n", "name" } }
    assert.equal(5, Thing.objects:get().n)
  end)

  it("needs one statement for each kind of row", function()
    clear()
    local thing = Thing { name = "a" }
    assert.equal(1, #db.capture(function() thing:save() end))
    assert.equal(1, #db.capture(function() thing:save() end))
    assert.equal(2, #db.capture(function() Thing({ pk = 77, name = "b" }):save() end)) -- UPDATE, then INSERT
    raises("DatabaseError", function() Thing({ pk = 78, name = "b" }):save { force_update = true } end)
  end)
end)

-- ---- values that do not fit ----

local Every = models.Model("Every", {
  int = models.IntegerField { null = true },
  big = models.BigIntegerField { null = true },
  small = models.SmallIntegerField { null = true },
  positive = models.PositiveIntegerField { null = true },
  float = models.FloatField { null = true },
  money = models.DecimalField { max_digits = 6, decimal_places = 2, null = true },
  bool = models.BooleanField { null = true },
  char = models.CharField { max_length = 5, null = true },
  text = models.TextField { null = true },
  day = models.DateField { null = true },
  moment = models.DateTimeField { null = true },
  clock = models.TimeField { null = true },
  span = models.DurationField { null = true },
  uuid = models.UUIDField { null = true },
  blob = models.BinaryField { null = true },
  data = models.JSONField { null = true },
  ip = models.GenericIPAddressField { null = true },
  file = models.FileField { null = true },
  email = models.EmailField { null = true },
  link = models.ForeignKey("Thing", { null = true, on_delete = models.CASCADE }),
  Meta = { app_label = "shop" },
})
world.create(Every)

local NAN, INF = 0 / 0, math.huge
local past = "9223372036854775808"

-- { field, value }: refused by save(), create(), update(), bulk_create() and bulk_update()
local wrong = {
  { "int", "x" }, { "int", {} }, { "int", { 1 } }, { "int", NAN }, { "int", INF }, { "int", -INF }, { "int", past }, { "int", 1e19 }, { "int", "1\0" },
  { "big", past }, { "big", NAN }, { "big", "-" .. past .. "0" }, { "small", "1e3" }, { "small", { a = 1 } }, { "positive", NAN }, { "positive", "x" },
  { "float", "x" }, { "float", NAN }, { "float", INF }, { "float", {} }, { "float", "1\0" },
  { "money", "x" }, { "money", NAN }, { "money", INF }, { "money", "12345.00" }, { "money", 99999999 }, { "money", {} }, { "money", "1.0\0" },
  { "bool", "maybe" }, { "bool", 2 }, { "bool", NAN }, { "bool", {} }, { "bool", "" },
  { "char", {} }, { "char", { 1, 2 } }, { "text", { a = 1 } }, { "email", {} }, { "file", {} },
  { "day", "2024-02-30" }, { "day", "x" }, { "day", 5 }, { "day", {} }, { "day", "2024-01-01\0" }, { "day", NAN },
  { "moment", "2024-13-01 00:00" }, { "moment", "x" }, { "moment", 5 }, { "moment", {} }, { "moment", INF },
  { "clock", "25:00" }, { "clock", 5 }, { "clock", {} }, { "span", "x" }, { "span", {} }, { "span", NAN },
  { "uuid", "x" }, { "uuid", 5 }, { "uuid", {} }, { "uuid", "00000000-0000-0000-0000-00000000000\0" },
  { "blob", 5 }, { "blob", {} }, { "blob", NAN }, { "ip", "1.2.3" }, { "ip", "::g" }, { "ip", {} }, { "ip", "1.2.3.4\0" },
  { "data", NAN }, { "data", { a = INF } }, { "data", { print } }, { "data", { [1] = 1, a = 2 } },
  { "link_id", "x" }, { "link_id", NAN }, { "link_id", {} }, { "link_id", past },
}
for _, field in ipairs { "int", "float", "money", "bool", "char", "text", "day", "moment", "clock", "span", "uuid", "blob", "data", "ip", "link_id" } do
  wrong[#wrong + 1] = { field, print }
  wrong[#wrong + 1] = { field, coroutine.create(print) }
end

-- The author: somebody in a project.
local author = assert(load("local write, field, value = ...\nwrite(field, value)\nreturn true", "@shop/views.lua"))

local function show(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local writers = {
  save = function(field, value)
    local object = Every {}
    object[field] = value
    object:save()
  end,
  ["save again"] = function(field, value)
    local object = Every.objects:create {}
    object[field] = value
    object:save()
  end,
  create = function(field, value)
    Every.objects:create { [field] = value }
  end,
  update = function(field, value)
    Every.objects:create {}
    Every.objects:update { [field] = value }
  end,
  bulk_create = function(field, value)
    Every.objects:bulk_create { Every {}, Every { [field] = value }, Every {} }
  end,
  bulk_update = function(field, value)
    local list = Every.objects:bulk_create { Every {}, Every {} }
    list[2][field] = value
    Every.objects:bulk_update(list, { field })
  end,
}

describe("values that do not fit", function()
  for name, write in pairs(writers) do
    it("are refused by " .. name .. ", with model, field and line", function()
      world.clear(Every)
      local problems = {}
      for _, case in ipairs(wrong) do
        local field, value = case[1], case[2]
        local ok, err = pcall(author, write, field, value)
        local text = not ok and tostring(err) or ""
        local column = Every._meta.fields_by_attname[field].name
        local known = not ok and (exceptions.is(err, "ValidationError") or exceptions.is(err, "ValueError") or exceptions.is(err, "TypeError"))
        if ok then
          problems[#problems + 1] = ("%s = %s was written"):format(field, show(value))
        elseif not known then
          problems[#problems + 1] = ("%s = %s: %s"):format(field, show(value), text)
        elseif not text:find("Every." .. column, 1, true) then
          problems[#problems + 1] = ("%s = %s: no Every.%s in: %s"):format(field, show(value), column, text)
        elseif not tostring(err.where):find "%.lua:%d+" then
          problems[#problems + 1] = ("%s = %s: no line: %s"):format(field, show(value), text)
        end
      end
      if #problems > 0 then
        error(("%d of %d:\n  %s"):format(#problems, #wrong, table.concat(problems, "\n  ")), 0)
      end
      for _, row in ipairs(Every.objects:values()) do
        for field, value in pairs(row) do
          assert.is_true(field == "id" or value == nil or field == "file")
        end
      end
    end)
  end

  it("are found by full_clean() too", function()
    for _, case in ipairs { { "char", "too long" }, { "int", past }, { "positive", -1 }, { "small", 40000 }, { "money", "1.234" }, { "char", "a\0b" }, { "email", "x" } } do
      local object = Every {}
      object[case[1]] = case[2]
      raises("ValidationError", function() object:full_clean { exclude = {} } end)
    end
  end)

  it("keep NUL bytes where bytes are kept", function()
    world.clear(Every)
    local object = Every.objects:create { text = "a\0b", char = "\0", blob = "\0\1", data = { x = "a\0b" } }
    object:refresh_from_db()
    assert.equal("a\0b", object.text)
    assert.equal("\0", object.char)
    assert.equal("\0\1", object.blob)
    assert.equal("a\0b", object.data.x)
  end)
end)

t.finish()
