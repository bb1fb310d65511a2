-- SPDX-License-Identifier: MIT
-- `perilune check` of models.
local t = require "harness"
local checks = require "perilune.checks"
local models = require "perilune.models"
local time = require "perilune.time"
local registry = require("perilune._models.registry").project
require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local Meta = { app_label = "check" }
models.Model("Target", { name = models.CharField { max_length = 5 }, tags = models.ManyToManyField("self", {}), Meta = Meta })

local function with(options)
  options.app_label = "check"
  return options
end

-- The ids that the checks give for a model; it is gone afterwards.
local function ids(members, name)
  local class = models.Model(name or "Wrong", members)
  local list = {}
  for _, message in ipairs(checks.run { tags = { "models" }, apps = { "check" } }) do
    list[#list + 1] = message.id
  end
  for i, c in ipairs(registry.list) do
    if c == class then
      table.remove(registry.list, i)
    end
  end
  registry.by_label[class._meta.label_lower] = nil
  registry.dirty = true
  return table.concat(list, " ")
end

describe("checks of models", function()
  it("say nothing about what is right", function()
    assert.equal("", ids { name = models.CharField { max_length = 3, choices = { { "abc", "ABC" } } }, at = models.DateTimeField { default = time.now },
      Meta = with { ordering = { "-name", models.F("at"):desc() }, indexes = { models.Index { "-name" } }, constraints = { models.CheckConstraint { models.Q { name__gt = "a" }, name = "ok" } } } })
  end)

  it("Meta names fields that are there", function()
    assert.equal("models.E012", ids { a = models.IntegerField {}, Meta = with { unique_together = { "a", "nope" } } })
    assert.equal("models.E013", ids { a = models.ManyToManyField("Target", {}), Meta = with { unique_together = { "a", "pk" } } })
    assert.equal("models.E012", ids { Meta = with { indexes = { models.Index { "nope" } } } })
    assert.equal("models.E012", ids { Meta = with { constraints = { models.UniqueConstraint { "nope", name = "u" } } } })
    assert.equal("models.E012", ids { Meta = with { constraints = { models.CheckConstraint { models.Q { nope = 1 }, name = "c" } } } })
    assert.equal("models.E015 models.E015", ids { t = models.ForeignKey("Target", { on_delete = models.CASCADE }), Meta = with { ordering = { "-nope", "t__name", "t__nope", "?" } } })
    local ok, err = pcall(models.Model, "Wrong", { a = models.IntegerField {}, Meta = with { ordering = "a" } })
    assert.is_false(ok)
    assert.equal("Wrong.Meta: ordering is a list, not a string", err.message)
    assert.equal("models.E033", ids { a = models.IntegerField {}, Meta = with { indexes = { models.Index { "a", name = "_a" } } } })
  end)

  it("what stands in a table looks at its row alone", function()
    local F, Q = models.F, models.Q
    local function target()
      return require("perilune._models.registry").project:get "check.Target"
    end
    local function checked(condition, more)
      local members = { a = models.IntegerField {}, t = models.ForeignKey("Target", { on_delete = models.CASCADE }), Meta = with { constraints = { models.CheckConstraint { condition, name = "c" } } } }
      for k, v in pairs(more or {}) do
        members[k] = v
      end
      return ids(members)
    end
    assert.equal("models.E041", checked(Q { t__name = "x" }))
    assert.equal("schema.E001", checked(models.Exists(target().objects:all())))
    assert.equal("schema.E001", checked(Q { a__in = target().objects:values "id" }))
    assert.equal("schema.E001", checked(Q { a__gt = models.Max "a" }))
    assert.equal("schema.E001", ids { a = models.IntegerField {}, Meta = with { indexes = { models.Index { models.Window { models.functions.Rank(), order_by = "a" }, name = "w" } } } })
    assert.equal("schema.E001", ids { g = models.GeneratedField { expression = models.Subquery(target().objects:values("id"):limit(1)), output_field = models.IntegerField {}, db_persist = true }, Meta = Meta })
    assert.equal("models.E012", ids { g = models.GeneratedField { expression = F "nope" + 1, output_field = models.IntegerField {}, db_persist = true }, Meta = Meta })
    assert.equal("fields.E012", ids { a = models.IntegerField {}, b = models.IntegerField { db_default = F "a" + 1 }, Meta = Meta })
    assert.equal("schema.E001", ids { b = models.IntegerField { db_default = models.Subquery(target().objects:values("id"):limit(1)) }, Meta = Meta })
    assert.equal("schema.E001", ids { b = models.IntegerField { db_default = models.Count "*" }, Meta = Meta })
    assert.equal("", ids { b = models.DateTimeField { db_default = models.functions.Now() }, c = models.CharField { max_length = 9 },
      g = models.GeneratedField { expression = F("c"):slice(1, 3), output_field = models.CharField { max_length = 3 }, db_persist = false },
      Meta = with { constraints = { models.CheckConstraint { Q { c__in = { "a", "b" } } | Q { c = F("c"):slice(2) }, name = "c" } } } })
  end)

  it("names are used once", function()
    assert.equal("models.E007", ids { a = models.IntegerField {}, b = models.IntegerField { db_column = "a" }, Meta = Meta })
    assert.equal("models.E026", ids { a = models.IntegerField { primary_key = true }, b = models.IntegerField { primary_key = true }, Meta = Meta })
    assert.equal("models.E028", ids { a = models.IntegerField {}, Meta = with { db_table = "check_target" } })
    assert.equal("models.E029 models.E031", ids { a = models.IntegerField {}, Meta = with {
      indexes = { models.Index { "a", name = "x" }, models.Index { "-a", name = "x" } },
      constraints = { models.UniqueConstraint { "a", name = "y" }, models.CheckConstraint { models.Q { a = 1 }, name = "y" } },
    } })
    assert.equal("models.E024", ids({ Meta = Meta }, "Wr__ong"))
    assert.equal("models.E023", ids({ Meta = Meta }, "Wrong_"))
  end)

  it("names that another model has are not used again", function()
    local other = models.Model("Other", { a = models.IntegerField {}, Meta = with { indexes = { models.Index { "a", name = "x" } }, constraints = { models.UniqueConstraint { "a", name = "y" } } } })
    assert.equal("models.E030 models.E032", ids { a = models.IntegerField {}, Meta = with {
      indexes = { models.Index { "a", name = "x" } }, constraints = { models.CheckConstraint { models.Q { a = 1 }, name = "y" } },
    } })
    for i, c in ipairs(registry.list) do
      if c == other then
        table.remove(registry.list, i)
      end
    end
    registry.by_label["check.other"] = nil
  end)

  it("Meta is about the model's own table", function()
    local Base = models.Model("Base", { name = models.CharField { max_length = 5 }, Meta = Meta })
    assert.equal("models.E016", ids { bases = { Base }, n = models.IntegerField {}, Meta = with { unique_together = { "n", "name" } } })
    assert.equal("models.E016", ids { bases = { Base }, Meta = with { indexes = { models.Index { "name" } } } })
    assert.equal("models.E016", ids { bases = { Base }, Meta = with { constraints = { models.UniqueConstraint { "name", name = "u" } } } })
    assert.equal("models.E012 models.W040", ids { n = models.IntegerField {}, Meta = with { indexes = { models.Index { "n", include = { "nope" }, name = "x" } } } })
    assert.equal("models.W045", ids { n = models.IntegerField {}, Meta = with { constraints = { models.CheckConstraint { models.RawSQL("n > 0", {}), name = "c" } } } })
    assert.equal("", ids { bases = { Base }, Meta = with { proxy = true, ordering = { "name" } } })
  end)

  it("the other sides of relations do not get in each other's way", function()
    local function fk(options)
      options.on_delete = models.CASCADE
      return models.ForeignKey("Target", options)
    end
    assert.equal("fields.E302", ids { a = fk { related_name = "name", related_query_name = "q" }, Meta = Meta })
    assert.equal("fields.E302", ids { a = fk { related_name = "save" }, Meta = Meta })
    assert.equal("fields.E304", ids { a = fk { related_query_name = "q" }, b = fk { related_query_name = "r" }, Meta = Meta })
    assert.equal("fields.E306", ids { a = fk { related_name = "a b" }, Meta = Meta })
    assert.equal("fields.E308", ids { a = fk { related_name = "ab_" }, Meta = Meta })
    assert.equal("fields.E309", ids { a = fk { related_name = "a__b" }, Meta = Meta })
    assert.equal("", ids { a = fk { related_name = "+" }, b = fk { related_name = "+" }, Meta = Meta })
    assert.equal("fields.W345", ids { a = models.ManyToManyField("self", { related_name = "x", symmetrical = true }), Meta = Meta })
  end)

  it("the model of a relation through another one is clear", function()
    local function join(more)
      local members = { wrong = models.ForeignKey("Wrong", { on_delete = models.CASCADE, related_name = "+" }), target = models.ForeignKey("Target", { on_delete = models.CASCADE, related_name = "+" }), Meta = Meta }
      for k, v in pairs(more or {}) do
        members[k] = v
      end
      local class = models.Model("Join", members)
      registry.by_label["check.join"], registry.list[#registry.list] = nil, nil
      return function(fields)
        registry.list[#registry.list + 1], registry.by_label["check.join"] = class, class
        local found = ids(fields)
        for i, c in ipairs(registry.list) do
          if c == class then
            table.remove(registry.list, i)
          end
        end
        registry.by_label["check.join"] = nil
        return found
      end
    end
    local function through(options)
      options.through = "Join"
      return models.ManyToManyField("Target", options)
    end
    assert.equal("", join() { a = through {}, Meta = Meta })
    assert.equal("models.E003", join() { a = through { related_name = "+" }, b = through { related_name = "b" }, Meta = Meta })
    assert.equal("fields.W343", join() { a = through { limit_choices_to = { name = "x" } }, Meta = Meta })
    assert.equal("fields.E337", join() { a = through { through_fields = { "wrong" } }, Meta = Meta })
    assert.equal("fields.E334", join { other = models.ForeignKey("Wrong", { on_delete = models.CASCADE, related_name = "+" }) } { a = through {}, Meta = Meta })
    assert.equal("fields.E335", join { other = models.ForeignKey("Target", { on_delete = models.CASCADE, related_name = "+" }) } { a = through {}, Meta = Meta })
    assert.equal("", join { other = models.ForeignKey("Target", { on_delete = models.CASCADE, related_name = "+" }) } { a = through { through_fields = { "wrong", "target" } }, Meta = Meta })
  end)

  it("options of fields make sense", function()
    assert.equal("fields.E005", ids { a = models.CharField { max_length = 1, choices = { "a", "b" } }, Meta = Meta })
    assert.equal("fields.E009", ids { a = models.CharField { max_length = 1, choices = { { "abc", "x" } } }, Meta = Meta })
    assert.equal("fields.E008", ids { a = models.CharField { max_length = 1, validators = { 5 } }, Meta = Meta })
    assert.equal("fields.W122", ids { a = models.IntegerField { max_length = 1 }, Meta = Meta })
    assert.equal("fields.W161", ids { a = models.DateTimeField { default = time.now() }, Meta = Meta })
    assert.equal("", ids { a = models.JSONField { default = {} }, Meta = Meta }) -- each instance has its own
    assert.equal("fields.E311", ids { a = models.ForeignKey("Target", { on_delete = models.CASCADE, to_field = "name" }), Meta = Meta })
    assert.equal("fields.W342", ids { a = models.ForeignKey("Target", { on_delete = models.CASCADE, unique = true }), Meta = Meta })
  end)

  it("options of fields have a use", function()
    assert.equal("fields.E202", ids { a = models.FileField { upload_to = "/x" }, Meta = Meta })
    assert.equal("fields.W341", ids { a = models.ManyToManyField("Target", { validators = { print } }), Meta = Meta })
  end)

  it("what SQLite does not have is said", function()
    assert.equal("fields.W163", ids { a = models.IntegerField { db_comment = "x" }, Meta = Meta })
    assert.equal("models.W046", ids { a = models.IntegerField {}, Meta = with { db_table_comment = "x" } })
    assert.equal("models.W038 models.W047 models.W039", ids { a = models.IntegerField {}, Meta = with { constraints = {
      models.UniqueConstraint { "a", name = "x", deferrable = "deferred" }, models.UniqueConstraint { "a", name = "y", nulls_distinct = false },
      models.UniqueConstraint { "a", name = "z", include = { "id" } },
    } } })
    assert.equal("models.W040", ids { a = models.IntegerField {}, Meta = with { indexes = { models.Index { "a", name = "x", include = { "id" } } } } })
  end)

  it("messages say where", function()
    models.Model("Late", { a = models.IntegerField { max_length = 1 }, Meta = Meta })
    local message = tostring(checks.run({ tags = { "models" }, apps = { "check" } })[1])
    assert.is_true(message:find("check.Late.a: (fields.W122) 'max_length' is ignored when used with IntegerField. (", 1, true) == 1)
    assert.is_true(message:find("models_check_test.lua:", 1, true) ~= nil)
  end)
end)

t.finish()
