#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents tell a person to type or open exists.

    docs.py ROOT

In README.md and docs/*.md: targets of relative links; `make TARGET` with a target of the
Makefile; files named in code; options of commands as in completions/COMMAND.opts.
"""
import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`|(?:^ {4}[^\n]+\n)+", re.S | re.M)
MAKE = re.compile(r"\bmake((?: +[A-Z_]+=\S*)*)(?: +([a-z][a-z-]*))?")
FOLDERS = "include|src|tests|tools|fuzz|bench|man|completions|docs|LICENSES|\\.ci"
PATH = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./*-]*[\w*/])")
PLACEHOLDER = re.compile(r"\bNAME\b|…")


def make_targets(root):
    targets = set()
    for line in (root / "Makefile").read_text().splitlines():
        if m := re.match(r"([a-z][\w -]*):(?!=)", line):
            targets |= set(m[1].split())
    return targets


def options(root):
    """command -> its options"""
    known = {}
    for table in (root / "completions").glob("*.opts"):
        names = [line.partition("|")[0] for line in table.read_text().splitlines()
                 if line.startswith("-")]
        known[table.stem] = {n.partition("=")[0] for line in names for n in line.split()}
    return known


def code_problems(root, code, targets, known):
    for m in MAKE.finditer(code):
        if m[2] and m[2] not in targets:
            yield f"make {m[2]}: no such target"
    for m in PATH.finditer(code):
        if not PLACEHOLDER.search(m[1]) and not any(root.glob(m[1].rstrip("/"))):
            yield f"{m[1]}: no such file"
    for line in code.strip("`").splitlines():
        words = line.lstrip("#$ ").split("#")[0].split()
        name = pathlib.Path(words[0]).name if words else ""
        for word in words[1:] if name in known else ():
            option = word.partition("=")[0]
            if option.startswith("--") and len(option) > 2 and option not in known[name]:
                yield f"{name} has no option {option}"


def problems(root, path, targets, known):
    text = path.read_text()
    for m in LINK.finditer(text):
        if "://" not in m[1] and not (path.parent / m[1]).exists():
            yield f"link to {m[1]}, which is not there"
    for m in CODE.finditer(text):
        yield from code_problems(root, m[0], targets, known)


def main():
    root = pathlib.Path(sys.argv[1])
    targets, known = make_targets(root), options(root)
    documents = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    bad = 0
    for path in documents:
        for why in problems(root, path, targets, known):
            print(f"{path.relative_to(root)}: {why}")
            bad += 1
    print(f"{len(documents)} documents looked at")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
