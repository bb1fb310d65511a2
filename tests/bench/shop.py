#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shop of app/ with many rows: reports beside the same SQL in the sqlite3 shell, and the list
of products out of the page cache beside a plain answer of the same site.

usage: shop.py [--perilune BINARY] [--products N] [--orders N] [--database FILE]

FILE is made when it is not there, and kept; without it the data is made anew.  The reports'
figures are seconds of CPU, the median of several runs that take turns."""
import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "http"))
from server import Server, cpu_seconds  # noqa: E402
from shop_site import ENVIRONMENT, command  # noqa: E402

# Each report runs once in a process that has the project loaded; "none" is that process alone.
SCRIPT = r"""
local analytics = require "shop.analytics"
local name = arg[1]
local reports = {
  none = function() end,
  product_performance = function() return analytics.queries.product_performance() end,
  customer_segments = function() return analytics.queries.customer_segments() end,
  trending = function() return analytics.queries.trending(10) end,
  recommended = function() return analytics.queries.recommended("ada0@example.com", 10) end,
  category_ranking = function() return analytics.queries.category_ranking() end,
  order_status = function() return analytics.queries.order_status() end,
}
local queryset = reports[name]()
if not queryset then
  return
elseif arg[2] then -- the SQL with its values, for the shell
  local sql, params = queryset:sql()
  local i = 0
  print((sql:gsub("%?", function()
    i = i + 1
    local v = params[i]
    return type(v) == "number" and tostring(v) or "'" .. tostring(v):gsub("'", "''") .. "'"
  end)) .. ";")
else
  queryset:to_list()
end
"""
REPORTS = ("product_performance", "customer_segments", "trending", "recommended", "category_ranking", "order_status")


def cpu(args, **kwargs):
    """Seconds of CPU that a program took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(args, stdout=subprocess.DEVNULL, check=True, **kwargs)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def reports(options, project, database, rounds):
    env = {**os.environ, **ENVIRONMENT, "DATABASE": database}
    script = os.path.join(os.path.dirname(database), "report.lua")
    with open(script, "w") as f:
        f.write(SCRIPT)
    run = [options.perilune, "run", script]
    empty = statistics.median(cpu(run + ["none"], cwd=project, env=env) for _ in range(rounds))
    print("%-22s %10s %10s %7s" % ("report", "ours", "sqlite3", "ratio"))
    for name in REPORTS:
        sql = subprocess.run(run + [name, "sql"], cwd=project, env=env, capture_output=True, text=True, check=True).stdout
        ours, shell = [], []
        for _ in range(rounds):
            ours.append(cpu(run + [name], cwd=project, env=env) - empty)
            shell.append(cpu(["sqlite3", database, sql]))
        a, b = statistics.median(ours), statistics.median(shell)
        print("%-22s %8.0f ms %7.0f ms %7.2f" % (name, a * 1000, b * 1000, a / b))


def wrk(url, seconds):
    out = subprocess.run(["wrk", "-t1", "-c32", "-d%ds" % seconds, url], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"(\d+) requests in", out).group(1)), float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def pages(options, project, database, rounds):
    with Server(options.perilune, project, "serve", workers=1, env={**ENVIRONMENT, "DATABASE": database}) as server:
        base, worker = "http://127.0.0.1:%d" % server.port, server.workers()[0]
        figures = {"/api/health/": [], "/": [], "/?sort=cheapest&page=3": []}
        for _ in range(rounds):
            for path, found in figures.items():
                wrk(base + path, 1)
                before = cpu_seconds(worker)
                n, rate = wrk(base + path, 3)
                found.append(((cpu_seconds(worker) - before) / n * 1e6, rate))
        print("\n%-22s %12s %10s %9s" % ("page", "us CPU each", "per second", "of plain"))
        plain = statistics.median(rate for _, rate in figures["/api/health/"])
        for path, found in figures.items():
            rate = statistics.median(r for _, r in found)
            print("%-22s %12.1f %10.0f %9.2f" % (path, statistics.median(c for c, _ in found), rate, rate / plain))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", default=os.path.join(ROOT, "build", "release", "perilune"))
    parser.add_argument("--products", type=int, default=10000)
    parser.add_argument("--orders", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", metavar="FILE")
    options = parser.parse_args()
    options.perilune = os.path.abspath(options.perilune)
    project = os.path.join(ROOT, "app")
    with tempfile.TemporaryDirectory(prefix="perilune-bench-") as folder:
        database = os.path.abspath(options.database or os.path.join(folder, "shop.sqlite3"))
        if not os.path.exists(database):
            env = {"DATABASE": database}
            command(options, project, "migrate", "--verbosity", "0", env=env)
            command(options, project, "seed_data", "--products", str(options.products), "--orders", str(options.orders),
                    "--verbosity", "0", env=env)
        reports(options, project, database, options.rounds)
        pages(options, project, database, options.rounds)


main()
