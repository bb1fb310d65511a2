#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reloads and crashes under load.

  reload   kill -HUP to the master again and again while wrk keeps 64 connections busy:
           requests that failed, of how many
  crash    kill -SEGV to one of two workers: milliseconds until another stands in its
           place, and until that one answers

The first must print 0; the second less than 200.
"""
import argparse
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http"))
from server import Server, children, wait_for  # noqa: E402


def failures(out):
    """{what: count} of what wrk complains of."""
    found = {}
    errors = re.search(r"Socket errors: (.*)", out)
    for name, n in re.findall(r"(\w+) (\d+)", errors.group(1) if errors else ""):
        if int(n):
            found[name] = int(n)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if bad:
        found["status"] = int(bad.group(1))
    return found


def reload(opts):
    with Server(opts.perilune, os.path.join(HERE, "app"), workers=opts.workers) as server:
        wait_for(lambda: "listening on" in server.output(), 20, "all workers")
        wrk = subprocess.Popen(
            ["wrk", "-t1", "-c%d" % opts.connections, "-d%ds" % opts.seconds, "--latency",
             "http://127.0.0.1:%d/plaintext" % server.port],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        sent, end = 0, time.monotonic() + opts.seconds - 1
        while time.monotonic() + opts.every < end:
            time.sleep(opts.every)
            server.send_signal(signal.SIGHUP)
            sent += 1
        out = wrk.communicate()[0]
        log = server.output()
        wait_for(lambda: len(children(server.pid)) == opts.workers, 40, "the old workers' end")
    total = re.search(r"(\d+) requests in ", out)
    if not total:
        sys.exit("reload: wrk failed:\n" + out)
    failed = failures(out)
    print("%d reloads in %d s, %d connections, %d workers: %s of %s requests failed %s"
          % (sent, opts.seconds, opts.connections, opts.workers, sum(failed.values()),
             total.group(1), failed or ""))
    print("latency: 99%% below %s, slowest %s; %d reloads finished"
          % (re.search(r"99%\s+(\S+)", out).group(1),
             re.search(r"Latency\s+\S+\s+\S+\s+(\S+)", out).group(1),
             len(re.findall(r"reload(?:ed| done| finished|: )", log))))
    return not failed


def crash(opts, tries=5):
    replaced, serving = [], []
    with Server(opts.perilune, os.path.join(HERE, "app"), workers=2) as server:
        wait_for(lambda: "listening on" in server.output(), 20, "all workers")
        for _ in range(tries):
            time.sleep(6)  # a place whose workers die one after the other is filled slower
            old = children(server.pid)
            begin = time.monotonic()
            server.send_signal(signal.SIGSEGV, old[0])
            wait_for(lambda: old[0] not in children(server.pid)
                     and len(children(server.pid)) == 2, 5, "another worker")
            replaced.append((time.monotonic() - begin) * 1000)
            os.kill(old[1], signal.SIGSTOP)  # so that the new one has to answer
            try:
                server.request("GET", "/plaintext")
            finally:
                os.kill(old[1], signal.SIGCONT)
            serving.append((time.monotonic() - begin) * 1000)
    print("a worker that crashed: replaced after %.0f ms at most, answers after %.0f ms at most"
          % (max(replaced), max(serving)))
    return max(serving) < 200


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", default="build/release/perilune", metavar="BINARY")
    ap.add_argument("--seconds", type=int, default=30)
    ap.add_argument("--every", type=float, default=2.0, help="seconds between reloads")
    ap.add_argument("--connections", type=int, default=64)
    ap.add_argument("--workers", type=int, default=2)
    ap.add_argument("--only", choices=["reload", "crash"])
    opts = ap.parse_args()
    good = [part(opts) for part in (reload, crash) if opts.only in (None, part.__name__)]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
