#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The API reference: docs/reference/ is written from the types in bindings/meta and from
engine/include/perilune.h, and this says when it is older than they are.

usage: reference.py            exit status 1 and a line for each page that is out of date
       reference.py --write    writes the pages"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
META, HEADER, OUT = ROOT / "bindings/meta", ROOT / "engine/include/perilune.h", ROOT / "docs/reference"

FUNCTION = re.compile(r"^(?:local )?function ([\w.:]+)\((.*?)\) end")
VALUE = re.compile(r"^(?:local )?([\w.:\[\]\"]+) = (.*)")


def cell(text):
    return text.replace("|", "\\|").strip()


def split_type(text):
    """A type and the words behind it: types may have spaces within brackets."""
    depth = 0
    for i, c in enumerate(text):
        if c in "({[<":
            depth += 1
        elif c in ")}]>":
            depth -= 1
        elif c == " " and depth <= 0 and not re.match(r"\s*(\||:|fun\b)", text[i:]) and text[i - 1] not in "|:,":
            return text[:i], text[i:].strip()
    return text, ""


class Item:
    """A comment block and the line of Lua below it."""

    def __init__(self):
        self.text, self.tags = [], []

    def all(self, tag):
        return [value for name, value in self.tags if name == tag]


def items(source):
    """(item, line below) of each comment block that begins with ---."""
    item = Item()
    for line in source.splitlines() + [""]:
        if line.startswith("---@"):
            tag, _, value = line[4:].partition(" ")
            item.tags.append((tag, value))
        elif line.startswith("---"):
            text = line[3:].strip()
            if item.tags and item.tags[-1][0] in ("param", "return", "field") and text:
                item.tags[-1] = (item.tags[-1][0], item.tags[-1][1] + " " + text)
            else:
                item.text.append(text)
        else:
            if item.text or item.tags:
                yield item, line
            item = Item()
            if FUNCTION.match(line):
                yield item, line


def table(rows, heads):
    out = ["| %s |" % " | ".join(heads), "| %s |" % " | ".join("---" for _ in heads)]
    return out + ["| %s |" % " | ".join(cell(c) for c in row) for row in rows] + [""]


def code(text):
    return "`%s`" % text if text else ""


def fields(item):
    rows = []
    for value in item.all("field"):
        name, _, rest = value.partition(" ")
        if name.startswith("["):  # an index: [string] any
            name, _, rest = re.match(r"(\[.*?\])()\s*(.*)", value).groups()
        kind, words = split_type(rest)
        rows.append((code(name), code(kind), words))
    return table(rows, ("field", "type", "")) if rows else []


def function(item, name, parameters):
    out = ["### %s(%s)" % (name, parameters), ""] if name else []
    out += item.text + ([""] if item.text else [])
    rows = []
    for value in item.all("param"):
        parameter, _, rest = value.partition(" ")
        kind, words = split_type(rest)
        rows.append((code(parameter), code(kind), words))
    out += table(rows, ("parameter", "type", "")) if rows else []
    for value in item.all("return"):
        kind, words = split_type(value)
        words = words.lstrip("# ").strip()
        out.append("Gives %s%s" % (code(kind), " " + words if words else ""))
        out.append("")
    return out


def module_page(path):
    """The name of the module, what it says of itself first, and the page."""
    source = path.read_text()
    name = re.search(r"^---@meta (\S+)", source, re.M).group(1)
    out, first = ["# %s" % name, ""], ""
    names = {}  # local name -> how it is written
    for item, line in items(source):
        classes = item.all("class")
        m = FUNCTION.match(line)
        if any(tag == "meta" for tag, _ in item.tags) and not classes and not m:
            continue
        if classes:
            title = classes[0].split(":")[0].strip()
            local = VALUE.match(line)
            if local:
                names[local.group(1)] = title.split(".")[-1]
            if title == name or not first and title.startswith(name):
                first = first or " ".join(item.text)
            else:
                out += ["## %s" % title.replace("perilune.", ""), ""]
                parent = classes[0].partition(":")[2].strip()
                out += ["As %s, and:" % code(parent), ""] if parent else []
            out += item.text + ([""] if item.text else [])
            for overload in item.all("overload"):
                out += ["Called: %s" % code(overload), ""]
            out += fields(item)
        elif m:
            full = m.group(1)
            head = re.match(r"(\w+)(.*)", full)
            full = names.get(head.group(1), head.group(1)) + head.group(2)
            out += function(item, full, m.group(2))
        elif item.all("alias"):
            alias, _, kind = item.all("alias")[0].partition(" ")
            out += ["## %s" % alias.replace("perilune.", ""), "", code(kind)] + item.text + [""]
        elif item.text and VALUE.match(line):
            out += ["### %s" % VALUE.match(line).group(1), ""] + item.text + [""]
            for kind in item.all("type"):
                out += [code(kind), ""]
    return name, first, out


