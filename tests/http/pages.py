#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cached pages: what is kept, for whom, for how long, and who makes it.

usage: pages.py --perilune BINARY"""
import argparse
import concurrent.futures
import email.utils
import hashlib
import json
import os
import shutil
import signal
import tempfile
import threading
import time

from server import Checks, Server, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pages_project")
EMPTY = hashlib.md5(b"").hexdigest()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Site:
    def __init__(self, t, server):
        self.t, self.server = t, server

    def get(self, path, headers=None, method="GET"):
        answer = self.server.request(method, path, headers)
        answer.headers = dict(answer.headers)
        return answer

    def body(self, path, headers=None):
        return self.get(path, headers).body.decode()

    def cached(self, path, headers=None, again=None):
        """Asks twice: did the second get the first one's page?"""
        first = self.body(path, headers)
        return first == self.body(path, again if again is not None else headers)

    def kept(self, path, what=None, **more):
        self.t.check(self.cached(path, **more), "kept: " + (what or path))

    def not_kept(self, path, what=None, **more):
        self.t.check(not self.cached(path, **more), "not kept: " + (what or path))

    def together(self, path, n, headers=lambda i: None):
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(n) as pool:
            answers = list(pool.map(lambda i: self.server.request("GET", path, headers(i), timeout=60), range(n)))
        return answers, time.monotonic() - start

    def keys(self, cache="default"):
        # The site's own cache may have kept the list.
        self.asked = getattr(self, "asked", 0) + 1
        return json.loads(self.get("/keys/?cache=%s&n=%d" % (cache, self.asked)).body)


def rules(site, prefix):
    """What is kept, by cache.page and by the middlewares alike."""
    t = site.t
    for kind in ("plain", "max_age", "vary_a", "vary_cookie", "vary_language", "public", "tagged", "reason", "long", "expires", "template"):
        site.kept(prefix + kind + "/")
    for kind in ("private", "private_field", "no_store", "not_found", "created", "cookie", "cookie_vary", "vary_star", "stream", "nonce"):
        site.not_kept(prefix + kind + "/")
    t.check(site.get(prefix + "fails/").status == 500 and site.get(prefix + "forbidden/").status == 403, "errors are answers")
    for kind in ("fails", "forbidden"):
        answer = site.get(prefix + kind + "/")
        t.check("age" not in answer.headers and "expires" not in answer.headers, "not kept: " + kind, answer.headers)

    # A response with a cookie is for one client, with cookies of his own too.
    site.not_kept(prefix + "cookie/", "a cookie, with Cookie", headers={"Cookie": "a=b"})
    site.not_kept(prefix + "cookie_vary/", "a cookie and Vary, with Cookie", headers={"Cookie": "a=b"})

    # Headers that Vary names, in any case; X-C is not one.
    one, two = site.body(prefix + "vary_a/", {"X-A": "1"}), site.body(prefix + "vary_a/", {"X-A": "2"})
    t.check(one != two and site.body(prefix + "vary_a/", {"x-a": "1", "X-C": "9"}) == one and
            site.body(prefix + "vary_a/", {"X-A": "2"}) == two, "a page for each value of X-A")
    one = site.body(prefix + "vary_case/", {"X-A": "1", "X-B": "23"})
    two = site.body(prefix + "vary_case/", {"X-A": "12", "X-B": "3"})
    t.check(one != two, "values that run into each other are told apart", (one, two))
    site.kept(prefix + "vary_case/", "two headers", headers={"X-A": "7", "X-B": "8"})
    site.not_kept(prefix + "vary_cookie/", "another Cookie", headers={"Cookie": "a=1"}, again={"Cookie": "a=2"})
    site.kept(prefix + "vary_language/", "the language is in the key", headers={"Accept-Language": "de"}, again={"Accept-Language": "fr"})

    # Credentials: what is said to one is not kept, unless it is for all.
    auth = {"Authorization": "Basic YTpi"}
    site.not_kept(prefix + "plain/?for=one", "Authorization", headers=auth)
    site.kept(prefix + "public/?for=all", "Authorization, public", headers=auth)
    site.kept(prefix + "vary_auth/", "Vary: Authorization", headers=auth)
    site.not_kept(prefix + "vary_auth/", "another Authorization", headers=auth, again={"Authorization": "Basic eDp5"})

    # Methods.
    before = site.body(prefix + "plain/")
    t.check(site.get(prefix + "plain/", method="POST").body.decode() != before and site.body(prefix + "plain/") == before,
            "POST is never kept, and purges nothing")
    head = site.get(prefix + "plain/", method="HEAD")
    t.check(head.status == 200 and head.body == b"" and head.headers["content-length"] == str(len(before)) and
            "age" in head.headers, "HEAD has the page of GET", head.headers)
    site.get(prefix + "plain/?head", method="HEAD")
    t.check("age" in site.get(prefix + "plain/?head", method="HEAD").headers, "HEAD alone has a page of its own")
    t.check("age" not in site.get(prefix + "plain/?head").headers, "which GET does not get")

    # URLs: as they are asked for, but for the way they are encoded.
    a, b = site.body(prefix + "plain/?a=1&b=2"), site.body(prefix + "plain/?b=2&a=1")
    t.check(a != b, "the order of the query counts")
    t.check(site.body(prefix + "pl%61in/?a=1&b=2") == a, "the encoding of the path does not")
    t.check(site.body(prefix + "plain/?x=1", {"Host": "a.example.com"}) != site.body(prefix + "plain/?x=1", {"Host": "b.example.com"}), "hosts")
    t.check(site.body(prefix + "plain/?x=1", {"Host": "a.example.com"}) != site.body(prefix + "plain/?x=1", {"Host": "a.example.com:81"}), "ports")
    t.check(site.get(prefix + "plain/", {"Host": "evil.org"}).status == 400, "a host that is not ours is refused")
    t.check(site.get(prefix + "plain/", {"X-Forwarded-Proto": "https"}).body.decode() == site.body(prefix + "plain/"), "nobody's word for https")


