#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers made piece by piece, and requests that wait: for a slow reader, for time, from
inside everything that Lua calls."""
import json
import os
import select
import socket
import threading
import time

from server import memory, wait_for
from trial import arguments, descriptors, get, pid_of, run, sanitized, start

GIGABYTE = 1 << 30
# /waits/NAME and what it answers.
PLACES = {
    "sleep": b"slept", "in_sort": b"1 2 3 4 5", "in_gsub": b"ABC", "in_wrap": b"1 2 3",
    "in_pcall": b"false raised after the wait", "in_close": b"open closed",
    "in_tostring": b"text", "in_index": b"field", "in_iterator": b"1 2 3",
    "in_require": b"loaded", "in_gather": b"abc",
}


def state(server):
    return json.loads(server.request("GET", "/streams/state").body)


def connect(server, receive=None):
    s = socket.socket()
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    s.settimeout(10)
    s.connect(server.address)
    return s


def ended(s, limit=5):
    """Reads until the other side closes; whether it does in time."""
    s.settimeout(limit)
    try:
        while s.recv(1 << 20):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


# ---- streams ----

def forms(opts, checks):
    """The same stream to clients of every kind."""
    want = b"".join(b"piece %d\n" % n for n in range(1, 6))
    with start(opts) as server:
        answer = server.request("GET", "/streams/five")
        checks.check(answer.body == want and answer.chunked, "HTTP/1.1: chunks", answer)
        checks.check(answer.get("content-length") is None, "no Content-Length")
        old = server.raw(b"GET /streams/five HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        checks.check(len(old) == 1 and old[0].body == want and not old[0].chunked,
                     "HTTP/1.0: until the connection ends", old)
        head = server.request("HEAD", "/streams/five")
        checks.check(head.status == 200 and head.body == b"", "HEAD", head)
        checks.check(server.request("GET", "/streams/empty").body == b"", "an empty stream")
        checks.check(server.request("GET", "/streams/waits_between").body == b"123",
                     "waiting between pieces")
        with server.talk() as t:
            t.send(get("/streams/five") + get("/streams/waits_between") + get("/"))
            got = [a.body for a in t.read(3)]
            checks.check(got == [want, b"123", b"ok"], "streams on a kept connection", got)
        seen = state(server)
        checks.check(seen["closed"] == seen["started"] - 1, "all but that of HEAD are closed", seen)


def breaks(opts, checks):
    """An error in the middle: the client can tell that the answer is not whole."""
    with start(opts) as server:
        with server.talk(timeout=3) as t:
            t.send(get("/streams/breaks"))
            answers = t.read()
            checks.check(not answers and t.ended, "a broken stream has no end", (answers, t.ended))
        checks.check(server.request("GET", "/").body == b"ok", "served after it")
        checks.check("in the middle of a stream" in server.output(), "the log says why")
        checks.check(state(server)["closed"] == 1, "its iterator is closed", state(server))


def back_pressure(opts, checks):
    """1 GiB for clients that read nothing: the generator waits, memory does not grow."""
    with start(opts) as server:
        pid = pid_of(server)
        server.request("GET", "/streams/five")
        before = memory(pid, "Rss")
        socks = [connect(server, 4096) for _ in range(4)]
        for s in socks:
            s.sendall(get("/streams/gigabyte"))
        time.sleep(1)
        first = state(server)["pieces"]
        time.sleep(0.5)
        seen = state(server)
        checks.check(seen["pieces"] == first, "the generator waits", (first, seen["pieces"]))
        checks.check(seen["pieces"] < 4 * 200, "the generator is far from its end", seen)
        grown = memory(pid, "Rss") - before
        if not sanitized(opts.perilune):
            checks.check(grown <= 2048, "memory while nobody reads", "%d KiB for 4 streams" % grown)
        print("        %d KiB for 4 streams nobody reads" % grown)
        for s in socks:
            s.close()
        wait_for(lambda: server.request("GET", "/").body == b"ok", 3, "an answer")
        time.sleep(0.3)
        after = state(server)["pieces"]
        time.sleep(0.3)
        checks.check(state(server)["pieces"] == after, "streams of lost clients end",
                     (after, state(server)))


def gigabyte(opts, checks):
    """A client that reads gets all of it, in little memory."""
    with start(opts) as server:
        pid = pid_of(server)
        before = memory(pid, "Rss")
        s = connect(server)
        s.sendall(get("/streams/gigabyte", "Connection: close\r\n"))
        n, most, begin, block = 0, before, time.monotonic(), memoryview(bytearray(1 << 20))
        while True:
            got = s.recv_into(block)
            if not got:
                break
            if n >> 26 != (n + got) >> 26:
                most = max(most, memory(pid, "Rss"))
            n += got
        spent = time.monotonic() - begin
        s.close()
        checks.check(n > GIGABYTE, "a gigabyte arrives", n)
        print("        1 GiB in %.1f s, memory +%d KiB" % (spent, most - before))
        if not sanitized(opts.perilune):
            checks.check(most - before <= 4096, "memory on the way", "%d KiB" % (most - before))


def hang_up(opts, checks):
    """A client that goes away in the middle: the fiber is cancelled where it waits."""
    with start(opts) as server:
        pid = pid_of(server)
        before = descriptors(pid)
        socks = [connect(server) for _ in range(20)]
        for s in socks:
            s.sendall(get("/streams/ticks"))
        for s in socks:
            s.recv(1000)
        for n, s in enumerate(socks):
            if n % 2:
                s.shutdown(socket.SHUT_RDWR)
            s.close()
        wait_for(lambda: state(server)["closed"] == 20, 5, "20 closed iterators")
        pieces = state(server)["pieces"]
        time.sleep(0.3)
        checks.check(state(server)["pieces"] == pieces, "no pieces are made for nobody")
        wait_for(lambda: descriptors(pid) <= before, 5, "closed descriptors")


def hang_up_while_waiting(opts, checks):
    """The same before there is an answer at all."""
    with start(opts) as server:
        pid = pid_of(server)
        before = descriptors(pid)
        socks = [connect(server) for _ in range(20)]
        for s in socks:
            s.sendall(get("/waits/sleep_long"))
        time.sleep(0.7)
        for s in socks:
            s.close()
        wait_for(lambda: descriptors(pid) <= before, 5, "requests of lost clients end")
        checks.check(server.request("GET", "/").body == b"ok", "served after it")


# ---- waiting ----

def places(opts, checks):
    """Each place alone, then all of them at once, many times."""
    with start(opts) as server:
        for name, want in PLACES.items():
            answer = server.request("GET", "/waits/" + name)
            checks.check((answer.status, answer.body) == (200, want), name, answer)
        wrong, begin = [], time.monotonic()

        def ask(name, want):
            for _ in range(5):
                answer = server.request("GET", "/waits/" + name)
                if answer.body != want:
                    wrong.append((name, answer))
        threads = [threading.Thread(target=ask, args=row) for row in PLACES.items()
                   for _ in range(5)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        checks.check(not wrong, "all places at once", wrong[:3])
        spent = time.monotonic() - begin
        checks.check(spent < 20, "275 requests wait together", "%.1f s" % spent)


def others_run(opts, checks):
    """While requests wait, others are answered at once."""
    with start(opts) as server:
        with server.talk() as waiting, server.talk() as quick:
            waiting.send(get("/waits/sleep_second"))
            time.sleep(0.1)
            begin = time.monotonic()
            for _ in range(20):
                quick.send(get("/"))
                quick.read(len(quick.answers) + 1)
            spent = time.monotonic() - begin
            checks.check(len(quick.answers) == 20 and spent < 0.5, "others meanwhile",
                         "%d in %.2f s" % (len(quick.answers), spent))
            checks.check(not waiting.answers, "the first still waits")
            checks.check([a.body for a in waiting.read(1)] == [b"slept"], "and ends")


def thousand(opts, checks):
    """1,000 requests that sleep a second, in one worker."""
    with start(opts) as server:
        pid = pid_of(server)
        begin = time.monotonic()
        socks = [connect(server) for _ in range(1000)]
        for s in socks:
            s.sendall(get("/waits/sleep_second"))
        poll, left, good = select.poll(), {s.fileno(): s for s in socks}, 0
        for fd in left:
            poll.register(fd, select.POLLIN)
        asleep = memory(pid, "Rss")
        while left and time.monotonic() - begin < 30:
            for fd, _ in poll.poll(1000):
                good += left.pop(fd).recv(4096).endswith(b"\r\n\r\nslept")
                poll.unregister(fd)
        spent = time.monotonic() - begin
        for s in socks:
            s.close()
        print("        1,000 sleeping requests: %.2f s, %d KiB" % (spent, asleep))
        checks.check(good == 1000, "1,000 sleeping requests", "%d answered" % good)
        checks.check(spent < 10, "they sleep together", "%.1f s" % spent)
        checks.check(pid_of(server) == pid, "the worker stays")


if __name__ == "__main__":
    run(arguments(__doc__), [forms, breaks, back_pressure, hang_up, hang_up_while_waiting, places],
        [gigabyte, others_run, thousand])
