#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""createcachetable and `perilune cache`: beside a running server and without one; a cache in
a database that several processes use.

usage: cache_commands.py --perilune BINARY"""
import argparse
import json
import os
import sqlite3
import subprocess
import tempfile

from server import Checks, Server

FILES = {
    "settings.lua": """return {
  secret_key = "only for tests: s3cr3t-k3y-value-0123456789abcdefghijklmnop",
  allowed_hosts = { "127.0.0.1" },
  installed_apps = { "shop" },
  databases = { default = { engine = "sqlite", name = "db.sqlite3" }, second = { engine = "sqlite", name = "second.sqlite3" } },
  database_routers = ROUTERS,
  caches = {
    default = { backend = "memory", max_bytes = 8 * 2 ^ 20, key_prefix = "site" },
    files = { backend = "file", location = "data/cache" },
    rows = { backend = "database", location = "cache_rows", max_entries = 1000 },
    none = { backend = "dummy" },
  },
}
""",
    "routers.lua": """local M = { asked = {} }
M.Second = {
  db_for_read = function(_, model) return model._meta.app_label == "django_cache" and "second" or nil end,
  db_for_write = function(_, model) return model._meta.app_label == "django_cache" and "second" or nil end,
  allow_migrate = function(_, db, app_label, hints)
    if app_label == "django_cache" then
      assert(hints.model_name == "cacheentry")
      return db == "second"
    end
  end,
}
return M
""",
    "shop/models.lua": """local models = require "perilune.models"
return { Tag = models.Model("Tag", { name = models.CharField { max_length = 20 } }) }
""",
    "urls.lua": """local cache = require "perilune.cache"
local http = require "perilune.http"
local urls = require "perilune.urls"
return {
  urls.path("fill/", function()
    cache:set("greeting", "hello", 60)
    cache:set("table", { 1, 2, { x = true } })
    cache:set("page:1", "<b>1</b>")
    cache:set("page:2", "<b>2</b>")
    cache:set("old", "version 2", { version = 2 })
    cache:set("tag", require("shop.models").Tag { id = 7, name = "new" })
    cache:get "greeting"
    cache:get "nothing"
    return http.Response("done")
  end),
  urls.path("get/<key>/", function(_, params) return http.JsonResponse { value = cache:get(params.key, "none") } end),
  urls.path("rows/<key>/", function(_, params)
    local rows = cache.caches.rows
    rows:add(params.key, 0)
    return http.JsonResponse { value = rows:incr(params.key) }
  end),
}
""",
    "shop/tests/test_rows.lua": """local rows = require("perilune.cache").caches.rows
describe("a cache in a table", function()
  for i = 1, 2 do
    it("is empty when a test begins, " .. i, function()
      assert.equal("nothing", rows:get("k", "nothing"))
      rows:set("k", i)
      assert.equal(i, rows:get "k")
    end)
  end
end)
""",
    "count.lua": """local rows = require("perilune.cache").caches.rows
rows:add("shared", 0)
for _ = 1, 200 do rows:incr "shared" end
""",
    "race.lua": """local rows = require("perilune.cache").caches.rows
local won = 0
for i = 1, 200 do
  if rows:add("race" .. i, i) then won = won + 1 end
