-- SPDX-License-Identifier: MIT
-- Operations of migrations on tables with rows, forward and back.
local t = require "harness"
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local migrations = require "perilune.migrations"
local models = require "perilune.models"
local world = require "migrations_world"
local describe, it, assert = t.describe, t.it, t.assert

local Q, F = models.Q, models.F

local function id()
  return { "id", models.BigAutoField { auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } }
end

local function raises(class, fn, text)
  local ok, err = pcall(fn)
  assert.is_false(ok)
  if not exceptions.is(err, class) or not err.message:find(text, 1, true) then
    error(("want a %s with %q, got %s"):format(class, text, tostring(err)), 2)
  end
end

-- Categories, tags, products with both, a table that points at products; 3 products.
local function shop(options)
  local h = world.history()
  h:step {
    migrations.CreateModel { name = "Category", fields = { id(), { "name", models.CharField { max_length = 50, unique = true } } } },
    migrations.CreateModel { name = "Tag", fields = { id(), { "name", models.CharField { max_length = 20, db_index = true } } } },
    migrations.CreateModel {
      name = "Product",
      fields = {
        id(),
        { "name", models.CharField { max_length = 200 } },
        { "category", models.ForeignKey("Category", { on_delete = models.CASCADE, related_name = "products" }) },
        { "price", models.DecimalField { max_digits = 10, decimal_places = 2 } },
        { "note", models.CharField { max_length = 20, null = true } },
        { "tags", models.ManyToManyField("Tag", {}) },
      },
      options = options or {
        indexes = { models.Index { "name", "-price", name = "name_price" } },
        constraints = { models.CheckConstraint { Q { price__gte = 0 }, name = "price_pos" } },
      },
    },
    migrations.CreateModel {
      name = "Item",
      fields = { id(), { "product", models.ForeignKey("Product", { on_delete = models.CASCADE }) }, { "n", models.IntegerField { default = 1 } } },
    },
  }
  local apps = h:apps()
  local c = apps:get_model("shop", "Category").objects:create { name = "books" }
  local tag = apps:get_model("shop", "Tag").objects:create { name = "new" }
  for i = 1, 3 do
    local p = apps:get_model("shop", "Product").objects:create { name = "p" .. i, category = c, price = i, note = i == 2 and "two" or nil }
    p.tags:add(tag)
    apps:get_model("shop", "Item").objects:create { product = p, n = i }
  end
  -- A row that is gone: its key must not come again.
  apps:get_model("shop", "Product").objects:create({ name = "gone", category = c, price = 9 }):delete()
  return h
end

local function column(name, table_name)
  local list = {}
  for i, row in ipairs(db.connection():query(('SELECT "%s" AS v FROM "%s" ORDER BY id'):format(name, table_name or "shop_product"))) do
    list[i] = tostring(row.v)
  end
  return table.concat(list, ",")
end

