#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What no source of the project may say, and what each must say first.

  - the first line (the second behind a #!) is the SPDX licence line
  - no unfinished marks, no paths of somebody's machine
  - no C function that does not know how much room it has (base/banned.h catches
    those of the engine at compile time; this one sees every C file)
  - Lua chunks are loaded as text only: load and loadfile name their mode
  - secrets never come from a generator that can be predicted

usage: words.py [ROOT]     exit status 1 and one line per violation
"""
import re
import sys
from pathlib import Path

SOURCES = {".c", ".h", ".S", ".lua", ".py", ".sh"}
TEXTS = SOURCES | {".md", ".txt", ".cmake", ".json", ".html"}
SKIPPED = {"build", ".git", "corpus", "node_modules"}

# pattern, suffixes, folders it holds for (empty: all), what is wrong.
# A class of one letter keeps a pattern from finding itself.
RULES = [
    (r"\b([T]ODO|[F]IXME|[X]XX)\b", TEXTS, (), "unfinished mark"),
    (r"(?<![\w.])/(home|Users|[w]ork)/\w", TEXTS, (), "path of one machine"),
    (r"\b(strcpy|strcat|sprintf|vsprintf|strtok|gets|alloca)\s*\(", {".c", ".h"},
     ("engine", "bindings"), "function that does not know how much room it has"),
    (r"\b(system|popen|mktemp|tmpnam)\s*\(", {".c", ".h"}, ("engine", "bindings"),
     "function that cannot be used safely"),
    (r"\bluaL_(loadstring|dostring|dofile|loadfile|loadbuffer)\s*\(", {".c", ".h"},
     ("bindings",), "loads bytecode too: use the …x form with mode \"t\""),
    (r"(?<![\w.:])(load|loadfile)\s*\((?!.*[\"']t[\"'])", {".lua"}, ("bindings",),
     "loads bytecode too: give the mode \"t\""),
    (r"\bmath\.random\b", {".lua"}, ("bindings",), "can be predicted: use perilune.crypto"),
    (r"(?<![\w>.])s?rand(om)?\s*\(", {".c", ".h"}, ("engine", "bindings"),
     "can be predicted: use crypto/random.h"),
]
# Where a rule is broken on purpose: (path, words of the rule).
ALLOWED = {
    ("engine/base/banned.h", "function that does not know how much room it has"),
}


def files(root):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if not any(p in SKIPPED for p in parts) and path.is_file() and not path.is_symlink():
            yield path, "/".join(parts)


def licence_line(text):
    lines = text.split("\n", 2)
    first = lines[1] if lines[0].startswith("#!") and len(lines) > 1 else lines[0]
    return re.match(r"(/\*|--|#|//) SPDX-License-Identifier: MIT\b", first)


def code_only(text, suffix):
    """Without comments, line by line as before: what comments say is no call."""
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    if suffix in (".c", ".h"):
        return re.sub(r"/\*.*?\*/|//[^\n]*", blank, text, flags=re.S)
    if suffix == ".lua":
        return re.sub(r"--\[\[.*?\]\]|--[^\n]*", blank, text, flags=re.S)
    return text


def check_file(path, name, problems):
    suffix = path.suffix
    if suffix not in TEXTS:
        return False
    text = path.read_text(errors="replace")
    top = name.split("/")[0]
    if suffix in SOURCES and top in ("engine", "bindings", "tests") and not licence_line(text):
        problems.append("%s:1: does not start with the SPDX line" % name)
    code = code_only(text, suffix)
    for pattern, suffixes, folders, wrong in RULES:
        if suffix not in suffixes or (folders and top not in folders):
            continue
        if (name, wrong) in ALLOWED:
            continue
        # Marks and paths are wrong in comments too.
        for m in re.finditer(pattern, code if folders else text):
            line = text.count("\n", 0, m.start()) + 1
            problems.append("%s:%d: %s: %s" % (name, line, m.group(0).strip(), wrong))
    return True


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    problems, count = [], 0
    for path, name in files(root):
        count += check_file(path, name, problems)
    print("\n".join(problems) if problems else "words: nothing to say about %d files" % count)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
