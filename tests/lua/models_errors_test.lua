-- SPDX-License-Identifier: MIT
-- The usual mistakes with models: the error names the author's line and what was meant.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert
local raises = world.raises

local s = world.shop()
local Category, Product = s.Category, s.Product

describe("names of perilune.models", function()
  it("suggest the nearest", function()
    local err = raises("AttributeError", function()
      return models.CharFeild { max_length = 3 }
    end)
    assert.equal("perilune.models has no 'CharFeild'; did you mean 'CharField'?", err.message)
    err = raises("AttributeError", function()
      return models.ForeignKey("Category", { on_delete = models.PROTCT })
    end)
    assert.equal("perilune.models has no 'PROTCT'; did you mean 'PROTECT'?", err.message)
  end)

  it("are there as before when they are right", function()
    assert.equal("function", type(models.functions.Lower))
    assert.equal(nil, models._nothing)
    assert.equal(nil, models[1])
  end)
end)

describe("exceptions of models", function()
  it("are each model's own, below its parents' and those of all", function()
    local Base = models.Model("OwnBase", { Meta = { app_label = "shop" } })
    local Second = models.Model("OwnSecond", { key = models.BigAutoField { primary_key = true }, Meta = { app_label = "shop" } })
    local Heir = models.Model("OwnHeir", { bases = { Base, Second }, Meta = { app_label = "shop" } })
    local Proxy = Heir:extend("OwnProxy", { Meta = { proxy = true, app_label = "shop" } })
    local Child = models.Model("OwnAbstract", { Meta = { abstract = true, app_label = "shop" } }):extend("OwnChild", { Meta = { app_label = "shop" } })
    for _, name in ipairs { "DoesNotExist", "MultipleObjectsReturned", "NotUpdated" } do
      local general = name == "DoesNotExist" and exceptions.ObjectDoesNotExist or name == "NotUpdated" and exceptions.ObjectNotUpdated or exceptions[name]
      for _, Model in ipairs { Base, Second, Heir, Proxy, Child } do
        local err = Model[name] "x"
        assert.is_true(exceptions.is(err, Model[name]) and err:is(Model[name]) and exceptions.is(err, general) and exceptions.is(err, name))
        assert.is_false(exceptions.is(err, Product[name]))
        assert.equal(name .. ": x", tostring(err))
      end
      assert.is_true(exceptions.is(Proxy[name] "x", Heir[name]) and exceptions.is(Proxy[name] "x", Base[name]) and exceptions.is(Heir[name] "x", Second[name]))
      assert.is_false(exceptions.is(Base[name] "x", Heir[name]))
      assert.is_false(exceptions.is(general "x", Heir[name]))
    end
    assert.is_true(exceptions.is(Child.RelatedObjectDoesNotExist "x", Child.DoesNotExist))
    local ok, err = pcall(Category.objects.get, Category.objects, { name = "no such" })
    assert.is_true(not ok and exceptions.is(err, Category.DoesNotExist) and not exceptions.is(err, Product.DoesNotExist))
  end)
end)

describe("queries", function()
  it("name the line that asks for an unknown field", function()
    local line = debug.getinfo(1, "l").currentline + 2
    local err = raises("FieldError", function()
      local wrong = Product.objects:filter { nmae = "x" }
      return wrong
    end)
    -- nil when this file is no part of a project (it has an absolute path): never the library's
    assert.equal(("models_errors_test.lua:%d: "):format(line), (err.where or ("/models_errors_test.lua:%d: "):format(line)):match "[^/]*$")
  end)

  it("say that methods of managers want a colon", function()
    for _, name in ipairs { "filter", "get", "create", "count" } do
      local err = raises("TypeError", function()
        return Product.objects[name] { name = "x" }
      end)
      assert.equal(name .. " is a method: call it with a colon, objects:" .. name .. "(…)", err.message)
    end
    raises("TypeError", function()
      return Product.objects.count()
    end)
  end)
end)

