#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/tutorial.md, step by step as it is written: files are written, commands run, and what
they print is compared.

A block whose first line is a comment with a path is that file.  In a block `console`, lines
with "$ " are commands, the lines below what is printed; a line … stands for any lines, and …
within a line for any text.  `perilune runserver` runs from where it stands to the end.

usage: test_tutorial.py --perilune BINARY"""
import argparse
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from server import Checks, free_port

TUTORIAL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "tutorial.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
NAME = re.compile(r"^(?:-- |\{# )([\w./-]+\.\w+)(?: #\})?\n")
ADDRESS = "127.0.0.1:8000"


def blocks(text):
    """(line number, kind, text) of each block."""
    for m in BLOCK.finditer(text):
        yield text.count("\n", 0, m.start()) + 1, m.group(1), m.group(2)


def commands(text):
    """(command, expected lines) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def matches(expected, printed):
    """Do the lines that were printed fit? … is any lines, or any text within one."""
    pattern = ""
    for line in expected:
        if line == "…":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.split("…")) + r"\n"
    return re.fullmatch(pattern, "".join(line.rstrip() + "\n" for line in printed.splitlines()))


class Reader:
    """Somebody who follows the tutorial in a folder."""

    def __init__(self, perilune, folder):
        self.folder, self.address, self.server = folder, "127.0.0.1:%d" % free_port(), None
        self.changed = False  # since the server was last seen
        os.symlink(perilune, os.path.join(folder, "perilune"))
        self.env = {**os.environ, "PATH": folder + os.pathsep + os.environ["PATH"], "NO_COLOR": "1"}

    def write(self, path, text):
        self.changed = True
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def run(self, command):
        """What it printed, and its status."""
        if command.startswith("cd "):
            self.folder = os.path.join(self.folder, command[3:])
            return "", 0
        if command == "perilune runserver":
            self.start()
            return "", 0
        self.settle()
        done = subprocess.run(command.replace(ADDRESS, self.address), shell=True, cwd=self.folder,
                              env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120)
        return done.stdout, done.returncode

    def start(self):
        self.log = open(os.path.join(self.folder, "server.log"), "w")
        self.server = subprocess.Popen(["perilune", "runserver", self.address], cwd=self.folder,
                                       env=self.env, stdout=self.log, stderr=self.log)
        self.changed = True

    def settle(self):
        """Waits until the server has seen the files of before."""
        if not self.server or not self.changed:
            return
        self.changed = False
        time.sleep(1.5)
        for _ in range(100):
            try:
                urllib.request.urlopen("http://%s/" % self.address, timeout=5).close()
                return
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)

    def stop(self):
        if self.server:
            self.server.terminate()
            self.server.wait(20)
            self.log.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--keep", metavar="FOLDER", help="work there, and leave what was made")
    options = parser.parse_args()
    with open(TUTORIAL) as f:
        text = f.read()
    t = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-tutorial-") as folder:
        reader = Reader(os.path.abspath(options.perilune), options.keep or folder)
        try:
            for number, kind, block in blocks(text):
                name = NAME.match(block)
                if kind == "console":
                    for command, expected in commands(block):
                        printed, status = reader.run(command)
                        t.check(matches(expected, printed) and status == 0, "line %d: %s" % (number, command),
                                "status %d\n%s" % (status, printed))
                elif name:
                    reader.write(name.group(1), block)
        finally:
            reader.stop()
    t.done()


if __name__ == "__main__":
    main()
