-- SPDX-License-Identifier: MIT
-- What the optimizer makes of lists of operations: fewer, in Django's order, with the same
-- result for state and database.
local t = require "harness"
require "migrations_world"
local migrations = require "perilune.migrations"
local models = require "perilune.models"
local optimizer = require "perilune._migrations.optimizer"
local states = require "perilune._migrations.state"
local writer = require "perilune._migrations.writer"
local describe, it, assert = t.describe, t.it, t.assert

local function field(options)
  return models.IntegerField(options or { null = true })
end

local function create(name, more)
  local fields = { { "id", models.BigAutoField { primary_key = true } } }
  table.move(more or {}, 1, #(more or {}), 2, fields)
  return migrations.CreateModel { name = name, fields = fields }
end

local function to(model)
  return models.ForeignKey(model, { on_delete = models.CASCADE, null = true, related_name = "+" })
end

local function add(model, name, f)
  return migrations.AddField { model_name = model, name = name, field = f or field() }
end

local function remove(model, name)
  return migrations.RemoveField { model_name = model, name = name }
end

local function state_text(operations)
  local state = states.new()
  for _, operation in ipairs(operations) do
    operation:state_forwards("shop", state)
  end
  local lines = {}
  for _, key in ipairs(state.order) do
    local model = state.models[key]
    for _, pair in ipairs(model.fields) do
      lines[#lines + 1] = key .. "." .. pair[1] .. " = " .. writer.value(pair[2])
    end
    for k, v in pairs(model.options) do
      lines[#lines + 1] = key .. " " .. k .. " = " .. writer.value(v)
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- The optimized list says `want` (descriptions with ";" between them), and means the same.
local function becomes(want, operations)
  local list, parts = optimizer(operations, "shop"), {}
  for i, operation in ipairs(list) do
    parts[i] = operation:describe()
  end
  assert.equal(want, table.concat(parts, "; "))
  assert.equal(state_text(operations), state_text(list))
  return list
end

describe("the optimizer", function()
  it("makes fields part of the creation, and takes away what goes again", function()
    becomes("Create model A", { create "A", add("a", "x"), add("a", "y"), remove("a", "x") })
    becomes("", { create "A", migrations.DeleteModel { name = "A" } })
    becomes("Create model B", { create "A", create "B", migrations.DeleteModel { name = "A" } })
    becomes("Create model B", { create "A", add("a", "x"), migrations.RenameModel { old_name = "A", new_name = "B" } })
    becomes("Create model A", { create("A", { { "x", field() } }), migrations.RenameField { model_name = "a", old_name = "x", new_name = "y" } })
    becomes("Create model A", { create("A", { { "x", field() } }), migrations.AlterField { model_name = "a", name = "x", field = models.TextField { null = true } } })
  end)

  it("keeps models before those that point at them, in Django's order", function()
    becomes("Create model B; Create model A", { create "A", create "B", add("a", "b", to "B") })
    becomes("Create model C; Create model B; Create model A", { create "A", create "B", create "C", add("b", "c", to "C"), add("a", "c", to "C") })
    becomes("Create model A; Create model B; Add field b to a", { create "A", create("B", { { "a", to "A" } }), add("a", "b", to "B") })
    becomes("Create model A; Create model B", { create "A", create("B", { { "a", to "shop.A" } }), add("a", "x") })
  end)

  it("makes what Meta holds part of the creation", function()
    local list = becomes("Create model A", {
      create("A", { { "x", field() } }),
      migrations.AddIndex { model_name = "a", index = models.Index { "x", name = "i" } },
      migrations.AddConstraint { model_name = "a", constraint = models.CheckConstraint { models.Q { x__gt = 0 }, name = "c" } },
      migrations.AlterUniqueTogether { name = "a", unique_together = { { "id", "x" } } },
      migrations.AlterModelOptions { name = "a", options = { ordering = { "x" } } },
      migrations.AlterModelTable { name = "a", table = "letters" },
      migrations.RenameIndex { model_name = "a", old_name = "i", new_name = "j" },
      migrations.RenameField { model_name = "a", old_name = "x", new_name = "y" },
    })
    assert.equal("y", list[1].options.indexes[1].fields[1])
    assert.equal("j", list[1].options.indexes[1].name)
    becomes("Create model A", {
      create("A", { { "x", field() } }), migrations.AddIndex { model_name = "a", index = models.Index { "x", name = "i" } }, migrations.RemoveIndex { model_name = "a", name = "i" },
    })
  end)

  it("goes over nothing that it does not know", function()
    local code = migrations.RunLua(function() end)
    becomes("Create model A; Raw Lua operation; Add field x to a", { create "A", code, add("a", "x") })
    local sql = migrations.RunSQL("SELECT 1", "", { elidable = true })
    becomes("Create model A", { create "A", sql, add("a", "x") })
  end)

  it("joins changes of one field, and of one name", function()
    local base = create("A", { { "x", field() } })
    local function tail(want, operations)
      local list, parts = optimizer(operations, "shop"), {}
      for i, operation in ipairs(list) do
        parts[i] = operation:describe()
      end
      assert.equal(want, table.concat(parts, "; "))
      assert.equal(state_text { base, table.unpack(operations) }, state_text { base, table.unpack(list) })
    end
    local alter = migrations.AlterField { model_name = "a", name = "x", field = models.TextField { null = true } }
    tail("Alter field x on a", { alter, migrations.AlterField { model_name = "a", name = "x", field = models.CharField { max_length = 5, null = true } } })
    tail("Remove field x from a", { alter, remove("a", "x") })
    tail("Rename field x on a to y; Alter field y on a", { alter, migrations.RenameField { model_name = "a", old_name = "x", new_name = "y" } })
    tail("Rename field x on a to z", { migrations.RenameField { model_name = "a", old_name = "x", new_name = "y" }, migrations.RenameField { model_name = "a", old_name = "y", new_name = "z" } })
    tail("Add field z to a", { add("a", "y"), migrations.RenameField { model_name = "a", old_name = "y", new_name = "z" } })
    tail("Rename model A to C", { migrations.RenameModel { old_name = "A", new_name = "B" }, migrations.RenameModel { old_name = "B", new_name = "C" } })
    tail("Delete model A", { migrations.AlterModelTable { name = "a", table = "x" }, remove("a", "x"), migrations.DeleteModel { name = "A" } })
    tail("Add field z to a; Remove field x from a", { add("a", "z"), add("a", "y"), remove("a", "y"), remove("a", "x") })
  end)
end)
t.finish()
