-- SPDX-License-Identifier: MIT
-- What the ORM costs in process; compare with bench_orm_raw, which makes the file:
--   bench_orm_raw /tmp/bench.db
--   BENCH_DB=/tmp/bench.db perilune -C tests/bench/app run ../orm.lua [TEST COUNT]
local db = require "perilune.db"
local models = require "bench.models"
local Person, Pupil = models.Person, models.Pupil

local lookups = { "exact", "gt", "gte", "lt", "lte", "in", "range", "isnull" }
local values = { ["in"] = { 1, 2 }, range = { 1, 2 }, isnull = true }
local shape = 0

-- A query whose shape is a new one each time.
local function new_shape()
  shape = shape + 1
  local where, n = {}, shape
  for _, name in ipairs { "age", "score", "id" } do
    local lookup = lookups[n % #lookups + 1]
    n = n // #lookups
    local value = values[lookup]
    where[name .. "__" .. lookup] = value == nil and 5 or value
  end
  return Person.objects:filter(where):order_by(n % 2 == 0 and "name" or "-name")
end

local known = Person.objects:filter { age__gt = 5, score__lt = 100, name = "x" }
local person, people, lists

local function make_list()
  local made = {}
  for i = 1, 10000 do
    made[i] = Pupil { name = "person number " .. i, email = "person" .. i .. "@example.com", age = i % 90, score = i * 0.75 }
  end
  return made
end

local function make_lists(n) -- objects have keys once they were written
  lists = {}
  for i = 1, n do
    lists[i] = make_list()
  end
end

local turn = 0
local function id()
  turn = turn + 7919
  return turn % 10000 + 1
end

local tests = {
  { "get", "get{ pk = n }, 5 columns", 20000, function() return Person.objects:get { pk = id() } end },
  { "query", "db.query of the same", 20000, function() return db.query("SELECT id, name, email, age, score FROM person WHERE id = ?", { id() }) end },
  { "first", "filter{ id = n }:first()", 20000, function() return Person.objects:filter { id = id() }:first() end },
  { "exists", "filter{ id = n }:exists()", 20000, function() return Person.objects:filter { id = id() }:exists() end },
  { "filter", "filter of three conditions, not run", 20000, function() return Person.objects:filter { age__gt = 5, score__lt = 100, name = "x" } end },
  { "known", "SQL and parameters of a known shape", 20000, function() return known:sql() end },
  { "new", "filter, order_by and SQL of a new shape", 40, function() return new_shape():sql() end },
  { "rows", "1,000 rows x 5 columns", 20, function() return #Person.objects:all():limit(1000) end },
  { "values", "the same as values()", 20, function() return #Person.objects:values():limit(1000) end },
  { "query-rows", "the same by db.query", 20, function() return #db.query "SELECT id, name, email, age, score FROM person LIMIT 1000" end },
  { "make", "10,000 instances made", 1, make_list },
  { "bulk", "bulk_create of 10,000 rows", 1, function() Pupil.objects:bulk_create(table.remove(lists)) end, make_lists },
  { "updates", "20 get(), bulk_update, one transaction", 200, function()
    db.atomic(function()
      local list = {}
      for i = 1, 20 do
        local one = Person.objects:get { pk = id() }
        one.age = turn % 90
        list[i] = one
      end
      Person.objects:bulk_update(list, { "age" })
    end)
  end },
  { "bulk-update", "bulk_update of 10,000 rows", 1, function() Person.objects:bulk_update(people, { "score" }) end, function() people = Person.objects:all():to_list() end },
  { "create", "create() in a transaction", 5000, function() Pupil.objects:create { name = "somebody", email = "somebody@example.com", age = 7, score = 1.5 } end, nil, true },
  { "save", "save() in a transaction", 5000, function() person:save() end, nil, true },
  { "update", "filter{ pk = n }:update{ … } in a transaction", 5000, function() Person.objects:filter { pk = id() }:update { age = 3 } end, nil, true },
}

local function run(test, n)
  if test[5] then
    test[5](n)
  end
  local fn = test[4]
  local function loop()
    for _ = 1, n do
      fn()
    end
  end
  collectgarbage()
  local start = os.clock()
  if test[6] then
    db.atomic(loop)
  else
    loop()
  end
  return os.clock() - start
end

person = Person.objects:get { pk = 1 }
local only, count = arg and arg[1], arg and tonumber(arg[2])
for _, test in ipairs(tests) do
  if only == test[1] then
    run(test, count or test[3])
  elseif not only then
    local best = math.huge
    for _ = 1, 8 do
      best = math.min(best, run(test, test[3]))
    end
    print(("%-46s %10.2f us"):format(test[2], best / test[3] * 1e6))
  end
end
