# SPDX-License-Identifier: MIT
"""The servers that run.py measures: each in a session of its own, on one CPU, with a copy of
the database of its own."""
import grp
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http"))
from answers import RANDOM, TESTS, seed  # noqa: E402
from server import Failure, free_port, wait_for  # noqa: E402
from wire import Talk  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
# Built and installed things stay from one run to the next.
KEPT = os.path.join(HERE, "..", "..", "build", "bench")


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


def program(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin")
    if not found:
        raise LookupError("there is no '%s' here" % name)
    return found


class Target:
    """A server that runs.  LookupError: something that it needs is not installed."""

    def __init__(self, name, opts, scratch):
        self.name, self.opts, self.port = name, opts, free_port()
        self.run = os.path.join(scratch, name)
        self.db = os.path.join(self.run, "bench.db")
        self.env = dict(os.environ, BENCH_DB=self.db)
        self.wrong = {}  # by test: why its answer is
        os.mkdir(self.run)
        seed(self.db)
        command = getattr(opts, "under", []) + getattr(self, name.replace("-", "_"))()
        self.log = open(os.path.join(self.run, "log"), "wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.env,
            start_new_session=True, preexec_fn=self.pin)
        self.sid = self.process.pid

    def pin(self):
        os.sched_setaffinity(0, {self.opts.server_cpu})

    # ---- how each is started ----

    def raw(self, name, *libraries):
        built = os.path.join(self.run, name)
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", *libraries],
                               capture_output=True, text=True, check=True).stdout.split()
        if "-llua5.4" in flags:  # into the program, as it is in Perilune
            flags = [f for f in flags if f != "-llua5.4"] + ["-l:liblua5.4.a", "-lm", "-ldl"]
        subprocess.run(["cc", "-O2", "-o", built, os.path.join(HERE, "peers", name, name + ".c")]
                       + flags, check=True)
        return [built, str(self.port), self.db]

    def rawmhd(self):
        return self.raw("rawmhd", "libmicrohttpd", "sqlite3")

    def rawlua(self):
        self.env["RAWLUA_VIEWS"] = os.path.join(HERE, "peers/rawlua/views.lua")
        return self.raw("rawlua", "libmicrohttpd", "sqlite3", "lua5.4")

    def nginx_lua(self):
        here = os.path.join(HERE, "peers/nginx-lua")
        nginx = program("nginx")
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

    def fastify(self):
        node, here = program("node"), os.path.join(HERE, "peers/fastify")
        kept = os.path.abspath(os.path.join(KEPT, "fastify"))
        if not os.path.isdir(os.path.join(kept, "node_modules", "fastify")):
            npm = program("npm")
            os.makedirs(kept, exist_ok=True)
            shutil.copy(os.path.join(here, "package.json"), kept)
            with open(os.path.join(self.run, "npm"), "wb") as out:
                if subprocess.run([npm, "install", "--no-audit", "--no-fund"], cwd=kept,
                                  stdout=out, stderr=out).returncode:
                    shutil.rmtree(kept)
                    raise LookupError("npm could not install what peers/fastify needs")
        self.env.update(NODE_PATH=os.path.join(kept, "node_modules"), NODE_ENV="production")
        return [node, os.path.join(here, "server.js"), str(self.port), self.db]

    def django(self):
        if subprocess.run(["/usr/bin/python3", "-c", "import django, gunicorn"],
                          capture_output=True).returncode:
            raise LookupError("python3-django and gunicorn are not installed")
        self.env.update(PYTHONDONTWRITEBYTECODE="1")
        return ["/usr/bin/python3", "-m", "gunicorn", "--chdir", os.path.join(HERE, "peers/django"),
                "--bind", "127.0.0.1:%d" % self.port, "--workers", "1", "--log-level", "error",
                "--worker-tmp-dir", "/dev/shm", "wsgi:application"]

    # ---- asking it ----

    def output(self):
        with open(self.log.name, errors="replace") as f:
            return f.read()

    def ask(self, path):
        with Talk(("127.0.0.1", self.port), timeout=10) as t:
            t.send(("GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path).encode())
            answers = t.read(1)
            return answers[0] if answers else None

    def answer_problem(self, test):
        """None when two answers are right, else what is wrong."""
        path, kind, right = TESTS[test]
        seen = []
        for _ in range(2):
            a = self.ask(path)
            if not a or a.status != 200:
                return "answer %r" % a
            try:
                good = right(a.body)
            except ValueError:
                good = False
            if not good or not a.get("content-type", "").startswith(kind):
                return "wrong answer %r of type %s" % (a, a.get("content-type"))
            if not a.get("server") or not a.get("date"):
                return "no Server or no Date"
            seen.append(a.body)
        if test in RANDOM and seen[0] == seen[1]:
            return "the same answer twice"
        return None

    def problem(self, tests):
        """None when it answers, else what is wrong; fills self.wrong."""
        def answers():
            if self.process.poll() is not None:
                return "ended"
            try:
                return self.ask("/plaintext")
            except OSError:
                return None
        try:
            if wait_for(answers, 20, "the first answer of %s" % self.name) == "ended":
                return "ended with %s:\n%s" % (self.process.returncode, self.output())
        except Failure as e:
            return "%s\n%s" % (e, self.output())
        for test in tests:
            why = self.answer_problem(test)
            if why:
                self.wrong[test] = why
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
