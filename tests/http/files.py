#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files over HTTP: FileResponse and static files, from a project made for the test.

usage: files.py --perilune PATH
"""
import argparse
import gzip
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

from server import Checks, Server, wait_for

SETTINGS = """-- SPDX-License-Identifier: MIT
return {
  debug = %(debug)s,
  secret_key = "only for tests: jd8f7gk2l4m6n8p0q1r3s5t7u9v1w3x5y7z9",
  allowed_hosts = { "127.0.0.1" },
  installed_apps = { "shop" },
  root_urlconf = "urls",
  middleware = { "perilune.middleware.common", "perilune.middleware.gzip", "perilune.middleware.conditional_get" },
  serve_static = true,
  static_root = "collected",
  staticfiles_dirs = { "assets" },
  response_timeout = 5,
}
"""

URLS = """-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local static = require "perilune.views.static"
local views = require "views"
local list = { urls.path("media/<path:path>", static.serve, { kwargs = { document_root = "media" } }) }
list[#list + 1] = urls.path("", views.home)
for name, view in pairs(views) do
  list[#list + 1] = urls.path(name, view)
end
return list
"""

VIEWS = """-- SPDX-License-Identifier: MIT
local http = require "perilune.http"
local FileResponse = http.FileResponse
local M = {}

function M.home() return "home" end
function M.plain() return FileResponse("files/ten.txt") end
function M.attached() return FileResponse("files/ten.txt", { as_attachment = true }) end
function M.named() return FileResponse("files/ten.txt", { as_attachment = true, filename = "r\\u{e9}sum\\u{e9} \\"1\\".csv" }) end
function M.typed() return FileResponse("files/ten.txt", { content_type = "text/x-mine", status = 201, headers = { ["X-A"] = "1", ETag = '"mine"' } }) end
function M.archive() return FileResponse("files/a.tar.gz") end
function M.absolute() return FileResponse(require("perilune._core").project_dir .. "/files/ten.txt") end
function M.missing() return FileResponse("files/none.txt") end
function M.folder() return FileResponse("files") end
function M.wrong() return FileResponse(42) end
function M.option() return FileResponse("files/ten.txt", { attachment = true }) end
function M.badname() return FileResponse("files/ten.txt", { filename = 5 }) end
function M.error_page()
  local r = FileResponse("files/ten.txt")
  r.status_code = 404
  return r
end
function M.big() return FileResponse("files/big.bin") end
function M.css() return FileResponse("files/long.css") end
function M.handle()
  local f = assert(io.open(require("perilune._core").project_dir .. "/files/ten.txt", "rb"))
  f:seek("set", 4)
  local r = FileResponse(f, { filename = "rest.txt" })
  assert(io.type(f) == "closed file")
  return r
end
function M.closed()
  local f = io.open(require("perilune._core").project_dir .. "/files/ten.txt")
  f:close()
  return FileResponse(f)
end
local closes = 0
function M.closes() return tostring(closes) end
local function object(pieces)
  local i = 0
  return {
    name = "report/object.csv",
    read = function() i = i + 1 return pieces[i] end,
    close = function() closes = closes + 1 end,
  }
end
function M.object() return FileResponse(object { "one,", "two,", "", "not this" }) end
function M.endless()
  local o = object {}
  o.read = function() return ("x"):rep(65536) end
  return FileResponse(o)
end
function M.broken() return FileResponse(object { "one", {} }) end
function M.raises()
  local o = object {}
  o.read = function() error("no more paper") end
  return FileResponse(o)
end
function M.pipe() return FileResponse(io.popen("printf piped"), { content_type = "text/plain" }) end
return M
"""

SEED = {
    "files/ten.txt": b"0123456789",
    "files/a.tar.gz": gzip.compress(b"archive"),
    "files/empty.txt": b"",
    "files/long.css": b"a { color: red }\n" * 500,
    "media/pic.png": b"picture",
    "media/sub/x.html": b"<p>",
    "media/.secret": b"secret",
    "secret.txt": b"secret",
    "shop/static/shop/app.js": b"app()",
    "shop/static/both.txt": b"from the app",
    "shop/static/code.lua": b"return 1",
    "shop/static/.hidden": b"x",
    "assets/site.css": b"body {}",
    "assets/both.txt": b"from assets",
    "collected/site.css": b"body { margin: 0 }\n" * 40,
    "collected/site.69c5f142b6c0.css": b"body {}",
    "collected/img/dot.png": b"png",
    "collected/code.lua": b"return 1",
    "collected/.env": b"SECRET=1",
    "collected/large.bin": b"0123456789abcdef" * 16384,
    "collected/empty.txt": b"",
}


def make_project(debug="false"):
    root = tempfile.mkdtemp(prefix="perilune-files-")
    for name, text in (("settings.lua", SETTINGS % {"debug": debug}), ("urls.lua", URLS),
                       ("views.lua", VIEWS)):
        with open(os.path.join(root, name), "w") as f:
            f.write(text)
    for name, content in SEED.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)
        os.utime(path, (1750000000, 1750000000))
    css = os.path.join(root, "collected/site.css")
    with open(css + ".gz", "wb") as f:
        f.write(gzip.compress(SEED["collected/site.css"]))
    with open(os.path.join(root, "files/big.bin"), "wb") as f:
        f.truncate(200 << 20)
    os.symlink("/etc/passwd", os.path.join(root, "collected/out.txt"))
    os.symlink("/etc", os.path.join(root, "collected/outdir"))
    os.symlink("site.css", os.path.join(root, "collected/alias.css"))
    return root


def descriptors(pid):
    links = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            links.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            pass
    return links


def files_open(server, root):
    return sum(l.startswith(root) for p in server.workers() for l in descriptors(p))


class Cases(Checks):
    def __init__(self, server, root):
        super().__init__()
        self.server, self.root = server, root

    def get(self, path, method="GET", **headers):
        fields = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.server.request(method, path, fields)

    def expect(self, name, answer, status, body=None, **headers):
        self.check(answer.status == status, name, "status %d, not %d" % (answer.status, status))
        if body is not None:
            self.check(answer.body == body, name, "body %r" % answer.body[:80])
        for key, want in headers.items():
            got = answer.get(key.replace("_", "-"))
            self.check(got == want, name, "%s: %r, not %r" % (key, got, want))
        return answer

    # ---- FileResponse ----

    def responses(self):
        a = self.expect("plain", self.get("/plain"), 200, b"0123456789", content_type="text/plain",
                        content_length="10", accept_ranges="bytes",
                        content_disposition='inline; filename="ten.txt"',
                        last_modified="Sun, 15 Jun 2025 15:06:40 GMT", transfer_encoding=None)
        self.etag = a.get("etag")
        self.check(re.match(r'^"[0-9a-f]+-a"$', self.etag or ""), "etag", self.etag)
        self.expect("attached", self.get("/attached"), 200, b"0123456789",
                    content_disposition='attachment; filename="ten.txt"')
        self.expect("named", self.get("/named"), 200,
                    content_disposition="attachment; filename*=utf-8''r%C3%A9sum%C3%A9%20%221%22.csv",
                    content_type="text/csv")
        self.expect("typed", self.get("/typed"), 201, content_type="text/x-mine", x_a="1",
                    etag='"mine"')
        self.expect("archive", self.get("/archive"), 200, SEED["files/a.tar.gz"],
                    content_type="application/gzip", content_encoding=None)
        self.expect("absolute", self.get("/absolute"), 200, b"0123456789")
        self.expect("error page", self.get("/error_page", Range="bytes=0-1"), 404, b"0123456789")
        a = self.expect("head", self.get("/plain", "HEAD"), 200, b"", content_length="10",
                        etag=self.etag, accept_ranges="bytes")
        for path, text in (("missing", "files/none.txt"), ("folder", "is a folder"),
                           ("wrong", "takes a path"), ("option", "as_attachment"),
                           ("closed", "closed"),
                           ("badname", "'filename' is a string")):
            self.expect(path, self.get("/" + path), 500)
            self.check(text in self.server.output(), path, "no word of it in the log")

    def parts(self):
        table = [
            ("bytes=0-0", 206, b"0", "bytes 0-0/10"), ("bytes=-1", 206, b"9", "bytes 9-9/10"),
            ("bytes=3-5", 206, b"345", "bytes 3-5/10"), ("bytes=8-", 206, b"89", "bytes 8-9/10"),
            ("bytes=0-18446744073709551615", 206, b"0123456789", "bytes 0-9/10"),
            ("bytes=5-2", 200, b"0123456789", None), ("bytes=-0", 416, b"", "bytes */10"),
            ("bytes=10-", 416, b"", "bytes */10"), ("lines=1-2", 200, b"0123456789", None),
            ("bytes=0-5,4-9", 200, b"0123456789", None),
            ("bytes=" + ",".join("%d-%d" % (i, i) for i in range(10)), 200, b"0123456789", None),
        ]
        for value, status, body, content_range in table:
            self.expect("range " + value, self.get("/plain", Range=value), status, body,
                        content_range=content_range, content_length=str(len(body)))
        a = self.get("/plain", Range="bytes=0-1,8-9")
        m = re.match(r"multipart/byteranges; boundary=([0-9a-f]{32})$", a.get("content-type", ""))
        if self.check(a.status == 206 and m, "several ranges", a.headers):
            part = "\r\n--%s\r\nContent-Type: text/plain\r\nContent-Range: bytes %s/10\r\n\r\n%s"
            want = part % (m.group(1), "0-1", "01") + part % (m.group(1), "8-9", "89")
            want += "\r\n--%s--\r\n" % m.group(1)
            self.check(a.body == want.encode(), "several ranges", a.body)
        self.expect("head range", self.get("/plain", "HEAD", Range="bytes=0-0"), 200,
                    content_length="10")
        date = "Sun, 15 Jun 2025 15:06:40 GMT"
        for value, status in ((self.etag, 206), (date, 206), ('"x"', 200), ("W/" + self.etag, 200),
                              ("Sun, 15 Jun 2025 15:06:41 GMT", 200)):
            self.expect("if-range " + value,
                        self.get("/plain", Range="bytes=0-0", If_Range=value), status)

    def conditions(self):
        date = "Sun, 15 Jun 2025 15:06:40 GMT"
        self.expect("304 by tag", self.get("/plain", If_None_Match=self.etag), 304, b"",
                    etag=self.etag, last_modified=date, content_type=None)
        self.expect("304 by weak tag", self.get("/plain", If_None_Match="W/" + self.etag), 304)
        self.expect("304 by date", self.get("/plain", If_Modified_Since=date), 304)
        self.expect("304 to head", self.get("/plain", "HEAD", If_Modified_Since=date), 304)
        self.expect("412", self.get("/plain", If_Match='"x"'), 412, b"")
        self.expect("412 by date",
                    self.get("/plain", If_Unmodified_Since="Sun, 15 Jun 2025 15:06:39 GMT"), 412)
        self.expect("if-match", self.get("/plain", If_Match=self.etag), 200)
        # A tag before the date, a range only after both.
        self.expect("tag first", self.get("/plain", If_None_Match='"x"', If_Modified_Since=date),
                    200)
        self.expect("304 before range", self.get("/plain", If_None_Match=self.etag,
                                                 Range="bytes=0-0"), 304)

    def compressed(self):
        a = self.get("/css", Accept_Encoding="gzip")
        self.expect("gzip layer", a, 200, content_encoding="gzip", content_length=None)
        self.check(gzip.decompress(a.body) == SEED["files/long.css"], "gzip layer", "other bytes")
        self.check(a.get("etag", "").startswith("W/"), "gzip layer", a.get("etag"))
        # The bytes sent are not those of the file: no part of it can be meant.
        self.expect("gzip and range", self.get("/css", Accept_Encoding="gzip", Range="bytes=0-4"),
                    200, content_encoding="gzip", accept_ranges=None)
        self.expect("range without gzip", self.get("/css", Range="bytes=0-2"), 206, b"a {")

    def readers(self):
        self.expect("handle", self.get("/handle"), 200, b"456789", content_length="6",
                    content_disposition='inline; filename="rest.txt"', etag=None,
                    accept_ranges=None)
        self.expect("object", self.get("/object"), 200, b"one,two,", content_type="text/csv",
                    content_disposition='inline; filename="object.csv"',
                    transfer_encoding="chunked")
        self.expect("pipe", self.get("/pipe"), 200, b"piped", content_type="text/plain")
        self.check(self.get("/closes").body == b"1", "objects are closed")
        for path in ("/broken", "/raises"):
            with self.server.talk() as t:
                t.send(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path.encode())
                t.read(1)
                self.check(t.ended or t.answers and t.answers[0].status == 500, path, "goes on")
        self.check("no more paper" in self.server.output(), "a reader's error is logged")
        with self.server.talk() as t:
            t.send(b"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            wait_for(lambda: t.receive() or len(t.data) > 200000, 5, "an endless body")
        wait_for(lambda: self.get("/closes").body == b"4", 5, "the endless object to be closed")

    def media(self):
        self.expect("media", self.get("/media/pic.png"), 200, b"picture", content_type="image/png",
                    content_disposition=None, x_content_type_options="nosniff")
        self.expect("media below", self.get("/media/sub/x.html"), 200, b"<p>")
        for path in ("none.png", "sub", "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt",
                     ".secret", "sub/../pic.png", "%2fetc%2fpasswd", "..%5csecret.txt"):
            self.expect("media " + path, self.get("/media/" + path), 404)

    # ---- large and lost ----

    def large(self):
        pid = self.server.workers()[0]
        before, got, worst = self.server.memory("Rss"), 0, 0
        with socket.create_connection(self.server.address) as s:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            while piece := s.recv(1 << 20):
                got += len(piece)
                if got % (32 << 20) < (1 << 20):
                    worst = max(worst, self.server.memory("Rss"))
        self.check(got > 200 << 20, "200 MB", "%d bytes" % got)
        self.check(worst - before < 8192, "200 MB in flat memory", "%d KiB more" % (worst - before))
        self.expect("end of 200 MB", self.get("/big", Range="bytes=-3"), 206, b"\0\0\0",
                    content_range="bytes 209715197-209715199/209715200")
        self.check(files_open(self.server, self.root) == 0, "closed after 200 MB")
        for path in (b"/big", b"/static/large.bin"):
            for _ in range(20):
                with socket.create_connection(self.server.address) as s:
                    s.sendall(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
                    s.recv(1000)
        wait_for(lambda: files_open(self.server, self.root) == 0, 5, "files of lost clients to close")
        self.check(pid in self.server.workers(), "the worker lives on")

    def changing(self):
        """A file that shrinks while it is sent: the connection ends, nothing hangs."""
        path = os.path.join(self.root, "files/big.bin")
        copy = path + ".copy"
        shutil.copy(path, copy)
        with socket.create_connection(self.server.address, timeout=10) as s:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            got = len(s.recv(1000))
            os.truncate(path, 1 << 20)
            try:
                while piece := s.recv(1 << 20):
                    got += len(piece)
            except ConnectionError:
                pass
            except OSError as e:
                self.check(False, "shrinking file", e)
        self.check(got < 200 << 20, "shrinking file", "%d bytes" % got)
        os.rename(copy, path)
        # One that is replaced: the old one is sent to its end.
        with socket.create_connection(self.server.address, timeout=10) as s:
            s.sendall(b"GET /big HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            got = len(s.recv(1000))
            with open(copy, "wb") as f:
                f.write(b"new")
            os.rename(copy, path)
            while piece := s.recv(1 << 20):
                got += len(piece)
        self.check(got > 200 << 20, "replaced file", "%d bytes" % got)
        self.expect("the new one", self.get("/big"), 200, b"new")

    # ---- static files ----

    def static(self):
        css = SEED["collected/site.css"]
        a = self.expect("static", self.get("/static/site.css"), 200, css,
                        content_type="text/css; charset=utf-8", content_length=str(len(css)),
                        cache_control="public, max-age=60", vary="Accept-Encoding",
                        x_content_type_options="nosniff", accept_ranges="bytes",
                        last_modified="Sun, 15 Jun 2025 15:06:40 GMT")
        tag = a.get("etag")
        self.expect("static 304", self.get("/static/site.css", If_None_Match=tag), 304, b"",
                    etag=tag, cache_control="public, max-age=60", vary="Accept-Encoding")
        self.expect("static head", self.get("/static/site.css", "HEAD"), 200, b"",
                    content_length=str(len(css)))
        self.expect("static range", self.get("/static/site.css", Range="bytes=0-3"), 206, b"body")
        self.expect("static 416", self.get("/static/site.css", Range="bytes=9999-"), 416, b"",
                    content_range="bytes */%d" % len(css))
        a = self.get("/static/site.css", Accept_Encoding="br;q=0, gzip")
        self.expect("static gzip", a, 200, content_encoding="gzip", vary="Accept-Encoding",
                    content_type="text/css; charset=utf-8")
        self.check(gzip.decompress(a.body) == css and a.get("etag") != tag, "static gzip", "bytes")
        self.expect("gzip refused", self.get("/static/site.css", Accept_Encoding="gzip;q=0"), 200,
                    css, content_encoding=None)
        self.expect("hashed", self.get("/static/site.69c5f142b6c0.css"), 200, b"body {}",
                    cache_control="public, max-age=31536000, immutable", vary=None)
        self.expect("empty", self.get("/static/empty.txt"), 200, b"", content_length="0")
        large = SEED["collected/large.bin"]
        self.expect("large", self.get("/static/large.bin"), 200, large,
                    content_type="application/octet-stream")
        self.expect("large range", self.get("/static/large.bin", Range="bytes=16-19"), 206, b"0123")
        self.expect("link inside", self.get("/static/alias.css"), 200, css)
        self.expect("escaped once", self.get("/static/%73ite.css"), 200, css)
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.expect(method, self.get("/static/site.css", method), 405, allow="GET, HEAD")
        for path in ("", "none.css", "img", "img/", "/img/dot.png", "img//dot.png", "./site.css",
                     "../settings.lua", "../collected/site.css", "..%2fsettings.lua",
                     "%2e%2e/settings.lua", "%2e%2e%2fsettings.lua", "%252e%252e/settings.lua",
                     "..%5csettings.lua", "%2fetc%2fpasswd", "%5c%5cetc", "code.lua", "code.LUA",
                     ".env", "%2eenv", "out.txt", "outdir/passwd", "site.css/", "site.css%20",
                     "site.css%0a", "SITE.CSS", "site.css%3f", "~root", "a" * 3000):
            self.expect("static " + path[:40], self.get("/static/" + path), 404)
        for path in ("site.css%00.png", "%c0%ae%c0%ae/x", "%ff"):
            a = self.get("/static/" + path)
            self.check(a.status in (400, 404), "static " + path, a.status)
        self.expect("keep-alive after 404", self.get("/"), 200, b"home")

    def pipelined(self):
        with self.server.talk(["GET"] * 3) as t:
            t.send(b"GET /static/site.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                   b"GET /static/large.bin HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                   b"GET /static/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answers = t.read(3)
        self.check([a.status for a in answers] == [200, 200, 404], "three on a connection", answers)

    def replaced(self):
        """What changes on disk is served within a second or so."""
        path = os.path.join(self.root, "collected/img/dot.png")
        self.expect("before", self.get("/static/img/dot.png"), 200, b"png")
        with open(path + ".new", "wb") as f:
            f.write(b"another")
        os.rename(path + ".new", path)
        start = time.monotonic()
        wait_for(lambda: self.get("/static/img/dot.png").body == b"another", 3, "the new file")
        self.check(time.monotonic() - start < 2.5, "seen soon")
        os.unlink(path)
        wait_for(lambda: self.get("/static/img/dot.png").status == 404, 3, "the file to be gone")


def development(options, checks):
    root = make_project("true")
    try:
        with Server(options.perilune, root, "runserver") as server:
            c = Cases(server, root)
            c.expect("app's file", c.get("/static/shop/app.js"), 200, b"app()",
                     cache_control="no-cache", content_type="text/javascript; charset=utf-8")
            c.expect("folder before app", c.get("/static/both.txt"), 200, b"from assets")
            c.expect("staticfiles_dirs", c.get("/static/site.css"), 200, b"body {}")
            with open(os.path.join(root, "assets/site.css"), "w") as f:
                f.write("changed")
            c.expect("changed at once", c.get("/static/site.css"), 200, b"changed")
            a = c.expect("not found", c.get("/static/nope.css"), 404)
            c.check(b"'nope.css'" in a.body and b"shop/static" in a.body, "says where", a.body)
            for path in ("code.lua", ".hidden", "../settings.lua", "large.bin"):
                c.expect("dev " + path, c.get("/static/" + path), 404)
            checks.passed += c.passed
            checks.failed += c.failed
    finally:
        shutil.rmtree(root)


def refused(options, checks):
    """Settings that cannot work stop the server, with a word why."""
    root = make_project()
    try:
        for old, new, text in (('static_root = "collected",', "", "static_root"),
                               ("serve_static", 'static_url = "/static", serve_static', "slash"),
                               ("serve_static", 'static_url = "/", serve_static', "static_url")):
            with open(os.path.join(root, "settings.lua"), "w") as f:
                f.write((SETTINGS % {"debug": "false"}).replace(old, new, 1))
            done = subprocess.run([options.perilune, "-C", root, "serve", "--workers", "1", "--bind",
                                   "127.0.0.1:0"], capture_output=True, text=True, timeout=30)
            checks.check(done.returncode == 1 and text in done.stderr, "refuses " + new,
                         done.stderr)
    finally:
        shutil.rmtree(root)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    options = parser.parse_args()
    root = make_project()
    try:
        with Server(options.perilune, root) as server:
            checks = Cases(server, root)
            for case in ("responses", "parts", "conditions", "compressed", "readers", "media",
                         "static", "pipelined", "replaced", "large", "changing"):
                getattr(checks, case)()
        checks.check("Sanitizer" not in server.output(), "no leak", server.output()[-3000:])
    finally:
        shutil.rmtree(root)
    development(options, checks)
    refused(options, checks)
    checks.done()


if __name__ == "__main__":
    sys.exit(main())
