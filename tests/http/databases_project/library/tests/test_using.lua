-- SPDX-License-Identifier: MIT
-- Several databases without routers: `using`, where objects belong, what may be related.
local db = require "perilune.db"
local models = require "perilune.models"
local library = require "library.models"
local test = require "perilune.test"
local Book, Person, Profile = library.Book, library.Person, library.Profile

local function raises(class, text, fn)
  local err = assert.has_error(fn, text)
  assert.equal(class, err.name)
end

local function names(queryset)
  local list = {}
  for _, row in ipairs(queryset) do
    list[#list + 1] = row.title or row.name
  end
  return table.concat(list, ",")
end

describe("an object", function()
  it("is made, read and kept in the database of using()", function()
    local book = Book.objects:using("other"):create { title = "Pro Lua" }
    assert.equal("other", book._state.db)
    assert.equal(0, Book.objects:count())
    raises("DoesNotExist", nil, function() Book.objects:get { title = "Pro Lua" } end)
    assert.equal(book, Book.objects:using("other"):get { title = "Pro Lua" })
    book.title = "Pro Lua 2"
    book:save()
    assert.equal("Pro Lua 2", Book.objects:using("other"):get({ pk = book.pk }).title)
    local other = Book { title = "Dive" }
    other:save { using = "other" }
    assert.equal("other", other._state.db)
    assert.equal(2, Book.objects:db_manager("other"):count())
    assert.equal("other", Book.objects:using("other"):first()._state.db)
    assert.equal("other", Book.objects:using("other"):db())
    local total = other:delete()
    assert.equal(1, total)
    assert.equal(1, Book.objects:using("other"):count())
  end)

  it("is refreshed from where it came from, or from `using`", function()
    local book = Book.objects:using("other"):create { title = "Pro" }
    Book.objects:using("other"):update { title = "Changed" }
    book:refresh_from_db()
    assert.equal("Changed", book.title)
    assert.equal("other", book._state.db)
    Book { id = book.pk, title = "Here" }:save { using = "default", force_insert = true }
    book:refresh_from_db { using = "default" }
    assert.equal("Here", book.title)
    assert.equal("default", book._state.db)
    book:refresh_from_db { from_queryset = Book.objects:using "other" }
    assert.equal("Changed", book.title)
    assert.equal("other", book._state.db)
  end)

  it("is copied to another database by save{ using }", function()
    local book = Book.objects:using("other"):create { title = "Pro" }
    local pk = book.pk
    book:save { using = "default" }
    assert.equal("default", book._state.db)
    assert.equal(pk, Book.objects:get().pk)
    assert.equal(1, Book.objects:using("other"):count())
    book.pk = nil
    book:save { using = "replica" }
    assert.equal("replica", book._state.db)
    assert.equal(1, Book.objects:using("replica"):count())
    Book.objects:using("other"):get():delete { using = "default" }
    assert.equal(0, Book.objects:count())
    assert.equal(1, Book.objects:using("other"):count())
  end)

  it("loads deferred fields and related objects from its own database", function()
    local mark = Person.objects:using("other"):create { name = "Mark" }
    Book.objects:using("other"):create { title = "Pro", editor = mark }
    local book = Book.objects:using("other"):only("title"):get()
    assert.equal(mark.pk, book.editor_id)
    assert.equal("other", book.editor._state.db)
    assert.equal("Pro", mark.edited:get().title)
    local joined = Book.objects:using("other"):select_related("editor"):get()
    assert.equal("other", joined.editor._state.db)
    local ahead = Person.objects:using("other"):prefetch_related("edited", "books"):get()
    assert.equal("Pro", names(ahead.edited:all()))
    assert.equal("other", ahead.edited:all()[1]._state.db)
    assert.equal("", names(ahead.books:all()))
    local prefetch = models.Prefetch("edited", { queryset = Book.objects:using "default" })
    assert.equal("", names(Person.objects:using("other"):prefetch_related(prefetch):get().edited:all()))
  end)

  it("is validated against rows of its own database", function()
    local mark = Person.objects:using("other"):create { name = "Mark" }
    local book = Book.objects:using("other"):create { title = "Pro", editor = mark }
    book:full_clean()
    book.editor_id = 99
    raises("ValidationError", "person instance with id 99 does not exist.", function() book:full_clean() end)
  end)

  it("is found, made and counted by the methods of QuerySets there", function()
    local others = Person.objects:using "other"
    local mark, created = others:get_or_create { name = "Mark" }
    assert.is_true(created)
    assert.equal("other", mark._state.db)
    assert.is_false((select(2, others:get_or_create { name = "Mark" })))
    local same = others:update_or_create { name = "Mark", defaults = { name = "Marcus" } }
    assert.equal(mark, same)
    assert.equal("Marcus", others:get().name)
    local list = others:bulk_create { Person { name = "A" }, Person { name = "B" } }
    assert.equal("other", list[2]._state.db)
    list[1].name = "AA"
    assert.equal(1, others:bulk_update({ list[1] }, { "name" }))
    assert.equal("AA,B,Marcus", names(others))
    assert.equal(list[2], others:in_bulk({ list[2].pk })[list[2].pk])
    assert.equal(3, others:aggregate({ n = models.Count "pk" }).n)
    assert.is_true(others:contains(list[1]))
    assert.equal("B", Person.objects:raw("SELECT * FROM library_person WHERE name = 'B'", {}, { using = "other" })[1].name)
    assert.equal("other", Person.objects:raw("SELECT * FROM library_person"):using("other")[1]._state.db)
    assert.equal("other", others:raw("SELECT * FROM library_person")[1]._state.db)
    local streamed = {}
    for person in others:iterator { chunk_size = 1 } do
      streamed[#streamed + 1] = person._state.db
    end
    assert.equal("other other other", table.concat(streamed, " "))
    assert.equal(0, Person.objects:count())
    assert.equal(3, (others:all():delete()))
  end)
end)

describe("relations", function()
  local here, there, pro
  before_each(function()
    here = Person.objects:create { name = "Here" }
    there = Person.objects:using("other"):create { name = "There" }
    pro = Book.objects:create { title = "Pro" }
  end)

  it("do not go from one database to another", function()
    local dive, profile = Book.objects:using("other"):create { title = "Dive" }, Profile.objects:create { person = here }
    raises("ValueError", "the current database router prevents this relation", function() pro.editor = there end)
    raises("ValueError", "the current database router prevents this relation", function() here.edited:set { dive } end)
    raises("ValueError", "the current database router prevents this relation", function() here.edited:add(dive) end)
    raises("ValueError", "instance is on database \"default\", value is on database \"other\"", function() pro.authors:add(there) end)
    raises("ValueError", "instance is on database \"default\", value is on database \"other\"", function() pro.authors:set { there } end)
    raises("ValueError", "instance is on database \"other\", value is on database \"default\"", function() there.books:add(pro) end)
    raises("ValueError", "the current database router prevents this relation", function() there.profile = profile end)
    assert.equal("", names(pro.authors:all()))
  end)

  it("take new objects to the database of those that they are related to", function()
    local book = Book { title = "Dive", editor = there }
    assert.equal("other", book._state.db)
    book:save()
    assert.equal(1, Book.objects:using("other"):count())
    local made = there.edited:create { title = "Second" }
    assert.equal("other", made._state.db)
    local profile = Profile()
    there.profile = profile
    assert.equal("other", profile._state.db)
    profile:save()
    assert.equal(there, Profile.objects:using("other"):get().person)
    local written = there.books:create { title = "Written" }
    assert.equal("other", written._state.db)
    assert.equal("Written", names(there.books:all()))
    assert.equal("There", names(written.authors:all()))
    assert.equal("Written", names(Book.objects:using("other"):filter { authors__name = "There" }))
    assert.equal(1, (there.books:get_or_create { title = "Third" }) and Book.objects:using("other"):filter({ title = "Third" }):count())
    assert.equal("Pro", names(Book.objects:all()))
  end)

  it("of many change the join table of that database", function()
    local dive = Book.objects:using("other"):create { title = "Dive" }
    dive.authors:set { there }
    assert.equal("There", names(dive.authors:all()))
    there.books:remove(dive)
    assert.equal("", names(dive.authors:all()))
    there.books:add(dive)
    there.books:clear()
    assert.equal("", names(dive.authors:all()))
    dive.authors:add(there)
    assert.equal(0, Book.authors.through.objects:count())
    assert.equal(1, Book.authors.through.objects:using("other"):count())
  end)

  it("of rows copied to another database begin anew", function()
    local dive = Book.objects:using("other"):create { title = "Dive", editor = there }
    dive.editor = nil
    dive.pk = nil
    dive:save { using = "default" }
    dive.editor = here
    dive:save()
    assert.equal("Dive", names(here.edited:all()))
    assert.equal("Dive", names(there.edited:all()))
  end)

  it("can be asked of another database", function()
    local copy = Person { id = there.pk + 1, name = "Copy" }
    copy:save()
    copy:save { using = "other" }
    Book.objects:using("other"):create { title = "Over there", editor_id = copy.pk }
    here = Person.objects:get { pk = copy.pk }
    assert.equal("Over there", names(here.edited:using "other"))
    assert.equal("Over there", names(here.edited:db_manager("other"):all()))
    assert.equal("", names(here.edited:all()))
    assert.equal(1, here.edited:using("other"):count())
  end)

  it("in conditions do not cross databases", function()
    assert.equal(0, Book.objects:using("other"):filter({ editor = here }):count())
    raises("ValueError", "Subqueries aren't allowed across different databases", function()
      return #Book.objects:using("other"):filter { editor__in = Person.objects:using("default"):all() }
    end)
    raises("ValueError", "Subqueries aren't allowed across different databases", function()
      return Book.objects:filter({ editor__in = Person.objects:using("other"):filter { name = "x" }:values "pk" }):exclude({ title = "x" }):count()
    end)
    assert.equal(0, #Book.objects:using("other"):filter { editor__in = Person.objects:all() })
    assert.equal(0, #Book.objects:using("other"):filter { editor__in = Person.objects:using("other"):all() })
    assert.equal(0, #Book.objects:using("other"):filter { editor__in = Person.objects:using("default"):all():to_list() })
  end)
end)

describe("transactions", { transaction = true }, function()
  it("are those of one database each", function()
    assert.has_error(function()
      db.atomic({ using = "other" }, function()
        Person.objects:using("other"):create { name = "gone" }
        Person.objects:create { name = "stays" }
        error "no"
      end)
    end)
    assert.equal(0, Person.objects:using("other"):count())
    assert.equal("stays", names(Person.objects:all()))
    local order = {}
    db.atomic(function()
      db.atomic({ using = "other" }, function()
        db.on_commit(function() order[#order + 1] = "default" end)
        db.on_commit(function() order[#order + 1] = "other" end, { using = "other" })
        Person.objects:using("other"):create { name = "kept" }
      end)
      order[#order + 1] = "between"
      assert.is_true(db.in_atomic())
      assert.is_false(db.in_atomic { using = "other" })
    end)
    assert.equal("other between default", table.concat(order, " "))
    assert.equal(1, Person.objects:using("other"):count())
  end)

  it("of select_for_update() are asked for in its database", function()
    Person.objects:using("other"):create { name = "a" }
    db.atomic({ using = "other" }, function()
      assert.equal("a", Person.objects:using("other"):select_for_update():get().name)
    end)
    raises("TransactionManagementError", "select_for_update cannot be used outside of a transaction", function()
      db.atomic(function()
        return Person.objects:using("other"):select_for_update():get()
      end)
    end)
  end)
end)

describe("fixtures and commands", { transaction = true }, function()
  it("know `database`", function()
    local path = os.tmpname()
    os.rename(path, path .. ".json")
    path = path .. ".json"
    local mark = Person.objects:using("other"):create { name = "Mark" }
    local book = Book.objects:using("other"):create { title = "Pro", editor = mark }
    book.authors:add(mark)
    test.call_command("dumpdata", "library", { database = "other", output = path })
    assert.equal(2, (Book.objects:using("other"):all():delete()))
    test.call_command("loaddata", path, { database = "replica" })
    os.remove(path)
    assert.equal(0, Book.objects:count())
    assert.equal("Mark", names(Book.objects:using("replica"):get().authors:all()))
    assert.equal("Mark", Book.objects:using("replica"):get().editor.name)
  end)

  it("find rows by natural keys in the database that is loaded", function()
    local path = os.tmpname()
    os.remove(path)
    path = path .. ".json"
    Person { id = 7, name = "Mark" }:save { using = "other" }
    local mark = Person.objects:using("replica"):create { name = "Mark" }
    mark.books:add(mark.edited:create { title = "Pro" })
    test.call_command("dumpdata", "library.book", "library.person", { database = "replica", output = path, natural_foreign = true, natural_primary = true })
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    assert.match('"editor": %["Mark"%], "authors": %[%["Mark"%]%]', text)
    test.call_command("loaddata", path, { database = "other" })
    os.remove(path)
    local book = Book.objects:using("other"):get()
    assert.equal(7, book.editor_id)
    assert.equal(7, book.authors:get().pk)
    assert.equal(1, Person.objects:using("other"):count())
  end)
end)
