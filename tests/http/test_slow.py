#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clients that are slow, silent, too many or gone: each is cut off in time, and the others
do not notice."""
import select
import signal
import socket
import struct
import threading
import time

from server import wait_for
from trial import Load, arguments, descriptors, get, pid_of, run, sanitized, start
from server import memory

TIMEOUT = 1.0  # every timeout of settings_slow.lua and settings_idle.lua
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
LATE = 3.0  # how much later than that on a machine that has other things to do


def connect(server, source=None, receive=None):
    s = socket.socket()
    if receive:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
    if source:
        s.bind((source, 0))
    s.settimeout(5)
    s.connect(server.address)
    return s


def closed_after(socks, limit, feed=None):
    """Seconds until the other side closed each of the sockets, None for those that are open
    after `limit`; `feed` is called ten times a second with the sockets that are left."""
    begin, ends = time.monotonic(), {}
    left = {s.fileno(): s for s in socks}
    poll = select.poll()
    for fd in left:
        poll.register(fd, select.POLLIN | select.POLLHUP | select.POLLERR)
    fed = begin
    while left and time.monotonic() - begin < limit:
        for fd, _ in poll.poll(50):
            try:
                piece = left[fd].recv(65536)
            except OSError:
                piece = b""
            if not piece:
                ends[fd] = time.monotonic() - begin
                poll.unregister(fd)
                del left[fd]
        if feed and time.monotonic() - fed >= 0.1:
            fed = time.monotonic()
            for s in list(left.values()):
                try:
                    feed(s)
                except OSError:
                    pass
    times = [ends.get(s.fileno()) for s in socks]
    for s in socks:
        s.close()
    return times


def check_closed(checks, times, name, low=TIMEOUT * 0.8, high=TIMEOUT + LATE):
    late = [t for t in times if t is None or not low <= t <= high]
    checks.check(not late, name, "%d of %d not closed in %.1f..%.1f s: %s"
                 % (len(late), len(times), low, high, late[:5]))


def beside(server, checks, name, times, low=TIMEOUT * 0.8, high=TIMEOUT + LATE):
    """Runs `times()` while well-behaved clients are served, and judges both."""
    load = Load(server, clients=4)
    check_closed(checks, times(), name, low, high)
    load.stop()
    checks.check(not load.failed, name + ": others are served", load.failed[:3])
    checks.check(load.done > 50, name + ": others are served", "%d requests" % load.done)
    checks.check(load.slowest < LATE, name + ": others are served at once", "%.2f s" % load.slowest)


def slow_headers(opts, checks):
    with start(opts, "settings_slow") as server:
        pid = pid_of(server)
        before = descriptors(pid)

        def drip():
            socks = [connect(server) for _ in range(200)]
            for s in socks:
                s.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
            return closed_after(socks, 8, lambda s: s.send(b"a"))
        beside(server, checks, "a byte of header now and then", drip)

        def lines():
            return closed_after([connect(server) for _ in range(50)], 8,
                                lambda s: s.send(b"\r\n"))
        beside(server, checks, "empty lines before a request", lines)

        def silence():
            return closed_after([connect(server) for _ in range(50)], 8)
        beside(server, checks, "not a byte", silence)
        wait_for(lambda: descriptors(pid) <= before, 3, "closed descriptors")


def slow_bodies(opts, checks):
    with start(opts, "settings_slow") as server:
        def stops():
            socks = [connect(server) for _ in range(100)]
            for s in socks:
                s.sendall(HEAD + b"x" * 1000)
            return closed_after(socks, 8)
        beside(server, checks, "a body that stops", stops)

        def never():
            socks = [connect(server) for _ in range(50)]
            for s in socks:
                s.sendall(HEAD)
            return closed_after(socks, 8)
        beside(server, checks, "a body that never begins", never)


def dripping_bodies(opts, checks):
    """body_min_rate: no silence, but too slow over all."""
    with start(opts, "settings_slow") as server:
        def drips():
            socks = [connect(server) for _ in range(50)]
            for s in socks:
                s.sendall(HEAD)
            return closed_after(socks, 30, lambda s: s.send(b"x"))
        beside(server, checks, "a body of 10 bytes a second", drips, 15, 20 + LATE)


def busy_worker(opts, checks):
    """A worker that is busy for longer than the timeouts does not take it for slowness of
    those who wait for it."""
    with start(opts, "settings_slow") as server:
        socks = [connect(server) for _ in range(10)]
        for s in socks[:5]:
            s.sendall(get("/"))
            s.recv(4096)
        socks[0].sendall(get("/limits/busy_3_seconds"))
        time.sleep(0.2)
        for s in socks[1:]:
            s.sendall(get("/"))
        served = 0
        for s in socks[1:]:
            s.settimeout(20)
            try:
                served += s.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        checks.check(served == 9, "served after the worker was busy", "%d of 9" % served)
        for s in socks:
            s.close()


def slow_readers(opts, checks):
    with start(opts, "settings_slow") as server:
        pid = pid_of(server)
        server.request("GET", "/streams/large")
        before, open_before = memory(pid, "Rss"), descriptors(pid)
        load = Load(server, clients=4)
        socks = [connect(server, receive=4096) for _ in range(10)]
        for s in socks:
            s.sendall(get("/streams/large"))
        wait_for(lambda: descriptors(pid) >= open_before + 14, 5, "14 connections")
        wait_for(lambda: descriptors(pid) <= open_before + 4, 15, "the end of slow readers")
        load.stop()
        for s in socks:
            s.close()
        late = load.slowest > LATE and not sanitized(opts.perilune)  # ASan fills each 16 MiB
        checks.check(not load.failed and not late, "others beside slow readers",
                     "%s, slowest %.2f s" % (load.failed[:3], load.slowest))
        slow_but_reading(server, checks)
        if not sanitized(opts.perilune):
            grown = memory(pid, "Rss") - before
            checks.check(grown < 300 * 1024, "memory of slow readers", "%d KiB" % grown)


def slow_but_reading(server, checks):
    """Slower than response_timeout in all, but never silent for as long: served to the end."""
    s = connect(server, receive=65536)
    s.sendall(get("/streams/large", "Connection: close\r\n"))
    n, begin = 0, time.monotonic()
    while True:
        piece = s.recv(256 << 10)
        if not piece:
            break
        n += len(piece)
        time.sleep(0.02)
    s.close()
    spent = time.monotonic() - begin
    checks.check(n > 16 << 20, "a slow reader gets all", "%d bytes in %.1f s" % (n, spent))
    checks.check(spent > TIMEOUT, "a slow reader is slow", "%.1f s" % spent)


def idle_connections(opts, checks):
    with start(opts, "settings_idle") as server:
        def idle():
            socks = [connect(server) for _ in range(200)]
            for s in socks:
                s.sendall(get("/"))
            for s in socks:
                s.recv(4096)
            return closed_after(socks, 8)
        times = idle()
        check_closed(checks, times, "idle keep-alive")
        print("        idle connections closed after %.2f to %.2f s" % (min(times), max(times)))


def per_address(opts, checks):
    with start(opts, "settings_few") as server:
        def answered(s):
            try:
                s.sendall(get("/"))
                return s.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                return False
        socks = [connect(server, "127.0.0.2") for _ in range(14)]
        served = [answered(s) for s in socks]
        checks.check(sum(served) == 10, "connections of one address", "%d served" % sum(served))
        checks.check(server.request("GET", "/").status == 200, "another address is served")
        for s in socks:
            s.close()
        wait_for(lambda: answered(connect(server, "127.0.0.2")), 3, "a place that is free again")


def too_many(opts, checks):
    with start(opts, "settings_few") as server:
        pid = pid_of(server)
        socks = []
        for n in range(45):
            socks.append(connect(server, "127.0.0.%d" % (10 + n % 9)))
        served = 0
        for s in socks:
            s.settimeout(0.1)
            try:
                s.sendall(get("/"))
                served += s.recv(4096).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        checks.check(20 <= served <= 30, "max_connections", "%d served" % served)
        for s in socks:
            s.close()
        wait_for(lambda: server.request("GET", "/").status == 200, 5, "a place after all left")
        checks.check(pid_of(server) == pid, "max_connections: the worker stays")
        log = server.output()
        checks.check(len(log.splitlines()) < 100, "max_connections: the log does not fill up",
                     "%d lines" % len(log.splitlines()))


def too_many_at_the_end(opts, checks):
    """Told to stop while no more connections are accepted."""
    server = start(opts, "settings_few")
    try:
        socks = [connect(server, "127.0.0.%d" % (10 + n % 9)) for n in range(45)]
        wait_for(lambda: "max_connections is reached" in server.output(), 5, "a full house")
        server.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        for s in socks:
            s.close()
        status = server.process.wait(15)
        checks.check(status == 0 and "killed by signal" not in server.output(),
                     "TERM at max_connections", "status %s\n%s" % (status, server.output()[-800:]))
    finally:
        server.stop()


def storm(opts, checks):
    """Connections that are reset at once, with and without a request."""
    linger = struct.pack("ii", 1, 0)
    with start(opts) as server:
        pid = pid_of(server)
        before, rss = descriptors(pid), memory(pid, "Rss")

        def attack(n, data):
            for _ in range(n):
                try:
                    s = socket.create_connection(server.address, 5)
                    if data:
                        s.send(data)
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    s.close()
                except OSError:
                    pass
        threads = [threading.Thread(target=attack, args=(1500, data))
                   for data in (b"", b"GET / HT", get("/"), get("/waits/sleep"))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        wait_for(lambda: descriptors(pid) <= before + 2, 5, "descriptors as before (%d, now %d)"
                 % (before, descriptors(pid)))
        checks.check(server.request("GET", "/").body == b"ok", "served after a storm")
        checks.check(pid_of(server) == pid, "the worker stays")
        if not sanitized(opts.perilune):
            grown = memory(pid, "Rss") - rss
            checks.check(grown < 32 * 1024, "memory after a storm", "%d KiB" % grown)


def pipelined(opts, checks):
    with start(opts) as server, server.talk(timeout=20) as t:
        t.send(b"".join(get("/pid" if n % 10 else "/nothing/%d" % n) for n in range(1000)))
        answers = t.read(1000)
        statuses = [a.status for a in answers]
        checks.check(statuses == [200 if n % 10 else 404 for n in range(1000)],
                     "1000 pipelined requests, in order", "%d answers" % len(answers))
        checks.check(len({a.body for a in answers if a.status == 200}) == 1, "one worker")
        checks.check(not t.ended, "the connection is still open")


if __name__ == "__main__":
    run(arguments(__doc__), [slow_headers, slow_bodies, busy_worker, per_address, pipelined],
        [dripping_bodies, slow_readers, idle_connections, too_many, too_many_at_the_end, storm])
