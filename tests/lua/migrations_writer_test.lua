-- SPDX-License-Identifier: MIT
-- Models with all kinds of fields, options and expressions: what is written into a migration
-- is read back as the same, and no change is seen where there is none.
local t = require "harness"
require "migrations_world"
local autodetector = require "perilune._migrations.autodetector"
local decimal = require "perilune.decimal"
local models = require "perilune.models"
local null = require "perilune.null"
local registries = require "perilune._models.registry"
local states = require "perilune._migrations.state"
local time = require "perilune.time"
local writer = require "perilune._migrations.writer"
local describe, it, assert = t.describe, t.it, t.assert

local F, Q, Value, functions = models.F, models.Q, models.Value, models.functions

local function text_of(state)
  local quiet = require("perilune._migrations.questioner").new(nil, print)
  local chunks = autodetector.new(states.new(), state, quiet):changes()
  local texts = {}
  for i, chunk in ipairs(chunks) do
    texts[i] = writer.text { operations = chunk.operations, dependencies = {} }
  end
  return texts
end

-- What the written files make of nothing.
local function read_back(texts)
  local state = states.new()
  for _, text in ipairs(texts) do
    local chunk = assert(load(text, "=migration", "t"), text)
    for _, operation in ipairs(chunk().operations) do
      operation:state_forwards("shop", state)
    end
  end
  return state
end

local function changes(from, to)
  local texts = {}
  local quiet = require("perilune._migrations.questioner").new(nil, print)
  for i, chunk in ipairs(autodetector.new(from, to, quiet):changes()) do
    texts[i] = writer.text { operations = chunk.operations, dependencies = {} }
  end
  return table.concat(texts, "\n")
end

local function round_trip(...)
  local state = states.new()
  for _, class in ipairs { ... } do
    state:add_model(states.from_model(class))
  end
  local texts = text_of(state)
  assert.equal("", changes(read_back(texts), state))
  assert.equal(table.concat(texts, "\n"), table.concat(text_of(read_back(texts)), "\n"))
  return table.concat(texts, "\n")
end

local Meta = { app_label = "shop" }

