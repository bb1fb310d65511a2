#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example C module in a server: a layer, views, a function, a stream, and the same
layers around views in Lua.

usage: c_modules.py --perilune PATH --modules DIR     (the folder with hello.so)
"""
import argparse
import http.client
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "modules/project"
problems = []


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(options, port, **extra):
    env = dict(os.environ, PERILUNE_TEST_MODULES=options.modules, **extra)
    return subprocess.Popen([options.perilune, "-C", str(PROJECT), "serve", "--workers", "1", "--bind",
                             "127.0.0.1:%d" % port], env=env, stderr=subprocess.PIPE, text=True)


def wait_for(port, process):
    for _ in range(200):
        if process.poll() is not None:
            sys.exit("the server ended: " + process.stderr.read())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit("the server does not listen")


def get(port, path, headers=None, body=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request("POST" if body else "GET", path, body, headers or {})
    r = c.getresponse()
    text = r.read().decode()
    c.close()
    return r.status, {k.lower(): v for k, v in r.getheaders()}, text


def expect(what, got, want):
    if got != want:
        problems.append("%s: got %r, want %r" % (what, got, want))


def cases(port):
    status, headers, text = get(port, "/hello/moon/")
    expect("view", (status, text), (200, "Good morning, moon! (hello)\n"))
    expect("layer", headers.get("x-stamp"), "1")
    expect("attribute of C in Lua", headers.get("x-seen"), "hello")
    expect("policy", headers.get("content-security-policy"),
           "default-src 'self'; script-src 'self'; upgrade-insecure-requests")
    expect("function", get(port, "/sum/40/2/")[2], "42")
    expect("receiver", get(port, "/heard/")[2], "".join(
        "request_started %s\n" % path for path in ("/hello/moon/", "/sum/40/2/", "/heard/")))
    expect("stream", get(port, "/count/")[2], "1\n2\n3\n")
    expect("error hook", get(port, "/hello/nobody/")[::2], (400, "stamp: nobody is no name"))
    expect("Http404", get(port, "/hello/a-name-of-more-than-20-bytes/")[0], 404)
    expect("refused by the layer", get(port, "/sum/1/2/", {"X-Stop": "1"})[0], 403)
    expect("view hook", get(port, "/sum/1/2/", {"X-No-View": "1"})[0], 202)
    text = get(port, "/echo/?a=%20", {"X-Name": "v"}, b"the body")[2]
    expect("request", (text.split("\n")[0], "X-Name: v\n" in text, text.split("\n")[-1]),
           ("POST /echo/ a=%20", True, "the body"))
    _, headers, nonce = get(port, "/nonce/")
    expect("nonce", re.fullmatch(r"[\w-]{22}", nonce) is not None, True)
    expect("nonce in the policy", "script-src 'self' 'nonce-%s'" % nonce in
           headers.get("content-security-policy", ""), True)
    expect("nonce differs", nonce == get(port, "/nonce/")[2], False)
    expect("policy of a view", get(port, "/own/")[1].get("content-security-policy"), "img-src *")
    with ThreadPoolExecutor(16) as pool:
        before = time.monotonic()
        texts = list(pool.map(lambda _: get(port, "/wait/")[2], range(16)))
        expect("waiting", texts, ["waited"] * 16)
        expect("waiting together", time.monotonic() - before < 10, True)


def refused(options):
    """A module that does not load ends the start with its name."""
    process = start(argparse.Namespace(perilune=options.perilune, modules="/nonexistent"),
                    free_port())
    _, text = process.communicate(timeout=30)
    expect("exit status", process.returncode, 1)
    expect("message", "/nonexistent/hello.so" in text and "No such file" in text, True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    port = free_port()
    process = start(options, port)
    try:
        wait_for(port, process)
        cases(port)
    finally:
        process.terminate()
        log = process.communicate(timeout=30)[1]
    expect("stop", process.returncode, 0)
    expect("no leak", "Sanitizer" in log, False)
    refused(options)
    print("\n".join(problems) if problems else "c_modules: the example module works in a server")
    if problems:
        print(log)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
