#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A get from Redis: a blocking client of hiredis in C beside a cache of Perilune, in turn,
and what many fibers together make of it; then Memcached, for comparison.

usage: redis.py [--perilune BINARY] [--rounds N] [--count N] [--one]"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http"))
from cache_servers import CacheServer  # noqa: E402

# name, backend, fibers, connections, bytes
RUNS = [
    ("one fiber", "redis", 1, 1, 5),
    ("64 fibers, 1 connection", "redis", 64, 1, 5),
    ("64 fibers, 2 connections", "redis", 64, 2, 5),
    ("256 fibers, 1 connection", "redis", 256, 1, 5),
    ("256 fibers, 4 connections", "redis", 256, 4, 5),
    ("64 fibers, 1 connection, 4 KiB", "redis", 64, 1, 4096),
    ("64 fibers, 4 connections, 4 KiB", "redis", 64, 4, 4096),
    ("memcached, one fiber", "memcached", 1, 1, 5),
    ("memcached, 64 fibers", "memcached", 64, 1, 5),
]


def figures(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        sys.exit("bench: %s failed:\n%s%s" % (command[0], done.stdout, done.stderr))
    return [float(x) for x in done.stdout.split()]


def build_peer(folder):
    program = os.path.join(folder, "get")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "hiredis"], capture_output=True, text=True,
                           check=True).stdout.split()
    subprocess.run(["cc", "-O2", "-o", program, os.path.join(HERE, "peers/hiredis/get.c")] + flags, check=True)
    return program


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", default="build/release/perilune")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--count", type=int, default=20000)
    ap.add_argument("--one", action="store_true", help="one fiber beside hiredis only, in many short runs")
    opts = ap.parse_args()
    folder = tempfile.mkdtemp(prefix="perilune-bench-")
    results = {}
    try:
        peer = build_peer(folder)
        with CacheServer("redis") as redis, CacheServer("memcached") as memcached:
            where = {"redis": redis.location, "memcached": memcached.location}
            def hiredis():
                results.setdefault("hiredis, blocking", []).append(figures([peer, str(redis.port), str(opts.count)]))

            for turn in range(opts.rounds):
                for name, backend, fibers, connections, size in RUNS[:1] if opts.one else RUNS:
                    if name == "one fiber" and turn % 2:  # each comes first as often
                        hiredis()
                    got = figures([opts.perilune, "run", os.path.join(HERE, "redis.lua"), backend, where[backend],
                                   str(opts.count), str(fibers), str(connections), str(size)])
                    results.setdefault(name, []).append(got)
                    if name == "one fiber" and not turn % 2:
                        hiredis()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    base = results["hiredis, blocking"]
    print("%-34s %9s %9s %9s %9s %9s" % ("a get, median of %d rounds" % opts.rounds, "wall us", "x", "best x", "cpu us", "x"))
    for name, runs in results.items():
        wall, cpu = (statistics.median(r[i] for r in runs) for i in (0, 1))
        x = [statistics.median(r[i] / b[i] for r, b in zip(runs, base)) for i in (0, 1)]
        best = min(r[0] for r in runs) / min(b[0] for b in base)
        print("%-34s %9.2f %9.2f %9.2f %9.2f %9.2f" % (name, wall, x[0], best, cpu, x[1]))


if __name__ == "__main__":
    main()
