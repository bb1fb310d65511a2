#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the commands of the binary as a user would, in projects of their own.

usage: test_commands.py --perilune BINARY [--only WORD]
"""
import argparse
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

from server import Checks, Server, wait_for

TESTS = []


def test(fn):
    TESTS.append(fn)
    return fn


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def __repr__(self):
        return "status %d, out %r, err %r" % (self.status, self.out, self.err)


class World:
    """A temporary folder, and what is asked of the binary in it."""

    def __init__(self, perilune, checks, name):
        self.perilune, self.checks, self.name = perilune, checks, name
        self.dir = tempfile.mkdtemp(prefix="perilune-commands-")

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w") as f:
            f.write(text)

    def read(self, name):
        with open(self.path(name)) as f:
            return f.read()

    def run(self, *args, cwd="", stdin="", env=None):
        environment = dict(os.environ, **(env or {}))
        for name in ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "PERILUNE_SETTINGS"):
            if not env or name not in env:
                environment.pop(name, None)
        return Result(subprocess.run([self.perilune, *args], cwd=self.path(cwd), input=stdin, text=True,
                                     capture_output=True, env=environment, timeout=60))

    def check(self, good, what, why=""):
        return self.checks.check(good, "%s: %s" % (self.name, what), why)

    def good(self, *args, out=None, **kw):
        """Must end with 0; and `out` be in what it prints."""
        r = self.run(*args, **kw)
        self.check(r.status == 0 and (out is None or out in r.out), " ".join(args), r)
        return r

    def bad(self, status, text, *args, lines=1, **kw):
        """Must fail with that status and say `text`, in that many lines."""
        r = self.run(*args, **kw)
        fine = r.status == status and text in r.err and r.err.count("\n") == lines
        self.check(fine, " ".join(args), "%r (wanted %d, %r in %d lines)" % (r, status, text, lines))
        return r

    def project(self):
        self.good("startproject", "blog")
        return "blog"


def command(text):
    return "local commands = require \"perilune.commands\"\nreturn {\n  help = \"a test\",\n%s\n}\n" % text


# ---- starting ----

@test
def startproject(w):
    w.good("startproject", "blog", out="cd blog && perilune runserver")
    mode = os.stat(w.path("blog/.env")).st_mode
    w.check(stat.S_IMODE(mode) == 0o600, ".env is the user's alone", oct(mode))
    key = re.search(r"^SECRET_KEY='(.{50})'$", w.read("blog/.env"), re.M)
    w.check(key is not None, "a secret key")
    w.check(key.group(1) not in w.read("blog/settings.lua"), "which is not in the settings")
    w.bad(1, "'blog' exists already", "startproject", "blog")
    w.good("startproject", "other", "new")
    w.check("It works: other" in w.read("new/home/views.lua"), "into a folder of another name")
    w.check(key.group(1) not in w.read("new/.env"), "with another key")
    w.bad(1, "'new/settings.lua' exists already; nothing was written", "startproject", "x", "new")
    os.mkdir(w.path("empty"))
    w.good("startproject", "here", ".", cwd="empty", out="Next: perilune runserver")
    w.good("-C", "empty", "startproject", "inside", out="Next: cd empty/inside &&")
    w.check(os.path.exists(w.path("empty/inside/settings.lua")), "-C without a project")
    w.bad(1, "cannot enter 'nowhere'", "-C", "nowhere", "startproject", "x")
    w.good("startproject", "silent", "--verbosity", "0", out="")
    for name, text in (("my-blog", "try 'my_blog'"), ("1st", "try '_1st'"), ("a/b", "is no name"),
                       ("..", "is no name"), ("end", "is a word of Lua"), ("", "is no name")):
        w.bad(1, text, "startproject", name)
    w.bad(2, "missing: name", "startproject", lines=2)


@test
def new_project_runs(w):
    w.project()
    w.good("check", cwd="blog", out="System check identified no issues (0 silenced).")
    w.good("test", cwd="blog", out="3 passed, 0 failed")
    settings = w.read("blog/settings.lua")
    w.write("blog/settings.lua", settings.replace('"templates" }', '"templates" }, context_processors = { "home.views.indx" }'))
    r = w.run("check", cwd="blog")
    w.check(r.status == 1 and "(templates.E006) context processor 'home.views.indx': module 'home.views' has no function "
            "'indx'; did you mean 'index'?" in r.err, "a context processor that is not there", r)
    w.write("blog/settings.lua", settings)
    w.good("greet", "Ann", "--times", "2", cwd="blog", out="Hello, Ann!\nHello, Ann!\n")
    w.good("-C", "blog", "greet", "Ann", "--loud", out="HELLO, ANN!")
    r = w.run("check", "--deploy", cwd="blog", env={"DEBUG": "0"})
    w.check(r.status == 0 and "W004" in r.err and "W018" not in r.err and "W009" not in r.err,
            "check --deploy warns of what is left", r)
    for mode in ("runserver", "serve"):
        with Server(w.perilune, w.path("blog"), mode) as server:
            answer = server.request("GET", "/")
            w.check(answer.status == 200 and b"It works: blog" in answer.body, mode + " serves the page", answer)
            answer = server.request("GET", "/hello/%3Cb%3E/")
            w.check(b"Hello, &lt;b&gt;!" in answer.body, mode + " escapes", answer.body)


@test
def facts_for_lua(w):
    """settings.base_dir, the number of the worker, http.no_append_slash, the chain."""
    w.project()
    w.write("blog/home/views.lua", """
