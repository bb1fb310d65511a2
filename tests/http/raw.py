#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sends every request of raw_cases.py, whole and byte by byte, and judges the answers.

usage: raw.py --perilune BINARY          starts tests/http/project on a free port
       raw.py --port N [--pid WORKER]    a server that runs already, with one worker
options: --only ID,ID…   just these
         --soak [N]      then N (100) rounds of all cases in random order: the server must
                         live and its memory grow by less than 1 MiB
         --list          the cases
The view counts the requests that reach it: none may run twice, and none that was refused.
"""
import argparse
import json
import os
import random
import sys
import time

import raw_extra
from raw_cases import CASES, MORE, SPLIT, get
from server import Checks, Server, memory
from wire import Talk

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "project")
SENTINEL = get(b"/sentinel", b"Connection: close\r\n")


def stats(address):
    """What the views have counted so far."""
    with Talk(address) as t:
        t.send(get(b"/stats", b"Connection: close\r\n"))
        return json.loads(t.read()[0].body)


def drip(data):
    """data in pieces of one byte; the middle of what is huge in larger ones of odd sizes."""
    if len(data) <= 16384:
        return [data[i:i + 1] for i in range(len(data))], 0.0001 if len(data) < 512 else 0
    pieces = [data[i:i + 1] for i in range(1024)]
    pieces += [data[i:i + 61] for i in range(1024, len(data) - 256, 61)]
    rest = sum(map(len, pieces))
    return pieces + [data[i:i + 1] for i in range(rest, len(data))], 0


def wrong_statuses(case, answers):
    got = [str(a.status) for a in answers]
    wanted = case.answers
    extra = got[len(wanted):]
    if extra and not ("twice" in case.flags and set(extra) == {got[-1]} and got[-1] in wanted[-1]):
        return "%d answers: %s" % (len(got), ",".join(got))
    for i, right in enumerate(wanted):
        if i < len(got) and got[i] not in right or i >= len(got) and "-" not in right:
            return "%s, wanted %s" % (",".join(got) or "no answer",
                                      ",".join("|".join(w) for w in wanted))
    return None


def wrong_view(case, answer):
    """What the view saw, against what it must have seen."""
    if answer.status != 200 or answer.body == b"":
        return None
    seen = json.loads(answer.body)
    fields = {k.lower(): v for k, v in seen["headers"].items()}
    for key, value in case.seen.items():
        if key == "header":
            if fields.get(value[0]) != value[1]:
                return "header %s is %r" % (value[0], fields.get(value[0]))
        elif seen[key] != value:
            return "%s is %r" % (key, seen[key])
    for name in case.absent:
        if name in fields:
            return "the view sees a header '%s'" % name
    return None


def wrong_answers(case, talk):
    answers = talk.answers
    problem = wrong_statuses(case, answers)
    if problem:
        return problem
    for a in answers:
        if a.odd and "twice" not in case.flags:
            return "odd answer: %s" % a.odd
    if case.largest and sum(len(a.body) for a in answers) > case.largest:
        return "an answer of %d bytes" % sum(len(a.body) for a in answers)
    return wrong_view(case, answers[0]) if answers else None


def converse(address, case, pieces, pause):
    """Runs one case; None, or what was wrong.  Ends with the connection closed by the server:
    at once, or after the sentinel that an open connection must answer."""
    with Talk(address, case.methods, case.wait) as t:
        t.send(pieces, pause)
        t.read(len(case.answers))
        keeps = t.answers and not t.answers[-1].closes
        served = sum(1 for a in t.answers if a.status == 200)
        if keeps and not t.ended and "close" not in case.flags:
            count = len(t.answers)
            t.methods = (case.methods + ["GET"] * count)[:count] + ["GET"]
            t.send(SENTINEL)
            t.read(count + 1)
            t.drain()
            if len(t.answers) == count and t.ended:
                keeps = False  # it closed without having said so
            elif len(t.answers) != count + 1:
                return "%d more answers to one request" % (len(t.answers) - count), 0
            else:
                last = t.answers.pop()
                if last.status != 200 or json.loads(last.body)["path"] != "/sentinel":
                    return "the next request got %r" % last, 0
                served += 1
        else:
            t.drain()
            if not t.ended:
                return "the connection is not closed", 0
        if "keep" in case.flags and not keeps:
            return "the connection is closed", 0
        if "twice" in case.flags and not keeps and t.data:
            t.data = b""  # the refusal again, without its end
        if t.data:
            return "bytes behind the answers: %r" % t.data[:60], 0
        return wrong_answers(case, t), served


def run(address, case, pieces, pause=0.0):
    before = stats(address)
    problem, served = converse(address, case, pieces, pause)
    after = stats(address)
    smuggled = after["smuggled"] - before["smuggled"]
    if smuggled != case.smuggled:
        problem = "/SMUGGLED was reached %d times" % smuggled
    ran = after["served"] - before["served"] + smuggled
    if problem is None and ran != served:
        problem = "%d answers, but views ran %d times" % (served, ran)
    return problem


def attempt(checks, address, case, mode, pieces, pause=0.0):
    try:
        problem = run(address, case, pieces, pause)
    except (OSError, ValueError, IndexError, KeyError) as e:
        problem = "%s: %s" % (type(e).__name__, e)
    return checks.check(problem is None, "%s %s (%s)" % (case.id, case.name, mode), problem)


def table(checks, address, cases):
    for case in cases:
        good = attempt(checks, address, case, "whole", case.data)
        good &= attempt(checks, address, case, "byte by byte", *drip(case.data))
        if good and case.id in SPLIT:
            for i in range(1, len(case.data)):
                attempt(checks, address, case, "cut at %d" % i,
                        [case.data[:i], case.data[i:]], 0.0005)


def soak(checks, address, cases, rounds, pid):
    """Shuffled rounds without judging: what counts is that the server stays as it is."""
    cases = [c for c in cases if c.wait <= 3]  # not those that wait for a timeout
    chance = random.Random(20)
    warm = None
    for n in range(rounds):
        chance.shuffle(cases)
        for case in cases:
            try:
                with Talk(address, case.methods, 1.0) as t:
                    t.send(case.data)
                    t.read(len(case.answers), 0.2)
            except (OSError, ValueError):
                pass
        if n == min(10, rounds // 4):
            warm = memory(pid, "Rss") if pid else None
    checks.check(stats(address), "the server lives after %d rounds" % rounds)
    if pid:
        grown = memory(pid, "Rss") - warm
        print("memory grew by %d KiB in %d rounds" % (grown, rounds))
        checks.check(grown < 1024, "memory grows by less than 1 MiB", "%d KiB" % grown)


def views_work(checks, address):
    """Without the views that count, every case would fail alike."""
    with Talk(address) as t:
        t.send(get(b"/stats", b"Connection: close\r\n"))
        answers = t.read()
    good = answers and answers[0].status == 200 and answers[0].body.startswith(b"{")
    return checks.check(good, "the views of the project work", answers)


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def no_connection_left(pid, before, timeout=10):
    """Whether the worker has closed what its clients closed."""
    end = time.monotonic() + timeout
    while descriptors(pid) > before + 2 and time.monotonic() < end:
        time.sleep(0.05)
    return descriptors(pid) <= before + 2


def main():
    ap = argparse.ArgumentParser(description=__doc__,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", metavar="BINARY")
    ap.add_argument("--port", type=int)
    ap.add_argument("--pid", type=int)
    ap.add_argument("--only", default="")
    ap.add_argument("--soak", type=int, nargs="?", const=100, default=0)
    ap.add_argument("--list", action="store_true")
    opts = ap.parse_args()
    only = set(opts.only.split(",")) - {""}
    cases = [c for c in CASES + MORE if not only or c.id in only]
    if opts.list:
        for c in cases:
            print(c.id, c.level, c.name, "->", ",".join("|".join(a) for a in c.answers), *c.flags)
        return
    if not opts.port and not opts.perilune:
        ap.error("--perilune BINARY or --port N")
    server = None if opts.port else Server(opts.perilune, PROJECT, workers=1)
    address = ("127.0.0.1", opts.port) if opts.port else server.address
    pid = opts.pid or (server and server.workers()[0])
    checks, start = Checks(), time.monotonic()
    before = descriptors(pid) if pid else 0
    try:
        if not views_work(checks, address):
            return
        table(checks, address, cases)
        raw_extra.run(checks, address, only)
        if opts.soak:
            soak(checks, address, cases, opts.soak, pid)
        if pid:
            checks.check(no_connection_left(pid, before), "no connection is left open",
                         "%d descriptors, %d before" % (descriptors(pid), before))
        if server:
            checks.check(server.workers()[0] == pid, "the worker is the one that was started")
            checks.check(server.stop() == 0, "exit status", server.process.returncode)
            reports = [l for l in server.output().splitlines() if "Sanitizer" in l]
            checks.check(not reports, "the sanitizers are silent", "\n".join(reports[:5]))
    finally:
        if server:
            server.stop()
            if checks.failed:
                print("---- end of the server's log ----\n" + server.output()[-3000:])
        print("%.1f s" % (time.monotonic() - start), file=sys.stderr)
        checks.done()


if __name__ == "__main__":
    main()