describe("methods", function()
  it("that are not there suggest the nearest", function()
    local p = Product { name = "x", price = 1 }
    raises("AttributeError", function() return Product.objects:all():fliter { name = "x" } end, "a QuerySet of Product has no 'fliter'; did you mean 'filter'?")
    raises("AttributeError", function() return Product.objects:priecd(1) end, "a manager has no 'priecd'; did you mean 'priced'?") -- the author's own
    raises("AttributeError", function() return Product.objects:delete() end, "objects:all():delete()")
    raises("AttributeError", function() return Product.filter { name = "x" } end, "Product has no 'filter', its managers do: Product.objects:filter(…)")
    assert.equal(nil, p.filter) -- anything may be asked of an object
    assert.equal(nil, p.nothing)
  end)

  it("of objects and classes: a failed call says whose they are not", function()
    local call = require("perilune._core").call
    local function fails(class, text, fn)
      local ok, err = call(fn)
      assert.is_false(ok)
      assert.is_true(exceptions.is(err, class))
      assert.equal(text, err.message)
    end
    local p, c = Product { name = "x", price = 1 }, Category { name = "y" }
    fails("AttributeError", "Product has no method 'saev'; did you mean 'save'?", function() p:saev() end)
    fails("AttributeError", "Product has no method 'saev'; did you mean 'save'?", function() return p:saev(1, nil, p) end)
    fails("AttributeError", "Product has no method 'filter', its managers do: Product.objects:filter(…)", function() p:filter { name = "x" } end)
    fails("AttributeError", "Category has no method 'creat', its managers do: Category.objects:create(…)", function() return Category:creat {} end)
    fails("AttributeError", "Category has no method 'nothing_like_it'", function() print((c:nothing_like_it())) end)
    fails("TypeError", "'name' of Product is no method but a value: read it without parentheses, object.name", function() p:name() end)
    fails("AttributeError", "Category has no method 'of'", function() return tostring(nil, c, p.nothing, c:of(p)) end)
    local other = {}
    for _, fn in ipairs { function() other:x() end, function() other.x() end, function() p.x() end, function() local x = nil; x(p) end } do
      local ok, err = call(fn) -- these are Lua's own
      assert.is_true(not ok and err.message:find("attempt to call a nil value", 1, true) ~= nil)
    end
    assert.equal(nil, p.saev)
  end)

  it("that take no conditions say where conditions belong", function()
    for _, name in ipairs { "all", "count", "exists", "first", "last" } do
      raises("TypeError", function() return Product.objects[name](Product.objects, { name = "x" }) end, name .. "() takes no conditions: filter{…}:" .. name .. "()")
    end
    raises("TypeError", function() return Product.objects:get(5) end, "as in get{ pk = 1 }")
    raises("FieldError", function() return Product.objects:get_or_create { name = "x", default = { price = 1 } } end, "Product has no field named 'default'; did you mean 'defaults'?")
    raises("FieldError", function() return Product.objects:update_or_create { name = "x", create_default = {} } end, "did you mean 'create_defaults'?")
    raises("TypeError", function() return Product.objects:in_bulk(5) end, "in_bulk takes a list of keys, as in { 1, 2 }, not 5")
    raises("TypeError", function() return Product.objects:only { "name" } end, '("a", "b"), not { "a", "b" }')
    raises("ImproperlyConfigured", function() return Product.objects:using "other" end, "there is no database 'other'")
  end)

  it("of lists are not those of managers, and QuerySets count from 1", function()
    local c = Category.objects:create { name = "list" }
    for _, use in ipairs {
      function() return ipairs(c.products)(c.products, 0) end,
      function() return #c.products end,
      function() return pairs(c.products) end,
      function() c.products() end,
    } do
      raises("TypeError", use, "a manager is no list, its all() is")
    end
    raises("TypeError", function() Product.objects:all()() end, "for i, row in ipairs(queryset) do")
    raises("ValueError", function() return Product.objects:all()[0] end, "counted from 1")
    raises("ValueError", function() return Product.objects:all()[-1] end, "counted from 1")
    local seen = {}
    for i, row in pairs(Category.objects:filter { pk = c.pk }) do
      seen[i] = row.name
    end
    assert.same({ "list" }, seen)
  end)

  it("of relations want objects of their model", function()
    local c = Category.objects:create { name = "kinds" }
    local p = Product { name = "x", price = 1 }
    raises("ValueError", function() p.category = "kinds" end, 'Cannot assign "kinds": "Product.category" must be a "Category" instance.')
    raises("ValueError", function() p.category = 5 end, 'Cannot assign "5"')
    raises("ValueError", function() c.profile = p end, '"Category.profile" must be a "Profile" instance.')
    raises("ValueError", function() c.profile = 5 end, '"Category.profile" must be a "Profile" instance.')
    raises("AttributeError", function() p.tags = {} end, "use its set{…}")
    raises("AttributeError", function() c.products = {} end, "use its set{…}")
    raises("TypeError", function() c.products:add(5) end, "'Product' instance expected")
    raises("TypeError", function() c.products:set(5) end, "set takes a list")
    p.category = Category.objects:create { name = "two values" }
    p:save()
    raises("TypeError", function() p.tags:add(s.Tag.objects:get_or_create { name = "x" }) end, "add takes objects of Tag or their keys; item 2 is true (a call that gives two values, such as get_or_create, wants parentheses around it)")
    raises("ValueError", function() return Product { name = "x", category = "kinds" } end, 'must be a "Category" instance')
  end)

  it("of JSON: what has no form says what to do", function()
    local json = require "perilune.json"
    local p = Product { name = "x", price = 1 }
    raises("TypeError", function() return json.encode { a = { p = p } } end, "cannot encode an object of the model shop.Product (encode a table of the fields that are wanted, rows of values")
    raises("TypeError", function() return json.encode { a = { p = p } } end, "at $.a.p")
    raises("TypeError", function() return json.encode { items = Product.objects:all() } end, 'queryset:values("id", …):to_list()) at $.items')
    raises("TypeError", function() return json.encode(Product.objects) end, "cannot encode a manager")
  end)
end)