local http, perilune = require "perilune.http", require "perilune"
return {
  index = function() return tostring(perilune.worker) .. perilune.settings.base_dir end,
  hello = http.require_GET(http.no_append_slash(function() return "hello" end)),
}
""")
    w.write("blog/home/layers.lua", """
local exceptions = require "perilune.exceptions"
return {
  seen = function(get_response) return get_response end,
  idle = function() error(exceptions.MiddlewareNotUsed "nothing to do") end,
}
""")
    settings = w.read("blog/settings.lua")
    w.write("blog/settings.lua", settings.replace("middleware = {", """middleware = {
    "home.layers.seen", "home.layers.idle", function(get_response) return get_response end,"""))
    r = w.good("middleware", cwd="blog", out="home/layers.lua:4")
    names = [line.split()[0] for line in r.out.splitlines()[1:]]
    w.check(names == ["home.layers.seen", "middleware[3]", "perilune.middleware.security",
                      "perilune.middleware.common", "perilune.middleware.clickjacking",
                      "home.layers.idle"], "the chain", r.out)
    w.write("blog/where.lua", 'print(require("perilune.settings").base_dir, require("perilune").worker)')
    w.good("-C", "blog", "run", "where.lua", out=os.path.realpath(w.path("blog")) + "\tnil")
    with Server(w.perilune, w.path("blog"), workers=2) as server:
        seen = {server.request("GET", "/").body for _ in range(60)}
        dir = os.path.realpath(w.path("blog")).encode()
        w.check(seen and seen <= {b"1" + dir, b"2" + dir}, "the worker's number", seen)
        w.check(server.request("GET", "/hello/x").status == 404, "no_append_slash")


@test
def startapp(w):
    w.project()
    w.good("startapp", "shop", cwd="blog", out="in settings.lua add \"shop\" to installed_apps")
    w.write("blog/shop/models.lua", w.read("blog/shop/models.lua").replace("-- M", "M").replace("--   ", "  ")
            .replace("-- })", "})").replace("-- func", "func").replace("-- end", "end"))
    settings = w.read("blog/settings.lua").replace('"home" }', '"home", "shop" }')
    w.write("blog/settings.lua", settings)
    urls = w.read("blog/urls.lua").replace("return {", "return {\n  urls.path(\"shop/\", urls.include \"shop.urls\"),")
    w.write("blog/urls.lua", urls)
    w.good("check", cwd="blog")
    w.good("makemigrations", cwd="blog", out="Create model Item")
    w.bad(1, "no such table: shop_item (shop.Item has no table yet: run 'perilune migrate'", "shell", "-c",
          "require('shop.models').Item.objects:count()", cwd="blog")
    w.good("migrate", cwd="blog", out="Applying shop.0001_initial... OK")
    w.good("shell", "-c", "return require('shop.models').Item.objects:create{ name = 'Globe' }", cwd="blog",
           out="Globe")
    w.good("test", "shop", cwd="blog", out="1 passed, 0 failed")
    w.good("routes", cwd="blog", out="/shop/")
    w.bad(1, "'shop' exists already", "startapp", "shop", cwd="blog")
    w.bad(1, "require \"string\" is a library of Lua", "startapp", "string", cwd="blog")
    w.bad(1, "that name has a meaning in every project", "startapp", "settings", cwd="blog")
    w.write("blog/tools.lua", "return {}")
    w.bad(1, "there is a module 'tools' already", "startapp", "tools", cwd="blog")
    w.good("-C", "blog", "startapp", "far")
    w.check(os.path.exists(w.path("blog/far/views.lua")), "into the project of -C")
    w.good("startcmodule", "geo", cwd="blog", out="settings.c_modules")
    w.check(os.path.exists(w.path("blog/geo/geo.c")), "a C module")
    w.bad(1, "exists already", "startcmodule", "geo", cwd="blog")


# ---- help and wrong names ----

@test
def help_of_all(w):
    w.project()
    for args in ((), ("help",), ("--help",), ("-h",)):
        r = w.good(*args, out="runserver")
        w.check("There is no project here" in r.out and "greet" not in r.out, "outside of a project", r)
        w.good(*args, cwd="blog", out="home:\n  greet           greet somebody")
    for name in ("runserver", "serve", "startproject", "startapp", "startcmodule", "check", "routes",
                 "diffsettings", "run", "shell", "help", "version"):
        w.good("help", name, out="usage: perilune " + name)
        w.good(name, "--help", out="usage: perilune " + name)
    w.good("greet", "-h", cwd="blog", out="--times TIMES")
    w.good("help", "greet", cwd="blog", out="usage: perilune greet [--times TIMES] [--loud] name")
    version = w.good("version").out
    w.check(re.fullmatch(r"\d+\.\d+\.\d+\n", version) is not None, "version", version)
    w.check(w.run("--version").out == version, "--version")


@test
def wrong_names(w):
    w.project()
    w.bad(2, "unknown command 'shel'; did you mean 'shell'?", "shel", lines=2)
    w.bad(2, "unknown command 'grete'; did you mean 'greet'?", "grete", cwd="blog", lines=2)
    w.bad(2, "there is none here (no settings.lua)", "greet", lines=2)
    w.bad(1, "did you mean 'check'?", "help", "chek")
    w.bad(2, "the folder '/' is no project", "/", lines=2)
    w.bad(2, "there is no such folder", "./nothing", lines=2)
    w.bad(2, "unknown option '--jsn'; did you mean '--json'?", "routes", "--jsn", cwd="blog", lines=2)
    w.bad(2, "usage: perilune greet [--times TIMES]", "greet", cwd="blog", lines=2)
    w.bad(1, "needs a project, and there is none here (no settings.lua); go to its folder or say "
          "'perilune -C DIR check'", "check")
    w.bad(1, "no project here", "serve")
    w.bad(2, "runserver does not know '--prot'; the address stands alone", "runserver", "--prot", "80", cwd="blog", lines=2)
    w.bad(2, "serve does not know '--worker'; did you mean '--workers'?", "serve", "--worker", "2", cwd="blog", lines=2)
    w.bad(1, "no settings.lua in", "-C", "/", "check")
    w.bad(1, "cannot open '/nowhere.lua'", "--settings", "/nowhere.lua", "check")
    w.bad(2, "--verbosity is '9'", "--verbosity", "9", "check", lines=2)
    w.bad(2, "--verbosity is '9'", "check", "-v9", lines=2)
    w.good("version", "-v0")
    os.mkdir(w.path("blog/check"))  # a folder does not hide a command
    w.good("check", cwd="blog", out="no issues")
    w.write("blog/commands/welcome.lua", "return {}")
    w.bad(2, "commands/welcome.lua is in no app", "welcome", cwd="blog", lines=2)
    w.write("blog/shop/commands/sell.lua", "return {}")
    w.bad(2, "there is shop/commands/sell.lua, but 'shop' is not in installed_apps", "sell", cwd="blog", lines=2)


# ---- commands of authors ----

@test
def bad_files(w):
    w.project()
    cases = {
        "syntax": ("return {\n  handle = function(options, command\n  end }", "home/commands/syntax.lua:3: ')' expected"),
        "raising": ("local x = nil\nreturn x.y", "home/commands/raising.lua:2: attempt to index"),
        "nothing": ("local x = 1", "home/commands/nothing.lua: a command's file must return a table"),
        "fn": ("return function() end", "not a function"),
        "nohandle": ("return { help = \"x\" }", "home/commands/nohandle.lua: the command has no handle"),
        "typo": ("return { handel = 1, handle = print }", "unknown field 'handel'; did you mean 'handle'?"),
        "kind": ("return { help = 3, handle = print }", "help must be a string, not a number"),
        "arg": (command("arguments = { { \"--x\", type = \"bool\" } }, handle = print"), "is written flag = true"),
        "missing": ("require \"home.nope\"", "home/commands/missing.lua:1: module 'home.nope' not found"),
    }
    for name, (text, _) in cases.items():
        w.write("blog/home/commands/%s.lua" % name, text)
    for name, (_, message) in cases.items():
        w.bad(1, message, name, cwd="blog")
    r = w.good("help", cwd="blog", out="greet somebody")
    w.check(r.out.count("(does not load: ") == len(cases) - 1, "help goes on and says so", r.out)


@test
def raising(w):
    w.project()
    w.write("blog/home/commands/fail.lua", command("""
  arguments = { { "how" } },
  handle = function(options)
    local e = require "perilune.exceptions"
    local how = options.how
    if how == "string" then error("plain text") end
    if how == "nil" then error(nil) end
    if how == "table" then error { code = 1 } end
    if how == "object" then error(e.ValueError("bad value")) end
    if how == "lines" then error(e.ValueError("first\\nsecond")) end
    if how == "command" then error(commands.CommandError("it cannot be done")) end
    if how == "status" then error(commands.CommandError("it cannot be done", { returncode = 7 })) end
    if how == "index" then local x; return x.y end
    if how == "global" then result = 1 end
    if how == "option" then return options.hwo end
  end"""))
    where = "perilune fail: home/commands/fail.lua:"
    for how, text in (("string", where + "9: plain text\n"), ("nil", "error(nil)"), ("table", "a plain table"),
                      ("object", where + "12: ValueError: bad value\n"), ("lines", "ValueError: first\n"),
                      ("index", where + "16: attempt to index"),
                      ("global", "assignment to undeclared global 'result'"),
                      ("option", "no option 'hwo'; did you mean 'how'?")):
        w.bad(1, text, "fail", how, cwd="blog")
    r = w.bad(1, "CommandError: it cannot be done", "fail", "command", cwd="blog")
    w.check("fail.lua" not in r.err, "a CommandError is its text alone", r)
    w.bad(7, "CommandError: it cannot be done", "fail", "status", cwd="blog")
    r = w.run("fail", "object", "--traceback", cwd="blog")
    w.check(r.status == 1 and "stack traceback:" in r.err and "fail.lua:12" in r.err, "--traceback", r)


@test
def author_commands(w):
    w.project()
    w.write("blog/home/commands/show.lua", command("""
  arguments = {
    { "csv_file", help = "the file" },
    { "--posts", type = "int", default = 50 },
    { "--clear", flag = true },
    { "--format", choices = { "json", "csv" } },
  },
  handle = function(options, command)
    command:write(("%s %d %s %s %d"):format(options.csv_file, options.posts, options.clear, options.format, options.verbosity))
    command.stderr:write(command.style.warning("careful"))
    local progress = command:progress(2)
    progress:step()
    progress:step()
    return "returned"
  end"""))
    r = w.good("show", "a.csv", "--posts=-3", "--clear", "--format", "csv", "-v", "2", cwd="blog",
               out="a.csv -3 true csv 2\nreturned\n")
    w.check(r.err == "careful\n50% (1/2)\n100% (2/2)\n", "standard error", r.err)
    r = w.good("show", "a.csv", "--verbosity", "0", cwd="blog", out="a.csv 50 false nil 0\n")
    w.check("%" not in r.err, "no progress when silent", r.err)
    w.bad(2, "argument --format: 'xml' is none of json, csv", "show", "a", "--format", "xml", cwd="blog", lines=2)
    w.write("blog/home/commands/outer.lua", command("""
  handle = function(_, command)
    commands.call("show", "b.csv", "--clear", { posts = 7, stdout = command.stdout })
    local ok, err = pcall(commands.call, "show")
    command:write(ok and "?" or tostring(err))
    ok, err = pcall(commands.call, "show", "x", { psts = 1 })
    command:write(ok and "?" or tostring(err))
  end"""))
    r = w.good("outer", cwd="blog", out="b.csv 7 true nil 1\n")
    w.check("UsageError: missing: csv_file" in r.out and "did you mean 'posts'?" in r.out, "errors of call", r.out)


@test
def overriding(w):
    w.project()
    w.write("blog/home/commands/routes.lua", command("handle = function(_, c) c:write(\"mine\") end"))
    w.good("routes", cwd="blog", out="mine")
    w.good("routes", "--help", cwd="blog", out="a test")
    w.write("blog/home/commands/serve.lua", command("handle = function(_, c) c:write(\"mine\") end"))
    w.good("help", "serve", cwd="blog", out="--workers")


# ---- broken projects ----

@test
def broken_projects(w):
    w.project()
    settings = w.read("blog/settings.lua")
    w.write("blog/settings.lua", "return {\n  debug = yes please\n}\n")
    w.bad(1, "settings.lua:2: ", "check", cwd="blog")
    r = w.good("help", cwd="blog", out="runserver")
    w.check("note: settings.lua:2: " in r.err, "help works all the same", r)
    w.good("startapp", "spare", cwd="blog")
    w.write("blog/settings.lua", settings)
    w.write("blog/urls.lua", "local urls = require \"perilune.urls\"\nreturn {\n  urls.path(\"\", nil),\n}\n")
    w.bad(1, "urls.lua:3: ", "check", cwd="blog")
    w.bad(1, "urls.lua:3: ", "greet", "Ann", cwd="blog")
    r = w.good("help", cwd="blog", out="greet")
    w.check("the project does not load: urls.lua:3" in r.err, "help says what is wrong", r)
    r = w.good("shell", "-c", "1 + 1", cwd="blog", out="2\n")
    w.check("the project does not load" in r.err, "the shell opens", r)
    os.unlink(w.path("blog/.env"))
    w.bad(1, "settings.lua:6: environment variable 'SECRET_KEY' is not set", "check", cwd="blog")
    w.write("blog/.env", "SECRET_KEY=x\nnonsense here\n")
    w.bad(1, ".env:2: 'nonsense here' is no assignment", "check", cwd="blog")


@test
def misconfigured(w):
    """One line with file, line and cure."""
    w.project()
    settings = w.read("blog/settings.lua")
    w.write("blog/home/mw.lua", "return function(get_response)\nend\n")
    w.write("blog/settings.lua", settings.replace('"perilune.middleware.common"', '"home.mw"'))
    w.bad(1, "home/mw.lua:1: middleware 'home.mw': its factory returned nil; it must return", "check", cwd="blog")
    w.write("blog/settings.lua", settings.replace('"UTC"', '"Europe/Pariss"'))
    w.bad(1, "settings.lua:21: setting 'time_zone': unknown time zone 'Europe/Pariss'; did you mean 'Europe/Paris'?", "check", cwd="blog")


@test
def environment(w):
    w.write("settings.lua", """
local env = require "perilune.env"
return { secret_key = env("SECRET_KEY"), my_list = env.list("MY_LIST", {}), my_int = env.int("MY_INT", 3),
  my_bool = env.bool("MY_BOOL"), my_path = env.path("MY_PATH"), my_float = env.float("MY_FLOAT"), my_json = env.json("MY_JSON") }
""")
    w.write("urls.lua", "return {}")
    w.write(".env", "SECRET_KEY='from file'\nMY_LIST=a, b,\nMY_BOOL=on\nMY_PATH=data/x\nMY_FLOAT=1.5\nMY_JSON='{\"a\": [1]}'\n")
    code = "local s = settings return s.secret_key, s.my_list, s.my_int, s.my_bool, s.my_path, s.my_float, s.my_json.a[1]"
    w.good("shell", "-c", code, out='"from file"\n{ "a", "b" }\n3\ntrue\n"%s/data/x"\n1.5\n1\n' % os.path.realpath(w.dir))
    w.good("shell", "-c", "settings.secret_key, settings.my_int", env={"SECRET_KEY": "real", "MY_INT": " -7 "}, out='"real"\n-7\n')
    w.bad(1, "environment variable 'MY_INT' is 'seven'; it must be a whole number", "check", env={"MY_INT": "seven"})
    w.bad(1, "environment variable 'MY_BOOL' is 'maybe'", "check", env={"MY_BOOL": "maybe"})


# ---- the built-in ones ----

@test
def check_command(w):
    w.project()
    settings = w.read("blog/settings.lua")
    w.write("blog/settings.lua", settings.replace("installed_apps", "silenced_system_checks = { \"home.W001\" },\n  installed_apps"))
    w.write("blog/home/app.lua", """
local checks = require "perilune.checks"
checks.register(function() return {
  checks.Error("broken", { id = "home.E001", hint = "mend it", obj = "home/x.lua:1" }),
  checks.Warning("silent", { id = "home.W001" }), checks.Warning("loud", { id = "home.W002" }) } end, { tags = { "home" } })
return {}
""")
    r = w.run("check", cwd="blog")
    text = ("SystemCheckError: System check identified some issues:\n\nERRORS:\nhome/x.lua:1: (home.E001) broken\n"
            "\tHINT: mend it\n\nWARNINGS:\n?: (home.W002) loud\n\nSystem check identified 2 issues (1 silenced).\n")
    w.check(r.status == 1 and r.err == text, "errors", r)
    r = w.run("check", "--tag", "urls", cwd="blog")
    w.check(r.status == 0 and "no issues" in r.out, "--tag", r)
    w.bad(1, "there is no check with the tag 'url'; did you mean 'urls'?", "check", "-t", "url", cwd="blog")
    w.bad(1, "no installed app has the label 'hom'; did you mean 'home'?", "check", "hom", cwd="blog")
    w.good("check", "--list-tags", cwd="blog", out="home\nmiddleware\nmodels\nsettings\nsignals\ntemplates\nurls\n")
    w.write("blog/home/app.lua", w.read("blog/home/app.lua").replace("checks.Error", "checks.Info"))
    w.check(w.run("check", cwd="blog").status == 0, "warnings do not fail")
    w.check(w.run("check", "--fail-level", "WARNING", cwd="blog").status == 1, "unless they shall")
    w.write("blog/home/app.lua", "require(\"perilune.checks\").register(function() return 3 end)\nreturn {}")
    w.bad(1, "the check at home/app.lua:1 must return a list of messages", "check", cwd="blog")


@test
def deploy_checks(w):
    w.write("urls.lua", "return {}")
    w.write("settings.lua", "return { debug = true, secret_key = \"short\" }")
    r = w.run("check", "--deploy")
    for name in ("W001", "W002", "W009", "W018", "W020"):
        w.check("(security.%s)" % name in r.err, name, r.err)
    w.check(r.status == 0, "warnings only", r.status)
    w.write("settings.lua", """return { secret_key = ("abcdefghij0123456789"):rep(3), allowed_hosts = { "x.org" },
  middleware = { "perilune.middleware.clickjacking", "perilune.middleware.security" },
  secure_hsts_seconds = 60, x_frame_options = "SAMEORIGIN", secure_referrer_policy = { "nonsense" } }""")
    r = w.run("check", "--deploy")
    for name in ("W005", "W008", "W019", "E023"):
        w.check("(security.%s)" % name in r.err, name, r.err)
    for name in ("W001", "W002", "W004", "W009", "W018", "W020"):
        w.check("(security.%s)" % name not in r.err, "no " + name, r.err)
    w.check(r.status == 1, "an error", r.status)
    w.write("settings.lua", "return { debug = false }")
    r = w.run("check")
    w.check(r.status == 1 and "(settings.E001)" in r.err and "(settings.W002)" in r.err, "without --deploy", r)
    w.write("settings.lua", "return { debug = true, secret_key = \"k\", middleware = { \"perilune.middleware.conditional_get\", "
            "\"perilune.middleware.gzip\", \"perilune.middleware.gzip\" } }")
    r = w.run("check")
    w.check("middleware.W001" in r.err and "middleware.W002" in r.err and r.status == 0, "order of middleware", r)


@test
def routes(w):
    w.project()
    r = w.good("routes", cwd="blog", out="PATH            VIEW")
    w.check("/hello/<name>/  home.views.hello (home/views.lua:" in r.out and r.out.endswith("home:hello\n"), "a table", r.out)
    listed = json.loads(w.good("routes", "--json", cwd="blog").out)
    w.check([x["path"] for x in listed] == ["/", "/hello/<name>/"] and listed[0]["name"] == "home:index"
            and listed[0]["where"].startswith("home/urls.lua:"), "--json", listed)
    w.write("blog/home/views.lua", "local http = require \"perilune.http\"\nlocal M = {}\nM.hello = http.Response\n"
            "M.index = http.require_GET(function()\n  return \"\"\nend)\nreturn M\n")
    w.good("routes", cwd="blog", out="home.views.index (home/views.lua:4)")
    w.write("blog/urls.lua", "return {}")
    w.good("routes", cwd="blog", out="there are no routes")
    w.check(json.loads(w.good("routes", "--json", cwd="blog").out) == [], "no routes as JSON")


@test
def diffsettings(w):
    w.write("urls.lua", "return {}")
    w.write("settings.lua", "return { debug = true, secret_key = \"hush1\", shop_size = 20, payment_token = \"hush2\", "
            "databases = { default = { name = \"x\", password = \"hush3\" } }, "
            "caches = { default = { location = \"redis://:hush4@host/1\" } } }")
    r = w.good("diffsettings", out="debug = true\n")
    w.check("hush" not in r.out, "secrets are masked", r.out)
    w.check("shop_size = 20  ###" in r.out and "time_zone" not in r.out, "own settings", r.out)
    w.good("diffsettings", "--all", out="### time_zone = \"UTC\"")
    w.good("diffsettings", "--output", "unified", out="- debug = false\n+ debug = true\n")


@test
def run_and_shell(w):
    w.project()
    w.write("script.lua", "print(arg[0], #arg, ...)\nlocal m = require \"beside\"\nprint(m)\n")
    w.write("beside.lua", "return \"beside it\"")
    w.good("run", "script.lua", "--flag", "-x", out="script.lua\t2\t--flag\t-x\nbeside it\n")
    w.bad(1, "cannot open 'nothing.lua'", "run", "nothing.lua")
    w.bad(2, "missing: FILE.lua", "run", lines=2)
    w.write("bad.lua", "local x = = 1")
    w.bad(1, "bad.lua:1: unexpected symbol near '='", "run", "bad.lua")
    w.write("fails.lua", "\nerror(\"no\")")
    w.bad(1, "perilune run: fails.lua:2: no", "run", "fails.lua")
    r = w.run("shell", "-c", "io.write('last words') os.exit(3)")
    w.check(r.status == 3 and r.out == "last words" and r.err == "", "os.exit", r)
    w.write("blog/inside.lua", "print(require(\"perilune.urls\").reverse(\"home:index\"))")
    w.good("run", "inside.lua", cwd="blog", out="/\n")
    w.good("shell", "-c", "1 + 1, { a = 1 }, nil", out="2\n{ a = 1 }\nnil\n")
    w.good("shell", "-c", "x = 2 print(x)", out="2\n")
    w.good("shell", stdin="local a = 2\nfor i = 1, a do\n  print(i)\nend\n", out="1\n2\n")
    w.good("shell", "-c", "reverse('home:hello', { name = 'x' }), settings.debug", cwd="blog", out='"/hello/x/"\ntrue\n')
    w.bad(1, "-c:1: ", "shell", "-c", "x +")
    w.bad(1, "perilune shell: -c:1: no", "shell", "-c", "error('no')")
    w.bad(1, "there is no settings.lua here", "shell", "-c", "settings.debug")


class Terminal:
    def __init__(self, argv, cwd, env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve(argv[0], argv, dict(os.environ, TERM="xterm", **env))
        self.text = ""

    def read(self, until, timeout=20):
        end = time.monotonic() + timeout
        while until not in self.text and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    data = os.read(self.fd, 65536)
                except OSError:
                    break
                if not data:
                    break
                self.text += data.decode(errors="replace")
        found, self.text = self.text, ""
        return found.replace("\r\n", "\n")

    def say(self, text, until="> "):
        os.write(self.fd, text.encode())
        return self.read(until)

    def end(self):
        os.write(self.fd, b"\x04")
        self.read("nothing comes", 1)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@test
def terminal(w):
    w.project()
    t = Terminal([w.perilune, "shell"], w.path("blog"), {"XDG_STATE_HOME": w.path("state")})
    w.check("project " in t.read("> "), "the banner")
    w.check("\n2\n" in t.say("1 + 1\n"), "an expression")
    t.say("local x = { 1, 2 }\n")
    w.check("\n{ 1, 2 }\n" in t.say("x\n"), "what is local stays")
    t.say("for i = 1, 2 do\n", ".. ")
    t.say("print(i * 10)\n", ".. ")
    w.check("\n10\n20\n" in t.say("end\n"), "several lines")
    t.say("f(\n", ".. ")
    w.check("^C" in t.say("\x03"), "a line given up")
    w.check("\n\"a\"\n" in t.say("string.forma\t('%s', 'a')\n"), "completion")
    w.check("\n{ \"home\" }\n" in t.say("settings.installed_ap\t\n"), "of settings")
    w.check("shell:1: oops" in t.say("error('oops')\n"), "an error")
    t.say("while true do end\n", "\n")
    time.sleep(0.3)
    w.check("interrupted" in t.say("\x03"), "Ctrl-C stops what runs")
    w.check("unexpected symbol near '*'" in t.say("1 +* 2\n"), "a mistake")
    w.check(t.end() == 0, "Ctrl-D ends")
    history = w.read("state/perilune/history")
    w.check("1 + 1\n" in history and "for i = 1, 2 do\nprint(i * 10)\nend\n" in history, "the history", history)
    w.check(stat.S_IMODE(os.stat(w.path("state/perilune/history")).st_mode) == 0o600, "is the user's alone")
    t = Terminal([w.perilune, "greet", "Ann"], w.path("blog"), {})
    w.check("\x1b[1;32mHello, Ann!\x1b[0m" in t.read("nothing comes", 3), "colours on a terminal")
    os.waitpid(t.pid, 0)
    for argv, env in ((["greet", "Ann", "--no-color"], {}), (["greet", "Ann"], {"NO_COLOR": "1"})):
        t = Terminal([w.perilune, *argv], w.path("blog"), env)
        text = t.read("nothing comes", 3)
        w.check("Hello, Ann!" in text and "\x1b" not in text, "no colours with %s %s" % (argv, env), text)
        os.waitpid(t.pid, 0)


# ---- logs ----

@test
def logs(w):
    w.project()
    settings = w.read("blog/settings.lua")
    w.write("blog/home/views.lua", """
local log = require("perilune.log").get("home.views")
return {
  index = function(request) log:info("seen %s", request.path) return "ok" end,
  hello = function() error("boom") end,
}
""")
    with Server(w.perilune, w.path("blog"), "runserver") as server:
        server.request("GET", "/")
        server.request("GET", "/hello/x/")
        text = server.output()
        w.check("INFO home.views: seen /\n" in text, "development shows what the app says", text)
        w.check("ERROR perilune.request: Internal Server Error: /hello/x/" in text, "errors", text)
        w.check("boom\n  stack traceback:\n    " in text, "with their traceback in lines", text)
        w.check('INFO perilune.server: "GET / HTTP/1.1" 200 2\n' in text, "requests", text)
        server.request("GET", "/nowhere/")
        # The line is written when the answer is on its way.
        w.check(wait_for(lambda: 'WARNING perilune.server: "GET /nowhere/ HTTP/1.1" 404 ' in server.output(), 5, "the line"), "a 404 is a warning")
    with Server(w.perilune, w.path("blog"), env={"DEBUG": "0"}) as server:
        server.request("GET", "/")
        server.request("GET", "/hello/x/")
        text = server.output()
        w.check("seen /" not in text, "production shows no INFO", text)
        w.check("boom\\nstack traceback:" in text, "and an error in one line", text)
        w.check("INFO perilune.server: " in text, "the server speaks", text)
    w.write("blog/settings.lua", settings.replace("root_urlconf", """logging = {
    formatters = { json = { class = "json" } },
    handlers = { file = { class = "file", filename = "app.log", formatter = "json" } },
    root = { level = "INFO", handlers = { "file" } },
  },
  root_urlconf"""))
    with Server(w.perilune, w.path("blog"), env={"DEBUG": "0"}) as server:
        server.request("GET", "/")
        server.request("GET", "/hello/x/")
        lines = [json.loads(x) for x in w.read("blog/app.log").splitlines()]
        w.check(any(x["message"] == "seen /" and x["file"] == "home/views.lua" for x in lines), "JSON in a file", lines)
        w.check(any("stack traceback" in x.get("traceback", "") for x in lines), "errors as well", lines)
        w.check(any(x["logger"] == "perilune.server" for x in lines), "and the master's records", lines)
        w.check(server.output() == "", "nothing else is said", server.output())
        os.rename(w.path("blog/app.log"), w.path("blog/old.log"))
        server.send_signal(signal.SIGUSR1)
        wait_for(lambda: os.path.exists(w.path("blog/app.log")), 10, "the new log file")
        def served():
            server.request("GET", "/")
            return "seen /" in w.read("blog/app.log")
        wait_for(served, 10, "the worker in the new file")
        w.check(True, "USR1 opens it anew")
    w.write("blog/settings.lua", settings.replace("root_urlconf", "logging = { handlers = { c = { clas = 1 } } },\n  root_urlconf"))
    w.bad(1, "settings.lua:20: setting 'logging': handlers.c has an unknown key 'clas'; did you mean 'class'?", "check", cwd="blog")


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--perilune", required=True)
    ap.add_argument("--only", default="")
    opts = ap.parse_args()
    checks = Checks()
    for fn in TESTS:
        if opts.only and opts.only not in fn.__name__:
            continue
        w = World(os.path.abspath(opts.perilune), checks, fn.__name__)
        try:
            fn(w)
        except Exception as e:  # pylint: disable=broad-except
            checks.check(False, fn.__name__, "%s: %s" % (type(e).__name__, e))
        finally:
            shutil.rmtree(w.dir, ignore_errors=True)
    checks.done()


if __name__ == "__main__":
    main()
