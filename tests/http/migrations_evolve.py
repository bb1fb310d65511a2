#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The same models change in a Perilune project and a Django site, step by step, with rows in
their tables. After each step both have written migrations of the same names, and three
databases are the same: one that Perilune migrates, one that Django migrates, and one that they
migrate by turns.

usage: migrations_evolve.py --perilune BINARY
"""
import argparse
import os
import re
import sqlite3
import subprocess
import tempfile

from migrations import terminal  # pylint: disable=unused-import
from migrations_django import normal, python_with_django
from server import Checks
from test_commands import World

# Django 3.2 with the names that Django has given to files since 4.0.
DJANGO_SETTINGS = '''import os, re
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {name: {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(os.environ["DATABASES"], file + ".sqlite3")}
             for name, file in (("default", "ours"), ("theirs", "theirs"), ("turns", "turns"))}
from django.db.migrations import migration
def suggest_name(self):
    if self.initial:
        return "initial"
    parts = [re.sub(r"\\W+", "_", o.migration_name_fragment or "") for o in self.operations]
    name = parts[0]
    for part in parts[1:]:
        if len(name + "_" + part) > 52:
            return name + "_and_more"
        name += "_" + part
    return name
migration.Migration.suggest_name = suggest_name
'''

DJANGO = """import importlib, sys
from django.core.management import execute_from_command_line
for command in sys.argv[1:]:
    importlib.invalidate_caches()  # the command before may have written a module
    execute_from_command_line(["django", *command.split()])