describe("Model", function()
  it("is written in Lua", function()
    for word, lua in pairs { True = "true", False = "false", None = "nil" } do
      local use = load("return { null = " .. word .. " }")
      raises("Error", use, ("there is no variable '%s'; in Lua it is %s"):format(word, lua))
    end
    assert.equal(nil, load("return Nothing")())
  end)

  it("knows its line when it is all that a file returns", function()
    local chunk = load("local models = require 'perilune.models'\nreturn models.Model('Alone', {\n  n = models.IntegerField{},\n  Meta = { app_label = 'shop' } })", "@shop/alone.lua")
    assert.equal("shop/alone.lua:3", chunk()._meta.where)
  end)

  it("takes a name and a table", function()
    raises("TypeError", function() return models.Model("Heir", Product, {}) end, 'Base:extend("Heir", {…})')
    raises("TypeError", function() return models.Model("Lower", { meta = { ordering = { "id" } }, Meta = { app_label = "shop" } }) end, "Lower.meta: the table of options is called Meta")
  end)
end)

describe("Meta", function()
  local function wrong(meta, text)
    meta.app_label = "shop"
    raises("ImproperlyConfigured", function() return models.Model("Wrong", { name = models.CharField { max_length = 3 }, Meta = meta }) end, text)
  end

  it("is looked through where it is written", function()
    wrong({ ordering = "name" }, "Wrong.Meta: ordering is a list, not a string")
    wrong({ ordering = { 1 } }, 'Wrong.Meta: item 1 of ordering is a number; a name, "-name" or an expression is wanted')
    wrong({ abstract = 1 }, "Wrong.Meta: abstract is true or false, not a number")
    wrong({ verbose_name = 5 }, "Wrong.Meta: verbose_name is a string, not a number")
    wrong({ db_table = {} }, "Wrong.Meta: db_table is a string, not a table")
    wrong({ indexes = { "name" } }, 'Wrong.Meta: item 1 of indexes is "name"; a models.Index{…} is wanted')
    wrong({ indexes = models.Index { "name" } }, "Wrong.Meta: indexes is a list, not a table")
    wrong({ constraints = { models.Q { name = "x" } } }, "a models.CheckConstraint{…} or models.UniqueConstraint{…} is wanted")
    wrong({ permissions = { "x", "y" } }, 'a pair { "codename", "name" } is wanted')
    raises("TypeError", function() return models.Model("Wrong", { Meta = { app_label = "shop", order = { "name" } } }) end, "Wrong.Meta: unknown option 'order'; did you mean 'ordering'?")
  end)
end)

describe("options of fields", function()
  it("are of their kinds", function()
    local function wrong(text, fn)
      local ok, err = pcall(fn)
      assert.is_false(ok)
      assert.equal(text, err.message)
    end
    wrong('CharField: max_length is a number, not "200"', function() return models.CharField { max_length = "200" } end)
    wrong('CharField: null is true or false, not "yes"', function() return models.CharField { max_length = 3, null = "yes" } end)
    wrong("CharField: db_column is a string, not 5", function() return models.CharField { max_length = 3, db_column = 5 } end)
    wrong('CharField: validators is a list, not "x"', function() return models.CharField { max_length = 3, validators = "x" } end)
    wrong('DecimalField: max_digits is a number, not "10"', function() return models.DecimalField { max_digits = "10", decimal_places = 2 } end)
    wrong("CharField: choices are a list of pairs, { { \"new\", \"New\" }, … }, not a string", function() return models.CharField { max_length = 3, choices = "abc" } end)
    wrong("CharField: unknown option 'max_lenght'; did you mean 'max_length'?", function() return models.CharField { max_lenght = 3 } end)
  end)
end)