def headers(site, prefix):
    """What comes with a page."""
    t = site.t
    first = site.get(prefix + "plain/?headers")
    second = site.get(prefix + "plain/?headers")
    seconds = 60 if prefix == "/page/" else 120
    t.check(first.headers.get("cache-control") == "max-age=%d" % seconds, "max-age", first.headers)
    left = email.utils.parsedate_to_datetime(first.headers["expires"]).timestamp() - time.time()
    t.check(seconds - 10 <= left <= seconds, "Expires", left)
    t.check("age" not in first.headers and 0 <= int(second.headers["age"]) <= 10, "Age on a hit", second.headers)
    same = {k: v for k, v in second.headers.items() if k not in ("age", "date")}
    t.check(same == {k: v for k, v in first.headers.items() if k != "date"}, "the same fields otherwise", (first.headers, second.headers))
    t.check(first.headers.get("content-type") == second.headers.get("content-type") == "text/html; charset=utf-8", "the type")
    t.check(len(site.get(prefix + "long/").body) > 300000, "a long page")
    t.check("max-age=30" in site.get(prefix + "max_age/").headers["cache-control"], "the smaller max-age is told")
    if prefix == "/page/":
        site.kept(prefix + "max_age_0/", "the timeout of cache.page counts more than max-age")
    else:
        site.not_kept(prefix + "max_age_0/", "max-age=0")
        t.check("expires" not in site.get(prefix + "max_age_0/").headers, "which stays as it is")
    answer = site.get(prefix + "not_modified/")
    t.check(answer.status == 304 and "expires" in answer.headers, "a 304 gets the fields of a page", answer.headers)

    # A client that has the page is told so, by the page's own tag or date.
    for path, name, value in ((prefix + "tagged/", "If-None-Match", 'W/"v1"'), (prefix + "dated/", "If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT")):
        site.get(path)
        answer = site.get(path, {name: value})
        t.check(answer.status == 304 and not answer.body and "content-type" not in answer.headers and "cache-control" in answer.headers,
                "304 from the page: " + path, (answer.status, answer.headers))
        answer = site.get(path, {name: value}, "HEAD")
        t.check(answer.status == 304, "304 for HEAD", answer.status)
    t.check(site.get(prefix + "tagged/", {"If-None-Match": '"v2"'}).status == 200, "another tag gets the page")


