#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The memory cache beside nginx's shared dictionary, and two processes beside one.

usage: cache.py [--perilune BINARY]

Both do the same from Lua: 1,000 short strings, one after the other. nginx runs it inside of
a request, LuaJIT and all. Rounds take turns, so that a slow minute hits both alike."""
import argparse
import os
import pwd
import grp
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "http"))
from server import free_port, wait_for  # noqa: E402

ROUNDS, SECONDS = 3, 2

NGINX = """
load_module %(modules)s/ndk_http_module.so;
load_module %(modules)s/ngx_http_lua_module.so;
daemon off; worker_processes 1; user %(user)s; pid %(run)s/pid; error_log stderr warn;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path %(run)s/body; proxy_temp_path %(run)s/proxy; fastcgi_temp_path %(run)s/fastcgi;
  uwsgi_temp_path %(run)s/uwsgi; scgi_temp_path %(run)s/scgi;
  lua_shared_dict values 64m;
  server { listen 127.0.0.1:%(port)d; location / { content_by_lua_block {
    local dict, keys, N = ngx.shared.values, {}, 200000
    for i = 1, 1000 do
      keys[i] = "key:" .. i
      dict:set(keys[i], "a short value " .. i, 300)
    end
    local function best(fn)
      local least = math.huge
      for _ = 1, 10 do
        collectgarbage()
        local start = os.clock()
        fn()
        least = math.min(least, os.clock() - start)
      end
      ngx.say(("%%.0f"):format(least / N * 1e9))
    end
    best(function() for i = 1, N do dict:get(keys[i %% 1000 + 1]) end end)
    best(function() for i = 1, N do dict:set(keys[i %% 1000 + 1], "a short value", 300) end end)
  } } }
}
"""


def nginx_config(run, port):
    nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True).stderr
    values = {"modules": re.search(r"--modules-path=(\S+)", built).group(1), "run": run, "port": port,
              "user": pwd.getpwuid(os.getuid()).pw_name + " " + grp.getgrgid(os.getgid()).gr_name}
    path = os.path.join(run, "nginx.conf")
    with open(path, "w") as f:
        f.write(NGINX % values)
    return [nginx, "-p", run, "-e", "stderr", "-c", path]


def of_nginx(port):
    def ask():
        try:
            return urllib.request.urlopen("http://127.0.0.1:%d/" % port, timeout=60).read().split()
        except OSError:
            return None
    return [int(x) for x in wait_for(ask, 20, "nginx")]


def of_perilune(perilune):
    done = subprocess.run([perilune, "run", os.path.join(HERE, "cache.lua")], capture_output=True, text=True, check=True)
    return [int(x) for x in re.findall(r"short string +(\d+) ns", done.stdout)]


def together(perilune, kind, n):
    """Operations a second, and a second of CPU, of n processes that share a cache.  The
    second figure does not suffer from others that use the machine."""
    argv = [perilune, "-C", os.path.join(HERE, "app"), "run", "../cache.lua", kind, str(SECONDS)]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(n)]
    rates = [p.communicate()[0].split() for p in running]
    return sum(float(r[0]) for r in rates), sum(float(r[1]) for r in rates)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--perilune", default="build/release/perilune", metavar="BINARY")
    perilune = os.path.abspath(ap.parse_args().perilune)
    run, port = tempfile.mkdtemp(prefix="perilune-bench-"), free_port()
    nginx = subprocess.Popen(nginx_config(run, port), stderr=subprocess.DEVNULL)
    try:
        rounds = [(of_perilune(perilune), of_nginx(port)) for _ in range(ROUNDS)]
        for i, name in enumerate(("get", "set")):
            print("%s, a short string: perilune %d ns, nginx %d ns (best of %d rounds)"
                  % (name, min(r[0][i] for r in rounds), min(r[1][i] for r in rounds), ROUNDS))
    finally:
        nginx.terminate()
        nginx.wait()
        shutil.rmtree(run, ignore_errors=True)
    for kind in ("reads", "mixed"):
        rounds = [(together(perilune, kind, 2), together(perilune, kind, 1)) for _ in range(ROUNDS)]
        for i, what in enumerate(("in the same time", "with the CPU of both")):
            ratios = [two[i] / one[i] for two, one in rounds]
            print("%s: two processes do %.2f times what one does %s (%s)"
                  % (kind, statistics.median(ratios), what, ", ".join("%.2f" % r for r in ratios)))


if __name__ == "__main__":
    main()
