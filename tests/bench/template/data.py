# SPDX-License-Identifier: MIT
"""The context of the page: the same that data.lua makes."""


def product(i):
    return {
        "slug": "Product-%d" % i,
        "name": ("Product %d <b>& co</b> with a long name" % i)[: 14 + i % 20],
        "maker": "" if i % 7 == 0 else "Maker & Sons %d" % (i % 50),
        "price": i * 1.25,
        "tags": ["tag%d" % (i % 3), "<new>", "x%d" % i],
        "stock": i % 17,
    }


CONTEXT = {
    "title": "Products & prices",
    "owner": "Nobody <nobody@example.com>",
    "products": [product(i) for i in range(1, 1001)],
}
