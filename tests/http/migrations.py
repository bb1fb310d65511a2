#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""makemigrations, migrate and their like, as a user calls them, in projects of their own.

usage: migrations.py --perilune BINARY [--only WORD]
"""
import argparse
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from server import Checks
from test_commands import World

TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


SETTINGS = """return { secret_key = "x", installed_apps = { %s }, root_urlconf = "urls",
  databases = { default = { engine = "sqlite", name = "db.sqlite3" } } }
"""


def project(w, **apps):
    """A project of apps: name → text of the models after the requires."""
    w.write("settings.lua", SETTINGS % ", ".join('"%s"' % name for name in apps))
    w.write("urls.lua", "return {}\n")
    for name, text in apps.items():
        models(w, name, text)


def models(w, app, text):
    w.write(app + "/models.lua", 'local models = require "perilune.models"\nlocal M = {}\n' + text + "\nreturn M\n")


def rows(w, sql):
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        return db.execute(sql).fetchall()


def names(w, app):
    folder = w.path(app, "migrations")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


TAG = 'M.Tag = models.Model("Tag", { name = models.CharField{ max_length = 20 }%s })'


@test
def first_steps(w):
    project(w, shop=TAG % "")
    r = w.run("makemigrations", "--check")
    w.check(r.status == 1 and names(w, "shop") == [], "--check writes nothing and ends with 1", r)
    w.good("makemigrations", "--dry-run", out="- Create model Tag")
    w.check(names(w, "shop") == [], "--dry-run writes nothing")
    w.good("makemigrations", "--dry-run", "--verbosity", "3", out="migrations.CreateModel{")
    w.good("makemigrations", out="shop/migrations/0001_initial.lua")
    w.good("makemigrations", out="No changes detected")
    w.good("makemigrations", "--check")
    w.good("showmigrations", out="[ ] 0001_initial")
    r = w.run("migrate", "--check")
    w.check(r.status == 1, "migrate --check", r)
    w.good("migrate", "--plan", out="Create model Tag")
    w.good("sqlmigrate", "shop", "0001", out='CREATE TABLE "shop_tag"')
    w.good("migrate", out="Applying shop.0001_initial... OK")
    w.good("migrate", "--check")
    w.good("migrate", out="No migrations to apply.")
    w.good("showmigrations", out="[X] 0001_initial")
    w.check(rows(w, "SELECT app, name FROM django_migrations") == [("shop", "0001_initial")], "the record")
    w.good("sqlmigrate", "shop", "0001", "--backwards", out='DROP TABLE "shop_tag"')

    models(w, "shop", TAG % ', color = models.CharField{ max_length = 9, default = "red" }')
    w.good("migrate", out="have changes that are not yet reflected")
    w.good("makemigrations", out="0002_tag_color.lua")
    models(w, "shop", TAG % ', color = models.CharField{ max_length = 10, default = "red" }, n = models.IntegerField{}')
    w.bad(1, "field 'tag.n' (shop/models.lua:3) is new and NOT NULL", "makemigrations")
    models(w, "shop", TAG % ', color = models.CharField{ max_length = 10, default = "red" }, n = models.IntegerField{ null = true }')
    w.good("makemigrations", "--name", "longer", out="0003_longer.lua")
    w.good("makemigrations", "shop", "--empty", "--name", "by_hand", out="0004_by_hand.lua")
    w.good("migrate")
    w.good("migrate", "shop", "0002", out="Unapplying shop.0004_by_hand... OK")
    w.check(rows(w, "SELECT name FROM django_migrations ORDER BY id") == [("0001_initial",), ("0002_tag_color",)], "back")
    w.good("migrate", "shop", "--fake", out="FAKED")
    w.good("migrate", "shop", "0002", "--fake", out="Unapplying shop.0004_by_hand... FAKED")
    w.good("migrate", "shop", "zero", out="Unapplying shop.0001_initial... OK")
    w.check(rows(w, "SELECT name FROM sqlite_master WHERE name LIKE 'shop%'") == [], "zero leaves no table")
    w.good("migrate")
    w.bad(1, "no installed app has the label 'shp'; did you mean 'shop'?", "migrate", "shp")
    w.bad(1, "Cannot find a migration matching '0009' from app 'shop'", "migrate", "shop", "0009")
    w.bad(1, "More than one migration matches '000'", "migrate", "shop", "000")


@test
def names_of_files(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    steps = [
        (', a = models.IntegerField{ null = true }', "0002_tag_a"),
        (', a = models.BigIntegerField{ null = true }', "0003_alter_tag_a"),
        ("", "0004_remove_tag_a"),
        (', Meta = { ordering = { "name" } }', "0005_alter_tag_options"),
        (', Meta = { ordering = { "name" }, db_table = "labels" }', "0006_alter_tag_table"),
        (', Meta = { ordering = { "name" }, db_table = "labels", indexes = { models.Index{ "name", name = "i" } } }', "0007_tag_i"),
        (', Meta = { ordering = { "name" }, db_table = "labels", indexes = { models.Index{ "name", name = "j" } } }', "0008_rename_i_j"),
        (', Meta = { ordering = { "name" }, db_table = "labels", unique_together = { { "name", "id" } } }', "0009_remove_tag_j_alter_tag_unique_together"),
        (', b = models.IntegerField{ null = true }, c = models.IntegerField{ null = true }, d = models.IntegerField{ null = true },'
         'long_name_of_a_field = models.IntegerField{ null = true }, another_long_name = models.IntegerField{ null = true },'
         'Meta = { ordering = { "name" }, db_table = "labels", unique_together = { { "name", "id" } } }',
         "0010_tag_another_long_name_tag_b_tag_c_tag_d_and_more"),
    ]
    for text, name in steps:
        models(w, "shop", TAG % text)
        w.good("makemigrations", out=name + ".lua")
        w.good("makemigrations", out="No changes detected")
    w.good("migrate", out="0010")
    w.good("migrate", "shop", "zero")


@test
def renames(w):
    project(w, shop=TAG % ', price = models.IntegerField{ default = 1 }, Meta = { constraints = { models.CheckConstraint{ models.Q{ price__gte = 0 }, name = "pos" } } }')
    w.good("makemigrations")
    w.good("migrate")
    models(w, "shop", TAG % ', cost = models.IntegerField{ default = 1 }, Meta = { constraints = { models.CheckConstraint{ models.Q{ cost__gte = 0 }, name = "pos" } } }')
    r = w.terminal("makemigrations", answers=["y"])
    w.check("0002_rename_price_tag_cost" in r, "a field", r)
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")
    models(w, "shop", (TAG % ', cost = models.IntegerField{ default = 1 }, Meta = { constraints = { models.CheckConstraint{ models.Q{ cost__gte = 0 }, name = "pos" } } }').replace("Tag", "Label"))
    r = w.terminal("makemigrations", answers=["y"])
    w.check("0003_rename_tag_label" in r, "a model", r)
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")
    w.check(rows(w, "SELECT cost FROM shop_label") == [], "the table")
    models(w, "shop", (TAG % ', price = models.IntegerField{}, n = models.IntegerField{}').replace("Tag", "Label"))
    r = w.terminal("makemigrations", answers=["1", "5 + 1", "1", "7"])
    text = w.read("shop/migrations/" + names(w, "shop")[-1])
    w.check("default = 6" in text and "default = 7" in text and "preserve_default = false" in text, "values for rows that are there", r + text)
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")


def terminal(self, *args, answers=(), cwd=""):
    """Runs at a terminal and types the answers; gives what is on the screen."""
    import pty
    import select
    master, slave = pty.openpty()
    child = subprocess.Popen([self.perilune, *args], cwd=self.path(cwd), stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    os.write(master, "".join(a + "\n" for a in answers).encode())
    seen, end = b"", time.time() + 30
    while time.time() < end:
        if select.select([master], [], [], 0.2)[0]:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        elif child.poll() is not None:
            break
    child.kill() if child.poll() is None else None
    status = child.wait()
    os.close(master)
    self.check(status == 0, " ".join(args) + " at a terminal", seen.decode(errors="replace"))
    return seen.decode(errors="replace")


World.terminal = terminal


@test
def apps_that_need_one_another(w):
    project(w, a='M.One = models.Model("One", { two = models.ForeignKey("b.Two", { on_delete = models.CASCADE, related_name = "+" }) })',
            b='M.Two = models.Model("Two", { one = models.ForeignKey("a.One", { on_delete = models.CASCADE, null = true, related_name = "+" }) })',
            c='M.Three = models.Model("Three", { one = models.ForeignKey("a.One", { on_delete = models.CASCADE }) })')
    w.good("makemigrations")
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")
    got = {row[0]: row[1] for row in rows(w, "SELECT name, sql FROM sqlite_master WHERE type = 'table'")}
    w.check('REFERENCES "b_two"' in got.get("a_one", "") and 'REFERENCES "a_one"' in got.get("b_two", "") and "c_three" in got, "tables", got)
    w.good("migrate", "b", "zero")
    got = rows(w, "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name LIKE '_\\_%' ESCAPE '\\'")
    w.check(sorted(name for name, _ in got) == ["a_one", "c_three"] and "two_id" not in str(got), "what needs it goes first", got)
    w.good("migrate")
    models(w, "a", "")
    models(w, "b", "")
    models(w, "c", "")
    w.good("makemigrations", out="Delete model One")
    w.good("migrate")
    w.check(rows(w, "SELECT name FROM sqlite_master WHERE name IN ('a_one', 'b_two', 'c_three')") == [], "all are gone")


@test
def what_names_a_field_goes_with_it(w):
    base = 'M.Owner = models.Model("Owner", {})\nM.Tag = models.Model("Tag", { a = models.IntegerField{ default = 0 }, %s })'
    project(w, shop=base % """b = models.IntegerField{ default = 0 }, owner = models.ForeignKey("Owner", { on_delete = models.CASCADE }),
      Meta = { order_with_respect_to = "owner", unique_together = { { "a", "b" } }, indexes = { models.Index{ "a", "b", name = "ab" }, models.Index{ "b", name = "b" } },
        constraints = { models.UniqueConstraint{ "a", "b", name = "u" }, models.CheckConstraint{ models.Q{ b__gte = 0 }, name = "c" } } }""")
    w.good("makemigrations")
    w.good("migrate")
    models(w, "shop", base % 'Meta = { ordering = { "a" }, indexes = { models.Index{ "a", name = "ab" } } }')
    w.good("makemigrations")
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")
    w.good("migrate", "shop", "0001")
    w.good("migrate")


def migration(w, app, name, body, dependencies=""):
    w.write("%s/migrations/%s.lua" % (app, name), """local migrations = require "perilune.migrations"
