#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of makemigrations, migrate and their like; squashing over the life of a project;
swappable models, managers of migrations; what runserver says of migrations.

usage: migrations_options.py --perilune BINARY [--only WORD]
"""
import os
import shutil
import sqlite3
import subprocess
import time

from migrations import TAG, migration, models, names, project, rows, run_all

TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


def applied(w, app="shop"):
    return [name for (name,) in rows(w, "SELECT name FROM django_migrations WHERE app = '%s' ORDER BY id" % app)]


def move(w, old, new):
    """A database with what lies beside it."""
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(w.path(new + ending)):
            os.remove(w.path(new + ending))
        if os.path.exists(w.path(old + ending)):
            os.rename(w.path(old + ending), w.path(new + ending))


@test
def updating(w):
    project(w, shop=TAG % "")
    w.bad(1, "App shop has no migration, cannot update last migration.", "makemigrations", "--update")
    w.good("makemigrations")
    models(w, "shop", TAG % ", a = models.IntegerField{ null = true }")
    w.good("makemigrations", "--update", out="0001_initial.lua")
    w.check(names(w, "shop") == ["0001_initial.lua"] and w.read("shop/migrations/0001_initial.lua").count("CreateModel") == 1, "one file, one operation")
    w.good("makemigrations", "--check")
    w.good("migrate")
    models(w, "shop", TAG % ", a = models.IntegerField{ null = true }, b = models.IntegerField{ null = true }")
    w.bad(1, "Cannot update applied migration 'shop.0001_initial' (database 'default')", "makemigrations", "--update")
    w.good("makemigrations", out="0002_tag_b.lua")
    models(w, "shop", TAG % ", a = models.IntegerField{ null = true }, b = models.BigIntegerField{ null = true }, c = models.IntegerField{ null = true }")
    r = w.good("makemigrations", "--update", "--scriptable")
    w.check(r.out == "shop/migrations/0002_tag_c_tag_b.lua\n" and "Add field c" in r.err, "--scriptable", r)
    w.check(names(w, "shop") == ["0001_initial.lua", "0002_tag_c_tag_b.lua"], "the file has another name", names(w, "shop"))
    w.check("AlterField" not in w.read("shop/migrations/0002_tag_c_tag_b.lua"), "the operations are joined")
    migration(w, "shop", "0003_code", 'operations = { migrations.RunLua(function() end, migrations.RunLua.noop) }', '{ "shop", "0002_tag_c_tag_b" }')
    models(w, "shop", TAG % ", a = models.IntegerField{ null = true }, b = models.BigIntegerField{ null = true }")
    w.bad(1, "0003_code holds functions that cannot be written anew", "makemigrations", "--update")
    w.check("RunLua" in w.read("shop/migrations/0003_code.lua"), "and stays as it is")


@test
def headers_names_and_empty_ones(w):
    project(w, shop=TAG % "")
    w.good("makemigrations", "--no-header")
    w.check(w.read("shop/migrations/0001_initial.lua").startswith("local "), "--no-header")
    w.bad(1, "must be a valid identifier", "makemigrations", "--name", "a-b", "--empty", "shop")
    w.bad(1, "You must supply at least one app label when using --empty.", "makemigrations", "--empty")
    w.good("makemigrations", "shop", "--empty", out="0002_auto_2")
    w.good("makemigrations", "shop", "--noinput", out="No changes detected in app 'shop'")
    w.good("makemigrations", "--no-input", "--verbosity", "0", out="")
    models(w, "shop", TAG % ", Meta = { indexes = { models.Index{ \"nme\" } } }")
    r = w.run("makemigrations")
    w.check(r.status == 1 and "models.E012" in r.err, "models are checked first", r)
    models(w, "shop", TAG % ", Meta = { db_table_comment = \"x\" }")
    w.check("models.W046" in w.good("makemigrations").err, "warnings are shown")
    w.check(w.good("migrate", "--verbosity", "0").err == "", "but not with --verbosity 0")
    w.check(w.good("migrate", "--skip-checks").err == "", "--skip-checks")


@test
def merging(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    add = 'operations = { migrations.AddField{ model_name = "tag", name = "%s", field = models.IntegerField{ null = true } } }'
    migration(w, "shop", "0002_a", add % "a", '{ "shop", "0001_initial" }')
    migration(w, "shop", "0002_b", add % "b", '{ "shop", "0001_initial" }')
    migration(w, "shop", "0003_c", add % "c", '{ "shop", "0002_b" }')
    r = w.run("makemigrations", "--merge")
    w.check(r.status == 1 and "nobody is there to be asked" in r.err and "Branch 0002_a\n    - Add field a to tag\n  Branch 0003_c\n    - Add field b to tag\n    - Add field c to tag" in r.out, "branches are shown", r)
    w.check("0004_merge_0002_a_0003_c" in w.terminal("makemigrations", "--merge", answers=["y"]), "and merged")
    w.good("makemigrations", "--merge", out="No conflicts detected to merge.")
    w.good("migrate")
    migration(w, "shop", "0005_x", add % "x", '{ "shop", "0004_merge_0002_a_0003_c" }')
    migration(w, "shop", "0005_y", add % "x", '{ "shop", "0004_merge_0002_a_0003_c" }')
    w.good("makemigrations", "--merge", "--no-input", "--name", "both", out="both 0005_x and 0005_y change 'tag.x'")
    w.check("0006_both.lua" in names(w, "shop"), "--name", names(w, "shop"))


@test
def the_life_of_a_squash(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    models(w, "shop", TAG % ", a = models.IntegerField{ default = 1 }")
    w.good("makemigrations")
    migration(w, "shop", "0003_fill", """operations = {
      migrations.RunLua(function(apps) apps:get_model("shop", "Tag").objects:update{ a = 5 } end, migrations.RunLua.noop),
      migrations.RunSQL("UPDATE shop_tag SET a = 6 WHERE a = 5", migrations.RunSQL.noop),
      migrations.RunSQL("SELECT 'only once'", "", { elidable = true }),
      migrations.SeparateDatabaseAndState{ database_operations = { migrations.RunSQL("CREATE INDEX by_hand ON shop_tag (a)", "DROP INDEX by_hand") },
        state_operations = { migrations.AlterModelOptions{ name = "tag", options = { ordering = { "a" } } } } },
    }""", '{ "shop", "0002_tag_a" }')
    models(w, "shop", TAG % ", a = models.IntegerField{ default = 1 }, Meta = { ordering = { \"a\" } }")
    w.good("makemigrations", "--check")
    w.good("migrate")
    w.bad(1, "Maybe it comes after the migration", "squashmigrations", "shop", "0002", "0001", "--no-input")
    r = w.good("squashmigrations", "shop", "0001", "0003", "--squashed-name", "all", "--noinput", out="Will squash the following migrations:\n - 0001_initial\n - 0002_tag_a\n - 0003_fill\nOptimizing...\n  Optimized from ")
    w.check("It uses functions of 0003_fill" in r.out, "functions stay where they are", r.out)
    text = w.read("shop/migrations/0001_all.lua")
    w.check("only once" not in text and 'require("shop.migrations.0003_fill").operations[1].code' in text and "migrations.RunLua.noop" in text, "the file", text)
    w.good("showmigrations", out="[-] 0001_all (3 squashed migrations) run 'perilune migrate' to finish recording.")
    w.good("makemigrations", "--check")
    w.bad(1, "stands for it: 'perilune migrate shop 0001_all'", "migrate", "shop", "0002")
    w.good("migrate")
    w.check(applied(w) == ["0001_initial", "0002_tag_a", "0003_fill", "0001_all"], "the squashed one is recorded", applied(w))
    w.good("showmigrations", out="[X] 0001_all (3 squashed migrations)")

    # Squashed again, together with a later one.
    models(w, "shop", TAG % ", a = models.IntegerField{ default = 1 }, b = models.IntegerField{ null = true }, Meta = { ordering = { \"a\" } }")
    w.good("makemigrations", out="0004_tag_b.lua")
    w.good("squashmigrations", "shop", "0004", "--squashed-name", "again", "--no-input")
    w.good("migrate", out="Applying shop.0004_tag_b... OK" if "0001_again.lua" not in names(w, "shop") else None)
    w.good("showmigrations", out="0001_again")
    w.good("makemigrations", "--check")
    move(w, "db.sqlite3", "old.sqlite3")
    w.good("migrate", out="Applying shop.0001_again... OK")
    w.check(applied(w) == ["0001_again", "0001_all", "0001_initial", "0002_tag_a", "0003_fill", "0004_tag_b"], "all it stands for is recorded", applied(w))
    w.check(rows(w, "SELECT 1 FROM sqlite_master WHERE name = 'by_hand'") == [(1,)], "a new database has what the old ones have")
    w.good("migrate", "shop", "zero")
    w.check(applied(w) == [], "and all is undone", applied(w))
    move(w, "old.sqlite3", "db.sqlite3")

    # The squashed one becomes a normal one, the old files go, then their records.
    w.bad(1, "Migrations can be pruned only when an app is specified.", "migrate", "--prune")
    w.good("migrate")
    text = w.read("shop/migrations/0001_again.lua").replace('require("shop.migrations.0003_fill").operations[1].code', "function() end")
    w.write("shop/migrations/0001_again.lua", text)
    for name in names(w, "shop"):
        if name != "0001_again.lua":
            os.remove(w.path("shop/migrations", name))
    w.bad(1, "Cannot use --prune because the following squashed migrations have their 'replaces' attributes", "migrate", "shop", "--prune")
    w.write("shop/migrations/0001_again.lua", "\n".join(line for line in text.split("\n") if "replaces =" not in line))
    w.good("migrate", out="No migrations to apply.")
    r = w.good("migrate", "shop", "--prune", out="Pruning migrations:\n  Pruning shop.0001_all OK\n")
    w.check(applied(w) == ["0001_again"], "only what has a file is recorded", r.out)
    w.good("migrate", "shop", "--prune", out="No migrations to prune.")
    w.good("makemigrations", "--check")


@test
def optimizing(w):
    project(w, shop=TAG % "")
    migration(w, "shop", "0001_initial", """operations = {
      migrations.CreateModel{ name = "Tag", fields = { { "id", models.BigAutoField{ auto_created = true, primary_key = true, serialize = false, verbose_name = "ID" } } } },
      migrations.AddField{ model_name = "tag", name = "name", field = models.CharField{ max_length = 20 } },
    }""")
    w.good("makemigrations", "--check")
    r = w.run("optimizemigration", "shop", "0001", "--check")
    w.check(r.status == 1 and "migration shop.0001_initial can be optimized" in r.err, "--check", r)
    w.good("optimizemigration", "shop", "0001", out="Optimizing from 2 operations to 1 operations.")
    w.check("AddField" not in w.read("shop/migrations/0001_initial.lua"), "in place")
    w.good("optimizemigration", "shop", "0001", "--check", out="No optimizations possible.")
    w.good("makemigrations", "--check")
    migration(w, "shop", "0002_code", """operations = {
      migrations.AddField{ model_name = "tag", name = "a", field = models.IntegerField{ null = true } },
      migrations.AddField{ model_name = "tag", name = "b", field = models.IntegerField{ null = true } },
      migrations.RemoveField{ model_name = "tag", name = "a" },
      migrations.RemoveField{ model_name = "tag", name = "b" },
      migrations.RunLua(function() print "ran" end, migrations.RunLua.noop),
    }""", '{ "shop", "0001_initial" }')
    w.good("optimizemigration", "shop", "0002", out="shop/migrations/0002_code_optimized.lua")
    w.good("migrate", out="ran\n")
    w.check("0002_code_optimized" in applied(w) and "0002_code" in applied(w), "it stands for the old one", applied(w))


@test
def tables_without_migrations(w):
    project(w, shop=TAG % "", plain='M.Thing = models.Model("Thing", { name = models.CharField{ max_length = 9, db_index = true } })',
            late='M.Late = models.Model("Late", { thing = models.ForeignKey("plain.Thing", { on_delete = models.CASCADE }) })')
    w.good("makemigrations", "shop")
    w.good("makemigrations", "late", out="late/migrations/0001_initial.lua")
    w.check(names(w, "plain") == ["0001_initial.lua"], "what it needs is written too", names(w, "plain"))
    shutil.rmtree(w.path("plain", "migrations"))
    w.bad(1, "App 'plain' does not have migrations.", "migrate", "plain")
    w.bad(1, "leave out '0001'", "migrate", "plain", "0001", "--run-syncdb")
    r = w.good("migrate", "--run-syncdb", out="Synchronize unmigrated apps: plain\n")
    w.check("    Creating table plain_thing\n" in r.out, "tables are made", r.out)
    w.check(len(rows(w, "SELECT name FROM sqlite_master WHERE tbl_name = 'plain_thing'")) == 2, "with their indexes")
    r = w.good("migrate", "--run-syncdb", "plain")
    w.check("Creating table plain_thing" not in r.out, "once", r.out)
    models(w, "plain", 'M.Thing = models.Model("Thing", { name = models.CharField{ max_length = 9, db_index = true } })\nM.New = models.Model("New", { tag = models.ForeignKey("shop.Later", { on_delete = models.CASCADE }) })')
    models(w, "shop", TAG % "" + TAG.replace("Tag", "Later") % "")
    migration(w, "shop", "0002_code", 'operations = { migrations.RunLua(function(apps) print(#apps:get_models() >= 2) end, migrations.RunLua.noop) }', '{ "shop", "0001_initial" }')
    w.good("makemigrations", "shop", out="0003_later.lua")
    w.good("migrate", out="true\n")


@test
def swappable(w):
    user = 'M.User = models.Model("User", { name = models.CharField{ max_length = 9 }%s, Meta = { swappable = "my_user_model" } })'
    project(w, base=user % "", accounts='M.Account = models.Model("Account", { mail = models.EmailField{} })',
            shop='M.Order = models.Model("Order", { buyer = models.ForeignKey(require("perilune.settings").my_user_model, { on_delete = models.CASCADE }) })')
    w.write("settings.lua", w.read("settings.lua").replace('secret_key', 'my_user_model = "accounts.Account", secret_key'))
    w.good("makemigrations")
    text = w.read("shop/migrations/0001_initial.lua")
    w.check("migrations.swappable_dependency(settings.my_user_model)" in text and "models.ForeignKey(settings.my_user_model, {" in text, "the setting is written", text)
    w.good("makemigrations", "--check")
    w.good("migrate")
    tables = {name: sql for name, sql in rows(w, "SELECT name, sql FROM sqlite_master WHERE type = 'table'")}
    w.check("base_user" not in tables and 'REFERENCES "accounts_account"' in tables["shop_order"], "who is replaced has no table", tables)
    w.write("script.lua", 'local m = require "base.models"; local ok, err = pcall(function() return m.User.objects end); print(err.message)')
    w.good("run", "script.lua", out="'base.User' has been swapped for 'accounts.Account'")
    os.remove(w.path("db.sqlite3"))
    w.write("settings.lua", w.read("settings.lua").replace('"accounts.Account"', '"base.User"'))
    w.good("makemigrations", "--check")
    w.good("migrate")
    tables = {name: sql for name, sql in rows(w, "SELECT name, sql FROM sqlite_master WHERE type = 'table'")}
    w.check("base_user" in tables and 'REFERENCES "base_user"' in tables["shop_order"], "the same files for another model", tables)
    models(w, "shop", 'M.Order = models.Model("Order", { buyer = models.ForeignKey("base.User", { on_delete = models.CASCADE }) })')
    w.write("settings.lua", w.read("settings.lua").replace('"base.User"', '"accounts.Account"'))
    r = w.run("check")
    w.check("fields.E301" in r.err, "a relation that names who is replaced", r)
    migration(w, "shop", "0001_initial", "operations = {}", 'migrations.swappable_dependency("Account")')
    w.bad(1, "swappable_dependency(value): the value of the setting is \"app.Model\", not Account", "showmigrations")


MANAGERS = """
M.Set = models.QuerySet:extend{ short = function(self) return self:filter{ name__lt = "c" } end }
M.Short = models.Manager:extend{ use_in_migrations = true, get_queryset = function(self) return models.Manager.get_queryset(self):filter{ name__lt = "c" } end }
M.WithSet = models.Manager:from_queryset(M.Set):extend{ use_in_migrations = true }
M.Tag = models.Model("Tag", { name = models.CharField{ max_length = 20 }, %s })
"""


@test
def managers(w):
    project(w, shop=MANAGERS % "objects = models.Manager()")
    w.good("makemigrations")
    w.check("managers" not in w.read("shop/migrations/0001_initial.lua"), "a plain manager is not written")
    models(w, "shop", MANAGERS % "objects = models.Manager(), short = M.Short(), sets = M.WithSet(), other = models.Manager()")
    w.good("makemigrations", out="0002_alter_tag_managers.lua")
    text = w.read("shop/migrations/0002_alter_tag_managers.lua")
    w.check('{ "objects", models.Manager() }' in text and '{ "short", require("shop.models").Short() }' in text and "other" not in text, "the file", text)
    w.good("makemigrations", "--check")
    migration(w, "shop", "0003_use", """operations = { migrations.RunLua(function(apps)
      local Tag = apps:get_model("shop", "Tag")
      for _, name in ipairs{ "a", "b", "c" } do Tag.objects:create{ name = name } end
      print(Tag.short:count(), Tag.sets:short():count(), Tag.objects:count(), Tag._default_manager.name, rawget(Tag, "other"))
    end, migrations.RunLua.noop) }""", '{ "shop", "0002_alter_tag_managers" }')
    w.good("migrate", out="2\t2\t3\tobjects\tnil\n")
    models(w, "shop", MANAGERS % "short = M.Short()")
    w.good("makemigrations", out="0004_alter_tag_managers.lua")
    migration(w, "shop", "0005_use", """operations = { migrations.RunLua(function(apps)
      print(apps:get_model("shop", "Tag")._default_manager.name, apps:get_model("shop", "Tag")._default_manager:count())
    end, migrations.RunLua.noop) }""", '{ "shop", "0004_alter_tag_managers" }')
    w.good("migrate", out="short\t2\n")
    models(w, "shop", MANAGERS.replace("M.Tag", "local Other = M.Short:extend{}\nM.Tag") % "short = Other()")
    w.bad(1, "make its class a member of a module", "makemigrations")


@test
def what_is_refused(w):
    both = 'M.Other = models.Model("Other", {})\n' + TAG % ', others = models.ManyToManyField("Other"%s)' + "%s"
    project(w, shop=both % ("", ""))
    w.good("makemigrations")
    w.good("migrate")
    models(w, "shop", both % (', { through = "Link" }', '\nM.Link = models.Model("Link", { tag = models.ForeignKey("Tag", { on_delete = models.CASCADE }), other = models.ForeignKey("Other", { on_delete = models.CASCADE }) })'))
    w.good("makemigrations", out="0002_link_alter_tag_others.lua")
    w.bad(1, "they are not compatible types (you cannot alter to or from M2M fields, or add or remove through= on M2M fields)", "migrate")
    w.check(applied(w) == ["0001_initial"] and rows(w, "SELECT 1 FROM sqlite_master WHERE name = 'shop_link'") == [], "and nothing of it is there")
    os.remove(w.path("shop/migrations/0002_link_alter_tag_others.lua"))
    models(w, "shop", both % ("", "") + TAG.replace("Tag", "Third") % ', n = models.IntegerField{ db_default = 5 }, day = models.DateField{ auto_now_add = true }, note = models.CharField{ max_length = 9, blank = true }')
    w.good("makemigrations", "--no-input", out="0002_third.lua")
    models(w, "shop", both % ("", "") + TAG.replace("Tag", "Third") % ', n = models.IntegerField{ db_default = 5 }, day = models.DateField{ auto_now_add = true }, note = models.CharField{ max_length = 9, blank = true }, m = models.IntegerField{ db_default = 6 }, at = models.DateTimeField{ auto_now_add = true }')
    w.good("makemigrations", "--no-input", out="0003_third_at_third_m.lua")
    w.good("migrate")
    migration(w, "shop", "0004_code", 'operations = { migrations.RunLua(function() end) }', '{ "shop", "0003_third_at_third_m" }')
    w.good("migrate")
    w.bad(1, "Operation Raw Lua operation in shop.0004_code is not reversible: give it a second function (migrations.RunLua.noop does nothing)", "migrate", "shop", "0003")
    w.check("0004_code" in applied(w), "it is still applied")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("INSERT INTO shop_tag (name) VALUES ('same'), ('same')")
    models(w, "shop", (both % ("", "")).replace("max_length = 20 }", "max_length = 20, unique = true }") + TAG.replace("Tag", "Third") % ', n = models.IntegerField{ db_default = 5 }, day = models.DateField{ auto_now_add = true }, note = models.CharField{ max_length = 9, blank = true }, m = models.IntegerField{ db_default = 6 }, at = models.DateTimeField{ auto_now_add = true }')
    w.good("makemigrations", out="0005_alter_tag_name.lua")
    w.bad(1, "UNIQUE constraint failed", "migrate")
    w.check(rows(w, "SELECT COUNT(*) FROM shop_tag") == [(2,)] and "0005_alter_tag_name" not in applied(w), "rows that do not fit stay as they are")


@test
def sql_without_running_it(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    migration(w, "shop", "0002_code", """operations = { migrations.RunLua(function() error "it ran" end, migrations.RunLua.noop),
      migrations.AlterModelOptions{ name = "tag", options = { ordering = { "name" } } },
      migrations.RunSQL{ sql = { "SELECT 1; SELECT 2", { "SELECT ?", { "x" } } } } }""", '{ "shop", "0001_initial" }')
    r = w.good("sqlmigrate", "shop", "0002", out="--\n-- Raw Lua operation\n--\n-- THIS OPERATION CANNOT BE WRITTEN AS SQL\n")
    w.check("SELECT 1;\nSELECT 2;\nSELECT ?; -- with x\n" in r.out and r.out.startswith("BEGIN;\n") and r.out.endswith("COMMIT;\n"), "statements", r.out)
    w.good("sqlmigrate", "shop", "0001", out="--\n-- Create model Tag\n--\nCREATE TABLE")


@test
def showing(w):
    project(w, shop=TAG % "", blog="")
    w.good("makemigrations")
    w.good("showmigrations", out="shop\n [ ] 0001_initial\nblog\n (no migrations)\n")
    w.good("showmigrations", "--plan", "blog", out="(no migrations)")
    w.good("migrate", "--plan", out="Planned operations:\nshop.0001_initial\n    Create model Tag\n")
    w.good("migrate")
    w.good("showmigrations", "--verbosity", "2", out="[X] 0001_initial (applied at 20")
    w.good("showmigrations", "--list", "shop", out="shop\n [X] 0001_initial\n")
    w.good("migrate", "--plan", out="  No planned migration operations.")
    w.bad(2, "unknown option '--run-syncbd'; did you mean '--run-syncdb'?", "migrate", "--run-syncbd", lines=2)


@test
def runserver_tells(w):
    project(w, shop=TAG % "")
    w.write("settings.lua", w.read("settings.lua").replace('secret_key', 'debug = true, secret_key'))
    w.good("makemigrations")
    log = w.path("terminal.log")

    def wait(text, count=1):
        end = time.time() + 20
        while time.time() < end:
            with open(log, encoding="utf-8") as f:
                seen = f.read()
            if seen.count(text) >= count:
                return True
            time.sleep(0.05)
        w.check(False, "runserver says %r" % text, seen)
        return False
    with open(log, "wb") as f:
        child = subprocess.Popen([w.perilune, "runserver", "127.0.0.1:0"], cwd=w.path(), stdout=f, stderr=f)
    try:
        wait("System check identified no issues (0 silenced).")
        w.check(wait("You have 1 unapplied migration(s). Your project may not work properly until you apply the migrations for app(s): shop.\nRun 'perilune migrate' to apply them."), "at the start")
        w.good("migrate", "--verbosity", "0")
        models(w, "shop", TAG % ", Meta = { ordering = { \"nme\" } }")
        w.check(wait("(models.E015)"), "when the code is loaded anew the checks run")
        models(w, "shop", TAG % "")
        w.check(wait("System check identified no issues (0 silenced).", 2), "and again")
        with open(log, encoding="utf-8") as f:
            w.check(f.read().count("unapplied migration") == 1, "what is applied is not told of")
    finally:
        child.terminate()
        child.wait()


@test
def one_transaction_or_none(w):
    project(w, shop=TAG % "")
    w.good("makemigrations")
    w.good("migrate")
    with sqlite3.connect(w.path("db.sqlite3")) as db:
        db.execute("CREATE TABLE child (tag_id REFERENCES shop_tag (id) ON DELETE CASCADE)")
        db.execute("INSERT INTO shop_tag (id, name) VALUES (1, 'x')")
        db.execute("INSERT INTO child VALUES (1)")
    migration(w, "shop", "0002_x", """atomic = false, operations = {
      migrations.AlterField{ model_name = "tag", name = "name", field = models.CharField{ max_length = 20, unique = true } },
      migrations.RunLua(function(apps, schema) print("in a transaction:", require("perilune.db").in_atomic()) end, migrations.RunLua.noop, { atomic = true }),
      migrations.RunLua(function(apps, schema) print("in none:", require("perilune.db").in_atomic()) end, migrations.RunLua.noop),
    }""", '{ "shop", "0001_initial" }')
    r = w.good("migrate", out="in a transaction:\ttrue\nin none:\tfalse\n")
    w.check(rows(w, "SELECT * FROM child") == [(1,)], "no cascade, even so", r.out)


@test
def names_of_files(w):
    project(w, shop='M.A = models.Model("A", {})')
    w.good("makemigrations")
    text = w.read("shop/migrations/0001_initial.lua")
    for name in ("0001_initial (copy)", "0002.x", "0002_a'b", "0002;x", "0002\u00e9"):
        w.write("shop/migrations/%s.lua" % name, text)
        w.bad(1, "shop/migrations/%s.lua: the name of a migration has letters, digits, '_' and '-' alone" % name, "migrate")
        os.unlink(w.path("shop", "migrations", name + ".lua"))
    w.write("shop/migrations/0002-x_y.lua", 'return { dependencies = { { "shop", "0001_initial" } }, operations = {} }')
    w.good("migrate", out="Applying shop.0002-x_y... OK")

if __name__ == "__main__":
    run_all(TESTS)
