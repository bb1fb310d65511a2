#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One SQLite file, two owners: tables that `perilune migrate` makes are a Django site's, and
the other way round. The models of migrations_project and migrations_django are the same.

Django 3.2 comes from Debian (python3-django); without it the test says so and ends.

usage: migrations_django.py --perilune BINARY
"""
import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

from server import Checks

HERE = os.path.dirname(os.path.abspath(__file__))

# What may differ in the texts of sqlite_master:
ALLOWED = [
    # Django 4.2 and later write decimals with all their places
    (r"'(\d+)\.00'", r"'\1'"),
    # and put parentheses around an expression that a column is compared with
    (r"\((CAST\(\(.*?\) AS NUMERIC\))\)", r"\1"),
]

WRITE_PERILUNE = r"""
local models = require "shop.models"
local stock = require "stock.models"
local time = require "perilune.time"
local uuid = "12345678123456781234567812345678"
local c = models.Category.objects:create{ name = "from perilune" }
local t = models.Tag.objects:create{ slug = "p" }
local p = models.Product.objects:create{ name = "pen", category = c, price = "12.50", stock = 3 }
p.tags:add(t)
p.related:add(models.Product.objects:create{ name = "ink", category = c, price = "1000", is_active = false })
local place = stock.Place.objects:create{ name = "hall", best = p }
stock.Stored.objects:create{ place = place, product = p, n = 7 }
models.Everything.objects:create{ id = uuid, big = 1 << 40, small = 2, psmall = 3, bin = "\0\255A", bool = true, char = "b",
  date = time.date(2024, 2, 29), dt = time.parse_datetime "2024-02-29T13:05:07.000120Z", time = time.parse_time "01:02:03",
  dur = time.timedelta{ days = 40, hours = 5, microseconds = 7 }, email = "a@b.c", float = 1e22, ip = "2001:0DB8::0001",
  json = { b = 1 }, text = "é", cat_id = "from perilune" }
models.Special.objects:create{ name = "special", category = c, price = 1, discount = 0.25 }
models.Step.objects:create{ product = p, what = "one" }
models.Step.objects:create{ product = p, what = "two" }
"""

READ_PERILUNE = r"""
local json = require "perilune.json"
local models = require "shop.models"
local stock = require "stock.models"
local out = {}
local p = models.Product.objects:get{ name = "pen" }
out.price, out.category, out.active = tostring(p.price), p.category.name, p.is_active
out.tags, out.related = {}, {}
for _, t in ipairs(p.tags:all()) do table.insert(out.tags, t.slug) end
for _, r in ipairs(p.related:all()) do table.insert(out.related, r.name) end
out.n = stock.Stored.objects:get{ product = p }.n
out.place = p.places:get().name
local e = models.Everything.objects:get()
out.id, out.big, out.bin, out.bool, out.char = (tostring(e.id):gsub("-", "")), e.big, (e.bin:gsub(".", function(c) return ("%02x"):format(c:byte()) end)), e.bool, e.char
out.date, out.dt, out.time, out.dur = tostring(e.date), e.dt ~= nil, tostring(e.time), e.dur.days * 86400 + e.dur.seconds
out.us = e.dur.microseconds
out.email, out.float, out.ip, out.json, out.text, out.cat = e.email, e.float, e.ip, e.json, e.text, e.cat.name
local s = models.Special.objects:get()
out.special, out.discount = s.name, s.discount
out.steps = {}
for _, step in ipairs(models.Step.objects:all()) do table.insert(out.steps, step.what) end
out.active_products = models.Product.objects:filter{ is_active = true }:count()
print(json.encode(out))
"""

SETUP = "import django; django.setup()\nfrom shop.models import *; from stock.models import *\n"

WRITE_DJANGO = SETUP + r"""
import datetime, uuid
c = Category.objects.create(name="from django")
t = Tag.objects.create(slug="p")
p = Product.objects.create(name="pen", category=c, price="12.50", stock=3)
p.tags.add(t)
p.related.add(Product.objects.create(name="ink", category=c, price="1000", is_active=False))
place = Place.objects.create(name="hall", best=p)
Stored.objects.create(place=place, product=p, n=7)
utc = datetime.timezone.utc
Everything.objects.create(id=uuid.UUID("12345678123456781234567812345678"), big=1 << 40, small=2, psmall=3, bin=b"\0\xffA", bool=True,
  char="b", date=datetime.date(2024, 2, 29), dt=datetime.datetime(2024, 2, 29, 13, 5, 7, 120, utc), time=datetime.time(1, 2, 3),
  dur=datetime.timedelta(days=40, hours=5, microseconds=7), email="a@b.c", float=1e22, ip="2001:0DB8::0001", json={"b": 1},
  text="é", cat=c)
