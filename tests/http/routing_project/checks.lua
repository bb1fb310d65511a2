-- SPDX-License-Identifier: MIT
local db = require "perilune.db"
local exceptions = require "perilune.exceptions"
local shop = require "shop.models"
local Router = require("shop.routers").Router
local Author, Tag, Book, Cover, Log = shop.Author, shop.Tag, shop.Book, shop.Cover, shop.Log
local failed = 0

local function it(what, fn)
  Router.read, Router.write, Router.relation = nil, nil, nil
  for _, alias in ipairs { "default", "other" } do
    for _, class in ipairs { Cover, Book, Author, Tag } do
      class.objects:using(alias):delete()
    end
  end
  Log.objects:all():delete()
  local ok, err = xpcall(fn, debug.traceback)
  if not ok then
    failed = failed + 1
    print("FAILED: " .. what .. "\n" .. tostring(err))
  end
end

local function equal(want, got, what)
  if want ~= got then
    error(("%s: want %s, got %s"):format(what or "", tostring(want), tostring(got)), 2)
  end
end

local function raises(class, text, fn)
  local ok, err = pcall(fn)
  if ok or not exceptions.is(err, class) or not tostring(err):find(text, 1, true) then
    error(("want %s with %q, got %s"):format(class, text, ok and "no error" or tostring(err)), 2)
  end
end

-- Databases that fn's statements went to.
local function went(fn)
  local list = {}
  for i, statement in ipairs(db.capture(fn)) do
    list[i] = statement.alias
  end
  return table.concat(list, " ")
end

it("tables are where allow_migrate says", function()
  local function has(alias, name)
    return #db.query("SELECT 1 AS x FROM sqlite_master WHERE name = ?", { name }, { using = alias }) == 1
  end
  equal(false, has("default", "shop_log"))
  equal(true, has("other", "shop_log"))
  equal(true, has("default", "shop_book"))
  equal(true, has("other", "shop_book"))
end)

it("reads and writes are routed by model", function()
  local log
  equal("other", went(function() log = Log.objects:create { text = "a" } end))
  equal("other", log._state.db)
  equal("other", went(function() equal("a", Log.objects:get().text) end))
  equal("other", went(function() log:save() end))
  equal("other", went(function() Log.objects:update { text = "b" } end))
  equal("other", went(function() Log.objects:bulk_create { Log { text = "c" }, Log { text = "d" } } end))
  equal("other", went(function() Log.objects:bulk_update(Log.objects:all():to_list(), { "text" }) end):match "^(other) other$")
  equal(3, Log.objects:count())
  equal("default", went(function() Author.objects:create { name = "x" } end))
end)

it("reading and writing go to different databases", function()
  Router.write = "other"
  local author = Author.objects:create { name = "written" }
  equal("other", author._state.db)
  equal(0, Author.objects:count())
  equal(1, Author.objects:using("other"):count())
  Router.read = "other"
  equal("written", Author.objects:get().name)
  Router.read = "default"
  local a, created = Author.objects:get_or_create { name = "written" } -- looks where it would write
  equal(false, created)
  equal(author.pk, a.pk)
  equal("other", went(function() author:delete() end):match "^other")
end)

it("using() and using = are obeyed", function()
  local author = Author { name = "a" }
  equal(nil, author._state.db)
  author:save { using = "other" }
  equal("other", author._state.db)
  equal(0, Author.objects:count())
  equal("other", went(function() author:save() end)) -- stays where it is
  author:save { using = "default" } -- a copy
  equal("default", author._state.db)
  equal(1, Author.objects:count())
  equal(1, Author.objects:using("other"):count())
  equal("other", Author.objects:using("other"):get()._state.db)
  equal("other", Author.objects:db_manager("other"):create({ name = "b" })._state.db)
  equal(1, Author.objects:using("other"):filter({ name = "b" }):update { name = "c" })
  equal(0, Author.objects:filter({ name = "c" }):count())
end)