describe("AddField", function()
  local function add(name, field, more)
    local options = { model_name = "product", name = name, field = field }
    for k, v in pairs(more or {}) do
      options[k] = v
    end
    return migrations.AddField(options)
  end

  it("gives rows that are there NULL, a default, a value for now", function()
    local h = shop()
    h:step { add("a", models.IntegerField { null = true }) }
    h:step { add("b", models.IntegerField { default = 7 }) }
    h:step { add("c", models.CharField { max_length = 5, default = "it's" }, { preserve_default = false }) }
    h:step { add("d", models.TextField { blank = true }) }
    h:step { add("e", models.BooleanField { default = true }), add("f", models.JSONField { default = { 1 } }) }
    assert.equal("nil,nil,nil", column "a")
    assert.equal("7,7,7", column "b")
    assert.equal("it's,it's,it's", column "c")
    assert.equal(",,", column "d")
    assert.equal("true,true,true", column "e")
    assert.equal("[1],[1],[1]", column "f")
    assert.is_nil(h:state():get("shop", "product"):get_field("c").default)
    assert.equal(7, h:state():get("shop", "product"):get_field("b").default)
  end)

  it("makes unique and indexed columns, keys and join tables", function()
    local h = shop()
    h:step { add("a", models.CharField { max_length = 5, null = true, unique = true }) }
    h:step { add("b", models.IntegerField { null = true, db_index = true }) }
    h:step { add("c", models.ForeignKey("Tag", { null = true, on_delete = models.SET_NULL, related_name = "+" })) }
    h:step { add("d", models.ForeignKey("Tag", { default = 1, on_delete = models.CASCADE, related_name = "+" })) }
    h:step { add("e", models.OneToOneField("self", { null = true, on_delete = models.SET_NULL, related_name = "+" })) }
    h:step { add("f", models.ManyToManyField("Category", { related_name = "many" })) }
    h:step { add("g", models.ForeignKey("Tag", { null = true, on_delete = models.SET_NULL, related_name = "+", db_column = "gee", db_constraint = false })) }
    assert.equal("1,1,1", column "d_id")
  end)

  it("makes columns that the database fills", function()
    local h = shop()
    h:step { add("a", models.IntegerField { db_default = 3 }) }
    h:step { add("b", models.DateTimeField { db_default = models.functions.Now() }) }
    h:step { add("c", models.GeneratedField { expression = F "price" * 2, output_field = models.DecimalField { max_digits = 12, decimal_places = 2 }, db_persist = true }) }
    h:step { add("d", models.GeneratedField { expression = models.functions.Lower "name", output_field = models.CharField { max_length = 200 }, db_persist = false }) }
    h:step { add("e", models.GeneratedField { expression = F("name"):slice(2, 2), output_field = models.CharField { max_length = 1 }, db_persist = true }) }
    h:step { migrations.AddConstraint { model_name = "product", constraint = models.CheckConstraint { Q { name = F("name"):slice(1) } & Q { note__startswith = F("note"):slice(1, 1) }, name = "cut" } } }
    h:step { migrations.RenameField { model_name = "product", old_name = "name", new_name = "title" } }
    assert.equal("3,3,3", column "a")
    assert.equal("2,4,6", column "c")
    assert.equal("p1,p2,p3", column "d")
    assert.equal("1,2,3", column "e")
  end)
end)

