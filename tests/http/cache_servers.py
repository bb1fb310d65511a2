# SPDX-License-Identifier: MIT
"""Servers of Redis and Memcached for tests and benchmarks, on free ports."""
import getpass
import os
import signal
import socket
import subprocess
import tempfile

from server import free_port, wait_for


class CacheServer:
    """redis-server or memcached; ends with the block."""

    def __init__(self, kind, *more, port=None):
        self.kind, self.more, self.port = kind, more, port or free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="perilune-%s-" % kind)
        self.process = None
        self.start()

    @property
    def location(self):
        return ("redis://127.0.0.1:%d/0" if self.kind == "redis" else "127.0.0.1:%d") % self.port

    def start(self):
        if self.kind == "redis":
            command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                       "--dir", self.folder.name]
        else:
            command = ["memcached", "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-u", getpass.getuser()]
        self.process = subprocess.Popen(command + list(self.more), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.answers, 20, "%s on port %d" % (self.kind, self.port))

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def signal(self, number):
        os.kill(self.process.pid, number)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()
