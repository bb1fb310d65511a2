#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What models do by the settings of a project: two databases behind a router
(tests/http/routing_project/checks.lua), moments with and without zones (zones.lua).

usage: routing.py --perilune BINARY"""
import argparse
import os
import shutil
import sqlite3
import subprocess
import tempfile

from server import Checks

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    opts = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(os.path.join(HERE, "routing_project"), project)

        def run(*words):
            done = subprocess.run([opts.perilune, "-C", project, *words], capture_output=True, text=True)
            checks.check(done.returncode == 0, " ".join(words), done.stdout + done.stderr)
            return done.stdout

        def tables(name):
            with sqlite3.connect(os.path.join(project, name)) as db:
                return {t for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

        run("makemigrations")
        run("migrate")
        checks.check("shop_book" in tables("db.sqlite3") and "shop_log" not in tables("db.sqlite3"),
                     "the default database has what it may", str(tables("db.sqlite3")))
        run("migrate", "--database", "other")
        checks.check({"shop_book", "shop_log"} <= tables("other.sqlite3"), "and so has the other", str(tables("other.sqlite3")))
        shown = run("showmigrations", "--database", "other")
        checks.check("[X]" in shown, "showmigrations looks there", shown)
        checks.check(run("run", os.path.join(project, "checks.lua")).strip().endswith("ok"), "checks.lua")
        for settings in ("settings.lua", "settings_naive.lua"):
            script = os.path.join(project, "zones.lua")
            printed = run("--settings", os.path.join(project, settings), "run", script)
            checks.check(printed.strip().endswith("ok"), "zones.lua with " + settings)
    checks.done()


if __name__ == "__main__":
    main()
