#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the documents tell a person to type or open exists.

    docs.py ROOT [BUILD]

In README.md, SECURITY.md and docs/*.md: targets of relative links; `make TARGET` with a target of the
Makefile; files named in code; options of commands as in completions/COMMAND.opts; with BUILD also
the tests that `meson test -C build/check/gcc NAME...` names, and the virtual machines that
`tests/vm/run.py --only PATTERN` would choose. Each promise of SECURITY.md, a point of its list, names
what shows it: a test, a script below tests/ or a target of make.
"""
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE = re.compile(r"```.*?```|`[^`\n]+`|(?:^ {4}[^\n]+\n)+", re.S | re.M)
MAKE = re.compile(r"\bmake((?: +[A-Z_]+=\S*)*)(?: +([a-z][a-z-]*))?")
FOLDERS = "include|src|tests|tools|fuzz|bench|man|completions|docs|LICENSES|\\.ci"
PATH = re.compile(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./*-]*[\w*/])")
MESON_TEST = re.compile(r"meson test -C \S+((?: [\w-]+)+)")
MACHINES = re.compile(r"tests/vm/run\.py --only ['\"]?([^\s`'\"]+)")
PROMISES = re.compile(r"^## What is promised\n(.*?)^## ", re.S | re.M)
PLACEHOLDER = re.compile(r"\b(?:NAME|SHORT)\b|…")


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


def tests_of(build):
    return {t["name"] for t in json.loads((build / "meson-info/intro-tests.json").read_text())}


def machines_of(root):
    command = [sys.executable, root / "tests/vm/run.py", "--list", "--long"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def code_problems(root, code, there):
    for m in MAKE.finditer(code):
        if m[2] and m[2] not in there["targets"]:
            yield f"make {m[2]}: no such target"
    for m in MESON_TEST.finditer(code):
        for name in m[1].split():
            if "tests" in there and name not in there["tests"] and not PLACEHOLDER.search(name):
                yield f"meson test {name}: no such test"
    for m in MACHINES.finditer(code):
        if "machines" in there and m[1] != "PATTERN" and not fnmatch.filter(there["machines"], f"*{m[1]}*"):
            yield f"tests/vm/run.py --only {m[1]}: chooses nothing"
    for m in PATH.finditer(code):
        if not PLACEHOLDER.search(m[1]) and not any(root.glob(m[1].rstrip("/"))):
            yield f"{m[1]}: no such file"
    for line in code.strip("`").splitlines():
        words = line.lstrip("#$ ").split("#")[0].split()
        name = pathlib.Path(words[0]).name if words else ""
        for word in words[1:] if name in there["options"] else ():
            option = word.partition("=")[0]
            if option.startswith("--") and len(option) > 2 and option not in there["options"][name]:
                yield f"{name} has no option {option}"


def problems(root, path, there):
    text = path.read_text()
    for m in LINK.finditer(text):
        if "://" not in m[1] and not (path.parent / m[1]).exists():
            yield f"link to {m[1]}, which is not there"
    for m in CODE.finditer(text):
        yield from code_problems(root, m[0], there)


def unshown(text):
    """Promises without a command that shows them."""
    section = PROMISES.search(text)
    points = re.split(r"^\* ", section[1], flags=re.M)[1:] if section else []
    if not points:
        yield "there is no list of promises"
    for point in points:
        shown = point.partition("Shown by")[2]
        codes = [m[0].strip("`") for m in CODE.finditer(shown)]
        if not any(MESON_TEST.match(code) or code.startswith(("make ", "tests/")) for code in codes):
            yield f"nothing shows the promise \"{point.partition('.')[0].splitlines()[0]}\""


def main():
    root = pathlib.Path(sys.argv[1])
    there = {"targets": make_targets(root), "options": options(root)}
    if len(sys.argv) > 2:
        there["tests"] = tests_of(pathlib.Path(sys.argv[2]))
        there["machines"] = machines_of(root)
    security = root / "SECURITY.md"
    documents = [root / "README.md", security, *sorted((root / "docs").glob("*.md"))]
    bad = 0
    for path in documents:
        for why in [*problems(root, path, there), *(unshown(path.read_text()) if path == security else ())]:
            print(f"{path.relative_to(root)}: {why}")
            bad += 1
    print(f"{len(documents)} documents looked at")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
