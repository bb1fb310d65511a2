-- SPDX-License-Identifier: MIT
-- Options of Meta: what each does, and what heirs take over.
local t = require "harness"
local world = require "models_world"
local db = require "perilune.db"
local models = require "perilune.models"
local describe, it, assert = t.describe, t.it, t.assert
local raises, names = world.raises, world.names

local Meta = { app_label = "opt" }

local function model(name, members)
  members.Meta = members.Meta or {}
  members.Meta.app_label = members.Meta.app_label or "opt"
  return models.Model(name, members)
end

describe("names", function()
  it("of models are words, as Django has them", function()
    for name, words in pairs { HTTPServer = "http server", Model2Thing = "model2 thing", OrderItem = "order item", IPv6Address = "i pv6 address", ABTest = "ab test", A1 = "a1", MyXMLa = "my xm la" } do
      assert.equal(words, model(name, {})._meta.verbose_name)
    end
    local story = model("Story", { Meta = { verbose_name = "pizza" } })
    assert.equal("pizzas", story._meta.verbose_name_plural)
    assert.equal("stories", model("Tale", { Meta = { verbose_name_plural = "stories" } })._meta.verbose_name_plural)
    assert.equal("opt_story", story._meta.db_table)
    assert.equal("opt.Story opt.story", story._meta.label .. " " .. story._meta.label_lower)
  end)
end)

