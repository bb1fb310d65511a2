#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Renders one page of 1,000 table rows (inheritance, an include, six filters, escaping) with
Perilune, with Django and Jinja2 (Debian's python3-django and python3-jinja2), and by hand in
Lua; each takes its turn in every round, the best time of each counts.

  run.py PERILUNE [ROUNDS]
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    binary = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    script = os.path.join(HERE, "perilune.lua")
    peers = ["/usr/bin/python3", "-B", os.path.join(HERE, "peers.py")]
    ours = output(binary, "run", script, HERE, "print")
    if ours != output(*peers, "print"):
        sys.exit("the pages of Perilune and Django differ")
    print("%d bytes" % len(ours.encode()))
    times = {}
    for _ in range(rounds):
        for name in ("perilune", "by_hand", "jinja2", "django"):
            command = [binary, "run", script, HERE, name, "10"]
            if name in ("jinja2", "django"):
                command = [*peers, name, "3"]
            times.setdefault(name, []).append(float(output(*command)))
    base = min(times["perilune"])
    for name, found in times.items():
        print("%-10s %8.3f ms  %6.2f x" % (name, min(found), min(found) / base))


main()
