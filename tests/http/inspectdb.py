#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""inspectdb on a database that a Django site made, and on one that nobody would make: models
whose queries work. Without Django (Debian: python3-django) the first part says so.

usage: inspectdb.py --perilune BINARY [--only WORD]
"""
import ast
import os
import re
import shutil
import sqlite3
import subprocess

from migrations import project, run_all
from migrations_django import HERE, WRITE_DJANGO, python_with_django

TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


def load(w, *args):
    """What inspectdb prints becomes the models of shop."""
    text = w.good("inspectdb", *args).out
    w.write("shop/models.lua", text)
    w.good("check", "--tag", "models")
    return text


# ---- the same tables, read by Django ----

# What Django leaves to the author, or says otherwise without meaning anything else.
OURS_ALONE = {"on_delete", "db_index", "db_default", "related_name", "to_field", "db_collation"}


def of_django(text):
    """Table → field → (class, target, options) of what Django prints."""
    models = {}
    for node in ast.parse(text).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields, table = {}, None
        for line in node.body:
            if isinstance(line, ast.ClassDef):
                table = next(a.value.value for a in line.body if a.targets[0].id == "db_table")
            elif isinstance(line, ast.Assign):
                call = line.value
                target = call.args[0] if call.args else None
                target = target and (target.id if isinstance(target, ast.Name) else target.value)
                options = {k.arg: repr(k.value.value) for k in call.keywords if k.arg not in OURS_ALONE}
                fields[line.targets[0].id] = (call.func.attr, target, options)
        models[table] = (node.name, fields)
    return models


def of_ours(text):
    models = {}
    for name, body, table in re.findall(r'^M\.(\w+) = models\.Model\("\w+", \{\n(.*?)\n  Meta = \{.*?db_table = "([^"]*)"', text, re.S | re.M):
        fields = {}
        for field, kind, rest in re.findall(r"^  (\w+) = models\.(\w+)[({](.*)[)}],(?: -- .*)?$", body, re.M):
            target = re.match(r'"(\w+)", \{', rest)
            options = {k: {"true": "True", "false": "False"}.get(v, v.replace('"', "'")) for k, v in re.findall(r'(\w+) = ("[^"]*"|\w+)', rest) if k not in OURS_ALONE}
            fields[field] = (kind, target and target[1], options)
        models[table] = (name, fields)
    return models


RENAMED = {"end": "end_field"}  # words of Lua


def compare(w, django, ours):
    """Every field that Django finds is here under the same name, with the same class and options."""
    for table, (name, fields) in django.items():
        if table == "django_migrations":
            continue
        our_name, found = ours[table]
        w.check(our_name == name, "the class of " + table, our_name)
        found = dict(found)
        if not any("primary_key" in options for _, _, options in fields.values()): # Django's default; here it is written
            w.check(found.pop("id", None) == ("AutoField", None, {"primary_key": "True"}), "the key of " + table)
        for field, (kind, target, options) in fields.items():
            if options.get("primary_key"): # Django 3.2 says that it may be NULL, where SQLite does
                options = {k: v for k, v in options.items() if k not in ("blank", "null")}
            if field in RENAMED:
                field, options = RENAMED[field], dict(options, db_column=repr(field))
            got = found.pop(field, None)
            w.check(got == (kind, target, options), "%s.%s as Django has it" % (table, field), (got, (kind, target, options)))
        w.check(not found, "nothing else in " + table, found)


# What columns may be called and be; Django 3.2 cannot read tables with UNIQUE over two columns.
ODD_FOR_DJANGO = """
CREATE TABLE "shop_productTags2x" (id integer PRIMARY KEY AUTOINCREMENT, "_lead" integer, "trail_" integer, "two__under" text, "Big Name" varchar(30) NOT NULL, "end" text, x integer, "x " integer,
  "x-" text, "2nd" smallint, "Id_" text, "a-b" real, fk_id integer REFERENCES other (id), fk integer REFERENCES other (id), "Other_ID" integer NOT NULL UNIQUE REFERENCES other (id));
CREATE TABLE other (id bigint PRIMARY KEY, c varchar(10) COLLATE NOCASE NOT NULL, "t, (COLLATE x" text COLLATE RTRIM, u char(32), ip char(39), d decimal, un unknown, ub bigint unsigned, ui integer unsigned,
  us smallint unsigned, si smallinteger, b bool NOT NULL, b2 boolean, bl blob, da date NOT NULL, dt datetime, ti time, r real, i int, li text DEFAULT 'COLLATE nothing, (');
