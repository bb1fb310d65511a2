# SPDX-License-Identifier: MIT
"""What a row of bytes and statuses cannot say: conversations, many requests, times."""
import json
import time

from raw_cases import get, length
from wire import Talk

CLOSE = b"Connection: close\r\n"
CHECKS = []


def extra(ident):
    """Adds a function (check, ask, address) to the list; it runs under its number."""
    def add(function):
        CHECKS.append((ident, function))
        return function
    return add


def form(kind, body):
    return b"POST /form HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"Content-Type: " + kind + \
        b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def part(name, body, more=b"", boundary=b"b"):
    return b"--" + boundary + b"\r\nContent-Disposition: form-data; name=\"" + name + b"\"" + \
        more + b"\r\n\r\n" + body + b"\r\n"


@extra("D19")
def expect_continue(check, ask, address):
    with Talk(address) as t:
        t.send(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
        end = time.monotonic() + 3
        while not t.interim and time.monotonic() < end and not t.ended:
            t.read(1, 0.05)
        check([a.status for a in t.interim] == [100], "100 comes before the body", t.interim)
        check(not t.answers, "nothing else does", t.answers)
        t.send(b"hello")
        t.read(1)
        check([a.status for a in t.answers] == [200] and json.loads(t.answers[0].body)["body"] == 5,
              "then the answer", t.answers)


@extra("149")
def pipeline(check, ask, address):
    count = 1000
    with Talk(address, timeout=30) as t:
        t.send(b"".join(get(b"/?n=%d" % i) for i in range(count)))
        t.read(count)
        order = [json.loads(a.body)["query"]["n"] for a in t.answers]
        check(order == [str(i) for i in range(count)], "1,000 requests at once, answers in order",
              "%d answers" % len(order))


@extra("152")
def no_bodies(check, ask, address):
    for method, target in ((b"HEAD", b"/"), (b"HEAD", b"/stream"), (b"HEAD", b"/file"),
                           (b"GET", b"/status/204"), (b"GET", b"/status/304"),
                           (b"HEAD", b"/missing")):
        with Talk(address, [method.decode(), "GET"]) as t:
            t.send(get(target, method=method) + get(b"/sentinel", CLOSE))
            t.drain()
            name = "%s %s has no body" % (method.decode(), target.decode())
            good = len(t.answers) == 2 and not t.data and t.answers[1].status == 200
            check(good, name, "%r %r" % (t.answers, t.data[:60]))
            if good and method == b"GET":
                check(t.answers[0].get("transfer-encoding") is None, name + ", nor a coding")


@extra("153")
def old_client(check, ask, address):
    a = ask(b"GET /stream HTTP/1.0\r\nHost: a\r\n\r\n")
    check(a and a.status == 200 and not a.chunked and a.body == b"".join(
        b"piece %d\n" % i for i in range(1, 6)), "HTTP/1.0 gets a stream without chunks", a)
    a = ask(get(b"/stream", CLOSE))
    check(a and a.status == 200 and a.body.count(b"piece") == 5, "HTTP/1.1 gets it whole", a)


@extra("154")
def ranges(check, ask, address):
    size = 37
    for spec, statuses, first in (
            (b"bytes=0-0", (206,), b"0"), (b"bytes=0-4", (206,), b"01234"),
            (b"bytes=-1", (206,), b"\n"), (b"bytes=30-", (206,), b"uvwxyz\n"),
            (b"bytes=0-18446744073709551615", (206, 200), b"0123"),
            (b"bytes=0-0,-1", (206, 200), None), (b"bytes=5-2", (200, 416), None),
            (b"bytes=-0", (200, 416), None), (b"bytes=99-", (416,), None),
            (b"bytes=18446744073709551616-", (200, 416), None), (b"bytes=", (200, 416), None),
            (b"bytes=a-b", (200, 416), None), (b"lines=0-1", (200,), None)):
        a = ask(get(b"/file", CLOSE + b"Range: " + spec + b"\r\n"))
        name = "Range: " + spec.decode()
        if not check(a and a.status in statuses, name, a):
            continue
        if first is not None:
            check(a.body.startswith(first), name + ": the bytes", a)
        if a.status == 206 and "multipart" not in a.get("content-type", ""):
            check(a.get("content-range", "").endswith("/%d" % size), name + ": Content-Range")
        if a.status == 200:
            check(len(a.body) == size, name + ": the whole file")


@extra("155")
def conditions(check, ask, address):
    plain = ask(get(b"/file", CLOSE))
    good = check(plain and plain.status == 200, "the file", plain)
    for name, values in (("If-None-Match", (b"", b"*", b'"', b'W/"', b'"a", b, "', b"x" * 5000)),
                         ("If-Match", (b"", b"*", b'"', b'"nope"')),
                         ("If-Modified-Since", (
                             b"", b"junk", b"Mon, 01 Jan 1900 00:00:00 GMT",
                             b"Fri, 31 Dec 9999 23:59:59 GMT", b"Sun, 99 Foo 2026 99:99:99 GMT",
                             b"Fri, 31 Dec 99999999999999 23:59:59 GMT")),
                         ("If-Unmodified-Since", (b"junk", b"Mon, 01 Jan 1900 00:00:00 GMT")),
                         ("If-Range", (b"junk", b'"'))):
        for value in values:
            a = ask(get(b"/file", CLOSE + name.encode() + b": " + value + b"\r\n"))
            check(a and a.status in (200, 304, 400, 412), "%s: %r" % (name, value[:40]), a)
    if good and plain.get("etag"):
        a = ask(get(b"/file", CLOSE + b"If-None-Match: " + plain.get("etag").encode() + b"\r\n"))
        check(a and a.status == 304, "its own ETag", a)
    if good and plain.get("last-modified"):
        a = ask(get(b"/file", CLOSE + b"If-Modified-Since: "
                    + plain.get("last-modified").encode() + b"\r\n"))
        check(a and a.status == 304, "its own date", a)


@extra("156")
def encodings(check, ask, address):
    for value, packed in ((b"gzip", True), (b"gzip;q=0", False), (b"identity", False),
                          (b"gzip;q=0, *", False), (b"GZIP", None), (b"gzip;q=x", None),
                          (b",;,;=" * 200, False)):
        a = ask(get(b"/long", CLOSE + b"Accept-Encoding: " + value + b"\r\n"))
        name = "Accept-Encoding: %r" % value[:30]
        if check(a and a.status == 200, name, a) and packed is not None:
            coding = a.get("content-encoding")
            check((coding == "gzip") == packed, name, "Content-Encoding %s" % coding)


def quickest(address, data, tries=5):
    best = 99.0
    for _ in range(tries):
        with Talk(address) as t:
            start = time.perf_counter()
            t.send(data)
            t.read(1)
            best = min(best, time.perf_counter() - start)
    return best * 1000, t.answers


@extra("157")
def cookies(check, ask, address):
    for cookie in (b";" * 8000, b"a;" * 4000, b"=;" * 4000, b'a="' * 2500, b"a=" + b"\\" * 7900):
        ms, answers = quickest(address, get(b"/", CLOSE + b"Cookie: " + cookie + b"\r\n"))
        # libmicrohttpd splits cookies itself, into the memory of the header: thousands are too much.
        check([a.status for a in answers] in ([200], [431]) and ms < 50,
              "8 KB of Cookie %r" % cookie[:6], "%s, %.1f ms" % (answers, ms))


@extra("158")
def multipart(check, ask, address):
    kind = b"multipart/form-data"
    end = b"--b--\r\n"
    right = kind + b"; boundary=b"
    a = ask(form(right, part(b"x", b"1") + part(b"f", b"data", b'; filename="a.txt"') + end))
    good = a and a.status == 200
    check(good and json.loads(a.body) == {"fields": 1, "files": {"f": {"name": "a.txt", "size": 4}}},
          "a field and a file", a)
    for name, wanted, data in (
            ("no boundary", (400,), form(kind, part(b"x", b"1") + end)),
            ("empty boundary", (400,), form(kind + b"; boundary=", part(b"x", b"1") + end)),
            ("101 files", (400, 413), form(right, b"".join(
                part(b"f%d" % i, b"x", b'; filename="a"') for i in range(101)) + end)),
            ("1,001 fields", (400, 413), form(right, b"".join(
                part(b"f%d" % i, b"x") for i in range(1001)) + end)),
            ("part header of 1,100 bytes", (400,), form(right, part(
                b"x", b"1", b"\r\nX: " + b"a" * 1100) + end)),
            ("boundary of 300", (200, 400), form(kind + b"; boundary=" + b"b" * 300, b"x" * 999)),
            ("boundary never found", (200, 400), form(right, b"x" * 100000)),
            ("no end", (200, 400), form(right, part(b"x", b"1"))),
            ("nested", (200, 400), form(right, part(
                b"x", b"--c\r\n\r\n1\r\n--c--", b"\r\nContent-Type: multipart/mixed; boundary=c")
                + end)),
            ("base64 of spaces", (200, 400), form(right, part(
                b"x", b" " * 200000, b"\r\nContent-Transfer-Encoding: base64") + end)),
            ("bad base64", (200, 400), form(right, part(
                b"x", b"=a=b", b"\r\nContent-Transfer-Encoding: base64") + end))):
        start = time.perf_counter()
        a = ask(data)
        ms = (time.perf_counter() - start) * 1000
        check(a and a.status in wanted and ms < 1000, "multipart: " + name, "%s %.0f ms" % (a, ms))
    for name in (b'filename="../../etc/passwd"', b'filename="a\\..\\b"', b'filename="/etc/passwd"',
                 b"filename*=UTF-8''%2e%2e%2fx", b'filename=".."', b'filename=""',
                 b"filename*=UTF-8''a%00b", b"filename*=UTF-8''a%0d%0ab", b'filename="a\x01b"'):
        a = ask(form(right, part(b"f", b"x", b"; " + name) + end))
        if check(a and a.status in (200, 400), "multipart: %r" % name, a) and a.status == 200:
            names = [f["name"] for f in json.loads(a.body)["files"].values()]
            safe = all(n not in ("", ".", "..") and not set(n) & set("/\\\0\r\n") for n in names)
            check(safe, "multipart: %r is harmless" % name, names)


@extra("159")
def json_bodies(check, ask, address):
    def send(body):
        return ask(b"POST /json HTTP/1.1\r\nHost: a\r\n" + CLOSE + b"Content-Type: application/json"
                   b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    for name, body, wanted in (
            ("an object", b'{"a": 1}', (200,)), ("nothing", b"", (400,)), ("a word", b"nul", (400,)),
            ("10,000 deep", b"[" * 10000 + b"]" * 10000, (400,)),
            ("10,000 open", b"[" * 10000, (400,)), ("1e309", b"[1e309]", (200, 400)),
            ("lone surrogate", b'["\\ud800"]', (200, 400)),
            ("equal keys", b'{"a": 1, "a": 2}', (200, 400)),
            ("byte order mark", b"\xef\xbb\xbf{}", (200, 400)), ("NaN", b"[NaN]", (200, 400)),
            ("bad UTF-8", b'["\xff"]', (200, 400)), ("more behind it", b"{} {}", (400,))):
        a = send(body)
        check(a and a.status in wanted, "JSON: " + name, a)


@extra("160")
def form_limits(check, ask, address):
    kind = b"application/x-www-form-urlencoded"
    a = ask(form(kind, b"a=1&b=2"))
    check(a and a.status == 200 and json.loads(a.body)["fields"] == 2, "two fields", a)
    a = ask(form(kind, b"&".join(b"a%d=" % i for i in range(1001))))
    check(a and a.status in (400, 413), "1,001 fields", a)
    a = ask(form(kind, b"a=" + b"b" * (5 * 2 ** 19)))
    check(a and a.status in (400, 413), "2.5 MiB and a little", a)
    a = ask(length(b"%d" % (5 * 2 ** 19 + 1), b"x" * (5 * 2 ** 19 + 1)))
    check(a and a.status in (400, 413), "request.body of 2.5 MiB and a byte", a)


def run(checks, address, only):
    def ask(data):
        """The first answer, or None."""
        with Talk(address, [data.split(b" ")[0].decode()]) as t:
            t.send(data)
            answers = t.read(1)
            return answers[0] if answers else None

    for ident, function in CHECKS:
        if only and ident not in only:
            continue

        def check(good, name, why="", ident=ident):
            return checks.check(good, "%s %s" % (ident, name), why)
        try:
            function(check, ask, address)
        except (OSError, ValueError, KeyError, IndexError) as e:
            check(False, function.__name__, "%s: %s" % (type(e).__name__, e))
