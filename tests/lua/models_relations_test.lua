-- SPDX-License-Identifier: MIT
-- Relations of all kinds: to oneself, through a model of one's own, to other fields than the
-- key; keys of several columns.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local time = require "perilune.time"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local names = world.names
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
world.create(Person, Group, Membership, Pet, Cell)

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
end)

t.finish()