local models = require "perilune.models"
return { dependencies = { %s }, %s }
""" % (dependencies, body))


@test
def conflicts_and_histories(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    w.good("migrate")
    add = 'operations = { migrations.AddField{ model_name = "tag", name = "%s", field = models.IntegerField{ null = true } } }'
    migration(w, "shop", "0002_a", add % "a", '{ "shop", "0001_initial" }')
    migration(w, "shop", "0002_b", add % "b", '{ "shop", "0001_initial" }')
    w.bad(1, "Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_a, 0002_b in shop)", "migrate")
    w.bad(1, "Conflicting migrations detected", "makemigrations")
    w.good("makemigrations", "--merge", "--no-input", out="0003_merge")
    w.good("migrate", out="0003_merge")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("DELETE FROM django_migrations WHERE name = '0001_initial'")
    w.bad(1, "is applied before its dependency shop.0001_initial on database 'default'", "migrate")
    migration(w, "shop", "0004_x", "operations = {}", '{ "shop", "0003_mrge" }')
    w.bad(1, "depends on shop.0003_mrge, which does not exist", "showmigrations")
    migration(w, "shop", "0004_x", "operatons = {}")
    w.bad(1, "did you mean 'operations'?", "showmigrations")
    migration(w, "shop", "0004_x", 'operations = { migrations.AddFeld{} }')
    w.bad(1, "did you mean 'AddField'?", "showmigrations")


@test
def squashing(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    models(w, "shop", TAG % ', a = models.IntegerField{ null = true }')
    w.good("makemigrations")
    models(w, "shop", TAG % ', a = models.IntegerField{ default = 1 }')
    w.good("makemigrations")
    w.good("migrate", "shop", "0002")
    w.good("squashmigrations", "shop", "0003", "--no-input", out="1")
    name = [n for n in names(w, "shop") if "squashed" in n][0]
    text = w.read("shop/migrations/" + name)
    w.check(text.count("migrations.CreateModel") == 1 and "AddField" not in text and 'replaces = { { "shop", "0001_initial" }' in text, "one operation", text)
    w.good("migrate", out="Applying shop.0003")
    w.good("showmigrations", out="squashed migrations)")
    w.good("makemigrations", out="No changes detected")
    os.remove(w.path("db.sqlite3"))
    w.good("migrate", out="Applying shop." + name[:-4])
    w.check(len(rows(w, "SELECT * FROM django_migrations")) == 4, "all are recorded", rows(w, "SELECT * FROM django_migrations"))


@test
def signals_and_comments(w):
    project(w, shop=TAG % "", blog="")
    w.write("shop/signals.lua", """local signals = require "perilune.signals"
      for _, name in ipairs{ "pre_migrate", "post_migrate" } do
        signals[name]:connect(function(sender, event)
          print(name, event.app_config.label, event.using, event.verbosity, event.interactive, #event.plan)
        end)
      end""")
    w.good("makemigrations")
    r = w.good("migrate", "--no-input", out="pre_migrate\tshop\tdefault\t1\tfalse\t1\n")
    for want in ("pre_migrate\tblog\t", "post_migrate\tshop\t", "post_migrate\tblog\t"):
        w.check(want in r.out, want, r.out)
    models(w, "shop", TAG % ', Meta = { db_table_comment = "labels" }')
    w.good("makemigrations", out="0002_alter_tag_table_comment")
    w.good("makemigrations", out="No changes detected")
    w.good("migrate")
    w.good("migrate", "shop", "zero")


@test
def adopting_tables(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute('CREATE TABLE "shop_tag" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(20) NOT NULL)')
    w.bad(1, "already exists", "migrate")
    w.good("migrate", "--fake-initial", out="FAKED")
    w.good("showmigrations", "--plan", out="[X]  shop.0001_initial")


@test
def run_before_signals_and_not_atomic(w):
    project(w, a=TAG % "", b=TAG % "")
    w.good("makemigrations")
    migration(w, "b", "0002_x", 'run_before = { { "a", "0001_initial" } }, atomic = false, operations = { migrations.RunSQL("CREATE TABLE x (y)"), migrations.RunSQL("CREATE TABLE x (y)") }',
              '{ "b", "0001_initial" }')
    w.write("a/apps.lua", "return {}")
    r = w.run("migrate")
    w.check(r.status == 1 and "b.0002_x" in r.err and "already exists" in r.err and "a.0001" not in r.out, "order", r)
    w.check(rows(w, "SELECT name FROM sqlite_master WHERE name = 'x'") == [("x",)], "atomic = false keeps what was done")
    migration(w, "b", "0002_x", 'operations = { migrations.RunLua(function() print("ran") end, migrations.RunLua.noop) }', '{ "b", "0001_initial" }')
    w.good("migrate", out="ran")
    w.good("migrate", "b", "0001")


@test
def tables_as_models(w):
    project(w, shop="")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.executescript("""
          CREATE TABLE "order lines" ("id" integer PRIMARY KEY AUTOINCREMENT, "end" varchar(9) NOT NULL UNIQUE, "Price" decimal(7, 2) NOT NULL,
            "owner_id" bigint NULL REFERENCES owners (id), n "integer unsigned" NOT NULL, odd whatever, UNIQUE ("n", "Price"));
          CREATE TABLE owners (id integer PRIMARY KEY, born date, data blob NOT NULL);
          CREATE TABLE pairs (a integer NOT NULL, b integer NOT NULL, PRIMARY KEY (a, b));
          INSERT INTO owners VALUES (1, '2024-02-29', x'00'); INSERT INTO "order lines" VALUES (1, 'x', 2.5, 1, 3, 'y');""")
    r = w.good("inspectdb", out='models.Model("OrderLines"')
    for want in ('end_field = models.CharField{ max_length = 9, db_column = "end", unique = true }', 'price = models.DecimalField{ max_digits = 7, decimal_places = 2, db_column = "Price" }',
                 'owner = models.ForeignKey("Owners", { on_delete = models.DO_NOTHING, db_index = false, blank = true, null = true })',
                 'unique_together = { { "n", "price" } }', 'pk = models.CompositePrimaryKey("a", "b")', "-- the type is guessed: whatever", "managed = false"):
        w.check(want in r.out, want, r.out)
    w.write("shop/models.lua", r.out)
    w.write("script.lua", 'local m = require "shop.models"; local l = m.OrderLines.objects:get(); print(l.owner.born, l.end_field, l.price, l.n)')
    w.good("run", "script.lua", out="2024-02-29\tx\t2.50\t3")
    w.good("makemigrations")
    w.good("migrate")
    w.good("sqlflush", out="BEGIN;")
    if shutil.which("sqlite3"):
        w.good("dbshell", "--", "SELECT 41 + id FROM owners", out="42")
    w.bad(1, "there is no app or model 'shp'; did you mean 'shop'?", "dumpdata", "shp")
    w.bad(1, "No fixture named 'nothing' found", "loaddata", "nothing")


@test
def fixtures(w):
    project(w, shop="""
      M.Author = models.Model("Author", { name = models.CharField{ max_length = 9, unique = true }, friend = models.ForeignKey("self", { null = true, on_delete = models.SET_NULL }),
        objects = models.Manager:extend{ get_by_natural_key = function(self, name) return self:get{ name = name } end } {} })
      function M.Author:natural_key() return self.name end
      M.Book = models.Model("Book", { author = models.ForeignKey("Author", { on_delete = models.CASCADE }) })""")
    w.good("makemigrations")
    w.good("migrate")
    w.write("script.lua", """local m = require "shop.models"
      local a = m.Author.objects:create{ name = "a" }; local b = m.Author.objects:create{ name = "b", friend = a }
      a.friend = b; a:save(); m.Book.objects:create{ author = b }""")
    w.good("run", "script.lua")
    r = w.good("dumpdata", "--natural-foreign", "--natural-primary", out='{"model": "shop.author", "fields": {"name": "a", "friend": ["b"]}}')
    w.write("shop/fixtures/authors.json", r.out)
    w.good("flush", "--no-input")
    w.good("loaddata", "authors", out="Installed 3 object(s) from 1 fixture(s)")
    w.check(w.good("dumpdata", "--natural-foreign", "--natural-primary").out.count('"friend": ["') == 2, "forward references")
    w.write("shop/fixtures/bad.json", '[{"model": "shop.book", "pk": 9, "fields": {"author": 77}}]')
    w.bad(1, "shop_author", "loaddata", "bad")
    w.write("shop/fixtures/bad.json", '[{"model": "shop.book", "pk": 9, "fields": {"autor": 1}}]')
    w.bad(1, "object 1: ", "loaddata", "bad")
    w.check(rows(w, "SELECT COUNT(*) FROM shop_book") == [(1,)], "nothing of a bad fixture stays")


@test
def killed_in_the_middle(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    w.good("migrate")
    migration(w, "shop", "0002_slow", """operations = {
      migrations.AddField{ model_name = "tag", name = "n", field = models.IntegerField{ default = 3 } },
      migrations.RunLua(function() io.stdout:write("half way\\n"); io.stdout:flush(); while true do end end),
    }""", '{ "shop", "0001_initial" }')
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("INSERT INTO shop_tag (name) VALUES ('x')")
    before = rows(w, "SELECT name, sql FROM sqlite_master")
    child = subprocess.Popen([w.perilune, "migrate"], cwd=w.path(), stdout=subprocess.PIPE, text=True)
    for line in child.stdout:
        if "half way" in line:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    w.check(rows(w, "SELECT name, sql FROM sqlite_master") == before, "nothing of it is there")
    w.check(len(rows(w, "SELECT * FROM django_migrations")) == 1 and rows(w, "PRAGMA integrity_check") == [("ok",)], "and it is not recorded")
    migration(w, "shop", "0002_slow", 'operations = { migrations.AddField{ model_name = "tag", name = "n", field = models.IntegerField{ default = 3 } } }', '{ "shop", "0001_initial" }')
    w.good("migrate")
    w.check(rows(w, "SELECT name, n FROM shop_tag") == [("x", 3)], "and runs the next time")


@test
def two_at_once(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    for i in range(2, 8):
        models(w, "shop", TAG % "".join(", f%d = models.IntegerField{ default = 1 }" % j for j in range(2, i + 1)))
        w.run("makemigrations")
    runs = [subprocess.Popen([w.perilune, "migrate"], cwd=w.path(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)]
    for r in runs:
        out = r.communicate(timeout=60)[0]
        w.check(r.returncode == 0, "a runner", out)
    got = [name for (name,) in rows(w, "SELECT name FROM django_migrations")]
    w.check(len(got) == 7 and len(set(got)) == 7, "each once", got)


def run_all(tests):
    """Each in a project of its own; --only WORD: those with the word in their names."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--perilune", required=True)
    ap.add_argument("--only", default="")
    opts = ap.parse_args()
    checks = Checks()
    for fn in tests:
        if opts.only and opts.only not in fn.__name__:
            continue
        w = World(os.path.abspath(opts.perilune), checks, fn.__name__)
        try:
            fn(w)
        except Exception as e:  # pylint: disable=broad-except
            checks.check(False, fn.__name__, "%s: %s" % (type(e).__name__, e))
        finally:
            shutil.rmtree(w.dir, ignore_errors=True)
    checks.done()


if __name__ == "__main__":
    run_all(TESTS)
