#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The signals of a request: once each, at the right time, whatever becomes of it.

usage: request_signals.py --perilune BINARY"""
import argparse
import json
import os
import signal

from server import Checks, Server, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "signals_project")
FINISHED = "finished nil true"


def notes_of(server):
    return [line[6:] for line in server.output().splitlines() if line.startswith("note: ")]


def settled(server):
    """All notes, once every request that started has finished."""
    def finished():
        notes = notes_of(server)
        starts = sum(note.startswith("started") for note in notes)
        return notes if starts and starts == notes.count(FINISHED) else None
    return wait_for(finished, 10, "request_finished of every request")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    options = parser.parse_args()
    t = Checks()
    with Server(options.perilune, PROJECT, workers=1) as server:
        def expect(path, status, want, method="GET", headers=None):
            before = len(settled(server))
            answer = server.request(method, path, headers)
            got = settled(server)[before:]
            t.check(answer.status == status
                    and got == ["started nil %s %s" % (method, path)] + want + [FINISHED],
                    "%s %s %s" % (method, path, headers or ""), (answer.status, got))

        expect("/ok/", 200, [])
        expect("/ok/", 200, [], "HEAD")
        expect("/wait/", 200, [])
        expect("/static/file.txt", 200, [])
        expect("/stream/", 200, ["chunk 1", "chunk 2", "chunk 3"])
        expect("/fail/", 500, ["exception nil /fail/ KeyError"])
        # The page of the 404 fails: that is a 500. The 404 itself was none.
        expect("/none/", 500, ["exception nil /none/ Error"])
        expect("/ok/", 500, ["exception nil /ok/ Error"], headers={"X-Break": "1"})
        expect("/static/file.txt", 500, ["exception nil /static/file.txt Error"], headers={"X-Break": "1"})
        # What the guard refuses never was a request.
        before = len(settled(server))
        raw = server.raw(b"GET /ok/ HTTP/1.1\r\n\r\n")
        t.check(raw[0].status == 400, "no Host", raw)
        t.check(len(settled(server)) == before, "a refused request has no signals")
        # The client goes away in the middle of a stream.
        with server.talk(["GET"]) as talk:
            talk.send(b"GET /stream/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        wait_for(lambda: len(notes_of(server)) > before, 5, "the request")
        t.check(settled(server)[-1] == FINISHED, "a client that went away")
        output = server.output()
        for what in ("started", "finished"):
            t.check("a receiver of request_%s fails" % what in output, "error of request_%s is logged" % what)
        t.check("receiver of got_request_exception: " in output and "shop/signals.lua:" in output,
                "error of got_request_exception is logged", output[-3000:])
        t.check(server.stop(signal.SIGTERM) == 0, "ends politely")
    t.done()


if __name__ == "__main__":
    main()
