#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests and responses of views, over a socket: forms, files, cookies, JSON, streams,
redirects, and that nothing of a request is left when it has ended.

usage: http_api.py --perilune BINARY
"""
import argparse
import json
import os
import re
import shutil
import tempfile

from server import Checks, Server, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "api_project")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def part(name, content, filename=None, kind="text/plain"):
    head = '--B\r\nContent-Disposition: form-data; name="%s"' % name
    if filename is not None:
        head += '; filename="%s"\r\nContent-Type: %s' % (filename, kind)
    return head.encode() + b"\r\n\r\n" + content + b"\r\n"


class Client:
    def __init__(self, checks, server):
        self.checks, self.server = checks, server

    def get(self, path, headers=None, method="GET", body=b""):
        return self.server.request(method, path, headers, body)

    def post(self, path, body, headers=None):
        return self.server.request("POST", path, dict(FORM, **(headers or {})), body)

    def upload(self, path, *parts):
        headers = {"Content-Type": "multipart/form-data; boundary=B"}
        return self.server.request("POST", path, headers, b"".join(parts) + b"--B--\r\n")

    def equal(self, name, want, got):
        self.checks.check(want == got, name, "want %r, got %r" % (want, got))

    def has(self, name, wanted, text):
        self.checks.check(wanted in text, name, "%r is not in %r" % (wanted, text))


def test_requests(c):
    a = c.get("/echo/?a=1&a=2&b=%C3%A4", {"User-Agent": "test", "Cookie": "x=1; y=two",
                                        "Accept": "application/json,text/html;q=0.5"})
    c.equal("a table is JSON", "application/json", a.get("content-type"))
    c.equal("middleware attaches", "GET /echo/", a.get("x-mark"))
    c.equal("request", {
        "method": "GET", "path": "/echo/", "full_path": "/echo/?a=1&a=2&b=%C3%A4",
        "query": {"a": "2", "b": "ä"}, "cookies": {"x": "1", "y": "two"}, "agent": "test",
        "meta_agent": "test", "content_type": "", "encoding": "utf-8", "addr": "127.0.0.1",
        "marked": "GET /echo/", "user": True, "json": True, "preferred": "application/json",
        "text": "<Request: GET '/echo/?a=1&a=2&b=%C3%A4'>"}, json.loads(a.body))
    a = c.get("/things/42/")
    c.equal("resolver_match", {"name": "things:detail", "url_name": "detail", "pk": 42, "extra": True,
                               "route": "things/<int:pk>/", "same": True}, json.loads(a.body))
    c.equal("too many fields", 400, c.get("/echo/?" + "a=1&" * 21).status)
    c.equal("a cookie that is too large", 400, c.get("/echo/", {"Cookie": "x" * 9000}).status)


def test_host(c):
    a = c.get("/where/?q=1", {"Host": "Shop.example.com:8000"})
    c.equal("where", {"host": "Shop.example.com:8000", "port": str(c.server.port),
                      "here": "http://Shop.example.com:8000/where/?q=1",
                      "other": "http://Shop.example.com:8000/b?c=%C3%A4",
                      "root": "http://Shop.example.com:8000/x",
                      "away": "https://other.example/y"}, json.loads(a.body))
    c.equal("a host that is not allowed", 400, c.get("/where/", {"Host": "evil.test"}).status)


def fields_of(a, *names):
    return [(k, v) for k, v in a.headers if k in names]


def test_fields(c):
    """What stands in front of a body, on one connection where every response is another."""
    sizes = (0, 5, 3000, 1, 70000, 2)
    with c.server.talk(["GET"] * len(sizes) + ["HEAD", "GET"], 10) as t:
        def ask(method, query):
            t.send(b"%s /fields/?%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % (method, query))
            return t.read(len(t.answers) + 1)[-1]
        for n in sizes:
            a = ask(b"GET", b"n=%d&X-N=%d" % (n, n))
            c.checks.check(a.body == b"x" * n, "body of %d" % n, a)
            c.equal("fields of %d" % n, ["content-length", "content-type", "date", "server", "x-mark", "x-n"],
                    sorted(k for k, v in a.headers))
            c.equal("values of %d" % n, [("x-n", str(n)), ("content-length", str(n))],
                    fields_of(a, "x-n", "content-length"))
        a = ask(b"HEAD", b"n=12")
        c.equal("length of a HEAD", ("12", b""), (a.get("content-length"), a.body))
        a = ask(b"GET", b"n=12&status=204")
        c.equal("204", (204, None, b""), (a.status, a.get("content-length"), a.body))
    a = c.get("/fields/?n=3&X-Empty=&X-Tab=a%09b&content-length=99")
    c.equal("odd values", [("content-length", "3"), ("x-empty", ""), ("x-tab", "a\tb")],
            sorted(fields_of(a, "x-empty", "x-tab", "content-length")))
    a = c.get("/fields/?n=3&date=Thu,+01+Jan+1970+00:00:00+GMT&server=mine&connection=close")
    c.equal("the author's own", [("date", "Thu, 01 Jan 1970 00:00:00 GMT"), ("server", "mine")],
            sorted(fields_of(a, "date", "server")))
    c.equal("and closes", (True, b"xxx"), (a.closes, a.body))


def test_forms(c):
    a = json.loads(c.post("/form/", b"a=1&a=2&b=+%C3%A4").body)
    c.equal("urlencoded", {"a": ["1", "2"], "b": [" ä"]}, a["fields"])
    a = json.loads(c.upload("/form/", part("a", b"1"), part("a", b"2"),
                            part("f", b"hello", "C:\\x\\n.txt", "Text/Plain; charset=latin-1"),
                            part("f", b"second", "m.txt"), part("g", b"", "empty")).body)
    c.equal("fields of a multipart form", {"a": ["1", "2"]}, a["fields"])
    c.equal("files", {"f": [
        {"name": "n.txt", "size": 5, "type": "text/plain", "charset": "latin-1", "read": 5, "start": "hello"},
        {"name": "m.txt", "size": 6, "type": "text/plain", "read": 6, "start": "secon"}],
        "g": [{"name": "empty", "size": 0, "type": "text/plain", "read": 0, "start": ""}]}, a["files"])
    a = json.loads(c.upload("/form/", part("f", b"x" * 300000, "big")).body)
    c.equal("a file on disk", (300000, 300000), (a["files"]["f"][0]["size"], a["files"]["f"][0]["read"]))
    a = json.loads(c.get("/form/", FORM, "PUT", b"a=1").body)
    c.equal("PUT has no POST", True, a["empty"])
    c.equal("the body of a form", {"ok": True, "length": 3}, json.loads(c.post("/raw/", b"a=1").body))
    c.equal("the body of a multipart form", {"ok": False, "name": "RawPostDataException"},
            json.loads(c.upload("/raw/", part("a", b"1")).body))
    c.equal("too many fields", 400, c.post("/form/", b"a=1&" * 21).status)
    c.equal("too many fields of a multipart form", 400,
            c.upload("/form/", *[part("a", b"1")] * 21).status)
    c.equal("too many files", 400, c.upload("/form/", *[part("f", b"1", "n")] * 101).status)
    c.equal("too large a field", 413, c.upload("/form/", part("a", b"x" * 100001)).status)
    c.equal("a multipart form without a boundary", 400, c.post("/form/", b"x", {
        "Content-Type": "multipart/form-data; a=b"}).status)
    c.equal("too large a body", 413, c.post("/form/", b"a=" + b"x" * 100000).status)
    c.equal("another charset", 400, c.post("/form/", b"a=1", {
        "Content-Type": "application/x-www-form-urlencoded; charset=latin-1"}).status)


def test_saving(c, folder):
    to = os.path.join(folder, "saved")
    small, large = b"small", os.urandom(200000)
    for i, content in enumerate([small, large]):
        a = json.loads(c.upload("/save/?to=%s/" % to, part("f", content, "a.bin"),
                                part("f", content, "a.bin")).body)
        names = [os.path.basename(p) for p in a["saved"]]
        c.checks.check(len(set(a["saved"])) == 2, "saved twice under two names", str(a))
        c.checks.check(i > 0 or names[0] == "a.bin", "the name of the file", str(names))
        c.checks.check(all(re.fullmatch(r"a(_\w{7})?\.bin", n) for n in names), "free names", str(names))
        for path in a["saved"]:
            with open(path, "rb") as f:
                c.checks.check(f.read() == content, "content of %s" % path)
            c.equal("mode of %s" % path, 0o644, os.stat(path).st_mode & 0o7777)
    a = c.upload("/save/?to=../x", part("f", small, "a"))
    c.equal("a path that leaves the project", 400, a.status)
    a = c.upload("/save/?to=/proc/x/y", part("f", small, "a"))
    c.equal("a path that cannot be", 500, a.status)


def test_late_saving(c, folder):
    for content in (b"small", os.urandom(20000000)):
        c.upload("/late-save/?to=%s/late" % folder, part("f", content, "late.bin"))
        a = wait_for(lambda: (lambda x: x if x["state"] == "done" else None)(
            json.loads(c.get("/late-result/").body)), 10, "the fiber that outlives its request")
        c.equal("saving that goes on", "saved", a["first"])
        c.has("saving after the end", "used after its request ended", a["second"])


def test_json(c):
    a = json.loads(c.post("/json/", b'{"a": [1, null]}', JSON).body)
    c.equal("json", {"value": {"a": [1, None]}, "same": True}, a)
    for name, body in (("malformed", b"{a}"), ("empty", b""), ("too deep", b"[" * 9 + b"]" * 9),
                       ("not UTF-8", b'"\xff"')):
        c.equal("JSON that is " + name, 400, c.post("/json/", body, JSON).status)
    c.equal("JSON that is deep", 200, c.post("/json/", b"[" * 8 + b"]" * 8, JSON).status)


def set_cookies(answer):
    return [value for name, value in answer.headers if name == "set-cookie"]


def test_cookies(c):
    a = c.get("/cookies/")
    seen, plain, old = set_cookies(a)
    c.equal("no cookie", b"first", a.body)
    c.checks.check(re.fullmatch(r"seen=yes; expires=.* GMT; HttpOnly; Max-Age=60; Path=/", seen), "set_cookie", seen)
    c.equal("a plain cookie", "plain=1; Path=/", plain)
    c.equal("delete_cookie", 'old=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/', old)
    c.equal("a cookie", b"yes", c.get("/cookies/", {"Cookie": "seen=yes"}).body)
    a = c.get("/signed/")
    c.equal("no signed cookie", b"none", a.body)
    value = set_cookies(a)[0].split(";")[0]
    c.equal("a signed cookie", b"secret value", c.get("/signed/", {"Cookie": value}).body)
    c.equal("a forged cookie", b"none", c.get("/signed/", {"Cookie": value[:-2] + "xx"}).body)


def test_values(c):
    a = c.get("/string/")
    c.equal("a string", ("text/html; charset=utf-8", "<b>ä</b>".encode()), (a.get("content-type"), a.body))
    a = c.get("/table/")
    c.equal("a table", ("application/json", b'{"a":"\\u00e4","b":[1,2]}'), (a.get("content-type"), a.body))
    c.equal("a number", 500, c.get("/number/").status)
    a = c.get("/not-modified/")
    c.equal("NotModified", (304, b"", '"x"', None), (a.status, a.body, a.get("etag"), a.get("content-type")))


def closed(c):
    return json.loads(c.get("/closed/").body)["closed"]


def test_streams(c):
    before = closed(c)
    a = c.get("/stream/")
    c.equal("a stream", (b"piece 1\npiece 2\npiece 3\n", True), (a.body, a.chunked))
    c.equal("a list", b"a1b", c.get("/stream-list/").body)
    c.equal("a stream that middleware wraps", b"AB", c.get("/stream-wrapped/").body)
    c.equal("HEAD of a stream", (200, b""), (lambda x: (x.status, x.body))(c.get("/stream/", method="HEAD")))
    wait_for(lambda: closed(c) == before + 2, 5, "streams to be closed")
    with c.server.talk() as t:
        t.send(b"GET /stream-broken/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        wait_for(lambda: (t.receive(), t.ended)[1], 5, "the end of a stream that breaks off")
    wait_for(lambda: closed(c) == before + 3, 5, "the broken stream to be closed")
    c.has("the log", "no more", c.server.output())
    with c.server.talk() as t:
        t.send(b"GET /stream-endless/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        wait_for(lambda: (t.receive(), len(t.data) > 5000)[1], 5, "the first pieces")
    wait_for(lambda: closed(c) == before + 4, 5, "the stream of a client that left to be closed")
    c.equal("closed once each", before + 4, closed(c))


def test_redirects(c):
    for kind, status, where in (("path", 302, "/there/?a=1"), ("name", 302, "/things/3/?q=%C3%A4"),
                                ("view", 301, "/"), ("object", 302, "/things/9/"), ("keep", 307, "/"),
                                ("unknown", 500, None), ("script", 400, None), ("host", 302, "example.com/x")):
        a = c.get("/redirect/%s/" % kind)
        c.equal("redirect " + kind, (status, where), (a.status, a.get("location")))


def test_wrappers(c):
    a = c.get("/tagged/")
    c.equal("condition", (200, '"one"', b'{"fresh":true}'), (a.status, a.get("etag"), a.body))
    a = c.get("/tagged/", {"If-None-Match": '"one"'})
    c.equal("condition that holds", (304, '"one"', b""), (a.status, a.get("etag"), a.body))
    c.equal("condition of another", 200, c.get("/tagged/?tag=two", {"If-None-Match": '"one"'}).status)
    a = c.get("/post-only/")
    c.equal("require_POST", (405, "POST"), (a.status, a.get("allow")))
    c.equal("require_POST with POST", b"1", c.post("/post-only/", b"a=1").body)


def test_errors(c):
    for name, status in (("Http404", 404), ("PermissionDenied", 403), ("BadRequest", 400),
                         ("SuspiciousOperation", 400), ("DisallowedRedirect", 400),
                         ("TooManyFieldsSent", 400), ("RequestDataTooBig", 413), ("ValueError", 500)):
        c.equal("error " + name, status, c.get("/raise/%s/" % name).status)
    c.equal("get_object_or_404", 404, c.get("/missing/").status)


def test_ends(c):
    c.upload("/keep/", part("a", b"1"), part("f", b"x" * 100000, "n"))
    for _ in range(3):
        c.get("/")
    kept = json.loads(c.get("/kept/").body)
    for name in ("request", "headers", "files"):
        c.has("kept " + name, "used after it ended", kept[name])
    c.has("kept file", "used after its request ended", kept["file"])
    c.equal("kept copies", ["ok 1", "ok POST", "ok kept", "ok keep/", "ok <Request: ended>"],
            [kept[n] for n in ("post", "meta", "response", "match", "text")])


def begin(c, path):
    """A request whose answer is not read yet, but for its beginning."""
    t = c.server.talk(timeout=10)
    t.send(b"GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path)
    wait_for(lambda: (t.receive(), t.data)[1], 5, "the beginning of an answer")
    return t


def test_changes(c):
    """A response that a view keeps, and changes while it is being sent."""
    with begin(c, b"/large/?new=a") as first:
        c.get("/change-large/?how=write")
        with begin(c, b"/large/") as second:
            c.get("/change-large/?how=write")
            c.get("/change-large/")
            c.equal("after the change", b"changed", c.get("/large/").body)
            a, b = first.read(1)[0].body, second.read(1)[0].body
    c.checks.check(a == b'["' + b"a" * 3000000 + b'"]', "a body that is on its way stays", a[:20])
    c.checks.check(b == a + b"w" * 3000000, "as does what was written to", b[-20:])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    args = parser.parse_args()
    checks, folder = Checks(), tempfile.mkdtemp(prefix="perilune-api-")
    try:
        with Server(args.perilune, PROJECT, env={"API_TEMP": folder}) as server:
            c = Client(checks, server)
            for test in (test_requests, test_host, test_fields, test_forms, test_json, test_cookies, test_values,
                         test_streams, test_redirects, test_wrappers, test_errors, test_ends, test_changes):
                test(c)
            test_saving(c, folder)
            test_late_saving(c, folder)
        checks.check("Sanitizer" not in server.output(), "no sanitizer speaks", server.output())
    finally:
        shutil.rmtree(folder)
    checks.done()


if __name__ == "__main__":
    main()
