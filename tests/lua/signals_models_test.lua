-- SPDX-License-Identifier: MIT
-- The signals of models as Django documents them, one after the other: when they are sent,
-- with what arguments, and what receivers may do meanwhile.
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local fiber = require "perilune.fiber"
local instances = require "perilune._models.instance"
local models = require "perilune.models"
local signals = require "perilune.signals"
local t = require "harness"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local shop = world.shop()
local Category, Tag, Product, Order, Item = shop.Category, shop.Tag, shop.Product, shop.Order, shop.Item

local function raises(class, text, fn)
  local err = assert.raises(fn, text)
  assert.is_true(exceptions.is(err, class), tostring(err))
end

-- Runs fn and gives what was sent meanwhile: { { name, sender, event }, … }.
local function heard(names, fn, sender)
  local log, offs = {}, {}
  for _, name in ipairs(names) do
    offs[#offs + 1] = signals[name]:connect(function(from, event)
      assert.equal(signals[name], event.signal)
      log[#log + 1] = { name, from, event }
    end, { sender = sender })
  end
  local ok, err = pcall(fn)
  for _, off in ipairs(offs) do off() end
  if not ok then error(err, 0) end
  return log
end

local ALL = { "pre_init", "post_init", "pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "post_bulk_create", "post_bulk_update", "post_queryset_update" }

local function names(log)
  local list = {}
  for i, entry in ipairs(log) do list[i] = entry[1] end
  return table.concat(list, " ")
end

-- The keys of an event, sorted; nil ones are not there.
local function keys(event)
  local list = {}
  for k in pairs(event) do list[#list + 1] = k end
  table.sort(list)
  return table.concat(list, " ")
end

describe("saving", function()
  it("says whether the row is new, what is written, and where", function()
    shop.clear()
    local tag
    local log = heard({ "pre_save", "post_save" }, function()
      tag = Tag.objects:create { name = "a" }
      tag:save()
      tag:save { update_fields = { "name" } }
      tag:save { update_fields = {} }
    end)
    assert.equal("pre_save post_save pre_save post_save pre_save post_save", names(log))
    for _, entry in ipairs(log) do
      assert.equal(Tag, entry[2])
      assert.is_true(rawequal(tag, entry[3].instance))
      assert.is_false(entry[3].raw)
      assert.equal("default", entry[3].using)
    end
    assert.equal("instance raw using", keys(log[1][3]))
    assert.equal("created instance raw using", keys(log[2][3]))
    assert.is_true(log[2][3].created)
    assert.is_false(log[4][3].created)
    assert.same({ "name" }, log[5][3].update_fields)
    assert.same({ "name" }, log[6][3].update_fields)
    assert.is_false(log[6][3].created)
  end)

  it("is raw when fixtures are loaded", function()
    local log = heard({ "pre_save", "post_save" }, function()
      instances.save_base(Tag { id = 77, name = "raw" }, { raw = true, using = "default" })
    end)
    assert.is_true(log[1][3].raw)
    assert.is_true(log[2][3].raw)
    assert.is_true(log[2][3].created)
  end)

  it("tells of new instances before and after they are made", function()
    local log = heard({ "pre_init", "post_init" }, function() Tag { name = "x" } end, Tag)
    assert.equal("pre_init post_init", names(log))
    assert.equal("args kwargs", keys(log[1][3]))
    assert.equal("x", log[1][3].kwargs.name)
    assert.equal("instance", keys(log[2][3]))
    assert.equal("x", log[2][3].instance.name)
  end)
end)

describe("what changes many rows", function()
  it("sends none of the signals of saving, but one that carries them", function()
    shop.clear()
    local list = { Tag { name = "a" }, Tag { name = "b" } }
    local log = heard({ "pre_save", "post_save", "post_bulk_create", "post_bulk_update", "post_queryset_update" }, function()
      Tag.objects:bulk_create(list)
      list = Tag.objects:order_by("pk"):to_list()
      list[1].name = "c"
      Tag.objects:bulk_update(list, { "name" })
      Tag.objects:filter({ name = "c" }):update { name = "d" }
      db.execute "UPDATE shop_tag SET name = 'e'"
    end)
    assert.equal("post_bulk_create post_bulk_update post_queryset_update", names(log))
    assert.equal(2, #log[1][3].instances)
    assert.equal("instances using", keys(log[1][3]))
    assert.equal(2, #log[2][3].instances)
    assert.same({ "name" }, log[2][3].fields)
    assert.equal(1, log[3][3].rows)
    assert.equal("d", log[3][3].values.name)
    assert.is_true(log[3][3].queryset ~= nil)
  end)

  it("but deleting a QuerySet tells of each instance", function()
    local all = Tag.objects:all()
    local log = heard({ "pre_delete", "post_delete" }, function() all:delete() end)
    assert.equal("pre_delete pre_delete post_delete post_delete", names(log))
    for _, entry in ipairs(log) do
      assert.equal(Tag, entry[2])
      assert.equal("instance origin using", keys(entry[3]))
      assert.is_true(rawequal(all, entry[3].origin))
    end
  end)
end)

describe("deleting", function()
  it("tells of all before, and of each model's rows after, with their keys", function()
    shop.clear()
    local c = Category.objects:create { name = "c" }
    local p = Product.objects:create { name = "p", category = c, price = 1 }
    local o = Order.objects:create { customer = "x" }
    for i = 1, 2 do Item.objects:create { order = o, product = p, price = i } end
    local pks = {}
    local log = heard({ "pre_delete", "post_delete" }, function() o:delete() end)
    for i, entry in ipairs(log) do
      pks[i] = entry[1]:match "^%a+" .. " " .. entry[2]._meta.object_name
      assert.is_true(rawequal(o, entry[3].origin))
    end
    assert.equal("pre Item,pre Item,pre Order,post Item,post Item,post Order", table.concat(pks, ","))
    assert.equal(nil, o.pk)
    local seen
    local off = signals.post_delete:connect(function(_, e) seen = e.instance.pk end, { sender = Product })
    local pk = p.pk
    p:delete()
    off()
    assert.equal(pk, seen)
    assert.equal(nil, p.pk)
  end)
end)

describe("m2m_changed", function()
  it("carries what changed, on both sides", function()
    shop.clear()
    local p = Product.objects:create { name = "p", price = 1 }
    local a, b = Tag.objects:create { name = "a" }, Tag.objects:create { name = "b" }
    local through = Product._meta:get_field("tags").through_model
    local function run(fn)
      local out = {}
      for i, entry in ipairs(heard({ "m2m_changed" }, fn, through)) do
        local e = entry[3]
        assert.equal(through, entry[2])
        assert.equal("default", e.using)
        out[i] = ("%s %s %s %s %s"):format(e.action, tostring(e.instance), e.reverse and "reverse" or "forward", e.model._meta.object_name, e.pk_set and "{" .. table.concat(e.pk_set, " ") .. "}" or "nil")
      end
      return out
    end
    local A, B, P = a.pk, b.pk, p.pk
    assert.same({ ("pre_add p forward Tag {%d}"):format(A), ("post_add p forward Tag {%d}"):format(A) }, run(function() p.tags:add(a) end))
    assert.same({ "pre_add p forward Tag {}", "post_add p forward Tag {}" }, run(function() p.tags:add(a) end))
    assert.same({
      ("pre_remove p forward Tag {%d}"):format(A), ("post_remove p forward Tag {%d}"):format(A),
      ("pre_add p forward Tag {%d}"):format(B), ("post_add p forward Tag {%d}"):format(B),
    }, run(function() p.tags:set { b } end))
    assert.same({ ("pre_remove p forward Tag {%d}"):format(A), ("post_remove p forward Tag {%d}"):format(A) }, run(function() p.tags:remove(a) end))
    assert.same({ ("pre_add %s reverse Product {%d}"):format(tostring(a), P), ("post_add %s reverse Product {%d}"):format(tostring(a), P) }, run(function() a.products:add(p) end))
    assert.same({ "pre_clear p forward Tag nil", "post_clear p forward Tag nil" }, run(function() p.tags:clear() end))
  end)
end)

describe("errors", function()
  it("of a receiver stop the saving and undo the transaction", function()
    shop.clear()
    local told = {}
    local off1 = signals.post_save:connect(function() error(exceptions.ValueError "no") end, { sender = Tag })
    local off2 = signals.post_save:connect(function() told[1] = true end, { sender = Tag })
    raises("ValueError", "no", function() db.atomic(function() Tag.objects:create { name = "x" } end) end)
    off1()
    off2()
    assert.equal(0, #told)
    assert.equal(0, Tag.objects:count())
  end)
end)

describe("senders", function()
  it("are models, or their labels", function()
    local function connects(sender)
      return function() signals.post_save:connect(function() end, { sender = sender }) end
    end
    local product = Product { name = "a" }
    raises("TypeError", "post_save:connect: the sender is a model or its label, as \"shop.Product\", not an object: give its model", connects(product))
    raises("TypeError", "not a number", connects(5))
    raises("TypeError", "not a function", connects(print))
    assert.is_false(signals.post_save:has_listeners(Product))
  end)

  it("are exact: no heirs, no proxies, no parents", function()
    local Meta = { app_label = "shop" }
    local Base = models.Model("SigParent", { name = models.CharField { max_length = 5 }, Meta = Meta })
    local Heir = Base:extend("SigChild", { Meta = Meta })
    local Proxy = Base:extend("SigProxy", { Meta = { app_label = "shop", proxy = true } })
    world.create(Base, Heir)
    local log = heard({ "post_save" }, function()
      Heir.objects:create { name = "h" }
      Proxy.objects:create { name = "p" }
    end)
    assert.equal(2, #log)
    assert.equal(Heir, log[1][2])
    assert.equal(Proxy, log[2][2])
    assert.equal(0, #heard({ "post_save" }, function() Heir.objects:create { name = "h" } end, Base))
  end)

  it("may be named before they are there", function()
    local seen = {}
    local off = signals.post_save:connect(function(_, e) seen[#seen + 1] = e.instance.name end, { sender = "shop.LateComer" })
    local Late = models.Model("LateComer", { name = models.CharField { max_length = 5 }, Meta = { app_label = "shop" } })
    world.create(Late)
    Late.objects:create { name = "late" }
    assert.same({ "late" }, seen)
    assert.is_true(off())
    Late.objects:create { name = "off" }
    assert.equal(1, #seen)
  end)

  it("class_prepared is sent once for each model", function()
    local seen = {}
    local off = signals.class_prepared:connect(function(class) seen[#seen + 1] = class._meta.label end)
    local Class = models.Model("PreparedOne", { Meta = { app_label = "shop" } })
    world.create(Class)
    world.create()
    off()
    assert.same({ "shop.PreparedOne" }, seen)
  end)
end)

describe("receivers", function()
  it("run inside of the transaction; what waits for its end is for on_commit", function()
    shop.clear()
    local log = {}
    local off = signals.post_save:connect(function(_, e)
      log[#log + 1] = "saved " .. e.instance.name
      db.on_commit(function() log[#log + 1] = "mail " .. e.instance.name end)
    end, { sender = Tag })
    db.atomic(function()
      Tag.objects:create { name = "a" }
      log[#log + 1] = "end"
    end)
    pcall(db.atomic, function()
      Tag.objects:create { name = "b" }
      error "no"
    end)
    off()
    assert.equal("saved a,end,mail a,saved b", table.concat(log, ","))
  end)

  it("that save the same instance are called again, unless they look", function()
    shop.clear()
    local calls = 0
    local off = signals.post_save:connect(function(_, e)
      calls = calls + 1
      if not e.update_fields then
        e.instance.name = e.instance.name .. "!"
        e.instance:save { update_fields = { "name" } }
      end
    end, { sender = Tag })
    local tag = Tag.objects:create { name = "x" }
    off()
    assert.equal(2, calls)
    assert.equal("x!", Tag.objects:get({ pk = tag.pk }).name)
  end)

  it("may connect and disconnect while a model is saved", function()
    shop.clear()
    local log = {}
    local off2, off3
    local off1 = signals.post_save:connect(function()
      log[#log + 1] = "first"
      off2()
      off3 = off3 or signals.post_save:connect(function() log[#log + 1] = "third" end, { sender = Tag })
    end, { sender = Tag })
    off2 = signals.post_save:connect(function() log[#log + 1] = "second" end, { sender = Tag })
    Tag.objects:create { name = "a" }
    Tag.objects:create { name = "b" }
    off1()
    off3()
    assert.equal("first,second,first,third", table.concat(log, ","))
  end)

  it("that wait are waited for, in their order", function()
    shop.clear()
    local log = {}
    local off1 = signals.post_save:connect(function() fiber.sleep(0.01) log[#log + 1] = "slow" end, { sender = Tag })
    local off2 = signals.post_save:connect(function() log[#log + 1] = "quick" end, { sender = Tag })
    Tag.objects:create { name = "a" }
    log[#log + 1] = "after"
    off1()
    off2()
    assert.equal("slow,quick,after", table.concat(log, ","))
  end)

  it("are not told while signals are disabled, not even when that raises", function()
    shop.clear()
    local calls = 0
    local off = signals.post_save:connect(function() calls = calls + 1 end, { sender = Tag })
    assert.equal("result", signals.disabled { signals.post_save }(function()
      Tag.objects:create { name = "a" }
      signals.disabled(signals.post_save)(function() Tag.objects:create { name = "b" } end)
      Tag.objects:create { name = "c" }
      return "result"
    end))
    pcall(signals.disabled { signals.post_save }, function() error "x" end)
    assert.equal(0, calls)
    Tag.objects:create { name = "d" }
    off()
    assert.equal(1, calls)
  end)

  it("nobody has cost nothing but a look", function()
    assert.equal("", names(heard({}, function() Tag { name = "x" } end)))
    for _, name in ipairs(ALL) do
      assert.is_false(signals[name]:has_listeners(Tag), name)
    end
  end)
end)

describe("weak receivers", function()
  for _, mode in ipairs { "generational", "incremental" } do
    it("go when nobody else has them, in " .. mode .. " collection", function()
      shop.clear()
      local before = collectgarbage(mode)
      local calls = 0
      local kept = function() calls = calls + 1 end
      signals.post_save:connect(kept, { sender = Tag, weak = true })
      for i = 1, 50 do
        local bound = { n = i }
        signals.post_save:connect(function() calls = calls + bound.n * 1000 end, { sender = Tag, weak = true })
      end
      for _ = 1, 3 do collectgarbage() end
      Tag.objects:create { name = "a" }
      assert.equal(1, calls)
      assert.is_true(signals.post_save:has_listeners(Tag))
      assert.is_true(signals.post_save:disconnect(kept, { sender = Tag }))
      assert.is_false(signals.post_save:disconnect(kept, { sender = Tag }))
      assert.is_false(signals.post_save:has_listeners(Tag))
      collectgarbage(before)
    end)
  end
end)

t.finish()