def options(site):
    """cache.page's own."""
    t = site.t
    for path in ("prefixed", "named", "files", "default", "default30", "page30", "forever", "vary", "short"):
        site.kept("/%s/" % path)
    for path in ("zero", "never"):
        site.not_kept("/%s/" % path)
    t.check("max-age=0" in site.get("/zero/").headers["cache-control"], "a timeout of 0 is told")
    t.check("max-age=120" in site.get("/default/").headers["cache-control"], "the setting")
    t.check("max-age=30" in site.get("/default30/").headers["cache-control"], "max-age")
    t.check("max-age=31536000" in site.get("/forever/").headers["cache-control"], "for ever is a year")
    site.not_kept("/vary/", "vary", headers={"X-A": "1"}, again={"X-A": "2"})
    t.check(site.get("/vary/").headers["vary"] == "X-A", "vary is told")
    old = site.body("/short/")
    wait_for(lambda: site.body("/short/") != old, 10, "the end of a page")

    # Keys, as Django makes them.
    uri = "http://127.0.0.1:%d" % site.server.port
    site.get("/prefixed/?x=1&y=%C3%A9", {"Host": uri[7:]})
    url = md5(uri + "/prefixed/?x=1&y=%C3%A9")
    keys = site.keys()
    for key in ("views.decorators.cache.cache_header.pfx.%s.en-us.UTC" % url,
                "views.decorators.cache.cache_page.pfx.GET.%s.%s.en-us.UTC" % (url, EMPTY)):
        t.check(key in keys, key)
    site.get("/page/vary_cookie/?key", {"Host": uri[7:], "Cookie": "a=b"})
    key = "views.decorators.cache.cache_page..GET.%s.7acaac15494e6820b1ed6d8b539af089.en-us.UTC" % md5(uri + "/page/vary_cookie/?key")
    t.check(key in site.keys(), "the value of Cookie is in the key", key)
    t.check(any(k.startswith("named-1-views.decorators.cache.cache_page..GET.") for k in site.keys("named")), "key_function")
    answer = json.loads(site.get("/key/", {"Host": uri[7:], "X-Who": "me"}).body)
    url = md5(uri + "/key/")
    t.check(answer["before"] == "none" and answer["learnt"] == answer["found"] ==
            "views.decorators.cache.cache_page.p.GET.%s.%s.en-us.UTC" % (url, md5("me")) and
            answer["head"] == answer["found"].replace(".GET.", ".HEAD."), "get_cache_key, learn_cache_key", answer)

    # Time zones.
    paris, tokyo = site.body("/tz/?zone=Europe/Paris"), site.body("/tz/?zone=Asia/Tokyo")
    t.check(paris.startswith("tz ") and any(k.endswith(".en-us.Europe/Paris") for k in site.keys()), "the active time zone is in the key", (paris, tokyo))

    # Conditions inside and outside.
    site.kept("/conditional/")
    t.check(site.get("/conditional/", {"If-None-Match": '"v9"'}).status == 304, "the page has the tag of the condition inside")
    before = site.body("/count/outer/")
    t.check(site.get("/outer-condition/", {"If-None-Match": '"v9"'}).status == 304 and site.body("/count/outer/") == before,
            "a condition outside answers before the page is looked for")
    site.kept("/outer-condition/")


def lua_views(site):
    """The same for a page inside of another wrapper, called by Lua."""
    t = site.t
    for kind in ("plain", "vary_a", "tagged", "template"):
        site.kept("/lua/" + kind + "/")
    for kind in ("private", "cookie", "stream"):
        site.not_kept("/lua/" + kind + "/")
    t.check(site.get("/lua/fails/").status == 500 and site.get("/lua/forbidden/").status == 403, "errors go through")
    t.check(site.get("/lua/plain/").headers["vary"] == "X-Lua", "the wrapper outside works on the page")
    t.check(site.get("/lua/tagged/", {"If-None-Match": '"v1"'}).status == 304, "304")