def header_page():
    """perilune.h: its comments as text, its declarations as code."""
    out = ["# perilune.h", ""]
    source = HEADER.read_text()
    source = source[source.index("/* C modules"):]
    code_lines = []

    def flush():
        while code_lines and not code_lines[0].strip():
            code_lines.pop(0)
        while code_lines and not code_lines[-1].strip():
            code_lines.pop()
        if code_lines:
            out.extend(["```c"] + code_lines + ["```", ""])
        code_lines.clear()

    for part in re.split(r"(?m)^(/\*.*?\*/)\n", source, flags=re.S):
        if part.startswith("/*"):
            flush()
            lines = [re.sub(r"^ \* ?", "", line) for line in part[2:-2].splitlines()]
            text = "\n".join(lines).strip()
            if text.startswith("----"):
                out.extend(["## " + text.strip("- ")[:1].upper() + text.strip("- ")[1:], ""])
            elif not text.startswith("SPDX"):
                out.extend(re.sub(r"(?m)^(    )", r"\1", text).splitlines() + [""])
        else:
            code_lines.extend(line for line in part.splitlines() if not re.match(r"#(ifndef|define PERILUNE_H|include|ifdef|endif)|extern \"C\"|}$", line))
            flush()
    return out


def pages():
    """{path: text} of everything there is to be."""
    made, index = {}, []
    for path in sorted(META.rglob("*.lua"), key=lambda p: (len(p.parts), p.name != "http.lua", p)):
        name, first, lines = module_page(path)
        page = OUT / (name + ".md")
        if page in made:  # a module in several files
            made[page] += ["## " + path.stem, "", first, ""] + lines[2:]
        else:
            made[page] = lines
            index.append((name, first))
    made[OUT / "perilune.h.md"] = header_page()
    lines = ["# Reference", "", "Written from `bindings/meta` and `engine/include/perilune.h` by `tests/lint/reference.py --write`. The [guide](../guide/) explains; this lists.", ""]
    for name, first in sorted(index):
        sentence = re.match(r"(.*?[.:])(\s|$)", first + " ")
        lines.append("- [%s](%s.md) %s" % (name, name, sentence.group(1).rstrip(":") if sentence else first))
    lines.append("- [perilune.h](perilune.h.md) The interface of modules written in C.")
    made[OUT / "README.md"] = lines
    return {path: re.sub(r"\n{3,}", "\n\n", "\n".join(lines).rstrip() + "\n") for path, lines in made.items()}


def main():
    made, bad = pages(), 0
    if "--write" in sys.argv[1:]:
        OUT.mkdir(exist_ok=True)
        for path in OUT.glob("*.md"):
            if path not in made:
                path.unlink()
        for path, text in made.items():
            path.write_text(text)
        print("reference: %d pages written" % len(made))
        return
    for path, text in made.items():
        if not path.exists() or path.read_text() != text:
            print("%s is out of date: tests/lint/reference.py --write" % path.relative_to(ROOT))
            bad += 1
    for path in OUT.glob("*.md"):
        if path not in made:
            print("%s belongs to no module: tests/lint/reference.py --write" % path.relative_to(ROOT))
            bad += 1
    if bad:
        sys.exit(1)
    print("reference: %d pages agree with the types" % len(made))


main()
