-- SPDX-License-Identifier: MIT
-- Relations of all kinds: to oneself, through a model of one's own, to other fields than the
-- key; keys of several columns.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local names, raises = world.names, world.raises
local Meta = { app_label = "shop" }
local Person = models.Model("Person", {
  name = models.CharField { max_length = 10 },
  slug = models.CharField { max_length = 10, unique = true },
  friends = models.ManyToManyField("self", {}),
  follows = models.ManyToManyField("self", { symmetrical = false, related_name = "followers" }),
  Meta = { app_label = "shop", ordering = { "name" } },
})
local Group = models.Model("Group", {
  name = models.CharField { max_length = 10 },
  members = models.ManyToManyField("Person", { through = "Membership", related_name = "groups" }),
  Meta = Meta,
})
local Membership = models.Model("Membership", {
  person = models.ForeignKey("Person", { on_delete = models.CASCADE }),
  group = models.ForeignKey("Group", { on_delete = models.CASCADE }),
  role = models.CharField { max_length = 10, default = "x" },
  since = models.DateField { null = true },
  Meta = Meta,
})
local Pet = models.Model("Pet", {
  owner = models.ForeignKey("Person", { on_delete = models.CASCADE, to_field = "slug", related_name = "pets" }),
  name = models.CharField { max_length = 10 },
  Meta = Meta,
})
local Cell = models.Model("Cell", {
  pk = models.CompositePrimaryKey("x", "y"),
  x = models.IntegerField {},
  y = models.IntegerField {},
  text = models.CharField { max_length = 5, default = "" },
  Meta = Meta,
})
-- Django's documentation has such a one; the parts are named by column and by field.
local Order = models.Model("Order", { name = models.CharField { max_length = 9 }, products = models.ManyToManyField("Article", { through = "Line" }), Meta = Meta })
local Article = models.Model("Article", { sku = models.CharField { max_length = 9, unique = true }, Meta = Meta })
local Line = models.Model("Line", {
  pk = models.CompositePrimaryKey("article_id", "order"),
  article = models.ForeignKey("Article", { on_delete = models.CASCADE }),
  order = models.ForeignKey("Order", { on_delete = models.CASCADE, related_name = "lines" }),
  quantity = models.IntegerField { default = 1 },
  code = models.CharField { max_length = 9, unique = true, null = true },
  Meta = Meta,
})
local Note = models.Model("Note", { line = models.ForeignKey("Line", { on_delete = models.CASCADE, to_field = "code", related_name = "notes" }), Meta = Meta })
world.create(Person, Group, Membership, Pet, Cell, Order, Article, Line, Note)

local a, b, c
local function fill()
  Membership.objects:all():delete()
  Group.objects:all():delete()
  Person.objects:all():delete()
  a, b, c = Person.objects:create { name = "a", slug = "sa" }, Person.objects:create { name = "b", slug = "sb" }, Person.objects:create { name = "c", slug = "sc" }
end