def single_flight(site):
    """One makes the page, the others wait."""
    t = site.t
    n = 200
    answers, _ = site.together("/cold/", n)
    t.check({a.body for a in answers} == {b"cold 1"} and all(a.status == 200 for a in answers), "200 clients, one run",
            {a.body for a in answers})
    answers, _ = site.together("/cold/x/", 40, lambda i: {"X-Forwarded-For": "1.2.3.4"})
    t.check({a.body for a in answers} == {b"cold:x 1"}, "and with parameters")

    # Who waits for a page that is for nobody else goes on at once, with all the others.
    answers, seconds = site.together("/cold-private/", 40)
    t.check(len({a.body for a in answers}) == 40 and seconds < 5, "a private page makes no line", seconds)
    answers, seconds = site.together("/cold-private/", 40)
    t.check(len({a.body for a in answers}) == 40 and seconds < 2.5, "and the next ones do not even wait", seconds)
    answers, seconds = site.together("/cold-fails/", 20)
    t.check({a.status for a in answers} == {500} and seconds < 5, "an error neither", seconds)
    answers, seconds = site.together("/none/", 20)
    t.check(len({a.body for a in answers}) == 20 and seconds < 5, "a cache that keeps nothing neither", seconds)

    # Each gets its own page once Vary is known, and waits for that only.
    answers, seconds = site.together("/cold-user/", 30, lambda i: {"X-User": str(i % 3)})
    pages = {}
    for i, a in enumerate(answers):
        pages.setdefault(i % 3, set()).add(a.body)
    t.check(all(len(p) == 1 for p in pages.values()) and len(set.union(*pages.values())) == 3, "one page for each of three users", pages)
    answers, seconds = site.together("/impatient/", 10)
    t.check(len({a.body for a in answers}) > 1 and seconds < 3, "nobody waits longer than `wait`", seconds)


def stale(site):
    t = site.t
    old = site.body("/stale-fails/")
    first = site.body("/stale/")
    time.sleep(2.2)
    answers, _ = site.together("/stale/", 20)
    bodies = [a.body.decode() for a in answers]
    t.check(first in bodies and site.body("/count/stale/") == "2", "one makes it anew, the others get the old page", bodies)
    t.check(site.body("/stale/") == "stale 2", "and then the new one")
    t.check(site.get("/stale-fails/").status == 500, "the one who makes it gets the error")
    t.check({site.body("/stale-fails/") for _ in range(10)} == {old}, "the others the old page")


def death(site, server):
    """A worker dies while it makes a page: one of those who wait makes it."""
    t = site.t
    answers = []

    def ask():
        try:
            answers.append(server.request("GET", "/dies/", timeout=30).body.decode())
        except Exception:  # noqa: BLE001 - the connection of the dead worker
            pass
    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    wait_for(lambda: site.body("/count/dies/") == "1", 10, "the first run")
    time.sleep(0.3)
    start = time.monotonic()
    os.kill(int(site.body("/pid/")), signal.SIGKILL)
    for thread in threads:
        thread.join()
    t.check(set(answers) <= {"dies 2"} and site.body("/dies/") == "dies 2", "another takes over", answers)
    t.check(time.monotonic() - start < 8, "at once", time.monotonic() - start)


def development(site, server):
    """Why is my page not cached?"""
    t = site.t
    for path, why in (("/page/cookie/", "not kept: it sets a cookie (seen)"), ("/page/private/", "not kept: Cache-Control says private"),
                      ("/page/not_found/", "not kept: its status is 404"), ("/page/plain/", "kept for 60 s"), ("/page/plain/", "hit")):
        answer = site.get(path)
        t.check(answer.headers.get("x-page-cache") == why, path + ": " + why, answer.headers)
    t.check("page GET /page/cookie/: not kept: it sets a cookie (seen)" in server.output(), "the log says it", server.output())