describe("what a table cannot hold", function()
  it("is refused before any SQL runs, with the reason", function()
    local h = shop()
    local Item = h:apps():get_model("shop", "Item")
    local function refuses(operation, text)
      h:add { operation }
      raises("NotSupportedError", function()
        h:to(h.list[#h.list].name)
      end, text)
      h.list[#h.list] = nil
    end
    local function check(condition)
      return migrations.AddConstraint { model_name = "product", constraint = models.CheckConstraint { condition, name = "c" } }
    end
    refuses(check(models.Exists(Item.objects:all())), "a query (Subquery, Exists) cannot stand in a constraint")
    refuses(check(Q { price__gt = models.Window { models.functions.Rank(), order_by = "price" } }), "a Window cannot stand in a constraint")
    refuses(check(Q { price__gt = models.Max "price" }), "an aggregate cannot stand in a constraint")
    refuses(migrations.AddField { model_name = "product", name = "x", field = models.GeneratedField { expression = F("price"):slice(1, 2), output_field = models.CharField { max_length = 2 }, db_persist = true } }, "DecimalField does not support slicing")
    assert.equal("1,2,3", column "id")
  end)
end)

describe("RemoveField", function()
  it("that is taken back wants a value for the rows that are there", function()
    local h = shop()
    local before = h.list[#h.list].name
    h:add { migrations.RemoveField { model_name = "item", name = "product" } }
    h:to(h.list[#h.list].name)
    raises("IntegrityError", function()
      h:to(before)
    end, "the rows that are there have no value for 'product', which has no default")
  end)

  it("takes the column, its index, its join table", function()
    local h = shop()
    h:step({ migrations.RemoveField { model_name = "product", name = "note" } }, { lossy = { note = true } })
    h:step({ migrations.RemoveField { model_name = "item", name = "n" } }, { lossy = { n = true } })
    h:step({ migrations.RemoveField { model_name = "tag", name = "name" } }, { forward_only = true })
    h:step({ migrations.RemoveField { model_name = "product", name = "tags" } }, { forward_only = true })
    assert.equal("1,2,3", column "id")
  end)
end)

describe("AlterField", function()
  local function alter(name, field, more)
    local options = { model_name = "product", name = name, field = field }
    for k, v in pairs(more or {}) do
      options[k] = v
    end
    return migrations.AlterField(options)
  end

  it("makes a column NOT NULL, with a value for rows without one", function()
    local h = shop()
    h:step({ alter("note", models.CharField { max_length = 20, default = "none" }, { preserve_default = false }) }, { lossy = { note = true } })
    assert.equal("none,two,none", column "note")
    assert.is_nil(h:state():get("shop", "product"):get_field("note").default)
  end)

  it("refuses NULLs that have no value, and leaves all as it was", function()
    local h = shop()
    local before, rows = world.schema(), world.rows()
    h:add { alter("note", models.CharField { max_length = 20 }) }
    raises("IntegrityError", function() h:to "0002_step" end, "NOT NULL")
    assert.equal(before, world.schema())
    assert.equal(rows, world.rows())
    assert.equal(1, db.connection():query("PRAGMA foreign_keys")[1].foreign_keys)
  end)

  it("changes types, uniqueness, indexes, names of columns, relations", function()
    local h = shop()
    h:step { alter("name", models.TextField {}) }
    h:step { alter("name", models.CharField { max_length = 100, unique = true }) }
    h:step { alter("name", models.CharField { max_length = 100, db_index = true, db_column = "title" }) }
    h:step { alter("price", models.IntegerField {}) }
    h:step { alter("category", models.ForeignKey("Category", { on_delete = models.PROTECT, db_constraint = false })) }
    h:step { alter("category", models.ForeignKey("Tag", { on_delete = models.PROTECT, db_index = false, related_name = "a" })) }
    h:step { alter("category", models.ForeignKey("Tag", { on_delete = models.PROTECT, null = true, related_name = "b" })) }
  end)

  it("changes collations", function()
    local h = shop()
    h:step { alter("name", models.CharField { max_length = 100, db_collation = "NOCASE" }) }
    assert.equal(1, #db.connection():query "SELECT 1 AS one FROM shop_product WHERE name = 'P1'")
  end)

  it("changes keys, and columns that point at them", function()
    local h = shop()
    h:step {
      migrations.AlterField { model_name = "product", name = "id", field = models.IntegerField { primary_key = true } },
    }
    h:step {
      migrations.AlterField { model_name = "category", name = "id", field = models.CharField { max_length = 9, primary_key = true } },
    }
    assert.equal("1,1,1", column "category_id")
  end)

  it("changes what only the state knows without touching the table", function()
    local h = shop()
    h:add { alter("name", models.CharField { max_length = 200, verbose_name = "title", help_text = "x", choices = { { "a", "b" } } }) }
    local executor = h:executor()
    assert.equal("--\n-- Alter field name on product\n--\n-- (no-op)", table.concat(executor:sql(h.list[2], false), "\n"))
    h:to "0002_step"
  end)
end)

describe("renames", function()
  it("of fields keep values, indexes and constraints", function()
    local h = shop {
      indexes = { models.Index { "name", "-price", name = "name_price" }, models.Index { "note", name = "partial", condition = Q { price__gt = 1 } } },
      constraints = {
        models.CheckConstraint { Q { price__gte = 0 } | Q { name = "free" }, name = "price_pos" },
        models.UniqueConstraint { "name", "price", name = "uniq" },
      },
      unique_together = { { "name", "category" } },
    }
    h:step { migrations.RenameField { model_name = "product", old_name = "price", new_name = "cost" } }
    h:step { migrations.RenameField { model_name = "product", old_name = "name", new_name = "title" } }
    h:step { migrations.RenameField { model_name = "product", old_name = "category", new_name = "kind" } }
    h:step { migrations.RenameField { model_name = "product", old_name = "tags", new_name = "labels" } }
    assert.equal("1,2,3", column "cost")
    assert.equal(3, #db.connection():query "SELECT * FROM shop_product_labels")
  end)

  it("of models take along join tables and what points at them", function()
    local h = shop()
    h:step { migrations.RenameModel { old_name = "Product", new_name = "Article" } }
    h:step { migrations.RenameModel { old_name = "Tag", new_name = "Label" } }
    assert.equal(3, #db.connection():query "SELECT article_id, label_id FROM shop_article_tags")
    local apps = h:apps()
    assert.equal("new", apps:get_model("shop", "Article").objects:get({ pk = 1 }).tags:get().name)
    apps:get_model("shop", "Article").objects:get({ pk = 1 }):delete()
    assert.equal(2, #db.connection():query "SELECT * FROM shop_item")
  end)

  it("of tables", function()
    local h = shop()
    h:step { migrations.AlterModelTable { name = "product", table = "things" } }
    assert.equal(3, #db.connection():query "SELECT product_id, tag_id FROM things_tags")
    h:step { migrations.AlterModelTable { name = "product", table = "" } }
  end)
end)

describe("indexes and constraints", function()
  it("come and go", function()
    local h = shop()
    h:step { migrations.AddIndex { model_name = "product", index = models.Index { "note", name = "n1", condition = Q { note__isnull = false } } } }
    h:step { migrations.AddIndex { model_name = "product", index = models.Index { models.functions.Lower "name", name = "n2" } } }
    h:step { migrations.RemoveIndex { model_name = "product", name = "name_price" } }
    h:step { migrations.RenameIndex { model_name = "product", old_name = "n1", new_name = "n3" } }
    h:step { migrations.AddConstraint { model_name = "product", constraint = models.CheckConstraint { ~Q { name = "" }, name = "named" } } }
    h:step { migrations.AddConstraint { model_name = "product", constraint = models.UniqueConstraint { "name", "price", name = "u1" } } }
    h:step { migrations.AddConstraint { model_name = "product", constraint = models.UniqueConstraint { "name", name = "u2", condition = Q { price__gt = 1 } } } }
    h:step { migrations.AddConstraint { model_name = "product", constraint = models.UniqueConstraint { models.functions.Lower "name", name = "u3" } } }
    h:step { migrations.RemoveConstraint { model_name = "product", name = "price_pos" } }
    h:step { migrations.RemoveConstraint { model_name = "product", name = "u2" } }
    h:step { migrations.AlterUniqueTogether { name = "product", unique_together = { { "name", "category" }, { "note", "price" } } } }
    h:step { migrations.AlterUniqueTogether { name = "product", unique_together = { { "note", "price" } } } }
    h:step { migrations.AlterUniqueTogether { name = "product", unique_together = {} } }
  end)

  it("that rows break are refused, and nothing changes", function()
    local h = shop()
    local before, rows = world.schema(), world.rows()
    h:add { migrations.AddConstraint { model_name = "product", constraint = models.CheckConstraint { Q { price__gt = 2 }, name = "dear" } } }
    raises("IntegrityError", function() h:to "0002_step" end, "dear")
    assert.equal(before, world.schema())
    assert.equal(rows, world.rows())
  end)

  it("unknown names are said", function()
    local h = shop()
    h:add { migrations.RemoveIndex { model_name = "product", name = "nme_price" } }
    raises("ValueError", function() h:to "0002_step" end, "nme_price")
  end)
end)

describe("rebuilding a table", function()
  it("keeps triggers, views, keys that are used up, and fires no cascade", function()
    local h = shop()
    local c = db.connection()
    c:execute "CREATE TABLE log (what text)"
    c:execute "CREATE TRIGGER deleted AFTER DELETE ON shop_product BEGIN INSERT INTO log VALUES (old.name); END"
    c:execute "CREATE TRIGGER elsewhere AFTER INSERT ON shop_item BEGIN UPDATE shop_product SET note = 'x' WHERE id = new.product_id; END"
    c:execute "CREATE VIEW dear AS SELECT name FROM shop_product WHERE price > 1"
    local items = world.rows()
    h:step({ migrations.AddField { model_name = "product", name = "x", field = models.IntegerField { default = 1 } } }, { own_sql = true })
    assert.equal(0, #c:query "SELECT * FROM log")
    assert.equal(2, #c:query "SELECT * FROM dear")
    assert.equal(items, world.rows { x = true })
    c:execute "DELETE FROM shop_item"
    c:execute "DELETE FROM shop_product_tags"
    c:execute "DELETE FROM shop_product WHERE id = 1"
    assert.equal("p1", c:query("SELECT what FROM log")[1].what)
    local apps = h:apps()
    local p = apps:get_model("shop", "Product").objects:create { name = "next", category_id = 1, price = 1 }
    assert.equal(5, p.pk)
  end)

  it("refuses rows that point at nothing before the commit", function()
    local h = shop()
    local before = world.schema()
    h:add { migrations.AddField { model_name = "product", name = "d", field = models.ForeignKey("Tag", { default = 99, on_delete = models.CASCADE, related_name = "+" }) } }
    raises("IntegrityError", function() h:to "0002_step" end, "shop_tag")
    assert.equal(before, world.schema())
  end)
end)

describe("order_with_respect_to", function()
  it("comes and goes with its column", function()
    local h = shop()
    h:step { migrations.AlterOrderWithRespectTo { name = "item", order_with_respect_to = "product" } }
    assert.equal("0,0,0", column("_order", "shop_item"))
    h:step({ migrations.AlterOrderWithRespectTo { name = "item", order_with_respect_to = false } }, { lossy = { _order = true } })
  end)
end)

describe("RunLua, RunSQL, SeparateDatabaseAndState", function()
  it("have the models of their time", function()
    local h = shop()
    h:step {
      migrations.RunLua(function(apps, schema)
        assert.equal("default", schema.alias)
        for _, p in ipairs(apps:get_model("shop", "Product").objects:all()) do
          p.note = p.category.name
          p:save()
        end
      end, function(apps)
        apps:get_model("shop.Product").objects:update { note = models.Case { models.When(Q { pk = 2 }, models.Value "two"), default = models.Value(require "perilune.null") } }
      end),
    }
    assert.equal("books,books,books", column "note")
  end)

  it("run SQL with values, several statements, and backwards", function()
    local h = shop()
    h:step {
      migrations.RunSQL({ { "UPDATE shop_product SET note = ? WHERE id = ?", { "a;b?", 1 } }, "UPDATE shop_item SET n = n + 1; UPDATE shop_item SET n = n + 1" },
        "UPDATE shop_product SET note = NULL WHERE id = 1; UPDATE shop_item SET n = n - 2;"),
    }
    assert.equal("a;b?,two,nil", column "note")
    assert.equal("3,4,5", column("n", "shop_item"))
    h:add { migrations.RunSQL "SELECT 1" }
    h:to "0003_step"
    raises("IrreversibleError", function() h:to "0002_step" end, "not reversible")
  end)

  it("are undone as a whole when one of them fails", function()
    local h = shop()
    local before, rows = world.schema(), world.rows()
    h:add {
      migrations.AddField { model_name = "product", name = "x", field = models.IntegerField { default = 1 } },
      migrations.RunSQL "UPDATE shop_product SET note = 'changed'",
      migrations.RunLua(function() error "on purpose" end),
    }
    local ok, err = pcall(h.to, h, "0002_step")
    assert.is_false(ok)
    assert.is_true(tostring(err):find("shop.0002_step", 1, true) ~= nil and tostring(err):find("on purpose", 1, true) ~= nil)
    assert.equal(before, world.schema())
    assert.equal(rows, world.rows())
    assert.equal(1, #db.connection():query "SELECT * FROM django_migrations")
  end)

  it("change the state and the database apart", function()
    local h = shop()
    h:step({
      migrations.SeparateDatabaseAndState {
        database_operations = { migrations.RunSQL("ALTER TABLE shop_product_tags RENAME TO shop_labelled", "ALTER TABLE shop_labelled RENAME TO shop_product_tags") },
        state_operations = {
          migrations.AlterField { model_name = "product", name = "tags", field = models.ManyToManyField("Tag", { db_table = "shop_labelled" }) },
        },
      },
    }, { own_sql = true })
  end)
end)

describe("CreateModel, DeleteModel", function()
  it("with inheritance, a proxy, a through model", function()
    local h = shop()
    h:step {
      migrations.CreateModel {
        name = "Special", bases = { "shop.Product" },
        fields = {
          { "product_ptr", models.OneToOneField("shop.Product", { auto_created = true, on_delete = models.CASCADE, parent_link = true, primary_key = true, serialize = false }) },
          { "discount", models.FloatField { default = 0.5 } },
        },
      },
      migrations.CreateModel { name = "Cheap", fields = {}, options = { proxy = true }, bases = { "shop.Product" } },
      migrations.CreateModel { name = "Far", fields = { id() }, options = { managed = false } },
    }
    h:step { migrations.AddField { model_name = "product", name = "z", field = models.IntegerField { default = 0 } } }
    h:step { migrations.RenameField { model_name = "product", old_name = "z", new_name = "y" } }
    h:step { migrations.DeleteModel { name = "Cheap" }, migrations.DeleteModel { name = "Special" }, migrations.DeleteModel { name = "Far" } }
    h:step({ migrations.DeleteModel { name = "Item" } }, { forward_only = true })
    assert.equal("1,2,3", column "id")
  end)
end)

describe("keys of several columns", function()
  it("stay through all that happens to their tables", function()
    local h = world.history()
    h:step {
      migrations.CreateModel {
        name = "Pair",
        fields = { { "pk", models.CompositePrimaryKey("a", "b") }, { "a", models.IntegerField {} }, { "b", models.CharField { max_length = 5 } } },
        options = { constraints = { models.CheckConstraint { Q { a__gt = 0 }, name = "positive" } } },
      },
    }
    local Pair = h:apps():get_model("shop", "Pair")
    Pair.objects:create { a = 1, b = "x" }
    Pair.objects:create { a = 1, b = "y" }
    h:step { migrations.AddField { model_name = "pair", name = "c", field = models.IntegerField { default = 3 } } }
    h:step { migrations.RenameField { model_name = "pair", old_name = "a", new_name = "first" } }
    h:step { migrations.AlterField { model_name = "pair", name = "b", field = models.CharField { max_length = 50 } } }
    h:step { migrations.AddField { model_name = "pair", name = "sum", field = models.GeneratedField { expression = F "first" + F "c", output_field = models.IntegerField {}, db_persist = false } } }
    h:step { migrations.RenameField { model_name = "pair", old_name = "c", new_name = "third" } }
    h:step { migrations.RenameModel { old_name = "Pair", new_name = "Two" } }
    local row = h:apps():get_model("shop", "Two").objects:get { pk = { 1, "y" } }
    assert.equal(4, row.sum)
    assert.equal(3, row.third)
    local ok = pcall(function()
      db.execute("INSERT INTO shop_two (first, b, third) VALUES (1, 'y', 0)")
    end)
    assert.is_false(ok)
    h:step({ migrations.DeleteModel { name = "Two" } }, { lossy = { first = true, b = true, third = true, sum = true }, forward_only = true })
  end)
end)

describe("a key that moves to another column", function()
  it("takes the rows along, forward and back", function()
    local h = shop()
    local link = { on_delete = models.CASCADE }
    h:step { migrations.CreateModel { name = "Cover", fields = { { "product", models.OneToOneField("Product", { on_delete = models.CASCADE, primary_key = true }) }, { "path", models.CharField { max_length = 9, default = "" } } } } }
    for i = 1, 3 do
      h:apps():get_model("shop", "Cover").objects:create { product_id = i, path = "c" .. i }
    end
    h:step({ migrations.AddField { model_name = "cover", name = "id", field = id()[2] }, migrations.AlterField { model_name = "cover", name = "product", field = models.ForeignKey("Product", link) } })
    local Cover = h:apps():get_model("shop", "Cover")
    assert.equal("c2", Cover.objects:get({ pk = 2 }).path)
    Cover.objects:create { product_id = 2, path = "second" }
    assert.equal(2, Cover.objects:filter({ product_id = 2 }):count())
    Cover.objects:filter({ path = "second" }):delete()
    h:step { migrations.AddField { model_name = "cover", name = "code", field = models.CharField { max_length = 9, default = "x", null = true } } }
    db.execute "UPDATE shop_cover SET code = path"
    h:step({ migrations.RemoveField { model_name = "cover", name = "id" }, migrations.AlterField { model_name = "cover", name = "code", field = models.CharField { max_length = 9, primary_key = true } } }, { lossy = { id = true } })
    assert.equal(2, h:apps():get_model("shop", "Cover").objects:get({ pk = "c2" }).product_id)
  end)
end)

describe("keys of several columns that come and go", function()
  it("take the rows along, and say when two have the same", function()
    local h = world.history()
    h:step {
      migrations.CreateModel { name = "Pair", fields = { id(), { "a", models.IntegerField {} }, { "b", models.CharField { max_length = 5, db_index = true } } } },
    }
    for i = 1, 3 do
      h:apps():get_model("shop", "Pair").objects:create { a = i, b = "x" }
    end
    h:step { migrations.RemoveField { model_name = "pair", name = "id" }, migrations.AddField { model_name = "pair", name = "pk", field = models.CompositePrimaryKey("a", "b") } }
    assert.equal(2, h:apps():get_model("shop", "Pair").objects:get({ pk = { 2, "x" } }).a)
    assert.is_false(pcall(db.execute, "INSERT INTO shop_pair (a, b) VALUES (1, 'x')"))
    h:step { migrations.AddField { model_name = "pair", name = "c", field = models.IntegerField { default = 7 } }, migrations.AlterField { model_name = "pair", name = "pk", field = models.CompositePrimaryKey("a", "b", "c") } }
    assert.same({ 3, "x", 7 }, h:apps():get_model("shop", "Pair").objects:get({ pk = { 3, "x", 7 } }).pk)
    h:add { migrations.AlterField { model_name = "pair", name = "pk", field = models.CompositePrimaryKey("b", "c") } }
    raises("IntegrityError", function()
      h:to(h.list[#h.list].name)
    end, "UNIQUE constraint failed: shop_pair.b, shop_pair.c")
    h.list[#h.list] = nil
    h:step { migrations.RemoveField { model_name = "pair", name = "pk" }, migrations.AddField { model_name = "pair", name = "id", field = id()[2] } }
    assert.equal(1, h:apps():get_model("shop", "Pair").objects:get({ pk = 1 }).a)
  end)
end)

describe("names", function()
  it("of models and fields in files are checked before any SQL runs", function()
    local h = world.history()
    h:step { migrations.CreateModel { name = "Good", fields = { id(), { "f", models.IntegerField { null = true } } } } }
    local before = world.schema()
    for _, bad in ipairs { "a b", 'x"y', "x; DROP TABLE shop_good; --", "x--", "1x", "x'y", "", "a.b", "a\0b", "a(b", "f\n" } do
      for _, operation in ipairs {
        migrations.CreateModel { name = bad, fields = { id() } },
        migrations.CreateModel { name = "T", fields = { id(), { bad, models.IntegerField {} } } },
        migrations.AddField { model_name = "good", name = bad, field = models.IntegerField { null = true } },
        migrations.RenameField { model_name = "good", old_name = "f", new_name = bad },
        migrations.RenameModel { old_name = "Good", new_name = bad },
      } do
        h:add { operation }
        local ok, err = pcall(h.to, h, h.list[#h.list].name)
        h.list[#h.list] = nil
        assert.is_false(ok)
        if not tostring(err):find("is no name for a", 1, true) then
          error(("%s with %q: %s"):format(operation.class_name, bad, tostring(err)))
        end
        assert.equal(before, world.schema())
      end
    end
  end)

  it("of tables, columns, indexes and constraints may be anything: quotes are doubled", function()
    local h = world.history()
    local function ends(name)
      return h:apps():get_model("shop", name)
    end
    h:step {
      migrations.CreateModel {
        name = "Odd",
        fields = {
          id(), { "f", models.IntegerField { db_column = 'co"l; --' } }, { "g", models.CharField { max_length = 9, db_column = "it's", db_index = true, default = "x" } },
          { "me", models.ForeignKey("self", { null = true, on_delete = models.CASCADE, db_column = 'm"e' }) }, { "many", models.ManyToManyField("self", { db_table = 'jo"in' }) },
        },
        options = {
          db_table = 'we"ird) DROP', unique_together = { { "f", "g" } }, indexes = { models.Index { "-f", name = 'i"x' } },
          constraints = { models.CheckConstraint { Q { f__gt = 0 }, name = 'c"k' }, models.UniqueConstraint { "f", name = 'u"q', condition = Q { g = "'\"" } } },
        },
      },
    }
    local Odd = ends "Odd"
    local a = Odd.objects:create { f = 1 }
    local b = Odd.objects:create { f = 2, me = a, g = "'\"" }
    a.many:add(b)
    assert.equal(1, Odd.objects:filter({ many__f = 2, me__isnull = true }):count())
    assert.equal(1, Odd.objects:filter({ me__g = "x" }):update { f = 3 })
    assert.same({ 1, 3 }, Odd.objects:order_by("f"):values_list("f", { flat = true }):to_list())
    raises("IntegrityError", function() Odd.objects:create { f = 0 } end, 'c"k')
    h:step { migrations.AlterField { model_name = "odd", name = "f", field = models.BigIntegerField { db_column = 'co"l; --', null = true } } }
    h:step { migrations.AlterField { model_name = "odd", name = "f", field = models.BigIntegerField { db_column = 'n"ew', null = true } } }
    h:step { migrations.AlterModelTable { name = "odd", table = 'o"the"r' } }
    assert.equal(3, ends("Odd").objects:get({ me__isnull = false }).f)
    assert.equal(2, #db.connection():query 'SELECT * FROM "jo""in"')
    h:step({ migrations.DeleteModel { name = "Odd" } }, { forward_only = true })
  end)
end)

describe("what an author hangs on a table", function()
  it("stays when the table is made anew, and goes with its column", function()
    local h = shop {}
    local function names(kind)
      local list = {}
      for _, row in ipairs(db.connection():query("SELECT name FROM sqlite_master WHERE type = ? AND name LIKE 'my@_%' ESCAPE '@' ORDER BY name", { kind })) do
        list[#list + 1] = row.name
      end
      return table.concat(list, ",")
    end
    h:add { migrations.RunSQL([[CREATE INDEX my_note ON shop_product (note); CREATE UNIQUE INDEX my_both ON shop_product (name, note) WHERE note IS NOT NULL;
      CREATE INDEX my_lower ON shop_product (lower(name)); CREATE VIEW my_view AS SELECT name FROM shop_product;
      CREATE TRIGGER my_trigger AFTER INSERT ON shop_product BEGIN SELECT 1; END]], "") }
    h:to "0002_step"
    h:add { migrations.AlterField { model_name = "product", name = "name", field = models.CharField { max_length = 77, db_index = true } } }
    h:to "0003_step"
    assert.equal("my_both,my_lower,my_note", names "index")
    assert.equal("my_trigger", names "trigger")
    h:add { migrations.RemoveField { model_name = "product", name = "note" } }
    h:to "0004_step"
    assert.equal("my_lower", names "index")
    assert.equal("my_view", names "view")
    h:add { migrations.RemoveField { model_name = "product", name = "name" } }
    raises("DatabaseError", function() h:to "0005_step" end, "'my_lower', which hangs on table 'shop_product', does not fit any more")
    assert.equal("my_lower", names "index")
  end)
end)

t.finish()
