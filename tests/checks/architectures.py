#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/adding-an-architecture.md names is what an architecture touches.

    architectures.py ROOT

Each path of its tables exists, with NAME and SHORT replaced by the names of each architecture that
src/base/arch.c calls supported, x86_64 apart; where the row says "where needed" any of them is enough. A function or table
that a row names is in its file. No file whose code names aarch64 is missing from the page.
"""
import pathlib
import re
import sys

PAGE = "docs/adding-an-architecture.md"
SHORT = {"aarch64": "arm64"}    # as the kernel and Debian call it; the others have one name
FIRST = "x86_64"
CODE = re.compile(r"`([^`]+)`")
WORD = re.compile(r"`(\w+)(?:\(\))?`")
SEARCHED = ("src", "tests", "tools", "fuzz", "include")
NAMES = re.compile(r"aarch64|arm64|ARM\\x64", re.I)
C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
HASH_COMMENT = re.compile(r"^\s*#[^\n]*", re.M)
# Made from what is named, not written: captured machines, logs, golden files, seeds.
DATA = re.compile(r"tests/golden/(?!plans\.py)|tests/unit/(?:logs|trees)/|fuzz/corpus/|tests/checks/architectures\.py")


def supported(root):
    """Names of the table in src/base/arch.c."""
    text = (root / "src/base/arch.c").read_text()
    return re.findall(r'= \{ "(\w+)", true,', text)


def rows(text):
    """(paths, rest of the row) of each row of a table."""
    for line in text.splitlines():
        cells = [c.strip() for c in line.strip("|").split("|")]
        if line.startswith("| `"):
            yield CODE.findall(cells[0]), cells[1], cells[2] if len(cells) > 2 else ""


def for_architecture(path, name):
    return path.replace("NAME", name).replace("SHORT", SHORT.get(name, name))


def missing(root, path, names, is_optional):
    """Why @path is not there for an architecture that has to have it, or None."""
    if "NAME" not in path and "SHORT" not in path:
        return None if (root / path).exists() else "no such file"
    without = [n for n in names if not (root / for_architecture(path, n)).exists()]
    if not without or (is_optional and (len(without) < len(names) or (root / for_architecture(path, FIRST)).exists())):
        return None
    return f"none for {', '.join(without)}"


def row_problems(root, paths, what, shown, names):
    is_optional = "where needed" in what
    for path in paths:
        if why := missing(root, path, names, is_optional):
            yield f"{path}: {why}"
    for path in CODE.findall(what) + CODE.findall(shown):
        if "/" in path and (why := missing(root, path, names, is_optional)):
            yield f"{path}: {why}"
    if len(paths) == 1 and (root / paths[0]).is_file():
        text = (root / paths[0]).read_text()
        for word in WORD.findall(what):
            if not re.search(rf"\b{word}\b", text):
                yield f"{paths[0]}: has no {word}"


def speaks_of_one(path):
    """Whether the code, comments apart, names the architecture that the page takes as its example."""
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return False
    comment = C_COMMENT if path.suffix in (".c", ".h", ".S", ".lds") else HASH_COMMENT
    return bool(NAMES.search(comment.sub("", text)))


def named_paths(text, names):
    for path in CODE.findall(text):
        for name in names:
            yield for_architecture(path, name)


def unnamed(root, text, names):
    """Files that the page forgets."""
    named = set(named_paths(text, names))
    for top in SEARCHED:
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root).as_posix()
            if DATA.match(relative) or not path.is_file() or "__pycache__" in relative:
                continue
            # Inside a folder of an architecture everything is its own.
            if relative in named or set(names) & set(path.relative_to(root).parts[:-1]):
                continue
            if speaks_of_one(path):
                yield f"{relative}: names an architecture, and the page does not name the file"


def problems(root):
    text = (root / PAGE).read_text()
    names = [n for n in supported(root) if n != FIRST]
    found = list(rows(text))
    if not names or not found:
        yield "there is no table, or no architecture to compare it with"
    for paths, what, shown in found:
        yield from row_problems(root, paths, what, shown, names)
    yield from unnamed(root, text, names)


def main():
    bad = list(problems(pathlib.Path(sys.argv[1])))
    for why in bad:
        print(f"{PAGE}: {why}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