describe("heirs", function()
  local Base = model("Base", {
    a = models.IntegerField { default = 0 },
    Meta = {
      abstract = true, ordering = { "-a" }, get_latest_by = "a", default_permissions = { "view" }, permissions = { { "x", "X" } }, verbose_name = "thing",
      indexes = { models.Index { "a", name = "%(app_label)s_%(class)s_a" } }, select_on_save = true, required_db_vendor = "sqlite", db_tablespace = "fast",
      constraints = { models.CheckConstraint { models.Q { a__gte = 0 }, name = "%(class)s_a" } }, unique_together = { "a" }, default_related_name = "%(model_name)s_list",
      managed = false,
    },
  })

  it("of an abstract model take over what its Meta says, but for abstract", function()
    local meta = Base:extend("Heir", { Meta = { ordering = { "a" } } })._meta
    require("perilune._models.registry").project:world()
    assert.equal("a", meta.ordering[1])
    assert.equal("a", meta.get_latest_by)
    assert.equal("view", meta.default_permissions[1])
    assert.equal("x", meta.permissions[1][1])
    assert.equal("thing", meta.verbose_name)
    assert.equal("things", meta.verbose_name_plural)
    assert.equal("opt_heir_a", meta.indexes[1].name)
    assert.equal("heir_a", meta.constraints[1].name)
    assert.is_true(meta.select_on_save)
    assert.equal("sqlite", meta.required_db_vendor)
    assert.equal("fast", meta.db_tablespace)
    assert.is_false(meta.managed)
    assert.is_false(meta.abstract)
    assert.equal("opt", meta.app_label)
    assert.equal("a", meta.unique_together[1][1])
  end)

  it("of a model with a table take over its order alone", function()
    local Place = model("Place", { name = models.CharField { max_length = 9 }, Meta = { ordering = { "name" }, get_latest_by = "name", verbose_name = "spot", permissions = { { "x", "X" } } } })
    local meta = Place:extend("Shop", { Meta = Meta })._meta
    assert.equal("name", meta.ordering[1])
    assert.equal("name", meta.get_latest_by)
    assert.equal("shop", meta.verbose_name)
    assert.equal(0, #meta.permissions)
    assert.equal(0, #(Place:extend("Quay", { Meta = { app_label = "opt", ordering = {} } })._meta.ordering))
  end)

  it("take the place of a row among others, too", function()
    local Owner = model("Owner", { name = models.CharField { max_length = 9 } })
    local Ranked = model("Ranked", { owner = models.ForeignKey("opt.Owner", { on_delete = models.CASCADE, null = true }), Meta = { abstract = true, order_with_respect_to = "owner" } })
    local Pet = Ranked:extend("Pet", { name = models.CharField { max_length = 9 }, Meta = Meta })
    world.create(Owner, Pet)
    local owner = Owner.objects:create { name = "o" }
    for _, name in ipairs { "a", "b", "c" } do
      Pet.objects:create { owner = owner, name = name }
    end
    assert.equal("a,b,c", names(owner.pet_set:all()))
    local keys = owner:get_pet_order()
    owner:set_pet_order { keys[3], keys[1], keys[2] }
    assert.equal("c,a,b", names(owner.pet_set:all()))
    assert.equal(keys[3], owner:get_pet_order()[1])
    local c = Pet.objects:get { name = "c" }
    assert.equal("a", c:get_next_in_order().name)
    assert.equal("b", c:get_next_in_order():get_next_in_order().name)
    assert.equal("c", c:get_next_in_order():get_previous_in_order().name)
    raises("DoesNotExist", function() c:get_previous_in_order() end)
    Pet.objects:create { owner = owner, name = "d" }
    assert.equal("c,a,b,d", names(owner.pet_set:all()))
    owner:set_pet_order({ keys[1], keys[2], keys[3] }, { using = "default" })
    assert.equal("a,b,c,d", names(owner.pet_set:all()))
    local lone = Pet.objects:create { name = "lone" }
    assert.equal(0, lone._order)
    raises("FieldDoesNotExist", function() model("Bad", { name = models.CharField { max_length = 9 }, Meta = { order_with_respect_to = "nam" } }) end, "did you mean 'name'")
  end)
end)

describe("ordering", function()
  it("takes expressions, NULLs first or last, chance and related fields", function()
    local Group = model("Group", { rank = models.IntegerField { null = true }, Meta = { ordering = { models.F("rank"):desc { nulls_last = true }, "pk" } } })
    local Member = model("Member", { n = models.CharField { max_length = 5 }, group = models.ForeignKey("opt.Group", { on_delete = models.CASCADE }), Meta = { ordering = { "group", models.functions.Lower("n"):desc() } } })
    local Dice = model("Dice", { n = models.IntegerField { default = 0 }, Meta = { ordering = { "?" } } })
    world.create(Group, Member, Dice)
    local a, b, c = Group.objects:create { rank = 1 }, Group.objects:create {}, Group.objects:create { rank = 2 }
    assert.equal(("%d,%d,%d"):format(c.pk, a.pk, b.pk), names(Group.objects:all(), "pk"))
    assert.equal(("%d,%d,%d"):format(b.pk, a.pk, c.pk), names(Group.objects:reverse(), "pk"))
    assert.equal(c, Group.objects:first())
    assert.equal(b, Group.objects:last())
    Member.objects:bulk_create { Member { n = "x", group = a }, Member { n = "Y", group = a }, Member { n = "z", group = c } }
    assert.equal("z,Y,x", names(Member.objects:all(), "n"))
    assert.is_true(tostring(Dice.objects:all().query):find "ORDER BY RAND" ~= nil)
  end)

  it("is not used where rows are counted, grouped or looked for", function()
    local Sorted = model("Sorted", { n = models.IntegerField { default = 0 }, Meta = { ordering = { "n" }, get_latest_by = { "-n", "pk" } } })
    world.create(Sorted)
    Sorted.objects:bulk_create { Sorted { n = 2 }, Sorted { n = 1 }, Sorted { n = 2 } }
    assert.is_nil(tostring(Sorted.objects:filter({ n = 1 }):order_by().query):find "ORDER BY")
    assert.equal(2, #Sorted.objects:values("n"):annotate { c = models.Count "pk" })
    assert.equal(1, Sorted.objects:latest().n)
    assert.equal(2, Sorted.objects:earliest().n)
    assert.equal(2, Sorted.objects:latest("n").n)
    raises("ValueError", function() model("NoLatest", {}).objects:latest() end, "earliest() and latest() require either fields as positional arguments or 'get_latest_by' in the model's Meta.")
  end)
end)

describe("default_related_name", function()
  it("names the other side, with the model's name in it", function()
    local Target = model("Goal", {})
    local From = model("From", { goal = models.ForeignKey("opt.Goal", { on_delete = models.CASCADE }), Meta = { default_related_name = "%(app_label)s_%(model_name)s" } })
    world.create(Target, From)
    local goal = Target.objects:create {}
    From.objects:create { goal = goal }
    assert.equal(1, goal.opt_from:count())
    assert.equal(1, Target.objects:filter({ opt_from__isnull = false }):count())
  end)
end)

describe("tables", function()
  it("are not made where the database lacks what is required, or looks after them itself", function()
    assert.is_true(model("Any", {})._meta:can_migrate "sqlite")
    assert.is_false(model("Alien", { Meta = { required_db_vendor = "postgresql" } })._meta:can_migrate "sqlite")
    assert.is_false(model("Gis", { Meta = { required_db_features = { "gis_enabled" } } })._meta:can_migrate "sqlite")
    assert.is_true(model("Json", { Meta = { required_db_features = { "supports_json_field" } } })._meta:can_migrate "sqlite")
    assert.is_false(model("Foreign", { Meta = { managed = false } })._meta:can_migrate "sqlite")
    assert.equal("sqlite", db.connection().vendor)
  end)
end)

describe("Meta", function()
  it("says what it does not know", function()
    raises("TypeError", function() model("W1", { Meta = { ordring = {} } }) end, "W1.Meta: unknown option 'ordring'; did you mean 'ordering'?")
    raises("ImproperlyConfigured", function() model("W2", { Meta = { default_permissions = "add" } }) end, "W2.Meta: default_permissions is a list, not a string")
    raises("ImproperlyConfigured", function() model("W3", { Meta = { required_db_vendor = { "sqlite" } } }) end, "W3.Meta: required_db_vendor is a string, not a table")
    raises("ImproperlyConfigured", function() model("W4", { id = models.IntegerField() }) end, "'id' can only be used as a field name if the field also sets primary_key = true.")
    raises("ImproperlyConfigured", function() model("W5", { Meta = { abstract = "yes" } }) end, "W5.Meta: abstract is true or false, not a string")
    raises("FieldError", function() model("W6", { bases = { model("Real", {}) }, n = models.IntegerField(), Meta = { proxy = true } }) end, "Proxy model 'W6' contains model fields.")
    raises("ImproperlyConfigured", function() model("W8", { n = models.IntegerField(), Meta = { order_with_respect_to = "n" } }) end, "order_with_respect_to names a ForeignKey; 'n' is a IntegerField")
    raises("TypeError", function() model("W9", { bases = model("Parent", {}) }) end, "W9: bases is a list of models, as in bases = { Base }, not <class 'opt.Parent'>")
    raises("TypeError", function() model("W10", { bases = { 5 } }) end, "W10: bases is a list of models; item 1 is a number")
    raises("TypeError", function() model("W7", { Meta = { proxy = true } }) end, "Proxy model 'W7' has no non-abstract model base class.")
  end)
end)

t.finish()
