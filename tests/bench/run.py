#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures Perilune beside its peers on this machine.

  rawmhd       C on libmicrohttpd and sqlite3 and nothing else: what the libraries can do
  rawlua       the same with views in Lua 5.4 and no framework: what Lua can do
  nginx-lua    nginx with LuaJIT, one worker; sqlite3 through the FFI
  perilune     tests/bench/app, views in Lua, one worker
  middleware   the same behind the built-in middlewares (plaintext and json)
  fastify      Node.js, when npm is there: --targets rawmhd,perilune,fastify
  django       Debian's, under gunicorn

All servers run at the same time on one CPU; each round puts every test on every
server in turn, so that a slow minute of the machine hits all of them alike.  The
client (wrk, one thread, keep-alive, no pipelining) has another CPU.

The figure to compare is us/req: user and system time of all processes of a server
divided by the requests it answered.  It does not depend on whether the client was
the limit.  Ratios are taken within each round; shown is their median.

Then, for Perilune alone: start to first answer, idle memory, and the memory of
many idle connections.
"""
import argparse
import json
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from answers import TESTS  # noqa: E402
from targets import Target, cpu, TICK  # noqa: E402 (tests/http is on the path from here on)
from server import Server  # noqa: E402


def note(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes ----

def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"^Pss:\s+(\d+)", f.read(), re.M).group(1)) / 1024


def busy(cpus):
    """Seconds each CPU was busy so far."""
    total = 0.0
    with open("/proc/stat") as f:
        for line in f:
            words = line.split()
            if words[0][:3] == "cpu" and words[0][3:].isdigit() and int(words[0][3:]) in cpus:
                v = list(map(int, words[1:]))
                total += (v[0] + v[1] + v[2] + sum(v[5:8])) / TICK
    return total


# ---- load ----

def load(target, test, seconds, opts):
    """One run of wrk: a dict of figures."""
    cpus = {opts.server_cpu, opts.client_cpu}
    others, used, start = busy(cpus), cpu(target.sid), time.perf_counter()
    wrk = subprocess.Popen(
        ["wrk", "-t1", "-c%d" % opts.connections, "-d%ds" % seconds, "--latency",
         "http://127.0.0.1:%d%s" % (target.port, TESTS[test][0])],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {opts.client_cpu}))
    out = wrk.stdout.read()
    _, status, usage = os.wait4(wrk.pid, 0)
    wrk.returncode = os.waitstatus_to_exitcode(status)
    wall, used = time.perf_counter() - start, cpu(target.sid) - used
    client = usage.ru_utime + usage.ru_stime
    count = re.search(r"(\d+) requests in ", out)
    if not count or status:
        sys.exit("bench: wrk failed:\n" + out)
    for bad in re.findall(r"(Non-2xx.*|Socket errors:.*)", out):
        note("      note: %s %s: %s" % (target.name, test, bad))
    count = int(count.group(1))
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", out)
    return {"us": used / max(count, 1) * 1e6, "rate": count / wall,
            "server": used / wall * 100, "client": client / wall * 100,
            "others": max(0.0, (busy(cpus) - others - used - client) / wall * 100),
            "p99": float(p99.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3}[p99.group(2)]}


def measure(target, test, opts):
    """The least disturbed of several runs."""
    best = None
    for _ in range(1 + opts.retries):
        load(target, test, 1, opts)  # warm up
        got = load(target, test, opts.seconds, opts)
        if best is None or got["others"] < best["others"]:
            best = got
        if best["others"] <= 10:
            break
    return best


def table(title, heads, rows):
    rows = [heads] + [[str(c) for c in r] for r in rows]
    width = [max(len(r[i]) for r in rows) for i in range(len(heads))]
    print("\n" + title)
    for r in rows:
        print("  " + "  ".join(c.rjust(w) if i else c.ljust(w)
                               for i, (c, w) in enumerate(zip(r, width))))


def report(targets, runs, opts):
    names, tests = [t.name for t in targets], opts.tests

    def grid(key, form, pick=statistics.median):
        return [[n] + [form % pick([r[key] for r in runs[n, t]]) if (n, t) in runs else "-"
                       for t in tests] for n in names]

    def ratio(name, base, test):
        pairs = zip(runs.get((name, test), []), runs.get((base, test), []))
        ratios = [a["us"] / b["us"] for a, b in pairs if b["us"]]
        return "%.2f" % statistics.median(ratios) if ratios else "-"

    print("%d rounds of %d s, %d connections; server on CPU %d, wrk on CPU %d"
          % (opts.rounds, opts.seconds, opts.connections, opts.server_cpu, opts.client_cpu))
    table("CPU of the server, us/req (median)", [""] + tests, grid("us", "%.2f"))
    table("the same, best round", [""] + tests, grid("us", "%.2f", min))
    for base in ("rawmhd", "rawlua", "nginx-lua"):
        if base in names:
            rows = [[n] + [ratio(n, base, t) for t in tests] for n in names]
            table("us/req as a multiple of %s (median of the rounds)" % base, [""] + tests, rows)
    table("requests per second (median)", [""] + tests, grid("rate", "%.0f"))
    table("99th percentile of the latency, ms (median)", [""] + tests, grid("p99", "%.2f"))
    table("CPU of other processes, % (largest)", [""] + tests, grid("others", "%.0f", max))


def start_all(opts, scratch, targets):
    for name in opts.targets.split(","):
        if not callable(getattr(Target, name.replace("-", "_"), None)):
            sys.exit("bench: there is no target '%s'" % name)
        try:
            t = Target(name, opts, scratch)
        except LookupError as e:
            note("bench: %s left out: %s" % (name, e))
            continue
        targets.append(t)
        wrong = t.problem(opts.tests)
        if wrong:
            note("bench: %s left out: %s" % (name, wrong))
            t.stop()
            targets.remove(t)
        for test, why in t.wrong.items():
            note("bench: %s of %s left out: %s" % (test, name, why))


def compare(opts, scratch):
    targets, runs = [], {}
    try:
        start_all(opts, scratch, targets)
        for n in range(opts.rounds):
            for test in opts.tests:
                for t in targets:
                    if test in t.wrong:
                        continue
                    got = measure(t, test, opts)
                    runs.setdefault((t.name, test), []).append(got)
                    note("round %d  %-10s %-11s %7.2f us/req %8.0f req/s  server %3.0f%%  wrk "
                         "%3.0f%%  others %3.0f%%" % (n + 1, test, t.name, got["us"], got["rate"],
                                                      got["server"], got["client"],
                                                      got["others"]))
    finally:
        for t in targets:
            t.stop()
    if targets and opts.rounds:
        report(targets, runs, opts)
    return {"%s/%s" % key: value for key, value in runs.items()}


# ---- start, memory, connections ----

def starts(opts, tries=7):
    """Milliseconds from starting the command to its first answer."""
    got = []
    for _ in range(tries):
        with Server(opts.perilune, os.path.join(HERE, "app")) as s:
            got.append(s.start_ms)
    return got


def idle_memory(opts, workers=2):
    """MiB of proportional set size: of the master, and of each worker."""
    with Server(opts.perilune, os.path.join(HERE, "app"), workers=workers) as s:
        time.sleep(1)  # what is freed after the start is to be gone
        return pss(s.pid), [pss(p) for p in s.workers() if p != s.pid]


def many_connections(opts, count):
    """MiB of a worker before and with `count` idle keep-alive connections that have
    each had one answer, and how many of them were answered a second time."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count + 100:
        note("bench: only %d descriptors are allowed, fewer connections" % hard)
        count = hard - 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 100), hard))
    request = b"GET /plaintext HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    def answered(s):
        s.sendall(request)
        return s.recv(4096).startswith(b"HTTP/1.1 200")
    with Server(opts.perilune, os.path.join(HERE, "app")) as server:
        worker = server.workers()[0]
        before, sockets = pss(worker), []
        try:
            for _ in range(count):
                s = socket.create_connection(server.address, 10)
                sockets.append(s)
                if not answered(s):
                    break
            during = pss(worker)
            again = sum(answered(s) for s in sockets)
        finally:
            for s in sockets:
                s.close()
        return {"connections": len(sockets), "before": before, "during": during, "again": again}


