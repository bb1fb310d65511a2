#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions that a request costs a server, with callgrind.

What run.py measures in time depends on who else uses the machine; this does not, to one
part in a hundred.  It sees neither the kernel nor waiting for memory: the ratios of run.py
are those that count, and these say where they come from.

  rawmhd     C and nothing else
  rawlua     the same with views in Lua and no framework: what Lua 5.4 itself costs
  perilune   tests/bench/app
"""
import argparse
import glob
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from answers import TESTS  # noqa: E402
from targets import Target, session  # noqa: E402

WARM = {"cached": 2500}  # requests before it counts, until all rows are at hand; of others: 100


class Client:
    """One connection, one request after the other."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.file = self.socket.makefile("rb")

    def ask(self, path, times):
        request = ("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path).encode()
        for _ in range(times):
            self.socket.sendall(request)
            status, length = self.file.readline(), 0
            if b" 200 " not in status:
                raise OSError("%s gave %r" % (path, status))
            while (line := self.file.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            self.file.read(length)

    def close(self):
        self.file.close()
        self.socket.close()


def control(target, *args):
    for pid, _ in session(target.sid):
        subprocess.run(["callgrind_control", *args, str(pid)], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)


def total(target):
    """The sum of all that its processes have dumped; the dumps are taken away."""
    count = 0
    for name in glob.glob(os.path.join(target.run, "callgrind.*")):
        with open(name) as f:
            count += sum(map(int, re.findall(r"^totals: (\d+)", f.read(), re.M)))
        os.remove(name)
    return count


def count(target, test, requests):
    client = Client(target.port)
    client.ask(TESTS[test][0], WARM.get(test, 100))
    control(target, "-i", "on")
    client.ask(TESTS[test][0], requests)
    control(target, "-i", "off")
    control(target, "-d")
    client.close()
    return total(target) / requests


def measure(opts, scratch):
    rows = {}
    for name in opts.targets.split(","):
        opts.under = ["valgrind", "--tool=callgrind", "--instr-atstart=no", "--trace-children=yes",
                      "--callgrind-out-file=" + os.path.join(scratch, name, "callgrind.%p")]
        target = Target(name, opts, scratch)
        try:
            problem = target.problem([])
            if problem:
                sys.exit("instructions: %s: %s" % (name, problem))
            rows[name] = [count(target, test, opts.requests) for test in opts.tests]
        finally:
            target.stop()
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", default="build/release/perilune", metavar="BINARY")
    ap.add_argument("--targets", default="rawmhd,rawlua,perilune")
    ap.add_argument("--tests", default="plaintext,json,db,queries,updates,fortunes,cached")
    ap.add_argument("--requests", type=int, default=500)
    opts = ap.parse_args()
    opts.perilune = os.path.abspath(opts.perilune)
    opts.tests = opts.tests.split(",")
    opts.server_cpu = 0
    scratch = tempfile.mkdtemp(prefix="perilune-bench-")
    try:
        rows = measure(opts, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("instructions of a request" + "".join("%12s" % t for t in opts.tests))
    for name, counts in rows.items():
        print("%-25s" % name + "".join("%12.0f" % c for c in counts))
    for base in ("rawmhd", "rawlua"):
        if base in rows and "perilune" in rows:
            print("%-25s" % ("perilune / " + base)
                  + "".join("%12.2f" % (a / b) for a, b in zip(rows["perilune"], rows[base])))


if __name__ == "__main__":
    main()
