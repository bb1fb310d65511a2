#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`perilune test`: what it says of tests that fail, its options, its processes.

usage: test_testing.py --perilune BINARY
The project testing_project has tests that pass; here are those that do not."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

from server import Checks

PROJECT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testing_project")

FAILING = """
local shop = require "shop.models"
local test = require "perilune.test"
describe("broken", function()
  it("compares", function()
    assert.same({ a = 1, list = { "a long text that takes a line", "b" }, more = "yet another text, and longer than the others are" },
      { a = 1, list = { "a long text that takes a line", "c" }, more = "yet another text, and longer than the others are" })
  end)
  it("raises", function()
    shop.Product.objects:filter { nam = "x" }:count()
  end)
  it("refers to nothing", function()
    shop.Product.objects:create { name = "x", slug = "x", price = 1, stars = 1, category_id = 99 }
  end)
  it("asks too much", function()
    assert.num_queries(1, function() for _ = 1, 2 do shop.Tag.objects:count() end end)
  end)
  it("is told of a wrong name", function()
    assert.template_usd(test.client:get "/", "x")
  end)
  it("logs", function()
    require("perilune.log").get("shop"):error("what was logged")
    assert.equal(1, 2, "the sum")
  end)
  it("passes #slow", function() end)
  pending "comes later"
end)
describe("state", function()
  it("stays", function() require("shop.views").calls = { 1 } end)
end)
describe("after_each", function()
  after_each(function() shop.nothing.here = 1 end)
  it("is told of", function() end)
end)
"""