CREATE TABLE smallpk (k smallint PRIMARY KEY, j text CHECK ((JSON_VALID("j") OR "j" IS NULL)), "J K" text NOT NULL CHECK (json_valid("J K")));
CREATE TABLE refs (k varchar(9) PRIMARY KEY NOT NULL, a bigint REFERENCES other (id), b bigint REFERENCES other (id), s varchar(9) UNIQUE REFERENCES refs (k));
"""


@test
def the_same_as_django(w):
    python = python_with_django()
    if not python:
        print("skipped: there is no Django (Debian: python3-django)")
        return
    project(w, shop="")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.executescript(ODD_FOR_DJANGO)
    site = w.path("site")
    shutil.copytree(os.path.join(HERE, "migrations_django"), site)
    env = dict(os.environ, DJANGO_SETTINGS_MODULE="settings", DATABASE=w.path("db.sqlite3"), PYTHONIOENCODING="utf-8")
    done = subprocess.run([python, "-m", "django", "inspectdb"], cwd=site, env=env, capture_output=True, text=True, check=False)
    w.check(done.returncode == 0, "Django's inspectdb", done.stderr)
    text = load(w)
    compare(w, of_django(done.stdout), of_ours(text))
    for want in ('c = models.CharField{ max_length = 10, db_collation = "NOCASE" }', 'db_column = "t, (COLLATE x", blank = true, null = true, db_collation = "RTRIM"',
                 'li = models.TextField{ blank = true, null = true, db_default = "COLLATE nothing, (" }', "-- models.UUIDField, if it holds UUIDs"):
        w.check(want in text, want, text)


QUERIES = r"""
local m = require "shop.models"
local p = m.ShopProduct.objects:select_related("category"):get{ name = "pen" }
assert(p.category.name == "from django" and tostring(p.price) == "12.50000", tostring(p.price))
assert(m.ShopCategory.objects:get{ shopproduct__name = "pen" } == p.category)
assert(p.category.shopproduct_set:count() == 3)
assert(m.ShopProductTags.objects:get{ product = p }.tag.slug == "p")
local links = m.ShopProductRelated.objects:order_by "id"
assert(#links == 2 and links[1].from_product.name == "pen" and links[1].to_product.name == "ink")
assert(p.shopproductrelated_set:count() == 1 and p.shopproductrelated_to_product_set:count() == 1)
local e = m.ShopEverything.objects:get()
assert(e.json.b == 1 and e.bool == true and e.bin == "\0\255A" and e.cat.name == "from django", "values")
assert(tostring(e.dur) == "3474000000007" and e.ip == "2001:db8::1", tostring(e.dur))
assert(m.ShopSpecial.objects:get().product_ptr.name == "special")
assert(m.ShopSpecial.objects:filter{ product_ptr__category__name = "from django" }:count() == 1)
assert(m.StockStored.objects:values_list("place__name", "product__name", "n")[1][2] == "pen")
assert(m.StockPlace.objects:get().best == p)
assert(m.Cheap.objects:order_by("name"):first().name == "ink" and m.Cheap.objects:count() == 3, "the view")
local c = m.ShopCategory.objects:create{ name = "made here", parent = p.category }
assert(m.ShopCategory.objects:get{ parent__name = "from django" } == c)
c:delete()
local ok, err = pcall(m.ShopCategory.objects.create, m.ShopCategory.objects, { name = "from django" })
assert(not ok and tostring(err):find "UNIQUE", tostring(err))
assert(pcall(function() m.ShopCategory{ name = "from django" }:full_clean() end) == false, "unique is known")
print "all queries work"
"""


@test
def of_a_django_site(w):
    python = python_with_django()
    if not python:
        print("skipped: there is no Django (Debian: python3-django)")
        return
    project(w, shop="")
    site = w.path("site")
    shutil.copytree(os.path.join(HERE, "migrations_django"), site)
    env = dict(os.environ, DJANGO_SETTINGS_MODULE="settings", DATABASE=w.path("db.sqlite3"), PYTHONIOENCODING="utf-8")
    for args in (["-m", "django", "makemigrations", "shop", "stock"], ["-m", "django", "migrate"], ["-c", WRITE_DJANGO]):
        done = subprocess.run([python, *args], cwd=site, env=env, capture_output=True, text=True, check=False)
        w.check(done.returncode == 0, " ".join(args)[:60], done.stderr)
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("CREATE VIEW cheap AS SELECT id, name, price FROM shop_product")
    done = subprocess.run([python, "-m", "django", "inspectdb"], cwd=site, env=env, capture_output=True, text=True, check=False)
    text = load(w, "--include-views")
    django = of_django(done.stdout)
    w.check(len(django) > 10 and "shop_everything" in django, "Django's inspectdb", done.stdout)
    compare(w, django, of_ours(text))
    for want in ("json = models.JSONField{ blank = true, null = true }", "id = models.CharField{ max_length = 32, primary_key = true }, -- models.UUIDField, if it holds UUIDs", 'models.Index{ "category", "-price", name = "shop_produc_categor_',
                 'unique_together = { { "name", "price" }, { "name", "category" } }', "there is also the index stock_active", "there is also the unique index uniq",
                 'cat = models.ForeignKey("ShopCategory", { on_delete = models.DO_NOTHING, to_field = "name" })', 'sku = models.CharField{ max_length = 10, db_column = "SKU", unique = true }',
                 'product_ptr = models.OneToOneField("ShopProduct", { on_delete = models.DO_NOTHING, primary_key = true })', "db_table = \"cheap\", -- a view"):
        w.check(want in text, want, text)
    w.write("queries.lua", QUERIES)
    w.good("run", "queries.lua", out="all queries work")
    w.good("makemigrations")
    w.good("migrate")
    w.good("makemigrations", "--check")


@test
def of_odd_tables(w):
    project(w, shop="")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.executescript("""
          CREATE TABLE a_b (id INTEGER PRIMARY KEY, "save" text NOT NULL DEFAULT 'it''s', n integer DEFAULT 7, ok bool NOT NULL DEFAULT 1, at datetime DEFAULT CURRENT_TIMESTAMP, r real DEFAULT (1 + 1));
          CREATE TABLE "a b" (x integer, "x " integer, "2nd" text, "Meta" text, "__odd__" text);
          CREATE TABLE twice (id INTEGER PRIMARY KEY, n integer, two integer GENERATED ALWAYS AS (n * 2));
          CREATE TABLE nokey (name text, other text);
          CREATE TABLE points (id INTEGER PRIMARY KEY, here REFERENCES a_b (id), there integer NOT NULL REFERENCES a_b, gone integer REFERENCES nowhere (id), total integer AS (id * 2) STORED, "Low er" text AS (lower('?,' || (id))));
          CREATE INDEX plain ON points (there); CREATE INDEX two ON points (here, there DESC); CREATE INDEX lower_one ON a_b (lower("save"));
          CREATE TABLE comp (a integer, b integer, PRIMARY KEY (a, b), FOREIGN KEY (a, b) REFERENCES comp (a, b));
          INSERT INTO a_b (id) VALUES (1); INSERT INTO points (id, here, there) VALUES (5, 1, 1); INSERT INTO nokey VALUES ('k', 'o'); INSERT INTO comp VALUES (1, 2);""")
    text = load(w)
    for want in ('save_field = models.TextField{ db_column = "save", db_default = "it\'s" }', "n = models.IntegerField{ blank = true, null = true, db_default = 7 }", "ok = models.BooleanField{ db_default = true }",
                 "db_default = models.functions.Now() }", "-- DEFAULT 1 + 1", 'x_field = models.IntegerField{ db_column = "x "', 'number_2nd = models.TextField{ db_column = "2nd"', 'meta = models.TextField{ db_column = "Meta"',
                 'field_odd_field = models.TextField{ db_column = "__odd__"', "-- the key is guessed: there is none", "total = models.GeneratedField{ expression = models.RawSQL(\"id * 2\"), output_field = models.IntegerField{}, db_persist = true }", "low_er = models.GeneratedField{ expression = models.RawSQL(\"lower('??,' || (id))\")", 'there = models.ForeignKey("AB2", {' if '"AB2"' in text and "M.AB2 = models.Model(\"AB2\", {\n  id" in text else 'there = models.ForeignKey("AB", {',
                 'db_column = "here"', "gone = models.IntegerField{ blank = true, null = true }", 'models.Index{ "here", "-there", name = "two" }', "there is also the index lower_one", 'pk = models.CompositePrimaryKey("a", "b")'):
        w.check(want in text, want, text)
    w.write("queries.lua", """local m = require "shop.models"
      local p = m.Points.objects:get()
      assert(p.here.n == 7 and p.there.save_field == "it's" and p.here.points_there_set:count() == 1)
      assert(p.total == 10 and p.low_er == "?,5")
      assert(m.Twice.objects:create{ n = 4 }.two == 8 and m.Twice.objects:get{ two = 8 }.n == 4)
      assert(m.Nokey.objects:get{ name = "k" }.other == "o" and m.Comp.objects:get{ pk = { 1, 2 } }.b == 2)
      print "fine" """)
    w.good("run", "queries.lua", out="fine")
    w.check('M.Points' in w.good("inspectdb", "points").out and "M.Nokey" not in w.good("inspectdb", "points").out, "one table")
    w.bad(1, "there is no table 'point'; did you mean 'points'?", "inspectdb", "point")


if __name__ == "__main__":
    run_all(TESTS)