"""

LUA_SETTINGS = '''return { secret_key = "x", installed_apps = { "shop" }, root_urlconf = "urls",
  databases = { default = { engine = "sqlite", name = require("perilune.env")("DATABASE", "db.sqlite3") } } }
'''


class Step:
    def __init__(self, name, lua, python, answers=()):
        self.name, self.lua, self.python, self.answers = name, lua, python, answers


def models(category="", product="", meta_lua="", meta_py="", more="", special=True, tag="Tag"):
    """Models in both languages; what differs between the steps as pairs "Lua ||| Python"."""
    def both(text):
        lua, _, python = text.partition("|||")
        return lua.strip(), python.strip()

    def lines(text):
        return [both(line) for line in text.strip().split("\n") if line.strip()]
    lua = ['local models = require "perilune.models"', "local M = {}"]
    python = ["from django.db import models", "from django.db.models import Q, F"]

    def model(name, fields, lua_meta="", python_meta="", base=None):
        lua.append(("M.%s = M.%s:extend(%r, {" % (name, base, name) if base else "M.%s = models.Model(%r, {" % (name, name)).replace("'", '"'))
        python.append("class %s(%s):" % (name, base or "models.Model"))
        for a, b in fields:
            lua.append("  " + a + ",")
            python.append("    " + b)
        if lua_meta:
            lua.append("  Meta = { %s }," % lua_meta)
        if python_meta:
            python.append("    class Meta: " + python_meta)
        if not fields and not python_meta:
            python.append("    pass")
        lua.append("})")
    meta = both(category) if category else ("", "")
    model("Category", [both("name = models.CharField{ max_length = 50, unique = true } ||| name = models.CharField(max_length=50, unique=True)"),
                       both('parent = models.ForeignKey("self", { null = true, on_delete = models.CASCADE }) ||| parent = models.ForeignKey("self", null=True, on_delete=models.CASCADE)')], *meta)
    if tag:
        model(tag, lines("label = models.CharField{ max_length = 20, db_index = true } ||| label = models.CharField(max_length=20, db_index=True)"))
    model("Product", lines(product), meta_lua, meta_py)
    if special:
        model("Special", lines("size = models.PositiveIntegerField{ default = 1 } ||| size = models.PositiveIntegerField(default=1)"), base="Product")
    for line in lines(more):
        lua.append(line[0])
        python.append(line[1].replace("\\n", "\n"))
    return "\n".join(lua + ["return M", ""]), "\n".join(python) + "\n"


NAME = "name = models.CharField{ max_length = 100 } ||| name = models.CharField(max_length=100)\n"
LONG = "name = models.CharField{ max_length = 300, db_index = true } ||| name = models.CharField(max_length=300, db_index=True)\n"
PRICE = "price = models.DecimalField{ max_digits = 10, decimal_places = 2 } ||| price = models.DecimalField(max_digits=10, decimal_places=2)\n"
BIG = "price = models.DecimalField{ max_digits = 12, decimal_places = 2, null = true } ||| price = models.DecimalField(max_digits=12, decimal_places=2, null=True)\n"
OF = 'category = models.ForeignKey("Category", { on_delete = models.CASCADE }) ||| category = models.ForeignKey("Category", on_delete=models.CASCADE)\n'
RANK = "rank = models.IntegerField{ default = 1 } ||| rank = models.IntegerField(default=1)\n"
SLUG = 'slug = models.CharField{ max_length = 20, default = "s" } ||| slug = models.CharField(max_length=20, default="s")\n'
CODE = 'code = models.CharField{ max_length = 20, default = "s" } ||| code = models.CharField(max_length=20, default="s")\n'
COLUMN = 'code = models.CharField{ max_length = 20, default = "s", db_column = "the code" } ||| code = models.CharField(max_length=20, default="s", db_column="the code")\n'
WHEN = 'day = models.DateField{ null = true }|||day = models.DateField(null=True)\nkey = models.UUIDField{ null = true }|||key = models.UUIDField(null=True)\nmore = models.JSONField{ null = true }|||more = models.JSONField(null=True)\n'
TAGS = 'tags = models.ManyToManyField("%s") ||| tags = models.ManyToManyField("%s")\n'
ONE = 'category = models.OneToOneField("Category", { on_delete = models.PROTECT, null = true }) ||| category = models.OneToOneField("Category", on_delete=models.PROTECT, null=True)\n'
INDEX = 'indexes = { models.Index{ "name", "-price", name = "by_price" }, models.Index{ "rank" } }, constraints = { models.CheckConstraint{ models.Q{ price__gte = 0 }, name = "not_less" }, models.UniqueConstraint{ "name", "category", name = "once", condition = models.Q{ rank__gt = 0 } } }'
INDEX_PY = 'indexes = [models.Index(fields=["name", "-price"], name="by_price"), models.Index(fields=["rank"])]; constraints = [models.CheckConstraint(check=Q(price__gte=0), name="not_less"), models.UniqueConstraint(fields=["name", "category"], name="once", condition=Q(rank__gt=0))]'
LINK = ('M.Link = models.Model("Link", { a = models.ForeignKey("Product", { on_delete = models.CASCADE, related_name = "+" }), b = models.ForeignKey("Category", { on_delete = models.CASCADE }), n = models.IntegerField{ default = 0 }, Meta = { unique_together = { { "a", "b" } }, db_table = "links" } })'
        '|||class Link(models.Model):\\n    a = models.ForeignKey("Product", on_delete=models.CASCADE, related_name="+")\\n    b = models.ForeignKey("Category", on_delete=models.CASCADE)\\n    n = models.IntegerField(default=0)\\n    class Meta: unique_together = [("a", "b")]; db_table = "links"')
VIA = 'via = models.ManyToManyField("Category", { through = "Link", related_name = "+" }) ||| via = models.ManyToManyField("Category", through="Link", related_name="+")\n'
TABLE = 'db_table = "cats", ordering = { "name" } ||| db_table = "cats"; ordering = ["name"]'

STEPS = [
    Step("initial", *models(product=NAME + PRICE + OF, tag=None)),
    Step("fields", *models(product=NAME + PRICE + OF + SLUG + RANK, tag=None)),
    Step("altered", *models(product=LONG + BIG + OF + SLUG + RANK, tag=None)),
    Step("indexes", *models(product=LONG + BIG + OF + SLUG + RANK, meta_lua=INDEX, meta_py=INDEX_PY, tag=None)),
    Step("many", *models(product=LONG + BIG + OF + SLUG + RANK + TAGS % ("Tag", "Tag"), meta_lua=INDEX, meta_py=INDEX_PY)),
    Step("no indexes", *models(product=LONG + BIG + OF + SLUG + TAGS % ("Tag", "Tag"))),
    Step("rename", *models(product=LONG + BIG + OF + CODE + TAGS % ("Tag", "Tag")), answers=["y"]),
    Step("column, table", *models(category=TABLE, product=LONG + BIG + OF + COLUMN + TAGS % ("Tag", "Tag"))),
    Step("rename model", *models(category=TABLE, product=LONG + BIG + OF + COLUMN + TAGS % ("Label", "Label"), tag="Label"), answers=["y"]),
    Step("through", *models(category=TABLE, product=LONG + BIG + OF + COLUMN + WHEN + TAGS % ("Label", "Label") + VIA, tag="Label", more=LINK)),
    Step("one to one", *models(category=TABLE, product=NAME + PRICE.replace("decimal_places = 2 }", 'decimal_places = 2, default = "1.50" }').replace("decimal_places=2)", 'decimal_places=2, default="1.50")') + ONE + COLUMN + WHEN + TAGS % ("Label", "Label") + VIA, tag="Label", more=LINK)),
    Step("less", *models(category=TABLE, product=NAME + ONE + WHEN, tag="Label")),
]

ROWS = """
INSERT INTO shop_category (id, name, parent_id) VALUES (1, 'a', NULL), (2, 'b', 1), (3, 'c', 2);
INSERT INTO shop_product (id, name, price, category_id) VALUES (1, 'pen', 12.5, 1), (2, 'ink', 1000, 2), (3, 'pad', 0.25, 3);
INSERT INTO shop_special (product_ptr_id, size) VALUES (2, 7);
"""
LATER = {
    "many": "INSERT INTO shop_tag (id, label) VALUES (1, 'x'), (2, 'y'); INSERT INTO shop_product_tags (product_id, tag_id) VALUES (1, 1), (1, 2), (3, 2); UPDATE shop_product SET price = NULL WHERE id = 3;",
    "through": "INSERT INTO links (id, a_id, b_id, n) VALUES (1, 1, 2, 5), (2, 3, 3, 0); UPDATE shop_product SET day = '2026-11-28', more = '{\"a\": 1}', key = '12345678123456781234567812345678' WHERE id = 1;",
}


class Evolution:
    def __init__(self, perilune, python, checks, folder):
        self.world = World(perilune, checks, "evolve")
        self.python, self.checks = python, checks
        self.project, self.site = self.world.dir, os.path.join(folder, "site")
        os.makedirs(os.path.join(self.site, "shop"))
        self.databases = {name: os.path.join(folder, name + ".sqlite3") for name in ("ours", "theirs", "turns")}
        self.world.write("settings.lua", LUA_SETTINGS)
        self.world.write("urls.lua", "return {}\n")
        self.put("settings.py", DJANGO_SETTINGS)
        self.put("shop/__init__.py", "")

    def put(self, name, text):
        with open(os.path.join(self.site, name), "w", encoding="utf-8") as f:
            f.write(text)

    def django(self, *commands, stdin=""):
        """Commands of Django's in one process, for most of their time is its start."""
        env = dict(os.environ, DJANGO_SETTINGS_MODULE="settings", DATABASES=os.path.dirname(self.site), PYTHONIOENCODING="utf-8")
        done = subprocess.run([self.python, "-c", DJANGO, *commands], cwd=self.site, env=env, input=stdin, capture_output=True, text=True, timeout=120, check=False)
        self.checks.check(done.returncode == 0, "django " + ", ".join(commands), done.stdout + done.stderr)
        return done.stdout

    def perilune(self, *args, database="ours"):
        return self.world.good(*args, env={"DATABASE": self.databases[database]})

    def files(self):
        def names(folder, ending):
            return sorted(n[:-len(ending)] for n in os.listdir(os.path.join(folder, "shop", "migrations")) if n.endswith(ending) and n[0] != "_")
        return names(self.project, ".lua"), names(self.site, ".py")

    def run_sql(self, text):
        for path in self.databases.values():
            with sqlite3.connect(path) as db:
                db.executescript(text)

    def state(self, name):
        """Tables, indexes by what they are on (their names may remember old ones), rows."""
        with sqlite3.connect(self.databases[name]) as db:
            found = {}
            for kind, label, sql in db.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' AND sql IS NOT NULL").fetchall():
                if kind == "table":
                    found[label] = normal(sql)
                    cursor = db.execute('SELECT * FROM "%s"' % label)
                    columns = [c[0] for c in cursor.description]
                    if label != "django_migrations":
                        found["rows of " + label] = sorted(str(sorted(zip(columns, row))) for row in cursor.fetchall())
                else:
                    found[re.sub(r'INDEX ".*?" ON', "INDEX ON", sql)] = True
            found["migrations"] = sorted(db.execute("SELECT app, name FROM django_migrations").fetchall())
            self.checks.check(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)] and not db.execute("PRAGMA foreign_key_check").fetchall(), name + ": sound")
        return found

    def step(self, i, step):
        self.world.write("shop/models.lua", step.lua)
        self.put("shop/models.py", step.python)
        if step.answers:
            os.environ["DATABASE"] = self.databases["ours"]
            self.world.terminal("makemigrations", answers=step.answers)
        else:
            self.perilune("makemigrations")
        self.perilune("migrate", database="ours")
        if i % 2:
            self.perilune("migrate", database="turns")
        said = self.django("makemigrations shop", "migrate --database theirs", *([] if i % 2 else ["migrate --database turns"]), "migrate --plan",
                           stdin="".join(a + "\n" for a in step.answers))
        self.checks.check(said.rstrip().endswith("No planned migration operations."), "%s: nothing is left for Django on our database" % step.name, said)
        ours, theirs = self.files()
        self.checks.check(ours == theirs, "%s: names of files" % step.name, (ours[-2:], theirs[-2:]))
        if i == 0:
            self.run_sql(ROWS)
        self.run_sql(LATER.get(step.name, ""))
        states = {name: self.state(name) for name in self.databases}
        for other in ("ours", "turns"):
            for key in sorted(set(states["theirs"]) | set(states[other]), key=str):
                self.checks.check(states["theirs"].get(key) == states[other].get(key), "%s, %s: %s" % (step.name, other, key), "\n  Django   %s\n  Perilune %s" % (states["theirs"].get(key), states[other].get(key)))
        self.checks.check("No planned migration operations." in self.perilune("migrate", "--plan", database="theirs").out, "%s: nor for us on Django's" % step.name)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--perilune", required=True)
    opts = ap.parse_args()
    python = python_with_django()
    if not python:
        print("skipped: there is no Django (Debian: python3-django)")
        return
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-evolve-") as folder:
        evolution = Evolution(os.path.abspath(opts.perilune), python, checks, folder)
        for i, step in enumerate(STEPS):
            evolution.step(i, step)
        for i in range(len(STEPS) - 1, 0, -1):  # all the way back, on both sides
            name = "%04d" % i
            evolution.perilune("migrate", "shop", name, database="ours")
        evolution.django("migrate shop 0001 --database theirs")
        ours, theirs = evolution.state("ours"), evolution.state("theirs")
        for key in sorted(set(ours) | set(theirs), key=str):
            if not key.startswith("rows"):
                checks.check(ours.get(key) == theirs.get(key), "back: %s" % key, "\n  Django   %s\n  Perilune %s" % (theirs.get(key), ours.get(key)))
    checks.done()


if __name__ == "__main__":
    main()
