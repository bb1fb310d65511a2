#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shop of app/ in a server with workers: what needs several requests at once, and what
visitors and programs send wrong.  Its views, services and commands one by one are tested by
app/shop/tests.

usage: test_shop.py --perilune BINARY"""
import argparse
import json
import os
import sqlite3
import threading
from urllib.parse import urlencode

from server import Checks
from shop_site import command, site

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CUSTOMER = {"name": "Ada", "email": "ada@example.com", "address": "1 Crater Road"}


def rows(folder, sql, *values):
    """What the database says, past the server."""
    with sqlite3.connect("file:%s/data/site.sqlite3?mode=ro" % folder, uri=True) as connection:
        return connection.execute(sql, values).fetchall()


def product(folder):
    return rows(folder, "SELECT id, slug, name FROM shop_product WHERE is_active ORDER BY id")[0]


def set_stock(options, folder, pk, n):
    command(options, folder, "shell", "-c",
            'require("shop.models").Product.objects:filter{ pk = %d }:update{ stock_quantity = %d }' % (pk, n))


def at_once(n, work):
    """work(i) in n threads that begin together; gives what they gave."""
    results, barrier = [None] * n, threading.Barrier(n)

    def run(i):
        barrier.wait()
        try:
            results[i] = work(i)
        except Exception as e:  # a reset connection is a result
            results[i] = e
    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def cookies(answer):
    """The Cookie field that a browser would send back."""
    found = []
    for name, value in answer.headers:
        if name == "set-cookie":
            pair = value.split(";")[0]
            if not pair.endswith("=") and '=""' not in pair:
                found.append(pair)
    return {"Cookie": "; ".join(found)} if found else {}


def form(**values):
    return urlencode(values).encode()


# ---- many at once ----

def test_buyers(t, options):
    """200 buyers of a product with 50 pieces: 50 orders, 150 refusals, nothing else."""
    with site(options, workers=2) as (server, folder):
        pk, _, _ = product(folder)
        set_stock(options, folder, pk, 50)
        before = rows(folder, "SELECT count(*) FROM shop_order")[0][0]
        body = json.dumps({**CUSTOMER, "items": [{"product": pk, "quantity": 1}]}).encode()
        answers = at_once(200, lambda i: server.request("POST", "/api/orders/", JSON, body, timeout=60))
        statuses = [a.status if hasattr(a, "status") else repr(a) for a in answers]
        t.check(statuses.count(201) == 50, "50 orders", {s: statuses.count(s) for s in set(statuses)})
        t.check(statuses.count(409) == 150, "150 refusals", {s: statuses.count(s) for s in set(statuses)})
        refusal = next((json.loads(a.body) for a in answers if getattr(a, "status", 0) == 409), {})
        t.check("sold out" in refusal.get("error", "") and refusal.get("available") == 0, "a refusal says why", refusal)
        t.check(rows(folder, "SELECT stock_quantity FROM shop_product WHERE id = ?", pk) == [(0,)], "stock is 0")
        after = rows(folder, "SELECT count(*) FROM shop_order")[0][0]
        t.check(after - before == 50, "no half orders", (before, after))
        lonely = rows(folder, "SELECT count(*) FROM shop_order o WHERE NOT EXISTS (SELECT 1 FROM shop_orderitem i WHERE i.order_id = o.id)")
        t.check(lonely == [(0,)], "every order has items", lonely)


def test_counters(t, options):
    """Atomic counters: 100 calls of the API by two workers are counted as 100."""
    with site(options, workers=2) as (server, folder):
        answers = at_once(100, lambda i: server.request("GET", "/api/categories/", timeout=60))
        t.check(all(getattr(a, "status", 0) == 200 for a in answers), "all answered")
        out = command(options, folder, "shell", "-c",
                      'local c = require "perilune.cache"; print(c:get(("api_usage:%s:/api/categories/:GET"):format('
                      'require("perilune.time").today())))').stdout
        t.check(out.strip() == "100", "counted", out)


def test_rate_limit(t, options):
    with site(options, workers=2, RATE_LIMIT="20") as (server, _):
        statuses = [a.status for a in at_once(50, lambda i: server.request("GET", "/api/categories/", timeout=60))]
        t.check(statuses.count(429) >= 10 and 15 <= statuses.count(200) <= 40, "429 past the limit", statuses)
        a = server.request("GET", "/api/categories/")
        t.check(a.status == 429 and 1 <= int(a.get("retry-after")) <= 60, "and when to come again", a.headers)


# ---- from the grid to the order ----

def test_order(t, options):
    with site(options) as (server, folder):
        pk, slug, name = product(folder)
        set_stock(options, folder, pk, 3)
        t.check(server.request("GET", "/products/%s/" % slug).status == 200, "the product's page")
        a = server.request("POST", "/cart/add/", FORM, form(product=pk, quantity=2))
        t.check(a.status == 302 and a.get("location") == "/cart/", "added", (a.status, a.headers))
        cart = cookies(a)
        t.check("cart_count=2" in cart.get("Cookie", ""), "the number for the page's head", cart)
        page = server.request("GET", "/cart/", cart).body.decode()
        t.check(name in page and 'value="2"' in page, "the cart shows it")
        a = server.request("POST", "/cart/checkout/", {**FORM, **cart}, form(**CUSTOMER))
        t.check(a.status == 302 and a.get("location", "").startswith("/orders/"), "ordered", (a.status, a.body))
        page = server.request("GET", a.get("location")).body.decode()
        t.check("Thank you, Ada" in page and name in page and "Paid" in page, "the order's page")
        t.check(rows(folder, "SELECT stock_quantity FROM shop_product WHERE id = ?", pk) == [(1,)], "goods taken")
        a = server.request("POST", "/cart/checkout/", {**FORM, **cart}, form(**CUSTOMER))
        t.check(a.status == 400 and "Only 1 of" in a.body.decode(), "the shelf has less", a.status)
        t.check(server.request("GET", "/orders/NOSUCHORDER1/").status == 404, "an order that is not there")


# ---- wrong input ----

# What is sent to a form, and the words that the page answers with.
WRONG_CUSTOMERS = [
    ({"name": ""}, "This field is required."),
    ({"name": "x" * 101}, "At most 100 characters"),
    ({"email": "nobody"}, "valid email"),
    ({"email": ""}, "This field is required."),
    ({"address": "x" * 501}, "At most 500 characters"),
    ({"name": "a\0b"}, "valid text"),
]

WRONG_ORDERS = [
    (b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b'"x"', 400), (b"{}", 400),
    (b'{"name": 5, "email": "a@example.com", "items": [{"product": 1}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": 5}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": []}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [5]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": "x"}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 1.5}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 1, "quantity": 0}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 1, "quantity": -1}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 1, "quantity": 1e99}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 99999999}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 1}, {"product": 1}]}', 400),
    (b'{"name": "A", "email": "not one", "items": [{"product": 1}]}', 400),
    (b'{"name": "A", "email": "a@example.com", "items": [{"product": 9223372036854775808}]}', 400),
]

WRONG_ADDRESSES = [
    ("/?min_price=abc", 400), ("/?min_price=-1", 400), ("/?max_price=1e5", 400), ("/?sort=random()", 400),
    ("/?category=nowhere", 400), ("/?q=" + "x" * 101, 400), ("/?q=%00", 400), ("/?q=%FF", 200),
    ("/?page=0", 200), ("/?page=9999", 200), ("/?page=x", 200), ("/?q=%25_'\"", 200),
    ("/products/nothing-like-it/", 404), ("/api/products/?page=0", 400), ("/api/products/?page=9999", 404),
    ("/api/products/?page_size=1000", 400), ("/api/products/?min_price=x", 400), ("/api/products/0/", 404),
    ("/api/products/99999999999999999999/", 404), ("/api/reports/secrets/", 404), ("/api/orders/x/", 404),
]

WRONG_CARTS = [
    ("/cart/add/", {"product": "x"}, 400), ("/cart/add/", {}, 400), ("/cart/add/", {"product": "99999999"}, 404),
    ("/cart/set/", {"product": "1", "quantity": "-1"}, 400), ("/cart/set/", {"product": "1"}, 400),
    ("/cart/set/", {"product": "1", "quantity": "1e3"}, 400),
]


def test_wrong_input(t, options):
    with site(options) as (server, folder):
        pk, slug, _ = product(folder)
        count = lambda: [rows(folder, "SELECT count(*) FROM shop_" + name)[0][0] for name in ("order", "orderitem", "review", "auditlog")]
        before = count()
        cart = cookies(server.request("POST", "/cart/add/", FORM, form(product=pk)))
        for change, words in WRONG_CUSTOMERS:
            a = server.request("POST", "/cart/checkout/", {**FORM, **cart}, form(**{**CUSTOMER, **change}))
            t.check(a.status == 400 and words in a.body.decode(), "checkout with %r" % change, a.status)
        a = server.request("POST", "/cart/checkout/", FORM, form(**CUSTOMER))
        t.check(a.status == 400 and "The cart is empty" in a.body.decode(), "checkout of nothing", a.status)
        a = server.request("POST", "/cart/checkout/", {**FORM, "Cookie": "cart=%7B%221%22%3A5%7D:x:y"}, form(**CUSTOMER))
        t.check(a.status == 400, "a forged cart is an empty one", a.status)
        for body, status in WRONG_ORDERS:
            a = server.request("POST", "/api/orders/", JSON, body)
            good = a.status == status and ("error" in json.loads(a.body) or "errors" in json.loads(a.body))
            t.check(good, "POST /api/orders/ %r" % body, (a.status, a.body))
        for path, status in WRONG_ADDRESSES:
            t.check(server.request("GET", path).status == status, "GET " + path, server.request("GET", path).status)
        for path, values, status in WRONG_CARTS:
            a = server.request("POST", path, FORM, form(**values))
            t.check(a.status == status, "%s %r" % (path, values), (a.status, a.body[:300]))
        for values in ({}, {"author": "A"}, {"author": "A", "rating": "6"}, {"author": "A", "rating": "x"},
                       {"author": "", "rating": "5"}, {"author": "A", "rating": "5", "text": "x" * 2001}):
            a = server.request("POST", "/products/%s/review/" % slug, FORM, form(**values))
            t.check(a.status == 400 and b'class="error"' in a.body, "review %r" % values, a.status)
        a = server.request("POST", "/products/%s/review/" % slug, {**FORM, "Origin": "http://evil.example"}, form(author="A", rating="5"))
        t.check(a.status == 403, "a form of another site", a.status)
        t.check(count() == before, "nothing was written", (before, count()))


def test_escaping(t, options):
    """What visitors write is shown as text."""
    with site(options) as (server, folder):
        _, slug, _ = product(folder)
        nasty = "<script>alert(1)</script>"
        a = server.request("POST", "/products/%s/review/" % slug, FORM, form(author=nasty, rating="5", text=nasty))
        t.check(a.status == 302, "written", a.status)
        page = server.request("GET", "/products/%s/" % slug).body.decode()
        t.check(nasty not in page and "&lt;script&gt;" in page, "the page")
        page = server.request("GET", "/?" + urlencode({"q": nasty})).body.decode()
        t.check(nasty not in page and "&lt;script&gt;" in page, "the search")


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