describe("the writer", function()
  local validators = require "perilune.validators"
  local Other = models.Model("Other", { code = models.CharField { max_length = 5, unique = true }, Meta = Meta })
  local All = models.Model("All", {
    big = models.BigIntegerField { default = -5, help_text = "a \"quoted\"\n\ttext\0", verbose_name = "größe" },
    small = models.SmallIntegerField { db_index = true, db_column = "end" },
    positive = models.PositiveIntegerField { null = true, blank = true, choices = { { 1, "one" }, { 2, "two" }, { "more", { { 3, "three" } } } } },
    pbig = models.PositiveBigIntegerField { default = 1 << 62 },
    psmall = models.PositiveSmallIntegerField { editable = false, default = 0 },
    float = models.FloatField { default = 0.1 },
    whole = models.FloatField { default = 1e300 },
    decimal = models.DecimalField { max_digits = 20, decimal_places = 10, default = decimal "0.0000000001" },
    bool = models.BooleanField { default = false },
    null_bool = models.BooleanField { null = true },
    char = models.CharField { max_length = 10, default = "it's", db_collation = "NOCASE", unique = true },
    ["function"] = models.CharField { max_length = 10, validators = { validators.validate_slug, validators.MinLengthValidator(2), validators.RegexValidator("^a", { message = "no" }) } },
    text = models.TextField { blank = true },
    slug = models.SlugField {},
    url = models.URLField { max_length = 300 },
    email = models.EmailField { error_messages = { unique = "taken" } },
    uuid = models.UUIDField { null = true, db_default = null },
    binary = models.BinaryField { default = "\0\255\n" },
    date = models.DateField { default = time.date(2024, 2, 29), unique_for_date = nil },
    time = models.TimeField { auto_now = true },
    datetime = models.DateTimeField { auto_now_add = true },
    at = models.DateTimeField { default = time.parse_datetime "2024-02-29T13:05:07.000120Z" },
    duration = models.DurationField { default = time.timedelta { days = -1, seconds = 3, microseconds = 7 } },
    json = models.JSONField { default = { a = { 1, 2.5, true, null }, ["b c"] = {} } },
    ip = models.GenericIPAddressField { protocol = "IPv6", null = true },
    file = models.FileField { upload_to = "files/%Y" },
    path = models.FilePathField { path = "/tmp", recursive = true },
    now = models.DateTimeField { db_default = functions.Now() },
    n = models.IntegerField { db_default = Value(5) + 1 },
    plain = models.IntegerField { db_default = 7 },
    generated = models.GeneratedField { expression = F "big" * 2 + F "small", output_field = models.BigIntegerField {}, db_persist = true },
    other = models.ForeignKey(Other, { on_delete = models.SET_NULL, null = true, to_field = "code", related_name = "alls", limit_choices_to = { code = "x" } }),
    set = models.ForeignKey("Other", { on_delete = models.SET(1), related_name = "+", db_constraint = false }),
    one = models.OneToOneField("self", { on_delete = models.DO_NOTHING, null = true, related_query_name = "ones" }),
    many = models.ManyToManyField(Other, { related_name = "+", db_table = "joined" }),
    symmetrical = models.ManyToManyField("self", { symmetrical = false, related_name = "back" }),
    Meta = {
      app_label = "shop", db_table = "everything", ordering = { "-big", F("small"):desc { nulls_last = true } }, get_latest_by = { "date", "id" },
      verbose_name = "all", verbose_name_plural = "alls", default_permissions = {}, permissions = { { "do_it", "Can do it" } },
      unique_together = { "big", "small" },
      indexes = {
        models.Index { "big", "-small" },
        models.Index { functions.Lower("char"):desc(), functions.Upper "text", name = "lower" },
        models.Index { "date", name = "dated", condition = Q { date__gt = time.date(2020, 1, 1) } & ~Q { bool = true } },
      },
      constraints = {
        models.CheckConstraint { Q { big__gte = F "small" + 1 } | Q { char__in = { "a", "b" } } | ~(Q { text = "x" } & Q { slug__startswith = "s_" }), name = "c1" },
        models.CheckConstraint { Q { decimal__range = { decimal "0.5", decimal "10" } }, name = "c2", violation_error_message = "no" },
        models.CheckConstraint { Q { positive__isnull = true } | Q { positive__lte = functions.Abs(F "big") }, name = "c3" },
        models.UniqueConstraint { "big", "date", name = "u1", include = { "text" }, deferrable = nil },
        models.UniqueConstraint { functions.Lower "slug", "url", name = "u2", nulls_distinct = false },
      },
    },
  })

  it("writes every kind of field, option and expression, and reads it as the same", function()
    registries.project:world()
    local text = round_trip(Other, All)
    for _, want in ipairs {
      'models.Q{ big__gte = (models.F "small" + 1) }', "default = 0.1 ", 'decimal "', "models.SET(1)", '"\\0\\255\\n"', "require(\"perilune.validators\").validate_slug",
      "time.date(2024, 2, 29)", "models.functions.Now()", 'models.F "small"', "nulls_last = true", "default_permissions = {}",
    } do
      if not text:find(want, 1, true) then
        error(want .. " is not in\n" .. text)
      end
    end
  end)

  it("writes expressions that mean the same", function()
    local null_value = null
    local world = registries.project:world()
    local id = All._meta.world_id
    local env = { models = models, decimal = decimal, time = time, null = null, require = require }
    for i, e in ipairs {
      F "big" - 1, 1 - F "big", (F "big" + 1) * F "small", F "big" % 3, F "big" ^ 2, -F "big", F("big"):bitand(3), Value(6):bitor(1), Value(2) * 3,
      Value "x", Value(null_value), Value(true), Value(decimal "1.5"), Value(time.date(2024, 1, 2)),
      functions.Coalesce("text", "char", Value "none"), functions.Concat("char", Value "-", "text"), functions.Round("float", 2),
      functions.Upper(functions.Trim "char"), functions.Substr("char", 1, 2), functions.Length "text", functions.ExtractYear "date", functions.TruncMonth "date", functions.TruncDate("datetime", { tzinfo = "Europe/Paris" }),
      functions.Greatest("big", "small"), functions.Now(), functions.NullIf("char", Value "a"),
      models.Case { models.When(Q { big__gt = 5 }, models.Value "much"), models.When(Q { bool = true }, F "char"), default = Value "" },
      models.Cast("char", models.IntegerField {}), models.Cast("big", models.CharField { max_length = 5 }),
      models.ExpressionWrapper(F "big" * 2, { output_field = models.DecimalField { max_digits = 5, decimal_places = 1 } }),
      models.ExpressionWrapper(Q { big__gt = 5 }, { output_field = models.BooleanField {} }),
      Q { big = 1, small = 2 }, Q { big__in = { 1, 2 } }, ~Q { big = 1 }, ~~Q { big = 1 }, Q { big = 1 } ~ Q { small = 2 }, Q { date__year__gt = 2000 },
      Q { text__contains = "a%b_c\\" }, Q { char__iexact = "É" }, Q { datetime__date = time.date(2024, 1, 1) }, Q { char = F "text" }, Q { json__a__b = 1 },
      Q { big__range = { 1, F "small" } }, Q { char__regex = "^a" }, F("big"):asc(), F("big"):desc { nulls_first = true },
    } do
      local text = writer.value(e)
      local chunk, problem = load("local models, decimal, time, null = ... return " .. text, "=source", "t", env)
      if not chunk then
        error(i .. ": " .. text .. ": " .. problem)
      end
      local ok, again = pcall(chunk, models, decimal, time, null)
      if not ok then
        error(text .. ": " .. tostring(again))
      end
      assert.equal(text, writer.value(again))
      assert.equal(e.hash, again.hash)
      local sql_ok, sql = pcall(world.schema_sql, world, id, e)
      if sql_ok then
        assert.equal(sql, world:schema_sql(id, again))
      end
    end
  end)

  it("writes windows, aggregates and slices, which an ordering may have", function()
    local chunk_env = { models = models, require = require }
    for _, e in ipairs {
      F("char"):slice(2, 4), F("text"):slice(3), Q { char = F("text"):slice(1, 1) },
      models.Window { functions.RowNumber() }, models.Window { functions.Rank(), partition_by = { F "bool", "date" }, order_by = F("big"):desc { nulls_last = true } },
      models.Window { models.Sum "big", order_by = { "date", "-small" }, frame = models.RowRange { start = nil, finish = 0 } },
      models.Window { models.Avg("float", { filter = Q { bool = true } }), partition_by = "bool", order_by = "date", frame = models.ValueRange {} },
      models.Window { functions.Lag("big", 2), order_by = "id", frame = models.RowRange { start = -3, finish = 3, exclusion = "CURRENT ROW" } },
      models.Count("big", { distinct = true, filter = Q { small__gt = 1 } | Q { bool = true } }), models.Sum("big", { default = 0 }), models.Count "*",
      models.StringAgg("char", { delimiter = ", " }), models.StdDev("float", { sample = true }), models.Variance("float", { output_field = models.FloatField {} }),
    } do
      local text = writer.value(e)
      local again = assert(load("return " .. text, "=source", "t", chunk_env))()
      assert.equal(text, writer.value(again))
      if e.kind == "expression" then
        assert.equal(All.objects:annotate { x = e }:sql(), All.objects:annotate { x = again }:sql())
      end
    end
    local Ordered = models.Model("Ordered", { n = models.IntegerField {}, Meta = { app_label = "shop", ordering = { models.Window { functions.Rank(), order_by = "n" }, F("n"):desc() } } })
    round_trip(Ordered)
  end)

  it("says that a query cannot be written, and what to do", function()
    for _, e in ipairs { models.Exists(All.objects:filter { big = 1 }), models.Subquery(All.objects:values "big"), Q(models.Exists(All.objects:all())) } do
      local ok, err = pcall(writer.value, e)
      assert.is_false(ok)
      assert.is_true(err.message:find("it holds a query (Subquery, Exists)", 1, true) ~= nil)
    end
  end)

  it("follows a renamed field into orders, not into parts of dates", function()
    local renamed = require("perilune._models.source").renamed
    local function text(e)
      return writer.value(renamed(e, "year", "annum"))
    end
    assert.equal('models.functions.Extract(models.F "annum", "year")', text(functions.ExtractYear "year"))
    assert.equal('models.StringAgg(models.F "char", { delimiter = models.Value(","), order_by = { "-annum" } })', text(models.StringAgg("char", { delimiter = ",", order_by = "-year" })))
    assert.equal('(models.F "annum"):slice(1, 2)', text(F("year"):slice(1, 2)))
  end)

  it("names functions where anybody may require them", function()
    package.loaded["shop.defaults"] = { token = function() return "x" end }
    assert.equal('require("shop.defaults").token', writer.value(package.loaded["shop.defaults"].token))
    package.loaded["shop.defaults"] = nil
    assert.equal('require("perilune.time").now', writer.value(time.now))
    assert.equal('require("os").time', writer.value(os.time))
  end)

  it("says where a function is that it cannot write", function()
    local C = models.Model("Lambda", { n = models.IntegerField { default = function() return 1 end }, Meta = Meta })
    local ok, err = pcall(function()
      local state = states.new()
      state:add_model(states.from_model(C))
      text_of(state)
    end)
    assert.is_false(ok)
    assert.is_true(tostring(err.message):find("migrations_writer_test.lua:", 1, true) ~= nil and err.message:find("Make it a member of a module", 1, true) ~= nil)
    assert.is_true(err.message:find("the default of 'n' (", 1, true) ~= nil and err.message:find("function M.make_n(…) … end above the model, default = M.make_n in it", 1, true) ~= nil)
  end)
end)

