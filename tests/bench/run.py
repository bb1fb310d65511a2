#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures Perilune beside its peers on this machine.

  rawmhd       C on libmicrohttpd and nothing else: what the library can do
  nginx-lua    nginx with LuaJIT, one worker
  perilune     tests/bench/app, views in Lua, one worker
  middleware   the same behind the built-in middlewares

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
import pwd
import grp
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
sys.path.insert(0, os.path.join(HERE, "..", "http"))
from server import Server, free_port, wait_for  # noqa: E402
from wire import Talk  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
TESTS = {
    "plaintext": ("/plaintext", "text/plain", lambda b: b == b"Hello, World!"),
    "json": ("/json", "application/json", lambda b: json.loads(b) == {"message": "Hello, World!"}),
}


def note(text):
    print(text, file=sys.stderr, flush=True)


# ---- processes ----

def session(sid):
    """(pid, fields of stat) of each process of a session."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    fields = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == sid:
                yield int(name), fields


def cpu(sid):
    """Seconds of user and system time of a session, ended children included."""
    return sum(sum(map(int, f[11:15])) for _, f in session(sid)) / TICK


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


class Target:
    """A server in a session of its own, pinned to one CPU."""

    def __init__(self, name, opts, scratch):
        self.name, self.opts, self.port = name, opts, free_port()
        self.run = os.path.join(scratch, name)
        os.mkdir(self.run)
        self.log = open(os.path.join(self.run, "log"), "wb")
        self.process = subprocess.Popen(
            getattr(self, name.replace("-", "_"))(), stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, start_new_session=True, preexec_fn=self.pin)
        self.sid = self.process.pid

    def pin(self):
        os.sched_setaffinity(0, {self.opts.server_cpu})

    def rawmhd(self):
        program = os.path.join(self.run, "rawmhd")
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmicrohttpd"],
                               capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["cc", "-O2", "-o", program,
                        os.path.join(HERE, "peers/rawmhd/rawmhd.c")] + flags, check=True)
        return [program, str(self.port)]

    def nginx_lua(self):
        here = os.path.join(HERE, "peers/nginx-lua")
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        built = subprocess.run([nginx, "-V"], capture_output=True, text=True).stderr
        with open(os.path.join(here, "nginx.conf.in")) as f:
            text = f.read()
        user = pwd.getpwuid(os.getuid()).pw_name + " " + grp.getgrgid(os.getgid()).gr_name
        for word, value in (("MODULES", re.search(r"--modules-path=(\S+)", built).group(1)),
                            ("USER", user), ("RUN", self.run), ("HERE", here),
                            ("PORT", str(self.port))):
            text = text.replace("@%s@" % word, value)
        conf = os.path.join(self.run, "nginx.conf")
        with open(conf, "w") as f:
            f.write(text)
        return [nginx, "-p", self.run, "-e", "stderr", "-c", conf]

    def perilune(self, *more):
        return [self.opts.perilune, "-C", os.path.join(HERE, "app"), "serve", "--bind",
                "127.0.0.1:%d" % self.port, "--workers", "1"] + list(more)

    def middleware(self):
        return self.perilune("--settings", os.path.join(HERE, "app/settings_middleware.lua"))

    def output(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def ask(self, path):
        with Talk(("127.0.0.1", self.port), timeout=10) as t:
            t.send(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path).encode())
            answers = t.read(1)
            return answers[0] if answers else None

    def problem(self):
        """None when every test is answered rightly, else what is wrong."""
        def answers():
            if self.process.poll() is not None:
                return "ended"
            try:
                return self.ask("/plaintext")
            except OSError:
                return None
        if wait_for(answers, 20, "the first answer of %s" % self.name) == "ended":
            return "ended with %s:\n%s" % (self.process.returncode, self.output())
        for name, (path, kind, right) in TESTS.items():
            a = self.ask(path)
            if not a or a.status != 200 or not a.get("content-type", "").startswith(kind) \
                    or not right(a.body) or a.closes:
                return "%s: wrong answer %r" % (name, a)
            if not a.get("server") or not a.get("date"):
                return "%s: no Server or no Date" % name
        return None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        for pid, _ in list(session(self.sid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.log.close()


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
    names, tests = [t.name for t in targets], list(TESTS)

    def grid(key, form, pick=statistics.median):
        return [[n] + [form % pick([r[key] for r in runs[n, t]]) for t in tests] for n in names]

    print("%d rounds of %d s, %d connections; server on CPU %d, wrk on CPU %d"
          % (opts.rounds, opts.seconds, opts.connections, opts.server_cpu, opts.client_cpu))
    table("CPU of the server, us/req (median)", [""] + tests, grid("us", "%.2f"))
    table("the same, best round", [""] + tests, grid("us", "%.2f", min))
    for base in ("rawmhd", "nginx-lua"):
        if base in names:
            rows = [[n] + ["%.2f" % statistics.median(
                a["us"] / b["us"] for a, b in zip(runs[n, t], runs[base, t])) for t in tests]
                for n in names]
            table("us/req as a multiple of %s (median of the rounds)" % base, [""] + tests, rows)
    table("requests per second (median)", [""] + tests, grid("rate", "%.0f"))
    table("99th percentile of the latency, ms (median)", [""] + tests, grid("p99", "%.2f"))
    table("CPU of other processes, % (largest)", [""] + tests, grid("others", "%.0f", max))


def compare(opts, scratch):
    targets, runs = [], {}
    try:
        for name in opts.targets.split(","):
            t = Target(name, opts, scratch)
            targets.append(t)
            wrong = t.problem()
            if wrong:
                note("bench: %s left out: %s" % (name, wrong))
                t.stop()
                targets.remove(t)
        for n in range(opts.rounds):
            for test in TESTS:
                for t in targets:
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
    ap.add_argument("--targets", default="rawmhd,nginx-lua,perilune,middleware")
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