Special.objects.create(name="special", category=c, price=1, discount=0.25)
Step.objects.create(product=p, what="one")
Step.objects.create(product=p, what="two")
"""

READ_DJANGO = SETUP + r"""
import json
p = Product.objects.get(name="pen")
e = Everything.objects.get()
s = Special.objects.get()
q = bytes(e.bin)
print(json.dumps(dict(price=str(p.price), category=p.category.name, active=p.is_active, tags=[t.slug for t in p.tags.all()],
  related=[r.name for r in p.related.all()], n=Stored.objects.get(product=p).n, place=p.places.get().name,
  id=e.id.hex, big=e.big, bin=q.hex(), bool=e.bool, char=e.char, date=str(e.date),
  dt=e.dt is not None, time=str(e.time), dur=e.dur.days * 86400 + e.dur.seconds, us=e.dur.microseconds, email=e.email, float=e.float,
  ip=e.ip, json=e.json, text=e.text, cat=e.cat.name, special=s.name, discount=s.discount,
  steps=[x.what for x in Step.objects.all()], active_products=Product.objects.filter(is_active=True).count())))
"""


def python_with_django():
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, "-c", "import django; print(django.VERSION[:2])"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return python
    return None


class World:
    def __init__(self, perilune, python, checks, folder):
        self.perilune, self.python, self.checks = perilune, python, checks
        self.project, self.site = os.path.join(folder, "project"), os.path.join(folder, "site")
        shutil.copytree(os.path.join(HERE, "migrations_project"), self.project)
        shutil.copytree(os.path.join(HERE, "migrations_django"), self.site)
        self.database = os.path.join(self.project, "db.sqlite3")

    def done(self, command, folder, **env):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=dict(os.environ, **env))
        self.checks.check(done.returncode == 0, " ".join(command)[:80], done.stdout + done.stderr)
        return done.stdout

    def lua(self, *args):
        return self.done([self.perilune, *args], self.project)

    def lua_text(self, text):
        with open(os.path.join(self.project, "script.lua"), "w", encoding="utf-8") as f:
            f.write(text)
        return self.lua("run", "script.lua")

    def django(self, *args):
        return self.done([self.python, *args], self.site, DJANGO_SETTINGS_MODULE="settings", DATABASE=self.database, PYTHONIOENCODING="utf-8")

    def schema(self):
        with sqlite3.connect(self.database) as db:
            rows = db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        return {(kind, name): (table, normal(sql)) for kind, name, table, sql in rows}

    def migrations(self):
        with sqlite3.connect(self.database) as db:
            return sorted(db.execute("SELECT app, name FROM django_migrations").fetchall())


def split_columns(text):
    """What stands between the outermost parentheses, at its commas."""
    parts, depth, start, quoted = [], 0, 0, None
    for i, c in enumerate(text):
        if quoted:
            quoted = None if c == quoted else quoted
        elif c in "'\"":
            quoted = c
        elif c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()]


def normal(sql):
    """The order of a table's columns and constraints may differ (Django puts relations last)."""
    for pattern, replacement in ALLOWED:
        sql = re.sub(pattern, replacement, sql)
    m = re.match(r"(CREATE TABLE \S+) \((.*)\)$", sql, re.S)
    return (m.group(1), tuple(sorted(split_columns(m.group(2))))) if m else sql


