#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Pages made of templates: render(), TemplateResponse, tags and context processors of an app,
errors on the debug page, names that do not resolve, renders that wait, changes on disk,
perilune check.

usage: templates.py --perilune BINARY
"""
import argparse
import os
import shutil
import subprocess
import tempfile
import threading
import time

from server import Checks, Server, wait_for

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "template_project")
INDEX = """<title>Shop &amp; Co GET</title>
<a href="/products/1/">&lt;Tea&gt;**</a><a href="/products/2/">Milk**</a>
/products/7/ /include/x/ [] /static/a%20b.css /media/ UTC
15 <b><new></b> / ?page=2

"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w") as f:
        f.write(text)


def test_pages(t, server):
    a = server.request("GET", "/")
    t.check(a.status == 200 and a.body.decode() == INDEX, "a page with everything", a.body[:9000][-3000:])
    t.check(a.get("content-type") == "text/html; charset=utf-8", "is HTML")
    a = server.request("GET", "/products/3/")
    t.check((a.status, a.get("x-a"), a.get("content-type"), a.body.decode())
            == (201, "b", "text/plain", "pk 3 /products/3/\n"), "options of render()", a.body)
    a = server.request("GET", "/late/")
    t.check(a.body.decode() == "late 1 hook of shop/late.html\n" and a.get("x-length") == str(len(a.body)),
            "a TemplateResponse is rendered after the hooks", a.body)
    a = server.request("GET", "/rendered/")
    t.check(a.body.decode() == "late 5 \n", "one that was rendered by the view", a.body)


def test_errors(t, server):
    for path, status, wanted in [
            ("/fails/syntax/", 500, ["TemplateSyntaxError", "Unclosed tag on line 2: &#x27;if&#x27;",
                                     "shop/templates/shop/broken.html:2"]),
            ("/fails/missing/", 500, ["TemplateDoesNotExist", "shop/indx.html", "Looked for at",
                                      "Did you mean &#x27;shop/index.html&#x27;?"]),
            ("/fails/code/", 500, ["from the view", "shop/templates/shop/inner.html:3",
                                   "shop/templates/shop/outer.html:2", "shop/views.lua:42"]),
            ("/fails/late/", 500, ["from late", "shop/templates/shop/inner.html:3"])]:
        a = server.request("GET", path, {"Accept": "text/html"})
        for text in wanted:
            t.check(a.status == status and text in a.body.decode(), "%s says %s" % (path, text), a.body.decode()[9000:13000])
    a = server.request("GET", "/fails/strict/")
    t.check(a.body.decode() == "\n", "what does not resolve is nothing", a.body)
    wait_for(lambda: "custmer" in server.output(), 5, "the log")
    for text in ["shop/strict.html:1: 'custmer.name' does not resolve: there is no variable 'custmer'; did you mean 'customer'?",
                 "'customer.nme' does not resolve: there is nothing called 'nme'; did you mean 'name'?"]:
        t.check(text in server.output(), "the log says: " + text, server.output()[-2000:])
    a = server.request("GET", "/fails/strict_then_fails/", {"Accept": "text/html"})
    for text in ["Template names that did not resolve", "shop/strict.html:1",
                 "&#x27;custmer.name&#x27; does not resolve: there is no variable &#x27;custmer&#x27;; did you mean &#x27;customer&#x27;?"]:
        t.check(text in a.body.decode(), "the debug page says: " + text, a.body.decode()[-6000:])


def test_time(t, server):
    for way in ("endless", "endless_in_c"):
        began = time.monotonic()
        a = server.request("GET", "/fails/%s/" % way, timeout=30)
        t.check(a.status == 504, "the time limit ends a render: " + way, (a.status, a.body[9000:10000]))
        t.check(time.monotonic() - began < 10, "in time")
    t.check(server.request("GET", "/products/3/").status == 201, "the worker goes on")


def test_waiting(t, server):
    answers = []

    def ask():
        answers.append(server.request("GET", "/waits/").body.decode())
    threads = [threading.Thread(target=ask) for _ in range(8)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    t.check(answers == ["1slow 2slow 3slow "] * 8, "renders that wait", answers)
    t.check(time.monotonic() - began < 2, "wait at the same time")  # one by one: 2.7


def test_reload(t, server, project):
    name = "shop/templates/shop/detail.html"
    write(project, name, "changed {{ pk }}")
    a = server.request("GET", "/products/3/")
    t.check(a.body.decode() == "changed 3", "a changed template is read again", a.body)
    write(project, "templates/shop_none", "")
    os.mkdir(os.path.join(project, "templates/shop"))
    write(project, "templates/shop/detail.html", "before {{ pk }}")
    a = server.request("GET", "/products/3/")
    t.check(a.body.decode() == "before 3", "one that comes before it is found", a.body)


def test_check(t, perilune, project):
    write(project, "templates/child.html", 'x\n{{ x|nothing }}')
    write(project, "templates/child2.html", '{% extends "bas.html" %}\n\n{% include "shop/bage.html" %}')
    run = subprocess.run([perilune, "-C", project, "check"], capture_output=True, text=True)
    out = run.stderr
    t.check(run.returncode == 1, "check fails", out)
    for text in ["shop/templates/shop/broken.html:2: (templates.E001) Unclosed tag on line 2: 'if'",
                 "templates/child.html:2: (templates.E001) Invalid filter: 'nothing'",
                 "templates/child2.html:1: (templates.E002) {% extends \"bas.html\" %} names a template that does not exist; did you mean 'base.html'?",
                 "templates/child2.html:3: (templates.W001)"]:
        t.check(text in out, "check says " + text, out)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--perilune", required=True)
    options = ap.parse_args()
    t = Checks()
    with tempfile.TemporaryDirectory() as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(PROJECT, project)
        with Server(options.perilune, project, workers=1) as server:
            test_pages(t, server)
            test_errors(t, server)
            test_waiting(t, server)
            test_reload(t, server, project)
            test_time(t, server)
        test_check(t, options.perilune, project)
    t.done()


if __name__ == "__main__":
    main()
