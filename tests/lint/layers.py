#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds every #include of engine/ and bindings/ against the level table.

The table is the one in docs/architecture.md ("| level | modules |"): a module may
include its own files and modules of lower levels.  bindings/ stands on the level
that names it; main.c is the level of its own above all.  A library's header may
only be included by the modules that own the library (LIBRARIES below).

usage: layers.py [ROOT]     exit status 1 and one line per violation
"""
import re
import sys
from pathlib import Path

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
CMAKE_MODULE = re.compile(r"add_engine_module\(\s*(\w+)\s+LEVEL\s+(\d+)")

# Header (or folder of headers) of a library -> the modules that may include it.
LIBRARIES = {
    "lua.h": {"bindings"}, "lauxlib.h": {"bindings"}, "lualib.h": {"bindings"},
    "luaconf.h": {"bindings"},
    "microhttpd.h": {"http"},
    "wslay/": {"http", "channels"},
    "sqlite3.h": {"db"}, "libpq-fe.h": {"db"}, "libpq/": {"db"},
    "hiredis/": {"net"},
    "uv.h": {"fiber"},
    "curl/": {"http", "mail"},
    "pcre2.h": {"http", "value"},
    "openssl/": {"crypto"}, "argon2.h": {"crypto"}, "crypt.h": {"crypto"},
    "gmp.h": {"value"},
}


class Tree:
    def __init__(self, root):
        self.root = Path(root)
        self.problems = []
        self.levels = self.read_table()

    def problem(self, path, line, text):
        where = path.relative_to(self.root) if path.is_absolute() else path
        self.problems.append("%s:%d: %s" % (where, line, text))

    def read_table(self):
        """{module: level} from the table in docs/architecture.md."""
        path, levels, inside = self.root / "docs/architecture.md", {}, False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            cells = [c.strip() for c in line.strip().strip("|").split("|")]
            if cells[:2] == ["level", "modules"]:
                inside = True
            elif inside and not line.startswith("|"):
                break
            elif inside and cells[0].isdigit():
                for name in re.findall(r"`([\w.]+)`", cells[1]):
                    if name in levels:
                        self.problem(path, number, "module '%s' stands in two rows" % name)
                    levels[name] = int(cells[0])
        if not levels:
            self.problem(path, 1, 'there is no table with the heading "| level | modules |"')
        return levels

    def module_of(self, path):
        parts = path.relative_to(self.root).parts
        if parts[0] == "bindings":
            return "bindings"
        return parts[1]  # engine/<module>/… or engine/main.c

    def check_cmake(self):
        path = self.root / "engine/CMakeLists.txt"
        if not path.exists():
            return
        text = path.read_text()
        for m in CMAKE_MODULE.finditer(text):
            line = text.count("\n", 0, m.start()) + 1
            want = self.levels.get(m.group(1))
            if want is None:
                self.problem(path, line, "module '%s' is not in the table of "
                             "docs/architecture.md" % m.group(1))
            elif want != int(m.group(2)):
                self.problem(path, line, "module '%s' is built on level %s, the table says %d"
                             % (m.group(1), m.group(2), want))

    def check_own(self, path, line, module, name):
        """An #include "…": resolved as the compiler does, then judged by level."""
        beside = path.parent / name
        engine = self.root / "engine" / name
        bindings = self.root / name
        public = self.root / "engine/include" / name
        if "/" not in name and beside.exists() and module == "include":
            return
        if name.startswith("bindings/") and bindings.exists():
            target = "bindings"
        elif engine.exists() and "/" in name:
            target = name.split("/")[0]
        elif public.exists():
            target = "include"
        else:
            self.problem(path, line, "\"%s\" is no file below engine/; name it by its path "
                         "from there (\"module/file.h\"), or from the root "
                         "(\"bindings/module/file.h\")" % name)
            return
        if target == module:
            return
        if target not in self.levels:
            self.problem(path, line, "module '%s' is not in the table of docs/architecture.md"
                         % target)
        elif self.levels[target] >= self.levels[module]:
            self.problem(path, line, "'%s' (level %d) includes \"%s\" of level %d: includes run "
                         "downwards only" % (module, self.levels[module], name,
                                             self.levels[target]))

    def check_library(self, path, line, module, name):
        for prefix, owners in LIBRARIES.items():
            if name == prefix or (prefix.endswith("/") and name.startswith(prefix)):
                if module not in owners:
                    self.problem(path, line, "<%s> belongs to %s, '%s' must not include it"
                                 % (name, " and ".join(sorted(owners)), module))

    def check_file(self, path):
        module = self.module_of(path)
        if module not in self.levels:
            self.problem(path, 1, "module '%s' is not in the table of docs/architecture.md"
                         % module)
            return
        text = path.read_text(errors="replace")
        for m in INCLUDE.finditer(text):
            line = text.count("\n", 0, m.start()) + 1
            # A library's header is one whichever way it is quoted.
            self.check_library(path, line, module, m.group(2))
            if m.group(1) == '"':
                self.check_own(path, line, module, m.group(2))

    def check(self):
        files = [p for top in ("engine", "bindings") for p in (self.root / top).rglob("*.[ch]")]
        if self.levels:
            self.check_cmake()
            for path in sorted(files):
                self.check_file(path)
        return len(files)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    tree = Tree(root)
    count = tree.check()
    print("\n".join(tree.problems) if tree.problems else
          "layers: the includes of %d files agree with the table" % count)
    return 1 if tree.problems else 0


if __name__ == "__main__":
    sys.exit(main())
