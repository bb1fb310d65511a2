-- SPDX-License-Identifier: MIT
-- Managers: which ones a model has, which are used for relations, what those of related objects do.
local t = require "harness"
local world = require "models_world"
local db = require "perilune.db"
local models = require "perilune.models"
local signals = require "perilune.signals"
local describe, it, assert = t.describe, t.it, t.assert
local raises, count, names = world.raises, world.count, world.names

local Meta = { app_label = "lib" }
local Published = models.Manager:extend {
  get_queryset = function(self)
    return models.Manager.get_queryset(self):filter { published = true }
  end,
}
local ShoutManager = models.Manager:extend {
  create = function(self, values)
    local all = { title = values.title:upper() }
    for k, v in pairs(values) do
      all[k] = all[k] or v
    end
    return models.Manager.create(self, all)
  end,
  titles = function(self)
    return names(self:all(), "title")
  end,
}
local Author = models.Model("Author", {
  name = models.CharField { max_length = 20 },
  friends = models.ManyToManyField "self",
  follows = models.ManyToManyField("self", { symmetrical = false, related_name = "followers" }),
  Meta = Meta,
})
local Book = models.Model("Book", {
  title = models.CharField { max_length = 20 },
  published = models.BooleanField { default = false },
  author = models.ForeignKey("Author", { null = true, on_delete = models.SET_NULL, related_name = "books" }),
  owner = models.ForeignKey("Author", { null = true, on_delete = models.CASCADE, related_name = "owned" }),
  readers = models.ManyToManyField("Author", { related_name = "reads", through = "Reading" }),
  objects = ShoutManager(),
  out = Published(),
  Meta = { app_label = "lib", ordering = { "title" } },
})
local Reading = models.Model("Reading", {
  book = models.ForeignKey("Book", { on_delete = models.CASCADE }),
  reader = models.ForeignKey("Author", { on_delete = models.CASCADE }),
  pages = models.IntegerField { default = 0 },
  Meta = Meta,
})
local Page = models.Model("Page", {
  n = models.IntegerField { default = 0 },
  book = models.ForeignKey("Book", { on_delete = models.CASCADE }),
  Meta = Meta,
})
world.create(Author, Book, Reading, Page)

local function reset()
  world.clear(Page, Reading, Book, Author)
end

local function managers(class)
  local list = {}
  for i, pair in ipairs(class._meta.managers) do
    list[i] = pair[1]
  end
  return table.concat(list, ",") .. " default " .. tostring(class._default_manager.name)
end

describe("a model", function()
  it("has those of its abstract parents behind its own", function()
    local A = models.Model("A", { live = Published(), Meta = { app_label = "lib", abstract = true } })
    local B = models.Model("B", { other = models.Manager(), live = models.Manager(), Meta = { app_label = "lib", abstract = true } })
    local Plain = models.Model("Plain", { Meta = { app_label = "lib", abstract = true } })
    local C1 = A:extend("C1", { published = models.BooleanField(), Meta = Meta })
    assert.equal("live default live", managers(C1))
    raises("AttributeError", function() return C1.objects end, "C1 has no manager 'objects'")
    local C2 = A:extend("C2", { own = models.Manager(), published = models.BooleanField(), Meta = Meta })
    assert.equal("own,live default own", managers(C2))
    local C3 = models.Model("C3", { bases = { A, B }, published = models.BooleanField(), Meta = Meta })
    assert.equal("live,other default live", managers(C3))
    assert.equal(Published, getmetatable(C3.live))
    local C4 = models.Model("C4", { bases = { Plain, B }, Meta = Meta })
    assert.equal("other,live default other", managers(C4))
    local C5 = Plain:extend("C5", { mine = models.Manager(), Meta = Meta })
    assert.equal("mine default mine", managers(C5))
    assert.equal("objects default objects", managers(Plain:extend("C6", { Meta = Meta })))
    local D = C2:extend("D", { extra = models.Manager(), Meta = Meta })
    assert.equal("extra,own,live default extra", managers(D))
    local E = C2:extend("E", { Meta = Meta })
    assert.equal("own,live default own", managers(E))
    local P = C2:extend("P", { first = models.Manager(), Meta = { app_label = "lib", proxy = true } })
    assert.equal("first,own,live default first", managers(P))
  end)

  it("may say which is the default one, and which the base", function()
    local X = models.Model("X", {
      a = models.Manager(), b = Published(),
      published = models.BooleanField(),
      Meta = { app_label = "lib", default_manager_name = "b", base_manager_name = "b" },
    })
    assert.equal("a,b default b", managers(X))
    assert.equal("b", X._base_manager.name)
    local Y = X:extend("Y", { Meta = Meta })
    assert.equal("a,b default b", managers(Y))
    assert.equal("b", Y._base_manager.name)
    local Z = X:extend("Z", { c = models.Manager(), Meta = Meta })
    assert.equal("c,a,b default c", managers(Z))
    raises("ValueError", function()
      models.Model("W", { Meta = { app_label = "lib", default_manager_name = "nope" } })
    end, "W has no manager named 'nope'")
    raises("ValueError", function()
      models.Model("V", { objects = models.CharField { max_length = 3 }, Meta = Meta })
    end, "Model V must specify a custom Manager, because it has a field named 'objects'.")
  end)
end)