def layers(perilune, project, t):
    """The middlewares, and what stands around them."""
    base = "perilune.middleware."

    def with_layers(*names, **more):
        return Server(perilune, project, env=dict(LAYERS=",".join(n if "." in n else base + n for n in names), **more))

    with with_layers("update_cache", "common", "fetch_from_cache") as server:
        site = Site(t, server)
        rules(site, "/site/")
        headers(site, "/site/")
        t.check(any("cache_page..GET" in k for k in site.keys()), "the keys of the site")
        # A view's own page counts more than the site's.
        site.get("/prefixed/?both")
        keys = [k for k in site.keys() if md5("http://127.0.0.1/prefixed/?both") in k]
        t.check(len(keys) == 4, "a page of the view and one of the site", keys)
        site.get("/clear/")
        site.kept("/prefixed/?again")
    with with_layers("update_cache", "request_id", "timing", "fetch_from_cache") as server:
        site = Site(t, server)
        one, two = site.get("/site/plain/").headers, site.get("/site/plain/").headers
        t.check("age" in two and one["x-request-id"] != two["x-request-id"] and "x-request-duration-ms" in two,
                "what belongs to a request is not in the page", (one, two))
    with with_layers("cache", PREFIX="all") as server:
        site = Site(t, server)
        rules(site, "/site/")
        t.check(any("cache_page.all.GET" in k for k in site.keys()), "the prefix of the setting")
    with with_layers("update_cache") as server:
        Site(t, server).not_kept("/site/plain/", "update_cache alone")
    with with_layers("update_cache", "gzip", "fetch_from_cache") as server:
        site = Site(t, server)
        zipped = {"Accept-Encoding": "gzip"}
        t.check(site.get("/site/long/", zipped).headers.get("content-encoding") == "gzip", "gzip")
        answer = site.get("/site/long/", zipped)
        t.check(answer.headers.get("content-encoding") == "gzip" and "age" in answer.headers, "is in the page", answer.headers)
        t.check("content-encoding" not in site.get("/site/long/").headers, "of those who take it")
    with with_layers("gzip", "update_cache", "fetch_from_cache") as server:
        site = Site(t, server)
        site.get("/site/long/")
        answer = site.get("/site/long/", {"Accept-Encoding": "gzip"})
        t.check(answer.headers.get("content-encoding") == "gzip" and "age" in answer.headers, "or around it", answer.headers)
    with with_layers("conditional_get", "security") as server:
        site = Site(t, server)
        tag = site.get("/page/plain/").headers["etag"]
        answer = site.get("/page/plain/", {"If-None-Match": tag})
        t.check(answer.status == 304, "conditional_get makes tags for pages", answer.headers)
    with with_layers("layers.language", "layers.mark", COMPRESS="1") as server:
        site = Site(t, server)
        t.check(site.get("/page/plain/").headers["x-mark"] == site.get("/page/plain/").headers["x-mark"] == "outside", "layers in Lua around a hit")
        site.not_kept("/page/plain/?l", "another language", headers={"X-Language": "de"}, again={"X-Language": "fr"})
        t.check(any(".de.UTC" in k for k in site.keys()), "the language is in the key", site.keys())
        site.kept("/page/long/", "compressed")
        t.check(len(site.get("/page/long/").body) > 300000, "a compressed page")
    with with_layers("common", PROXIES="127.0.0.1") as server:
        site = Site(t, server)
        secure = {"X-Forwarded-Proto": "https"}
        site.not_kept("/page/plain/", "https is another page", headers=secure, again={})
        site.kept("/page/plain/", "https", headers=secure)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    perilune = os.path.abspath(parser.parse_args().perilune)
    t = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-pages-") as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(PROJECT, project)
        with Server(perilune, project) as server:
            site = Site(t, server)
            rules(site, "/page/")
            headers(site, "/page/")
            options(site)
            lua_views(site)
        with Server(perilune, project, workers=2) as server:
            site = Site(t, server)
            single_flight(site)
            stale(site)
            death(site, server)
        with Server(perilune, project, env={"DEBUG_PAGES": "1", "LEVEL": "DEBUG"}) as server:
            development(Site(t, server), server)
        layers(perilune, project, t)
    t.done()


if __name__ == "__main__":
    main()