def alone(opts):
    figures = {"start_ms": starts(opts)}
    print("\nstart to first answer: median %.1f ms, best %.1f, worst %.1f"
          % (statistics.median(figures["start_ms"]), min(figures["start_ms"]),
             max(figures["start_ms"])))
    master, workers = idle_memory(opts)
    figures["idle_mib"] = {"master": master, "workers": workers}
    print("idle, proportional set size: master %.1f MiB, workers %s"
          % (master, ", ".join("%.1f MiB" % w for w in workers) or "none of their own"))
    c = figures["connections"] = many_connections(opts, opts.idle)
    print("%d idle connections: worker %.1f MiB, before them %.1f MiB; %d answered once more"
          % (c["connections"], c["during"], c["before"], c["again"]))
    return figures


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", default="build/release/perilune", metavar="BINARY")
    ap.add_argument("--targets", default="rawmhd,rawlua,nginx-lua,perilune,middleware")
    ap.add_argument("--tests", default=",".join(TESTS), help="(all: %(default)s)")
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--seconds", type=int, default=5)
    ap.add_argument("--connections", type=int, default=64)
    ap.add_argument("--retries", type=int, default=2, help="of a run that others disturbed")
    ap.add_argument("--server-cpu", type=int, default=0)
    ap.add_argument("--client-cpu", type=int, default=1)
    ap.add_argument("--idle", type=int, default=10000, help="idle connections (10,000)")
    ap.add_argument("--only-compare", action="store_true")
    ap.add_argument("--only-alone", action="store_true")
    ap.add_argument("--json", metavar="FILE", help="also write every figure to FILE")
    opts = ap.parse_args()
    opts.perilune = os.path.abspath(opts.perilune)
    opts.tests = opts.tests.split(",")
    for test in opts.tests:
        if test not in TESTS:
            ap.error("there is no test '%s'; there are: %s" % (test, ", ".join(TESTS)))
    for number in (signal.SIGTERM, signal.SIGHUP):  # an end like any other: servers are stopped
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    scratch, figures = tempfile.mkdtemp(prefix="perilune-bench-"), {}
    try:
        if not opts.only_alone:
            figures["runs"] = compare(opts, scratch)
        if not opts.only_compare:
            figures["alone"] = alone(opts)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if opts.json:
        with open(opts.json, "w") as f:
            json.dump(figures, f, indent=1)


if __name__ == "__main__":
    main()
