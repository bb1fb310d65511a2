#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The example site app/ in a server: every page, every layer.

usage: test_app.py --perilune BINARY
A copy of app/ is served, so that notes and uploads of the tests stay out of the tree."""
import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from urllib.parse import urlencode

from server import Checks, Server, wait_for

APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "app")
TOKEN = "t0ken-of-the-tests"
BEARER = {"Authorization": "Bearer " + TOKEN}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ADDRESS = re.compile(r'(?:href|src|action)="(/[^"#]*)')


@contextlib.contextmanager
def site(options, workers=1, command="serve", **env):
    """A server over a fresh copy of app/; gives it and the copy's folder."""
    with tempfile.TemporaryDirectory(prefix="perilune-app-") as folder:
        project = os.path.join(folder, "app")
        shutil.copytree(APP, project, ignore=shutil.ignore_patterns("*.jsonl", "*.sqlite3*", "staticfiles", ".env",
                                                                    "uploads/*-*"))
        settings = {"API_TOKEN": "", "SECRET_KEY": "only for tests: " + "x" * 40, "DEBUG": "no",
                    "ALLOWED_HOSTS": "127.0.0.1,testserver"}
        settings.update(env)
        if command == "serve":
            run(options, project, settings, "migrate") # as ./dev run does
            run(options, project, settings, "collectstatic", "--noinput")
        with Server(options.perilune, project, command, workers=workers, env=settings) as server:
            yield server, project


