# SPDX-License-Identifier: MIT
"""Starts the perilune binary on a free port of the loopback, for tests.

    with Server(perilune, "tests/http/project") as server:
        answer = server.request("GET", "/")
        server.send_signal(signal.SIGHUP)

Nothing sleeps a guessed time: wait_for() polls a condition with a deadline."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

from wire import Talk

HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    """The server did not do what every test needs; the text holds its log."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, timeout, what):
    """The first true value of condition(), or a Failure that says what was waited for."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure("waited %g s for %s" % (timeout, what))
        time.sleep(0.005)


def memory(pid, field="Pss"):
    """KiB of one process: Rss, Pss or Private_Dirty."""
    with open("/proc/%d/smaps_rollup" % pid) as f:
        return int(re.search(r"^%s:\s+(\d+)" % field, f.read(), re.M).group(1))


def cpu_seconds(pid):
    """User and system time of one process and of its children that ended."""
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(x) for x in f.read().split()]
    except OSError:
        return []


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Server:
    """`perilune -C PROJECT serve|runserver`; ready when the constructor returns."""

    def __init__(self, perilune, project, command="serve", workers=1, args=(), env=None,
                 unix=None, timeout=20):
        self.perilune, self.project = os.path.abspath(perilune), os.path.abspath(project)
        self.port = None if unix else free_port()
        self.address = unix or ("127.0.0.1", self.port)
        where = "unix:" + unix if unix else "127.0.0.1:%d" % self.port
        argv = [self.perilune, "-C", self.project, command]
        argv += ["--bind", where, "--workers", str(workers)] if command == "serve" else [where]
        self.argv = argv + list(args)
        self.log = tempfile.NamedTemporaryFile(prefix="perilune-", suffix=".log", delete=False)
        self.environment = dict(os.environ, **(env or {}))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            env=self.environment, start_new_session=True)
        self.pid = self.process.pid
        try:
            self.wait_ready(timeout)
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def output(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def wait_ready(self, timeout):
        """Until a request is answered; start_ms is the time that took."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failure("%s ended with %s:\n%s" % (" ".join(self.argv),
                                                         self.process.returncode, self.output()))
            try:
                with Talk(self.address) as t:
                    t.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                    if t.read(1):
                        self.start_ms = (time.perf_counter() - self.started) * 1000
                        return
            except OSError:
                pass
            time.sleep(0.001)
        raise Failure("%s does not answer:\n%s" % (" ".join(self.argv), self.output()))

    def talk(self, methods=(), timeout=3.0):
        return Talk(self.address, methods, timeout)

    def raw(self, data, timeout=3.0):
        """The answers to data on a connection that is read until the server closes it."""
        with self.talk(timeout=timeout) as t:
            t.send(data)
            return t.read()

    def request(self, method, path, headers=None, body=b"", timeout=10.0):
        """One request on a connection of its own; gives an Answer."""
        fields = {"Host": "127.0.0.1", "Connection": "close"}
        if body or method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(body))
        fields.update(headers or {})
        head = "%s %s HTTP/1.1\r\n" % (method, path)
        head += "".join("%s: %s\r\n" % item for item in fields.items()) + "\r\n"
        with self.talk([method], timeout) as t:
            t.send(head.encode("latin-1") + body)
            answers = t.read(1)
        if not answers:
            raise Failure("no answer to %s %s; the log:\n%s" % (method, path, self.output()))
        return answers[0]

    def send_signal(self, number, pid=None):
        os.kill(pid or self.pid, number)

    def workers(self):
        """Process ids of the workers; runserver keeps one, as a child or as itself."""
        return children(self.pid) or [self.pid]

    def processes(self):
        todo, found = [self.pid], []
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children(pid)
        return found

    def memory(self, field="Pss"):
        return sum(memory(p, field) for p in self.processes())

    def stop(self, number=signal.SIGTERM, timeout=15):
        """Ends it politely, then not so; gives the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.process.wait()
        for pid in self.orphans():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        self.log.close()
        if os.path.exists(self.log.name) and not os.environ.get("KEEP_LOGS"):
            self.text = self.output()
            os.unlink(self.log.name)
            self.output = lambda: self.text
        return self.process.returncode

    def orphans(self):
        """Processes of the server's session that are still there."""
        found = []
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open("/proc/%s/stat" % name) as f:
                        fields = f.read().rpartition(")")[2].split()
                except OSError:
                    continue
                if int(fields[3]) == self.pid and fields[0] != "Z":
                    found.append(int(name))
        return found


class Checks:
    """Counts; prints what failed and the summary line."""

    def __init__(self):
        self.passed, self.failed = 0, 0

    def check(self, good, name, why=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAILED %s%s" % (name, ": %s" % (why,) if why else ""), flush=True)
        return bool(good)

    def done(self):
        """Prints the summary and ends the program with its status."""
        print("%d passed, %d failed" % (self.passed, self.failed))
        sys.exit(1 if self.failed or not self.passed else 0)
