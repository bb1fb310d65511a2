#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The checks of this folder must fail on what they are there to find: each case plants
one violation in a small tree that is otherwise clean."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).parent
C = "/* SPDX-License-Identifier: MIT */\n"
LUA = "-- SPDX-License-Identifier: MIT\n"

CLEAN = {
    "docs/architecture.md": "| level | modules | what |\n| --- | --- | --- |\n"
                            "| 0 | `base` | x |\n| 1 | `fiber`, `value` | x |\n"
                            "| 2 | `http`, `db` | x |\n| 5 | `cli`, `bindings` | x |\n"
                            "| 6 | `main.c` | x |\n",
    "engine/CMakeLists.txt": "add_engine_module(base LEVEL 0 SOURCES a.c)\n"
                             "add_engine_module(http\n  LEVEL 2 SOURCES a.c)\n",
    "engine/base/a.h": C + "#ifndef A\n#define A\n#include <stddef.h>\nsize_t a(void);\n#endif\n",
    "engine/fiber/a.c": C + '#include "base/a.h"\n#include <uv.h>\n',
    "engine/value/a.c": C + '#include "base/a.h"\n',
    "engine/http/http.h": C + "#ifndef H\n#define H\nstruct http;\n#endif\n",
    "engine/http/a.c": C + '#include "http/http.h"\n#include "base/a.h"\n',
    "engine/db/a.c": C + "#include <sqlite3.h>\n",
    "engine/cli/cli.h": C + "#ifndef CLI\n#define CLI\n#endif\n",
    "engine/main.c": C + '#include "bindings/bindings.h"\n#include "cli/cli.h"\n',
    "bindings/bindings.h": C + "#ifndef B\n#define B\n#endif\n",
    "bindings/a.c": C + '#include "bindings/bindings.h"\n#include "http/http.h"\n#include <lua.h>\n',
    "bindings/perilune/a.lua": LUA + 'load(text, "=x", "t", {}) -- not load(x)\n',
}

# check, file, contents (appended to what is there), words the answer must have
PLANTED = [
    ("layers", "engine/base/b.c", C + '#include "http/http.h"\n', "downwards only"),
    ("layers", "engine/value/a.c", '#include "fiber/a.c"\n', "downwards only"),
    ("layers", "engine/db/b.c", C + '  #  include  "http/http.h"\n', "downwards only"),
    ("layers", "engine/http/b.c", C + '#include "bindings/bindings.h"\n', "downwards only"),
    ("layers", "bindings/b.c", C + '#include "cli/cli.h"\n', "downwards only"),
    ("layers", "engine/cli/b.c", C + '#include "bindings/bindings.h"\n', "downwards only"),
    ("layers", "engine/http/b.c", C + "#include <lua.h>\n", "<lua.h> belongs to bindings"),
    ("layers", "engine/http/b.c", C + '#include "lauxlib.h"\n', "belongs to bindings"),
    ("layers", "engine/value/b.h", C + "#include <uv.h>\n", "<uv.h> belongs to fiber"),
    ("layers", "engine/http/b.c", C + "#include <sqlite3.h>\n", "belongs to db"),
    ("layers", "engine/db/b.c", C + "#include <microhttpd.h>\n", "belongs to http"),
    ("layers", "engine/http/b.c", C + "#include <hiredis/hiredis.h>\n", "belongs to net"),
    ("layers", "engine/http/b.c", C + '#include "http.h"\n', "name it by its path"),
    ("layers", "engine/http/b.c", C + '#include "http/gone.h"\n', "is no file below engine/"),
    ("layers", "engine/extra/b.c", C, "'extra' is not in the table"),
    ("layers", "engine/CMakeLists.txt", "add_engine_module(db LEVEL 3)\n", "the table says 2"),
    ("layers", "engine/CMakeLists.txt", "add_engine_module(new LEVEL 3)\n", "'new' is not in"),
    ("layers", "docs/architecture.md", "| 3 | `http` | again |\n", "stands in two rows"),
    ("headers", "engine/base/b.h", C + "size_t b(void);\n", "base/b.h does not compile alone"),
    ("headers", "engine/base/b.h", C + "struct b { int x; };\n", "does not compile alone"),
    ("words", "engine/base/b.c", "int x;\n", "b.c:1: does not start with the SPDX line"),
    ("words", "tests/x.py", "#!/usr/bin/env python3\nprint()\n", "SPDX"),
    ("words", "bindings/b.lua", "return {}\n", "SPDX"),
    ("words", "engine/base/b.c", C + "/* %s: later */\n" % ("TO" "DO"), "unfinished mark"),
    ("words", "docs/x.md", "see /%s/me/notes\n" % "home", "path of one machine"),
    ("words", "engine/base/b.c", C + "void f(char *x) { strcpy(x, x); }\n", "how much room"),
    ("words", "engine/base/b.c", C + "int f(void) { return rand(); }\n", "can be predicted"),
    ("words", "bindings/perilune/b.lua", LUA + "local f = load(text)\n", "loads bytecode"),
    ("words", "bindings/perilune/b.lua", LUA + "return math.random(6)\n", "can be predicted"),
    ("words", "bindings/b.c", C + "int f(void *L) { return luaL_dostring(L, x); }\n",
     "loads bytecode"),
]


def write_tree(root, extra=None):
    tree = dict(CLEAN)
    if extra:
        tree[extra[0]] = tree.get(extra[0], "") + extra[1]
    for name, text in tree.items():
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def run(check, root):
    done = subprocess.run([sys.executable, str(HERE / (check + ".py")), root],
                          capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


class Checks(unittest.TestCase):
    def test_clean_tree(self):
        with tempfile.TemporaryDirectory() as root:
            write_tree(root)
            for check in ("layers", "headers", "words"):
                self.assertEqual((0, check), (run(check, root)[0], check), run(check, root)[1])

    def test_planted(self):
        for check, name, text, words in PLANTED:
            with self.subTest(check=check, file=name, text=text):
                with tempfile.TemporaryDirectory() as root:
                    write_tree(root, (name, text))
                    status, out = run(check, root)
                    self.assertEqual(status, 1, out)
                    self.assertIn(words, out)

    def test_no_table(self):
        with tempfile.TemporaryDirectory() as root:
            write_tree(root)
            Path(root, "docs/architecture.md").write_text("# Architecture\n")
            status, out = run("layers", root)
            self.assertEqual(status, 1)
            self.assertIn("no table", out)


if __name__ == "__main__":
    unittest.main()