it("an instance's own database is asked for what hangs on it", function()
  local author = Author.objects:using("other"):create { name = "o" }
  local book
  equal("other", went(function() book = author.books:create { title = "t" } end))
  equal("other", book._state.db)
  equal("other", went(function() equal(1, author.books:count()) end))
  equal("other", went(function() Book.objects:using("other"):get().author.name = "x" end):match "^(other) other$")
  local tag = Tag.objects:using("other"):create { name = "t" }
  assert(not went(function() book.tags:add(tag) end):find "default")
  assert(not went(function() equal(1, book.tags:count()) end):find "default")
  assert(not went(function() equal(1, tag.books:all():count()) end):find "default")
  assert(not went(function() book.tags:set {} end):find "default")
  local cover = Cover.objects:using("other"):create { book = book }
  equal("other", cover._state.db)
  assert(not went(function() equal(cover.pk, Book.objects:using("other"):get().cover.pk) end):find "default")
  assert(not went(function() Author.objects:using("other"):prefetch_related("books__tags"):to_list() end):find "default")
  assert(not went(function() book:refresh_from_db() end):find "default")
  assert(not went(function() equal("t", Book.objects:using("other"):only("id"):get().title) end):find "default")
  assert(not went(function() author:delete() end):find "default")
  equal(0, Book.objects:using("other"):count())
end)

it("routers get the instance", function()
  local author = Author.objects:create { name = "hint" }
  Router.asked = {}
  author.books:create { title = "t" }
  local last = Router.asked[#Router.asked]
  local found = false
  for _, asked in ipairs(Router.asked) do
    found = found or asked[1] == "write" and asked[2] == "Book" and asked[3] == author
  end
  assert(found, "db_for_write was not told of the author: " .. tostring(last and last[1]))
  Router.asked = {}
  author.books:to_list()
  found = false
  for _, asked in ipairs(Router.asked) do
    found = found or asked[1] == "read" and asked[2] == "Book" and asked[3] == author
  end
  assert(found, "db_for_read was not told of the author")
end)

it("objects of two databases are not related", function()
  local here = Author.objects:create { name = "here" }
  local there = Book.objects:using("other"):create { title = "there" }
  raises("ValueError", 'Cannot assign "Author object', function() there.author = here end)
  raises("ValueError", "the current database router prevents this relation", function() here.books:add(there, { bulk = false }) end)
  local tag = Tag.objects:create { name = "t" }
  raises("ValueError", 'instance is on database "other", value is on database "default"', function() there.tags:add(tag) end)
  raises("ValueError", "prevents this relation", function() Cover { book = there }.book = Book.objects:create { title = "x" } end)
  Router.relation = true
  there.author = here
  Router.relation = false
  local own = Book.objects:create { title = "own" }
  raises("ValueError", "prevents this relation", function() own.author = here end)
end)

it("a new object goes where what it is related to is", function()
  local there = Author.objects:using("other"):create { name = "there" }
  local book = Book { title = "new", author = there }
  equal("other", book._state.db)
  equal("other", went(function() book:save() end))
  equal(1, Book.objects:using("other"):count())
end)

it("transactions and locks are those of their database", function()
  raises("TransactionManagementError", "select_for_update", function()
    db.atomic(function() Author.objects:using("other"):select_for_update():to_list() end)
  end)
  db.atomic({ using = "other" }, function()
    Author.objects:using("other"):select_for_update():to_list()
    raises("TransactionManagementError", "select_for_update", function() Author.objects:select_for_update():to_list() end)
  end)
  pcall(db.atomic, { using = "other" }, function()
    Author.objects:using("other"):create { name = "gone" }
    Author.objects:create { name = "kept" }
    error "no"
  end)
  equal(0, Author.objects:using("other"):count())
  equal(1, Author.objects:count())
  Router.write = "other"
  equal("other", went(function()
    db.atomic({ using = "other" }, function() Author.objects:select_for_update():filter({ name = "x" }):to_list() end)
  end))
end)

it("an unknown alias is named", function()
  raises("ImproperlyConfigured", "did you mean 'other'", function() Author.objects:using("othre"):count() end)
  raises("ImproperlyConfigured", "did you mean 'other'", function() Author({ name = "x" }):save { using = "othre" } end)
end)

assert(failed == 0, failed .. " failed")
print "ok"
