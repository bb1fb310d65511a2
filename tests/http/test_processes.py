#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reload, crash, stop: what happens to the processes, and that no client notices more than
it has to."""
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time

from server import Failure, Server, alive, children, wait_for
from trial import PROJECT, Load, all_ready, arguments, pid_of, run, sanitized, start, wait_pid

VERSION = '-- SPDX-License-Identifier: MIT\nreturn "%s"\n'


class Copy:
    """A copy of the trial whose files may be changed; `settings` are lines of a settings file."""

    def __init__(self, **settings):
        self.dir = tempfile.mkdtemp(prefix="perilune-trial-")
        self.project = os.path.join(self.dir, "trial")
        shutil.copytree(PROJECT, self.project)
        rows = "".join("  %s = %s,\n" % item for item in settings.items())
        self.write("settings.lua", 'return require "base" {\n%s}\n' % rows)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir)

    def write(self, name, text):
        path = os.path.join(self.project, name)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.rename(path + ".new", path)

    def read(self, name):
        with open(os.path.join(self.project, name)) as f:
            return f.read()

    def start(self, opts, **more):
        """Ready when every worker has loaded the files, which may be changed then."""
        return all_ready(Server(opts.perilune, self.project, **more))


def version(server):
    return server.request("GET", "/version").body


# ---- reload ----

def reload_under_load(opts, checks):
    with Copy() as copy, copy.start(opts, workers=2) as server:
        first = set(children(server.pid))
        load = Load(server, "/version", clients=16)
        rounds = 10 if opts.long else 4
        for n in range(rounds):
            copy.write("version.lua", VERSION % ("version %d" % n))
            server.send_signal(signal.SIGHUP)
            time.sleep(0.5)
        wait_for(lambda: version(server) == b"version %d" % (rounds - 1), 10, "the new code")
        time.sleep(0.5)
        load.stop()
        checks.check(not load.failed, "no request fails while reloading",
                     "%d of %d: %s" % (len(load.failed), load.done, load.failed[:3]))
        checks.check(load.done > 500, "requests while reloading", load.done)
        checks.check(len(load.bodies) >= rounds // 2, "new code is served on the way", load.bodies)
        # Busy workers load slowly, and a HUP meanwhile is not lost: it is the next reload.
        wait_for(lambda: len(children(server.pid)) == 2, 12, "two workers, the old ones gone")
        checks.check(not first & set(children(server.pid)), "the first workers are gone")


def reload_during_requests(opts, checks):
    """What is being answered when the reload comes is answered."""
    with Copy() as copy, copy.start(opts) as server:
        answers = []

        def slow():
            answers.append(server.request("GET", "/waits/sleep_second").status)
        threads = [threading.Thread(target=slow) for _ in range(20)]
        for t in threads:
            t.start()
        time.sleep(0.3)
        old = pid_of(server)
        copy.write("version.lua", VERSION % "two")
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: version(server) == b"two", 10, "the new code")
        checks.check(alive(old), "the old worker finishes what it has")
        for t in threads:
            t.join()
        checks.check(answers == [200] * 20, "slow answers across a reload", answers)
        wait_for(lambda: not alive(old), 5, "the end of the old worker")


def reload_broken(opts, checks):
    with Copy() as copy, copy.start(opts, workers=2) as server:
        load = Load(server, "/version", clients=4)
        for broken in ("return return\n", 'error("at load")\n', 'require "no.such.module"\n'):
            copy.write("version.lua", VERSION % "never served")
            copy.write("limits.lua", broken)
            before = len(server.output())
            server.send_signal(signal.SIGHUP)
            wait_for(lambda: "ERROR" in server.output()[before:], 10, "a word in the log")
            log = server.output()[before:]
            checks.check("limits.lua" in log, "the log names the file", log)
            checks.check(version(server) == b"one", "old code after a broken reload")
        shutil.copy(os.path.join(PROJECT, "limits.lua"), copy.project)
        copy.write("version.lua", VERSION % "mended")
        server.send_signal(signal.SIGHUP)
        wait_for(lambda: version(server) == b"mended", 10, "the mended code")
        load.stop()
        checks.check(not load.failed, "no request fails at broken reloads", load.failed[:3])
        wait_for(lambda: len(children(server.pid)) == 2, 12, "two workers")


def broken_from_the_start(opts, checks):
    for name, text in (("urls.lua", "return {\n"), ("limits.lua", "error('no')"),
                       ("settings.lua", "return { debgu = true }")):
        with Copy() as copy:
            copy.write(name, text)
            try:
                copy.start(opts).stop()
                checks.check(False, "broken %s" % name, "the server starts")
            except Failure as e:
                checks.check("ended with 1" in str(e) and name in str(e), "broken %s" % name, e)


# ---- crashes ----

def crash(opts, checks):
    """The place of a worker that crashed is taken at once."""
    with start(opts, workers=2) as server:
        for number in (signal.SIGSEGV, signal.SIGKILL, signal.SIGABRT)[:3 if opts.long else 1]:
            old = children(server.pid)
            begin = time.monotonic()
            server.send_signal(number, old[0])

            def replaced():
                now = children(server.pid)
                return len(now) == 2 and old[0] not in now
            wait_for(replaced, 5, "another worker after %s" % number.name)
            spent = time.monotonic() - begin
            checks.check(old[1] in children(server.pid), "the other worker stays")
            wait_for(lambda: wait_pid(server) not in old, 5, "an answer of the new worker")
            print("        %s: replaced after %.0f ms, serves after %.0f ms"
                  % (number.name, spent * 1000, (time.monotonic() - begin) * 1000))
            checks.check(spent < 1, number.name, "replaced after %.2f s" % spent)
            if opts.long:
                time.sleep(1.2)  # or it counts as one that dies again and again
        log = server.output()
        why = "exited with" if sanitized(opts.perilune) else r"signal 11 \(Segmentation fault\)"
        checks.check(re.search(why, log), "the log says why", log[-1000:])


def crash_beside_others(opts, checks):
    with start(opts, workers=2) as server:
        victim = children(server.pid)[0]
        load = Load(server, "/pid", clients=12)
        time.sleep(0.3)
        server.send_signal(signal.SIGSEGV, victim)
        time.sleep(1)
        load.stop()
        # A connection has one request under way at most: more cannot fail.
        checks.check(len(load.failed) <= 12, "only what the worker had fails", load.failed[:3])
        checks.check(load.done > 300, "requests after a crash", load.done)


def crash_alone(opts, checks):
    """With one worker nothing is lost that comes while there is none: it waits in line."""
    with start(opts) as server:
        for _ in range(3):
            server.send_signal(signal.SIGKILL, pid_of(server))
            begin = time.monotonic()
            checks.check(server.request("GET", "/").status == 200, "served after a crash")
            checks.check(time.monotonic() - begin < 1, "served soon",
                         "%.2f s" % (time.monotonic() - begin))
            time.sleep(1.2)


def crash_all(opts, checks):
    """All workers at once, again and again, until new ones are held back for a while: who comes
    then waits in line, too, and is refused nothing."""
    with start(opts, workers=2) as server:
        for _ in range(4):
            for pid in children(server.pid):
                server.send_signal(signal.SIGKILL, pid)
            checks.check(server.request("GET", "/").status == 200, "served after the death of all")
        wait_for(lambda: len(children(server.pid)) == 2, 10, "two workers")


def stopped_worker(opts, checks):
    """SIGSTOP: killed and replaced after request_time_limit, the other serves meanwhile."""
    with start(opts, "settings_limits", workers=2) as server:
        old = children(server.pid)
        server.send_signal(signal.SIGSTOP, old[0])
        wait_for(lambda: old[0] not in children(server.pid), 6, "the end of a stopped worker")
        wait_for(lambda: len(children(server.pid)) == 2, 5, "two workers")
        checks.check(old[1] in children(server.pid), "the other worker stays")


def master_killed(opts, checks):
    server = start(opts, workers=2)
    try:
        workers, port = children(server.pid), server.port
        server.send_signal(signal.SIGKILL)
        server.process.wait()
        begin = time.monotonic()
        wait_for(lambda: not any(map(alive, workers)), 5, "the end of orphans")
        spent = time.monotonic() - begin
        checks.check(spent < 2, "workers without a master end", "%.2f s" % spent)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
    finally:
        server.stop()


# ---- stopping ----

def drain(opts, checks):
    server = start(opts, workers=2)
    try:
        answers = []

        def slow():
            answers.append(server.request("GET", "/waits/sleep_second").status)
        threads = [threading.Thread(target=slow) for _ in range(10)]
        for t in threads:
            t.start()
        idle = [server.talk() for _ in range(10)]
        for t in idle:
            t.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            t.read(1)
        time.sleep(0.3)
        begin = time.monotonic()
        server.send_signal(signal.SIGTERM)
        for t in idle:
            t.read(timeout=5)
            checks.check(t.ended == "eof", "idle connections are closed", t.ended)
        checks.check(time.monotonic() - begin < 2.5, "idle connections are closed soon",
                     "%.2f s" % (time.monotonic() - begin))
        for t in threads:
            t.join()
        status = server.process.wait(10)
        checks.check(answers == [200] * 10, "TERM lets requests end", answers)
        checks.check(status == 0, "exit status after TERM", status)
        checks.check(time.monotonic() - begin < 3, "TERM waits for nothing else",
                     "%.2f s" % (time.monotonic() - begin))
        refused(server, checks)
    finally:
        server.stop()


def refused(server, checks):
    try:
        socket.create_connection(server.address, 1).close()
        checks.check(False, "the port is closed")
    except OSError:
        checks.check(True, "the port is closed")


def drain_has_an_end(opts, checks):
    """graceful_timeout ends what does not end; a second signal ends at once."""
    with Copy(graceful_timeout=1) as copy:
        for signals, low, high in (([signal.SIGTERM], 0.8, 4), ([signal.SIGINT] * 2, 0, 1.5)):
            server = copy.start(opts)
            try:
                with server.talk() as t:
                    t.send(b"GET /waits/sleep_long HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    time.sleep(0.2)
                    begin = time.monotonic()
                    for number in signals:
                        server.send_signal(number)
                        time.sleep(0.1)
                    server.process.wait(10)
                    spent = time.monotonic() - begin
                    checks.check(low <= spent < high, "end after %d signals" % len(signals),
                                 "%.2f s" % spent)
            finally:
                server.stop()


# ---- addresses, files ----

def unix_socket(opts, checks):
    with Copy(unix_socket_mode="0x1b6") as copy:  # 0666
        path = os.path.join(copy.dir, "app.sock")
        with copy.start(opts, unix=path) as server:
            checks.check(server.request("GET", "/").body == b"ok", "answers on a unix socket")
            checks.check(os.stat(path).st_mode & 0o777 == 0o666, "its mode", oct(os.stat(path).st_mode))
            server.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            checks.check(server.request("GET", "/").body == b"ok", "after a reload")
        checks.check(not os.path.exists(path), "it is removed")
        with open(path, "w") as f:  # somebody else's file is not taken
            f.write("mine")
        try:
            copy.start(opts, unix=path).stop()
            checks.check(False, "a file in its place", "the server starts")
        except Failure as e:
            checks.check("app.sock" in str(e), "a file in its place", e)
        checks.check(open(path).read() == "mine", "the file is left alone")


def pid_file(opts, checks):
    with Copy(pid_file='"run.pid"') as copy:
        path = os.path.join(copy.project, "run.pid")
        if not os.path.isdir(copy.project):
            return
        with copy.start(opts) as server:
            wait_for(lambda: os.path.exists(path), 3, "run.pid in the project")
            checks.check(int(open(path).read()) == server.pid, "pid_file", open(path).read())
        checks.check(not os.path.exists(path), "pid_file is removed")


COMMON = re.compile(r'^127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] '
                    r'"(\S+ \S+ HTTP/1\.[01])" (\d{3}) (\d+|-)$')


def access_log(opts, checks):
    odd = "/x%22%0a%1b?q=%c3%a9"
    with Copy(access_log='"access.log"') as copy, copy.start(opts, workers=2) as server:
        for path in ("/", "/version", "/missing", odd):
            server.request("GET", path, {"User-Agent": "a\tb\"c", "Referer": "http://x/"})

        def lines():
            try:
                return copy.read("access.log").splitlines()
            except OSError:
                return []
        wait_for(lambda: len(lines()) >= 5, 5, "5 lines in the access log")  # one by Server
        rows = [COMMON.match(line) for line in lines()]
        checks.check(all(rows), "common format", [x for x, r in zip(lines(), rows) if not r])
        got = {r.group(1): r.group(2) for r in rows if r}
        checks.check(got.get("GET /missing HTTP/1.1") == "404", "status in the access log", got)
        checks.check(not any("\033" in line for line in lines()), "nothing raw in the access log")
        rotate(copy, server, checks, lines)


def rotate(copy, server, checks, lines):
    path = os.path.join(copy.project, "access.log")
    os.rename(path, path + ".1")
    server.send_signal(signal.SIGUSR1)
    wait_for(lambda: os.path.exists(path), 5, "a new access log after USR1")

    def written():
        server.request("GET", "/")
        return lines()
    wait_for(written, 5, "lines in the new access log")
    old = len(copy.read("access.log.1").splitlines())
    for _ in range(10):
        server.request("GET", "/")
    wait_for(lambda: len(lines()) >= 11, 5, "more lines in the new access log")
    checks.check(len(copy.read("access.log.1").splitlines()) == old, "the old log is left alone")


def access_log_json(opts, checks):
    with Copy(access_log='"-"', access_log_format='"json"') as copy, copy.start(opts) as server:
        server.request("GET", "/version?a=1", {"User-Agent": 'q"\\\t\u00e9'})

        def rows():
            return [json.loads(line) for line in server.output().splitlines()
                    if line.startswith("{")]
        wait_for(lambda: len(rows()) >= 2, 5, "JSON lines")
        row = rows()[-1]
        text = json.dumps(row)
        checks.check("/version?a=1" in text and "GET" in text and 200 in row.values(),
                     "JSON access log", row)


if __name__ == "__main__":
    run(arguments(__doc__), [
        reload_under_load, reload_during_requests, reload_broken, broken_from_the_start, crash,
        stopped_worker, master_killed, drain, unix_socket, pid_file, access_log],
        [crash_beside_others, crash_alone, crash_all, drain_has_an_end, access_log_json])
