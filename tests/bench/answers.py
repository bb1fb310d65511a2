# SPDX-License-Identifier: MIT
"""The tests, what a right answer to each of them is, and the database that they read."""
import html.parser
import json
import os
import random
import sqlite3

WORLDS = 10000
# In an order that is not that of the messages, with what has to be escaped among them.
MESSAGES = [
    "Make it right before you make it fast; make a copy before you do either.",
    "A comment that is wrong was right once.",
    "<script>document.title = \"this line must stay text\"</script>",
    "Half of the bugs are off by one, the other two by more.",
    "He who deploys on Friday & leaves at five is called at six.",
    "Naming is hard; see also: thing2_final.",
    "An index is a table of contents that you pay for by the page.",
    "Nobody reads the log until it is \"too late\".",
    "The moon's far side is only far from here.",
    "1 < 2, but only if you compare numbers.",
    "Ein gutes Protokoll erklärt, warum – nicht nur, was.",
    "月は東に日は西に",
]
ADDED = "Additional fortune added at request time."


def seed(path):
    """A new file with world(id, randomnumber) and fortune(id, message), in WAL mode."""
    if os.path.exists(path):
        os.remove(path)
    numbers = random.Random(20)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE world (id integer NOT NULL PRIMARY KEY,"
               " randomnumber integer NOT NULL)")
    db.execute("CREATE TABLE fortune (id integer NOT NULL PRIMARY KEY, message text NOT NULL)")
    db.executemany("INSERT INTO world VALUES (?, ?)",
                   ((i + 1, numbers.randint(1, WORLDS)) for i in range(WORLDS)))
    db.executemany("INSERT INTO fortune VALUES (?, ?)", enumerate(MESSAGES, 1))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


class Cells(html.parser.HTMLParser):
    """The texts in the cells of a table."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.inside, self.script = [], False, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "td"
        self.script |= tag == "script"
        if self.inside:
            self.cells.append("")

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data


def is_world(value):
    return (isinstance(value, dict) and sorted(value) == ["id", "randomNumber"]
            and all(type(v) is int and 1 <= v <= WORLDS for v in value.values()))


def world(body):
    return is_world(json.loads(body))


def worlds(body):
    rows = json.loads(body)
    return isinstance(rows, list) and len(rows) == 20 and all(map(is_world, rows))


def fortunes(body):
    page = Cells(body.decode())
    wanted = sorted(MESSAGES + [ADDED], key=str.encode)
    ids = {ADDED: "0", **{text: str(i) for i, text in enumerate(MESSAGES, 1)}}
    return not page.script and page.cells == [c for text in wanted for c in (ids[text], text)]


# name: path, content type, whether a body is right
TESTS = {
    "plaintext": ("/plaintext", "text/plain", lambda b: b == b"Hello, World!"),
    "json": ("/json", "application/json", lambda b: json.loads(b) == {"message": "Hello, World!"}),
    "db": ("/db", "application/json", world),
    "queries": ("/queries?queries=20", "application/json", worlds),
    "updates": ("/updates?queries=20", "application/json", worlds),
    "fortunes": ("/fortunes", "text/html", fortunes),
    "page": ("/page", "text/plain", lambda b: b == b"Hello, World!"),
    "cached": ("/cached-queries?count=20", "application/json", worlds),
}
# Two answers that are equal were not made of random rows.
RANDOM = ("queries", "updates", "cached")