describe("from_queryset", function()
  it("gives managers the methods of a QuerySet class", function()
    local QS = models.QuerySet:extend {
      lower = function(self) return self:filter { published = false } end,
    }
    local FromBoth = ShoutManager:from_queryset(QS)
    local T = models.Model("T", { title = models.CharField { max_length = 10 }, published = models.BooleanField { default = false }, objects = FromBoth(), qs = QS:as_manager(), Meta = Meta })
    world.create(T)
    T.objects:create { title = "a" }
    assert.equal("A", T.objects:lower():lower():get().title)
    assert.equal("A", T.objects:titles())
    assert.equal(1, T.qs:lower():count())
    raises("AttributeError", function() T.qs:titles() end, "has no 'titles'")
    raises("TypeError", function() models.Manager:from_queryset(T.objects:all()) end, "from_queryset takes a class of QuerySets")
  end)
end)

describe("managers of related objects", function()
  it("are made of the default manager, with its own create()", function()
    reset()
    local ann = Author.objects:create { name = "Ann" }
    assert.equal("ONE", ann.books:create({ title = "one" }).title)
    assert.equal("ONE", ann.books:titles())
    assert.equal(ann, Book.objects:get().author)
    assert.equal("TWO", ann.reads:create({ title = "two" }, { through_defaults = { pages = 3 } }).title)
    assert.equal(3, Reading.objects:get().pages)
    assert.equal("TWO", ann.reads:titles())
  end)

  it("can be chosen", function()
    reset()
    local ann = Author.objects:create { name = "Ann" }
    Book.objects:bulk_create { Book { title = "a", author = ann }, Book { title = "b", author = ann, published = true }, Book { title = "c", published = true } }
    assert.equal("a,b", names(ann.books:all(), "title"))
    assert.equal("b", names(ann.books({ manager = "out" }):all(), "title"))
    assert.equal(1, ann.books({ manager = "out" }):count())
    ann = Author.objects:prefetch_related("books"):get()
    assert.equal("b", names(ann.books({ manager = "out" }):all(), "title"))
    assert.equal("a,b", names(ann.books:all(), "title"))
    ann.reads({ manager = "out" }):add(Book.objects:get { title = "b" })
    ann.reads:add(Book.objects:get { title = "a" })
    assert.equal("b", names(ann.reads({ manager = "out" }):all(), "title"))
    raises("AttributeError", function() return ann.books { manager = "oute" } end, "did you mean 'out'?")
    raises("TypeError", function() return ann.books { manger = "out" } end, "another manager is named")
    raises("TypeError", function() for _ in ann.books do error "no" end end, "a manager is no list")
  end)

  it("are used for lists, the base manager for one object", function()
    reset()
    local Hidden = models.Model("Hidden", { published = models.BooleanField { default = false }, author = models.ForeignKey("Author", { on_delete = models.CASCADE }), objects = Published(), all_of_them = models.Manager(), Meta = Meta })
    local Note = models.Model("Note", { hidden = models.ForeignKey("Hidden", { on_delete = models.CASCADE }), Meta = Meta })
    world.create(Hidden, Note)
    local ann = Author.objects:create { name = "Ann" }
    local hidden = Hidden.all_of_them:create { author = ann }
    Note.objects:create { hidden = hidden }
    assert.equal(hidden, Note.objects:get().hidden)
    assert.equal(0, ann.hidden_set:count())
    assert.equal(1, ann.hidden_set({ manager = "all_of_them" }):count())
    hidden:refresh_from_db()
    hidden.published = true
    hidden:save()
    assert.equal(1, ann.hidden_set:count())
    world.clear(Note, Hidden)
  end)
end)

