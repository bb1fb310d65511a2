# SPDX-License-Identifier: MIT
"""What the tests that start tests/http/trial share."""
import argparse
import os
import re
import select
import socket
import threading
import time

from server import Checks, Failure, Server, children, cpu_seconds, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "trial")


def arguments(doc):
    """--perilune BINARY, --long, and -k to run only the parts whose name has a text in it."""
    parser = argparse.ArgumentParser(description=doc.strip().splitlines()[0])
    parser.add_argument("--perilune", required=True)
    parser.add_argument("-k", default="", metavar="TEXT", help="only parts with TEXT in the name")
    parser.add_argument("--long", action="store_true", help="everything, which takes minutes")
    return parser.parse_args()


def run(opts, parts, long_parts=()):
    """Calls the functions with opts and a Checks; a Failure is a failed check. Ends the program."""
    checks = Checks()
    for part in [*parts, *(long_parts if opts.long or opts.k else ())]:
        if opts.k not in part.__name__:
            continue
        start = time.monotonic()
        try:
            part(opts, checks)
        except (Failure, OSError) as e:
            checks.check(False, part.__name__, str(e))
        print("%6.1f s  %s" % (time.monotonic() - start, part.__name__), flush=True)
    checks.done()


def start(opts, settings="settings", workers=1, args=(), **more):
    """A server of the trial, all of whose workers are ready."""
    path = os.path.join(PROJECT, settings + ".lua")
    server = Server(opts.perilune, PROJECT, workers=workers, args=["--settings", path, *args], **more)
    return all_ready(server)


def all_ready(server):
    try:
        wait_for(lambda: "listening on" in server.output(), 20, "all workers")
    except Failure:
        server.stop()
        raise
    return server


def sanitized(binary):
    """Is it built with a sanitizer? Its memory then says nothing, and everything takes longer."""
    with open(binary, "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__tsan_init" in text


def cpu_of(server):
    """CPU seconds of the server's processes, those that ended included."""
    return cpu_seconds(server.pid) + sum(map(cpu_seconds, children(server.pid)))


def pid_of(server):
    """The process that answers the next request."""
    return int(server.request("GET", "/pid").body)


def try_pid(server):
    try:
        return pid_of(server)
    except (OSError, Failure):
        return None


def wait_pid(server, timeout=5):
    return wait_for(lambda: try_pid(server), timeout, "a worker that answers")


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


def get(path, more=""):
    return ("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (path, more)).encode()


class Load(threading.Thread):
    """Keep-alive clients that ask for `path` again and again, each request answered before
    the next, until stop(). Everything that is not a 200 is counted as failed and kept."""

    def __init__(self, server, path="/pid", clients=8):
        super().__init__(daemon=True)
        self.server, self.data, self.clients = server, get(path), clients
        self.done, self.failed, self.reconnects = 0, [], 0
        self.slowest, self.bodies, self.running = 0.0, set(), True
        self.start()

    def connect(self):
        s = socket.create_connection(self.server.address, timeout=5)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return {"sock": s, "data": b"", "sent": 0.0}

    def send(self, c):
        c["data"], c["sent"] = b"", time.monotonic()
        c["sock"].sendall(self.data)

    def renew(self, c):
        """A new connection in its place; the request goes out on it."""
        c["sock"].close()
        self.reconnects += 1
        c.update(self.connect())
        self.send(c)

    def answered(self, c):
        head, _, body = c["data"].partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", head, re.I)
        if not length or len(body) < int(length.group(1)):
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append(head[:80])
        self.done += 1
        self.bodies.add(body)
        self.slowest = max(self.slowest, time.monotonic() - c["sent"])
        c["closes"] = b"connection: close" in head.lower()
        return True

    def receive(self, c):
        try:
            piece = c["sock"].recv(65536)
        except OSError as e:
            piece = b""
            self.failed.append("%s after %r" % (e, c["data"][:80]))
            return self.renew(c)
        if not piece:
            self.failed.append("closed after %r" % c["data"][:80])
            return self.renew(c)
        c["data"] += piece
        if self.answered(c):
            self.renew(c) if c["closes"] else self.send(c)

    def run(self):
        clients = [self.connect() for _ in range(self.clients)]
        for c in clients:
            self.send(c)
        poll = select.poll()
        while self.running:
            by_fd = {c["sock"].fileno(): c for c in clients}
            poll = select.poll()
            for fd in by_fd:
                poll.register(fd, select.POLLIN)
            try:
                for fd, _ in poll.poll(100):
                    self.receive(by_fd[fd])
            except OSError as e:  # cannot connect any more
                self.failed.append(str(e))
                time.sleep(0.01)
        for c in clients:
            c["sock"].close()

    def stop(self):
        self.running = False
        self.join(10)
        return self