describe("relations", function()
  it("to oneself: friends are mutual, followers are not", function()
    fill()
    a.friends:add(b)
    assert.equal("a", names(b.friends:all()))
    assert.equal("b", names(a.friends:all()))
    b.friends:remove(a)
    assert.equal(0, a.friends:count())
    a.follows:add(b, c)
    assert.equal("b,c", names(a.follows:all()))
    assert.equal("a", names(b.followers:all()))
    assert.equal("", names(b.follows:all()))
    assert.equal("0,1,1", names(Person.objects:annotate { n = models.Count "followers" }, "n"))
    a.friends:set { b, c }
    assert.equal(7, (a:delete())) -- itself, two friendships both ways, two followed
  end)

  it("through a model of one's own", function()
    fill()
    local g = Group.objects:create { name = "g" }
    g.members:add(a, b, { through_defaults = { role = "boss", since = time.date(2020, 1, 1) } })
    assert.equal(2, Membership.objects:filter({ role = "boss", since__year = 2020 }):count())
    g.members:create({ name = "d", slug = "sd" }, { through_defaults = { role = "new" } })
    assert.equal("a,b", names(Person.objects:filter { membership__role = "boss", groups = g }))
    assert.equal("g", names(a.groups:all()))
    local found = {}
    for _, p in ipairs(Person.objects:prefetch_related "groups") do
      found[#found + 1] = p.name .. #p.groups:all()
    end
    assert.equal("a1 b1 c0 d1", table.concat(found, " "))
    local groups = Group.objects:prefetch_related(models.Prefetch("members", { queryset = Person.objects:order_by("-slug"), to_attr = "people" }), "people__pets")
    assert.equal("d,b,a", names(groups[1].people))
    assert.equal(0, #groups[1].people[1].pets:all())
  end)

  it("to another field than the key", function()
    fill()
    local rex = Pet.objects:create { owner = a, name = "rex" }
    assert.equal("sa", rex.owner_id)
    assert.equal("a", Pet.objects:get({ name = "rex" }).owner.name)
    assert.equal("rex", names(a.pets:all()))
    assert.equal(1, Pet.objects:filter({ owner = a }):count())
    assert.equal("a", names(Person.objects:filter { pets__name = "rex" }))
    assert.equal(1, #Person.objects:prefetch_related("pets")[1].pets:all())
  end)

  it("by a key that came as text", function()
    fill()
    local m = Membership { person_id = tostring(b.pk), group = Group.objects:create { name = "g" } }
    m:save()
    assert.equal("sb", m.person.slug)
    assert.equal(b.pk, m.person_id)
  end)
end)

describe("keys of several columns", function()
  it("save, find, delete", function()
    world.clear(Cell)
    local cell = Cell.objects:create { x = 1, y = 2, text = "a" }
    assert.same({ 1, 2 }, cell.pk)
    cell.text = "b"
    cell:save()
    assert.equal(1, Cell.objects:count())
    assert.equal("b", Cell.objects:get({ pk = { 1, 2 } }).text)
    cell:refresh_from_db()
    Cell.objects:create { x = 1, y = 3 }
    Cell.objects:create { x = 2, y = 3 }
    assert.equal(2, Cell.objects:filter({ pk__in = { { 1, 2 }, { 2, 3 } } }):count())
    assert.equal(1, Cell.objects:filter({ x = 1 }):exclude({ pk = { 1, 2 } }):count())
    assert.equal(1, (Cell.objects:get({ x = 1, y = 3 }):delete()))
    assert.equal(2, Cell.objects:count())
    local ok, err = pcall(function() return Cell.objects:get { pk = { 1 } } end)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "ValueError"))
    ok, err = pcall(function() Cell({ x = 1, y = 2 }):save { force_insert = true } end)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "IntegrityError"))
  end)

  it("are set and read as one", function()
    world.clear(Cell)
    local cell = Cell { text = "a" }
    assert.equal(nil, cell.pk)
    cell.pk = { 1, 2 }
    assert.equal(1, cell.x)
    cell:save()
    assert.equal("Cell object ((1, 2))", tostring(cell))
    assert.equal(3, Cell.objects:create({ pk = { 1, 3 } }).y)
    local _, created = Cell.objects:get_or_create { pk = { 1, 3 } }
    assert.is_false(created)
    _, created = Cell.objects:get_or_create { pk = { 2, 1 }, defaults = { text = "c" } }
    assert.is_true(created)
    assert.is_true(cell == Cell.objects:get { pk = { 1, 2 } })
    assert.is_false(cell == Cell.objects:get { pk = { 1, 3 } })
    local all = Cell.objects:all()
    assert.equal(3, #all)
    assert.is_true(all:contains(cell))
    raises("ValueError", function() cell.pk = 5 end, "'pk' must be a list of 2 values, { x, y }, not 5")
    raises("ValueError", function() cell.pk = { 5 } end, "'pk' must be a list of 2 values")
    cell.pk = null
    raises("ValueError", function() cell:delete() end, "can't be deleted")
  end)

  it("compare as a row of values does, part by part", function()
    world.clear(Cell)
    for _, key in ipairs { { 1, 1 }, { 1, 2 }, { 2, 1 }, { 2, 2 } } do
      Cell.objects:create { pk = key }
    end
    local function found(condition)
      local list = {}
      for _, cell in ipairs(Cell.objects:filter(condition):order_by "pk") do
        list[#list + 1] = cell.x .. cell.y
      end
      return table.concat(list, " ")
    end
    assert.equal("12 21 22", found { pk__gt = { 1, 1 } })
    assert.equal("12 21 22", found { pk__gte = { 1, 2 } })
    assert.equal("11 12", found { pk__lt = { 2, 1 } })
    assert.equal("11 12 21", found { pk__lte = { 2, 1 } })
    assert.equal("", found { pk__isnull = true })
    assert.equal("11 12 21 22", found { pk__isnull = false })
    assert.equal("11 22", found(models.Q { pk__in = { { 1, 1 }, { 2, 2 } } }))
    assert.equal("11 22", found(models.Q { pk = { 1, 1 } } | models.Q { pk = { 2, 2 } }))
    assert.equal("12 21", found(~models.Q { pk__in = { { 1, 1 }, { 2, 2 } } }))
    assert.equal("11 12", found { pk__in = Cell.objects:filter { x = 1 } })
    assert.equal("11 12", found { pk__in = Cell.objects:filter({ x = 1 }):values "pk" })
    assert.equal("22", found { pk = Cell.objects:get { pk = { 2, 2 } } })
    raises("ValueError", function() return Cell.objects:filter { pk = 1 } end, "must be a list of 2 values")
    raises("ValueError", function() return Cell.objects:filter { pk = { 1, 2, 3 } } end, "must have 2 elements")
    raises("ValueError", function() return Cell.objects:filter { pk__in = { 1, 2 } } end, "must have 2 elements")
    raises("ValueError", function() return Cell.objects:filter { pk = { "a", 2 } } end, "Field 'x' expected a number but got 'a'.")
    raises("FieldError", function() return Cell.objects:filter { pk__contains = 1 } end, "'contains' is no lookup of 'pk', a key of 2 columns")
  end)

  it("are a list in rows of values, and a key of in_bulk", function()
    world.clear(Cell)
    Cell.objects:create { pk = { 1, 1 }, text = "a" }
    Cell.objects:create { pk = { 1, 2 }, text = "b" }
    local rows = Cell.objects:order_by "pk"
    assert.same({ pk = { 1, 2 } }, rows:values("pk")[2])
    assert.same({ pk = { 1, 2 }, x = 1 }, rows:values("pk", "x")[2])
    assert.same({ { 1, 2 }, "b", n = 2 }, rows:values_list("pk", "text")[2])
    assert.same({ { 1, 1 }, { 1, 2 } }, rows:values_list("pk", { flat = true }):to_list())
    local bulk = Cell.objects:in_bulk { { 1, 2 }, { 9, 9 } }
    assert.equal("b", bulk[{ 1, 2 }].text)
    assert.equal(nil, bulk[{ 9, 9 }])
    assert.equal(2, Cell.objects:aggregate({ n = models.Count "pk" }).n)
    raises("ValueError", function() return Cell.objects:annotate { k = models.F "pk" } end, "multicolumn")
    raises("FieldError", function() return Cell.objects:update { pk = { 1, 1 } } end, "must be updated individually")
    local partial = Cell.objects:order_by("pk"):only("x"):to_list()
    assert.equal("a", partial[1].text)
    assert.equal(0, world.count(function() assert.equal("b", partial[2].text) end)) -- for its peers, too
    assert.equal(2, (Cell.objects:filter({ pk__in = { { 1, 1 }, { 1, 2 } } }):delete()))
  end)

  it("have keys of relations", function()
    world.clear(Note, Line, Order, Article)
    local order, other = Order.objects:create { name = "o1" }, Order.objects:create { name = "o2" }
    local a1, a2 = Article.objects:create { sku = "x" }, Article.objects:create { sku = "y" }
    local line = Line.objects:create { order = order, article = a1 }
    Line.objects:bulk_create { Line { article = a2, order = order, quantity = 2 }, Line { article = a2, order = other, quantity = 3 } }
    assert.same({ a1.pk, order.pk }, line.pk)
    assert.equal("article_id order_id", table.concat(Line._meta.pk_attnames, " "))
    assert.equal("article order", Line._meta.pk_fields[1].name .. " " .. Line._meta.pk_fields[2].name)
    line.quantity, line.code = 5, "c"
    line:save()
    assert.same({ 5, 2, 3 }, Line.objects:order_by("pk"):values_list("quantity", { flat = true }):to_list())
    assert.same({ 3, 2, 5 }, Line.objects:order_by("-pk"):values_list("quantity", { flat = true }):to_list())
    assert.equal(2, Line.objects:get({ pk = { a2.pk, order.pk } }).quantity)
    assert.equal("o2", Line.objects:get({ pk = { a2.pk, other.pk } }).order.name)
    assert.equal(2, Line.objects:filter({ pk__in = { { a1.pk, order.pk }, { a2.pk, other.pk } } }):count())
    assert.same({ a2.pk, other.pk }, Line.objects:order_by("-pk"):values("pk")[1].pk)
    local list = Line.objects:order_by("pk"):to_list()
    list[2].quantity = 20
    assert.equal(3, Line.objects:bulk_update(list, { "quantity" }))
    assert.equal(20, Line.objects:in_bulk({ { a2.pk, order.pk } })[{ a2.pk, order.pk }].quantity)
    assert.equal(5, Line.objects:defer("quantity"):get({ pk = line.pk }).quantity)
    assert.equal(2, order.lines:count())
    assert.same({ "x", "y" }, order.products:order_by("sku"):values_list("sku", { flat = true }):to_list())
    order.products:remove(a2)
    assert.equal(1, order.lines:count())
    other.products:add(a1, { through_defaults = { quantity = 9 } })
    assert.equal(9, Line.objects:get({ pk = { a1.pk, other.pk } }).quantity)
    local note = Note.objects:create { line = line }
    assert.equal(line, Note.objects:get({ pk = note.pk }).line)
    assert.equal(1, line.notes:count())
    local total, by = order:delete()
    assert.equal(3, total)
    assert.same({ ["shop.Order"] = 1, ["shop.Line"] = 1, ["shop.Note"] = 1 }, by)
  end)

  it("are no target of relations", function()
    local define = require("perilune._models.model").define
    local how = { registry = require("perilune._models.registry").new(), app_label = "own" }
    define("Grid", { pk = models.CompositePrimaryKey("a", "b"), a = models.IntegerField {}, b = models.IntegerField {} }, {}, how)
    define("Note", { grid = models.ForeignKey("own.Grid", { on_delete = models.CASCADE }) }, {}, how)
    raises("ImproperlyConfigured", function() how.registry:world() end, "Field defines a relation involving model 'Grid' which has a CompositePrimaryKey and such relations are not supported (fields.E347)")
    how.registry = require("perilune._models.registry").new()
    define("Grid", { pk = models.CompositePrimaryKey("a", "b"), a = models.IntegerField {}, b = models.IntegerField {} }, {}, how)
    define("Note", { grids = models.ManyToManyField("own.Grid", {}) }, {}, how)
    raises("ImproperlyConfigured", function() how.registry:world() end, "own.Note.grids: Field defines a relation involving model 'Grid'")
  end)

  it("name columns of their model, which are never NULL", function()
    local define = require("perilune._models.model").define
    local function wrong(text, parts, fields)
      local how = { registry = require("perilune._models.registry").new(), app_label = "own" }
      fields.pk = models.CompositePrimaryKey(table.unpack(parts))
      fields.a = models.IntegerField {}
      define("Grid", fields, {}, how)
      raises("ImproperlyConfigured", function() how.registry:world() end, text)
    end
    wrong("'b' cannot be included in the composite primary key: it has null = true (models.E042)", { "a", "b" }, { b = models.IntegerField { null = true } })
    wrong("'a' cannot be included in the composite primary key: it is named twice", { "a", "a" }, {})
    wrong("'pk' cannot be included in the composite primary key: it is the key itself", { "a", "pk" }, {})
    wrong("'g' cannot be included in the composite primary key: it is a GeneratedField", { "a", "g" }, { g = models.GeneratedField { expression = models.F "a", output_field = models.IntegerField {}, db_persist = true } })
    wrong("there is no field 'colum'; did you mean 'column'?", { "a", "colum" }, { column = models.IntegerField {} })
  end)
end)

t.finish()