def compare(checks, ours, theirs, what):
    for key in sorted(set(ours) | set(theirs)):
        checks.check(ours.get(key) == theirs.get(key), "%s: %s %s" % ((what,) + key), "\n  %s\n  %s" % (ours.get(key), theirs.get(key)))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--perilune", required=True)
    opts = ap.parse_args()
    python = python_with_django()
    if not python:
        print("skipped: there is no Django (Debian: python3-django)")
        return
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-django-") as folder:
        w = World(os.path.abspath(opts.perilune), python, checks, folder)
        w.lua("makemigrations")
        w.django("-m", "django", "makemigrations", "shop", "stock")

        w.lua("migrate")
        ours, our_migrations = w.schema(), w.migrations()
        shown = w.django("-m", "django", "showmigrations")
        checks.check("[ ]" not in shown and shown.count("[X]") == 3, "Django knows the migrations", shown)
        checks.check("No migrations to apply" in w.django("-m", "django", "migrate"), "nothing is left for Django")
        w.lua_text(WRITE_PERILUNE)
        in_django, in_perilune = json.loads(w.django("-c", READ_DJANGO)), json.loads(w.lua_text(READ_PERILUNE))
        compare_values(checks, in_django, in_perilune, "rows of Perilune")
        checks.check(in_django["steps"] == ["one", "two"], "the order of steps", in_django["steps"])

        os.remove(w.database)
        w.django("-m", "django", "migrate")
        compare(checks, ours, w.schema(), "schema")
        checks.check(our_migrations == w.migrations(), "the same migrations", (our_migrations, w.migrations()))
        checks.check("No migrations to apply" in w.lua("migrate"), "nothing is left for Perilune")
        w.django("-c", WRITE_DJANGO)
        in_django, in_perilune = json.loads(w.django("-c", READ_DJANGO)), json.loads(w.lua_text(READ_PERILUNE))
        compare_values(checks, in_django, in_perilune, "rows of Django")
        checks.check(in_perilune["category"] == "from django", "the rows are Django's")
        fixtures(w, checks)
    checks.done()


def fixtures(w, checks):
    """The same rows are the same fixture, and either's fixture is the other's rows."""
    def order(text):
        return sorted(json.loads(text), key=lambda o: (o["model"], str(o["pk"])))

    ours = w.lua("dumpdata", "-e", "shop.Foreign")
    theirs = w.django("-m", "django", "dumpdata", "-e", "shop.Foreign")
    checks.check(order(ours) == order(theirs), "dumpdata", "\n%s\n%s" % (ours, theirs))
    checks.check(order(w.lua("dumpdata", "--indent", "2", "shop.Product")) == order(w.django("-m", "django", "dumpdata", "shop.Product")), "dumpdata of a model")
    for name, text in (("ours", ours), ("theirs", theirs)):
        with open(os.path.join(w.project, name + ".json"), "w", encoding="utf-8") as f:
            f.write(text)
    w.lua("flush", "--no-input")
    checks.check(json.loads(w.lua("dumpdata", "-e", "shop.Foreign")) == [], "flush")
    loaded = w.lua("loaddata", "theirs")
    checks.check("Installed 11 object(s) from 1 fixture(s)" in loaded, "loaddata", loaded)
    checks.check(order(w.lua("dumpdata", "-e", "shop.Foreign")) == order(theirs), "Django's fixture in Perilune", w.lua("dumpdata", "-e", "shop.Foreign"))
    w.lua("flush", "--no-input")
    w.django("-m", "django", "loaddata", os.path.join(w.project, "ours.json"))
    checks.check(order(w.lua("dumpdata", "-e", "shop.Foreign")) == order(ours), "Perilune's fixture in Django")


def compare_values(checks, theirs, ours, what):
    for key in sorted(set(theirs) | set(ours)):
        checks.check(theirs.get(key) == ours.get(key), "%s: %s" % (what, key), "Django %r, Perilune %r" % (theirs.get(key), ours.get(key)))


if __name__ == "__main__":
    main()
