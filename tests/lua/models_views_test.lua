-- SPDX-License-Identifier: MIT
-- Models where views and templates meet them.
local t = require "harness"
local exceptions = require "perilune.exceptions"
local http = require "perilune.http"
local json = require "perilune.json"
local models = require "perilune.models"
local paginator = require "perilune.paginator"
local template = require "perilune.template"
local world = require "models_world"
local describe, it, assert = t.describe, t.it, t.assert

local s = world.shop()
local Category, Product, Tag = s.Category, s.Product, s.Tag
local engine = template.Engine { templates = {}, string_if_invalid = "INVALID" }
local books, p1

local function fill()
  s.clear()
  books = Category.objects:create { name = "books" }
  p1 = Product.objects:create { name = "P1", price = "1.50", category = books }
  Product.objects:create { name = "P2", price = "2", category = books, note = "<x>" }
  p1.tags:add(Tag.objects:create { name = "t1" }, Tag.objects:create { name = "t2" })
end

local function shows(want, text, context)
  assert.equal(want, engine:from_string(text):render(context))
end

describe("templates", function()
  it("walk QuerySets, look at instances, and say None for NULL", function()
    fill()
    local sent = world.count(function()
      shows("P1:books:1.50:None;P2:books:2.00:&lt;x&gt;;", "{% for p in products %}{{ p.name }}:{{ p.category.name }}:{{ p.price }}:{{ p.note }};{% endfor %}", { products = Product.objects:all() })
    end)
    assert.equal(2, sent)
    shows("P1 1 None INVALID", "{{ p }} {{ p.stock|add:1 }} {{ p.category.parent }} {{ p.nope }}", { p = p1 })
    shows("INVALID|INVALID|n", "{{ c.profile }}|{{ c.profile.text }}|{% if c.profile %}y{% else %}n{% endif %}", { c = books })
    shows("New new", "{{ o.get_status_display }} {{ o.status }}", { o = s.Order { customer = "x" } })
  end)

  it("call methods of managers and QuerySets", function()
    fill()
    shows("t1t2 2", "{% for t in p.tags.all %}{{ t.name }}{% endfor %} {{ p.tags.count }}", { p = p1 })
    shows("2 P1 P1 P2", "{{ c.products.count }} {{ c.products.all.0.name }} {{ c.products.first.name }} {{ c.products.last.name }}", { c = books })
    shows("P1,P2 2 P2", "{{ products|join:',' }} {{ products|length }} {% for p in products|slice:'1:' %}{{ p }}{% endfor %}", { products = Product.objects:all() })
    shows("n y", "{% if none %}y{% else %}n{% endif %} {% if some %}y{% endif %}", { none = Product.objects:none(), some = Product.objects:all() })
    shows("same in", "{% if p == products.0 %}same{% endif %} {% if p in products %}in{% endif %}", { p = p1, products = Product.objects:all() })
    shows("books 2", "{% regroup products by category as g %}{% for x in g %}{{ x.grouper.name }} {{ x.list|length }}{% endfor %}", { products = Product.objects:all() })
  end)

  it("say None for NULL in rows of values(), in annotations and aggregates", function()
    fill()
    local rows = Product.objects:order_by("name"):values("name", "note")
    assert.equal(nil, rows[1].note)
    shows("P1=None;P2=&lt;x&gt;;", "{% for r in rows %}{{ r.name }}={{ r.note }};{% endfor %}", { rows = rows })
    shows("name=P1,note=None, name,note, P1,None,", "{% for k, v in r.items %}{{ k }}={{ v }},{% endfor %} {% for k in r.keys %}{{ k }},{% endfor %} {% for v in r.values %}{{ v }},{% endfor %}", { r = rows[1] })
    shows("INVALID|n", "{{ r.nope }}|{% if r.note %}y{% else %}n{% endif %}", { r = rows[1] })
    shows("None", "{{ s.total }}", { s = Product.objects:none():aggregate { total = models.Sum "stock" } })
    shows("None INVALID", "{{ p.latest }} {{ p.other }}", { p = Product.objects:annotate({ latest = models.Max "items__quantity" }):first() })
    shows("None", "{% for a in rows %}{{ a.1 }}{% endfor %}", { rows = Product.objects:filter({ name = "P1" }):values_list("name", "note") })
    -- the row is a plain table still, and what is made of it keeps the name
    rows[1].more = 1
    local keys = {}
    for k in pairs(rows[1]) do
      keys[#keys + 1] = k
    end
    table.sort(keys)
    assert.equal("more,name", table.concat(keys, ","))
    assert.equal('{"more":1,"name":"P1","note":null}', json.encode(rows[1]))
    assert.equal('[{"name":"P1","note":null},{"name":"P2","note":"<x>"}]', json.encode(Product.objects:order_by("name"):values("name", "note"):to_list()))
    assert.equal('{"total":null}', json.encode(Product.objects:none():aggregate { total = models.Sum "stock" }))
    local pack = require "perilune._pack"
    local copy = pack.unpack(pack.pack(rows:to_list()))
    assert.equal(nil, copy[1].note)
    assert.equal('{"more":1,"name":"P1","note":null}', json.encode(copy[1]))
    shows("None", "{{ r.note }}", { r = copy[1] })
    rows[1].more = nil
    assert.equal("P1", Product(rows[1]).name)
    shows("name,note,", "{% for k in r %}{{ k }},{% endfor %}", { r = rows[1] })
    -- lists know their length
    local lists = Product.objects:order_by("name"):values_list("note", "name", "note")
    assert.equal(3, #lists[1])
    assert.equal(nil, lists[1][1])
    assert.equal('[[null,"P1",null],["<x>","P2","<x>"]]', json.encode(lists:to_list()))
    shows("None-P1-None;&lt;x&gt;-P2-&lt;x&gt;;", "{% for a, b, c in rows %}{{ a }}-{{ b }}-{{ c }};{% endfor %}", { rows = lists })
    shows("None|P1|INVALID|3|None,P1,None,", "{{ r.0 }}|{{ r.1 }}|{{ r.3 }}|{{ r|length }}|{% for v in r %}{{ v }},{% endfor %}", { r = lists[1] })
    copy = pack.unpack(pack.pack(lists:to_list()))
    assert.equal('[null,"P1",null]', json.encode(copy[1]))
    assert.equal(nil, copy[1][1])
  end)

  it("say that a manager is no list", function()
    fill()
    world.raises("TypeError", function()
      engine:from_string("{% for t in p.tags %}{{ t }}{% endfor %}"):render { p = p1 }
    end, "{% for x in objects.all %} in templates")
  end)

  it("never change data", function()
    fill()
    for _, name in ipairs { "p.delete", "p.save", "products.delete", "products.update", "c.products.clear", "p.tags.clear", "c.products.update", "c.products.create" } do
      shows("INVALID", "{{ " .. name .. " }}", { p = p1, c = books, products = Product.objects:all() })
    end
    local Plain = s.Tag:extend("PlainTag", { Meta = { proxy = true, app_label = "shop" } })
    function Plain:save()
      error "saved"
    end
    world.create()
    shows("INVALID", "{{ t.save }}", { t = Plain.objects:first() })
    assert.equal(2, Product.objects:count())
    assert.equal(2, p1.tags:count())
  end)
end)

describe("shortcuts", function()
  local function missing(fn, text)
    local ok, err = pcall(fn)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "Http404"))
    assert.equal(text, err.message)
  end

  it("get_object_or_404 takes models, managers and QuerySets", function()
    fill()
    assert.equal(p1, http.get_object_or_404(Product, { name = "P1" }))
    assert.equal(p1, http.get_object_or_404(Product.objects, { pk = p1.pk }))
    assert.equal(p1, http.get_object_or_404(Product.objects:active(), { pk = p1.pk }))
    assert.equal(p1, http.get_object_or_404(books.products, { pk = p1.pk }))
    missing(function() http.get_object_or_404(Product, { pk = 0 }) end, "No Product matches the given query.")
    missing(function() http.get_object_or_404(Product.objects:filter { name = "P2" }, { pk = p1.pk }) end, "No Product matches the given query.")
    local ok, err = pcall(http.get_object_or_404, Product, { category = books })
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, Product.MultipleObjectsReturned))
    ok, err = pcall(http.get_object_or_404, Product, { nme = "x" })
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "FieldError"))
  end)

  it("get_list_or_404", function()
    fill()
    assert.equal(2, #http.get_list_or_404(Product, { category = books }))
    assert.equal(1, #http.get_list_or_404(Product.objects:filter { name = "P1" }))
    missing(function() http.get_list_or_404(Product, { name = "no" }) end, "No Product matches the given query.")
  end)
end)

describe("pages", function()
  it("count once and read what they show", function()
    fill()
    for i = 3, 25 do
      Product.objects:create { name = ("Q%02d"):format(i), price = i }
    end
    local pages = paginator.Paginator(Product.objects:all(), 10)
    local page
    local sent = world.count(function()
      page = pages:page(3)
      assert.equal(5, #page)
      assert.equal("Q21", page[1].name)
      assert.equal(25, pages.count)
      assert.is_false(page:has_next())
    end)
    assert.equal(2, sent)
    shows("Q21,Q22,Q23,Q24,Q25 of 25", "{% for p in page %}{% if not forloop.first %},{% endif %}{{ p }}{% endfor %} of {{ page.paginator.count }}", { page = page })
  end)
end)

describe("JSON", function()
  it("has no form for instances, but for values()", function()
    fill()
    local ok, err = pcall(json.encode, p1)
    assert.is_false(ok)
    assert.is_true(exceptions.is(err, "TypeError"))
    assert.equal('[{"name":"P1"},{"name":"P2"}]', json.encode(Product.objects:values("name"):to_list()))
  end)
end)

t.finish()