-- Signals of a model while fn runs: "pre_save a" …
local function heard(class, which, fn)
  local list, offs = {}, {}
  for _, name in ipairs(which) do
    offs[#offs + 1] = signals[name]:connect(function(_, e)
      list[#list + 1] = name .. " " .. tostring(e.instance.title)
    end, { sender = class })
  end
  local ok, err = pcall(fn)
  for _, off in ipairs(offs) do
    off()
  end
  if not ok then
    error(err, 0)
  end
  return table.concat(list, ", ")
end

describe("books of an author", function()
  local ann, a, b, c
  local function prepare()
    reset()
    ann = Author.objects:create { name = "Ann" }
    a, b, c = Book.objects:create { title = "A" }, Book.objects:create { title = "B" }, Book.objects:create { title = "C" }
  end
  local saves = { "pre_save", "post_save" }

  it("are added in one statement, or saved", function()
    prepare()
    assert.equal("", heard(Book, saves, function() ann.books:add(a, b) end))
    assert.equal("A,B", ann.books:titles())
    assert.equal("pre_save C, post_save C", heard(Book, saves, function() ann.books:add(c, { bulk = false }) end))
    ann.books:add(Book { title = "NEW" }, { bulk = false })
    assert.equal("A,B,C,NEW", ann.books:titles())
    raises("ValueError", function() ann.books:add(Book { title = "X" }) end, "instance isn't saved. Use bulk=False or save the object first.")
    raises("TypeError", function() ann.books:add(ann) end, "'Book' instance expected")
    raises("TypeError", function() ann.books:set { book = a } end, "this table has no first item, but 'book'")
    raises("TypeError", function() ann.books:add(a, ann.nothing) end, "add: item 2 is nil")
    raises("TypeError", function() ann.books:add(a, { blk = false }) end, "did you mean 'bulk'?")
  end)

  it("are taken away in one statement, or saved", function()
    prepare()
    ann.books:add(a, b, c)
    assert.equal("", heard(Book, saves, function() ann.books:remove(a) end))
    assert.is_nil(a.author_id)
    assert.equal("pre_save B, post_save B", heard(Book, saves, function() ann.books:remove(b, { bulk = false }) end))
    assert.equal("C", ann.books:titles())
    raises("DoesNotExist", function() ann.books:remove(a) end, "is not related to")
    ann.books:add(a, b)
    assert.equal("pre_save A, post_save A, pre_save B, post_save B, pre_save C, post_save C", heard(Book, saves, function() ann.books:clear { bulk = false } end))
    assert.equal("", ann.books:titles())
    ann.books:add(a)
    assert.equal("", heard(Book, saves, function() ann.books:clear() end))
    assert.equal(0, ann.books:count())
    assert.equal(3, Book.objects:count())
  end)

  it("are set: only what differs changes", function()
    prepare()
    ann.books:set { a, b }
    assert.equal(2, count(function() ann.books:set { b } end))
    assert.equal("B", ann.books:titles())
    assert.equal(1, count(function() ann.books:set { b } end))
    assert.equal("pre_save B, post_save B, pre_save C, post_save C", heard(Book, saves, function() ann.books:set({ c }, { bulk = false }) end))
    assert.equal("pre_save C, post_save C, pre_save C, post_save C", heard(Book, saves, function() ann.books:set({ c }, { bulk = false, clear = true }) end))
    ann.books:set(Book.objects:filter { title__in = { "A", "B" } })
    assert.equal("A,B", ann.books:titles())
    ann.books:set {}
    assert.equal("", ann.books:titles())
  end)

  it("need a key, and a column that may be NULL", function()
    prepare()
    raises("ValueError", function() return Author({ name = "x" }).books:count() end, "needs to have a value for field \"id\"")
    local page = a.page_set:create { n = 1 }
    raises("AttributeError", function() a.page_set:remove(page) end, "'book' cannot be NULL")
    raises("AttributeError", function() a.page_set:clear() end, "'book' cannot be NULL")
    assert.equal("pre_save nil, post_save nil", heard(Page, saves, function() b.page_set:set({ page }, { bulk = false }) end))
    assert.equal(0, a.page_set:count())
    assert.equal(1, b.page_set:count())
  end)
end)

describe("friends", function()
  local ann, bob, eve
  local function prepare()
    reset()
    ann, bob, eve = Author.objects:create { name = "Ann" }, Author.objects:create { name = "Bob" }, Author.objects:create { name = "Eve" }
  end
  local function actions(through, fn)
    local list = {}
    local off = signals.m2m_changed:connect(function(_, e)
      local keys = {}
      for i, key in ipairs(e.pk_set or {}) do
        keys[i] = key == ann.pk and "Ann" or key == bob.pk and "Bob" or "Eve"
      end
      list[#list + 1] = e.action .. (e.reverse and "*" or "") .. (e.pk_set and " " .. table.concat(keys, "+") or "")
    end, { sender = through })
    fn()
    off()
    return table.concat(list, ", ")
  end

  it("are both's, and are told of once", function()
    prepare()
    assert.equal("pre_add Bob+Eve, post_add Bob+Eve", actions(Author.friends.through, function() ann.friends:add(bob, eve.pk) end))
    assert.equal("Ann", names(bob.friends:all()))
    assert.equal("pre_remove Bob, post_remove Bob", actions(Author.friends.through, function() ann.friends:remove(bob) end))
    assert.equal("", names(bob.friends:all()))
    assert.equal("pre_remove Eve, post_remove Eve, pre_add Bob, post_add Bob", actions(Author.friends.through, function() ann.friends:set { bob } end))
    assert.equal("pre_clear, post_clear", actions(Author.friends.through, function() ann.friends:clear() end))
    assert.equal(0, Author.friends.through.objects:count())
    ann.friends:add(ann)
    assert.equal(1, Author.friends.through.objects:count())
  end)

  it("are not, where the relation goes one way", function()
    prepare()
    ann.follows:add(bob)
    assert.equal("", names(bob.follows:all()))
    assert.equal("Ann", names(bob.followers:all()))
    assert.equal("pre_add* Eve, post_add* Eve", actions(Author.follows.through, function() bob.followers:add(eve, ann) end))
    assert.equal("pre_add* , post_add* ", actions(Author.follows.through, function() bob.followers:add(eve) end))
    assert.equal("", actions(Author.follows.through, function() bob.followers:set { ann, eve } end))
    assert.equal("pre_clear*, post_clear*, pre_add* Ann, post_add* Ann", actions(Author.follows.through, function() bob.followers:set({ ann }, { clear = true }) end))
  end)

  it("take keys as forms give them", function()
    prepare()
    ann.follows:set { tostring(bob.pk), tostring(eve.pk) }
    assert.equal("pre_remove Eve, post_remove Eve", actions(Author.follows.through, function() ann.follows:set { tostring(bob.pk), bob.pk, bob } end))
    ann.follows:add(tostring(bob.pk))
    assert.equal(1, Author.follows.through.objects:count())
    ann.follows:remove(tostring(bob.pk))
    assert.equal(0, Author.follows.through.objects:count())
    raises("ValueError", function() ann.follows:add "x" end, "expected a number but got")
    raises("IntegrityError", function() db.atomic(function() ann.follows:add(9999) end) end)
    raises("TypeError", function() ann.follows:add(Book { title = "x" }) end, "'Author' instance expected")
    raises("TypeError", function() ann.follows:add(bob, { trough_defaults = {} }) end, "did you mean 'through_defaults'")
    raises("ValueError", function() ann.follows:add(Author { name = "new" }) end, "needs to be saved first")
  end)

  it("have through_defaults, which may be functions", function()
    prepare()
    local book = Book.objects:create { title = "b" }
    book.readers:add(ann, { through_defaults = { pages = function() return 7 end } })
    book.readers:set({ ann, bob }, { through_defaults = { pages = 9 } })
    assert.equal(7, Reading.objects:get({ reader = ann }).pages)
    assert.equal(9, Reading.objects:get({ reader = bob }).pages)
    local object, created = book.readers:get_or_create { name = "Bob" }
    assert.equal(bob, object)
    assert.is_false(created)
    object, created = book.readers:get_or_create({ name = "Eve" }, { through_defaults = { pages = 1 } }) -- another Eve
    assert.is_true(created and object ~= eve)
    object, created = book.readers:update_or_create { name = "Eve", defaults = { name = "Eva" } }
    assert.is_false(created)
    assert.equal("Eva", Author.objects:get({ pk = object.pk }).name)
    assert.equal(3, book.readers:count())
    object, created = book.readers:get_or_create({ name = "Zoe" }, { through_defaults = { pages = 1 } })
    assert.is_true(created)
    assert.equal(1, Reading.objects:get({ reader = object }).pages)
    local all = { book.readers:create { name = "Max" } }
    assert.equal(1, #all)
  end)
end)

describe("a relation through to_field", function()
  local Unit = models.Model("Unit", { code = models.CharField { max_length = 5, unique = true }, Meta = Meta })
  local Hidden = models.Manager:extend { get_queryset = function(self) return models.Manager.get_queryset(self):filter { pk__gt = 0 } end }
  local Ware = models.Model("Ware", { units = models.ManyToManyField("Unit", { through = "Use", related_name = "wares" }), objects = Hidden(), Meta = Meta })
  local Use = models.Model("Use", {
    ware = models.ForeignKey("Ware", { on_delete = models.CASCADE }), unit = models.ForeignKey("Unit", { to_field = "code", on_delete = models.CASCADE }), Meta = Meta,
  })
  world.create(Unit, Ware, Use)

  it("is one of that field's values", function()
    Unit.objects:create { code = "x" }
    local kg, m = Unit.objects:create { code = "kg" }, Unit.objects:create { code = "m" }
    local ware = Ware.objects:create {}
    ware.units:add(kg, "m")
    assert.equal("kg", Use.objects:earliest("pk").unit_id)
    assert.equal(2, ware.units:count())
    assert.equal(ware, kg.wares:get())
    assert.equal("kg,m", names(Ware.objects:prefetch_related("units"):get().units:all(), "code"))
    assert.equal(1, #Unit.objects:prefetch_related("wares"):get({ code = "m" }).wares:all())
    local lists = {}
    for i, unit in ipairs(Unit.objects:order_by "pk") do
      lists[i] = #unit.wares:all()
    end
    assert.same({ 0, 1, 1 }, lists)
    ware.units:set { m }
    assert.equal("m", ware.units:get().code)
    ware.units:remove(m)
    assert.equal(0, Use.objects:count())
  end)
end)

reset()
t.finish()