end
print(won)
""",
}


class World:
    def __init__(self, t, perilune, folder):
        self.t, self.perilune, self.folder = t, perilune, folder

    def write(self, routers="nil"):
        for name, text in FILES.items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text.replace("ROUTERS", routers))

    def run(self, *args):
        return subprocess.run([self.perilune, *args], cwd=self.folder, capture_output=True, text=True, timeout=60)

    def ok(self, args, out, what=None):
        done = self.run(*args)
        self.t.check(done.returncode == 0 and done.stdout == out, what or " ".join(args), (done.returncode, done.stdout, done.stderr))

    def fails(self, args, err, status=1):
        done = self.run(*args)
        self.t.check(done.returncode == status and err in done.stderr, "fails: " + " ".join(args), (done.returncode, done.stdout, done.stderr))


TABLE = 'CREATE TABLE "%s" (\n    "cache_key" varchar(255) NOT NULL PRIMARY KEY,\n    "value" text NOT NULL,\n    "expires" datetime NOT NULL\n)'


def tables(world, name="db.sqlite3"):
    db = sqlite3.connect(os.path.join(world.folder, name))
    found = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall())
    db.close()
    return found


def create(world):
    t = world.t
    world.ok(["createcachetable", "--dry-run"], TABLE % "cache_rows" + ';\nCREATE INDEX "cache_rows_expires" ON "cache_rows" ("expires");\n')
    t.check("cache_rows" not in tables(world), "a dry run makes nothing")
    world.ok(["createcachetable"], "Cache table 'cache_rows' created.\n")
    t.check(tables(world)["cache_rows"] == TABLE % "cache_rows", "the table is Django's", tables(world))
    t.check(tables(world)["cache_rows_expires"] == 'CREATE INDEX "cache_rows_expires" ON "cache_rows" ("expires")', "and its index")
    world.ok(["createcachetable"], "Cache table 'cache_rows' already exists.\n")
    world.ok(["createcachetable", "--verbosity", "0"], "")
    world.ok(["createcachetable", "one", "two", "--database", "second"], "Cache table 'one' created.\nCache table 'two' created.\n")
    t.check({"one", "two"} <= set(tables(world, "second.sqlite3")), "in the other database")
    world.fails(["createcachetable", "--database", "thrid"], "there is no database 'thrid'")


def rows(world):
    t = world.t
    processes = [subprocess.Popen([world.perilune, "run", "count.lua"], cwd=world.folder) for _ in range(3)]
    t.check([p.wait(120) for p in processes] == [0, 0, 0], "three processes count")
    world.ok(["cache", "get", "shared", "--cache", "rows"], "600\n", "no count is lost")
    processes = [subprocess.Popen([world.perilune, "run", "race.lua"], cwd=world.folder, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    won = [int(p.communicate(timeout=120)[0]) for p in processes]
    t.check(sum(won) == 200, "each key is added once", won)
    done = world.run("cache", "stats", "--cache", "rows", "--json")
    t.check(json.loads(done.stdout)["rows"]["items"] == 201, "stats of a table", done)


def without_server(world):
    world.fails(["cache", "stats", "--cache", "default"], "cache 'default' is in the memory of the server, and no server of this project is running")
    world.fails(["cache", "get", "greeting"], "no server of this project is running")
    world.fails(["cache", "clear"], "no server of this project is running")
    world.fails(["cache", "keys", "--cache", "fiels"], "there is no cache 'fiels' in settings.caches; did you mean 'files'?")
    world.fails(["cache", "look"], "'look'", 2)
    done = world.run("cache", "stats")
    world.t.check(done.returncode == 0 and "files" in done.stdout and "no server" in done.stdout, "stats of the others", done)


def beside_server(world, server):
    t = world.t
    t.check(server.request("GET", "/fill/").status == 200, "filled")
    world.ok(["cache", "get", "greeting"], '"hello"\n')
    world.ok(["cache", "get", "greeting", "--raw"], "hello")
    world.ok(["cache", "get", "table", "--raw"], '[1,2,{"x":true}]\n')
    world.ok(["cache", "get", "old", "--key-version", "2"], '"version 2"\n')
    world.ok(["cache", "get", "tag"], 'shop.Tag { id = 7, name = "new" }\n')
    world.fails(["cache", "get", "greetng"], "there is no key 'greetng' in cache 'default'; did you mean 'greeting'?")
    world.fails(["cache", "get"], "which key?")
    world.ok(["cache", "keys"], "greeting\npage:1\npage:2\ntable\ntag\n")
    world.ok(["cache", "keys", "page:*"], "page:1\npage:2\n")
    world.ok(["cache", "keys", "page:*", "--json"], '["page:1","page:2"]\n')
    stats = json.loads(world.run("cache", "stats", "--json").stdout)
    t.check(stats["default"]["hits"] >= 1 and stats["default"]["misses"] >= 1 and stats["default"]["items"] == 6, "stats", stats)
    t.check(stats["none"] == {"backend": "dummy"}, "of one that does not count", stats)
    text = world.run("cache", "stats", "--cache", "default").stdout
    t.check(text.startswith("default\n  backend    memory\n  hits ") and " %" in text, "stats as text", text)
    world.fails(["cache", "clear", "page:1"], "takes no key")
    world.ok(["cache", "clear"], "Cache 'default' is empty.\n")
    t.check(json.loads(server.request("GET", "/get/greeting/").body)["value"] == "none", "the server's cache was cleared")
    t.check(json.loads(server.request("GET", "/rows/n/").body)["value"] == 1, "a cache in a table")
    world.ok(["cache", "get", "n", "--cache", "rows"], "1\n")
    world.ok(["cache", "clear", "--cache", "rows"], "Cache 'rows' is empty.\n")
    t.check(json.loads(server.request("GET", "/rows/n/").body)["value"] == 1, "begins anew")
    # Other settings than the server began with: the command keeps away from its memory.
    path = os.path.join(world.folder, "settings.lua")
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("8 * 2 ^ 20", "4 * 2 ^ 20"))
    world.fails(["cache", "stats", "--cache", "default"], "was made with other settings")
    with open(path, "w") as f:
        f.write(text)
    world.ok(["cache", "keys"], "", "and the server keeps it")


def routed(world):
    t = world.t
    world.write('{ "routers.Second" }')
    world.ok(["createcachetable"], "", "not where routers do not allow it")
    world.ok(["createcachetable", "--database", "second"], "Cache table 'cache_rows' created.\n")
    t.check(world.run("run", "race.lua").stdout == "200\n", "routed")
    db = sqlite3.connect(os.path.join(world.folder, "second.sqlite3"))
    t.check(db.execute("SELECT COUNT(*) FROM cache_rows").fetchone()[0] == 200, "rows are in the other database")
    db.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    perilune = os.path.abspath(parser.parse_args().perilune)
    t = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-cache-") as folder:
        world = World(t, perilune, folder)
        world.write()
        world.fails(["cache", "keys", "--cache", "rows"], "no such table: cache_rows; run `perilune createcachetable`")
        create(world)
        rows(world)
        without_server(world)
        with Server(perilune, folder, workers=2) as server:
            beside_server(world, server)
            t.check(server.stop() == 0, "ends politely")
        without_server(world)
        done = world.run("test")
        t.check(done.returncode == 0, "tests of the project have the table", done)
        routed(world)
    t.done()


if __name__ == "__main__":
    main()
