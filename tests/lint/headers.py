#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles every header of engine/ and bindings/ alone: whoever includes one need
not know what has to come before it.

usage: headers.py [ROOT]     $CC is the compiler (cc); exit status 1 on a failure
"""
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CC = shlex.split(os.environ.get("CC", "cc"))


def lua_flags():
    try:
        out = subprocess.run(["pkg-config", "--cflags", "lua5.4"], capture_output=True, text=True)
        return shlex.split(out.stdout)
    except OSError:
        return []


def compile_alone(root, header, flags):
    # Twice, so that a missing include guard is seen too.
    source = '#include "%s"\n#include "%s"\n' % (header, header)
    done = subprocess.run(
        CC + ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
              "-x", "c", "-I", str(root / "engine"), "-I", str(root / "engine/include"),
              "-I", str(root)] + flags + ["-"],
        input=source, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    flags = lua_flags()
    jobs = []
    for top in ("engine", "bindings"):
        for header in sorted((root / top).rglob("*.h")):
            # Only bindings/ sees Lua, here as in the build.
            jobs.append((header, flags if top == "bindings" else []))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(lambda j: compile_alone(root, *j), jobs))
    failed = 0
    for (header, _), errors in zip(jobs, results):
        if errors:
            failed += 1
            print("%s does not compile alone:\n%s" % (header.relative_to(root), errors))
    if not failed:
        print("headers: %d compile alone" % len(jobs))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
