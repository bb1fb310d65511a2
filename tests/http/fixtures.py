#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""dumpdata and loaddata: where fixtures are found, what they may be packed in, what is said of
those that are none, and that big ones do not need much memory.

usage: fixtures.py --perilune BINARY [--only WORD]
"""
import bz2
import gzip
import json
import lzma
import os
import resource
import sqlite3
import subprocess
import zipfile

from migrations import project, rows, run_all
from trial import sanitized

TESTS = []

MODELS = """
M.Tag = models.Model("Tag", { name = models.CharField{ max_length = 20, unique = true } })
M.Note = models.Model("Note", { text = models.TextField{}, tags = models.ManyToManyField("Tag"), parent = models.ForeignKey("self", { null = true, on_delete = models.CASCADE }) })
M.Short = M.Note:extend("Short", { Meta = { proxy = true } })
"""


def test(fn):
    TESTS.append(fn)
    return fn


def world(w, **apps):
    project(w, shop=MODELS, **apps)
    w.good("makemigrations")
    w.good("migrate", "--verbosity", "0")


def fill(w, n=3):
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.executemany("INSERT INTO shop_tag (name) VALUES (?)", [("t%d" % i,) for i in range(5)])
        db.executemany("INSERT INTO shop_note (text) VALUES (?)", [("text \u00e9 \"%d\" {[\\" % i,) for i in range(n)])
        db.executemany("INSERT INTO shop_note_tags (note_id, tag_id) VALUES (?, ?)", [(i + 1, i % 5 + 1) for i in range(n)])


def dumped(w, *args):
    return w.good("dumpdata", *args).out


@test
def every_packing_and_place(w):
    world(w)
    fill(w)
    whole = dumped(w)
    w.check(len(json.loads(whole)) == 8 and json.loads(whole)[-1]["fields"]["tags"] == [3], "dumpdata", whole)
    folder = w.path("shop", "fixtures")
    os.makedirs(folder)
    os.makedirs(w.path("more"))
    w.good("dumpdata", "-o", "shop/fixtures/a.json")
    w.good("dumpdata", "--output", "shop/fixtures/b.json.gz", "--indent", "2")
    w.good("dumpdata", "-o", "more/c.jsonl")
    w.good("dumpdata", "--format", "jsonl", "-o", "more/d.jsonl.gz")
    w.good("dumpdata", "-o", "shop/fixtures/g.json.bz2")
    w.good("dumpdata", "--format", "jsonl", "-o", "more/h's.jsonl.xz")
    w.good("dumpdata", "-o", "more/i.json.lzma")
    for module, path in ((bz2, "shop/fixtures/g.json.bz2"), (lzma, "more/i.json.lzma")):
        with module.open(w.path(path), "rt", encoding="utf-8") as f:
            w.check(json.loads(f.read()) == json.loads(whole), path + " is what Python's module says")
    for name, method in (("e", zipfile.ZIP_DEFLATED), ("f", zipfile.ZIP_STORED)):
        with zipfile.ZipFile(os.path.join(folder, name + ".json.zip"), "w", method) as z:
            z.writestr("%s.json" % name, whole)
    with gzip.open(os.path.join(folder, "b.json.gz"), "rt", encoding="utf-8") as f:
        w.check(json.loads(f.read()) == json.loads(whole), "a .gz is what gzip says")
    with open(w.path("more", "c.jsonl"), encoding="utf-8") as f:
        w.check([json.loads(line) for line in f] == json.loads(whole), "a row a line")
    settings = w.read("settings.lua").replace('secret_key = "x"', 'secret_key = "x", fixture_dirs = { "more" }')
    w.write("settings.lua", settings)
    for name in ("a", "a.json", "b", "b.json.gz", "c", "d", "e", "e.json.zip", "f", w.path("more", "c.jsonl"), "more/d", "g", "g.json.bz2", "h's", "i.json.lzma"):
        w.good("flush", "--no-input", "--verbosity", "0")
        w.good("loaddata", name, out="Installed 8 object(s) from 1 fixture(s)")
        w.check(dumped(w) == whole, "the rows of " + name)
    w.good("flush", "--no-input", "--verbosity", "0")
    for args in (["--format", "json"], []):
        done = subprocess.run([w.perilune, "loaddata", *args, "-"], cwd=w.path(), input=whole, capture_output=True, text=True, check=False)
        w.check(done.returncode == 0 and "Installed 8" in done.stdout, "standard input", done.stderr)
    lines = "".join(json.dumps(item) + "\n\n" for item in json.loads(whole))
    done = subprocess.run([w.perilune, "loaddata", "--format", "jsonl", "-"], cwd=w.path(), input=lines, capture_output=True, text=True, check=False)
    w.check(done.returncode == 0 and dumped(w) == whole, "lines from standard input", done.stderr)


@test
def what_is_chosen(w):
    world(w, blog='M.Post = models.Model("Post", { title = models.CharField{ max_length = 9 } })')
    fill(w)
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("INSERT INTO blog_post (title) VALUES ('x')")
    whole = dumped(w)
    w.check([o["pk"] for o in json.loads(dumped(w, "shop.Note", "--pks", "1,3"))] == [1, 3], "--pks")
    w.bad(1, "You can only use --pks option with one model", "dumpdata", "--pks", "1")
    w.check({o["model"] for o in json.loads(dumped(w, "-e", "shop.Note", "-e", "blog"))} == {"shop.tag"}, "--exclude, twice")
    w.check(w.run("dumpdata", "shop.Short").err.count("shop.Short is a proxy model and won't be serialized.") == 1, "a proxy")
    w.bad(1, "there is no app or model 'shop.Nope'", "dumpdata", "-e", "shop.Nope")
    w.bad(1, "Unknown serialization format: jso; did you mean 'json'?", "dumpdata", "--format", "jso")
    w.bad(1, "--indent does not go with jsonl", "dumpdata", "--format", "jsonl", "--indent", "2")
    w.bad(1, "cannot write", "dumpdata", "-o", "nowhere/x.json")
    for name in ("nowhere/x.json.bz2", "nowhere/x.json.gz"):
        w.bad(1, "cannot write nowhere/x.json", "dumpdata", "-o", name)
    for args in (("dumpdata", "-o", "x.json.xz"), ("loaddata", "y.json.bz2")):
        w.write("y.json.bz2", "")
        done = subprocess.run([w.perilune, *args], cwd=w.path(), env={"PATH": w.path()}, capture_output=True, text=True, check=False)
        program = "xz" if args[0] == "dumpdata" else "bzip2"
        w.check(done.returncode == 1 and "the program '%s' is missing: apt-get install %s" % (program, program) in done.stderr, "without " + program, done.stderr)
    w.bad(1, "yaml is not a format here", "dumpdata", "-o", "x.yaml.gz")
    w.bad(1, "zip archives are read, not written", "dumpdata", "-o", "x.json.zip")
    w.bad(1, "xml is not a format here", "dumpdata", "-o", "x.xml")
    w.check(not [n for n in os.listdir(w.path()) if n.startswith("x.")], "nothing half-written stays")
    w.write("shop/fixtures/all.json", whole)
    w.good("flush", "--no-input", "--verbosity", "0")
    w.good("loaddata", "all", "-e", "shop.note", "--exclude", "blog", out="Installed 5 object(s) (of 9) from 1 fixture(s)")
    w.check(rows(w, "SELECT COUNT(*) FROM blog_post") == [(0,)], "--exclude")
    w.write("blog/fixtures/all.json", '[{"model": "blog.post", "pk": 7, "fields": {"title": "y"}}]')
    w.good("loaddata", "all", "--app", "blog", out="Installed 1 object(s)")
    w.bad(1, "no installed app has the label 'blg'; did you mean 'blog'?", "loaddata", "all", "--app", "blg")
    w.good("loaddata", "all", out="from 2 fixture(s)")
    w.write("blog/fixtures/all.jsonl", "")
    w.bad(1, "Multiple fixtures named 'all' in", "loaddata", "all")
    w.good("loaddata", "all.json")
    w.write("shop/fixtures/mine.default.json", '[{"model": "shop.tag", "pk": 99, "fields": {"name": "of default"}}]')
    w.good("loaddata", "mine")
    w.check(rows(w, "SELECT name FROM shop_tag WHERE id = 99") == [("of default",)], "a file for a database")
    w.write("old.json", '[{"model": "shop.tag", "pk": 3, "fields": {"name": "t2", "gone": 1}}, {"model": "shop.gone", "fields": {}}]')
    w.bad(1, "shop.Tag has no field named 'gone'", "loaddata", "old")
    w.good("loaddata", "old", "--ignorenonexistent", out="Installed 1 object(s) (of 2)")


@test
def what_is_no_fixture(w):
    world(w)
    bad = {
        "": "it is empty",
        "{}": "not a list of objects",
        "[": "the list does not end",
        '[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}}': "a comma or ] is missing",
        '[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}}] x': "behind the list comes 'x'",
        '[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}} {"model": "shop.tag"}]': "a comma or ] is missing",
        '[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"': "object 1 does not end",
        '[{"model": "shop.tag", "pk": 1, "fields": {"name": a}}]': "object 1: ",
        '[5]': "item 1 is no object but begins with '5'",
        '[{"pk": 1}]': "object 1: a fixture is a list of objects",
        '[{"model": "shop.tg", "pk": 1}]': "Invalid model identifier: 'shop.tg'",
        '[{"model": "shop.tag", "pk": "x", "fields": {"name": "a"}}]': "object 1: ",
        '[{"model": "shop.note", "pk": 1, "fields": {"text": "a", "parent": 77}}]': "shop_note",
        '[{"model": "shop.note", "pk": 1, "fields": {"text": "a", "tags": [77]}}]': "shop_note_tags",
    }
    for text, want in bad.items():
        w.write("bad.json", text)
        w.bad(1, want, "loaddata", "bad")
    w.write("good.json", '[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}}, {"model": "shop.tag", "pk": 2, "fields": {"name": "a"}}]')
    w.bad(1, "object 2: ", "loaddata", "good")
    w.check(rows(w, "SELECT COUNT(*) FROM shop_tag") == [(0,)], "nothing of a bad fixture stays")
    w.write("empty.json", "[]")
    w.check("No fixture data found for 'empty.json'." in w.run("loaddata", "empty").err, "an empty one")
    with open(w.path("cut.json.gz"), "wb") as f:
        f.write(gzip.compress(b'[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}}]')[:-12])
    w.bad(1, "cannot read fixture 'cut.json.gz': it stops short", "loaddata", "cut")
    with open(w.path("odd.json.zip"), "wb") as f:
        f.write(b"PK no zip")
    w.bad(1, "it is no zip archive, or stops short", "loaddata", "odd")
    with zipfile.ZipFile(w.path("two.json.zip"), "w") as z:
        z.writestr("a.json", "[]")
        z.writestr("b.json", "[]")
    w.bad(1, "holds one file, not 2", "loaddata", "two")
    text = b'[{"model": "shop.tag", "pk": 1, "fields": {"name": "a"}}]'
    for ending, data in (("bz2", bz2.compress(text)), ("xz", lzma.compress(text))):
        for kind, damaged in (("short", data[:-12]), ("none", text), ("empty", b"")):
            with open(w.path("%s.json.%s" % (kind, ending)), "wb") as f:
                f.write(damaged)
            w.bad(1, "it is damaged, stops short, or no .%s file" % ending, "loaddata", "%s.json.%s" % (kind, ending))
    w.check(rows(w, "SELECT COUNT(*) FROM shop_tag") == [(0,)], "nothing of a damaged fixture stays")
    w.bad(1, "No fixture named 'nothing' found: looked for it in ", "loaddata", "nothing")


@test
def big_tables(w):
    """40,000 rows with relations, in little more memory than ten. A build that looks for errors
    keeps what was freed, and gets fewer."""
    plain = not sanitized(w.perilune)
    count = 40000 if plain else 4000
    world(w)
    fill(w, count)

    def peak(*args):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        child = subprocess.Popen([w.perilune, *args], cwd=w.path(), stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        w.check(child.returncode == 0, " ".join(args), (before, usage.ru_maxrss))
        return usage.ru_maxrss
    small = peak("dumpdata", "shop.Tag")
    big = peak("dumpdata", "-o", "big.json.gz")
    w.check(not plain or big < small + 30000, "memory of dumpdata", (small, big))
    w.good("flush", "--no-input", "--verbosity", "0")
    loading = peak("loaddata", "big")
    w.check(not plain or loading < small + 40000, "memory of loaddata", (small, loading))
    w.check(rows(w, "SELECT COUNT(*), COUNT(DISTINCT note_id) FROM shop_note_tags") == [(count, count)], "all are there")


if __name__ == "__main__":
    run_all(TESTS)
