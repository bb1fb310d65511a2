#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A project with databases behind the server: settings, writers in two workers, workers that
are killed, atomic_requests, what an error shows.

usage: db.py --perilune BINARY [--kills N]     N rounds of killing a worker (default 6)"""
import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time

from server import Checks, Failure, Server, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))


def equal(checks, name, want, got):
    checks.check(want == got, name, "want %r, got %r" % (want, got))


def get(server, path):
    return server.request("GET", path)


def body(server, path):
    answer = get(server, path)
    if answer.status != 200:
        raise AssertionError("%s: %d %r" % (path, answer.status, answer.body))
    return json.loads(answer.body)


class Writers:
    """Threads that write as fast as they are answered, and remember what was acknowledged."""

    def __init__(self, server, threads):
        self.server, self.stop = server, False
        self.acknowledged, self.refused = [], []
        self.threads = [threading.Thread(target=self.work, args=(i,)) for i in range(threads)]
        for t in self.threads:
            t.start()

    def work(self, me):
        n = me * 1000000
        while not self.stop:
            n += 1
            try:
                answer = get(self.server, "/write/%d/" % n)
            except (OSError, ValueError, Failure):
                continue  # its worker was killed
            if answer.status == 200:
                self.acknowledged.append(n)
            elif answer.status:
                self.refused.append((answer.status, answer.body))

    def end(self):
        self.stop = True
        for t in self.threads:
            t.join()


def prepare(perilune, project):
    done = subprocess.run([perilune, "-C", project, "run", os.path.join(project, "prepare.lua")], capture_output=True,
                          text=True)
    return done.returncode == 0 and done.stdout.strip(), done.stderr


def check_file(checks, project, acknowledged):
    db = sqlite3.connect(os.path.join(project, "db.sqlite3"))
    rows = [n for (n,) in db.execute("SELECT n FROM t")]
    (total,), = db.execute("SELECT n FROM total")
    equal(checks, "integrity", "ok", db.execute("PRAGMA integrity_check").fetchone()[0])
    equal(checks, "no acknowledged row is lost", [], sorted(set(acknowledged) - set(rows)))
    equal(checks, "no half transaction", len(rows), total)
    db.close()
    return len(rows)


def test_writers(checks, perilune, project, kills):
    with Server(perilune, project, workers=2) as server:
        writers = Writers(server, 24)
        time.sleep(1.5)
        writers.end()
        equal(checks, "nobody is locked out", [], writers.refused[:3])
        checks.check(len(writers.acknowledged) > 50, "both sides wrote")
        n = check_file(checks, project, writers.acknowledged)
        print("%d acknowledged, %d rows" % (len(writers.acknowledged), n))
        seen = body(server, "/count/")
        equal(checks, "what is read is what is there", {"rows": n, "total": n}, seen)

        writers = Writers(server, 12)
        for _ in range(kills):
            time.sleep(random.uniform(0.05, 0.3))
            workers = wait_for(lambda: server.workers(), 5, "workers")
            os.kill(random.choice(workers), signal.SIGKILL)
        time.sleep(0.3)
        writers.end()
        equal(checks, "nobody is locked out by the dead", [], writers.refused[:3])
        n = check_file(checks, project, writers.acknowledged)
        print("%d acknowledged under %d kills" % (len(writers.acknowledged), kills))


def test_snapshots(checks, perilune, project):
    """Two workers: a number that one of them has committed and then put into the shared cache
    is there for the other, which reads all the time."""
    told, stale = set(), []
    with Server(perilune, project, workers=2) as server:
        ended = threading.Event()

        def look():
            while not ended.is_set():
                got = body(server, "/published/")
                told.add(got["told"])
                stale.append(got["stale"])
        readers = [threading.Thread(target=look) for _ in range(3)]
        for t in readers:
            t.start()
        for _ in range(150):
            body(server, "/publish/")
        ended.set()
        for t in readers:
            t.join()
    checks.check(len(told) > 10, "readers follow", "they were told %d numbers" % len(told))
    equal(checks, "reads older than what was told", 0, sum(stale))


def test_views(checks, perilune, project):
    with Server(perilune, project) as server:
        equal(checks, "reads of one request share a transaction", {"shared": True},
                     body(server, "/reads/"))
        equal(checks, "atomic_requests", {"inside": True, "default": False},
                     body(server, "/atomic/keep/"))
        equal(checks, "an error rolls back", 500, get(server, "/atomic/raise/").status)
        equal(checks, "an exempt view does not", 500, get(server, "/exempt/").status)
        equal(checks, "what was kept", {"list": ["keep", "exempt"]}, body(server, "/others/"))
        equal(checks, "a streamed response reads on", b"1;2;3;", get(server, "/leaves/").body)
        equal(checks, "no list of queries in production", {"queries": []},
                     {"queries": list(body(server, "/queries/")["queries"])})
        equal(checks, "a broken query", 500, get(server, "/broken/").status)
        log = server.output()
        checks.check("no such table: nowhere" in log and "shop/views.lua:" in log,
                     "the log has class and line", log)
        checks.check("SELECT * FROM nowhere WHERE card = ?" in log, "the log has the SQL", log)
        checks.check("4111-1111" not in log, "and not the values", log)


def test_debug(checks, perilune, project):
    env = {"DB_DEBUG": "1"}
    with Server(perilune, project, env=env) as server:
        queries = body(server, "/queries/")["queries"]
        equal(checks, "queries of this request", ["SELECT ?1 AS n"], [q["sql"] for q in queries if
                                                                    q["alias"] == "default"])
        page = get(server, "/broken/").body.decode()
        checks.check("nowhere" in page and "4111-1111" in page,
                     "the debug page has SQL and values")


def test_settings(checks, perilune, project):
    path = os.path.join(project, "settings.lua")
    good = open(path).read()
    with open(path, "w") as f:
        f.write(good.replace("timeout = 10", "timeuot = 10"))
    done = subprocess.run([perilune, "-C", project, "check"], capture_output=True, text=True)
    with open(path, "w") as f:
        f.write(good)
    checks.check(done.returncode == 1 and
                 "unknown option 'options.timeuot'; did you mean 'timeout'?" in done.stderr,
                 "a wrong option stops the start", done.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--kills", type=int, default=6)
    args = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(os.path.join(HERE, "db_project"), project)
        printed, stderr = prepare(args.perilune, project)
        equal(checks, "a script with the project: " + stderr, "wal", printed)
        test_writers(checks, args.perilune, project, args.kills)
        test_snapshots(checks, args.perilune, project)
        test_views(checks, args.perilune, project)
        test_debug(checks, args.perilune, project)
        test_settings(checks, args.perilune, project)
    checks.done()


if __name__ == "__main__":
    main()
