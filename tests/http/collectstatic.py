#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""collectstatic and findstatic, the manifest, and what a server makes of it.

usage: collectstatic.py --perilune PATH
"""
import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

from server import Checks, Server

SETTINGS = """-- SPDX-License-Identifier: MIT
return {
  debug = false,
  secret_key = "only for tests: jd8f7gk2l4m6n8p0q1r3s5t7u9v1w3x5y7z9",
  allowed_hosts = { "127.0.0.1" },
  installed_apps = { "shop", "blog.posts" },
  root_urlconf = "urls",
  serve_static = true,
  static_root = "collected",
  staticfiles_dirs = { "assets" },
  %s
}
"""

URLS = """-- SPDX-License-Identifier: MIT
local urls = require "perilune.urls"
local static = require "perilune.static"
local function links(request)
  return static(request.GET.name) .. "\\n" .. static.static(request.GET.name)
end
return { urls.path("", function() return "home" end), urls.path("link", links) }
"""

FILES = {
    "assets/css/site.css": "@import 'more.css';\nbody { background: url(../img/dot.png#x) }\n" + "p { color: red }\n" * 100,
    "assets/css/more.css": "a { b: url(https://example.com/x.png) }",
    "assets/img/dot.png": "png",
    "assets/both.txt": "from assets",
    "assets/.hidden": "x",
    "assets/backup.txt~": "x",
    "assets/code.lua": "return 1",
    "assets/q é.txt": "q",
    "shop/static/both.txt": "from shop",
    "shop/static/shop/app.js": "f()\n//# sourceMappingURL=app.js.map\n",
    "shop/static/shop/app.js.map": "{}",
    "shop/static/shop/source.psd": "psd",
    "blog/posts/static/posts.txt": "posts",
}
PLAIN = {"css/site.css", "css/more.css", "img/dot.png", "both.txt", "q é.txt", "shop/app.js",
         "shop/app.js.map", "shop/source.psd", "posts.txt"}


def md5(data):
    return hashlib.md5(data).hexdigest()[:12]


class Project(Checks):
    def __init__(self, perilune):
        super().__init__()
        self.perilune = perilune
        self.root = tempfile.mkdtemp(prefix="perilune-collect-")
        self.settings("")
        self.write("urls.lua", URLS)
        for name, content in FILES.items():
            self.write(name, content)

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def write(self, name, content, age=0):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(content)
        os.utime(path, (1750000000 - age, 1750000000 - age))

    def settings(self, more):
        self.write("settings.lua", SETTINGS % more)

    def read(self, name):
        with open(self.path("collected", name), "rb") as f:
            return f.read()

    def collected(self):
        found = set()
        for folder, _, names in os.walk(self.path("collected")):
            found |= {os.path.relpath(os.path.join(folder, n), self.path("collected")) for n in names}
        return found

    def run(self, *args, status=0):
        done = subprocess.run([self.perilune, "-C", self.root, *args], capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.check(done.returncode == status, " ".join(args),
                   "status %d: %s%s" % (done.returncode, done.stdout, done.stderr))
        return done.stdout + done.stderr

    def says(self, text, *args, status=0):
        out = self.run(*args, status=status)
        self.check(text in out, " ".join(args), "'%s' is not in: %s" % (text, out))

    # ---- cases ----

    def plain(self):
        self.says("9 static files would be copied", "collectstatic", "--dry-run")
        self.check(not os.path.exists(self.path("collected")), "a dry run writes nothing")
        out = self.run("collectstatic", "--no-input")
        self.check("9 static files copied to '%s'." % self.path("collected") in out, "report", out)
        self.check("shop/static/both.txt' is not used" in out, "names what is hidden", out)
        self.check(self.collected() == PLAIN, "what is copied", self.collected() ^ PLAIN)
        self.check(self.read("both.txt") == b"from assets", "the first one wins")
        st = os.stat(self.path("collected/both.txt"))
        self.check(st.st_mtime == 1750000000 and st.st_mode & 0o777 == 0o644, "time and mode", st)
        self.says("0 static files copied to '%s', 9 unmodified." % self.path("collected"),
                  "collectstatic")
        self.write("assets/both.txt", "changed and older", age=100)
        self.says("1 static file copied", "collectstatic")
        self.check(self.read("both.txt") == b"changed and older", "a change is copied")
        self.write("collected/old.txt", "old")
        self.run("collectstatic", "--verbosity", "0")
        self.check("old.txt" in self.collected(), "what is there stays")
        self.says("delete everything", "collectstatic", "--clear", "--dry-run")
        self.check("old.txt" in self.collected(), "a dry run deletes nothing")
        self.says("8 static files copied", "collectstatic", "--clear", "--no-input", "--ignore", "*.psd")
        self.check(self.collected() == PLAIN - {"shop/source.psd"}, "clear, ignore", self.collected())
        out = self.run("collectstatic", "-c", "-i", "shop", "-i", "css/*", "-v", "2")
        self.check(self.collected() == {"img/dot.png", "both.txt", "q é.txt", "posts.txt"},
                   "patterns", self.collected())
        self.check("copy '%s'" % self.path("assets/img/dot.png") in out, "verbosity", out)

    def compress(self):
        self.says("2 compressed", "collectstatic", "--clear", "--compress")
        css = FILES["assets/css/site.css"].encode()
        self.check(gzip.decompress(self.read("css/site.css.gz")) == css, "gzip")
        self.check(self.collected() - PLAIN == {"css/site.css.gz", "css/site.css.br"}, "variants",
                   self.collected() - PLAIN)
        self.check("compressed" not in self.run("collectstatic", "--compress"), "only once")
        with Server(self.perilune, self.root) as server:
            a = server.request("GET", "/static/css/site.css", {"Accept-Encoding": "gzip, br"})
            self.check(a.get("content-encoding") == "br", "brotli is served", a.headers)
            a = server.request("GET", "/link?name=q%20%C3%A9.txt")
            self.check(a.body == b"/static/q%20%C3%A9.txt\n/static/q%20%C3%A9.txt", "plain URL", a.body)
        self.write("assets/css/site.css", "x", age=50)
        self.run("collectstatic")
        self.check("css/site.css.gz" not in self.collected(), "no variant of an old version")
        self.write("assets/css/site.css", FILES["assets/css/site.css"])

    def manifest(self):
        self.settings('staticfiles_storage = "manifest",')
        self.says("9 post-processed", "collectstatic", "--clear", "--compress")
        m = json.loads(self.read("staticfiles.json"))
        paths = m["paths"]
        self.check(set(paths) == PLAIN and m["version"] == "1.1", "manifest", m)
        self.check(m["hash"] == md5(json.dumps(sorted(paths.items())).encode()), "its hash", m)
        self.check(self.read("staticfiles.json").decode() == json.dumps(m), "its text")
        for name, hashed in paths.items():
            content = self.read(hashed)
            self.check(md5(content) in hashed, "hash of " + name, hashed)
        css = self.read(paths["css/site.css"]).decode()
        self.check(css.startswith('@import url("%s");' % os.path.basename(paths["css/more.css"])) and
                   'url("../%s#x")' % paths["img/dot.png"] in css, "URLs in CSS", css[:200])
        self.check(self.read("css/site.css").decode() == FILES["assets/css/site.css"], "plain copy")
        js = self.read(paths["shop/app.js"]).decode()
        self.check("sourceMappingURL=%s\n" % os.path.basename(paths["shop/app.js.map"]) in js, "map", js)
        self.check(paths["css/site.css"] + ".br" in self.collected(), "hashed and compressed")
        self.check(self.run("collectstatic").count("0 static files copied") == 1, "again")
        with Server(self.perilune, self.root) as server:
            a = server.request("GET", "/link?name=css/site.css%3Fv=1%23top")
            url = "/static/%s?v=1#top" % paths["css/site.css"]
            self.check(a.body.decode() == url + "\n" + url, "URL", a.body)
            a = server.request("GET", "/static/" + paths["css/site.css"], {"Accept-Encoding": "gzip"})
            self.check(a.status == 200 and "immutable" in a.get("cache-control", "") and
                       gzip.decompress(a.body).decode() == css, "served for ever", a.headers)
            a = server.request("GET", "/link?name=css/sit.css")
            self.check(a.status == 500 and "did you mean 'css/site.css'" in server.output(),
                       "unknown name", server.output()[-500:])
        self.write("assets/css/bad.css", "a { b: url(nowhere.png) }")
        self.says("css/bad.css names 'nowhere.png'", "collectstatic", status=1)
        self.says("10 unmodified", "collectstatic", "--no-post-process")
        os.unlink(self.path("assets/css/bad.css"))
        self.settings('storages = { staticfiles = { backend = "manifest" } },')
        self.says("post-processed", "collectstatic", "-c")
        self.settings('staticfiles_storage = "manifesto",')
        self.says("did you mean 'manifest'", "collectstatic", status=1)

    def wrong(self):
        self.settings('static_root = "assets/all",')
        self.says("static_root", "collectstatic", status=1)
        for root in (".", "..", "assets/../..", "/", self.root, "assets", "shop/static/x", "shop"):
            self.settings('static_root = "%s",' % root)
            self.says("static_root", "collectstatic", "--clear", "--no-input", status=1)
        self.check(os.path.exists(self.path("assets/css/site.css")), "nothing is lost")
        self.settings('static_root = false,')
        self.run("collectstatic", status=1)
        self.settings('static_root = "",')
        self.says("'static_root' is not set", "collectstatic", status=1)
        self.settings("")
        self.run("collectstatic", "--unknown", status=2)
        self.says(self.path("assets/both.txt"), "findstatic", "both.txt")
        self.says("hides " + self.path("shop/static/both.txt"), "findstatic", "both.txt")
        self.says("no static file 'none.txt' in '%s'" % self.path("assets"), "findstatic", "none.txt",
                  status=1)
        self.run("findstatic", "../settings.lua", status=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--perilune", required=True)
    project = Project(parser.parse_args().perilune)
    try:
        for case in ("plain", "compress", "manifest", "wrong"):
            getattr(project, case)()
    finally:
        shutil.rmtree(project.root)
    project.done()


if __name__ == "__main__":
    sys.exit(main())