def run(options, project, settings, *args):
    """A command in the project; gives what it printed."""
    done = subprocess.run([options.perilune, *args], cwd=project, env=dict(os.environ, **settings),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError("perilune %s: %d\n%s" % (" ".join(args), done.returncode, done.stderr))
    return done.stdout


def fields(answer, name):
    return [value for key, value in answer.headers if key == name.lower()]


def data(answer):
    return json.loads(answer.body)


def form(**values):
    return urlencode(values).encode()


def multipart(files, boundary="----perilune-test"):
    """(header fields, body) of a form with files: [(field, name, content)]."""
    parts = b"".join(
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
        b"Content-Type: text/html\r\n\r\n%s\r\n"
        % (boundary.encode(), field.encode(), name.encode(), content)
        for field, name, content in files)
    return ({"Content-Type": "multipart/form-data; boundary=" + boundary},
            parts + b"--%s--\r\n" % boundary.encode())


# ---- pages ----

def test_pages(t, options):
    with site(options) as (server, _):
        seen, todo = {}, ["/"]
        while todo:  # every address that a page leads to
            path = todo.pop()
            if path in seen or path == "/stream/":
                continue
            a = seen[path] = server.request("GET", path, {"Host": "127.0.0.1:%d" % server.port})
            t.check(a.status == 200, "GET " + path, a.status)
            if "text/html" in a.get("content-type"):
                todo += ADDRESS.findall(a.body.decode())
        for path in ("/notes/", "/uploads/", "/status/", "/static/core/site.css", "/static/core/logo.svg"):
            t.check(path in seen, "the pages lead to " + path)
        home = seen["/about/"]
        page = home.body.decode()
        t.check(page.startswith("<!doctype html>") and "http://127.0.0.1:%d/api/notes/" % server.port in page, "home")
        t.check(not re.search(r'(src|href)="(https?:)?//', page), "nothing of other servers in the page")
        t.check("<script>" not in page and "style=" not in page, "nothing inline")
        t.check(server.request("HEAD", "/").status == 200, "HEAD /")
        a = server.request("POST", "/")
        t.check(a.status == 405 and a.get("allow"), "POST /", (a.status, a.get("allow")))
        a = server.request("GET", "/status/", {"Accept": "application/json"})
        t.check(set(data(a)) == {"version", "worker", "uptime", "memory"}, "status as JSON", a.body)
        t.check(data(a)["worker"] in server.workers(), "the status page knows the worker", a.body)
        a = server.request("GET", "/status/events", {})
        t.check(a.status == 301 and a.get("location") == "/status/events/", "slash", (a.status, a.get("location")))


def test_headers(t, options):
    with site(options) as (server, _):
        a = server.request("GET", "/")
        t.check(re.fullmatch(r"\d+\.\d\d", a.get("x-request-duration-ms", "")), "duration", a.headers)
        t.check(re.fullmatch(r"[0-9a-f]{32}", a.get("x-request-id", "")), "request id", a.headers)
        t.check(server.request("GET", "/about/", {"X-Request-ID": "seen.1"}).body.decode().count("seen.1") == 1, "the page shows the request id")
        t.check(a.get("x-powered-by") == "Perilune", "custom header")
        t.check(a.get("x-frame-options") == "DENY" and a.get("x-content-type-options") == "nosniff", "security")
        t.check("default-src 'self'" in a.get("content-security-policy", ""), "csp", a.headers)
        a = server.request("GET", "/", {"X-Request-ID": "from-the-proxy.1"})
        t.check(a.get("x-request-id") == "from-the-proxy.1", "request id of the client")
        a = server.request("GET", "/notes/", {"Accept-Encoding": "gzip"})
        t.check(a.get("content-encoding") == "gzip", "gzip", a.headers)
        a = server.request("GET", "/", {"X-Forwarded-For": "203.0.113.7, 10.0.0.1"})
        wait_for(lambda: "203.0.113.7 - GET /: 200 in" in server.output(), 5, "the line of the log")
        t.check(re.search(r"core\.requests \S+ - GET /notes/: 200 in \d\.\d{3} s", server.output()), "log", server.output())


def test_errors(t, options):
    with site(options) as (server, _):
        a = server.request("GET", "/nowhere/", {"Accept": "text/html"})
        t.check(a.status == 404 and b"Nothing here" in a.body, "404 page", a.body)
        t.check(b"notes" in a.body and b"routes" not in a.body, "404 has the frame, and tells nothing")
        a = server.request("GET", "/nowhere/", {"Accept": "application/json"})
        t.check(a.status == 404 and data(a) == {"error": "Nothing here"}, "404 as JSON", a.body)
        a = server.request("GET", "/api/nowhere/")
        t.check(a.status == 404 and data(a)["error"], "404 in the API", a.body)
        a = server.request("GET", "/", {"Host": "evil.example"})
        t.check(a.status == 400, "a host that is not ours", a.status)


# ---- the API ----

def test_api(t, options):
    with site(options) as (server, _):
        a = server.request("GET", "/api/notes/")
        t.check(data(a) == {"count": 0, "page": 1, "num_pages": 1, "results": []}, "no notes", a.body)
        a = server.request("POST", "/api/notes/", JSON, b'{"title": " Buy a moon ", "body": "or two"}')
        note = data(a)
        t.check(a.status == 201 and note["title"] == "Buy a moon" and note["body"] == "or two", "create", a.body)
        t.check(a.get("location") == note["url"] == "/api/notes/%d/" % note["id"], "location", a.headers)
        t.check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d", note["created"]), "created", note)
        a = server.request("GET", note["url"])
        t.check(a.status == 200 and data(a) == note, "detail", a.body)
        a = server.request("POST", "/api/notes/", FORM, form(title="as a form"))
        t.check(a.status == 201 and data(a)["body"] == "", "create from a form", a.body)
        for body, errors in (
                (b"{}", {"title": ["This field is required."]}),
                (b'{"title": "  "}', {"title": ["This field is required."]}),
                (b'{"title": 5}', {"title": ["This must be text."]}),
                (b'{"title": null}', {"title": ["This must be text."]}),
                (json.dumps({"title": "é" * 101}).encode(), {"title": ["At most 100 characters, please (these are 101)."]}),
                (json.dumps({"title": "", "body": "x" * 2001}).encode(),
                 {"title": ["This field is required."], "body": ["At most 2000 characters, please (these are 2001)."]})):
            a = server.request("POST", "/api/notes/", JSON, body)
            t.check(a.status == 400 and data(a) == {"errors": errors}, "validation of %.40r" % (body,), a.body)
        for body in (b"", b"{", b"[" * 200, b'"text"', b"3", b"null", b"true"):
            a = server.request("POST", "/api/notes/", JSON, body)
            t.check(a.status == 400 and data(a).get("error"), "no object: %.20r" % (body,), (a.status, a.body))
        a = server.request("PUT", "/api/notes/", JSON, b"{}")
        t.check(a.status == 405 and "POST" in a.get("allow", ""), "PUT", a.headers)
        t.check(server.request("DELETE", note["url"]).status == 204, "delete")
        a = server.request("GET", note["url"])
        t.check(a.status == 404 and data(a) == {"error": "No Note matches the given query."}, "gone", a.body)
        t.check(server.request("DELETE", note["url"]).status == 404, "delete again")
        t.check(server.request("GET", "/api/notes/0x1/").status == 404, "no number")
        for i in range(25):
            server.request("POST", "/api/notes/", JSON, json.dumps({"title": "n%d" % i}).encode())
        one, two = data(server.request("GET", "/api/notes/")), data(server.request("GET", "/api/notes/?page=2"))
        t.check(one["count"] == 26 and one["num_pages"] == 2 and len(one["results"]) == 20, "first page", one)
        t.check(one["results"][0]["title"] == "n24" and len(two["results"]) == 6 and two["page"] == 2, "second page", two)
        t.check(data(server.request("GET", "/api/notes/?page=x"))["page"] == 1, "page x")
        t.check(data(server.request("GET", "/api/notes/?page=99"))["page"] == 2, "page 99")
        t.check(data(server.request("GET", "/api/health/")) == {"status": "ok"}, "health")


def test_workers_share(t, options):
    with site(options, workers=2) as (server, _):
        titles = {"n%d" % i for i in range(30)}
        ids = [data(server.request("POST", "/api/notes/", JSON, json.dumps({"title": x}).encode()))["id"] for x in titles]
        t.check(len(set(ids)) == 30, "ids of two workers differ", ids)
        lists = [data(server.request("GET", "/api/notes/")) for _ in range(10)]
        t.check(all(x["count"] == 30 for x in lists), "all workers know all notes", [x["count"] for x in lists])
        workers = {data(server.request("GET", "/status/", {"Accept": "application/json"}))["worker"] for _ in range(60)}
        t.check(workers <= set(server.workers()), "workers", (workers, server.workers()))


# ---- forms ----

def test_notes_page(t, options):
    with site(options) as (server, _):
        a = server.request("POST", "/notes/", FORM, form(title="<script>x</script>", body="one\n\ntwo & three"))
        t.check(a.status == 302 and a.get("location") == "/notes/", "redirect", (a.status, a.headers))
        page = server.request("GET", "/notes/").body.decode()
        t.check("<h3>&lt;script&gt;x&lt;/script&gt;</h3>" in page, "escaped", page)
        t.check("<p>one</p>" in page and "two &amp; three" in page, "paragraphs", page)
        a = server.request("POST", "/notes/", FORM, form(title="", body='"kept"'))
        page = a.body.decode()
        t.check(a.status == 400 and "This field is required." in page and "&quot;kept&quot;" in page, "form with errors", page)
        delete = re.search(r'action="(/notes/\d+/delete/)"', server.request("GET", "/notes/").body.decode()).group(1)
        t.check(server.request("GET", delete).status == 405, "delete is a POST")
        t.check(server.request("POST", delete).status == 302, "delete")
        t.check("first note is yours" in server.request("GET", "/notes/").body.decode(), "empty list")


def test_same_origin(t, options):
    with site(options) as (server, _):
        ours = "http://127.0.0.1:%d" % server.port
        host = {"Host": "127.0.0.1:%d" % server.port}
        a = server.request("POST", "/notes/", dict(FORM, **host, Origin="http://evil.example"), form(title="x"))
        t.check(a.status == 403 and b"Not allowed" in a.body, "a form of another site", (a.status, a.body))
        a = server.request("POST", "/api/notes/", dict(JSON, **host, Origin="null"), b'{"title": "x"}')
        t.check(a.status == 403 and "application/json" in a.get("content-type"), "the API as well", (a.status, a.body))
        a = server.request("POST", "/notes/", dict(FORM, **host, Origin=ours), form(title="x"))
        t.check(a.status == 302, "our own form", a.status)


def test_uploads(t, options):
    with site(options) as (server, project):
        big = os.urandom(1 << 20) * 3  # past file_upload_max_memory_size
        files = [("file", "../../moon \u00e9.html", b"<script>alert(1)</script>"), ("file", "big.bin", big)]
        headers, body = multipart(files)
        a = server.request("POST", "/uploads/", headers, body)
        t.check(a.status == 302 and a.get("location") == "/uploads/", "sent", (a.status, a.body[:300]))
        page = server.request("GET", "/uploads/").body.decode()
        for _, _, content in files:
            t.check(hashlib.sha256(content).hexdigest() in page, "digest")
        t.check("3.0 MB" in page and "25 bytes" in page, "sizes", page)
        kept = sorted(os.listdir(os.path.join(project, "media", "uploads")))
        t.check(len(kept) == 2 and all(re.fullmatch(r"[A-Za-z0-9]{16}-[\w.-]+", x) for x in kept), "safe names", kept)
        t.check(not [x for x in os.listdir(os.path.dirname(project)) if x != "app"], "nothing outside")
        links = re.findall(r'<a href="(/uploads/\d+/)">([^<]*)</a>', page)
        t.check([name for _, name in links] == ["big.bin", "moon \u00e9.html"], "list", links)
        path = links[1][0]
        a = server.request("GET", path)
        t.check(a.body == files[0][2], "download", a.body)
        t.check(a.get("content-type") == "application/octet-stream", "never as HTML", a.headers)
        t.check(a.get("content-disposition", "").startswith("attachment"), "as a download", a.headers)
        a = server.request("GET", links[0][0], {"Range": "bytes=1000-1999"})
        t.check(a.status == 206 and a.body == big[1000:2000], "range", a.status)
        a = server.request("POST", "/uploads/", *multipart([]))
        t.check(a.status == 400 and b"Choose a file first." in a.body, "no file", a.body)
        a = server.request("POST", "/uploads/", *multipart([("file", "x", b"x" * (10 * 1024 * 1024 + 1))]))
        t.check(a.status == 400 and b"10.0 MB is the limit" in a.body, "too large", (a.status, a.body[:200]))
        a = server.request("POST", "/uploads/", *multipart([("file", "x", b"x" * (12 * 1024 * 1024))]))
        t.check(a.status == 413, "far too large", a.status)
        t.check(server.request("POST", path + "delete/").status == 302, "delete")
        t.check(server.request("GET", path).status == 404, "deleted")
        t.check(len(os.listdir(os.path.join(project, "media", "uploads"))) == 1, "its file is gone")


# ---- waiting ----

def test_streams(t, options):
    with site(options) as (server, _):
        with server.talk() as slow, server.talk() as events:
            head = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            slow.send(b"GET /stream/" + head)
            events.send(b"GET /status/events/" + head)
            start = time.monotonic()
            for _ in range(20):
                t.check(server.request("GET", "/").status == 200, "others are answered meanwhile")
            t.check(time.monotonic() - start < 3, "at once", time.monotonic() - start)
            a = slow.read(1, timeout=20)[0]
            lines = a.body.decode().splitlines()
            t.check(a.status == 200 and len(lines) == 20, "the stream", a.body)
            t.check(time.monotonic() - start > 3, "takes its time")
            events.read(1, timeout=0.1)
            t.check(b"text/event-stream" in events.data, "events", events.data[:300])
            t.check(events.data.count(b"data: {") >= 3, "one a second", events.data)


# ---- who may ----

def test_token(t, options):
    with site(options, API_TOKEN=TOKEN) as (server, _):
        a = server.request("GET", "/api/notes/")
        t.check(a.status == 401 and data(a) == {"error": "Authentication required"}, "401", a.body)
        t.check(a.get("www-authenticate", "").startswith("Bearer"), "what is asked for", a.headers)
        t.check(a.get("x-request-id") and a.get("x-powered-by"), "the layers outside of it saw it", a.headers)
        for value in ("Bearer", "Bearer ", "Bearer wrong", "Basic " + TOKEN, TOKEN, "Bearer %sx" % TOKEN):
            a = server.request("GET", "/api/notes/", {"Authorization": value})
            t.check(a.status == 401, "Authorization: " + value, a.status)
        t.check(server.request("GET", "/api/notes/", BEARER).status == 200, "the token")
        t.check(server.request("GET", "/api/health/").status == 200, "an exempt path")
        t.check(server.request("GET", "/notes/").status == 200, "pages can be read")
        a = server.request("POST", "/notes/", FORM, form(title="x"))
        t.check(a.status == 302 and a.get("location") == "/sign-in/?next=%2Fnotes%2F", "not written", a.headers)
        t.check(data(server.request("GET", "/api/notes/", BEARER))["count"] == 0, "nothing written")


def cookie_of(answer):
    return "; ".join(value.split(";")[0] for value in fields(answer, "set-cookie"))


def test_sign_in(t, options):
    with site(options, API_TOKEN=TOKEN) as (server, _):
        a = server.request("GET", "/sign-in/?next=/notes/")
        t.check(a.status == 200 and b'value="/notes/"' in a.body, "form", a.body)
        a = server.request("POST", "/sign-in/", FORM, form(token="wrong", next="/notes/"))
        t.check(a.status == 403 and not cookie_of(a) and b"not the token" in a.body, "wrong", a.headers)
        a = server.request("POST", "/sign-in/", FORM, form(token=TOKEN, next="http://evil.example/"))
        t.check(a.status == 302 and a.get("location") == "/", "next is ours", a.headers)
        a = server.request("POST", "/sign-in/", FORM, form(token=TOKEN, next="/notes/"))
        cookie = cookie_of(a)
        t.check(a.status == 302 and a.get("location") == "/notes/" and cookie.startswith("staff="), "signed in", a.headers)
        flags = fields(a, "set-cookie")[0].lower()
        t.check("httponly" in flags and "samesite=lax" in flags and "max-age=28800" in flags, "flags", flags)
        staff = {"Cookie": cookie}
        t.check(TOKEN not in cookie, "the cookie does not tell the token", cookie)
        t.check(server.request("POST", "/notes/", dict(FORM, **staff), form(title="x")).get("location") == "/notes/", "may write")
        t.check(server.request("GET", "/api/notes/", staff).status == 200, "may use the API")
        forged = {"Cookie": cookie[:-1] + ("a" if cookie[-1] != "a" else "b")}
        t.check(server.request("GET", "/api/notes/", forged).status == 401, "a forged cookie")
        page = server.request("GET", "/about/", staff).body.decode()
        t.check("Sign out" in page and "Sign in" not in page, "the page knows")
        a = server.request("POST", "/sign-out/", staff)
        t.check(a.status == 302 and "staff=" in cookie_of(a) and "max-age=0" in fields(a, "set-cookie")[0].lower(), "out", a.headers)
    with site(options) as (server, _):
        t.check(server.request("GET", "/sign-in/").status == 404, "nothing to sign in with")


def test_maintenance(t, options):
    with site(options, API_TOKEN=TOKEN) as (server, project):
        env = {"API_TOKEN": TOKEN, "SECRET_KEY": "x"}
        t.check(run(options, project, env, "maintenance", "on") == "maintenance is on\n", "command")
        a = server.request("GET", "/", {"Accept": "text/html"})
        t.check(a.status == 503 and a.get("retry-after") == "120" and b"Back in a moment" in a.body, "page", a.headers)
        a = server.request("GET", "/api/notes/", {"Accept": "text/html"})
        t.check(a.status == 503 and data(a) == {"error": "Under maintenance"}, "API", a.body)
        t.check(server.request("GET", "/static/core/site.css").status == 200, "static files")
        t.check(server.request("GET", "/api/health/").status == 200, "exempt")
        t.check(server.request("GET", "/api/notes/", BEARER).status == 200, "staff by token")
        cookie = cookie_of(server.request("POST", "/sign-in/", FORM, form(token=TOKEN)))
        t.check(server.request("GET", "/", {"Cookie": cookie}).status == 200, "staff by cookie")
        run(options, project, env, "maintenance", "off")
        t.check(server.request("GET", "/").status == 200, "over")


# ---- development ----

def test_runserver(t, options):
    with site(options, command="runserver", DEBUG="yes") as (server, project):
        t.check(server.request("GET", "/static/core/site.css").status == 200, "static files where they are written")
        a = server.request("GET", "/nowhere/", {"Accept": "text/html"})
        t.check(a.status == 404 and b"notes" in a.body, "404 of development", a.body[:300])
        path = os.path.join(project, "core", "templates", "core", "home.html")
        with open(path) as f:
            source = f.read()
        with open(path, "w") as f:
            f.write(source.replace("It works", "It still works"))
        wait_for(lambda: b"It still works" in server.request("GET", "/about/").body, 10, "the new page")
        t.check(True, "reload")


# ---- the guide ----

GUIDE = os.path.join(APP, "..", "docs", "guide", "getting-started.md")


def guide_files():
    """The files of the guide: {"posts/views.lua": text}."""
    with open(GUIDE) as f:
        text = f.read()
    found = re.findall(r"`(posts/[a-z/]+\.(?:lua|html))`:?\n\n```(?:lua|html)\n(.*?)```", text, re.S)
    return dict(found)


def guide_session():
    """What the guide types into the shell, and the last answer."""
    with open(GUIDE) as f:
        text = f.read()
    lines = re.search(r"```\n(> Post = .*?)```", text, re.S).group(1).splitlines(True)
    return "".join(line[2:] for line in lines[:-2]) + "return " + lines[-2][2:], lines[-1]


def test_guide(t, options):
    with tempfile.TemporaryDirectory(prefix="perilune-guide-") as folder:
        project = os.path.join(folder, "blog")
        run(options, folder, {}, "startproject", "blog")
        run(options, project, {}, "startapp", "posts")
        files = guide_files()
        t.check(set(files) == {"posts/models.lua", "posts/views.lua", "posts/urls.lua", "posts/middleware.lua",
                              "posts/templates/posts/index.html", "posts/templates/posts/detail.html"}, "files of the guide", files)
        for name, text in files.items():
            with open(os.path.join(project, name), "w") as f:
                f.write(text)
        for name, old, new in (
                ("settings.lua", '{ "home" }', '{ "home", "posts" }'),
                ("settings.lua", '"perilune.middleware.clickjacking",', '"perilune.middleware.clickjacking", "posts.middleware.powered",'),
                ("urls.lua", 'urls.path("", urls.include "home.urls"),', 'urls.path("", urls.include "home.urls"),\n  urls.path("posts/", urls.include "posts.urls"),')):
            path = os.path.join(project, name)
            with open(path) as f:
                before = f.read()
            t.check(old in before, "%s has %s" % (name, old))
            with open(path, "w") as f:
                f.write(before.replace(old, new))
        t.check("no issues" in run(options, project, {}, "check"), "check")
        t.check("posts:detail" in run(options, project, {}, "routes"), "routes")
        t.check("Create model Post" in run(options, project, {}, "makemigrations"), "makemigrations")
        t.check("posts.0001_initial... OK" in run(options, project, {}, "migrate"), "migrate")
        typed, answer = guide_session()
        t.check(run(options, project, {}, "shell", "-c", typed) == answer, "the session of the guide", typed)
        with Server(options.perilune, project, "runserver") as server:
            t.check(b"It works: blog" in server.request("GET", "/").body, "the first page")
            a = server.request("GET", "/posts/")
            t.check(a.status == 200 and b'<a href="/posts/2/">Perilune</a>' in a.body, "list", a.body)
            t.check(a.get("x-powered-by") == "Perilune" and "text/html" in a.get("content-type"), "layer", a.headers)
            a = server.request("GET", "/posts/2/", {"Accept": "text/html"})
            t.check(b"<h1>Perilune</h1>" in a.body and b"<title>Perilune</title>" in a.body, "detail", a.body)
            a = server.request("GET", "/posts/2/", {"Accept": "application/json"})
            t.check(data(a)["title"] == "Perilune", "detail as JSON", a.body)
            a = server.request("GET", "/posts/3/", {"Accept": "text/plain"})
            t.check(a.status == 404 and b"No Post matches" in a.body, "no such post", a.body)


TESTS = [value for name, value in sorted(globals().items()) if name.startswith("test_")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--only", help="names of tests, with commas between")
    options = parser.parse_args()
    options.perilune = os.path.abspath(options.perilune)
    t = Checks()
    for test in TESTS:
        name = test.__name__[5:]
        if options.only and name not in options.only.split(","):
            continue
        try:
            test(t, options)
        except Exception as e:  # the others are still worth running
            t.check(False, name, "%s: %s" % (type(e).__name__, e))
    t.done()


if __name__ == "__main__":
    main()
