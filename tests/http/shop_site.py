# SPDX-License-Identifier: MIT
"""A copy of app/ with data in its shop, served: what the tests of the shop start from."""
import contextlib
import os
import shutil
import subprocess
import tempfile

from server import Server

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "app")
ENVIRONMENT = {"API_TOKEN": "", "SECRET_KEY": "only for tests: " + "x" * 40, "DEBUG": "no",
               "ALLOWED_HOSTS": "127.0.0.1,localhost"}


def command(options, project, *args, env=None, check=True):
    """Runs a command in the project: the finished process, with its texts."""
    done = subprocess.run([options.perilune, *args], cwd=project, stdin=subprocess.DEVNULL,
                          env={**os.environ, **ENVIRONMENT, **(env or {})}, capture_output=True,
                          text=True, timeout=300)
    if check and done.returncode:
        raise RuntimeError("perilune %s: %d\n%s" % (" ".join(args), done.returncode, done.stderr))
    return done


@contextlib.contextmanager
def project(options, seed=("--products", "60", "--orders", "200")):
    """A migrated copy of app/ with seeded data; gives its folder."""
    with tempfile.TemporaryDirectory(prefix="perilune-shop-") as folder:
        path = os.path.join(folder, "app")
        shutil.copytree(APP, path, ignore=shutil.ignore_patterns(
            "*.jsonl", "*.sqlite3*", "staticfiles", ".env", "uploads/*-*"))
        command(options, path, "migrate", "--verbosity", "0")
        command(options, path, "collectstatic", "--noinput", "--verbosity", "0")
        if seed:
            command(options, path, "seed_data", *seed, "--verbosity", "0")
        yield path


@contextlib.contextmanager
def site(options, workers=1, seed=("--products", "60", "--orders", "200"), **env):
    """The server over such a copy, and the copy's folder."""
    with project(options, seed) as path:
        with Server(options.perilune, path, "serve", workers=workers, env={**ENVIRONMENT, **env}) as server:
            yield server, path
