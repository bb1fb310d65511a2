-- SPDX-License-Identifier: MIT
local test = require "perilune.test"
local decimal = require "perilune.decimal"
local factories = require "shop.tests.factories"
local json = require "perilune.json"
local models = require "shop.models"
local time = require "perilune.time"
local describe, it, assert = test.describe, test.it, test.assert

local function with_file(text, fn)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, err = pcall(fn, path)
  os.remove(path)
  if not ok then
    error(err, 0)
  end
end

local function import(text, options)
  local out
  with_file(text, function(path)
    out = test.call_command("import_csv", path, options or {})
  end)
  return out
end

local HEAD = "name,price,category,stock_quantity\n"

describe("import_csv", function()
  it("makes products and their categories", function()
    local out = import(HEAD .. 'Lamp,10.50,Lamps,3\r\n"Boot, left",2,Boots,\n')
    assert.matches("2 created", out)
    local boot = models.Product.objects:get { name = "Boot, left" }
    assert.equal(decimal "2", boot.price)
    assert.equal("Boots", boot.category.name)
    assert.equal(3, models.Product.objects:get({ slug = "lamp" }).stock_quantity)
  end)

  it("changes them with --update", function()
    import(HEAD .. "Lamp,10.50,Lamps,3\n")
    assert.matches("1 updated", import(HEAD .. "Lamp,12.50,Lamps,3\n", { update = true }))
    assert.equal(decimal "12.50", models.Product.objects:get().price)
    assert.matches("1 unchanged", import(HEAD .. "Lamp,12.50,Lamps,3\n", { update = true }))
  end)

  it("writes nothing with --dry-run", function()
    assert.matches("dry run: 1 created", import(HEAD .. "Lamp,10.50,Lamps,3\n", { dry_run = true }))
    assert.equal(0, models.Product.objects:count())
  end)

  it("is all or nothing, with the lines that are wrong", function()
    local err = assert.raises("CommandError", function()
      import(HEAD .. "Lamp,10.50,Lamps,3\nBoot,cheap,Boots,-1\nTent\n")
    end)
    assert.matches("line 3: price: Enter an amount", err.message)
    assert.matches("line 3: stock_quantity: Enter a number from 0", err.message)
    assert.matches("line 4: 1 values for 4 columns", err.message)
    assert.equal(0, models.Product.objects:count())
    assert.equal(0, models.Category.objects:count())
  end)

  it("names what is wrong with the file", function()
    for text, words in pairs {
      [""] = "the file is empty",
      ["nam,price\n"] = "no column 'nam'",
      ["name,name\n"] = "twice",
      ["name\n"] = "'price' is missing",
      [HEAD .. '"Lamp,1,Lamps,1\n'] = "line 2: a quote is not closed",
    } do
      local err = assert.raises("CommandError", function()
        import(text)
      end)
      assert.matches(words, err.message)
    end
    assert.raises("CommandError", function()
      test.call_command("import_csv", "/nonexistent.csv")
    end)
  end)
end)

describe("export_data", function()
  it("writes CSV and JSON", function()
    local order = factories.order({ { factories.product { price = decimal "5.00" }, 2 } }, { customer_name = "=Ada" })
    local out = test.call_command "export_data"
    assert.matches(order.number, out)
    assert.matches(",'=Ada,", out) -- no formula for a spreadsheet
    local rows = json.decode((test.call_command("export_data", { format = "json" })))
    assert.equal(1, #rows)
    assert.equal(2, rows[1].items[1].quantity)
    assert.equal("10.00", rows[1].total_amount)
  end)

  it("filters", function()
    local product = factories.product()
    factories.order({ { product, 1 } }, { status = "pending" })
    local old = factories.order { { product, 1 } }
    models.Order.objects:filter({ pk = old.pk }):update { created_at = time.datetime(2020, 1, 31, 12, 0, 0, { tz = "UTC" }) }
    local function exported(...)
      return #json.decode((test.call_command("export_data", "--format", "json", ...)))
    end
    assert.equal(2, exported())
    assert.equal(1, exported("--status", "pending"))
    assert.equal(1, exported("--to", "2020-01-31"))
    assert.equal(0, exported("--from", "2020-02-01", "--to", "2020-03-01"))
    assert.raises("CommandError", function()
      exported("--from", "2020-02-01", "--to", "2020-01-01")
    end)
  end)
end)

describe("cleanup", function()
  it("deletes what is old", function()
    local product = factories.product()
    local old = factories.order({ { product, 1 } }, { status = "pending" })
    factories.order({ { product, 1 } }, { status = "pending" })
    models.Order.objects:filter({ pk = old.pk }):update { created_at = time.now() - time.timedelta { days = 60 } }
    assert.matches("would delete 1 unpaid", test.call_command("cleanup", { dry_run = true }))
    assert.equal(2, models.Order.objects:count())
    assert.matches("deleted 1 unpaid", test.call_command "cleanup")
    assert.equal(1, models.Order.objects:count())
  end)
end)

describe("seed_data", function()
  it("makes what was asked for, and the same each time", function()
    local function names()
      test.call_command("seed_data", { products = 20, orders = 30, clear = true, verbosity = 0 })
      return models.Product.objects:order_by("id"):values_list("name", { flat = true }):to_list()
    end
    local first = names()
    assert.equal(20, models.Product.objects:count())
    assert.equal(30, models.Order.objects:count())
    assert.same(first, names())
    for _, order in ipairs(models.Order.objects:prefetch_related "items") do
      local total = decimal "0"
      for _, item in ipairs(order.items:all()) do
        total = total + item:total()
      end
      assert.equal(total, order.total_amount)
    end
  end)

  it("leaves a shop alone with --if-empty", function()
    factories.product()
    test.call_command("seed_data", { if_empty = true })
    assert.equal(1, models.Product.objects:count())
  end)
end)

describe("other commands", function()
  it("tell how things are", function()
    assert.matches("ok   database", test.call_command "healthcheck")
    assert.is_true(json.decode((test.call_command("healthcheck", { json = true }))).ok)
    local product = factories.product { name = "Lamp" }
    product.price = decimal "11"
    product:save()
    local out = test.call_command "audit_report"
    assert.matches("Product Lamp was updated by system %(price: 10.00 → 11%)", out)
    assert.matches("entries of the catalog", test.call_command "warm_cache")
  end)
end)