describe("fields", function()
  it("of relations know their line", function()
    local line = debug.getinfo(1, "l").currentline + 1
    local field = models.ForeignKey("Category", { on_delete = models.CASCADE })
    assert.equal(("models_errors_test.lua:%d"):format(line), field.where:match "[^/]*$")
  end)

  it("and managers are objects, not classes", function()
    local function wrong(message, members)
      members.Meta = { app_label = "shop", abstract = true }
      local err = raises("TypeError", function()
        return models.Model("Wrong", members)
      end)
      assert.equal(message, err.message)
    end
    wrong("Wrong.name: models.CharField is a class of fields: write models.CharField{…}", { name = models.CharField })
    wrong("Wrong.objects: a class of managers is called, to make one: write Manager()", { objects = models.Manager:extend {} })
    wrong("Wrong.objects: a class of QuerySets is no manager: write its :as_manager()", { objects = models.QuerySet:extend {} })
  end)

  it("are not called like a method of all models", function()
    local err = raises("ImproperlyConfigured", function()
      return models.Model("Wrong", { save = models.TextField {}, Meta = { app_label = "shop", abstract = true } })
    end)
    assert.equal(true, err.message:find("Wrong.save: 'save' is a method of all models", 1, true) ~= nil)
  end)

  it("of ManyToMany have no on_delete", function()
    local err = raises("TypeError", function()
      return models.ManyToManyField("Tag", { on_delete = models.CASCADE })
    end)
    assert.equal("ManyToManyField: unknown option 'on_delete'", err.message)
  end)

  it("that lead nowhere are named with their line", function()
    local registry = require("perilune._models.registry").project
    local line = debug.getinfo(1, "l").currentline + 2
    local Lost = models.Model("Lost", {
      owner = models.ForeignKey("Categori", { on_delete = models.CASCADE }),
      Meta = { app_label = "shop" },
    })
    local err = raises("ImproperlyConfigured", function()
      registry:world()
    end)
    assert.equal(("models_errors_test.lua:%d: shop.Lost.owner: there is no model 'Categori'; did you mean 'shop.Category'?"):format(line), err.message:match "[^/]*$")
    registry.by_label["shop.lost"] = nil
    for i, class in ipairs(registry.list) do
      if class == Lost then
        table.remove(registry.list, i)
      end
    end
  end)
end)

describe("errors of the database", function()
  local hints = require "perilune._debug_hints"
  local function hint(fn)
    return hints.of(raises("DatabaseError", fn))
  end

  it("say which model is meant, and what to do", function()
    assert.equal(
      "shop.Category.name has no value: give it one, or a default, or null = true",
      hint(function()
        Category.objects:create { name = null }
      end)
    )
    Category.objects:create { name = "one" }
    assert.equal(
      "there is a shop.Category with this name already: full_clean() tells before save(), get_or_create{…} takes the one that is there",
      hint(function()
        Category.objects:create { name = "one" }
      end)
    )
    db.execute 'ALTER TABLE "shop_product" RENAME COLUMN "note" TO "note_2"'
    local column = "shop.Product.note has no column yet: run 'perilune makemigrations' and 'perilune migrate'"
    assert.equal(
      column,
      hint(function()
        Product.objects:first()
      end)
    )
    assert.equal(
      column,
      hint(function()
        Product.objects:create { name = "x", price = 1 }
      end)
    )
    models.Model("Homeless", { Meta = { app_label = "shop" } })
    assert.equal(
      "shop.Homeless has no table yet: run 'perilune migrate', after 'perilune makemigrations' when the model is new",
      hint(function()
        models.get_model("shop.Homeless").objects:count()
      end)
    )
  end)

  it("that are of no model have no hint", function()
    assert.equal(
      nil,
      hint(function()
        db.query "SELECT 1 FROM nowhere"
      end)
    )
  end)
end)

describe("validation", function()
  it("says in its text which field is meant", function()
    local err = raises("ValidationError", function()
      Category({ name = "" }):full_clean()
    end)
    assert.equal("name: This field cannot be blank.", err.message)
    assert.equal("This field cannot be blank.", err.messages[1])
    assert.equal("ValidationError: all; a: one; b: two; three", tostring(exceptions.ValidationError { __all__ = "all", b = { "two", "three" }, a = "one" }))
  end)
end)

t.finish()