class Runs:
    def __init__(self, perilune, folder):
        self.perilune, self.folder = perilune, folder

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def run(self, *args):
        done = subprocess.run([self.perilune, "-C", self.folder, "test", *args], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr


def passing(t, r):
    status, out, err = r.run()
    t.check(status == 0 and " 0 failed in " in out, "the project's own tests", out + err)
    t.check(not os.path.exists(os.path.join(r.folder, "db.sqlite3")), "the database of the settings is not touched")
    count = re.search(r"(\d+) passed", out).group(1)
    status, out, err = r.run("--parallel", "2", "--shuffle", "7")
    t.check(status == 0 and count + " passed" in out and "--shuffle 7" in out, "two processes, shuffled", out + err)
    status, out, _ = r.run("shop/tests/test_database.py")
    t.check(status == 1, "no such file", out)
    status, out, err = r.run("shop.tests.test_database", "-k", "rolled and not 2", "-v", "2")
    t.check(status == 0 and "1 passed" in out and "ok a test is rolled back, 1" in out, "-k", out + err)
    status, out, err = r.run("nowhere")
    t.check(status == 1 and "there is no test file, folder or app 'nowhere'" in err, "no such path", err)
    status, out, err = r.run("--paralel", "2")
    t.check(status == 2 and "did you mean '--parallel'?" in err, "wrong usage", err)
    status, out, err = r.run("-k", "nothing_has_this_name")
    t.check(status == 1 and "no test was selected" in out, "no test", out)


def kept(t, r):
    status, out, err = r.run("--keepdb", "-k", "counted")
    t.check(status == 0 and os.path.exists(os.path.join(r.folder, "test_db.sqlite3")), "--keepdb keeps it", out + err)
    status, out, err = r.run("--keepdb", "-k", "rolled")
    t.check(status == 0 and "2 passed" in out, "and uses it", out + err)


def failing(t, r):
    r.write("shop/tests/test_broken.lua", FAILING)
    status, out, err = r.run("shop/tests/test_broken.lua")
    t.check(status == 1 and "1 passed, 8 failed, 1 pending" in out, "the sum", out + err)
    for text in ('shop/tests/test_broken.lua:6\n    > assert.same({ a = 1',
                 '-   list = { "a long text that takes a line", "b" },\n    +   list = { "a long text that takes a line", "c" },',
                 "did you mean 'name'?",
                 "a commit would fail (FOREIGN KEY constraint): row 1 of shop_product: its category_id is no row of shop_category",
                 'want 1 queries, got 2:\n    1. SELECT COUNT(*)',
                 "assert has no 'template_usd'; did you mean 'template_used'?",
                 "the sum:\n    want 1\n    got  2", "ERROR shop: what was logged", "the test leaves state in a module: shop.views.calls was nil and is { 1 }", "ERROR: after_each is told of"):
        t.check(text in out, "shown: " + text, out)
    status, out, _ = r.run("shop/tests/test_broken.lua", "--failfast")
    t.check(status == 1 and "0 passed, 1 failed" in out, "--failfast", out)
    status, out, _ = r.run("shop/tests/test_broken.lua", "--tag", "slow")
    t.check(status == 0 and "1 passed, 0 failed" in out, "--tag", out)
    status, out, _ = r.run("shop/tests/test_broken.lua:14", "--tap")
    t.check(status == 1 and "not ok 1 - shop/tests/test_broken.lua: broken refers to nothing" in out, "a line, --tap", out)
    path = os.path.join(r.folder, "junit.xml")
    status, out, err = r.run("shop/tests/test_broken.lua", "--junit", path, "--durations", "2")
    t.check("slowest 2:" in out, "--durations", out)
    suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
    t.check(suite is not None and suite.get("failures") == "5" and suite.get("errors") == "3" and suite.get("skipped") == "1",
            "--junit", open(path).read())
    r.write("shop/tests/test_broken.lua", "describe('x', function()\n  it('y' function() end)\nend)\n")
    status, out, _ = r.run("shop/tests/test_broken.lua")
    t.check(status == 1 and "shop/tests/test_broken.lua:2" in out, "a file that does not compile", out)
    r.write("shop/tests/test_broken.lua", "leak = 1\n")
    status, out, _ = r.run("shop/tests/test_broken.lua")
    t.check("assignment to undeclared global 'leak'" in out, "a global", out)
    r.write("shop/tests/test_broken.lua", "describe('x', { transacton = true }, function() end)\n")
    status, out, _ = r.run("shop/tests/test_broken.lua")
    t.check("unknown option 'transacton'; did you mean 'transaction'?" in out, "an option", out)
    os.remove(os.path.join(r.folder, "shop/tests/test_broken.lua"))


def crashing(t, r):
    r.write("shop/tests/test_crash.lua", "it('dies', function() os.execute('kill -KILL $PPID') require('perilune.time').sleep(5) end)\n")
    status, out, err = r.run("--parallel", "2")
    t.check(status == 1 and re.search(r"worker \d was ended by signal 9 while it ran this file", out), "a worker that dies is named", out + err)
    t.check("1 failed" in out, "and the others go on", out)
    os.remove(os.path.join(r.folder, "shop/tests/test_crash.lua"))
    left = [n for n in os.listdir("/dev/shm") if n.startswith("perilune-test-")] if os.path.isdir("/dev/shm") else []
    r.run("-k", "counted")
    now = [n for n in os.listdir("/dev/shm") if n.startswith("perilune-test-")] if os.path.isdir("/dev/shm") else []
    t.check(len(now) <= len(left), "what a killed run left is swept away", "%s %s" % (left, now))


def covering(t, r):
    status, out, err = r.run("--coverage", "--coverage-min", "50")
    t.check(status == 0 and re.search(r"shop/views\.lua +\d+ +\d+ +\d+%", out), "--coverage", out + err)
    with open(os.path.join(r.folder, "coverage.lcov")) as f:
        lcov = f.read()
    with open(os.path.join(r.folder, "shop/views.lua")) as f:
        lines = f.read().split("\n")
    broke = next(i for i, line in enumerate(lines, 1) if "it broke" in line)
    section = lcov[lcov.index("shop/views.lua"):].split("end_of_record")[0]
    t.check(re.search(r"^DA:%d,[1-9]" % broke, section, re.M), "a line that ran", section)
    blank = next(i for i, line in enumerate(lines, 1) if line == "")
    t.check("DA:%d," % blank not in section, "a line without code", section)
    t.check("it broke" in open(os.path.join(r.folder, "htmlcov/shop_views.lua.html")).read(), "pages of HTML")
    status, out, err = r.run("-k", "rolled", "--coverage", "--coverage-min", "99")
    t.check(status == 1 and "--coverage-min asks for 99" in out, "--coverage-min", out + err)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    args = parser.parse_args()
    t = Checks()
    with tempfile.TemporaryDirectory(prefix="perilune-testing-") as folder:
        project = os.path.join(folder, "project")
        shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("*.sqlite3*", "htmlcov", "coverage.lcov"))
        r = Runs(os.path.abspath(args.perilune), project)
        for part in (passing, kept, failing, crashing, covering):
            part(t, r)
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
