-- SPDX-License-Identifier: MIT
-- Routers: which database is asked for what, with which hints.
local db = require "perilune.db"
local models = require "perilune.models"
local library = require "library.models"
local routers = require "library.routers"
local test = require "perilune.test"
local Book, Person, Profile = library.Book, library.Person, library.Profile

local function with(name, fn)
  test.override_settings({ database_routers = { "library.routers." .. name } }, fn)
end

-- The databases that fn sends statements to, with the first word of each.
local function sent(fn)
  local list = {}
  for _, entry in ipairs(db.capture(fn)) do
    list[#list + 1] = entry.alias .. ":" .. entry.sql:match "^%a+"
  end
  return table.concat(list, " ")
end

local function count(model, alias)
  return model.objects:using(alias):count()
end

describe("a site with a replica", function()
  -- The same row in both, so that reads find what writes change.
  local function both()
    local person = Person { id = 1, name = "Ann" }
    person:save { using = "replica", force_insert = true }
    person:save { using = "default", force_insert = true }
    for _, alias in ipairs { "replica", "default" } do
      Book { id = 1, title = "One", editor_id = 1 }:save { using = alias, force_insert = true }
      Book { id = 2, title = "Two" }:save { using = alias, force_insert = true }
    end
  end

  it("reads there and writes here", function()
    both()
    with("Split", function()
      local book = Book.objects:get { pk = 1 }
      assert.equal("replica", book._state.db)
      assert.equal("default:UPDATE", sent(function() book:save() end))
      assert.equal("default", book._state.db)
      assert.equal("default:UPDATE", sent(function() Book.objects:filter({ pk = 1 }):update { title = "Uno" } end))
      assert.equal("replica:SELECT", sent(function() Book.objects:count() end))
      assert.equal("replica:SELECT", sent(function() return #Book.objects:filter { title = "Uno" } end))
      assert.equal("replica:SELECT", sent(function() Book.objects:exists() end))
      assert.equal("replica:SELECT", sent(function() Book.objects:aggregate { n = models.Count "pk" } end))
      assert.equal("replica:SELECT", sent(function() return Book.objects:raw("SELECT * FROM library_book")[1] end))
      assert.equal("default:SELECT", sent(function() db.atomic(function() Book.objects:select_for_update():get { pk = 1 } end) end))
      assert.equal("default:SELECT", sent(function() Book.objects:get_or_create { title = "Uno" } end))
      assert.equal("default:SELECT default:UPDATE", sent(function() Book.objects:update_or_create { pk = 1, defaults = { title = "Ein" } } end))
      assert.equal("default:INSERT", sent(function() Book.objects:create { title = "New" } end))
      assert.equal("default:INSERT", sent(function() Book.objects:bulk_create { Book { title = "New" } } end))
      assert.equal("default:UPDATE", sent(function() Book.objects:bulk_update({ book }, { "title" }) end))
      assert.not_match("replica", sent(function() Book.objects:filter({ title = "New" }):delete() end))
      assert.equal(2, count(Book, "default"))
      assert.equal("replica:SELECT", sent(function() book:refresh_from_db() end))
      assert.equal("default:SELECT", sent(function() book:refresh_from_db { using = "default" } end))
    end)
  end)

  it("does so with what is related", function()
    both()
    with("Split", function()
      local ann = Person.objects:get()
      local two = Book.objects:get { pk = 2 }
      assert.equal("replica:SELECT", sent(function() return #ann.edited:all() end))
      assert.equal("default:UPDATE", sent(function() ann.edited:add(two) end))
      assert.equal("default:UPDATE", sent(function() ann.edited:update { title = "Both" } end))
      assert.equal("default:UPDATE", sent(function() ann.edited:filter({ pk = 2 }):update { title = "Both" } end))
      assert.equal("default:UPDATE", sent(function() ann.edited:remove(two) end))
      assert.equal("default:UPDATE", sent(function() ann.edited:clear() end))
      assert.equal(0, Book.objects:using("default"):filter({ editor_id = 1 }):count())
      assert.equal("default:SELECT default:UPDATE", sent(function() ann.edited:set { two } end))
      assert.equal("default:SELECT", sent(function() ann.edited:set { two } end))
      assert.equal("default:SELECT default:UPDATE", sent(function() ann.edited:set {} end))
      assert.equal("default:INSERT", sent(function() ann.edited:create { title = "New" } end))
      assert.equal("default:SELECT default:INSERT", sent(function() ann.edited:get_or_create { title = "Newer" } end))
      assert.not_match("replica", sent(function() ann.edited:all():delete() end))
      assert.equal(0, Book.objects:using("default"):filter({ editor_id = 1 }):count())

      assert.not_match("replica", sent(function() two.authors:add(ann) end))
      assert.equal(1, count(Book.authors.through, "default"))
      assert.equal(0, count(Book.authors.through, "replica"))
      assert.equal("replica:SELECT", sent(function() return #two.authors:all() end))
      assert.not_match("replica", sent(function() two.authors:set { ann } end))
      assert.not_match("replica", sent(function() two.authors:set({ ann }, { clear = true }) end))
      assert.not_match("replica", sent(function() ann.books:create { title = "X" } end))
      assert.not_match("replica", sent(function() ann.books:update { title = "Y" } end))
      assert.not_match("replica", sent(function() ann.books:all():delete() end))
      assert.not_match("replica", sent(function() two.authors:remove(ann) end))
      assert.not_match("replica", sent(function() two.authors:clear() end))
    end)
  end)

  it("loads what is missing from the replica", function()
    both()
    with("Split", function()
      local book = Book.objects:using("default"):only("title"):get { pk = 1 }
      assert.equal("replica:SELECT", sent(function() return book.editor_id end))
      assert.equal("replica:SELECT", sent(function() return book.editor end))
      assert.equal("replica:SELECT replica:SELECT", sent(function() return #Person.objects:prefetch_related "edited" end))
    end)
  end)
end)

describe("a site whose objects stay where they are", function()
  it("follows them", function()
    with("Sticky", function()
      local ann = Person.objects:create { name = "Ann" }
      assert.equal("other", ann._state.db)
      ann:save { using = "default" }
      assert.equal("default", ann._state.db)
      assert.equal("default:SELECT", sent(function() return #ann.edited:all() end))
      assert.equal("default", ann.edited:create({ title = "One" })._state.db)
      assert.equal("default", ann.books:create({ title = "Two" })._state.db)
      assert.equal(2, count(Book, "default"))
      assert.equal("default:UPDATE", sent(function() ann.edited:update { title = "x" } end))
      assert.equal("other:SELECT", sent(function() Book.objects:count() end))
      assert.equal("default:SELECT", sent(function() ann:refresh_from_db() end))
      assert.equal("default:UPDATE", sent(function() ann:save() end))
      local fresh = Profile { person = ann }
      assert.equal("default", fresh._state.db)
    end)
  end)
end)

describe("a model with a database of its own", function()
  it("is used together with the others", function()
    with("People", function()
      local ann = Person.objects:create { name = "Ann" }
      assert.equal("other", ann._state.db)
      local book = Book.objects:create { title = "One", editor = ann }
      assert.equal("default", book._state.db)
      book:refresh_from_db()
      assert.equal("Ann", book.editor.name)
      assert.equal("One", ann.edited:get().title)
      assert.equal("default:SELECT", sent(function() return #ann.edited:all() end))
      book:full_clean()
      local listed = Book.objects:prefetch_related("editor"):get()
      assert.equal("Ann", listed.editor.name)
      assert.equal("One", Person.objects:prefetch_related("edited"):get().edited:all()[1].title)
      assert.equal(1, (ann.edited:all():delete()))
    end)
  end)
end)

describe("hints", function()
  after_each(function()
    for i = #routers.asked, 1, -1 do
      routers.asked[i] = nil
    end
  end)

  local function asked(fn)
    local from = #routers.asked
    fn()
    return table.concat(routers.asked, ", ", from + 1)
  end

  it("are the instance that it is about", function()
    Person.__tostring = function(self) return self.name end
    Book.__tostring = function(self) return self.title end
    finally(function() Person.__tostring, Book.__tostring = nil, nil end)
    local ann = Person.objects:using("other"):create { name = "Ann" }
    local book = Book.objects:using("other"):create { title = "One", editor = ann }
    with("Silent", function()
      assert.equal("read book -", asked(function() return Book.objects:first() end))
      assert.equal("write book One", asked(function() book:save() end))
      assert.equal("write book One", asked(function() book:save { update_fields = { "title" } } end))
      assert.equal("", asked(function() book:save { using = "other" } end))
      assert.equal("read book One", asked(function() book:refresh_from_db() end))
      assert.equal("read person One", asked(function() return book.editor end))
      assert.equal("read book Ann", asked(function() return #ann.edited:all() end))
      assert.equal("write book Ann", asked(function() ann.edited:update { title = "One" } end))
      assert.equal("read person One", asked(function() return #book.authors:all() end))
      assert.equal("read person One", asked(function() book:full_clean { validate_unique = false, validate_constraints = false } end))
      assert.equal("write book One", asked(function() book:delete() end))
    end)
  end)

  it("keep what nobody decides in the object's database", function()
    local ann = Person.objects:using("other"):create { name = "Ann" }
    with("Silent", function()
      assert.equal("other:UPDATE", sent(function() ann:save() end))
      assert.equal("other:SELECT", sent(function() return #ann.edited:all() end))
      assert.equal("other", ann.edited:create({ title = "x" })._state.db)
    end)
  end)
end)

describe("tables", { transaction = true }, function()
  it("are made where routers allow them", function()
    for _, alias in ipairs { "default", "other" } do
      test.call_command("migrate", "library", "zero", { database = alias })
    end
    with("People", function()
      for _, alias in ipairs { "default", "other" } do
        test.call_command("migrate", { database = alias })
      end
      local function has(alias, name)
        return #db.connection(alias):query("SELECT 1 FROM sqlite_master WHERE name = ?", { name }) == 1
      end
      assert.is_true(has("other", "library_person"))
      assert.is_false(has("default", "library_person"))
      assert.is_true(has("default", "library_book"))
      assert.is_true(has("default", "library_book_authors"))
    end)
  end)

  it("are asked for with the hints of RunSQL and RunLua", function()
    local migrations = require "perilune.migrations"
    local asked = {}
    local router = {
      allow_migrate = function(_, alias, app_label, hints)
        asked[#asked + 1] = ("%s %s %s"):format(alias, app_label, tostring(hints.target))
        return hints.target == alias
      end,
    }
    test.override_settings({ database_routers = { router } }, function()
      local ran = 0
      local operation = migrations.RunLua { code = function() ran = ran + 1 end, hints = { target = "other" } }
      local state = { apps = function() end }
      operation:database_forwards("library", { alias = "default" }, state)
      assert.equal(0, ran)
      operation:database_forwards("library", { alias = "other" }, state)
      assert.equal(1, ran)
      migrations.RunSQL({ sql = "never", hints = { target = "other" } }):database_forwards("library", { alias = "default" }, state)
    end)
    assert.equal("default library other, other library other, default library other", table.concat(asked, ", "))
  end)
end)
