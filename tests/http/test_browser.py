#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shop in headless Chromium, on a desktop and on a phone: from the grid to the order.

usage: test_browser.py --perilune BINARY [--screenshots FOLDER]"""
import argparse
import os

from browser import Browser, available
from server import Checks
from shop_site import site

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}


def buy(t, options, server, name):
    base = "http://127.0.0.1:%d" % server.port
    with Browser(*SIZES[name]) as b:
        def seen(what):
            wide = b.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            t.check(wide <= 0, "%s: %s fits the window" % (name, what), "%d px too wide" % wide)
            if options.screenshots:
                b.screenshot(os.path.join(options.screenshots, "%s-%s.png" % (name, what.replace(" ", "-"))))

        b.open(base + "/")
        t.check("Perilune Outfitters" in b.title, name + ": the grid", b.title)
        t.check(len(b.all(".products .product")) >= 24, name + ": products in the grid")
        t.check(b.all(".product svg circle"), name + ": pictures are drawn")
        seen("grid")
        b.type("#q", "lantern")
        b.click(".filters button")
        t.check(b.wait_text("h1", "lantern") and "q=lantern" in b.url, name + ": search", b.url)
        b.open(base + "/?in_stock=1&sort=cheapest")
        b.click(".products .product a")
        t.check("/products/" in b.url, name + ": a product's page", b.url)
        product = b.text("h1")
        seen("product")
        b.type("#author", "Grace")
        b.type("#text", "Seen in a browser")
        b.click("form.card button")
        t.check(b.wait_text(".reviews li", "Seen in a browser"), name + ": the review is there")
        b.type("#quantity", "2")
        b.click(".buy button")
        t.check(b.url.endswith("/cart/") and product in b.text(".lines"), name + ": in the cart", b.url)
        t.check(b.wait_text("[data-cart] .badge", "2"), name + ": the number in the page's head")
        seen("cart")
        b.run("document.querySelectorAll('form.card').forEach(f => f.noValidate = true)")
        b.type("#name", "Grace")
        b.type("#email", "nobody")
        b.type("#address", "2 Crater Road")
        b.click("form.card button")
        t.check("valid email" in b.text("#email-error"), name + ": a wrong address is told at its field")
        t.check(b.run("return document.getElementById('name').value") == "Grace", name + ": what was typed stays")
        t.check(b.run("return document.getElementById('email').getAttribute('aria-describedby')") == "email-error",
                name + ": and is tied to its message")
        b.console_errors()  # Chromium logs the 400 itself
        b.type("#email", "grace@example.com")
        b.click("form.card button")
        t.check("/orders/" in b.url and "Thank you, Grace" in b.text("h1"), name + ": ordered", b.url)
        t.check(not b.all("[data-cart] .badge"), name + ": the cart is empty again")
        seen("order")
        b.open(base + "/dashboard/")
        t.check(len(b.all("svg.chart rect.bar")) >= 12, name + ": charts")
        seen("dashboard")
        for path in ("/", "/cart/", "/notes/", "/uploads/", "/about/", "/status/"):
            b.open(base + path)
            seen("page " + path.strip("/"))
        errors = b.console_errors()
        t.check(errors == [], name + ": nothing in the console", errors)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    parser.add_argument("--screenshots", metavar="FOLDER", help="keep what was seen as PNG files")
    options = parser.parse_args()
    options.perilune = os.path.abspath(options.perilune)
    t = Checks()
    t.check(available(), "chromium and chromedriver are installed")
    if available():
        with site(options) as (server, _):
            for name in SIZES:
                try:
                    buy(t, options, server, name)
                except Exception as e:
                    t.check(False, name, "%s: %s" % (type(e).__name__, e))
    t.done()


if __name__ == "__main__":
    main()
