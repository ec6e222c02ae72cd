#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fail when a source file breaks a rule of measure.

    tools/check-style.py [ROOT]

A licence line first in each file, and the right one for its folder; at most 600 lines a file and
100 a function; half of all functions at most 15 lines; nothing marked as still to do.
"""
import ast
import pathlib
import re
import statistics
import sys

import tree

FILE_LINES_MAX = 600
PUBLIC_HEADER = "include/libkexec.h"  # as long as its documentation needs
FUNCTION_LINES_MAX = 100
FUNCTION_LINES_MEDIAN = 15

COMMANDS_LICENCE = "GPL-2.0-or-later"
LIBRARY_LICENCE = "LGPL-2.1-or-later"
GPL_FOLDERS = ("src/cli/", "src/purgatory/")
# Not the directive of the TAP protocol for a known failure, which a program prints.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME)\b(?! \{)")


def licence_problem(name, lines):
    wanted = COMMANDS_LICENCE if name.startswith(GPL_FOLDERS) else LIBRARY_LICENCE
    compiled = pathlib.Path(name).suffix in (".c", ".h", ".S")
    # The interpreter of a script and the title of a man page have to come first.
    second = name.endswith(".scd") or (lines and lines[0].startswith("#!"))
    top = lines[1:2] if second else lines[0:1]
    found = re.search(r"SPDX-License-Identifier: ([\w.-]+)", top[0]) if top else None
    if not found:
        return "has no SPDX-License-Identifier on its first line"
    if found[1] not in (COMMANDS_LICENCE, LIBRARY_LICENCE) or (compiled and found[1] != wanted):
        return f"is {found[1]}, but this folder is {wanted}"
    return None


def c_functions(lines):
    """(name, first line, lines of the body) of each function; tables are not functions."""
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            head = " ".join(lines[max(0, start - 6):start - 1])
            names = re.findall(r"(\w+)\s*\(", head.rpartition("}")[2])
            yield (names[0] if names else "?"), start, n - start - 1
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno


def functions(name, text):
    if tree.is_c(name):
        return list(c_functions(text.splitlines()))
    if name.endswith(".py"):
        return list(python_functions(text))
    return []


def file_problems(name, text, lengths):
    lines = text.splitlines()
    if why := licence_problem(name, lines):
        yield 1, why
    if len(lines) > FILE_LINES_MAX and str(name) != PUBLIC_HEADER:
        yield len(lines), f"has {len(lines)} lines, more than {FILE_LINES_MAX}"
    for function, line, length in functions(name, text):
        if name.startswith("src/") and tree.is_c(name):
            lengths.append(length)
        if length > FUNCTION_LINES_MAX:
            yield line, f"{function}() has {length} lines, more than {FUNCTION_LINES_MAX}"
    for n, line in enumerate(lines, 1):
        if "not ok" in line:  # a directive of the Test Anything Protocol, not a note to ourselves
            continue
        if m := UNFINISHED.search(line):
            yield n, f"is marked {m[1]}"


def merge_problems(path):
    """What a merge that nobody finished leaves, whatever kind of file it is."""
    if path.is_file():
        for n, line in enumerate(path.read_bytes().splitlines(), 1):
            if line.startswith((b"<<<<<<< ", b">>>>>>> ")):
                yield n, "is left of a merge"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tree.ROOT)
    bad, lengths = 0, []
    code = [name for name in tree.files(root) if tree.is_code(name, root)]
    for name in code:
        for line, why in file_problems(name, (root / name).read_text(), lengths):
            print(f"{name}:{line}: {why}")
            bad += 1
    for name in tree.files(root):
        for line, why in merge_problems(root / name):
            print(f"{name}:{line}: {why}")
            bad += 1
    if lengths and statistics.median(lengths) > FUNCTION_LINES_MEDIAN:
        print(f"src/: the median function has {statistics.median(lengths)} lines, "
              f"more than {FUNCTION_LINES_MEDIAN}")
        bad += 1
    if not code:
        print(f"{root}: no sources found")
    return 1 if bad or not code else 0


if __name__ == "__main__":
    sys.exit(main())
