#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Big tables are made anew, and `perilune migrate` is killed in the middle of it: what is there
afterwards is the database before, or the one after, and the next run ends in the one after.

usage: migrations_killed.py --perilune BINARY [--only WORD] [--long] [--rounds N] [--rows N]
"""
import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

from migrations import migration, names, project, rows, run_all

TESTS = []
OPTIONS = argparse.Namespace(rounds=6, rows=20000)  # with --long 30 and 100,000

MODELS = """
M.Tag = models.Model("Tag", { name = models.CharField{ max_length = 20, unique = true } })
M.Item = models.Model("Item", { name = models.CharField{ max_length = 40, db_index = true }, n = models.IntegerField{ null = true },
  parent = models.ForeignKey("self", { null = true, on_delete = models.CASCADE }), tags = models.ManyToManyField("Tag"),
  Meta = { constraints = { models.CheckConstraint{ models.Q{ n__gte = 0 }, name = "n_positive" } }, indexes = { models.Index{ "n", "-name" } } } })
M.Line = models.Model("Line", { item = models.ForeignKey("Item", { on_delete = models.CASCADE }) })
"""


def test(fn):
    TESTS.append(fn)
    return fn


def world(w, n):
    """n items with a parent, a tag and a line each, and what an author hangs on tables."""
    project(w, shop=MODELS)
    w.good("makemigrations")
    w.good("migrate", "--verbosity", "0")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.executemany("INSERT INTO shop_tag (id, name) VALUES (?, ?)", [(i, "t%d" % i) for i in range(1, 11)])
        db.executemany("INSERT INTO shop_item (id, name, n, parent_id) VALUES (?, ?, ?, ?)", [(i, "item %d" % i, i, i - 1 or None) for i in range(1, n + 1)])
        db.executemany("INSERT INTO shop_item_tags (item_id, tag_id) VALUES (?, ?)", [(i, i % 10 + 1) for i in range(1, n + 1)])
        db.executemany("INSERT INTO shop_line (item_id) VALUES (?)", [(i,) for i in range(1, n + 1)])
        db.executescript("""
          CREATE TABLE log (what); CREATE INDEX by_hand ON shop_item (name, n) WHERE n > 5;
          CREATE VIEW named AS SELECT name FROM shop_item WHERE n IS NOT NULL;
          CREATE TRIGGER told AFTER UPDATE ON shop_item BEGIN INSERT INTO log VALUES (new.name); END;
          CREATE TABLE foreigner (item REFERENCES shop_item (id) ON DELETE CASCADE); INSERT INTO foreigner VALUES (1);
          DELETE FROM shop_item_tags WHERE item_id = %d; DELETE FROM shop_line WHERE item_id = %d; DELETE FROM shop_item WHERE id = %d;""" % (n, n, n))
    migration(w, "shop", "0002_change", """operations = {
      migrations.AlterField{ model_name = "item", name = "n", field = models.BigIntegerField{ default = 1 } },
      migrations.AddField{ model_name = "item", name = "more", field = models.CharField{ max_length = 9, default = "x" } },
      migrations.AlterField{ model_name = "tag", name = "name", field = models.CharField{ max_length = 30, unique = true } },
    }""", '{ "shop", "0001_initial" }')


COUNTS = "SELECT (SELECT COUNT(*) FROM shop_item), (SELECT COUNT(*) FROM shop_item_tags), (SELECT COUNT(*) FROM shop_line), (SELECT COUNT(*) FROM foreigner), (SELECT COUNT(*) FROM log), (SELECT SUM(id) FROM shop_item), (SELECT SUM(parent_id) FROM shop_item), (SELECT seq FROM sqlite_sequence WHERE name = 'shop_item')"


def schema(w):
    return sorted(rows(w, "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"), key=str)


def healthy(w):
    return rows(w, "PRAGMA integrity_check") == [("ok",)] and rows(w, "PRAGMA foreign_key_check") == []


@test
def a_big_table_is_made_anew(w):
    n = max(OPTIONS.rows, 2000)
    world(w, n)
    before, counts = {(kind, name) for kind, name, _, _ in schema(w)}, rows(w, COUNTS)
    started = time.time()
    child = subprocess.Popen([w.perilune, "migrate"], cwd=w.path(), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    print("%d rows, three tables made anew: %.2f s, %d MB" % (n, time.time() - started, usage.ru_maxrss // 1024))
    w.check(child.returncode == 0, "migrate", status)
    w.check(usage.ru_maxrss < 120 * 1024, "memory", usage.ru_maxrss)
    after = {(kind, name) for kind, name, _, _ in schema(w)}
    w.check(after == before, "no index, trigger, view or table is lost", before ^ after)
    w.check(rows(w, COUNTS) == counts, "no row is lost, no cascade or trigger fired, no key is used again", (counts, rows(w, COUNTS)))
    w.check(healthy(w), "the database is sound")
    sql = dict(rows(w, "SELECT name, sql FROM sqlite_master"))
    w.check('"n" bigint NOT NULL' in sql["shop_item"] and 'CHECK ("n" >= 0)' in sql["shop_item"] and 'REFERENCES "shop_item"' in sql["shop_item"], "constraints", sql["shop_item"])
    w.check("new__" not in str(sql), "no table of the way there", sql)
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("UPDATE shop_item SET n = 7 WHERE id = 2")
        w.check(db.execute("SELECT what FROM log").fetchall() == [("item 2",)], "the trigger works")
        w.check(db.execute("SELECT COUNT(*) FROM named").fetchall() == [(n - 1,)], "the view works")
    w.good("migrate", "shop", "0001")
    w.check({(kind, name) for kind, name, _, _ in schema(w)} == before and healthy(w), "and back")


@test
def killed_at_any_moment(w):
    world(w, 6000)
    old = schema(w)
    db, copy = w.path("db.sqlite3"), w.path("before.sqlite3")

    def place(source):
        for ending in ("", "-wal", "-shm", "-journal"):
            if os.path.exists(db + ending):
                os.remove(db + ending)
        with sqlite3.connect(source) as a, sqlite3.connect(db) as b:
            a.backup(b)
            b.execute("PRAGMA journal_mode = WAL")
    with sqlite3.connect(db) as a, sqlite3.connect(copy) as b:
        a.backup(b)
    started = time.time()
    w.good("migrate", "--verbosity", "0")
    took = time.time() - started
    new, counts = schema(w), rows(w, COUNTS)
    states = {"before": 0, "after": 0}
    chance = random.Random(4)
    for i in range(OPTIONS.rounds):
        place(copy)
        child = subprocess.Popen([w.perilune, "migrate"], cwd=w.path(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(took * (0.3 + 1.1 * chance.random()))
        child.send_signal(signal.SIGKILL)
        child.wait()
        seen, recorded = schema(w), ("0002_change",) in rows(w, "SELECT name FROM django_migrations")
        state = "after" if recorded else "before"
        states[state] += 1
        w.check(seen == (new if recorded else old), "round %d: %s, whole" % (i, state), set(seen) ^ set(old))
        w.check(rows(w, COUNTS) == counts and healthy(w), "round %d: rows" % i)
        w.good("migrate", "--verbosity", "0")
        w.check(schema(w) == new and rows(w, COUNTS) == counts and healthy(w), "round %d: the next run ends it" % i)
    print("killed %d times within %.2f s: %s" % (OPTIONS.rounds, took, states))


@test
def runners_wait_for_one_another(w):
    world(w, 2000)
    migration(w, "shop", "0003_slow", """operations = { migrations.RunLua(function()
      local till = os.clock() + 7
      while os.clock() < till do end
    end, migrations.RunLua.noop) }""", '{ "shop", "0002_change" }')
    w.check("0003_slow.lua" in names(w, "shop"), "files")
    runs = [subprocess.Popen([w.perilune, "migrate"], cwd=w.path(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(3)]
    for r in runs:
        out = r.communicate(timeout=120)[0]
        w.check(r.returncode == 0, "a runner waits, longer than a statement would", out)
    got = rows(w, "SELECT name FROM django_migrations WHERE app = 'shop' ORDER BY id")
    w.check(got == [("0001_initial",), ("0002_change",), ("0003_slow",)], "each once", got)
    back = [subprocess.Popen([w.perilune, "migrate", "shop", "0001"], cwd=w.path(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    for r in back:
        out = r.communicate(timeout=120)[0]
        w.check(r.returncode == 0, "backwards, too", out)
    w.check(rows(w, "SELECT COUNT(*) FROM django_migrations") == [(1,)] and healthy(w), "both are undone, once")


if __name__ == "__main__":
    if "--long" in sys.argv:
        sys.argv.remove("--long")
        OPTIONS.rounds, OPTIONS.rows = 30, 100000
    for word in ("rounds", "rows"):
        if "--" + word in sys.argv:
            at = sys.argv.index("--" + word)
            setattr(OPTIONS, word, int(sys.argv[at + 1]))
            del sys.argv[at:at + 2]
    run_all(TESTS)