describe("the autodetector", function()
  it("sees every option that changes", function()
    local function state(field)
      local s = states.new()
      field:set_name "f"
      s:add_model(states.model_state("shop", "M", { { "id", models.BigAutoField { primary_key = true } }, { "f", field } }))
      return s
    end
    local base = { max_length = 5 }
    for option, value in pairs {
      max_length = 6, null = true, blank = true, default = "x", db_default = "y", unique = true, db_index = true, db_column = "g", choices = { { "a", "b" } },
      help_text = "h", verbose_name = "v", editable = false, validators = { require("perilune.validators").validate_slug }, error_messages = { blank = "b" },
      db_collation = "NOCASE", db_comment = "c",
    } do
      local given = { [option] = value }
      for k, v in pairs(base) do
        given[k] = given[k] or v
      end
      local old, new = models.CharField { max_length = 5 }, models.CharField(given)
      assert.equal("", changes(state(models.CharField { max_length = 5 }), state(old)))
      for _, text in ipairs { changes(state(old), state(new)), changes(state(new), state(old)) } do
        if not text:find("AlterField", 1, true) then
          error(option .. " is not seen")
        end
      end
    end
  end)
end)

describe("the autodetector", function()
  it("lets a key of several columns wait for its parts, and parts for the key", function()
    local function state(...)
      local fields = {}
      for i, name in ipairs { ... } do
        fields[i] = { name, models.IntegerField { default = 0 } }
      end
      table.insert(fields, 1, { "pk", models.CompositePrimaryKey(...) })
      local s = states.new()
      for _, pair in ipairs(fields) do
        pair[2]:set_name(pair[1])
      end
      s:add_model(states.model_state("shop", "M", fields))
      return s
    end
    local text = changes(state("a", "b"), state("a", "z"))
    local added, altered, removed = text:find "AddField", text:find "AlterField", text:find "RemoveField"
    assert.is_true(added < altered and altered < removed)
  end)
end)

describe("perilune.migrations", function()
  it("is what the types for editors say", function()
    local f = assert(io.open "../../bindings/meta/migrations.lua")
    local text = f:read "a"
    f:close()
    for name in pairs(require "perilune.migrations") do
      assert.is_true(text:find("function migrations." .. name .. "(", 1, true) ~= nil)
    end
    for name in text:gmatch "function migrations%.(%w+)%(" do
      assert.is_true(rawget(require "perilune.migrations", name) ~= nil)
    end
  end)
end)

t.finish()
