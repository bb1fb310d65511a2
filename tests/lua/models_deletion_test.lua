-- SPDX-License-Identifier: MIT
-- What happens to others when a row is deleted: DO_NOTHING, keys of several columns.
local t = require "harness"
local db = require "perilune.db"
local models = require "perilune.models"
local signals = require "perilune.signals"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local raises = world.raises

local Meta = { app_label = "shop" }
local Owner = models.Model("Owner", { name = models.CharField { max_length = 9 }, Meta = Meta })
local Held = models.Model("Held", { owner = models.ForeignKey(Owner, { on_delete = models.DO_NOTHING, related_name = "held" }), Meta = Meta })
local Loose = models.Model("Loose", {
  owner = models.ForeignKey(Owner, { on_delete = models.DO_NOTHING, db_constraint = false, related_name = "loose" }), Meta = Meta,
})
local Below = models.Model("Below", { loose = models.ForeignKey(Loose, { on_delete = models.CASCADE }), Meta = Meta })
world.create(Owner, Held, Loose, Below)

local function clear()
  world.clear(Below, Loose, Held, Owner)
end

local function sent(fn)
  local list = {}
  local off = signals.pre_delete:connect(function(sender) list[#list + 1] = sender._meta.object_name end)
  local ok, err = pcall(fn)
  off()
  return table.concat(list, " "), ok, err
end

describe("DO_NOTHING", function()
  it("leaves the rows alone: the database has its say", function()
    clear()
    local owner = Owner.objects:create { name = "a" }
    local held = Held.objects:create { owner = owner }
    local list, ok, err = sent(function()
      db.atomic(function()
        owner:delete()
        assert.equal(0, Owner.objects:count())
        assert.equal(owner.pk or held.owner_id, Held.objects:get().owner_id)
      end)
    end)
    assert.equal("Owner", list)
    assert.is_false(ok)
    assert.is_true(err.name == "IntegrityError" and err.message:find("FOREIGN KEY", 1, true) ~= nil)
    assert.equal(1, Owner.objects:count())
  end)

  it("is right when the author does something in the same transaction", function()
    clear()
    local owner, other = Owner.objects:create { name = "a" }, Owner.objects:create { name = "b" }
    Held.objects:create { owner = owner }
    db.atomic(function()
      owner:delete()
      Held.objects:all():update { owner = other }
    end)
    assert.equal("b", Held.objects:get().owner.name)
    db.atomic(function()
      Owner.objects:filter({ pk = other.pk }):delete() -- of a query, the same
      Held.objects:all():delete()
    end)
    assert.equal(0, Owner.objects:count())
  end)

  it("leaves a row that points at nothing where the database does not mind", function()
    clear()
    local owner = Owner.objects:create { name = "a" }
    local id = owner.pk
    local loose = Loose.objects:create { owner = owner }
    Below.objects:create { loose = loose }
    local total, by = owner:delete()
    assert.equal(1, total)
    assert.same({ ["shop.Owner"] = 1 }, by)
    assert.equal(id, Loose.objects:get().owner_id)
    assert.equal(1, Below.objects:count())
    raises("DoesNotExist", function() return Loose.objects:get().owner end)
    assert.equal(0, Loose.objects:filter({ owner__name = "a" }):count())
  end)

  it("lets a query delete in one statement", function()
    clear()
    for _ = 1, 3 do
      Loose.objects:create { owner = Owner.objects:create { name = "a" } }
    end
    assert.equal(1, world.count(function() Owner.objects:all():delete() end))
    assert.equal(3, Loose.objects:count())
  end)
end)

describe("rows with keys of several columns", function()
  local Left = models.Model("Left", { Meta = Meta })
  local Right = models.Model("Right", { left = models.ForeignKey(Left, { on_delete = models.CASCADE }), Meta = Meta })
  local Cross = models.Model("Cross", {
    pk = models.CompositePrimaryKey("left", "right"),
    left = models.ForeignKey(Left, { on_delete = models.CASCADE }), right = models.ForeignKey(Right, { on_delete = models.CASCADE }), Meta = Meta,
  })
  local Guard = models.Model("Guard", {
    pk = models.CompositePrimaryKey("left", "right"),
    left = models.ForeignKey(Left, { on_delete = models.CASCADE, related_name = "+" }), right = models.ForeignKey(Right, { on_delete = models.RESTRICT, related_name = "+" }), Meta = Meta,
  })
  world.create(Left, Right, Cross, Guard)

  it("are met once, whatever path leads to them", function()
    world.clear(Guard, Cross, Right, Left)
    local left = Left.objects:create()
    local right = Right.objects:create { left = left }
    local cross = Cross.objects:create { left = left, right = right }
    local list = sent(function()
      local total, by = left:delete()
      assert.equal(3, total)
      assert.same({ ["shop.Left"] = 1, ["shop.Right"] = 1, ["shop.Cross"] = 1 }, by)
    end)
    local n = select(2, list:gsub("Cross", ""))
    assert.equal(1, n)
    assert.equal(0, Cross.objects:count())
    assert.is_true(cross.pk ~= nil) -- another object of the row
  end)

  it("have no key any more when they are gone", function()
    world.clear(Guard, Cross, Right, Left)
    local left = Left.objects:create()
    local cross = Cross.objects:create { left = left, right = Right.objects:create { left = left } }
    assert.equal(1, (cross:delete()))
    assert.equal(nil, cross.pk)
  end)

  it("that are restricted do not stand in the way when they go anyway", function()
    world.clear(Guard, Cross, Right, Left)
    local left, other = Left.objects:create(), Left.objects:create()
    local right = Right.objects:create { left = left }
    Guard.objects:create { left = left, right = right }
    assert.equal(3, (left:delete()))
    right = Right.objects:create { left = other }
    Guard.objects:create { left = Left.objects:create(), right = right }
    raises("RestrictedError", function() other:delete() end, "'Guard.right'")
    raises("RestrictedError", function() right:delete() end, "'Guard.right'")
  end)
end)

describe("models above and proxies", function()
  local Place = models.Model("Place", { name = models.CharField { max_length = 9, default = "" }, Meta = Meta })
  local Cafe = Place:extend("Cafe", { Meta = Meta })
  local Bar = Cafe:extend("Bar", { Meta = Meta })
  local Proxy = Place:extend("Proxy", { Meta = { app_label = "shop", proxy = true } })
  local Review = models.Model("Review", { place = models.ForeignKey("Place", { on_delete = models.CASCADE }), Meta = Meta })
  local Table = models.Model("Table", { cafe = models.ForeignKey("Cafe", { on_delete = models.CASCADE }), Meta = Meta })
  local Keyword = models.Model("Keyword", { places = models.ManyToManyField "Place", Meta = Meta })
  world.create(Place, Cafe, Bar, Review, Table, Keyword)

  local function bar()
    world.clear(Keyword, Table, Review, Bar, Cafe, Place)
    local b = Bar.objects:create {}
    Review.objects:create { place = b }
    Table.objects:create { cafe = b }
    Keyword.objects:create({}).places:add(b)
    return b
  end

  it("go with their heirs, and so does what hangs on them", function()
    local b = bar()
    local order = {}
    local offs = {}
    for _, class in ipairs { Place, Cafe, Bar, Review } do
      offs[#offs + 1] = signals.post_delete:connect(function(sender) order[#order + 1] = sender._meta.object_name end, { sender = class })
    end
    local total, by = b:delete()
    for _, off in ipairs(offs) do
      off()
    end
    assert.equal(6, total)
    assert.same({ ["shop.Bar"] = 1, ["shop.Cafe"] = 1, ["shop.Place"] = 1, ["shop.Review"] = 1, ["shop.Table"] = 1, ["shop.Keyword_places"] = 1 }, by)
    assert.equal("Bar Cafe Review Place", table.concat(order, " "))
    assert.is_nil(b.pk)
  end)

  it("stay with keep_parents, and what hangs on them does", function()
    local total, by = bar():delete { keep_parents = true }
    assert.equal(1, total)
    assert.same({ ["shop.Bar"] = 1 }, by)
    assert.equal("1 1 0 1 1 1", ("%d %d %d %d %d %d"):format(Place.objects:count(), Cafe.objects:count(), Bar.objects:count(), Review.objects:count(), Table.objects:count(), Keyword.places.through.objects:count()))
    total, by = Cafe.objects:get():delete { keep_parents = true }
    assert.equal(2, total)
    assert.same({ ["shop.Cafe"] = 1, ["shop.Table"] = 1 }, by)
    assert.equal(1, Review.objects:count())
  end)

  it("are counted as what was deleted", function()
    bar()
    assert.equal(6, (Proxy.objects:get():delete()))
    Review.objects:create { place = Place.objects:create {} }
    local total, by = Proxy.objects:get():delete()
    assert.equal(2, total)
    assert.same({ ["shop.Proxy"] = 1, ["shop.Review"] = 1 }, by)
    Place.objects:create {}
    total, by = Proxy.objects:all():delete()
    assert.same({ ["shop.Proxy"] = 1 }, by)
    assert.equal(1, total)
  end)
end)

t.finish()
