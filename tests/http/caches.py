#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Caches between workers: shared, kept through crashes and reloads, computed once.

usage: caches.py --perilune BINARY"""
import argparse
import concurrent.futures
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from server import Checks, Server, alive, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cache_project")


def segments(server):
    """The files in shared memory that processes of the server have open."""
    found = set()
    for pid in server.processes():
        try:
            with open("/proc/%d/maps" % pid) as f:
                found.update(re.findall(r" (/dev/shm/perilune-\S+)", f.read()))
        except OSError:
            pass  # it has gone
    return found


def left(paths):
    return [p for p in paths if os.path.exists(p)]


def ask(server, path):
    answer = server.request("GET", path)
    return json.loads(answer.body) if answer.status == 200 else {"status": answer.status, "pid": None, "value": answer.body}


def both(server, path):
    """Answers of every worker."""
    seen = {}

    def all_of_them():
        a = ask(server, path)
        seen[a["pid"]] = a["value"]
        return set(server.workers()) <= set(seen)
    wait_for(all_of_them, 10, "an answer of every worker")
    return seen


def workers(t, server, project, perilune):
    ask(server, "/set/shared/yes/")
    values = both(server, "/get/shared/")
    t.check(len(values) == 2 and set(values.values()) == {"yes"}, "two workers, one value", values)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: ask(server, "/count/n/"), range(200)))
    t.check(sorted(a["value"] for a in answers) == list(range(1, 201)), "200 counts, none lost")

    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: ask(server, "/slow/page/"), range(40)))
    t.check({a["value"] for a in answers} == {1}, "computed once for all", [a["value"] for a in answers])
    t.check(len({a["pid"] for a in answers}) == 2, "by both workers", {a["pid"] for a in answers})

    # A command of the same project sees the server's cache.
    script = os.path.join(project, "look.lua")
    with open(script, "w") as f:
        f.write('print(require("perilune.cache"):get "shared")\n')
    done = subprocess.run([perilune, "run", "look.lua"], cwd=project, capture_output=True, text=True, timeout=60)
    t.check(done.stdout == "yes\n", "a command sees it", done)


def at_hand(t, server):
    """Values that each worker keeps are never old."""
    wrong = []
    for i in range(30):
        ask(server, "/near/set/key/%d/" % i)
        values = both(server, "/near/get/key/")
        wrong += [v for v in values.values() if v != [str(i)]]
    t.check(not wrong, "a change is seen by all workers at once", wrong)
    ask(server, "/near/change/key/")
    values = sorted(v[0] for v in both(server, "/near/get/key/").values())
    t.check(values == ["29", "changed"], "each worker has a table of its own, for all its requests", values)


def second_server(t, first, project, perilune):
    """Two servers of one project, on two ports, have their caches in common."""
    with Server(perilune, project, workers=1) as second:
        ask(first, "/set/common/one/")
        t.check(ask(second, "/get/common/")["value"] == "one", "a second server sees the caches of the first")
        ask(second, "/set/common/other/")
        t.check(ask(first, "/get/common/")["value"] == "other", "and the first those of the second")
        t.check(segments(second) == segments(first), "in one segment")
        t.check(second.stop() == 0, "the second ends")
    t.check(ask(first, "/get/common/")["value"] == "other", "the first keeps them")


def crashes(t, server):
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda p=pid: not alive(p) and len(server.workers()) == 2, 10, "a new worker")
    values = both(server, "/get/shared/")
    t.check(set(values.values()) == {"yes"}, "values survive the death of workers", values)
    before = set(server.workers())
    server.send_signal(signal.SIGHUP)
    wait_for(lambda: len(server.workers()) == 2 and not before & set(server.workers()), 10, "new workers")
    values = both(server, "/get/shared/")
    t.check(set(values.values()) == {"yes"}, "values survive a reload", values)


def start_fails(t, perilune, project):
    def refused(caches, text):
        with open(os.path.join(project, "settings.lua"), "w") as f:
            f.write('return {\n  secret_key = "x",\n  caches = %s,\n}\n' % caches)
        done = subprocess.run([perilune, "serve", "--bind", "127.0.0.1:0"], cwd=project, capture_output=True,
                              text=True, timeout=60)
        t.check(done.returncode == 1 and text in done.stderr, "refused: " + caches, (done.returncode, done.stderr))

    refused("{ default = { backend = \"memry\" } }",
            "settings.lua:3: setting 'caches': cache 'default': there is no backend 'memry'; did you mean 'memory'?")
    refused("{ other = { backend = \"memory\" } }", "one of the caches must be called 'default'")
    refused("{ default = { backend = \"memory\", max_byte = 1 } }", "unknown option 'max_byte'; did you mean 'max_bytes'?")
    refused("{ default = { backend = \"memory\", max_bytes = 10 } }", "max_bytes is 10; it must be from 65536")
    refused("{ default = { backend = \"memory\", location = \"/no/such/folder\" } }", "cannot open '/no/such/folder/perilune-")
    refused("{ default = { backend = \"memory\", timeout = \"x\" } }", "'timeout' must be a number of seconds")
    refused("{ default = { backend = \"memory\", key_function = \"no.such\" } }", "key_function 'no.such' is no function")
    refused("{ default = { backend = \"memory\", near_entries = -1 } }", "'near_entries' is -1; it must be a whole number from 0")
    refused("{ default = { backend = \"file\", near_entries = 1 } }", "the backend 'file' has no option 'near_entries'")
    refused("{ default = { backend = \"memory\", near_entries = 1, key_function = function(k) return k end } }",
            "'near_entries' and 'key_function' do not go together")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    perilune = os.path.abspath(parser.parse_args().perilune)
    t = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-cache-") as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(PROJECT, project)
        with Server(perilune, project, workers=2) as server:
            own = segments(server)
            t.check(len(own) == 2, "a segment for each cache in memory", own)
            workers(t, server, project, perilune)
            at_hand(t, server)
            t.check(ask(server, "/file/k/")["value"] == "kept", "a cache of files")
            t.check(len(glob.glob(os.path.join(project, "data/cache/*.cache"))) == 1, "its file is in the project")
            crashes(t, server)
            t.check(server.stop() == 0, "ends politely")
        t.check(not left(own), "nothing is left behind", left(own))
        with Server(perilune, project, workers=2) as server:
            t.check(ask(server, "/get/shared/")["value"] is None, "a new server begins anew")
            server.stop(signal.SIGKILL)
            wait_for(lambda: not any(alive(p) for p in server.processes()), 15, "the end of all workers")
        with Server(perilune, project, workers=1) as server:
            t.check(ask(server, "/get/shared/")["value"] is None, "so does one after a crash of all")
            t.check(segments(server) == own, "where the other was", segments(server))
            second_server(t, server, project, perilune)
        t.check(not left(own), "and cleans up", left(own))
        start_fails(t, perilune, project)
    t.done()


if __name__ == "__main__":
    main()
