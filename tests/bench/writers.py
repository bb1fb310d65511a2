#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rows that were acknowledged are there: clients of `perilune serve --workers 2` write through
models (save, create, update, bulk_create, bulk_update, get_or_create, in transactions), first
undisturbed, then while workers are killed.

usage: writers.py --perilune BINARY [--seconds 30] [--clients 64] [--kills 50]

A client's request is a fiber in one of the workers; what it was told was written must be in the
file, once, and each account must have the number and sum of its entries. Nobody may see a
"database is locked", an error, or a transaction that took longer than its timeout."""
import argparse
import http.client
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "http"))

from server import Checks, Failure, Server, wait_for  # noqa: E402


class Writers:
    """Threads that write as fast as they are answered and note what they were told; each keeps
    its connection as long as its worker lives."""

    def __init__(self, server, clients, first):
        self.server, self.stop, self.longest = server, False, 0.0
        self.acknowledged, self.refused, self.unknown = [], [], 0
        self.threads = [threading.Thread(target=self.work, args=(first + i * 1000000,)) for i in range(clients)]
        for t in self.threads:
            t.start()

    def work(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while not self.stop:
            number += 1
            start = time.monotonic()
            try:
                connection.request("GET", "/write/any/%d/" % number)
                answer = connection.getresponse()
                body = answer.read()
            except ConnectionRefusedError:
                number -= 1
                time.sleep(0.02)  # all workers are dead; the master waits a while before it starts others
                continue
            except (OSError, http.client.HTTPException):
                self.unknown += 1  # its worker is dead: it may be written or not
                connection.close()
                continue
            self.longest = max(self.longest, time.monotonic() - start)
            if answer.status == 200:
                self.acknowledged.append(number)
                if json.loads(body)["how"] == "bulk":
                    self.acknowledged.append(-number)
            else:
                self.refused.append((answer.status, body[:300]))
        connection.close()

    def end(self):
        self.stop = True
        for t in self.threads:
            t.join()


def check_file(checks, project, acknowledged):
    """What the file has, after everything: rows of entries."""
    db = sqlite3.connect(os.path.join(project, "db.sqlite3"))
    rows = [n for (n,) in db.execute("SELECT number FROM shop_entry")]
    checks.check(db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", "integrity_check")
    checks.check(not db.execute("PRAGMA foreign_key_check").fetchall(), "foreign_key_check")
    lost = sorted(set(acknowledged) - set(rows))
    checks.check(not lost, "no acknowledged row is lost", "%d are: %s" % (len(lost), lost[:5]))
    checks.check(len(rows) == len(set(rows)), "no row is there twice")
    wrong = db.execute("""SELECT a.name, a.entries, a.total, count(e.id), sum(e.amount) FROM shop_account a
        LEFT JOIN shop_entry e ON e.account_id = a.id GROUP BY a.id
        HAVING a.entries <> count(e.id) OR a.total <> coalesce(sum(e.amount), 0)""").fetchall()
    checks.check(not wrong, "accounts agree with their entries", str(wrong[:3]))
    db.close()
    return len(rows)


def undisturbed(checks, server, project, seconds, clients):
    writers = Writers(server, clients, 0)
    time.sleep(seconds)
    writers.end()
    checks.check(not writers.refused, "nobody is refused", str(writers.refused[:3]))
    checks.check(not writers.unknown, "everybody is answered", str(writers.unknown))
    checks.check("database is locked" not in server.output(), "nobody is locked out")
    rows = check_file(checks, project, writers.acknowledged)
    print("%d clients, %g s: %d requests were acknowledged, %d rows, the longest took %.2f s" %
          (clients, seconds, len([n for n in writers.acknowledged if n > 0]), rows, writers.longest))


def killed(checks, server, project, kills, clients):
    writers = Writers(server, clients, 500000)
    died = 0
    for _ in range(kills):
        both = wait_for(lambda: len(server.workers()) == 2 and server.workers(), 30, "two workers")
        time.sleep(random.uniform(0.05, 0.4))
        os.kill(random.choice(both), signal.SIGKILL)
        died += 1
        wait_for(lambda: not set(both) <= set(server.workers()), 10, "the end of a worker")
    time.sleep(0.5)
    writers.end()
    checks.check(not writers.refused, "nobody is refused because of the dead", str(writers.refused[:3]))
    checks.check("database is locked" not in server.output(), "nobody is locked out by the dead")
    rows = check_file(checks, project, writers.acknowledged)
    print("%d workers killed: %d requests were acknowledged, %d not answered, %d rows" %
          (died, len([n for n in writers.acknowledged if n > 0]), writers.unknown, rows))


def command(perilune, project, *words):
    done = subprocess.run([perilune, "-C", project, *words], capture_output=True, text=True)
    if done.returncode:
        raise Failure("perilune %s: %s" % (" ".join(words), done.stderr))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--kills", type=int, default=50)
    opts = parser.parse_args()
    checks = Checks()
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "writers")
        shutil.copytree(os.path.join(HERE, "writers"), project)
        command(opts.perilune, project, "makemigrations")
        command(opts.perilune, project, "migrate")
        with Server(opts.perilune, project, workers=2) as server:
            undisturbed(checks, server, project, opts.seconds, opts.clients)
            killed(checks, server, project, opts.kills, opts.clients // 2)
    checks.done()


if __name__ == "__main__":
    main()
