#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Caches on Redis and Memcached, under a site: shared by machines, and failing.

usage: net_caches.py --perilune BINARY"""
import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from cache_servers import CacheServer
from server import Checks, Server, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))


def ask(server, path):
    start = time.monotonic()
    answer = server.request("GET", path)
    value = json.loads(answer.body)["value"] if answer.status == 200 else None
    return answer.status, value, time.monotonic() - start


def in_lua(t, perilune):
    for kind in ("redis", "memcached"):
        with CacheServer(kind) as a, CacheServer(kind) as b:
            for servers in ([a.location], [a.location, b.location]):
                done = subprocess.run([perilune, "run", "cache_net.lua", kind] + servers, capture_output=True,
                                      text=True, timeout=120, cwd=os.path.join(HERE, "..", "lua"))
                t.check(done.returncode == 0, "%s from Lua, %d servers" % (kind, len(servers)),
                        done.stdout + done.stderr)


def two_machines(t, perilune, project, env):
    """Two servers that share nothing but Redis."""
    with Server(perilune, project, workers=2, env=env) as one, Server(perilune, project, env=env) as two:
        t.check(ask(one, "/set/default/k/v/")[1] is True and ask(two, "/get/default/k/")[1] == "v", "one value for both")
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda i: ask((one, two)[i % 2], "/count/default/n/")[1], range(200)))
        t.check(sorted(answers) == list(range(1, 201)), "200 counts, none lost")
        for name in ("default", "memcached"):
            with concurrent.futures.ThreadPoolExecutor(40) as pool:
                answers = list(pool.map(lambda i: ask((one, two)[i % 2], "/slow/%s/page/" % name)[1], range(40)))
            t.check(set(answers) == {1}, "%s: computed once for both machines" % name, answers)
        pages = {ask((one, two)[i % 2], "/page/")[1] for i in range(6)}
        t.check(pages == {1}, "a page for both", pages)
        t.check(one.stop() == 0 and two.stop() == 0, "they end politely")


def fails(t, perilune, project, redis, env):
    with Server(perilune, project, workers=1, env=env) as server:
        def both():
            return ask(server, "/get/default/k/"), ask(server, "/get/strict/k/")
        ask(server, "/set/default/k/v/")
        t.check([a[:2] for a in both()] == [(200, "v"), (200, "v")], "all is well")

        redis.signal(signal.SIGSTOP)
        status, value, seconds = ask(server, "/get/default/k/")
        t.check(status == 200 and value is None and 0.4 < seconds < 0.8, "stopped: a miss after 0.5 s", (status, value, seconds))
        seconds = ask(server, "/get/default/k/")[2]
        t.check(seconds < 0.25, "then at once", seconds)
        status, _, seconds = ask(server, "/get/strict/k/")
        t.check(status == 500 and seconds < 0.8, "an error where failures are not ignored", (status, seconds))
        redis.signal(signal.SIGCONT)
        wait_for(lambda: [a[1] for a in both()] == ["v", "v"], 3, "redis again")
        t.check([a[:2] for a in both()] == [(200, "v"), (200, "v")], "and all is well again", both())

        redis.stop()
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: ask(server, "/get/default/k/"), range(300)))
        t.check({a[:2] for a in answers} == {(200, None)} and max(a[2] for a in answers) < 0.7, "killed: 300 misses")
        status, value, _ = ask(server, "/slow/default/x/")
        t.check(status == 200, "what is to be computed is computed", (status, value))
        t.check(ask(server, "/get/strict/k/")[0] == 500, "an error where failures are not ignored")
        log = server.output()
        t.check("redis at 127.0.0.1:%d: cannot connect: Connection refused" % redis.port in log, "the log says it", log[-2000:])
        t.check(0 < log.count("ERROR perilune.cache") <= 3 or log.count("cache 'default': redis at") <= 6, "but not each time",
                log.count("cache 'default': redis at"))
        redis.start()
        start = time.monotonic()
        wait_for(lambda: ask(server, "/get/strict/k/")[0] == 200, 3, "redis after its restart")
        t.check(time.monotonic() - start < 1.5, "used within a second", time.monotonic() - start)
        t.check(server.stop() == 0, "ends politely")


def start_fails(t, perilune, project):
    with open(os.path.join(project, "urls.lua"), "w") as f:
        f.write("return {}\n")

    def refused(cache, text):
        with open(os.path.join(project, "settings.lua"), "w") as f:
            f.write('return {\n  secret_key = "x",\n  caches = { default = %s },\n}\n' % cache)
        for command in (["serve", "--bind", "127.0.0.1:0"], ["check"]):
            done = subprocess.run([perilune] + command, cwd=project, capture_output=True, text=True, timeout=60)
            t.check(done.returncode == 1 and text in done.stderr + done.stdout, "%s refuses %s" % (command[0], cache),
                    (done.returncode, done.stdout + done.stderr))

    refused('{ backend = "redis", location = "redsi://x" }', "cache 'default': a location is redis://:password@host:6379/0")
    refused('{ backend = "redis", location = "rediss://x" }', "there is no TLS to Redis")
    refused('{ backend = "redis", location = "redis://x:0" }', "has no port from 1 to 65535")
    refused('{ backend = "redis", location = { "redis://x", "redis://x:6379/0" } }', "stands in its location twice")
    refused('{ backend = "redis", location = {} }', "'location' names no server")
    refused('{ backend = "redis", location = { 5 } }', "location[1] must be a string, not a number")
    refused('{ backend = "redis", max_bytes = 5 }', "the backend 'redis' has no option 'max_bytes'")
    refused('{ backend = "redis", socket_timout = 5 }', "unknown option 'socket_timout'; did you mean 'socket_timeout'?")
    refused('{ backend = "redis", socket_timeout = 0 }', "'socket_timeout' is 0; it must be a number of seconds from 0.001")
    refused('{ backend = "redis", max_connections = 0 }', "'max_connections' is 0; it must be a whole number from 1")
    refused('{ backend = "memcached", location = "redis://x" }', "a location is host:11211")
    refused('{ backend = "memcached", sharding = true }', "the backend 'memcached' has no option 'sharding'")
    refused('{ backend = "memcache" }', "there is no backend 'memcache'; did you mean 'memcached'?")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    perilune = os.path.abspath(parser.parse_args().perilune)
    t = Checks()
    in_lua(t, perilune)
    with tempfile.TemporaryDirectory(prefix="perilune-net-caches-") as folder, CacheServer("redis") as redis, \
            CacheServer("memcached") as memcached:
        project = os.path.join(folder, "project")
        shutil.copytree(os.path.join(HERE, "net_caches_project"), project)
        env = {"REDIS": redis.location, "MEMCACHED": memcached.location}
        two_machines(t, perilune, project, env)
        fails(t, perilune, project, redis, env)
        start_fails(t, perilune, project)
    t.done()


if __name__ == "__main__":
    main()
