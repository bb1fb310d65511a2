-- SPDX-License-Identifier: MIT
-- The usual mistakes with models: the error names the author's line and what was meant.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local models = require "perilune.models"
local null = require "perilune.null"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local s = world.shop()
local Category, Product = s.Category, s.Product

-- The error of fn, which must be of `class`.
local function fails(class, fn)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  if not exceptions.is(err, class) then
    error("want a " .. class .. ", got " .. tostring(err), 2)
  end
  return err
end

describe("names of perilune.models", function()
  it("suggest the nearest", function()
    local err = fails("AttributeError", function()
      return models.CharFeild { max_length = 3 }
    end)
    assert.equal("perilune.models has no 'CharFeild'; did you mean 'CharField'?", err.message)
    err = fails("AttributeError", function()
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

describe("queries", function()
  it("name the line that asks for an unknown field", function()
    local line = debug.getinfo(1, "l").currentline + 2
    local err = fails("FieldError", function()
      local wrong = Product.objects:filter { nmae = "x" }
      return wrong
    end)
    -- nil when this file is no part of a project (it has an absolute path): never the library's
    assert.equal(("models_errors_test.lua:%d: "):format(line), (err.where or ("/models_errors_test.lua:%d: "):format(line)):match "[^/]*$")
  end)

  it("say that methods of managers want a colon", function()
    for _, name in ipairs { "filter", "get", "create", "count" } do
      local err = fails("TypeError", function()
        return Product.objects[name] { name = "x" }
      end)
      assert.equal(name .. " is a method: call it with a colon, objects:" .. name .. "(…)", err.message)
    end
    fails("TypeError", function()
      return Product.objects.count()
    end)
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
      local err = fails("TypeError", function()
        return models.Model("Wrong", members)
      end)
      assert.equal(message, err.message)
    end
    wrong("Wrong.name: models.CharField is a class of fields: write models.CharField{…}", { name = models.CharField })
    wrong("Wrong.objects: a class of managers is called, to make one: write Manager()", { objects = models.Manager:extend {} })
    wrong("Wrong.objects: a class of QuerySets is no manager: write its :as_manager()", { objects = models.QuerySet:extend {} })
  end)

  it("are not called like a method of all models", function()
    local err = fails("ImproperlyConfigured", function()
      return models.Model("Wrong", { save = models.TextField {}, Meta = { app_label = "shop", abstract = true } })
    end)
    assert.equal(true, err.message:find("Wrong.save: 'save' is a method of all models", 1, true) ~= nil)
  end)

  it("of ManyToMany have no on_delete", function()
    local err = fails("TypeError", function()
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
    local err = fails("ImproperlyConfigured", function()
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
    return hints.of(fails("DatabaseError", fn))
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
    local err = fails("ValidationError", function()
      Category({ name = "" }):full_clean()
    end)
    assert.equal("name: This field cannot be blank.", err.message)
    assert.equal("This field cannot be blank.", err.messages[1])
    assert.equal("ValidationError: all; a: one; b: two; three", tostring(exceptions.ValidationError { __all__ = "all", b = { "two", "three" }, a = "one" }))
  end)
end)

t.finish()
