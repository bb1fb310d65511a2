#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server that answers well and badly, for the tests of the HTTP client.

Prints "PORT TLS_PORT" and serves until /quit, or until nobody has asked for a minute.
"""
import gzip
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
LAST = [time.monotonic()]


class Origin(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.accepted += 1

    def log_message(self, *_):
        pass

    def handle_any(self):
        LAST[0] = time.monotonic()
        url = urlsplit(self.path)
        self.query = {k: v[-1] for k, v in parse_qs(url.query).items()}
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        name, _, self.rest = url.path.lstrip("/").partition("/")
        getattr(self, "on_" + (name or "echo"), self.on_missing)()
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_PURGE = handle_any

    def answer(self, body=b"", status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def start(self, status=200, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.flush()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    # ---- good answers ----

    def on_echo(self):
        headers = {}
        for name, value in self.headers.items():
            headers.setdefault(name.lower(), []).append(value)
        self.answer(json.dumps({
            "method": self.command, "target": self.path, "headers": headers,
            "body": self.body.decode("latin-1"), "length": len(self.body),
        }).encode(), headers=[("Content-Type", "application/json")])

    def on_count(self):
        self.answer(b"%d" % self.server.accepted)

    def on_status(self):
        self.answer(b"a body" if int(self.rest) not in (204, 304) else b"", int(self.rest))

    def on_cookies(self):
        self.answer(b"ok", headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
                                    ("X-Empty", "")])

    def on_chunked(self):
        self.start(headers=[("Transfer-Encoding", "chunked"), ("Trailer", "X-Sum")])
        for n in range(5):
            self.chunk(b"piece %d\n" % n)
        self.wfile.write(b"0\r\nX-Sum: 5\r\n\r\n")

    def on_gzip(self):
        data = gzip.compress(b"unpacked " * int(self.query.get("times", 1)))
        self.answer(data, headers=[("Content-Encoding", "gzip")])

    def on_big(self):
        self.answer(b"x" * int(self.query["bytes"]))

    def on_interim(self):
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-Early: yes\r\n\r\n")
        self.answer(b"final")

    def on_slow(self):
        time.sleep(float(self.query["seconds"]))
        self.answer(b"slow")

    def on_quit(self):
        self.answer(b"bye")
        self.wfile.flush()
        os._exit(0)

    # ---- redirects ----

    def on_hops(self):
        left = int(self.rest)
        if left == 0:
            return self.on_echo()
        self.answer(b"go on", 302, [("Location", "/hops/%d" % (left - 1))])

    def on_to(self):
        self.answer(b"go there", int(self.query.get("status", 302)),
                    [("Location", self.query["url"])])

    # ---- bad ones ----

    def on_missing(self):
        self.answer(b"not here", 404)

    def on_short(self):
        self.start(headers=[("Content-Length", "100")])
        self.wfile.write(b"0123456789")
        self.close_connection = True

    def on_reset(self):
        self.start(headers=[("Content-Length", "100000")])
        self.wfile.write(b"x" * 1000)
        self.wfile.flush()
        time.sleep(0.05)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def on_nothing(self):
        self.close_connection = True

    def on_garbage(self):
        self.wfile.write(b"220 this is no HTTP\r\n\r\n")
        self.close_connection = True

    def on_endless(self):
        self.start(headers=[("Transfer-Encoding", "chunked")])
        try:
            while True:
                self.chunk(b"y" * 65536)
        except OSError:
            self.close_connection = True

    def on_longheader(self):
        self.send_response(200)
        for n in range(40):
            self.send_header("X-%d" % n, "v" * 8000)
        self.end_headers()

    def on_drip(self):
        try:
            for n in range(300):
                self.wfile.write(b"HTTP/1.1 200 OK\r\n"[n:n + 1] or b"x")
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        self.close_connection = True


def serve(tls):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Origin, bind_and_activate=False)
    server.request_queue_size = 256
    server.server_bind()
    server.server_activate()
    server.accepted, server.lock, server.daemon_threads = 0, threading.Lock(), True
    server.handle_error = lambda *_: None  # clients go away
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(HERE, "tls/localhost.crt"),
                                os.path.join(HERE, "tls/localhost.key"))
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    print(serve(False), serve(True), flush=True)
    sys.stdout.close()
    while time.monotonic() - LAST[0] < 60:
        time.sleep(0.5)


if __name__ == "__main__":
    main()
